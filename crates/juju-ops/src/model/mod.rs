//! What a charm sees of Juju's model: names to ask and act through, no copies.

mod config;
mod databag;
mod relation;
mod state;
mod status;
mod unit;

pub(crate) use config::field_names;
pub use databag::{Databag, OwnDatabag};
pub use relation::Relation;
pub use state::State;
pub use status::{Status, StatusKind};
pub use unit::{Application, Leader, Unit};
