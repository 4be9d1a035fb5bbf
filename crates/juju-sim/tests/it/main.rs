//! Scenarios: verbs in, hooks out.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic as tests may")]

mod actions;
mod demo;
mod faults;
mod first_start;
mod leadership;
mod process;
mod properties;
mod relations;
mod removal;
mod support;
