use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::offers;

pub(super) const VERB: Verb = Verb {
    name: "integrate",
    aliases: &["relate"],
    about: "Relate two applications",
    arguments,
    has_model: true,
    idle: &[("via", "there is no firewall to open")],
    run,
};

fn arguments(command: Command) -> Command {
    let end = |name: &'static str, value: &'static str| Arg::new(name).required(true).value_name(value);
    command
        .arg(end("one", "APPLICATION[:ENDPOINT]").help("An application, with the endpoint where several fit"))
        .arg(end("other", "OTHER[:ENDPOINT]").help("The other one, or an offer's URL"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let mut ends = [call.text("one").to_owned(), call.text("other").to_owned()];
    for end in &mut ends {
        *end = offers::end(&store, &mut session, end)?;
    }
    let id = session.world.integrate(&ends[0], &ends[1])?;
    offers::tie(&store, &mut session, id)?;
    call.settle(&store, &mut session)
}
