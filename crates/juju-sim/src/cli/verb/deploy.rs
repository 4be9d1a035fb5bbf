use std::path::Path;

use clap::{Arg, ArgAction, Command, value_parser};

use super::{Verb, no_settle};
use crate::Deployment;
use crate::cli::bundle;
use crate::cli::call::Call;
use crate::cli::constraints;
use crate::cli::failure::Failure;
use crate::cli::machines;
use crate::cli::options;

pub(super) const VERB: Verb = Verb {
    name: "deploy",
    aliases: &[],
    about: "Deploy a charm, a directory or a .charm file, or a bundle of several",
    arguments,
    has_model: true,
    idle: &[
        ("force", "what it forces is not checked"),
        ("channel", "a local charm has none"),
        ("series", "there are no machines of a series"),
    ],
    run,
};

/// The most units that one call makes.
pub(super) const MOST_UNITS: i64 = 10_000;
/// The most instances of a storage that one call makes for a unit.
const MOST_STORAGE: u32 = 1000;

fn arguments(command: Command) -> Command {
    let many =
        |name: &'static str, value: &'static str| Arg::new(name).long(name).action(ArgAction::Append).value_name(value);
    let units = Arg::new("num-units")
        .long("num-units")
        .short('n')
        .value_name("NUMBER")
        .value_parser(value_parser!(u32).range(0..=MOST_UNITS));
    command
        .arg(
            Arg::new("charm")
                .required(true)
                .value_name("CHARM")
                .help("A directory or a file, such as ./web.charm or ./bundle.yaml"),
        )
        .arg(many("overlay", "FILE").help("Of a bundle: a YAML file that is laid over it"))
        .arg(Arg::new("application").value_name("NAME").help("The application's name, in place of the charm's"))
        .arg(units.help("How many units"))
        .arg(many("config", "KEY=VALUE").help("Set an option, to @FILE's text too, or those of a YAML file"))
        .arg(many("resource", "NAME=FILE").help("The file of a resource"))
        .arg(many("storage", "NAME=COUNT").help("How much of a storage each unit gets"))
        .arg(many("bind", "ENDPOINT=SPACE").help("The spaces of endpoints; a space alone is for all"))
        .arg(many("to", "MACHINE").help("The machines of the units, by number"))
        .arg(many("constraints", "KEY=VALUE").help("Kept and shown; there are no machines to choose"))
        .arg(Arg::new("base").long("base").value_name("BASE").help("Kept and shown, such as ubuntu@24.04"))
        .arg(Arg::new("trust").long("trust").action(ArgAction::SetTrue).help("Let it have the cloud's credential"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let given = call.text("charm").to_owned();
    let path = local(call, &given)?;
    if let Some(file) = bundle::file_of(&path) {
        return deploy_bundle(call, &file);
    }
    if !call.texts("overlay").is_empty() {
        return Err("flag provided but not supported when deploying a charm: --overlay".into());
    }
    let (store, mut session) = call.open_or_make()?;
    let (revision, record) = session.take_charm(&path)?;
    let charm = revision.charm().clone();
    let app = match call.matches.get_one::<String>("application") {
        Some(name) => name.clone(),
        None => charm.name().to_owned(),
    };
    if session.world.applications().contains(&app) {
        return Err(format!("cannot add application {app:?}: application already exists").into());
    }
    let mut deployment = Deployment::of(revision);
    if let Some(count) = call.matches.get_one::<u32>("num-units") {
        if charm.is_subordinate() {
            return Err("cannot use --num-units with subordinate application".into());
        }
        deployment = deployment.units(*count);
    }
    for (key, value) in options::of_charm(&call.texts("config"), &charm, &app, &call.around.dir)? {
        deployment = deployment.config(&key, value);
    }
    for text in call.texts("resource") {
        let (name, file) = options::pair(&text)?;
        let path = call.path(&file);
        deployment = deployment.resource(&name, options::read_resource(&path)?);
    }
    for text in call.texts("storage") {
        let (name, directive) = options::pair(&text)?;
        deployment = deployment.storage(&name, count(&directive)?);
    }
    for (binding, space) in bindings(&call.texts("bind")) {
        deployment = deployment.bind(&binding, &space);
    }
    let machines = machines::placement(&session, &call.texts("to"))?;
    deployment = deployment.on_machines(machines);
    if call.flag("trust") {
        deployment = deployment.trust(machines::cloud());
    }
    let constraints = call.texts("constraints");
    let constraints = constraints::parse(constraints.iter().flat_map(|text| text.split_whitespace()))?;
    session.world.deploy(&app, deployment)?;
    call.terminal.say(&format!("Deploying {app:?} from local charm {:?}, revision {}", charm.name(), record.revision));
    let entry = session.app_mut(&app);
    entry.charms.push(record);
    entry.constraints = constraints;
    entry.base = call.matches.get_one::<String>("base").cloned().unwrap_or_default();
    call.settle(&store, &mut session)
}

/// Deploys all of a bundle, or nothing of it.
fn deploy_bundle(call: &mut Call<'_, '_>, file: &Path) -> Result<(), Failure> {
    if call.matches.contains_id("application") {
        return Err("this is the bundle deployment, and an application name is not expected".into());
    }
    let overlays: Vec<std::path::PathBuf> = call.texts("overlay").iter().map(|path| call.path(path)).collect();
    let bundle = bundle::read(file, &overlays)?;
    let (store, mut session) = call.open_or_make()?;
    bundle::deploy(call, &store, &mut session, &bundle, file.parent().unwrap_or(file))?;
    call.settle(&store, &mut session)?;
    call.terminal.say("Deploy of bundle completed.");
    Ok(())
}

/// The path of a charm that is here. Juju takes a name without a slash for one of Charmhub's.
fn local(call: &Call<'_, '_>, given: &str) -> Result<std::path::PathBuf, Failure> {
    let path = call.path(given.strip_prefix("local:").unwrap_or(given));
    let plain =
        !given.is_empty() && !given.contains('/') && !given.starts_with('.') && Path::new(given).extension().is_none();
    match (path.exists(), plain) {
        (true, true) => {
            let advice = format!("run `juju-sim deploy ./{given}` to deploy the local one");
            Err(format!("the charm or bundle {given:?} is ambiguous: {advice}").into())
        }
        (true, false) if !given.is_empty() => Ok(path),
        (false, true) => Err(Failure::Unsupported(format!("charm {given:?} of Charmhub"))),
        _ => Err(format!("no charm was found at {given:?}").into()),
    }
}

/// How many instances a storage directive such as `2`, `pool,2` or `1G` asks for.
pub(in crate::cli) fn count(directive: &str) -> Result<u32, Failure> {
    let mut count = None;
    for part in directive.split(',') {
        let starts = |is: fn(&char) -> bool| part.chars().next().as_ref().is_some_and(is);
        let plain = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        match part.parse::<u32>() {
            Ok(number) if (1..=MOST_STORAGE).contains(&number) => count = Some(number),
            Ok(_) => return Err(format!("storage directive {directive:?}: expected a count from 1 to 1000").into()),
            // A pool, or a size: neither means anything here.
            Err(_) if plain && starts(char::is_ascii_alphabetic) => {}
            Err(_) if plain && starts(char::is_ascii_digit) && part.ends_with(char::is_alphabetic) => {}
            Err(_) => {
                return Err(format!("storage directive {directive:?}: expected a pool, a count and a size").into());
            }
        }
    }
    Ok(count.unwrap_or(1))
}

/// The spaces of `--bind`: `db=fast`, or a space alone.
pub(super) fn bindings(given: &[String]) -> Vec<(String, String)> {
    let words = given.iter().flat_map(|text| text.split_whitespace());
    let bind = |word: &str| match word.split_once('=') {
        Some((endpoint, space)) => (endpoint.to_owned(), space.to_owned()),
        None => (String::new(), word.to_owned()),
    };
    words.map(bind).collect()
}
