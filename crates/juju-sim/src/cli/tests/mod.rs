//! The command, called in this process on a store of its own.

mod bench;
mod lifecycle;
mod verbs;

pub(super) use bench::Bench;
