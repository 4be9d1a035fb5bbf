use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::fault::Fault;
use crate::command::{self, Reboot, Reply, ToolOutput};
use crate::model::context::Context;
use crate::model::{Machine, Model, Running};
use crate::run::{CommandRun, Fate, ProgramEnd, Trace};
use crate::systemd;

/// Juju: a longer line becomes several log messages.
pub(crate) const MAX_LINE: usize = 4096;
/// Juju keeps all that a hook prints; here the rest of a hook that prints without end is dropped.
const MAX_LINES: usize = 100_000;
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// How many hook commands a hook may call, and how many bytes of them are kept: a charm that calls without end, as it
/// can in a moment over the socket, would take all memory.
const MAX_CALLS: usize = 100_000;
const MAX_KEPT: usize = 512 * 1024 * 1024;

/// What the world, and the hook that runs, both hold.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) model: Model,
    pub(crate) run: Option<Run>,
}

/// The hook or action that runs.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) number: u64,
    pub(crate) running: Running,
    pub(crate) faults: Vec<Fault>,
    /// Which of the faults that are about single calls have happened.
    struck: BTreeSet<usize>,
    /// Whether there is a machine around it, with commands that are not the simulator's.
    pub(crate) has_machine: bool,
    pub(crate) killed: bool,
    /// Why the process was killed for running too long, or for calling too much.
    pub(crate) overdue: Option<String>,
    pub(crate) trace: Vec<Trace>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    limit: Duration,
    lines: usize,
    bytes: usize,
    /// Whether it has printed more than is kept.
    full: bool,
    calls: usize,
    /// How many bytes of the calls are kept.
    kept: usize,
}

/// A standard stream of the charm's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// What came of a request for a hook command.
#[derive(Debug)]
pub(crate) enum Served {
    Reply(Reply),
    /// The command is not on `PATH`.
    Absent,
    /// It is about nothing that the model has: the machine's own command is to run.
    Elsewhere,
    /// The process is to die now, or is dead already.
    Killed,
    /// The hook has ended.
    Ended,
}

impl Shared {
    /// Runs one hook command, unless a fault says otherwise. A request that ends in [`Reply::NeedsStdin`] is not
    /// counted: it comes again.
    pub(crate) fn serve(&mut self, number: u64, argv: &[String], cwd: &Path, stdin: Option<&[u8]>) -> Served {
        self.move_leadership();
        let Some(run) = self.run.as_mut().filter(|run| run.number == number) else { return Served::Ended };
        if run.killed || run.faults.contains(&Fault::KillAt(run.calls)) {
            run.killed = true;
            return Served::Killed;
        }
        if run.calls >= MAX_CALLS || run.kept >= MAX_KEPT {
            return self.kill(number, "killed: it called hook commands without end");
        }
        let name = argv.first().map_or("", String::as_str);
        let is_systemd = systemd::is_known(name);
        if !(command::is_known(name) || is_systemd) || run.is_absent(name) {
            run.record(argv, None, ToolOutput { code: 127, ..ToolOutput::default() });
            return Served::Absent;
        }
        if run.hangs(name) {
            run.record(argv, None, ToolOutput { code: 137, ..ToolOutput::default() });
            let why = too_long(run.limit);
            return self.kill(number, &why);
        }
        if let Some(output) = run.answer(name) {
            run.record(argv, stdin, output.clone());
            return Served::Reply(Reply::Done(output));
        }
        if is_systemd {
            let mut machine = Machine { model: &mut self.model, number: run.running.machine };
            return match systemd::read(argv).filter(|request| !run.has_machine || request.is_of(&machine)) {
                Some(request) => {
                    let output = systemd::run(&mut machine, request);
                    run.record(argv, None, output.clone());
                    Served::Reply(Reply::Done(output))
                }
                None if run.has_machine => Served::Elsewhere,
                None => {
                    run.record(argv, None, ToolOutput { code: 127, ..ToolOutput::default() });
                    Served::Absent
                }
            };
        }
        let mut context = Context { model: &mut self.model, running: &mut run.running };
        let mut reply = command::run(&mut context, argv, cwd, stdin);
        if let Err(text) = write_fetched(&mut run.running) {
            reply = Reply::Done(failure(1, &text));
        }
        let output = match &reply {
            Reply::NeedsStdin => return Served::Reply(reply),
            Reply::Done(output) => output.clone(),
            Reply::Refused(text) => failure(1, text),
        };
        run.record(argv, stdin, output);
        for (level, text) in std::mem::take(&mut run.running.lines) {
            let module = format!("unit.{}.juju-log", run.running.unit);
            self.model.push_log(&run.running.unit, module, &level, &text);
            run.trace.push(Trace::Log { level, text });
        }
        if run.running.reboot == Some(Reboot::Now) {
            run.killed = true;
            return Served::Killed;
        }
        Served::Reply(reply)
    }

