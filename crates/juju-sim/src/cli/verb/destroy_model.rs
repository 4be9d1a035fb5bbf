use clap::{Arg, ArgAction, Command};

use super::{Verb, confirm, no_prompt};
use crate::cli::call::{Call, model_name};
use crate::cli::failure::Failure;
use crate::cli::offers;
use crate::cli::session::Session;

pub(super) const VERB: Verb = Verb {
    name: "destroy-model",
    aliases: &[],
    about: "Remove a model with all that it has",
    arguments,
    has_model: false,
    idle: &[("no-wait", "nothing is waited for"), ("timeout", "nothing is waited for")],
    run,
};

fn arguments(command: Command) -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    command
        .arg(Arg::new("name").required(true).value_name("MODEL").help("The model"))
        .arg(switch("destroy-storage").help("Destroy its storage too").conflicts_with("release-storage"))
        .arg(switch("release-storage").help("Let go of its storage"))
        .arg(switch("force").help("Run no hooks: take everything away at once"))
        .arg(no_prompt())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let name = model_name(call.text("name"))?;
    let mut store = call.open_store()?;
    if !store.models().contains_key(&name) {
        return Err(format!("cannot read model info: model juju-sim:admin/{name} not found").into());
    }
    let opened = Session::open(&store, &name);
    if opened.is_err() && call.flag("force") {
        // A model that cannot be read is in the way of others.
        confirm(call, &format!("This command will destroy the {name:?} model, which cannot be read."), &name)?;
        store.remove(&name)?;
        call.terminal.say("Model destroyed.");
        return Ok(());
    }
    let mut session = opened?;
    let consumed = offers::connections(&session, None);
    if consumed > 0 && !call.flag("force") {
        let why = format!("its offers have {consumed} relations with other models: use --force");
        return Err(format!("cannot destroy model {name:?}: {why}").into());
    }
    let has_storage = !session.world.model().storage.is_empty();
    if has_storage && !call.flag("destroy-storage") && !call.flag("release-storage") {
        let advice = "use --destroy-storage or --release-storage";
        return Err(
            format!("cannot destroy model {name:?}: the model has persistent storage remaining: {advice}").into()
        );
    }
    let warning = format!("This command will destroy the {name:?} model and affect all of its resources.");
    confirm(call, &warning, &name)?;
    if !call.flag("force") {
        // What the charms do at their end is seen, and does not keep the model.
        for app in session.world.applications() {
            let _ = session.world.remove_application(&app);
        }
        call.settle(&store, &mut session)?;
    }
    drop(session);
    store.remove(&name)?;
    call.terminal.say("Model destroyed.");
    Ok(())
}
