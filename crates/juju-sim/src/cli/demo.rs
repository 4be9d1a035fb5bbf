use std::fs;
use std::io::{Stdout, Write};
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};

use super::NO_NETWORK;
use super::arguments::{DemoArguments, Format};
use super::failure::Failure;
use super::layout::Layout;
use super::progress::Progress;
use super::report::{Report, Row, width};
use super::summary::Summary;
use crate::{Mark, Revision, SimError, Status, World, page};

/// The action that the demonstration runs where the charm has it.
const ACTION: &str = "peers";

/// Runs the demonstration. The exit code is 0 only if every unit ends `active`.
pub(super) fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    let progress = Progress::new();
    let layout = match &arguments.charm {
        Some(path) => Layout::of_charm(path)?,
        None => {
            // Cargo's own progress follows, also on a terminal.
            Progress::in_lines().say("building the charm");
            Layout::of_workspace()?
        }
    };
    let started = Instant::now();
    let mut world = World::of_one(Revision::executable_of(layout.charm.clone(), &layout.files.dir)?, arguments.seed)?;
    world.watch(move |title| progress.running(title));
    world.set_variable(NO_NETWORK.0, NO_NETWORK.1);

    let app = layout.charm.name().to_owned();
    let telling = match (arguments.format, arguments.verbose) {
        (Format::Json, _) => Telling::Json,
        (Format::Text, true) => Telling::EachHook,
        (Format::Text, false) => Telling::Short,
    };
    match telling {
        Telling::Short => summary().preface(&app, arguments.seed),
        Telling::EachHook => report().preface(),
        Telling::Json => {}
    }
    let page = arguments.page.clone();
    let mut demo = Demo { app: app.clone(), world, progress, telling, page, marks: Vec::new(), shown: 0, action: None };
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

fn summary() -> Summary<anstream::AutoStream<Stdout>> {
    Summary { out: anstream::stdout(), width: width() }
}

fn units(count: u16) -> String {
    if count == 1 { "one unit".to_owned() } else { format!("{count} units") }
}

/// How the demonstration tells what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    Short,
    EachHook,
    Json,
}

struct Demo {
    app: String,
    world: World,
    progress: Progress,
    telling: Telling,
    /// Where the page is written, if at all.
    page: Option<PathBuf>,
    marks: Vec<Mark>,
    shown: usize,
    action: Option<Value>,
}

impl Demo {
    /// Changes the model, runs all hooks that follow, and tells of them.
    fn act(&mut self, title: &str, verb: impl FnOnce(&mut World) -> Result<(), SimError>) -> Result<(), SimError> {
        self.begin(title);
        verb(&mut self.world)?;
        let settled = self.settle();
        self.tell(title);
        settled
    }

    fn begin(&mut self, title: &str) {
        self.progress.say(title);
        self.marks.push(Mark { before: self.world.runs().len() as u64 + 1, text: title.to_owned() });
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
        self.begin(&title);
        let result = self.world.run_action(&unit, ACTION, json!({}))?;
        self.settle()?;
        self.tell(&title);
        match self.telling {
            Telling::Short => summary().action(&result),
            Telling::EachHook => report().action(&result),
            Telling::Json => {}
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
        let runs = self.world.runs();
        match self.telling {
            Telling::Short => summary().act(title, runs, self.shown, &self.rows()),
            Telling::EachHook => report().section(title, &runs[self.shown..]),
            Telling::Json => {}
        }
        self.shown = self.world.runs().len();
    }

    fn rows(&self) -> Vec<Row> {
        let world = &self.world;
        let leader = world.leader(&self.app);
        let row = |unit: String| {
            let Status { current: workload, message, .. } = world.status(&unit);
            let agent = world.agent_status(&unit).to_owned();
            Row { leader: Some(&unit) == leader.as_ref(), agent, workload, message, unit }
        };
        world.units().into_iter().map(row).collect()
    }

    fn write_page(&self) -> Result<(), SimError> {
        let Some(path) = &self.page else { return Ok(()) };
        let title = format!("juju-sim demo of {}, seed {}", self.app, self.world.model().seed());
        let mut input = self.world.page_input(&title);
        input.marks.clone_from(&self.marks);
        fs::write(path, page(&input)).map_err(SimError::file("write", path))
    }

    fn end(self, started: Instant) -> Result<(), Failure> {
        let world = &self.world;
        let rows = self.rows();
        let commands: usize = world.runs().iter().map(|run| run.commands().count()).sum();
        let (hooks, seconds) = (world.runs().len(), started.elapsed().as_secs_f64());
        match self.telling {
            Telling::Short => summary().end(&rows, hooks, commands, seconds),
            Telling::EachHook => report().status(&rows, hooks, commands, seconds),
            Telling::Json => {
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
        self.write_page()?;
        let Some(row) = rows.iter().find(|row| row.workload != "active") else { return Ok(()) };
        Err(format!("{} is not active but {}: {}", row.unit, row.workload, row.message).into())
    }
}
