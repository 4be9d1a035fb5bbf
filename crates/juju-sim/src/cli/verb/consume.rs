use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::offers;

pub(super) const VERB: Verb = Verb {
    name: "consume",
    aliases: &[],
    about: "Let a model relate to an offer of another one",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    command
        .arg(Arg::new("offer").required(true).value_name("MODEL.OFFER").help("The offer"))
        .arg(Arg::new("alias").value_name("NAME").help("Its name here, in place of the offer's"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let alias = call.matches.get_one::<String>("alias").map(String::as_str);
    let name = offers::consume(&store, &mut session, call.text("offer"), alias)?;
    session.keep()?;
    session.end()?;
    let url = session.records.settings.saas.get(&name).map(|saas| saas.url.clone()).unwrap_or_default();
    call.terminal.say(&format!("Added {url} as {name}"));
    Ok(())
}
