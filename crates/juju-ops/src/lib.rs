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
//! Whoever knows Python's `ops` finds the same charm code in both in `docs/from-ops.md` of the repository, and each
//! thing that `ops` has in `docs/parity.md`.
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
//! # Events
//!
//! [`hook`] has a function for each kind of hook, and [`hook::any`] is all of them: for a charm that looks at
//! everything and does what is missing. What the metadata must have for them is compared with it by the first test.
//!
//! ```
//! # use juju_ops::{BoxError, Observer, Observers, Status, hook, testing};
//! # use juju_sim::Charm;
//! # struct Web;
//! # impl Observer for Web {
//! fn observe(&self, events: &mut Observers<Self>) {
//!     events.on(&hook::relation_joined("db"), |_, event, _| {
//!         log::info!("{} joined", event.unit());
//!         Ok(())
//!     });
//!     events.on(&hook::any(), |_, _, cx| {
//!         let databases = cx.relations("db")?.len();
//!         Ok(cx.unit().set_status(Status::active(format!("{databases} databases")))?)
//!     });
//! }
//! # }
//! # fn main() -> Result<(), BoxError> {
//! # let metadata = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
//! # let mut juju = testing::in_process(Web, metadata)?;
//! # juju.add_unit("web")?;
//! # juju.play("pg", "web:db")?;
//! # juju.settle()?;
//! # assert_eq!(juju.status("web/0"), ("active", "1 databases"));
//! # Ok(())
//! # }
//! ```
//!
//! An event of a library's or the charm's own is a type with [`Event`], named by a [`Source`] and emitted by
//! [`Context::emit`].
//!
//! # The model
//!
//! [`Context`] gives names to ask and act through: [`Unit`], [`Application`], [`Relation`] with its
//! [`Databag`] and [`OwnDatabag`], [`Secret`], [`Storage`], [`State`] for what the unit remembers, and [`Memory`] for
//! what has changed. What only the leader may do asks for a [`Leader`], which only a leader gets. Each has an example.
//!
//! The unit's status is what the most severe of the functions says that are registered by [`Observers::status`].
//!
//! # Configuration
//!
//! [`Context::config`] reads it into a struct. A value that does not fit blocks the unit with the option's name: no
//! code for that is in the charm.
//!
//! # Actions
//!
//! [`action::run`] is the source of one action with its parameters as a struct, and an [`Outcome`] what its handler
//! returns: results, or a failure. An `Err` fails the action and leaves the unit well.
//!
//! # What can wait
//!
//! Juju tells of a thing once. Where a charm cannot deal with it yet, it emits an event that is [`Durable`], whose
//! handler answers with an [`Ack`].
//!
//! ```
//! use std::borrow::Cow;
//! use std::time::Duration;
//!
//! use juju_ops::{Ack, BoxError, Context, Durable, Event, Observer, Observers, Source, hook};
//! # use juju_ops::testing;
//! # use juju_sim::Charm;
//!
//! /// A backup is due.
//! #[derive(Debug, serde::Serialize, serde::Deserialize)]
//! struct Due {
//!     target: String,
//! }
//!
//! impl Event for Due {
//!     type Response = Ack;
//! }
//!
//! impl Durable for Due {
//!     fn subject(&self) -> Cow<'_, str> {
//!         self.target.as_str().into() // of two about one target, the newer stays
//!     }
//! }
//!
//! struct Store;
//!
//! impl Store {
//!     fn due() -> Source<Due> {
//!         Source::new("store", "due")
//!     }
//!
//!     fn back_up(&self, event: &Due, _: &Context) -> Result<Ack, BoxError> {
//!         if !std::path::Path::new(&event.target).exists() {
//!             return Ok(Ack::After(Duration::from_secs(30))); // not mounted yet
//!         }
//!         // …
//!         Ok(Ack::Done)
//!     }
//! }
//!
//! impl Observer for Store {
//!     fn observe(&self, events: &mut Observers<Self>) {
//!         events.emits(&Self::due());
//!         events.on(&Self::due(), Self::back_up);
//!         events.on(&hook::start(), |_, _, cx| {
//!             Ok(cx.emit_durable(&Self::due(), Due { target: "/no/such/place".into() })?)
//!         });
//!     }
//! }
//! # fn main() -> Result<(), BoxError> {
//! # let mut juju = testing::in_process(Store, Charm::parse("name: store", None, None)?)?;
//! # juju.add_unit("store")?;
//! # juju.settle()?;
//! # assert_eq!(testing::pending(&juju, "store/0").len(), 1);
//! # let shown = juju.exec("store/0", None, &["pending"])?;
//! # assert!(shown.results["stdout"].as_str().is_some_and(|it| it.starts_with("store due /no/such/place")), "{shown:?}");
//! # Ok(())
//! # }
//! ```
//!
//! Juju delivers hooks at least once, and so are the events made from them: handlers are idempotent. A durable event
//! that is not acknowledged waits for the next hook of the unit, whichever that is; when nothing else happens, that is
//! `update-status`, by default some five minutes later. [`Ack::After`] has the unit woken before that, on a machine
//! with systemd; elsewhere it waits like [`Ack::NotYet`].
//!
//! # Errors
//!
//! A handler returns any error by `?`. From a hook it fails the hook: nothing is sent, the unit is in error, and Juju
//! repeats the hook. Where the author can do better, an [`Error`] tells by predicates what has happened.
//!
//! ```
//! # use juju_ops::{BoxError, Context, Error, Status};
//! fn read_password(cx: &Context, label: &str) -> Result<Option<String>, Error> {
//!     match cx.secret_by_label(label).content() {
//!         Ok(content) => Ok(content.get("password").map(str::to_owned)),
//!         Err(error) if error.is_not_found() || error.is_permission_denied() => Ok(None), // not granted yet
//!         Err(error) => Err(error),
//!     }
//! }
//! # fn main() -> Result<(), BoxError> {
//! # use juju_ops::{Observer, Observers, testing};
//! # struct Web;
//! # impl Observer for Web { fn observe(&self, _: &mut Observers<Self>) {} }
//! # let mut juju = testing::in_process(Web, juju_sim::Charm::parse("name: web", None, None)?)?;
//! # juju.add_unit("web")?;
//! # juju.settle()?;
//! # assert_eq!(testing::with_context(&mut juju, "web/0", |cx| Ok(read_password(cx, "db")?))?, None);
//! # Ok(())
//! # }
//! ```
//!
//! A panic is an error like any other, as long as the executable unwinds: leave `panic = "abort"` out of its profile.
//!
//! # Testing
//!
//! The feature `testing`, for `[dev-dependencies]`, adds the module `testing`: a charm value in `juju-sim`, a simulator
//! of Juju that runs the hooks that Juju would, in milliseconds and in the test's process. `docs/testing.md` of the
//! repository has tests of Python's `ops-scenario` and `Harness` beside the same ones here.
//!
//! # Packing
//!
//! The executable is the charm's `dispatch`. With charmcraft's plugin for Rust:
//!
//! ```yaml
//! parts:
//!   charm:
//!     plugin: rust
//!     source: .
//!     organize:
//!       bin/my-charm: dispatch # the name of the binary
//!     prime: [dispatch]
//! ```
//!
//! # On the unit
//!
//! The packed executable looks after what waits: `juju exec --unit web/0 -- ./dispatch pending` lists it, `drop` takes
//! one out for good, and `wake` has all delivered now. In any shell, `dispatch observed` says what the charm observes
//! and declares, `dispatch version` which it is, and `dispatch --help` all of this.
//!
//! # Debugging
//!
//! - Each event that is emitted or delivered is a line in `juju debug-log` at DEBUG. An error is one at ERROR, with its
//!   causes.
//! - [`Context::pause`] is a breakpoint with a name: `juju debug-code --at NAME web/0` stops the process there, for
//!   `gdb -p`.
//! - In a test, `juju.transcript()` has each hook with its hook commands and its log.
//!
//! # What is not here
//!
//! Kubernetes charms have their hooks, and no client for Pebble yet; nothing is traced. Juju is 3.6, and 4 as far as
//! its sources were read; hook commands that only Juju before 3.6 had are left out.

pub mod action;
mod context;
mod dispatch;
mod encoding;
mod env;
mod error;
mod event;
mod gather;
pub mod hook;
pub mod hook_command;
mod log;
mod maintenance;
mod model;
mod name;
mod note;
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
pub use context::{Context, Read};
pub use dispatch::{Exit, dispatch, main, main_via};
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
pub use transport::{AgentTransport, Call, Ending, Output, Processes, Transport, Via};
pub use version::JujuVersion;

/// The example of the README, run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