    /// The unit whose process still runs.
    pub(crate) fn living_unit(&self, number: u64) -> Option<&str> {
        let run = self.run.as_ref().filter(|run| run.number == number && !run.killed)?;
        Some(&run.running.unit)
    }

    /// Takes leadership away where a fault says so; at the latest when the process has ended.
    pub(crate) fn move_leadership(&mut self) {
        if let Some(run) = &self.run
            && run.faults.contains(&Fault::LoseLeadershipAt(run.calls))
        {
            self.model.depose(&run.running.unit);
        }
    }

    /// Logs what the process has printed, and a newline. Juju: a long line becomes several messages.
    pub(crate) fn print(&mut self, number: u64, stream: Stream, text: &str) {
        for line in text.split('\n') {
            let mut rest = line;
            while rest.len() > MAX_LINE {
                let (part, more) = rest.split_at(boundary(rest, MAX_LINE));
                self.output(number, stream, part.as_bytes());
                rest = more;
            }
            self.output(number, stream, format!("{rest}\n").as_bytes());
        }
    }

    /// Says that the process is killed for running too long.
    pub(crate) fn end_overdue(&mut self, number: u64, limit: Duration) {
        self.end(number, &too_long(limit));
    }

    fn end(&mut self, number: u64, why: &str) {
        self.print(number, Stream::Err, &format!("juju-sim: {why}"));
        if let Some(run) = &mut self.run {
            run.overdue = Some(why.to_owned());
        }
    }

    /// Kills the process, and says why. Nothing that it does from now on counts.
    fn kill(&mut self, number: u64, why: &str) -> Served {
        self.end(number, why);
        if let Some(run) = &mut self.run {
            run.killed = true;
        }
        Served::Killed
    }

    /// Logs one line, or part of a long one, as the process has written it.
    pub(crate) fn output(&mut self, number: u64, stream: Stream, bytes: &[u8]) {
        let Some(run) = self.run.as_mut().filter(|run| run.number == number && !run.killed) else { return };
        let (level, kept) = match stream {
            Stream::Out => ("DEBUG", &mut run.stdout),
            Stream::Err => ("WARNING", &mut run.stderr),
        };
        run.lines += 1;
        let note = format!("juju-sim: further output of {} is dropped", run.running.work.title());
        run.bytes = run.bytes.saturating_add(bytes.len());
        let bytes = match (run.lines < MAX_LINES && run.bytes <= MAX_BYTES, run.full) {
            (true, false) => bytes,
            (false, false) => note.as_bytes(),
            (_, true) => return,
        };
        run.full = run.lines >= MAX_LINES || run.bytes > MAX_BYTES;
        kept.extend_from_slice(bytes);
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let module = format!("unit.{}.{}", run.running.unit, run.running.work.logger());
        self.model.push_log(&run.running.unit, module, level, text);
        run.trace.push(Trace::Log { level: level.to_owned(), text: text.to_owned() });
    }
}

impl Run {
    pub(crate) fn new(number: u64, running: Running, faults: Vec<Fault>, limit: Duration) -> Run {
        let (trace, stdout, stderr) = (Vec::new(), Vec::new(), Vec::new());
        let (has_machine, killed, overdue) = (false, false, None);
        let (lines, bytes, full, calls, kept) = (0, 0, false, 0, 0);
        Run {
            number,
            running,
            faults,
            struck: BTreeSet::new(),
            has_machine,
            killed,
            overdue,
            trace,
            stdout,
            stderr,
            limit,
            lines,
            bytes,
            full,
            calls,
            kept,
        }
    }

