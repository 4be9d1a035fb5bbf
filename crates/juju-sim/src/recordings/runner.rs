//! Whole dispatches, through the process door: what Juju's runner made of a charm's programs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::compare::{agrees, flushed};
use super::record::{self, Immediate, LogRecord};
use super::scene;
use crate::command::Reboot;
use crate::model::{Finish, Running};
use crate::run::{Fate, ProgramEnd, Trace};
use crate::world::running::finish;
use crate::world::{Revision, World};

/// A charm, and the hooks and actions that ran with it one after another.
#[derive(Debug, Deserialize)]
pub(super) struct Dispatches {
    pub(super) id: String,
    world: record::World,
    /// The text of `dispatch`; none where the charm has no such file.
    dispatch: Option<String>,
    steps: Vec<Step>,
    results: Vec<Ended>,
}

#[derive(Debug, Deserialize)]
struct Step {
    hook: Option<record::Hook>,
    action: Option<record::Action>,
    /// Bags that others replaced before.
    #[serde(default)]
    bags: BTreeMap<u32, BTreeMap<String, BTreeMap<String, String>>>,
}

#[derive(Debug, Deserialize)]
struct Ended {
    error: Option<String>,
    #[serde(default)]
    logs: Vec<LogRecord>,
    #[serde(default)]
    immediate: Vec<Immediate>,
    #[serde(default)]
    flushed: Value,
    action_finished: Option<Value>,
}

/// What Juju sets on the systems that these recordings were not made on: Ubuntu's.
const OF_UBUNTU: [&str; 2] = ["APT_LISTCHANGES_FRONTEND", "DEBIAN_FRONTEND"];
/// The hook of the record that has one in place of `dispatch`; its text is not in the recording.
const HOOKS_FILE: (&str, &str) = ("hooks-file", "#!/bin/bash\nstate-set via=hooks\n");

/// In what the door differs from a recording; nothing where it agrees.
pub(super) fn differences(record: &Dispatches) -> Vec<String> {
    let charm = tempfile::tempdir().unwrap();
    match &record.dispatch {
        Some(text) => write_program(&charm.path().join("dispatch"), text),
        None if record.id == HOOKS_FILE.0 => write_program(&charm.path().join("hooks/update-status"), HOOKS_FILE.1),
        // A directory without any program is taken for no charm.
        None => write_program(&charm.path().join("hooks/install"), "#!/bin/bash\n"),
    }
    let mut world = world(record, charm.path());
    let mut differences = Vec::new();
    if record.steps.len() != record.results.len() {
        differences.push(format!("{} steps with {} results", record.steps.len(), record.results.len()));
    }
    for (index, (step, expected)) in record.steps.iter().zip(&record.results).enumerate() {
        let found = run(&mut world, record, step);
        let mut differ = |what: &str, expected: &Value, found: &Value| {
            if !agrees(expected, found) {
                differences.push(format!("step {index}: {what}: recorded {expected}, found {found}"));
            }
        };
        differ("error", &json!(expected.error), &found.error);
        let line = |it: &LogRecord| json!({"level": it.level, "module": it.module, "message": it.message});
        differ("log", &expected.logs.iter().map(line).collect(), &found.logs);
        let call = |it: &Immediate| json!({"call": it.call, "args": it.args});
        differ("immediate", &expected.immediate.iter().map(call).collect(), &found.immediate);
        let wanted = if expected.flushed.is_null() { json!({}) } else { expected.flushed.clone() };
        differ("flushed", &wanted, &found.flushed);
        let mut action = expected.action_finished.clone().unwrap_or_default();
        if let Some(action) = action.as_object_mut() {
            action.remove("action-tag");
            action.entry("message").or_insert(json!(""));
            action.entry("results").or_insert(json!({}));
        }
        differ("action", &action, &found.action);
    }
    differences
}

fn write_program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The record's world with the charm behind its unit.
fn world(record: &Dispatches, charm_dir: &Path) -> World {
    let model = scene::model(&record.world);
    let of = |(name, app): (&String, &crate::model::Application)| {
        let charm = app.charms[0].clone();
        let own = record.world.unit.starts_with(&format!("{name}/"));
        let revision = if own { Revision::executable_of(charm, charm_dir).unwrap() } else { Revision::played(charm) };
        (name.clone(), vec![revision])
    };
    let revisions: Vec<_> = model.applications.iter().map(of).collect();
    let mut world = World::restore(model, revisions).unwrap();
    world.forget_variables();
    world
}

