use std::collections::BTreeMap;

use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::{Call, model_name};
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};
use crate::cli::model_view::ModelInfo;
use crate::cli::session::Session;

pub(super) const VERB: Verb = Verb {
    name: "show-model",
    aliases: &[],
    about: "Show what is known of a model",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    with_forms(
        command.arg(Arg::new("name").value_name("MODEL").help("The model, in place of the current one")),
        &["yaml", "json"],
    )
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = match call.matches.get_one::<String>("name") {
        None => call.look()?,
        Some(name) => {
            let (store, name) = (call.store()?, model_name(name)?);
            if !store.models().contains_key(&name) {
                return Err(format!("model juju-sim:admin/{name} not found").into());
            }
            Session::open(&store, &name)?
        }
    };
    let info = BTreeMap::from([(session.name.clone(), ModelInfo::of(&session))]);
    give(call, &info, String::new)
}
