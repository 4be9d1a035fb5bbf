//! A charm value in the in-process simulator: harness-style tests, in milliseconds, with no Juju and no process.
//!
//! [`revision`] makes of a charm what applications are deployed with; the [`World`] that they are deployed in does the
//! rest, and its documentation says what. [`in_process`] is short for a world of one application.
//!
//! ```
//! use juju_ops::{BoxError, Observer, Observers, Status, hook, testing};
//! use juju_sim::{Charm, World};
//!
//! struct Web;
//!
//! impl Observer for Web {
//!     fn observe(&self, events: &mut Observers<Self>) {
//!         events.on(&hook::relation_joined("db"), |_, event, cx| {
//!             Ok(cx.unit().set_status(Status::active(format!("with {}", event.unit())))?)
//!         });
//!     }
//! }
//!
//! # fn main() -> Result<(), BoxError> {
//! let metadata = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
//! let mut juju = World::new(0);
//! juju.deploy("web", testing::revision(Web, metadata)?)?;
//! juju.play("pg", "web:db")?; // the other side: units and databags, and no code
//! juju.settle()?;
//! assert_eq!(juju.status("web/0"), ("active", "with pg/0"));
//! # Ok(())
//! # }
//! ```
//!
//! A handler that returns an `Err` or panics fails its hook, and the unit is in error; it does not fail the test by
//! itself. [`World::settle`] does.

use std::fmt;
use std::io;
use std::rc::Rc;

use juju_sim::{Charm, Invocation, ProgramEnd, Revision, Role, Tools, World};

use crate::context::PENDING;
use crate::dispatch::dispatch;
use crate::env::Env;
use crate::error::Error;
use crate::observer::{Observer, observed};
use crate::pending::{Pending, Queue};
use crate::state::Areas;
use crate::transport::{Call, Ending, Output, Transport};
use crate::{chain, log};

/// A charm with its metadata as a revision that applications of a [`World`] are deployed with and refreshed to.
///
/// ```
/// # use juju_ops::{BoxError, Context, Observer, Observers, Status, hook, testing};
/// # use juju_sim::{Charm, World};
/// struct Ready;
///
/// impl Observer for Ready {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.on(&hook::start(), |_, _, cx| Ok(cx.unit().set_status(Status::active("Ready"))?));
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let metadata = Charm::parse("{name: web, summary: s, description: d}", None, None)?;
/// let mut juju = World::new(0);
/// juju.deploy("web", testing::revision(Ready, metadata)?)?;
/// juju.settle()?;
/// assert_eq!(juju.status("web/0"), ("active", "Ready"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What the charm observes is not in its metadata, or its registration is unsound; see [`check`].
pub fn revision(charm: impl Observer, metadata: Charm) -> Result<Revision, Error> {
    check(&charm, &metadata)?;
    Ok(Revision::in_process(metadata, program(charm)))
}

/// A world of one application, named for the charm, without units. The seed is 0; see [`in_process_seeded`].
///
/// ```
/// # use juju_ops::{BoxError, Observer, Observers, Status, testing};
/// # use juju_sim::Charm;
/// # struct Ready;
/// # impl Observer for Ready {
/// #     fn observe(&self, events: &mut Observers<Self>) {
/// #         events.status(|_, _| Ok(Status::active("Ready")));
/// #     }
/// # }
/// # fn main() -> Result<(), BoxError> {
/// let mut juju = testing::in_process(Ready, Charm::parse("name: web", None, None)?)?;
/// let unit = juju.add_unit("web")?;
/// juju.settle()?;
/// assert_eq!(juju.status(&unit), ("active", "Ready"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`revision`].
pub fn in_process(charm: impl Observer, metadata: Charm) -> Result<World, Error> {
    in_process_seeded(charm, metadata, 0)
}

/// A world whose choices, which unit goes next and the like, follow from a seed: what [`Explore`](juju_sim::Explore)
/// starts its cases from.
///
/// ```
/// use juju_ops::testing;
/// use juju_sim::{Charm, Explore, World};
/// # use juju_ops::{Observer, Observers};
/// # struct Quiet;
/// # impl Observer for Quiet {
/// #     fn observe(&self, _: &mut Observers<Self>) {}
/// # }
///
/// fn world(seed: u64) -> World {
///     testing::in_process_seeded(Quiet, Charm::parse("name: web", None, None).unwrap(), seed).unwrap()
/// }
///
/// let explored = Explore::new(world).cases(5).in_the_end("it comes to rest", |_| Ok(())).run()?;
/// assert_eq!(explored.cases, 5);
/// # Ok::<(), Box<juju_sim::Failure>>(())
/// ```
///
/// # Errors
/// As [`revision`].
pub fn in_process_seeded(charm: impl Observer, metadata: Charm, seed: u64) -> Result<World, Error> {
    let revision = revision(charm, metadata)?;
    World::of_one(revision, seed).map_err(|error| Error::registration(error.to_string()))
}

