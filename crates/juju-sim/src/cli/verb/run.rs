use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};
use serde_json::{Map, Value};

use super::Verb;
use crate::ActionResult;
use crate::cli::actions::{TaskView, plain_results};
use crate::cli::call::Call;
use crate::cli::duration;
use crate::cli::failure::Failure;
use crate::cli::form::{form, give, give_text, with_forms};
use crate::cli::options;
use crate::cli::records::{Operation, Task};
use crate::cli::session::Session;
use crate::cli::store::Store;

pub(super) const VERB: Verb = Verb {
    name: "run",
    aliases: &[],
    about: "Run an action on units",
    arguments,
    has_model: true,
    idle: &[("utc", "times are in UTC"), ("color", "it has no colours"), ("no-color", "it has no colours")],
    run,
};

/// What stands in a summary where there are more units.
const MANY: usize = 4;

/// How many parts the key of a parameter may have.
const DEEPEST: usize = 100;

fn arguments(command: Command) -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let words = Arg::new("words").required(true).num_args(1..).value_name("UNIT… ACTION [KEY=VALUE…]");
    let command = command
        .arg(words.help("Units, or APPLICATION/leader; the action; its parameters, such as a.b=1"))
        .arg(Arg::new("params").long("params").value_name("FILE").help("A YAML file of parameters"))
        .arg(Arg::new("wait").long("wait").value_name("TIME").help("How long an action may run"))
        .arg(switch("string-args").help("Take all values for texts"))
        .arg(switch("background").help("Do not show what came of it"));
    with_forms(command, &["plain", "yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let words = call.texts("words");
    let is_unit = |word: &&String| word.contains('/') && !word.contains('=');
    let units: Vec<String> = words.iter().take_while(is_unit).cloned().collect();
    let Some((action, pairs)) = words[units.len()..].split_first() else {
        return Err(Failure::Usage("no action specified".to_owned()));
    };
    if units.is_empty() {
        return Err(Failure::Usage("no unit specified".to_owned()));
    }
    let parameters = parameters(call, pairs)?;
    let (store, mut session) = call.open()?;
    let mut chosen = Chosen::of(&session, &units)?;
    let model = session.world.model();
    for unit in std::mem::take(&mut chosen.units) {
        match model.charm_of(model.unit(&unit)?).action(action) {
            Some(_) => chosen.units.push(unit),
            None => chosen.refused.push(format!("action {action:?} not defined on unit {unit:?}")),
        }
    }
    drop(model);
    if let Some(limit) = call.matches.get_one::<String>("wait") {
        session.world.set_time_limit(duration::parse(limit)?);
    }
    let summary = format!("run {action} on {}", some(&chosen.units));
    let mut operation = begin(&mut session, summary, action, parameters.clone());
    operation.refused = chosen.refused;
    for unit in &chosen.units {
        let parameters = Value::Object(parameters.clone());
        operation.run(&mut session, unit, |session| session.world.run_action(unit, action, parameters))?;
    }
    session.apply_config();
    end(call, &store, session, operation)
}

/// The parameters of a file and those of the command line, which come over them.
fn parameters(call: &mut Call<'_, '_>, pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut parameters = match call.matches.get_one::<String>("params").cloned().as_deref() {
        None => Map::new(),
        Some("-") => {
            let text = std::io::read_to_string(&mut call.terminal.input);
            let text = text.map_err(|error| format!("read standard input: {error}"))?;
            options::read_yaml(&text, "standard input")?
        }
        Some(path) => options::read_yaml(&options::read_text(&call.path(path))?, path)?,
    };
    for text in pairs {
        let (key, value) = options::pair(text)?;
        let value = match call.flag("string-args") {
            true => Value::String(value),
            false => serde_yaml::from_str(&value).map_err(|error| format!("parameter {key:?}: {error}"))?,
        };
        if key.split('.').count() > DEEPEST {
            return Err(format!("parameter {key:?} has more than {DEEPEST} parts").into());
        }
        put(&mut parameters, &key, value);
    }
    Ok(parameters)
}

/// Sets a parameter, where `a.b` is the `b` of `a`.
fn put(parameters: &mut Map<String, Value>, key: &str, value: Value) {
    let Some((outer, inner)) = key.split_once('.') else {
        parameters.insert(key.to_owned(), value);
        return;
    };
    let entry = parameters.entry(outer).or_insert(Value::Null);
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    if let Value::Object(parameters) = entry {
        put(parameters, inner, value);
    }
}

/// The units that are named, where `web/leader` is the one that leads.
pub(super) fn named_units(session: &Session, named: &[String]) -> Result<Vec<String>, Failure> {
    let there = session.world.units();
    let unit = |name: &String| match name.strip_suffix("/leader") {
        Some(app) => session.world.leader(app).ok_or_else(|| format!("could not determine leader for {app:?}").into()),
        None if there.contains(name) => Ok(name.clone()),
        None => Err(Failure::Error(format!("unit {name:?} not found"))),
    };
    named.iter().map(unit).collect()
}

/// The units that an operation is for, and why it is not for others that were named.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) units: Vec<String>,
    pub(super) refused: Vec<String>,
}

