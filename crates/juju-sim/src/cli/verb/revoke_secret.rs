use super::{Verb, grant_secret};
use crate::World;

pub(super) const VERB: Verb = Verb {
    name: "revoke-secret",
    aliases: &[],
    about: "Take back that applications may read a secret",
    arguments: grant_secret::arguments,
    has_model: true,
    idle: &[],
    run: |call| grant_secret::with_each(call, World::revoke_secret),
};
