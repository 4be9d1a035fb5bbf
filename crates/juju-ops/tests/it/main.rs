//! The framework as a charm author sees it, in the simulator of Juju.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod actions;
mod bad_input;
mod changes;
mod commands;
mod corners;
mod cut;
mod encoder;
mod limits;
mod maintenance;
mod model;
mod nouns;
mod order;
mod outside;
mod property;
mod queue;
mod refused;
mod savepoints;
mod shown;
mod support;
mod wake;