    /// Whether a kill was due at the very end, after the last hook command.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed || self.faults.contains(&Fault::KillAt(self.calls))
    }

    pub(crate) fn is_absent(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| matches!(fault, Fault::Absent(absent) if absent == name))
    }

    fn answer(&mut self, name: &str) -> Option<ToolOutput> {
        let (index, output) = self.faults.iter().enumerate().find_map(|(index, fault)| match fault {
            Fault::Answer { to, output } if to.is(name, self.called()) => Some((index, output.clone())),
            _ => None,
        })?;
        self.struck.insert(index);
        Some(output)
    }

    /// The hook commands that were called.
    fn called(&self) -> impl Iterator<Item = &str> {
        self.trace.iter().filter_map(|trace| match trace {
            Trace::Command(run) => run.argv.first().map(String::as_str),
            Trace::Log { .. } => None,
        })
    }

    fn hangs(&mut self, name: &str) -> bool {
        let hangs = |fault: &Fault| matches!(fault, Fault::Hang(to) if to.is(name, self.called()));
        let Some(index) = self.faults.iter().position(hangs) else { return false };
        self.struck.insert(index);
        true
    }

    /// The faults that have happened, in words: not those that came to nothing, as a kill at a command that was not
    /// called does.
    pub(crate) fn struck(&self, end: &ProgramEnd, fate: &Fate) -> Vec<String> {
        let ran = !matches!(end, ProgramEnd::Missing | ProgramEnd::Unstarted(_));
        let has_failed = matches!(fate, Fate::Failed(_) | Fate::ActionFailed(_));
        let has_happened = |(index, fault): &(usize, &Fault)| match fault {
            Fault::Fail => ran && !self.is_killed(),
            Fault::KillAt(_) => ran && self.is_killed() && self.faults.contains(&Fault::KillAt(self.calls)),
            Fault::CrashBeforeFlush | Fault::CrashAfterFlush | Fault::RejectFlush => {
                *end == ProgramEnd::Exit(0) && has_failed
            }
            Fault::LoseLeadershipAt(calls) => *calls <= self.calls,
            Fault::Answer { .. } | Fault::Hang(_) => self.struck.contains(index),
            Fault::Refuse { call, .. } => self.running.refused.borrow().contains(call),
            Fault::Absent(name) => self.called().any(|called| called == name),
        };
        self.faults.iter().enumerate().filter(has_happened).map(|(_, fault)| fault.to_string()).collect()
    }

    fn record(&mut self, argv: &[String], stdin: Option<&[u8]>, output: ToolOutput) {
        self.calls += 1;
        let words = argv.iter().map(String::len).sum::<usize>();
        self.kept += words + stdin.map_or(0, <[u8]>::len) + output.stdout.len() + output.stderr.len();
        let text = |bytes: Vec<u8>| match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        self.trace.push(Trace::Command(CommandRun {
            argv: argv.to_vec(),
            stdin: stdin.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
            code: output.code,
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }));
    }
}

/// Writes the files of resources that a hook command has asked for. What cannot be written is not there for the charm.
pub(crate) fn write_fetched(running: &mut Running) -> Result<(), String> {
    for (name, content) in std::mem::take(&mut running.fetched) {
        let path = Path::new(&running.resources_dir).join(name);
        let written = fs::create_dir_all(&running.resources_dir).and_then(|()| fs::write(&path, content));
        written.map_err(|error| format!("could not download resource: {error}"))?;
    }
    Ok(())
}

fn too_long(limit: Duration) -> String {
    format!("killed: it ran for more than {} s", limit.as_secs_f64())
}

pub(super) fn failure(code: i32, text: &str) -> ToolOutput {
    ToolOutput { code, stdout: Vec::new(), stderr: format!("ERROR {text}\n").into_bytes() }
}

/// The greatest character boundary that is at most `max`.
fn boundary(text: &str, max: usize) -> usize {
    (1..=max).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(text.len())
}
