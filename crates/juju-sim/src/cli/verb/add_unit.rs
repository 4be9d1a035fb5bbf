use clap::{Arg, ArgAction, Command, value_parser};

use super::deploy::MOST_UNITS;
use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::machines;

pub(super) const VERB: Verb = Verb {
    name: "add-unit",
    aliases: &[],
    about: "Add units to an application",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let count = Arg::new("num-units").long("num-units").short('n').value_name("NUMBER").default_value("1");
    let many = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append);
    command
        .arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"))
        .arg(count.value_parser(value_parser!(u32).range(0..=MOST_UNITS)).help("How many"))
        .arg(many("to").value_name("MACHINE").help("The machines of the units, by number"))
        .arg(many("attach-storage").value_name("STORAGE").help("Storage that no unit has, such as data/0"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let app = call.text("application").to_owned();
    let count = call.matches.get_one::<u32>("num-units").copied().unwrap_or(1);
    let (store, mut session) = call.open()?;
    session.world.model().application(&app)?;
    if count == 0 {
        return Err("--num-units must be a positive integer".into());
    }
    let storage: Vec<String> =
        call.texts("attach-storage").iter().flat_map(|text| text.split(',')).map(str::to_owned).collect();
    if !storage.is_empty() && count != 1 {
        return Err("--attach-storage cannot be used with --num-units".into());
    }
    let machines = machines::placement(&session, &call.texts("to"))?;
    for index in 0..count {
        let machine = machines.get(usize::try_from(index).unwrap_or(usize::MAX)).copied();
        let unit = session.world.add_unit_on(&app, machine)?;
        for id in &storage {
            session.world.attach_storage(&unit, id)?;
        }
    }
    call.settle(&store, &mut session)
}