/// What was seen of a step, in the recordings' form.
struct Found {
    error: Value,
    logs: Value,
    immediate: Value,
    flushed: Value,
    action: Value,
}

fn run(world: &mut World, record: &Dispatches, step: &Step) -> Found {
    let unit = &record.world.unit;
    let mut running = world.change(|model| {
        for (id, bags) in &step.bags {
            for (owner, settings) in bags {
                for side in &mut model.relations.get_mut(id).unwrap().sides {
                    let bag = if *owner == side.app { Some(&mut side.app_bag) } else { side.unit_bags.get_mut(owner) };
                    if let Some(bag) = bag {
                        bag.settings = settings.clone().into();
                        bag.version += 1;
                    }
                }
            }
        }
        match (&step.hook, &step.action) {
            (Some(hook), None) => {
                let app = unit.split('/').next().unwrap_or_default();
                let hook = scene::hook(model, app, hook);
                model.begin(unit, hook).unwrap()
            }
            (None, Some(action)) => {
                let params = action.params.clone().unwrap_or_default();
                model.begin_action(unit, &action.name, Value::Object(params)).unwrap()
            }
            _ => panic!("{}: a step is a hook or an action", record.id),
        }
    });
    let refused = record.world.errors.get("Uniter.CommitHookChanges").map(|error| error.message.clone());
    running.refusals.extend(record.world.errors.iter().map(|(call, error)| (call.clone(), error.message.clone())));
    let title = running.work.hook().map_or_else(|| step.action.as_ref().unwrap().name.clone(), ToString::to_string);
    let (run, end) = world.execute(running);
    let agent = world.agent_dir(unit);
    let placed = |text: &str| text.replace(&agent, "$AGENT");

    let mut how = finish(&run, &end);
    if let (Finish::Exited, Some(text)) = (&how, refused) {
        how = Finish::FlushRefused(text);
    }
    let sent = matches!(how, Finish::Exited) && run.running.reboot != Some(Reboot::Now);
    let flush = if sent { flushed(unit, &run.running.flush()) } else { json!({}) };
    let log = |entry: &Trace| match entry {
        Trace::Log { level, text } => {
            Some(json!({"level": level, "module": format!("unit.{unit}.{title}"), "message": variables(&placed(text))}))
        }
        Trace::Command(_) => None,
    };
    let logs = run.trace.iter().filter_map(log).collect();
    let immediate = immediate(&run.running);
    let (error, action) = match &step.action {
        Some(_) => {
            let output = (run.stdout.as_slice(), run.stderr.as_slice());
            let done = world.change(|model| model.finish_action(&run.running, &how, &end, output));
            (Value::Null, json!({"status": done.status, "message": done.message, "results": done.results}))
        }
        None => {
            let reboot = run.running.reboot;
            let fate = world.change(|model| model.finish(&run.running, how));
            (error(&fate, &end, reboot, &title).map_or(Value::Null, |text| json!(placed(&text))), Value::Null)
        }
    };
    Found { error, logs, immediate, flushed: flush, action }
}

/// The runner's error in Juju, which the agent reads: some of them are no failure of the hook.
fn error(fate: &Fate, end: &ProgramEnd, reboot: Option<Reboot>, title: &str) -> Option<String> {
    match fate {
        Fate::Committed if *end == ProgramEnd::Missing => Some(format!("$AGENT/charm/hooks/{title} does not exist")),
        Fate::Committed => reboot.map(|_| "reboot after hook".to_owned()),
        Fate::Rerun if reboot == Some(Reboot::Now) => Some("reboot now".to_owned()),
        Fate::Rerun => Some("terminated".to_owned()),
        Fate::Failed(why) | Fate::ActionFailed(why) => Some(why.clone()),
    }
}

fn immediate(running: &Running) -> Value {
    let mut calls: Vec<Value> =
        running.immediate.iter().map(|(call, args)| json!({"call": call, "args": args})).collect();
    if running.reboot.is_some() {
        calls.push(json!({"call": "set-agent-status", "args": {"status": "rebooting", "message": ""}}));
        calls.push(json!({"call": "request-reboot", "args": true}));
    }
    Value::Array(calls)
}

/// A list of names of variables, without those of another system than the recordings'.
fn variables(text: &str) -> String {
    if !text.contains("JUJU_CONTEXT_ID") {
        return text.to_owned();
    }
    text.split_inclusive(' ').filter(|name| !OF_UBUNTU.contains(&name.trim())).collect()
}
