//! The command, called in this process on a store of its own.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod actions;
mod bench;
mod broken;
mod bundle;
mod completions;
mod crashes;
mod history;
mod hooks;
mod lifecycle;
mod logs;
mod models;
mod odd;
mod offers;
mod passing;
mod random;
mod refused;
mod rich;
mod scripted;
mod secrets;
mod shared;
mod storage;
mod units;
mod verbs;
mod verbs_document;
mod views;

pub(super) use bench::{Bench, texts};
