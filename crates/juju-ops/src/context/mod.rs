//! The handle that handlers act through. What it reads, writes and sends is in a file each.

mod durable;
mod reads;
mod send;
mod shown;
mod writes;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

use serde::de::DeserializeOwned;

use crate::env::{Dispatch, Env};
use crate::error::Error;
use crate::event::{Durable, Event};
use crate::hook::Hook;
use crate::hook_command::{self, CloudSpec, LogLevel, NetworkInfo};
use crate::log::Logbook;
use crate::name::{AppName, RelationId, UnitName};
use crate::pending::Pending;
use crate::source::{Role, Source, topic_and_name};
use crate::status::{Of, OfEach, Status};
use crate::transport::Transport;

#[cfg(feature = "testing")]
pub(crate) use self::durable::PENDING;
pub(crate) use self::durable::digest;
pub use self::reads::Read;
pub(crate) use self::send::Refused;
pub(crate) use self::writes::Written;

use self::durable::Declared;
use self::reads::Reads;
use self::shown::Shown;

/// The dispatch that runs: what a handler reads Juju's model through, and acts on it.
///
/// Everything is read when it is asked for, and once in a dispatch. Writes to databags, state, status and an action's
/// results are held in the process, seen by later reads, and sent when the dispatch succeeds, as far as they change
/// something; when it fails, nothing is sent.
///
/// What is sent, Juju takes when the process has ended with exit code 0: databags and state together or not at all. A
/// status it takes at once, so that one stands even where Juju then refuses the rest, which it does when leadership was
/// lost. It is therefore sent last. Log records go out when they are made.
///
/// It is a cheap handle: clone it to keep it in an event. It ends with the dispatch.
///
/// ```
/// use juju_ops::{BoxError, Context, Status, hook};
/// # use juju_ops::{Observer, Observers, testing};
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, events: &mut Observers<Self>) { events.on(&hook::relation_changed("db"), relation_changed); }
/// # }
///
/// fn relation_changed(_: &Web, event: &hook::RelationChanged, cx: &Context) -> Result<(), BoxError> {
///     let db = cx.relation(event.relation()); // a name: nothing is asked of Juju
///     let database = db.remote_app_bag()?.get("database")?; // read here, and once
///     db.own_bag()?.set("seen", database.unwrap_or_default())?; // sent when the dispatch has succeeded
///     Ok(cx.unit().set_status(Status::active("Ready"))?) // so is this
/// }
/// # fn main() -> Result<(), BoxError> {
/// # let metadata = juju_sim::Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = testing::in_process(Web, metadata)?;
/// # juju.add_unit("web")?;
/// # let db = juju.play("pg", "web:db")?;
/// # juju.write_bag(db, "pg", [("database", "shop")])?;
/// # juju.settle()?;
/// # assert_eq!(juju.bag(db, "web/0")?["seen"], "shop");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Context {
    inner: Rc<Inner>,
}

struct Inner {
    env: Env,
    /// How hook commands are run, past whoever keeps count of the statuses.
    transport: Shown,
    reads: Reads,
    written: RefCell<Written>,
    /// The unit's state as it was read.
    stored: RefCell<Option<Rc<BTreeMap<String, String>>>>,
    /// The sources of durable events that the charm's register has.
    declared: RefCell<Declared>,
    /// The endpoints that the charm's register names; none without a register.
    endpoints: RefCell<Option<Endpoints>>,
    logbook: Logbook,
    redelivering: Cell<bool>,
    /// Whose status functions of the charm evaluate.
    evaluated: RefCell<Vec<Of>>,
    /// Statuses that deliveries of earlier events set, held back for those functions to replace.
    held: RefCell<OfEach<Status>>,
}

/// Endpoints, with their roles where they are known.
pub(crate) type Endpoints = Vec<(String, Option<Role>)>;

/// Whose bag it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Member {
    Unit(UnitName),
    App(AppName),
}

impl Context {
    pub(crate) fn new(env: Env, transport: Rc<dyn Transport>) -> Self {
        let inner = Inner {
            transport: Shown::new(&env, transport),
            env,
            reads: Reads::default(),
            written: RefCell::default(),
            stored: RefCell::default(),
            declared: RefCell::default(),
            endpoints: RefCell::default(),
            logbook: Logbook::default(),
            redelivering: Cell::default(),
            evaluated: RefCell::default(),
            held: RefCell::default(),
        };
        Self { inner: Rc::new(inner) }
    }

    /// The environment of the dispatch.
    pub fn env(&self) -> &Env {
        &self.inner.env
    }

