use clap::{Arg, Command};

use super::Verb;
use crate::cli::actions::{TaskView, plain_results};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};

pub(super) const VERB: Verb = Verb {
    name: "show-task",
    aliases: &[],
    about: "Show what came of one task of an operation",
    arguments,
    has_model: true,
    idle: &[("wait", "it has ended"), ("watch", "it has ended"), ("utc", "times are in UTC")],
    run,
};

fn arguments(command: Command) -> Command {
    let id = Arg::new("id").required(true).value_name("ID").help("The task's number");
    with_forms(command.arg(id), &["plain", "yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let id = call.text("id");
    let number = id.parse::<u32>().ok();
    let find = |number: u32| {
        let mut all = session.records.operations.values();
        all.find_map(|operation| Some((operation, operation.tasks.get(&number)?)))
    };
    let (operation, task) = number.and_then(find).ok_or_else(|| format!("task {id:?} not found"))?;
    give(call, &TaskView::of(operation, task).with_action(operation), || {
        let mut text = String::new();
        if !task.result.message.is_empty() {
            text.push_str(&format!("Action id {id} failed: {}\n", task.result.message));
        }
        text.push_str(&plain_results(&task.result.results));
        text
    })
}
