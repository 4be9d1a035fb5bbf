use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::{Call, model_name};
use crate::cli::failure::Failure;
use crate::cli::view::CONTROLLER;

pub(super) const VERB: Verb = Verb {
    name: "switch",
    aliases: &[],
    about: "Choose the model that commands are about, or tell which one it is",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(Arg::new("name").value_name("MODEL").help("The model"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let named = call.matches.get_one::<String>("name").or(call.matches.get_one::<String>("model")).cloned();
    let full = |name: Option<&str>| name.map_or(CONTROLLER.to_owned(), |name| format!("{CONTROLLER}:admin/{name}"));
    let Some(name) = named.filter(|name| name != CONTROLLER) else {
        let store = call.store()?;
        call.terminal.print(&format!("{}\n", full(store.current())));
        return Ok(());
    };
    let name = model_name(&name)?;
    let mut store = call.open_store()?;
    if !store.models().contains_key(&name) {
        return Err(format!(
            "cannot determine if {name:?} is a valid model or controller: {CONTROLLER}:admin/{name} not found"
        )
        .into());
    }
    let before = store.current().map(str::to_owned);
    if before.as_deref() == Some(&name) {
        call.terminal.say(&format!("{} (no change)", full(Some(&name))));
        return Ok(());
    }
    store.switch(&name)?;
    call.terminal.say(&format!("{} -> {}", full(before.as_deref()), full(Some(&name))));
    Ok(())
}
