use clap::{Arg, ArgAction, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "remove-saas",
    aliases: &[],
    about: "Let go of an application of another model",
    arguments,
    has_model: true,
    idle: &[("no-wait", "nothing is waited for")],
    run,
};

fn arguments(command: Command) -> Command {
    let force = Arg::new("force").long("force").action(ArgAction::SetTrue);
    command
        .arg(Arg::new("names").required(true).num_args(1..).value_name("NAME").help("Its name here"))
        .arg(force.help("Take its relations away at once"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let names = call.texts("names");
    for name in &names {
        let Some(saas) = session.records.settings.saas.get(name) else {
            return Err(format!("saas application {name:?} not found").into());
        };
        let relations: Vec<u32> = saas.links.keys().copied().collect();
        for id in relations {
            let force = call.flag("force");
            session.world.change(|model| model.remove_relation(id, force))?;
        }
    }
    call.settle(&store, &mut session)?;
    for name in &names {
        session.world.change(|model| model.remove_likeness(name))?;
        session.records.settings.saas.remove(name);
    }
    call.settle(&store, &mut session)
}
