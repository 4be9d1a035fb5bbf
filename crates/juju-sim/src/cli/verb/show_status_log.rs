use clap::{Arg, Command, value_parser};
use serde::Serialize;

use super::Verb;
use crate::Fate;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::session::Session;
use crate::cli::time;

pub(super) const VERB: Verb = Verb {
    name: "show-status-log",
    aliases: &[],
    about: "Show the statuses that a unit has had, and what its agent did",
    arguments,
    has_model: true,
    idle: &[("utc", "times are in UTC")],
    run,
};

#[derive(Serialize)]
struct Entry {
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    since: String,
    r#type: &'static str,
}

const WORKLOAD: &str = "workload";
const AGENT: &str = "juju-unit";

fn arguments(command: Command) -> Command {
    let kind = Arg::new("type").long("type").value_name("TYPE").default_value("unit");
    let newest =
        Arg::new("newest").short('n').value_name("NUMBER").default_value("20").value_parser(value_parser!(usize));
    let command = command
        .arg(Arg::new("unit").required(true).value_name("UNIT").help("The unit"))
        .arg(kind.value_parser(["unit", WORKLOAD, AGENT]).help("The workload's, the agent's, or both"))
        .arg(newest.help("So many of the newest"));
    with_forms(command, &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let unit = call.text("unit");
    let kind = call.text("type");
    let mut entries = entries(&session, unit);
    if entries.is_empty() && session.world.model().unit(unit).is_err() {
        return Err(format!("unit {unit:?} not found").into());
    }
    entries.retain(|entry| kind == "unit" || kind == entry.r#type);
    let newest = call.matches.get_one::<usize>("newest").copied().unwrap_or(usize::MAX);
    let entries = entries.split_off(entries.len().saturating_sub(newest));
    give(call, &entries, || {
        let mut table = Table::of(&["Time", "Type", "Status", "Message"]);
        for entry in &entries {
            table.row([entry.since.as_str(), entry.r#type, &entry.status, &entry.message]);
        }
        table.text()
    })
}

/// What the hooks that are kept tell of a unit's statuses.
fn entries(session: &Session, unit: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for run in session.history().into_iter().filter(|run| run.unit == unit) {
        let mut push = |kind, status: &str, message: String| {
            let (status, since) = (status.to_owned(), time::since(run.seconds));
            entries.push(Entry { status, message, since, r#type: kind });
        };
        let what = match run.hook.strip_prefix("action ") {
            Some(action) => format!("running action {action}"),
            None => format!("running {} hook", run.hook),
        };
        push(AGENT, "executing", what);
        if run.status_changed {
            push(WORKLOAD, &run.status.current, run.status.message.clone());
        }
        match &run.fate {
            Fate::Failed(_) => push(AGENT, "error", format!("hook failed: \"{}\"", run.hook)),
            _ => push(AGENT, "idle", String::new()),
        }
    }
    entries
}
