use super::Verb;
use crate::cli::call::Call;
use crate::cli::constraints;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "model-constraints",
    aliases: &["get-model-constraints"],
    about: "Show the constraints of a model",
    arguments: constraints::forms,
    has_model: true,
    idle: &[],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    constraints::show(call, &session.records.settings.constraints)
}