impl Chosen {
    /// Juju takes an operation with the units that are there; that others are not is no failure.
    pub(super) fn of(session: &Session, named: &[String]) -> Result<Chosen, Failure> {
        let there = session.world.units();
        let is_there = |name: &&String| there.contains(*name) || name.ends_with("/leader");
        let (units, others): (Vec<&String>, Vec<&String>) = named.iter().partition(is_there);
        let units: Vec<String> = units.into_iter().cloned().collect();
        let refused = others.into_iter().map(|name| format!("unit {name:?} not found")).collect();
        Ok(Chosen { units: named_units(session, &units)?, refused })
    }
}

/// Some units in a few words.
pub(super) fn some(units: &[String]) -> String {
    match units.len() {
        0..=MANY => units.join(","),
        many => format!("{},… ({many} units)", units[..MANY - 1].join(",")),
    }
}

/// An operation that runs.
pub(super) struct Running {
    number: u32,
    operation: Operation,
    /// Why there is no task for some.
    pub(super) refused: Vec<String>,
}

/// Begins an operation.
pub(super) fn begin(session: &mut Session, summary: String, action: &str, parameters: Map<String, Value>) -> Running {
    let number = session.world.change(crate::Model::take_operation);
    let (action, enqueued) = (action.to_owned(), session.world.model().seconds());
    let operation = Operation { summary, action, parameters, enqueued, tasks: BTreeMap::new() };
    Running { number, operation, refused: Vec::new() }
}

impl Running {
    /// Runs the part of one unit.
    pub(super) fn run(
        &mut self,
        session: &mut Session,
        unit: &str,
        act: impl FnOnce(&mut Session) -> Result<ActionResult, crate::SimError>,
    ) -> Result<(), Failure> {
        let started = session.world.model().seconds();
        let mut result = act(session)?;
        if result.id == 0 {
            result.id = session.world.change(crate::Model::take_operation);
        }
        let completed = session.world.model().seconds();
        self.operation.tasks.insert(result.id, Task { unit: unit.to_owned(), result, started, completed });
        session.records.operations.insert(self.number, self.operation.clone());
        Ok(session.keep()?)
    }
}

/// Ends an operation: keeps it, lets hooks run that follow, and shows what came of it.
pub(super) fn end(
    call: &mut Call<'_, '_>,
    store: &Store,
    mut session: Session,
    running: Running,
) -> Result<(), Failure> {
    let Running { number, operation, refused } = running;
    call.terminal.unsay();
    let count = operation.tasks.len();
    if count == 0 {
        call.terminal.say(&format!("Operation {number} failed to schedule any tasks:\n{}", refused.join("\n")));
        return call.settle(store, &mut session);
    }
    if !refused.is_empty() {
        call.terminal.say(&format!("Some tasks could not be scheduled:\n{}", refused.join("\n")));
    }
    call.terminal.say(&format!("Running operation {number} with {count} task{}", if count == 1 { "" } else { "s" }));
    for (id, task) in &operation.tasks {
        call.terminal.say(&format!("  - task {id} on unit-{}", task.unit.replace('/', "-")));
    }
    call.terminal.say("");
    if call.matches.try_get_one::<bool>("background").ok().flatten() == Some(&true) {
        call.terminal.say(&format!("Check operation status with 'juju-sim show-operation {number}'"));
        return call.settle(store, &mut session);
    }
    let views: BTreeMap<&String, TaskView> =
        operation.tasks.values().map(|task| (&task.unit, TaskView::of(&operation, task))).collect();
    match form(call.matches) {
        "plain" => {
            let text = plain(&operation);
            give_text(call, &text)?;
        }
        _ => give(call, &views, String::new)?,
    }
    call.settle(store, &mut session)?;
    let failed: Vec<&Task> = operation.tasks.values().filter(|task| has_failed(task)).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let timed_out = failed.iter().any(|task| task.result.message.contains("it ran for more than"));
    let mut text = match (timed_out, failed.len()) {
        (true, _) => "timed out waiting for results: the following task failed:\n".to_owned(),
        (false, 1) => "the following task failed:\n".to_owned(),
        (false, _) => "the following tasks failed:\n".to_owned(),
    };
    for task in failed {
        let code = task.result.results.get("return-code").map(|code| format!(" with return code {code}"));
        text.push_str(&format!(" - id {:?}{}\n", task.result.id.to_string(), code.unwrap_or_default()));
    }
    text.push_str("\nuse 'juju-sim show-task' to inspect the failure");
    Err(text.into())
}

fn has_failed(task: &Task) -> bool {
    let code = task.result.results.get("return-code").and_then(Value::as_i64);
    task.result.status != "completed" || code.is_some_and(|code| code != 0)
}

fn plain(operation: &Operation) -> String {
    let mut text = String::new();
    let one = operation.tasks.len() == 1;
    for task in operation.tasks.values() {
        if !one {
            text.push_str(&format!("{}:\n", task.unit));
        }
        for line in &task.result.log {
            text.push_str(&format!("{} {line}\n", crate::cli::time::log(task.completed, false)));
        }
        if task.result.status != "completed" {
            text.push_str(&format!("Action id {} failed: {}\n", task.result.id, task.result.message));
        }
        text.push_str(&plain_results(&task.result.results));
    }
    text
}
