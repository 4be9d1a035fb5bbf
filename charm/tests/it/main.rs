//! The checks, the service and the charm on networks that are really there: hosts in network namespaces of this test.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
#![allow(clippy::print_stderr, reason = "what is skipped is said loudly")]

mod actions;
mod checks;
mod command;
mod documented;
mod many;
mod mesh;
mod model;
mod net;
mod page;
mod service;
