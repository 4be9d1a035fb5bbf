//! The command, called in this process on a store of its own.

#![allow(clippy::unwrap_used, reason = "tests")]

mod bench;
mod lifecycle;
mod scripted;
mod verbs;

pub(super) use bench::Bench;
