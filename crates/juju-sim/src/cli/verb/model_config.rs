use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Arg, ArgAction, Command};
use serde::Serialize;
use serde_json::{Value, json};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::duration;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, form, give, with_forms};
use crate::cli::options;
use crate::cli::records::{HOOK_TIME, HOOK_TIME_LIMIT};
use crate::cli::session::Session;
use crate::cli::view::{VERSION, plain};

pub(super) const VERB: Verb = Verb {
    name: "model-config",
    aliases: &[],
    about: "Show or change the options of a model",
    arguments,
    has_model: true,
    idle: &[
        ("color", "it has no colours"),
        ("no-color", "it has no colours"),
        ("ignore-read-only-fields", "they are passed over in files"),
    ],
    run,
};

/// The options that cannot be set.
const FIXED: [&str; 4] = ["agent-version", "name", "type", "uuid"];

/// Those that are times.
const TIMES: [&str; 2] = [HOOK_TIME_LIMIT, "update-status-hook-interval"];

/// Some that Juju has, with what they are when nobody sets them. Of these `automatically-retry-hooks`, the proxies and
/// `update-status-hook-interval` do something here; the others are kept and shown. `hook-time-limit` is the simulator's
/// own: in Juju a hook may run for ever.
fn defaults() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("automatically-retry-hooks", json!(true)),
        ("default-base", json!("")),
        ("default-space", json!("")),
        ("development", json!(false)),
        (HOOK_TIME_LIMIT, json!(HOOK_TIME)),
        ("image-stream", json!("released")),
        ("juju-ftp-proxy", json!("")),
        ("juju-http-proxy", json!("")),
        ("juju-https-proxy", json!("")),
        ("juju-no-proxy", json!("127.0.0.1,localhost,::1")),
        ("logging-config", json!("<root>=INFO")),
        ("max-action-results-age", json!("336h")),
        ("max-status-history-age", json!("336h")),
        ("provisioner-harvest-mode", json!("destroyed")),
        ("test-mode", json!(false)),
        ("update-status-hook-interval", json!("5m")),
    ])
}

/// Those that do something here.
const OPTIONS: &str = "\
These do something, the others are kept and shown:
  automatically-retry-hooks    try a failed hook again, a few times
  hook-time-limit              kill a hook that runs for longer; in juju it
                               may run for ever
  juju-*-proxy                 are what hooks are told of
  update-status-hook-interval  how far apart the update-status of tick are";

fn arguments(command: Command) -> Command {
    let many = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append);
    let command = command
        .arg(Arg::new("settings").num_args(0..).value_name("KEY[=VALUE]").help("The option to show, or those to set"))
        .arg(many("file").value_name("FILE").help("Set the options of a YAML file"))
        .arg(many("reset").value_name("KEYS").help("Set options to their defaults"));
    with_forms(command, &["tabular", "json", "yaml"]).after_help(OPTIONS)
}

#[derive(Serialize)]
struct OptionView {
    value: Value,
    source: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct JsonView<'a> {
    value: &'a Value,
    source: &'static str,
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (settings, files, reset) = (call.texts("settings"), call.texts("file"), call.texts("reset"));
    let sets = settings.iter().any(|text| text.contains('='));
    if !sets && files.is_empty() && reset.is_empty() {
        let session = call.look()?;
        return show(call, &session, &settings);
    }
    let mut changes = BTreeMap::new();
    for file in &files {
        let all = options::read_yaml(&options::read_text(&call.path(file))?, file)?;
        changes.extend(all.into_iter().filter(|(key, _)| !FIXED.contains(&key.as_str())));
    }
    for text in &settings {
        let (key, value) = options::pair(text)?;
        let value = options::value_of(&value, &call.around.dir)?;
        changes.insert(key, as_default(&value));
    }
    let changes = checked(call, changes)?;
    let (_store, mut session) = call.open()?;
    session.records.settings.config.extend(changes);
    for key in reset.iter().flat_map(|keys| keys.split(',')) {
        session.records.settings.config.remove(key);
    }
    session.apply_config();
    session.keep()?;
    Ok(session.end()?)
}

/// A value as it is written on the command line: a boolean where it says one.
pub(super) fn as_default(text: &str) -> Value {
    match text {
        "true" | "True" => true.into(),
        "false" | "False" => false.into(),
        text => text.into(),
    }
}

/// What options of a model are set to, where all of them can be.
pub(super) fn checked(
    call: &mut Call<'_, '_>,
    changes: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Failure> {
    let known = defaults();
    for (key, value) in &changes {
        if FIXED.contains(&key.as_str()) {
            return Err(format!("{key:?} cannot be set on a model").into());
        }
        match known.get(key.as_str()) {
            Some(Value::Bool(_)) if !value.is_boolean() => {
                return Err(format!("{key}: expected bool, got {value}").into());
            }
            Some(_) if TIMES.contains(&key.as_str()) => {
                let time = value.as_str().map(duration::parse).and_then(Result::ok);
                if time.is_none_or(|time| time < Duration::from_secs(1)) {
                    return Err(format!("{key}: expected a time of 1s or more, such as 5m, got {value}").into());
                }
            }
            Some(_) => {}
            None => call
                .terminal
                .say(&format!("key {key:?} is not defined in the known model configuration: possible misspelling")),
        }
    }
    Ok(changes)
}

fn show(call: &mut Call<'_, '_>, session: &Session, keys: &[String]) -> Result<(), Failure> {
    let model = session.world.model();
    let fixed = [("agent-version", VERSION), ("name", model.name()), ("type", "juju-sim"), ("uuid", model.uuid())];
    let mut views: BTreeMap<String, OptionView> = BTreeMap::new();
    for (key, value) in fixed {
        views.insert(key.to_owned(), OptionView { value: value.into(), source: "model" });
    }
    for (key, value) in defaults() {
        views.insert(key.to_owned(), OptionView { value, source: "default" });
    }
    for (key, value) in &session.records.settings.config {
        views.insert(key.clone(), OptionView { value: value.clone(), source: "model" });
    }
    match keys {
        [] => {}
        [key] => {
            let view = views.get(key).ok_or_else(|| format!("key {key:?} not found in the model settings"))?;
            call.terminal.print(&format!("{}\n", plain(&view.value)));
            return Ok(());
        }
        _ => return Err(Failure::Usage("can only retrieve a single value, or all values".to_owned())),
    }
    if form(call.matches) == "json" {
        let views: BTreeMap<_, _> =
            views.iter().map(|(key, it)| (key, JsonView { value: &it.value, source: it.source })).collect();
        return give(call, &views, String::new);
    }
    give(call, &views, || {
        let mut table = Table::of(&["Attribute", "From", "Value"]);
        for (key, view) in &views {
            let value = if view.value == "" { "\"\"".to_owned() } else { plain(&view.value) };
            table.row([key, view.source, &value]);
        }
        table.text()
    })
}
