//! An operator framework for Juju charms in Rust.
//!
//! ```
//! use juju_ops::{BoxError, Context, Observer, Observers, Status, hook};
//!
//! struct Hello;
//!
//! impl Observer for Hello {
//!     fn observe(&self, events: &mut Observers<Self>) {
//!         events.on(&hook::start(), Self::start);
//!     }
//! }
//!
//! impl Hello {
//!     fn start(&self, _: &hook::Start, cx: &Context) -> Result<(), BoxError> {
//!         log::info!("{} starts", cx.unit().name()?);
//!         Ok(cx.unit().set_status(Status::active("Ready"))?)
//!     }
//! }
//!
//! // The charm's `main` is `fn main() -> std::process::ExitCode { juju_ops::main(Hello) }`. Its test:
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let charm = juju_sim::Charm::parse("name: hello\nsummary: It greets.\ndescription: It greets.", None, None)?;
//! let mut juju = juju_ops::testing::in_process(Hello, charm)?;
//! let unit = juju.add_unit("hello")?;
//! juju.settle()?;
//! assert_eq!(juju.status(&unit), ("active", "Ready"));
//! # Ok(())
//! # }
//! ```
//!
//! # The idea
//!
//! A charm process lives for one event; Juju holds the state. So a charm is a cheap value that holds names, handlers
//! take `&self`, and everything they do goes through a [`Context`]: reads happen when they are asked for and once,
//! writes are held back and sent when the dispatch has succeeded.
//!
//! - [`Observer`] is what reacts to events: the charm, and library objects that it [includes](Observers::include).
//! - [`Source`] is where events come from: [`hook`], [`action`], or an object's own.
//! - [`Durable`] events are delivered again, dispatch after dispatch, until the handler answers [`Ack::Done`]. They
//!   live in the unit's state in Juju, never in a file.
//! - [`main`] is the process, [`dispatch`] the same for tests; its documentation has the order of one dispatch.
//! - [`hook_command`] has Juju's hook commands one by one.
//!
//! # What delivery means
//!
//! Juju delivers hooks at least once, and so are the events made from them: handlers are idempotent. A durable event
//! that is not acknowledged waits for the next hook of the unit, whichever that is; when nothing else happens, that is
//! `update-status`, by default some five minutes later.
//!
//! # What is not here
//!
//! Secrets, storage, ports, resources and Pebble have their hooks, and no objects of their own yet.
//!
//! The feature `testing` adds the module `testing`: a charm value in the in-process simulator. It is for `[dev-dependencies]`.

pub mod action;
mod context;
mod dispatch;
mod encoding;
mod env;
mod error;
mod event;
pub mod hook;
pub mod hook_command;
mod log;
mod maintenance;
mod model;
mod name;
mod observed;
mod observer;
mod pause;
mod pending;
mod security;
mod shape;
mod source;
mod state;
mod status;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod version;
mod wake;
mod yaml;

pub use action::Outcome;
pub use context::Context;
pub use dispatch::{Exit, dispatch, main};
pub use encoding::Encoding;
pub use env::{Dispatch, Env, ModelType, Proxies};
pub use error::{BoxError, Error, chain};
pub use event::{Ack, Durable, Event, Response};
pub use model::{Application, Change, Databag, Leader, Memory, OwnDatabag, Relation, Secret, State, Storage, Unit};
pub use name::{AppName, NameError, RelationId, SecretId, StorageId, UnitName};
pub use observed::{Observed, ObservedAction, ObservedEndpoint, observed};
pub use observer::{Observer, Observers};
pub use pending::Pending;
pub use shape::{Field, FieldKind};
pub use source::{Role, Source};
pub use status::{Status, StatusKind};
pub use transport::{Call, Ending, Output, Processes, Transport};
pub use version::JujuVersion;
