use clap::{Arg, ArgAction, Command};

use super::{Verb, confirm, no_prompt};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::offers;
use crate::cli::session::Session;

pub(super) const VERB: Verb = Verb {
    name: "remove-offer",
    aliases: &[],
    about: "Take offers back",
    arguments,
    has_model: true,
    idle: &[("controller", "there is one")],
    run,
};

fn arguments(command: Command) -> Command {
    let force = Arg::new("force").long("force").action(ArgAction::SetTrue);
    let yes = Arg::new("yes").long("yes").short('y').action(ArgAction::SetTrue).hide(true);
    command
        .arg(Arg::new("offers").required(true).num_args(1..).value_name("[MODEL.]OFFER").help("The offers"))
        .arg(force.help("Also those that are in use, with their relations"))
        .arg(yes)
        .arg(no_prompt())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let store = call.open_store()?;
    for given in call.texts("offers") {
        let (model, name) = match given.contains('.') {
            true => offers::parse(&given)?,
            false => (call.model_name(&store)?, given.clone()),
        };
        if !store.models().contains_key(&model) {
            return Err(format!("model juju-sim:admin/{model} not found").into());
        }
        let mut session = call.watched(Session::open(&store, &model)?);
        let url = offers::url(&model, &name);
        let Some(offer) = session.records.settings.offers.get(&name).cloned() else {
            return Err(format!("application offer {url:?} not found").into());
        };
        let used: Vec<u32> = {
            let model = session.world.model();
            let is = |relation: &crate::model::Relation| {
                relation.remote_model.is_some()
                    && relation.own(&offer.application).is_some_and(|side| offer.endpoints.contains(&side.endpoint))
            };
            model.relations.iter().filter(|(_, relation)| is(relation)).map(|(id, _)| *id).collect()
        };
        if !used.is_empty() && !call.flag("force") {
            let count = used.len();
            return Err(
                format!("cannot delete application offer {name:?}: offer has {count} relations: use --force").into()
            );
        }
        if call.flag("force") && !call.flag("yes") {
            confirm(
                call,
                &format!(
                    "WARNING! This command will remove offers: {url}\nThis includes all relations to those offers."
                ),
                "y",
            )?;
        }
        for id in used {
            session.world.change(|model| model.remove_relation(id, false))?;
        }
        call.settle(&store, &mut session)?;
        session.records.settings.offers.remove(&name);
        session.keep()?;
        session.end()?;
    }
    Ok(())
}
