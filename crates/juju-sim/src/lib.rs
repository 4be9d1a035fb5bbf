//! An honest simulator of Juju, for testing charms written in any language.
//!
//! ```
//! use juju_sim::{Charm, Ending, Invocation, World};
//!
//! # fn main() -> Result<(), juju_sim::Error> {
//! let charm = Charm::parse("{name: hello, summary: s, description: d}", None, None)?;
//! // The charm's code: a function here; `World::process` runs a charm's own executable.
//! let mut juju = World::in_process(charm, 0, |hook: Invocation| {
//!     let status = ["status-set", "active", "Ready"].map(str::to_owned);
//!     Ending::Exit(hook.tools.call(&status, None).code)
//! });
//! let unit = juju.add_unit();
//! juju.settle()?;
//! assert_eq!(juju.status(&unit), ("active".to_owned(), "Ready".to_owned()));
//! let hooks: Vec<&str> = juju.runs().iter().map(|run| run.hook.as_str()).collect();
//! assert_eq!(hooks, ["install", "leader-elected", "config-changed", "start"]);
//! # Ok(())
//! # }
//! ```
//!
//! [`World`] is where to start: one Juju model with one machine application, its units and their agents, and a door
//! to the charm's code: a function of the test itself ([`World::in_process`]), or the real executable with real hook
//! commands ([`World::process`]). What the units run and see follows Juju 3.6: the order of hooks, stale databags,
//! atomic flushes, failed, killed and repeated hooks, restarts of agents, departures.
//!
//! Everything is deterministic. The [`Model`] has no clock and does no input or output; what is random in Juju follows
//! from a seed.
//!
//! Not simulated: relations to other applications, subordinates, storage, secrets, ports, resources, reboots,
//! Kubernetes, and Juju 4. A hook command that is not in [`command::NAMES`] is not on the charm's `PATH`.

pub mod cargo;
mod charm;
pub mod cli;
pub mod command;
mod error;
mod model;
mod process;
mod run;
mod world;

pub use charm::{Charm, Endpoint, Role};
pub use command::{BindAddress, NetworkInfo, Settings, ToolOutput};
pub use error::Error;
pub use model::{ActionResult, LogLine, Model, Retry};
pub use run::{CommandRun, Ending, HookRun, Outcome, Trace};
pub use world::{Fault, Invocation, Target, Tools, World};
