//! The Magpie charm: its units learn of each other over the peer relation `magpie`, tell each other their addresses,
//! and show what they found.

mod charm;
mod config;
mod listing;

pub use charm::Magpie;
pub use config::Config;
