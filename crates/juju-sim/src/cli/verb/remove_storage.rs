use clap::{Arg, ArgAction, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "remove-storage",
    aliases: &[],
    about: "Destroy storage that no unit has",
    arguments,
    has_model: true,
    idle: &[("no-destroy", "there is nothing below it to keep")],
    run,
};

fn arguments(command: Command) -> Command {
    let force = Arg::new("force").long("force").action(ArgAction::SetTrue);
    command
        .arg(Arg::new("storage").required(true).num_args(1..).value_name("STORAGE").help("Such as data/0"))
        .arg(force.help("Detach it first where a unit has it"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let ids = call.texts("storage");
    for id in &ids {
        let attached = match session.world.model().storage.get(id) {
            None => return Err(format!("storage {id:?} not found").into()),
            Some(storage) => storage.unit.is_some(),
        };
        match (attached, call.flag("force")) {
            (true, false) => {
                return Err(format!("cannot remove {id}: storage is attached: detach it first, or use --force").into());
            }
            (true, true) => session.world.detach_storage(id)?,
            (false, _) => {}
        }
        call.terminal.say(&format!("removing {id}"));
    }
    session.doomed.extend(ids);
    call.settle(&store, &mut session)
}