/// The durable events that wait on a unit, in the order of their delivery, with how often each was tried in vain.
///
/// It reads what the unit's last committed hook has stored, without asking the charm: [`Pending::deliverable`] says
/// that the entry can be read, not that the charm still declares its source. There are none of a unit that is not
/// there, or has stored nothing.
///
/// ```
/// use std::borrow::Cow;
///
/// # use juju_ops::{Ack, BoxError, Durable, Event, Observer, Observers, Source, hook, testing};
/// # use juju_sim::{Charm, World};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Debug, Clone, Serialize, Deserialize)]
/// struct Due(String);
/// # impl Event for Due {
/// #     type Response = Ack;
/// # }
/// # impl Durable for Due {
/// #     fn subject(&self) -> Cow<'_, str> {
/// #         self.0.as_str().into()
/// #     }
/// # }
/// struct Backup;
///
/// impl Observer for Backup {
///     fn observe(&self, events: &mut Observers<Self>) {
///         let due: Source<Due> = Source::new("backup", "due");
///         events.emits(&due);
///         events.on(&due, |_, _, _| Ok(Ack::NotYet));
///         events.on(&hook::start(), move |_, _, cx| Ok(cx.emit_durable(&due, Due("monday".into()))?));
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let mut juju = World::new(0);
/// juju.deploy("web", testing::revision(Backup, Charm::parse("name: web", None, None)?)?)?;
/// juju.settle()?;
/// let pending = testing::pending(&juju, "web/0");
/// assert_eq!((pending[0].name.as_str(), pending[0].subject.as_str()), ("due", "monday"));
/// assert_eq!(pending[0].attempts, 0);
/// # Ok(())
/// # }
/// ```
pub fn pending(world: &World, unit: &str) -> Vec<Pending> {
    let areas = Areas::read(&world.state(unit));
    let queue = areas.get(PENDING).map(Queue::read).unwrap_or_default();
    queue.entries().iter().map(|entry| entry.show(entry.stored().is_some())).collect()
}

/// A charm as a function over standard types.
fn program(charm: impl Observer) -> impl Fn(Invocation) -> ProgramEnd + 'static {
    log::install();
    let charm = Rc::new(charm);
    move |invocation| {
        let Invocation { env, now, tools, .. } = invocation;
        match Env::from_vars(env) {
            Ok(env) => {
                let exit = dispatch(&*charm, env.with_now(now), Simulated(tools));
                ProgramEnd::Exit(exit.code().into())
            }
            Err(error) => {
                tools.stderr(&chain(&error).to_string());
                ProgramEnd::Exit(1)
            }
        }
    }
}

/// Compares what a charm observes with its metadata: the endpoints and storages of its hooks, its actions, the
/// configuration options that it [declares](crate::Observers::config), and the interfaces that its library objects
/// speak. An action that the metadata has and nobody handles is a flaw too: run, it would only fail.
///
/// Not compared: endpoints that are only named in calls, as in `cx.relations("name")`, and the types of parameters and
/// options.
///
/// ```
/// # use juju_ops::{BoxError, Observer, Observers, hook, testing};
/// # use juju_sim::Charm;
/// struct Web;
///
/// impl Observer for Web {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.on(&hook::relation_joined("db"), |_, _, _| Ok(()));
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let flaws = testing::check(&Web, &Charm::parse("name: web", None, None)?).unwrap_err();
/// assert_eq!(flaws.to_string(), "the charm observes endpoint db, which its metadata lacks");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Something is not declared, or the registration is unsound. The error names all of it.
pub fn check(charm: &impl Observer, metadata: &Charm) -> Result<(), Error> {
    let observed = observed(charm)?;
    let endpoints: Vec<String> = metadata.endpoints().map(|endpoint| endpoint.name.clone()).collect();
    let actions: Vec<String> = metadata.action_names().map(str::to_owned).collect();
    let config: Vec<String> = metadata.config_keys().map(str::to_owned).collect();
    let storages: Vec<String> = metadata.storages().map(|storage| storage.name.clone()).collect();
    let mut flaws = Vec::new();
    for (what, wanted, declared) in [
        ("endpoint", &observed.endpoints, &endpoints),
        ("storage or container", &observed.storages_and_containers, &storages),
        ("action", &observed.actions, &actions),
        ("configuration option", &observed.config, &config),
    ] {
        let lacking = wanted.iter().filter(|name| !declared.contains(name));
        flaws.extend(lacking.map(|name| format!("the charm observes {what} {name}, which its metadata lacks")));
    }
    let idle = actions.iter().filter(|name| !observed.actions.contains(name));
    flaws.extend(idle.map(|name| format!("the metadata has an action {name}, which the charm does not handle")));
    for (name, interface) in &observed.peers {
        let declared = metadata.endpoints().find(|endpoint| endpoint.name == *name);
        let good = declared.is_none_or(|it| it.role == Role::Peer && it.interface == *interface);
        if !good {
            flaws.push(format!("endpoint {name} has to be a peer endpoint with interface {interface} in the metadata"));
        }
    }
    if flaws.is_empty() { Ok(()) } else { Err(Error::registration(flaws.join("; "))) }
}

struct Simulated(Tools);

impl Transport for Simulated {
    fn call(&self, call: &Call) -> io::Result<Output> {
        let argv: Vec<String> = std::iter::once(call.command.to_owned()).chain(call.args.iter().cloned()).collect();
        let output = self.0.call(&argv, call.stdin.as_deref());
        Ok(Output { ending: Ending::Exited(output.code), stdout: output.stdout, stderr: output.stderr })
    }

    fn debug(&self, line: &str) {
        self.0.stdout(line);
    }

    fn complain(&self, line: &str) {
        self.0.stderr(line);
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulated")
    }
}
