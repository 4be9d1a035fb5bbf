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

mod compare;

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::path::Path;
use std::rc::Rc;

use juju_sim::{Charm, Invocation, ProgramEnd, Revision, Tools, World};

use crate::context::{Context, PENDING};
use crate::dispatch::dispatch;
use crate::env::Env;
use crate::error::{BoxError, Error};
use crate::observed::observed;
use crate::observer::{Observer, Observers};
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
        let Invocation { args, env, now, tools } = invocation;
        match Env::from_vars(env).map(|env| env.with_now(now)) {
            Ok(env) if args == [PROBE_ARG] => ProgramEnd::Exit(probe(&*charm, env, tools).into()),
            Ok(env) => {
                let exit = dispatch(&*charm, env.with_args(args), Simulated(tools));
                ProgramEnd::Exit(exit.code().into())
            }
            Err(error) => {
                tools.stderr(&chain(&error).to_string());
                ProgramEnd::Exit(1)
            }
        }
    }
}

/// Compares what a charm observes and declares with its metadata, both ways: endpoints with their roles and interfaces
/// (library objects say what they need), actions with their parameters and the parameters' types, the configuration
/// options that it [declares](crate::Observers::config) with their types, storages and resources.
///
/// An action that the metadata has and nobody handles is a flaw too: run, it would only fail. So is an option that the
/// charm's struct cannot do without and that has no default. What is declared in the metadata and otherwise not used is
/// no flaw; [`unused`] lists it.
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
/// Something does not fit, or the registration is unsound. The error names all of it.
pub fn check(charm: &impl Observer, metadata: &Charm) -> Result<(), Error> {
    let observed = observed(charm)?;
    let flaws = compare::flaws(&observed, metadata);
    if flaws.is_empty() { Ok(()) } else { Err(Error::registration(flaws.join("; "))) }
}

/// What the metadata declares and the charm neither observes nor declares: worth a look, and no flaw by itself. A line
/// each.
///
/// ```
/// # use juju_ops::{BoxError, Observer, Observers, testing};
/// # use juju_sim::Charm;
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, _: &mut Observers<Self>) {}
/// # }
/// # fn main() -> Result<(), BoxError> {
/// let metadata = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// assert_eq!(testing::unused(&Web, &metadata)?, ["endpoint db"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The registration is unsound.
pub fn unused(charm: &impl Observer, metadata: &Charm) -> Result<Vec<String>, Error> {
    Ok(compare::unused(&observed(charm)?, metadata))
}

type Probe = Box<dyn FnOnce(&Context)>;

thread_local! {
    /// What [`with_context`] wants run in the next process of a charm.
    static PROBE: RefCell<Option<Probe>> = const { RefCell::new(None) };
}

/// The argument of the process that runs what a test wants.
const PROBE_ARG: &str = "juju-ops-probe";

/// Runs a function with the [`Context`] of a unit, as under `juju exec`: for the test of a function that a charm is
/// made of, without a hook of one's own. What it writes is sent when it returns `Ok`.
///
/// The unit's charm has to be a value of this framework; its registration is what the context knows of.
///
/// ```
/// # use juju_ops::{BoxError, Context, Error, Observer, Observers, testing};
/// # use juju_sim::Charm;
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, events: &mut Observers<Self>) { events.requires("db", "pg"); }
/// # }
/// fn hosts(cx: &Context) -> Result<Vec<String>, Error> {
///     let mut hosts = Vec::new();
///     for relation in cx.relations("db")? {
///         for unit in relation.members()? {
///             hosts.extend(relation.bag(&unit).get("host")?);
///         }
///     }
///     Ok(hosts)
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// # let metadata = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// let mut juju = testing::in_process(Web, metadata)?;
/// juju.add_unit("web")?;
/// let db = juju.play("pg", "web:db")?;
/// juju.write_bag(db, "pg/0", [("host", "10.0.0.9")])?;
/// juju.settle()?;
/// assert_eq!(testing::with_context(&mut juju, "web/0", |cx| Ok(hosts(cx)?))?, ["10.0.0.9"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// There is no such unit, its charm is not of this framework, the function fails, or what it wrote is refused.
pub fn with_context<R: 'static>(
    world: &mut World,
    unit: &str,
    run: impl FnOnce(&Context) -> Result<R, BoxError> + 'static,
) -> Result<R, BoxError> {
    let result: Rc<RefCell<Option<Result<R, BoxError>>>> = Rc::default();
    let out = result.clone();
    let probe = move |cx: &Context| {
        let ran = run(cx).and_then(|value| cx.flush(&[]).map(|()| value).map_err(Into::into));
        *out.borrow_mut() = Some(ran);
    };
    PROBE.with(|slot| *slot.borrow_mut() = Some(Box::new(probe)));
    let ran = world.exec(unit, None, &[PROBE_ARG]);
    PROBE.with(|slot| slot.take());
    ran?;
    result.take().ok_or("the unit's charm is not of this framework")?
}

/// Runs what a test wants in a charm's process; gives the exit code.
fn probe(charm: &impl Observer, env: Env, tools: Tools) -> u8 {
    let Some(run) = PROBE.with(|slot| slot.take()) else { return 2 };
    let cx = Context::new(env, Rc::new(Simulated(tools)));
    let routed = log::route(&cx);
    if let Ok(register) = Observers::of(charm) {
        cx.declare(register.durable());
        cx.declare_endpoints(register.endpoints());
    }
    run(&cx);
    cx.flush_log();
    cx.end();
    drop(routed);
    0
}

struct Simulated(Tools);

impl Transport for Simulated {
    fn call(&self, call: &Call) -> io::Result<Output> {
        let argv: Vec<String> = std::iter::once(call.command.to_string()).chain(call.args.iter().cloned()).collect();
        let output = self.0.call(&argv, call.stdin.as_deref());
        Ok(Output { ending: Ending::Exited(output.code), stdout: output.stdout, stderr: output.stderr })
    }

    fn debug(&self, line: &str) {
        self.0.stdout(line);
    }

    fn complain(&self, line: &str) {
        self.0.stderr(line);
    }

    fn note(&self, _: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.note())
    }

    fn set_note(&self, _: &Path, note: Option<&[u8]>) -> io::Result<()> {
        self.0.set_note(note)
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulated")
    }
}
