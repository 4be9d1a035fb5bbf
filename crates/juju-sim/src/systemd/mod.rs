//! The part of systemd that is in the model: transient timers that run `juju-exec`, with the two commands that charms
//! make them and look after them by.
//!
//! The model keeps the timers; here is what the commands are called with, and what they say.

mod juju_exec;
mod span;
mod systemctl;
mod systemd_run;

pub(crate) use self::juju_exec::JujuExec;
pub(crate) use self::systemd_run::Start;
use crate::command::ToolOutput;

/// The names of the commands, sorted.
pub(crate) const NAMES: &[&str] = &["systemctl", "systemd-run"];

/// What a command asks of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// A timer that runs `juju-exec`.
    Start(Start),
    /// Whether any of these timers is active. Names have no suffix.
    IsActive { quiet: bool, timers: Vec<String> },
    /// The end of these timers.
    Stop { timers: Vec<String> },
    /// It is about `juju-exec`, and the command fails; what it says.
    Fails(String),
}

/// What the commands may ask of the systemd of a machine. Names have no suffix.
pub(crate) trait Manager {
    /// Starts a timer; its name. Where that is taken, the systemd unit that has it.
    fn start(&mut self, start: Start) -> Result<String, String>;
    fn is_active(&self, timer: &str) -> bool;
    /// Stops a timer; not the service that it has started. Whether it was there.
    fn stop(&mut self, timer: &str) -> bool;
    /// Whether there is, or was, a timer of this name.
    fn knows(&self, timer: &str) -> bool;
}

/// Whether one of the commands has this name.
pub(crate) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// What a command line asks of the model; none where it is about something else.
pub(crate) fn read(argv: &[String]) -> Option<Request> {
    let (name, args) = argv.split_first()?;
    match name.as_str() {
        "systemd-run" => systemd_run::read(args),
        "systemctl" => systemctl::read(args),
        _ => None,
    }
}

/// Does what is asked for, at once: a hook that fails takes nothing of it back.
pub(crate) fn run(manager: &mut dyn Manager, request: Request) -> ToolOutput {
    match request {
        Request::Fails(text) => said(1, &text),
        Request::Start(start) => {
            let quiet = start.quiet;
            match manager.start(start) {
                Ok(_) if quiet => ToolOutput::default(),
                Ok(name) => {
                    said(0, &format!("Running timer as unit: {name}.timer\nWill run service as unit: {name}.service"))
                }
                Err(taken) => {
                    let why = "was already loaded or has a fragment file.";
                    said(1, &format!("Failed to start transient timer unit: Unit {taken} {why}"))
                }
            }
        }
        Request::IsActive { quiet, timers } => {
            let active: Vec<bool> = timers.iter().map(|timer| manager.is_active(timer)).collect();
            let line = |active: &bool| if *active { "active\n" } else { "inactive\n" };
            let stdout = if quiet { String::new() } else { active.iter().map(line).collect() };
            let code = if active.contains(&true) { 0 } else { 3 };
            ToolOutput { code, stdout: stdout.into(), ..ToolOutput::default() }
        }
        Request::Stop { timers } => {
            let unknown: Vec<String> = timers.into_iter().filter(|timer| !manager.stop(timer)).collect();
            let line = |name: &String| format!("Failed to stop {name}.timer: Unit {name}.timer not loaded.");
            match unknown.iter().map(line).collect::<Vec<_>>() {
                lines if lines.is_empty() => ToolOutput::default(),
                lines => said(5, &lines.join("\n")),
            }
        }
    }
}

fn said(code: i32, text: &str) -> ToolOutput {
    ToolOutput { code, stderr: format!("{text}\n").into(), ..ToolOutput::default() }
}

impl Request {
    /// Whether it is about what the model has or had on a machine, or is to have; if not, it is about a real timer of a
    /// charm's own.
    pub(crate) fn is_of(&self, manager: &dyn Manager) -> bool {
        match self {
            Request::Start(_) | Request::Fails(_) => true,
            Request::IsActive { timers, .. } | Request::Stop { timers } => timers.iter().any(|it| manager.knows(it)),
        }
    }
}
