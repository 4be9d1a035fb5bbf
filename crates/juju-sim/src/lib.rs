//! An honest simulator of Juju, for testing charms written in any language.
//!
//! A [`World`] is a Juju model on machines, and the code of its charms. Verbs do what operators do; hooks run when the
//! test lets them, in the order that Juju 3.6 runs them, on the data that Juju would let them see. A test reads as a
//! story:
//!
//! ```
//! use juju_sim::{Charm, ProgramEnd, Revision, World};
//!
//! # fn main() -> Result<(), juju_sim::SimError> {
//! let charm = Charm::parse("{name: hello, summary: s, description: d}", None, None)?;
//! // The charm's code: a function here; `Revision::executable` runs a charm's own executable.
//! let hello = Revision::in_process(charm, |charm| {
//!     let status = ["status-set", "active", "Ready"];
//!     ProgramEnd::Exit(charm.tools.call(&status, None).code)
//! });
//! let mut juju = World::new(0);
//! juju.deploy("hello", hello)?;
//! juju.settle()?;
//! assert_eq!(juju.status("hello/0"), ("active", "Ready"));
//! let hooks: Vec<&str> = juju.runs().iter().map(|run| run.hook.as_str()).collect();
//! assert_eq!(hooks, ["install", "leader-elected", "config-changed", "start"]);
//! # Ok(())
//! # }
//! ```
//!
//! With the framework `juju-ops`, a charm is a value, and `juju_ops::testing::revision` makes a [`Revision`] of it.
//! `docs/testing.md` of the repository shows tests of Python's `ops-scenario` and `Harness` beside the same ones here.
//!
//! # An application that is not there
//!
//! The other side of a relation is *played by the test*: it has units and databags and no code. A database that comes
//! late, sends rubbish or goes away is a line each.
//!
//! ```
//! # use juju_sim::{Charm, Invocation, ProgramEnd, Revision, World};
//! # fn main() -> Result<(), juju_sim::SimError> {
//! # let charm = Charm::parse("{name: web, requires: {db: {interface: postgresql_client}}}", None, None)?;
//! # let web = Revision::in_process(charm, |charm: Invocation| {
//! #     let status = match charm.var("JUJU_HOOK_NAME") {
//! #         Some("db-relation-broken" | "start") => ["status-set", "blocked", "no database"],
//! #         Some("db-relation-changed") => ["status-set", "active", "connected"],
//! #         _ => return ProgramEnd::Exit(0),
//! #     };
//! #     ProgramEnd::Exit(charm.tools.call(&status, None).code)
//! # });
//! let mut juju = World::new(0);
//! juju.deploy("web", web)?;
//! juju.settle()?;
//! assert_eq!(juju.status("web/0"), ("blocked", "no database"));
//!
//! let db = juju.play("pg", "web:db")?;
//! juju.write_bag(db, "pg/0", [("host", "10.0.0.9")])?;
//! juju.settle()?;
//! assert_eq!(juju.status("web/0"), ("active", "connected"));
//!
//! juju.remove_application("pg")?;
//! juju.settle()?;
//! assert_eq!(juju.status("web/0"), ("blocked", "no database"));
//! # Ok(())
//! # }
//! ```
//!
//! # One dispatch on a chosen state
//!
//! [`World::settle_without_running`] brings a deployment to rest without running its charm, verbs change the state
//! further, and [`World::run_hook`] runs one hook on it. What it did is in the [`HookRun`] that comes back: hook
//! commands with their answers, log, status. A hook that Juju could not run on that state is refused, with the reason.
//!
//! ```
//! # use juju_sim::{Charm, On, ProgramEnd, Revision, World};
//! # fn main() -> Result<(), juju_sim::SimError> {
//! # let charm = Charm::parse("{name: web, requires: {db: {interface: postgresql_client}}}", None, None)?;
//! # let web = Revision::in_process(charm, |charm| {
//! #     ProgramEnd::Exit(charm.tools.call(&["relation-get", "host"], None).code)
//! # });
//! # let mut juju = World::new(0);
//! # juju.deploy("web", web)?;
//! juju.play("pg", "web:db")?;
//! juju.write_bag("web:db", "pg/0", [("host", "10.0.0.9")])?;
//! juju.settle_without_running()?;
//!
//! let run = juju.run_hook("web/0", On::relation_changed("db", "pg/0"))?;
//! let answers: Vec<&str> = run.commands().map(|command| command.stdout.trim_end()).collect();
//! assert_eq!(answers, ["10.0.0.9"]);
//!
//! let refused = juju.run_hook("web/0", On::relation_broken("db")).unwrap_err();
//! assert!(refused.to_string().ends_with("cannot run relation-broken while units still present"));
//! # Ok(())
//! # }
//! ```
//!
//! # What goes wrong in production
//!
//! A [`Fault`] happens in a unit's next hook: it fails or is killed at its n-th hook command, a command hangs or
//! answers rubbish, the commit is refused, leadership moves while it runs. Agents restart and go down, machines reboot,
//! [observations](World::hold) are late.
//!
//! ```
//! # use juju_sim::{Charm, Fate, Fault, ProgramEnd, Revision, World};
//! # fn main() -> Result<(), juju_sim::SimError> {
//! # let charm = Charm::parse("name: hello", None, None)?;
//! # let hello = Revision::in_process(charm, |charm| {
//! #     ProgramEnd::Exit(charm.tools.call(&["state-set", "seen=1"], None).code)
//! # });
//! # let mut juju = World::new(0);
//! # juju.deploy("hello", hello)?;
//! juju.inject("hello/0", Fault::KillAt(1))?;
//! assert_eq!(juju.step().expect("install is due").fate, Fate::Rerun);
//! assert!(juju.state("hello/0").is_empty());
//! juju.settle()?;
//! assert_eq!(juju.state("hello/0")["seen"], "1");
//! # Ok(())
//! # }
//! ```
//!
//! # To look at
//!
//! [`World::transcript`] has what ran as text, and [`World::page`] as one HTML file for a browser: a lane for each unit,
//! time going down, hooks that open to what they did, and lines from the hooks that changed something to those that tell
//! of it. Values of databags, states, secrets and leader's settings are on neither.
//!
//! ```
//! # use juju_sim::{Charm, ProgramEnd, Revision, World};
//! # let charm = Charm::parse("name: hello", None, None)?;
//! # let mut juju = World::new(0);
//! # juju.deploy("hello", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
//! juju.settle()?;
//! # let dir = tempfile::tempdir()?;
//! # let file = dir.path().join("hello.html");
//! std::fs::write(&file, juju.page("hello"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Every order
//!
//! [`Explore`] runs a scenario under many seeds, with all of that at random moments, looks at what must hold, and
//! makes the first failing case small.
//!
//! ```
//! # use juju_sim::{Charm, Explore, ProgramEnd, Revision, World};
//! # fn world(seed: u64) -> World {
//! #     let charm = Charm::parse("{name: m, peers: {m: {interface: m}}}", None, None).unwrap();
//! #     World::of_one(Revision::in_process(charm, |_| ProgramEnd::Exit(0)), seed).unwrap()
//! # }
//! let explored = Explore::new(world)
//!     .cases(10)
//!     .in_the_end("somebody leads", |juju| match juju.units().is_empty() || juju.leader("m").is_some() {
//!         true => Ok(()),
//!         false => Err("nobody does".to_owned()),
//!     })
//!     .run()?;
//! assert_eq!(explored.cases, 10);
//! # Ok::<(), Box<juju_sim::Failure>>(())
//! ```
//!
//! # How true it is
//!
//! 1,164 recordings of the hook-command server, hook context and runner of Juju 3.6.28 are replayed by this crate's
//! tests: every answer to a hook command of a machine charm is the recorded one. What goes over the socket is, byte for
//! byte, what the two sides of Go's `net/rpc` send. The rest follows Juju's source: the order of hooks, stale databags,
//! atomic flushes, failed, killed and repeated hooks, restarts of agents, departures.
//!
//! Everything is deterministic. The [`Model`] has no clock and does no input or output; what is random in Juju follows
//! from a seed. It can be serialised between hooks, and a world [goes on](World::restore) from it.
//!
//! Not simulated: Kubernetes, Pebble, series upgrades, payloads, secret back ends other than Juju's own; cross-model
//! offers and bundles are the command's, `juju-sim`; of Juju 4 only [`World::lose_departures`], of systemd only [timers](World::timers) that run `juju-exec`.
//! Simpler than in Juju: hooks run one after another and take a second of the model's time each, and a charm's directory
//! is not fetched but there.
//!
//! # Features
//!
//! Tests need no more than the library: `juju-sim = { version = "…", default-features = false }` leaves out what the
//! command line is made of (feature `cli`). The hook commands of [`Revision::executable`] are in the library: one small
//! program that its build script compiles, and that speaks Juju's own protocol.

