use super::{Verb, expose};

pub(super) const VERB: Verb = Verb {
    name: "unexpose",
    aliases: &[],
    about: "Take back what expose has said",
    arguments: expose::arguments,
    has_model: true,
    idle: &[],
    run: |call| expose::set(call, false),
};
