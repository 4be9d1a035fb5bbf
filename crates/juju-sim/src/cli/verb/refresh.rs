use clap::{Arg, ArgAction, Command};

use super::deploy::{bindings, count};
use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::{machines, options};

pub(super) const VERB: Verb = Verb {
    name: "refresh",
    aliases: &[],
    about: "Bring another revision of its charm to an application",
    arguments,
    has_model: true,
    idle: &[
        ("force", "what it forces is not checked"),
        ("force-base", "bases are not checked"),
        ("force-series", "bases are not checked"),
        ("base", "bases are not checked"),
    ],
    run,
};

fn arguments(command: Command) -> Command {
    let many =
        |name: &'static str, value: &'static str| Arg::new(name).long(name).action(ArgAction::Append).value_name(value);
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    command
        .arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"))
        .arg(
            Arg::new("path")
                .long("path")
                .value_name("CHARM")
                .help("The charm: a directory or a .charm file; else where it came from"),
        )
        .arg(many("config", "KEY=VALUE").help("Set options too"))
        .arg(many("resource", "NAME=FILE").help("The file of a resource"))
        .arg(many("storage", "NAME=COUNT").help("How much of a storage each new unit gets"))
        .arg(many("bind", "ENDPOINT=SPACE").help("The spaces of endpoints"))
        .arg(switch("force-units").help("Units in error go over to it too"))
        .arg(switch("trust").help("Let it have the cloud's credential"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let app = call.text("application").to_owned();
    let (store, mut session) = call.open()?;
    session.world.model().application(&app)?;
    let origin = session.app(&app).charms.last().map(|charm| charm.origin.clone());
    let path = match call.matches.get_one::<String>("path") {
        Some(path) => call.path(path),
        None => origin.map(Into::into).ok_or("it has no charm of its own: give one with --path")?,
    };
    let (revision, record) = session.take_charm(&path)?;
    let charm = revision.charm().clone();
    let old = session.world.model().application(&app)?.charm().name().to_owned();
    if charm.name() != old {
        return Err(format!("cannot refresh {old:?} to {:?}", charm.name()).into());
    }
    let config = options::of_charm(&call.texts("config"), &charm, &app, &call.around.dir)?;
    let mut resources = Vec::new();
    for text in call.texts("resource") {
        let (name, file) = options::pair(&text)?;
        let path = call.path(&file);
        resources.push((name, options::read_resource(&path)?));
    }
    session.world.refresh(&app, revision)?;
    let number = record.revision;
    session.app_mut(&app).charms.push(record);
    for (key, value) in config {
        session.world.set_config(&app, &key, Some(value))?;
    }
    for (name, content) in resources {
        session.world.attach_resource(&app, &name, content)?;
    }
    for text in call.texts("storage") {
        let (name, directive) = options::pair(&text)?;
        session.world.set_storage_count(&app, &name, count(&directive)?)?;
    }
    for (binding, space) in bindings(&call.texts("bind")) {
        session.world.bind(&app, &binding, &space)?;
    }
    if call.flag("trust") {
        session.world.trust(&app, Some(machines::cloud()))?;
    }
    if call.flag("force-units") {
        session.world.take_failed_as_done(&app)?;
    }
    call.terminal.say(&format!("Added local charm {:?}, revision {number}, to the model", charm.name()));
    call.settle(&store, &mut session)
}
