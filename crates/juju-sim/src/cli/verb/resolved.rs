use clap::{Arg, ArgAction, Command};

use super::{Verb, no_settle};
use crate::Retry;
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "resolved",
    aliases: &["resolve"],
    about: "Let units go on whose hook has failed",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    command
        .arg(Arg::new("units").num_args(0..).value_name("UNIT").help("The units"))
        .arg(switch("all").help("All units that are in error"))
        .arg(switch("no-retry").help("Take the hook as done, without running it again"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut units = call.texts("units");
    let (store, mut session) = call.open()?;
    match (call.flag("all"), units.is_empty()) {
        (true, true) => units = session.world.failed(),
        (true, false) => return Err(Failure::Usage("specifying unit names cannot be combined with --all".to_owned())),
        (false, true) => return Err(Failure::Usage("no unit specified".to_owned())),
        (false, false) => {}
    }
    let retry = if call.flag("no-retry") { Retry::NoRetry } else { Retry::Retry };
    for unit in &units {
        if !session.world.failed().contains(unit) && session.world.units().contains(unit) {
            return Err(format!("unit {unit:?} is not in an error state").into());
        }
        session.world.resolve(unit, retry)?;
    }
    call.settle(&store, &mut session)
}
