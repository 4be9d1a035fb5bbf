use std::io::{Stdout, Write};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use super::arguments::{DemoArguments, Format};
use super::layout::Layout;
use super::progress::Progress;
use super::report::{Report, Row, width};
use crate::{Revision, SimError, Status, World};

/// The action that the demonstration runs where the charm has it.
const ACTION: &str = "peers";

/// Runs the demonstration. The exit code is 0 only if every unit ends `active`.
pub(super) fn run(arguments: &DemoArguments) -> Result<ExitCode, SimError> {
    let progress = Progress::new();
    let layout = match &arguments.charm {
        Some(path) => Layout::of_charm(path)?,
        None => {
            // Cargo's own progress follows, also on a terminal.
            Progress::in_lines().say("building the charm");
            Layout::of_workspace()?
        }
    };
    let tools = std::env::current_exe().map_err(SimError::file("find", "this program"))?;
    let started = Instant::now();
    let mut world =
        World::of_one(Revision::executable_with(layout.charm.clone(), &layout.files.dir, &tools)?, arguments.seed)?;
    world.watch(move |title| progress.running(title));

    if arguments.format == Format::Text {
        report().preface();
    }
    let app = layout.charm.name().to_owned();
    let mut demo = Demo { app: app.clone(), world, progress, format: arguments.format, shown: 0, action: None };
    demo.act(&format!("deploy {} with {}", layout.charm.name(), units(arguments.units)), |world| {
        for _ in 0..arguments.units {
            world.add_unit(&app)?;
        }
        Ok(())
    })?;
    demo.act("add a unit", |world| world.add_unit(&app).map(drop))?;
    if let Some(leaving) = demo.leaving() {
        demo.act(&format!("remove {leaving}"), |world| world.remove_unit(&leaving))?;
    }
    if layout.charm.action_names().any(|name| name == ACTION) {
        demo.run_action()?;
    }
    demo.end(started)
}

fn report() -> Report<anstream::AutoStream<Stdout>> {
    Report { out: anstream::stdout(), width: width() }
}

fn units(count: u16) -> String {
    if count == 1 { "one unit".to_owned() } else { format!("{count} units") }
}

struct Demo {
    app: String,
    world: World,
    progress: Progress,
    format: Format,
    shown: usize,
    action: Option<Value>,
}

impl Demo {
    /// Changes the model, runs all hooks that follow, and tells of them.
    fn act(&mut self, title: &str, verb: impl FnOnce(&mut World) -> Result<(), SimError>) -> Result<(), SimError> {
        self.progress.say(title);
        verb(&mut self.world)?;
        let settled = self.settle();
        self.tell(title);
        settled
    }

    /// A unit in error is part of the account; the end of it says so.
    fn settle(&mut self) -> Result<(), SimError> {
        match self.world.settle() {
            Err(SimError::InError { .. }) => Ok(()),
            settled => settled,
        }
    }

    fn run_action(&mut self) -> Result<(), SimError> {
        let Some(unit) = self.world.units().into_iter().next() else { return Ok(()) };
        let title = format!("run action {ACTION} on {unit}");
        self.progress.say(&title);
        let result = self.world.run_action(&unit, ACTION, json!({}))?;
        self.settle()?;
        self.tell(&title);
        if self.format == Format::Text {
            report().action(&result);
        }
        self.action = serde_json::to_value(&result).ok();
        Ok(())
    }

    /// A unit that does not lead, and not the newest if there is another.
    fn leaving(&self) -> Option<String> {
        let leader = self.world.leader(&self.app);
        self.world.units().into_iter().find(|unit| Some(unit) != leader.as_ref())
    }

    fn tell(&mut self, title: &str) {
        self.progress.clear();
        if self.format == Format::Text {
            report().section(title, &self.world.runs()[self.shown..]);
        }
        self.shown = self.world.runs().len();
    }

    fn end(self, started: Instant) -> Result<ExitCode, SimError> {
        let world = &self.world;
        let leader = world.leader(&self.app);
        let rows: Vec<Row> = world
            .units()
            .into_iter()
            .map(|unit| {
                let Status { current: workload, message, .. } = world.status(&unit);
                let agent = world.agent_status(&unit).to_owned();
                Row { leader: Some(&unit) == leader.as_ref(), agent, workload, message, unit }
            })
            .collect();
        let commands: usize = world.runs().iter().map(|run| run.commands().count()).sum();
        let (hooks, seconds) = (world.runs().len(), started.elapsed().as_secs_f64());
        match self.format {
            Format::Text => report().status(&rows, hooks, commands, seconds),
            Format::Json => {
                let document = json!({
                    "seed": world.model().seed(),
                    "runs": world.runs(),
                    "action": self.action,
                    "units": rows,
                    "totals": {"hooks": hooks, "commands": commands, "seconds": seconds},
                });
                // A reader that is gone has seen enough.
                let _ = writeln!(anstream::stdout(), "{document:#}");
            }
        }
        let Some(row) = rows.iter().find(|row| row.workload != "active") else { return Ok(ExitCode::SUCCESS) };
        let _ =
            writeln!(anstream::stderr(), "juju-sim: {} is not active but {}: {}", row.unit, row.workload, row.message);
        Ok(ExitCode::FAILURE)
    }
}
