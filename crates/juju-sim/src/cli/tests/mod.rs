//! The command, called in this process on a store of its own.

#![allow(clippy::unwrap_used, reason = "tests")]

mod bench;
mod bundle;
mod lifecycle;
mod offers;
mod scripted;
mod verbs;

pub(super) use bench::Bench;
