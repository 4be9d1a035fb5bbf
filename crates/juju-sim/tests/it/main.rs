//! Scenarios: verbs in, hooks out.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic as tests may")]

mod actions;
mod applications;
mod check;
mod chosen;
mod command;
mod demo;
mod everything;
mod explored;
mod faults;
mod first_start;
mod go;
mod init;
mod leadership;
mod mistakes;
mod noted;
mod page;
mod process;
mod properties;
mod refreshes;
mod relations;
mod removal;
mod secrets;
mod storage;
mod subordinates;
mod support;
mod timers;
mod tour;