    /// The hook that runs; none in an action.
    pub fn hook(&self) -> Option<&Hook> {
        match self.env().dispatch() {
            Dispatch::Hook(hook) => Some(hook),
            Dispatch::UnknownHook(_) | Dispatch::Action(_) | Dispatch::Nothing => None,
        }
    }

    /// The configuration, read as a `C`: a struct with a field for each option that is wanted, `Option` where it has
    /// no default. Declare it by [`Observers::config`](crate::Observers::config). An option of type `secret` is read
    /// as a [`SecretId`](crate::SecretId).
    ///
    /// A value that does not fit is the operator's to mend. So an error of this kind
    /// ([`is_config`](Error::is_config)) that a handler returns does not fail the hook: what that handler wrote is
    /// dropped, the hook goes on, and the unit is `blocked` with the option's name. A first delivery stays pending. An
    /// action is failed by it like by any other error.
    ///
    /// Matches `load_config` of Python `ops` with `errors="blocked"`, which ends the whole dispatch.
    ///
    /// ```
    /// use juju_ops::{Observer, Observers, Status, hook, testing};
    /// use juju_sim::Charm;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Config {
    ///     port: u16,
    /// }
    ///
    /// struct Web;
    ///
    /// impl Observer for Web {
    ///     fn observe(&self, events: &mut Observers<Self>) {
    ///         events.config::<Config>();
    ///         events.on(&hook::config_changed(), |_, _, cx| {
    ///             let config: Config = cx.config()?;
    ///             Ok(cx.unit().set_status(Status::active(format!("port {}", config.port)))?)
    ///         });
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), juju_ops::BoxError> {
    /// let options = "options: {port: {type: int, default: 80}}";
    /// let mut juju = testing::in_process(Web, Charm::parse("name: web", Some(options), None)?)?;
    /// juju.add_unit("web")?;
    /// juju.settle()?;
    /// assert_eq!(juju.status("web/0"), ("active", "port 80"));
    /// juju.set_config("web", "port", Some(70_000.into()))?;
    /// juju.settle()?;
    /// assert_eq!(juju.status("web/0").current, "blocked");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `config-get` fails, or an option is missing or of another type; the error names it, never its value.
    pub fn config<C: DeserializeOwned>(&self) -> Result<C, Error> {
        self.config_as()
    }

    /// What Juju knows of the network behind an endpoint or an extra binding.
    ///
    /// # Errors
    /// `network-get` fails, for instance because there is no such binding.
    pub fn network(&self, binding: &str, relation: Option<&RelationId>) -> Result<NetworkInfo, Error> {
        self.read_network(binding, relation)
    }

    /// The file of a resource, which Juju downloads at the first look of this unit: that may take its time.
    ///
    /// ```
    /// # use juju_ops::{BoxError, Context, hook};
    /// fn install(_: &(), _: &hook::Install, cx: &Context) -> Result<(), BoxError> {
    ///     let archive = std::fs::read(cx.resource("software")?)?;
    ///     // …
    /// #   drop(archive);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// `resource-get` fails: the metadata has no such resource, or nothing is attached.
    pub fn resource(&self, name: &str) -> Result<PathBuf, Error> {
        hook_command::resource_get(name).run(self.transport())
    }

    /// The cloud that the model is on, with its credentials.
    ///
    /// # Errors
    /// `credential-get` fails: without `juju trust` it does.
    pub fn cloud_spec(&self) -> Result<CloudSpec, Error> {
        hook_command::credential_get().run(self.transport())
    }

    /// Emits an event that is over with this dispatch. It is queued: its observers run after the handler that emits
    /// it has returned.
    pub fn emit<E: Event<Response = ()>>(&self, source: &Source<E>, event: E) {
        self.debug(format_args!("emitted {source}"));
        self.inner.written.borrow_mut().fleeting.push_back((source.key().clone(), Rc::new(event)));
    }

    /// Emits an event that stays pending until its handler acknowledges it. It is recorded, and delivered for the
    /// first time in this dispatch, after the hook's own handlers; in an action, in `stop` and in `remove`, not before
    /// the next hook.
    ///
    /// # Errors
    /// The source is not [declared](crate::Observers::emits), the unit's state cannot be read, the event has no JSON
    /// form, or the state would hold more than 1 MiB.
    pub fn emit_durable<E: Durable>(&self, source: &Source<E>, event: E) -> Result<(), Error> {
        self.enqueue(source, event)
    }

    /// The durable events that wait, in the order of their delivery. Those of this dispatch are among them until they
    /// are acknowledged.
    ///
    /// # Errors
    /// The unit's state cannot be read.
    pub fn pending(&self) -> Result<Vec<Pending>, Error> {
        self.list_pending()
    }

    /// The pending events of one source, in the order of their delivery.
    ///
    /// # Errors
    /// The unit's state cannot be read.
    pub fn pending_of<E: Durable>(&self, source: &Source<E>) -> Result<Vec<Pending>, Error> {
        let (topic, name) = topic_and_name(source);
        Ok(self.pending()?.into_iter().filter(|event| event.topic == topic && event.name == name).collect())
    }

    /// Drops one pending event for good. `false`: it no longer waits, or was replaced since it was listed.
    ///
    /// # Errors
    /// The unit's state cannot be read.
    pub fn drop_pending(&self, pending: &Pending) -> Result<bool, Error> {
        self.load_queue()?;
        let dropped =
            self.inner.written.borrow_mut().queue.as_mut().is_some_and(|queue| queue.remove(pending.generation));
        if dropped {
            self.debug(format_args!("dropped {} {} {}", pending.topic, pending.name, pending.subject));
        }
        Ok(dropped)
    }

    /// Takes all pending events of a source as acknowledged; gives back how many there were.
    ///
    /// # Errors
    /// The unit's state cannot be read.
    pub fn dismiss<E: Durable>(&self, source: &Source<E>) -> Result<usize, Error> {
        self.load_queue()?;
        let (topic, name) = topic_and_name(source);
        let count = self.inner.written.borrow_mut().queue.as_mut().map_or(0, |queue| queue.remove_source(topic, name));
        if count > 0 {
            self.debug(format_args!("dismissed {source}: {count}"));
        }
        Ok(count)
    }

    /// How hook commands are run, for those that this type does not cover; see [`hook_command`].
    pub fn transport(&self) -> &dyn Transport {
        &self.inner.transport
    }
}

