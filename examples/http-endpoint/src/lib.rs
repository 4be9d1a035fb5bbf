//! The requirer of the interface `example_http`, as an object that charms own and include.
//!
//! It is the worked example of `docs/libraries.md`, which quotes it.

mod events;
mod requirer;

pub use events::{EndpointChanged, EndpointRefused};
pub use requirer::{HttpEndpoint, HttpEndpointRequirer};
