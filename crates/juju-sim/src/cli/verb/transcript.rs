use clap::{Arg, Command, value_parser};

use super::Verb;
use crate::HookRun;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};

pub(super) const VERB: Verb = Verb {
    name: "transcript",
    aliases: &[],
    about: "Show what hooks and actions did: hook commands, log, status. Values of databags and secrets are hidden",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let last = Arg::new("last").short('n').long("last").value_name("NUMBER").value_parser(value_parser!(usize));
    let command = command
        .arg(Arg::new("units").num_args(0..).value_name("UNIT|APPLICATION").help("Those of some units alone"))
        .arg(last.help("So many of the newest"))
        .arg(Arg::new("hook").long("hook").value_name("HOOK").help("Those of one hook alone, such as install"));
    with_forms(command, &["text", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let units = call.texts("units");
    let hook = call.matches.get_one::<String>("hook");
    let is = |run: &HookRun| {
        let app = run.unit.split('/').next().unwrap_or_default();
        (units.is_empty() || units.iter().any(|unit| *unit == run.unit || unit == app))
            && hook.is_none_or(|hook| run.hook == *hook)
    };
    let mut runs = session.history();
    let there = |name: &str| {
        let has_run = runs.iter().any(|run| run.unit == name || run.unit.split('/').next() == Some(name));
        has_run
            || session.world.units().iter().any(|unit| unit == name)
            || session.world.applications().iter().any(|app| app == name)
    };
    if let Some(unknown) = units.iter().find(|name| !there(name)) {
        let what = if unknown.contains('/') { "unit" } else { "application" };
        return Err(format!("{what} {unknown:?} not found").into());
    }
    runs.retain(is);
    let last = call.matches.get_one::<usize>("last").copied().unwrap_or(usize::MAX);
    let runs = runs.split_off(runs.len().saturating_sub(last));
    // YAML has no enums of its own.
    let value = serde_json::to_value(&runs).map_err(|error| error.to_string())?;
    give(call, &value, || runs.iter().map(ToString::to_string).collect())
}
