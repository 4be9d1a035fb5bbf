//! What a charm sees of Juju's model: names to ask and act through, no copies.

pub(crate) mod config;
mod databag;
mod encoding;
mod memory;
mod ports;
mod relation;
mod secret;
mod state;
mod status;
mod storage;
mod unit;

pub use databag::{Databag, OwnDatabag};
pub use encoding::Encoding;
pub use memory::{Change, Memory};
pub(crate) use ports::Ports;
pub use relation::Relation;
pub use secret::Secret;
pub use state::State;
pub(crate) use status::Of;
pub use status::{Status, StatusKind};
pub use storage::Storage;
pub use unit::{Application, Leader, Unit};
