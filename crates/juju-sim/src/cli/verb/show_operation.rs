use clap::{Arg, Command};

use super::Verb;
use crate::cli::actions::OperationView;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};

pub(super) const VERB: Verb = Verb {
    name: "show-operation",
    aliases: &[],
    about: "Show an operation with its tasks",
    arguments,
    has_model: true,
    idle: &[("wait", "it has ended"), ("watch", "it has ended"), ("utc", "times are in UTC")],
    run,
};

fn arguments(command: Command) -> Command {
    let id = Arg::new("id").required(true).value_name("ID").help("The operation's number");
    with_forms(command.arg(id), &["yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let id = call.text("id");
    let number = id.parse::<u32>().ok();
    let operation = number.and_then(|number| session.records.operations.get(&number));
    let operation = operation.ok_or_else(|| format!("operation {id:?} not found"))?;
    give(call, &OperationView::of(operation), String::new)
}
