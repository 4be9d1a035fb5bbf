use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command, value_parser};

use super::Verb;
use crate::cli::actions::OperationView;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::records::Operation;
use crate::cli::time;

pub(super) const VERB: Verb = Verb {
    name: "operations",
    aliases: &["list-operations"],
    about: "List what was run by run and exec",
    arguments,
    has_model: true,
    idle: &[("utc", "times are in UTC")],
    run,
};

fn arguments(command: Command) -> Command {
    let many =
        |name: &'static str, value: &'static str| Arg::new(name).long(name).action(ArgAction::Append).value_name(value);
    let number = |name: &'static str| Arg::new(name).long(name).value_name("NUMBER").value_parser(value_parser!(usize));
    let command = command
        .arg(many("actions", "ACTION").help("Those of some actions"))
        .arg(many("applications", "APPLICATION").visible_alias("apps").help("Those of some applications"))
        .arg(many("units", "UNIT").help("Those of some units"))
        .arg(many("status", "STATUS").help("Those with some statuses"))
        .arg(number("limit").help("So many at most, the newest"))
        .arg(number("offset").help("Without so many of the newest"));
    with_forms(command, &["plain", "yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let list = |name: &str| -> Vec<String> {
        call.texts(name).iter().flat_map(|text| text.split(',')).map(str::to_owned).collect()
    };
    let (actions, apps, units, statuses) = (list("actions"), list("applications"), list("units"), list("status"));
    let is = |operation: &Operation| {
        let any = |of: &dyn Fn(&str) -> bool| operation.tasks.values().any(|task| of(&task.unit));
        let app = |unit: &str| apps.iter().any(|app| unit.split('/').next() == Some(app));
        (actions.is_empty() || actions.contains(&operation.action))
            && (apps.is_empty() || any(&app))
            && (units.is_empty() || any(&|unit| units.iter().any(|it| it == unit)))
            && (statuses.is_empty() || statuses.iter().any(|it| it == operation.status()))
    };
    let number = |name: &str| call.matches.get_one::<usize>(name).copied();
    let newest = session.records.operations.iter().rev().filter(|(_, operation)| is(operation));
    let newest = newest.skip(number("offset").unwrap_or(0)).take(number("limit").unwrap_or(50));
    let mut shown: Vec<(&u32, &Operation)> = newest.collect();
    shown.reverse();
    if shown.is_empty() {
        call.terminal.say("no matching operations");
        return Ok(());
    }
    let views: BTreeMap<String, OperationView> =
        shown.iter().map(|(number, operation)| (number.to_string(), OperationView::of(operation))).collect();
    give(call, &views, || {
        let mut table = Table::of(&["ID", "Status", "Started", "Finished", "Task IDs", "Summary"]).right(&["ID"]);
        for (number, operation) in &shown {
            let tasks: Vec<String> = operation.tasks.keys().map(u32::to_string).collect();
            let (started, ended) = (time::log(operation.started(), true), time::log(operation.completed(), true));
            let cells =
                [&number.to_string(), operation.status(), &started, &ended, &tasks.join(","), &operation.summary];
            table.row(cells);
        }
        table.text()
    })
}
