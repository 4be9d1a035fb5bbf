use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::{Call, model_name};
use crate::cli::failure::Failure;
use crate::cli::offers;
use crate::cli::records::Offer;
use crate::cli::session::Session;

pub(super) const VERB: Verb = Verb {
    name: "offer",
    aliases: &[],
    about: "Let other models relate to endpoints of an application",
    arguments,
    has_model: true,
    idle: &[("controller", "there is one")],
    run,
};

fn arguments(command: Command) -> Command {
    let what = Arg::new("what").required(true).value_name("[MODEL.]APPLICATION:ENDPOINT[,…]");
    command
        .arg(what.help("The application and its endpoints"))
        .arg(Arg::new("name").value_name("NAME").help("The offer's name, in place of the application's"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let what = call.text("what");
    let (place, endpoints) = what.rsplit_once(':').ok_or_else(|| {
        Failure::Usage(format!("endpoints must conform to format \"<application-name>:<endpoint-name>\", got {what:?}"))
    })?;
    let store = call.open_store()?;
    let (model, application) = match place.rsplit_once('.') {
        Some((model, application)) => (model_name(model)?, application),
        None => (call.model_name(&store)?, place),
    };
    if !store.models().contains_key(&model) {
        return Err(format!("model juju-sim:admin/{model} not found").into());
    }
    let name = call.matches.get_one::<String>("name").map_or(application, String::as_str).to_owned();
    offers::parse(&offers::url(&model, &name))?;
    let mut session = Session::open(&store, &model)?;
    let endpoints: Vec<String> = endpoints.split(',').map(str::to_owned).collect();
    let offer = Offer { application: application.to_owned(), endpoints };
    let known = offers::endpoints(&session, &offer).map_err(|_| format!("application {application:?} not found"))?;
    if let Some(unknown) = offer.endpoints.iter().find(|name| known.iter().all(|it| it.name != **name)) {
        return Err(format!("application {application:?} has no endpoint {unknown:?}").into());
    }
    let shown = offer.endpoints.join(", ");
    session.records.settings.offers.insert(name.clone(), offer);
    session.keep()?;
    session.end()?;
    let url = offers::url(&model, &name);
    call.terminal.say(&format!("Application {application:?} endpoints [{shown}] available at {url:?}"));
    Ok(())
}
