use std::fs;

use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::{PageInput, SimError};

pub(super) const VERB: Verb = Verb {
    name: "page",
    aliases: &[],
    about: "Write what happened in a model as a page for a browser",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let file = Arg::new("file").value_name("FILE").help("The file, in place of MODEL.html");
    command.arg(file).arg(Arg::new("title").long("title").value_name("TEXT").help("What stands above it"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let name = format!("{}.html", session.name);
    let path = call.path(call.matches.get_one::<String>("file").unwrap_or(&name));
    let default = format!("model {}, seed {}", session.name, session.world.model().seed());
    let title = call.matches.get_one::<String>("title").unwrap_or(&default);
    let runs = session.history();
    let mut input: PageInput = session.world.page_input(title);
    input.left_out = runs.first().map_or(0, |run| run.sequence.saturating_sub(1));
    input.marks = session.marks();
    input.runs = runs;
    fs::write(&path, crate::page(&input)).map_err(SimError::file("write", &path))?;
    call.terminal.say(&format!("Wrote {}", path.display()));
    Ok(())
}