#[doc(hidden)]
pub mod cargo;
mod charm;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod command;
mod content;
/// What servers are sent that is no call from the hook.
#[cfg(test)]
#[path = "../../jujuc/src/corpus.rs"]
mod corpus;
mod error;
mod events;
mod explore;
mod model;
mod page;
mod process;
#[cfg(test)]
mod recordings;
mod run;
mod systemd;
mod waits;
mod world;

pub use charm::{
    ActionSpec, Charm, ConfigOption, Endpoint, OptionKind, ResourceKind, ResourceSpec, Role, Scope, StorageSpec,
};
pub use command::{
    Address, CloudCredential, CloudSpec, Interface, Network, PortRange, Protocol, Settings, StorageKind, ToolOutput,
};
pub use content::{Content, Publication, Told};
pub use error::SimError;
pub use explore::{Explore, Explored, Failure, Kind};
pub use model::{ActionResult, LogLine, Model, Retry, Status};
pub use page::{Mark, PageInput, UnitAtEnd, page};
pub use run::{CommandRun, Fate, HookRun, ProgramEnd, Trace};
pub use waits::Waits;
pub use world::{
    Deployment, Fault, Invocation, Observation, On, OpenPorts, RelationId, RelationName, Revision, SecretView,
    StorageView, Target, Tools, World,
};

/// The example of the README, run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
