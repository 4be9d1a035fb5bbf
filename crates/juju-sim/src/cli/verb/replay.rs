use clap::{Arg, Command};

use super::Verb;
use super::explore::{on_model, tell, with_page};
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "replay",
    aliases: &[],
    about: "Run one case of an exploration again, and show all that it did",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let case = Arg::new("case").required(true).value_name("SEED[:STEPS]");
    with_page(command).arg(case.help("What explore has printed; of a seed alone, all of its steps"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let case = call.text("case");
    let explored = on_model(call, |explore| explore.replay(case))?;
    if let Err(failure) = &explored {
        // What is no case is none that can be run again.
        if failure.case().is_empty() {
            let why = failure.why.strip_prefix(&format!("the case={case}: ")).unwrap_or(&failure.why);
            return Err(Failure::Usage(format!("{case:?} is no case: {why}")));
        }
        call.terminal.print(&failure.transcript);
    }
    tell(call, explored)
}