/// What every part of the framework asks.
impl Context {
    /// The relation that this hook says is broken.
    pub(crate) fn broken(&self) -> Option<&RelationId> {
        match self.hook() {
            Some(Hook::RelationBroken(hook)) => Some(hook.relation()),
            _ => None,
        }
    }

    /// A line of the framework's own for Juju's log at DEBUG. Costs no hook command.
    ///
    /// Not in actions and under `juju exec`: what is printed there is part of the result.
    pub(crate) fn debug(&self, line: fmt::Arguments<'_>) {
        if !self.answers_a_person() {
            self.transport().debug(&format!("juju-ops: {line}"));
        }
    }

    /// Whether what is printed goes to whoever asked, in an action or under `juju exec`, and not to the log.
    pub(crate) fn answers_a_person(&self) -> bool {
        matches!(self.env().dispatch(), Dispatch::Action(_) | Dispatch::Nothing)
    }

    /// Writes to Juju's log, together with what follows at the same level.
    pub(crate) fn log(&self, level: LogLevel, text: &str) {
        self.inner.logbook.write(self.transport(), level, text);
    }

    /// Sends what the log holds back.
    pub(crate) fn flush_log(&self) {
        self.inner.logbook.flush(self.transport());
    }

    /// Runs the delivery of an event of an earlier dispatch.
    pub(crate) fn redelivering<R>(&self, deliver: impl FnOnce() -> R) -> R {
        let before = self.inner.redelivering.replace(true);
        let result = deliver();
        self.inner.redelivering.set(before);
        result
    }

    /// Says which endpoints the charm's registration names.
    pub(crate) fn declare_endpoints(&self, endpoints: Endpoints) {
        *self.inner.endpoints.borrow_mut() = Some(endpoints);
    }

    /// Says whose status the charm has functions for.
    pub(crate) fn declare_evaluated(&self, of: Vec<Of>) {
        *self.inner.evaluated.borrow_mut() = of;
    }

    /// An endpoint that the charm's registration does not name is none of the charm's, or misspelt.
    pub(crate) fn check_endpoint(&self, endpoint: &str) -> Result<(), Error> {
        if self.inner.endpoints.borrow().as_ref().is_some_and(|known| known.iter().all(|(name, _)| name != endpoint)) {
            return Err(Error::refused(format!(
                "endpoint {endpoint:?}: the charm neither observes its hooks nor declares it (`events.requires`, \
                 `provides` or `peers`)"
            )));
        }
        Ok(())
    }

    /// The role of an endpoint, as far as it was registered.
    pub(crate) fn role(&self, endpoint: &str) -> Option<Role> {
        self.inner.endpoints.borrow().as_ref()?.iter().find(|(name, _)| name == endpoint)?.1
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(name) => name.fmt(f),
            Self::App(name) => name.fmt(f),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({:?})", self.env().dispatch())
    }
}
