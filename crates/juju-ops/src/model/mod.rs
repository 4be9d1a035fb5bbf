//! What a charm sees of Juju's model: names to ask and act through, no copies. Each file has one noun, and how a
//! [`Context`](crate::Context) gives it.

mod databag;
mod memory;
mod ports;
mod relation;
mod secret;
mod state;
mod storage;
mod unit;

pub use databag::{Databag, OwnDatabag};
pub use memory::{Change, Memory};
pub use relation::Relation;
pub use secret::Secret;
pub use state::State;
pub use storage::Storage;
pub use unit::{Application, Leader, Unit};
