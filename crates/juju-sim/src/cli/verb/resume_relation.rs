use super::{Verb, suspend_relation};
use crate::World;

pub(super) const VERB: Verb = Verb {
    name: "resume-relation",
    aliases: &[],
    about: "Bring a suspended relation back",
    arguments: suspend_relation::arguments,
    has_model: true,
    idle: &[],
    run: |call| suspend_relation::with_each(call, World::resume_relation),
};
