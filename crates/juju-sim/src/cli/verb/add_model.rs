use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command, value_parser};

use super::{Verb, model_config};
use crate::cli::call::{Call, model_name};
use crate::cli::failure::Failure;
use crate::cli::options;
use crate::cli::session::Session;

pub(super) const VERB: Verb = Verb {
    name: "add-model",
    aliases: &[],
    about: "Add a model",
    arguments,
    has_model: false,
    idle: &[("credential", "there is no cloud"), ("controller", "there is one")],
    run,
};

fn arguments(command: Command) -> Command {
    let seed = Arg::new("seed").long("seed").value_name("NUMBER").value_parser(value_parser!(u64));
    command
        .arg(Arg::new("name").required(true).value_name("NAME").help("Its name"))
        .arg(Arg::new("cloud").value_name("CLOUD").hide(true).help("Taken, and of no meaning: there is no cloud"))
        .arg(
            Arg::new("no-switch").long("no-switch").action(ArgAction::SetTrue).help("Leave the current model as it is"),
        )
        .arg(
            Arg::new("config")
                .long("config")
                .action(ArgAction::Append)
                .value_name("KEY=VALUE")
                .help("Set an option of the model, or those of a YAML file"),
        )
        .arg(seed.help("What everything random in it follows from"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let name = model_name(call.text("name"))?;
    let seed = call.matches.get_one::<u64>("seed").copied().unwrap_or(call.around.seed);
    let mut config = BTreeMap::new();
    for text in call.texts("config") {
        match text.split_once('=') {
            Some((key, value)) => _ = config.insert(key.to_owned(), model_config::as_default(value)),
            None => config.extend(options::read_yaml(&options::read_text(&call.path(&text))?, &text)?),
        }
    }
    let config = model_config::checked(call, config)?;
    let mut store = call.open_store()?;
    if store.models().contains_key(&name) {
        return Err(
            format!("failed to create new model: model {name:?} for admin already exists (already exists)").into()
        );
    }
    Session::create(&mut store, &name, seed, config, !call.flag("no-switch"))?.end()?;
    call.terminal.say(&format!("Added '{name}' model on juju-sim/default with credential 'admin' for user 'admin'"));
    Ok(())
}
