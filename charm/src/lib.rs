//! The Magpie charm: its units learn of each other over the peer relation `magpie`, check the network between them, and
//! show what is wrong with it.
//!
//! A hook never waits for the network. It tells a service of the unit which peers there are, and shows what that has found:
//! the two speak through files of the unit ([`store`]).

mod actions;
mod addresses;
mod charm;
mod cli;
mod config;
mod cos_agent;
mod listing;
mod metrics;
pub mod report;
pub mod service;
pub mod status;
pub mod store;
mod summary;
mod turns;
mod unit;

pub use charm::Magpie;
pub use cli::run as command;
pub use config::{Config, Options};
pub use summary::{Numbers, Summary};
