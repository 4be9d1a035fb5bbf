use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "add-space",
    aliases: &[],
    about: "Add a space with a network, for --bind",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    command
        .arg(Arg::new("name").required(true).value_name("NAME").help("The space"))
        .arg(Arg::new("network").required(true).value_name("CIDR").help("Its network, such as 10.9.0.0/24"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (name, network) = (call.text("name"), call.text("network"));
    if crate::command::Network::in_space(network, 0).is_none() {
        return Err(format!("{network:?} is not a valid CIDR of a network that has room for machines").into());
    }
    let (_store, mut session) = call.open_or_make()?;
    if name == "alpha" || session.world.model().spaces.contains_key(name) {
        return Err(format!("space {name:?} already exists").into());
    }
    session.world.add_space(name, network);
    call.terminal.say(&format!("added space {name:?} with subnets {network}"));
    session.keep()?;
    Ok(session.end()?)
}
