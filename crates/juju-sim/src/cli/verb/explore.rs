use std::fs;

use clap::{Arg, Command, value_parser};
use serde_json::json;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::store::Store;
use crate::{Explore, SimError, World};

pub(super) const VERB: Verb = Verb {
    name: "explore",
    aliases: &[],
    about: "Try what can go wrong from here on: random hooks, units, faults, restarts, in many orders; the model stays as it is",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let number = |name: &'static str| Arg::new(name).long(name).value_name("NUMBER");
    with_page(command)
        .arg(number("cases").default_value("20").value_parser(value_parser!(u64)).help("How many cases"))
        .arg(number("seed").default_value("1").value_parser(value_parser!(u64)).help("The seed of the first case"))
        .arg(
            number("steps")
                .default_value("40")
                .value_parser(value_parser!(usize))
                .help("How many steps a case has at most"),
        )
}

/// What `replay` takes too.
pub(super) fn with_page(command: Command) -> Command {
    let units = Arg::new("units").long("units").value_name("NUMBER").default_value("5");
    command
        .arg(units.value_parser(value_parser!(usize)).help("How many units an application has at most"))
        .arg(Arg::new("page").long("page").value_name("FILE").help("Write a case that fails as a page for a browser"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let number = |name: &str| call.matches.get_one::<u64>(name).copied().unwrap_or(1);
    let steps = call.matches.get_one::<usize>("steps").copied().unwrap_or(40);
    let (cases, seed) = (number("cases"), number("seed"));
    if call.terminal.watched {
        call.terminal.say(&format!("exploring {cases} cases"));
    }
    let explored = on_model(call, |explore| explore.cases(cases).seed(seed).steps(0..=steps).run())?;
    tell(call, explored)
}

/// Explores the model that a command is about. Each case goes on from it in a copy of it with its units' files.
pub(super) fn on_model<T>(
    call: &Call<'_, '_>,
    run: impl FnOnce(Explore<'_, World>) -> Result<T, Box<crate::Failure>>,
) -> Result<Result<T, Box<crate::Failure>>, Failure> {
    let session = call.look()?;
    let (dir, name) = (call.around.store.clone(), session.name.clone());
    let world = |seed: u64| {
        // What could be read a moment ago is there: the command holds nothing that a case could wait for.
        let session = Store::read(&dir).and_then(|store| Session::open(&store, &name));
        let mut world = session.map(|session| session.world.fork()).unwrap_or_else(|error| panic!("{error}"));
        world.reseed(seed);
        world
    };
    let units = call.matches.get_one::<usize>("units").copied().unwrap_or(5);
    let actions = actions(&session);
    let mut explore = Explore::new(world).units(units).in_the_end("all come to rest", |_| Ok(()));
    for (app, action) in &actions {
        explore = explore.action(app, action, json!({}));
    }
    Ok(run(explore))
}

/// The actions of the applications that run without parameters.
fn actions(session: &Session) -> Vec<(String, String)> {
    let model = session.world.model();
    let of = |(name, app): (&String, &crate::model::Application)| {
        let specs = app.charm().action_names().filter_map(|action| app.charm().action(action));
        let free = specs.filter(|spec| spec.required().next().is_none());
        free.map(|spec| (name.clone(), spec.name.clone())).collect::<Vec<_>>()
    };
    model.applications.iter().filter(|(_, app)| !app.played).flat_map(of).collect()
}

/// Tells how an exploration ended.
pub(super) fn tell(
    call: &mut Call<'_, '_>,
    explored: Result<crate::Explored, Box<crate::Failure>>,
) -> Result<(), Failure> {
    match explored {
        Ok(explored) => {
            let (cases, hooks) = (explored.cases, explored.hooks);
            call.terminal.print(&format!("{cases} cases with {hooks} hooks and actions: nothing went wrong\n"));
            Ok(())
        }
        Err(failure) => {
            let how = format!("juju-sim replay {}", failure.case());
            let failure = failure.repeated_by(&how);
            if let Some(file) = call.matches.get_one::<String>("page") {
                let path = call.path(file);
                fs::write(&path, failure.page()).map_err(SimError::file("write", &path))?;
                call.terminal.say(&format!("Wrote {}", path.display()));
            }
            call.terminal.print(&format!("{}\n", failure.to_string().trim_end()));
            Err(Failure::Code(1))
        }
    }
}
