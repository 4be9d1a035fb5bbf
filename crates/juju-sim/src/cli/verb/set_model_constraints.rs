use super::Verb;
use crate::cli::call::Call;
use crate::cli::constraints;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "set-model-constraints",
    aliases: &[],
    about: "Keep constraints for a model; there are no machines to choose by them",
    arguments: constraints::words,
    has_model: true,
    idle: &[],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (_store, mut session) = call.open()?;
    session.records.settings.constraints = constraints::parse(call.texts("constraints").iter().map(String::as_str))?;
    session.keep()?;
    Ok(session.end()?)
}
