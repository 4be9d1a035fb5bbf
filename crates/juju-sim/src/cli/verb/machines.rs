use std::collections::BTreeMap;

use clap::Command;
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::view::{MachineView, View};

pub(super) const VERB: Verb = Verb {
    name: "machines",
    aliases: &["list-machines"],
    about: "List the machines",
    arguments,
    has_model: true,
    idle: &[("utc", "times are in UTC"), ("color", "it has no colours")],
    run,
};

#[derive(Serialize)]
struct Machines {
    model: String,
    machines: BTreeMap<String, MachineView>,
}

fn arguments(command: Command) -> Command {
    with_forms(command, &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let machines = Machines { model: session.name.clone(), machines: View::of(&session).machines };
    give(call, &machines, || filled(Table::of(&HEADINGS), &machines.machines).text())
}

/// The headings of the table of machines.
pub(super) const HEADINGS: [&str; 7] = ["Machine", "State", "Address", "Inst id", "Base", "AZ", "Message"];

/// A table with a row for each machine, in the order of their numbers.
pub(super) fn filled(mut table: Table, machines: &BTreeMap<String, MachineView>) -> Table {
    let mut machines: Vec<_> = machines.iter().collect();
    machines.sort_by_key(|(number, _)| number.parse::<u32>().ok());
    for (number, it) in machines {
        let base = format!("{}@{}", it.base.name, it.base.channel);
        let state = &it.juju_status.current;
        table.row([number, state, &it.dns_name, &it.instance_id, &base, "", &it.machine_status.message]);
    }
    table
}
