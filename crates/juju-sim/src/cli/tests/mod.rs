//! The command, called in this process on a store of its own.

#![allow(clippy::unwrap_used, reason = "tests")]

mod bench;
mod bundle;
mod completions;
mod history;
mod lifecycle;
mod offers;
mod verbs;
mod verbs_document;

pub(super) use bench::Bench;
