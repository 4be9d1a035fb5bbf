use clap::{Arg, ArgAction, Command};

use super::{Verb, confirm, no_prompt, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "remove-unit",
    aliases: &[],
    about: "Remove units",
    arguments,
    has_model: true,
    idle: &[("no-wait", "nothing is waited for")],
    run,
};

fn arguments(command: Command) -> Command {
    let units = Arg::new("units").required(true).num_args(1..).value_name("UNIT").help("The units, such as web/0");
    removal(command.arg(units))
}

/// What `remove-application` takes too.
pub(super) fn removal(command: Command) -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    command
        .arg(switch("force").help("Take them away at once, without their hooks"))
        .arg(switch("destroy-storage").help("Destroy their storage too"))
        .arg(switch("dry-run").help("Tell what would be removed"))
        .arg(no_prompt())
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let units = call.texts("units");
    let (store, mut session) = call.open()?;
    for unit in &units {
        if !unit.contains('/') {
            return Err(format!("{unit:?} is the name of an application: name its units").into());
        }
        if !session.world.units().contains(unit) {
            return Err(format!("unit {unit:?} does not exist").into());
        }
    }
    let plan: String = units.iter().map(|unit| format!("will remove unit {unit}\n")).collect();
    if call.flag("dry-run") {
        call.terminal.print(&plan);
        return Ok(());
    }
    confirm(call, &format!("This command will perform the following actions:\n{}", plan.trim_end()), "y")?;
    for unit in &units {
        let storage = session.world.storage(unit);
        match call.flag("force") {
            true => session.world.remove_unit_by_force(unit)?,
            false => session.world.remove_unit(unit)?,
        }
        if call.flag("destroy-storage") {
            session.doomed.extend(storage.into_iter().map(|it| it.id));
        }
    }
    if call.flag("no-prompt") {
        call.terminal.say(plan.trim_end());
    }
    call.settle(&store, &mut session)
}
