use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::context::{Context, Endpoints, Read};
use crate::error::{BoxError, Error, fit};
use crate::event::sealed::Response;
use crate::event::{Answer, Durable, Event, Owed};
use crate::gather::sort;
use crate::observed::{Observed, ObservedAction, ObservedEndpoint};
use crate::shape;
use crate::source::{Fields, Key, Role, Source, Wants, flaw_of_name};
use crate::status::{Of, Status};

/// Anything that reacts to events: the charm, or a library object that the charm owns.
///
/// `observe` says which events go to which handlers. It runs at the start of each dispatch, reads nothing of Juju's
/// and has no effect but the registration. Handlers take `&self`: a charm process lives for one event and Juju holds
/// the state, so the object holds names, not state.
///
/// ```
/// use juju_ops::{Context, BoxError, Observer, Observers, hook};
///
/// /// A library object: it knows its endpoint's name.
/// #[derive(Clone)]
/// struct Database {
///     endpoint: String,
/// }
///
/// impl Observer for Database {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.on(&hook::relation_created(&self.endpoint), Self::created);
///     }
/// }
///
/// impl Database {
///     fn created(&self, event: &hook::RelationCreated, cx: &Context) -> Result<(), BoxError> {
///         Ok(cx.relation(event.relation()).own_bag()?.set("user", "web")?)
///     }
/// }
///
/// struct Web {
///     database: Database,
/// }
///
/// impl Observer for Web {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.include(&self.database);
///     }
/// }
/// ```
pub trait Observer: Sized + 'static {
    /// Registers this object's handlers.
    fn observe(&self, events: &mut Observers<Self>);
}

/// The register that an [`Observer`] enters its handlers in.
///
/// What cannot work is found when it is complete, at the start of every dispatch and so in a charm's first test:
/// a durable source without a handler, or with two; a handler for a durable source that nobody
/// [declared](Self::emits); two handlers for one action; a name that Juju cannot have; an endpoint of two roles.
///
/// ```
/// use juju_ops::{Observer, Observers, Outcome, action};
///
/// struct Twice;
///
/// impl Observer for Twice {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.on(&action::run::<action::NoParams>("ping"), |_, _, _| Ok(Outcome::completed()));
///         events.on(&action::run::<action::NoParams>("ping"), |_, _, _| Ok(Outcome::failed("no")));
///     }
/// }
///
/// let flaw = juju_ops::observed(&Twice).unwrap_err();
/// assert_eq!(flaw.to_string(), "action ping has more than one handler");
/// ```
pub struct Observers<O> {
    handlers: Vec<Handler<O>>,
    emitted: Vec<Emitted>,
    statuses: Vec<(Of, StatusHandler<O>)>,
    config: Vec<Fields>,
    endpoints: Vec<(String, Role, String)>,
    names: Vec<(Declared, String)>,
    reads: Vec<ReadsFn<O>>,
}

/// What else the metadata has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Declared {
    Storage,
    Resource,
}

/// One registered handler, its event's type erased.
pub(crate) struct Handler<O> {
    pub(crate) key: Key,
    owed: Owed,
    event: EventType,
    build: Option<BuildFn>,
    params: Option<Fields>,
    handle: HandleFn<O>,
}

type BuildFn = Rc<dyn Fn(&Context) -> Result<Rc<dyn Any>, Error>>;
type HandleFn<O> = Box<dyn Fn(&O, &dyn Any, &Context) -> Result<Answer, BoxError>>;
type StatusHandler<O> = Box<dyn Fn(&O, &Context) -> Result<Option<Status>, BoxError>>;
type ReadsFn<O> = Box<dyn Fn(&O, &Context) -> Vec<Read>>;
type RestoreFn = Rc<dyn Fn(&Value, &Context) -> Result<Restored, BoxError>>;

/// A stored event, brought up to date.
pub(crate) enum Restored {
    Event(Rc<dyn Any>),
    Overtaken,
}

/// One source of durable events, declared by the object that emits them.
#[derive(Clone)]
struct Emitted {
    key: Key,
    event: EventType,
    restore: RestoreFn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct EventType {
    id: TypeId,
    name: &'static str,
}

impl<O: Observer> Observers<O> {
    /// Has `handler` called with each event of `source`. Handlers of one event run in the order of their
    /// registration.
    ///
    /// A handler that returns another error than [`BoxError`] is registered by a closure that turns it:
    /// `events.on(&hook::start(), |charm, event, cx| Ok(charm.start(event, cx)?))`.
    pub fn on<E: Event>(
        &mut self,
        source: &Source<E>,
        handler: impl Fn(&O, &E, &Context) -> Result<E::Response, BoxError> + 'static,
    ) {
        let build = source
            .builder()
            .map(|build| -> BuildFn { Rc::new(move |cx| build(cx).map(|event| -> Rc<dyn Any> { Rc::new(event) })) });
        let handle: HandleFn<O> = Box::new(move |observer, event, cx| {
            let event = event.downcast_ref::<E>().ok_or_else(|| format!("is not a {}", type_name::<E>()))?;
            handler(observer, event, cx).map(Response::answer)
        });
        let (key, owed, event) = (source.key().clone(), E::Response::OWED, EventType::of::<E>());
        self.handlers.push(Handler { key, owed, event, build, params: source.params(), handle });
    }

    /// Declares that this object emits durable events of `source`. There must be exactly one handler for them in the
    /// whole charm: one acknowledgement cannot speak for two.
    pub fn emits<E: Durable>(&mut self, source: &Source<E>) {
        let restore: RestoreFn = Rc::new(|stored, cx| {
            let event: E = fit(stored.clone())?;
            Ok(match event.refresh(cx)? {
                Some(event) => Restored::Event(Rc::new(event)),
                None => Restored::Overtaken,
            })
        });
        self.emitted.push(Emitted { key: source.key().clone(), event: EventType::of::<E>(), restore });
    }

    /// Registers all handlers of a library object, with a copy of it.
    pub fn include<L: Observer + Clone>(&mut self, library: &L) {
        let mut theirs = Observers::<L>::new();
        library.observe(&mut theirs);
        let library = Rc::new(library.clone());
        for Handler { key, owed, event, build, params, handle } in theirs.handlers {
            let library = Rc::clone(&library);
            let handle: HandleFn<O> = Box::new(move |_, event, cx| handle(&library, event, cx));
            self.handlers.push(Handler { key, owed, event, build, params, handle });
        }
        for (of, status) in theirs.statuses {
            let library = Rc::clone(&library);
            self.statuses.push((of, Box::new(move |_, cx| status(&library, cx))));
        }
        self.emitted.extend(theirs.emitted);
        self.config.extend(theirs.config);
        self.endpoints.extend(theirs.endpoints);
        self.names.extend(theirs.names);
        for reads in theirs.reads {
            let library = Rc::clone(&library);
            self.reads.push(Box::new(move |_, cx| reads(&library, cx)));
        }
    }

    /// Has the unit's status evaluated at the end of every dispatch, by this and all other such functions: the most
    /// severe wins (blocked, maintenance, waiting, active), the first registered among equals. It replaces a status
    /// set in a handler. A function that has nothing to say answers `None`; where all do, the status stays.
    ///
    /// Not in `stop` and `remove`, where the unit's status is no longer about its work, and not after an action whose
    /// handler returned an `Err`.
    ///
    /// ```
    /// use juju_ops::{Observer, Observers, Status, testing};
    /// use juju_sim::Charm;
    ///
    /// struct Web;
    ///
    /// impl Observer for Web {
    ///     fn observe(&self, events: &mut Observers<Self>) {
    ///         events.requires("db", "postgresql_client");
    ///         events.status(|_, cx| Ok(cx.relations("db")?.is_empty().then(|| Status::blocked("needs a database"))));
    ///         events.status(|_, _| Ok(Status::active("serving")));
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), juju_ops::BoxError> {
    /// let metadata = Charm::parse("{name: web, requires: {db: {interface: postgresql_client}}}", None, None)?;
    /// let mut juju = testing::in_process(Web, metadata)?;
    /// juju.add_unit("web")?;
    /// juju.settle()?;
    /// assert_eq!(juju.status("web/0"), ("blocked", "needs a database"));
    /// juju.play("pg", "web:db")?;
    /// juju.settle()?;
    /// assert_eq!(juju.status("web/0"), ("active", "serving"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Matches `collect_unit_status` of Python `ops`, which runs in `stop` and `remove` too.
    pub fn status<S: Into<Option<Status>>>(
        &mut self,
        evaluate: impl Fn(&O, &Context) -> Result<S, BoxError> + 'static,
    ) {
        self.statuses.push((Of::Unit, Box::new(move |observer, cx| evaluate(observer, cx).map(Into::into))));
    }

    /// Has the application's status evaluated, on the leader, as [`status`](Self::status) does the unit's. Juju is asked
    /// for leadership in every dispatch of a charm that has such a function.
    ///
    /// Matches `collect_app_status` of Python `ops`.
    ///
    /// ```
    /// use juju_ops::{Observer, Observers, Status, testing};
    /// use juju_sim::Charm;
    ///
    /// struct Web;
    ///
    /// impl Observer for Web {
    ///     fn observe(&self, events: &mut Observers<Self>) {
    ///         events.app_status(|_, _| Ok(Status::active("all units serve")));
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), juju_ops::BoxError> {
    /// let mut juju = testing::in_process(Web, Charm::parse("name: web", None, None)?)?;
    /// juju.add_unit("web")?;
    /// juju.settle()?;
    /// assert_eq!(juju.app_status("web"), ("active", "all units serve"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn app_status<S: Into<Option<Status>>>(
        &mut self,
        evaluate: impl Fn(&O, &Context) -> Result<S, BoxError> + 'static,
    ) {
        self.statuses.push((Of::Application, Box::new(move |observer, cx| evaluate(observer, cx).map(Into::into))));
    }

    /// Declares that the charm reads its configuration as a `C`, so that a test can compare the fields of that struct
    /// with the metadata. Read it by [`Context::config`].
    pub fn config<C: DeserializeOwned>(&mut self) {
        self.config.push(shape::fields::<C>);
    }

    /// Declares that the charm requires this interface at this endpoint. An endpoint whose hooks are not observed has to
    /// be declared before [`Context::relations`] takes it, and every endpoint should be: a test compares what is
    /// declared with the metadata.
    pub fn requires(&mut self, endpoint: &str, interface: &str) {
        self.endpoints.push((endpoint.to_owned(), Role::Requirer, interface.to_owned()));
    }

    /// Declares that the charm provides this interface at this endpoint; see [`requires`](Self::requires).
    pub fn provides(&mut self, endpoint: &str, interface: &str) {
        self.endpoints.push((endpoint.to_owned(), Role::Provider, interface.to_owned()));
    }

    /// Declares that the units of the charm are peers by this interface at this endpoint; see
    /// [`requires`](Self::requires).
    pub fn peers(&mut self, endpoint: &str, interface: &str) {
        self.endpoints.push((endpoint.to_owned(), Role::Peer, interface.to_owned()));
    }

    /// Says what a dispatch will read in any case, to have Juju asked for all of it together: one by one, each answer is
    /// waited for. It is asked for before the first handler of a hook or an action runs, not in `stop` and `remove`; what
    /// it gives is what the same reads of [`Context`] then find. What cannot be had is asked for again when it is read, and
    /// the error is of that read.
    ///
    /// The function may look at [`Context::hook`] and [`Context::env`]. What it names and nobody reads is a call for
    /// nothing.
    ///
    /// ```
    /// use juju_ops::hook::Hook;
    /// use juju_ops::{Observer, Observers, Read, Status, hook, testing};
    /// use juju_sim::Charm;
    ///
    /// struct Web;
    ///
    /// impl Observer for Web {
    ///     fn observe(&self, events: &mut Observers<Self>) {
    ///         events.requires("db", "pg");
    ///         events.reads(|_, cx| {
    ///             let mut reads = vec![Read::Relations("db".to_owned())];
    ///             if let Some(Hook::RelationChanged(hook)) = cx.hook() {
    ///                 reads.push(Read::Members(hook.relation().clone()));
    ///             }
    ///             reads
    ///         });
    ///         events.status(|_, cx| {
    ///             let units: Vec<_> = cx.relations("db")?.iter().map(|db| db.members()).collect::<Result<_, _>>()?;
    ///             Ok(Status::active(format!("{} units of a database", units.concat().len())))
    ///         });
    ///     }
    /// }
    /// # fn main() -> Result<(), juju_ops::BoxError> {
    /// # let metadata = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
    /// # let mut juju = testing::in_process(Web, metadata)?;
    /// # juju.add_unit("web")?;
    /// # juju.play("pg", "web:db")?;
    /// # juju.settle()?;
    /// # assert_eq!(juju.status("web/0"), ("active", "1 units of a database"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reads(&mut self, reads: impl Fn(&O, &Context) -> Vec<Read> + 'static) {
        self.reads.push(Box::new(reads));
    }

    /// Declares that the charm uses a storage, where it observes none of its hooks.
    pub fn storage(&mut self, name: &str) {
        self.names.push((Declared::Storage, name.to_owned()));
    }

    /// Declares that the charm uses a resource.
    pub fn resource(&mut self, name: &str) {
        self.names.push((Declared::Resource, name.to_owned()));
    }

    fn new() -> Self {
        Self {
            handlers: Vec::new(),
            emitted: Vec::new(),
            statuses: Vec::new(),
            config: Vec::new(),
            endpoints: Vec::new(),
            names: Vec::new(),
            reads: Vec::new(),
        }
    }

    /// The complete register of an observer, found sound.
    pub(crate) fn of(observer: &O) -> Result<Self, Error> {
        let mut register = Self::new();
        observer.observe(&mut register);
        match register.flaws().as_slice() {
            [] => Ok(register),
            flaws => Err(Error::registration(flaws.join("; "))),
        }
    }

    fn flaws(&self) -> Vec<String> {
        let mut flaws: Vec<String> = Vec::new();
        let handled = self.handlers.iter().map(|handler| (&handler.key, handler.event));
        let named: Vec<(&Key, EventType)> = handled.chain(self.emitted.iter().map(|it| (&it.key, it.event))).collect();
        for (at, (key, event)) in named.iter().enumerate() {
            flaws.extend(key.flaw());
            if let Some((_, first)) = named[..at].iter().find(|(other, first)| first != event && other == key) {
                flaws.push(format!("{key} is observed both as {} and as {}", first.name, event.name));
            }
        }
        let count = |key: &Key| self.handlers.iter().filter(|handler| handler.key == *key).count();
        for (at, Emitted { key, event, .. }) in self.emitted.iter().enumerate() {
            if self.emitted[..at].iter().any(|earlier| earlier.key == *key) {
                flaws.push(format!("{key} is declared twice: its library object is included twice"));
                continue;
            }
            match count(key) {
                0 => flaws.push(format!(
                    "durable event {key} ({}) has no handler: register one with `events.on`",
                    event.name
                )),
                1 => {}
                _ => flaws.push(format!("durable event {key} ({}) has more than one handler", event.name)),
            }
        }
        for Handler { key, owed, .. } in &self.handlers {
            let declared = self.emitted.iter().any(|emitted| emitted.key == *key);
            match owed {
                Owed::Ack if !declared => flaws.push(format!(
                    "{key} is observed, and nothing declares that it emits it: its library object is not included"
                )),
                Owed::Outcome if count(key) > 1 => flaws.push(format!("{key} has more than one handler")),
                _ => {}
            }
        }
        for (at, (endpoint, role, interface)) in self.endpoints.iter().enumerate() {
            flaws.extend(flaw_of_name(endpoint));
            let other = self.endpoints[..at].iter().find(|(name, ..)| name == endpoint);
            if other.is_some_and(|(_, other, theirs)| (other, theirs) != (role, interface)) {
                flaws.push(format!("endpoint {endpoint} is declared with two roles or interfaces"));
            }
        }
        flaws.extend(self.names.iter().filter_map(|(_, name)| flaw_of_name(name)));
        sort(&mut flaws);
        flaws.dedup();
        flaws
    }

    pub(crate) fn handlers(&self, key: &Key) -> impl Iterator<Item = &Handler<O>> {
        self.handlers.iter().filter(move |handler| handler.key == *key)
    }

    pub(crate) fn hook_handlers(&self, hook: &str) -> impl Iterator<Item = &Handler<O>> {
        let is = move |handler: &&Handler<O>| matches!(&handler.key, Key::Hook { name, .. } if *name == hook);
        self.handlers.iter().filter(is)
    }

    pub(crate) fn restore(&self, topic: &str, name: &str) -> Option<RestoreFn> {
        let is = |key: &Key| matches!(key, Key::Custom { topic: t, name: n } if t == topic && n == name);
        self.emitted.iter().find(|emitted| is(&emitted.key)).map(|emitted| Rc::clone(&emitted.restore))
    }

    /// Topic and name of each source of durable events.
    pub(crate) fn durable(&self) -> impl Iterator<Item = (String, String)> {
        self.emitted.iter().filter_map(|emitted| match &emitted.key {
            Key::Custom { topic, name } => Some((topic.clone(), name.clone())),
            Key::Hook { .. } | Key::AnyHook | Key::Action(_) => None,
        })
    }

    /// What is read in any case.
    pub(crate) fn wanted(&self, observer: &O, cx: &Context) -> Vec<Read> {
        self.reads.iter().flat_map(|reads| reads(observer, cx)).collect()
    }

    /// The functions that evaluate a status.
    pub(crate) fn statuses(&self, of: Of) -> impl Iterator<Item = &StatusHandler<O>> {
        self.statuses.iter().filter(move |(it, _)| *it == of).map(|(_, evaluate)| evaluate)
    }

    /// The endpoints that are named, each once, with their roles where they are declared.
    pub(crate) fn endpoints(&self) -> Endpoints {
        let mut endpoints = Endpoints::new();
        let declared = self.endpoints.iter().map(|(name, role, _)| (name.as_str(), Some(*role)));
        let observed = self.handlers.iter().filter_map(|handler| match &handler.key {
            Key::Hook { name, wants: Wants::Endpoint(end) } => Some((&name[..*end], None)),
            _ => None,
        });
        for (name, role) in declared.chain(observed) {
            if endpoints.iter().all(|(known, _)| known != name) {
                endpoints.push((name.to_owned(), role));
            }
        }
        endpoints
    }

    /// What is observed and declared, to be shown and compared.
    pub(crate) fn observed(&self) -> Observed {
        let mut observed = Observed::default();
        let mut endpoints = self.endpoints();
        sort(&mut endpoints);
        for (name, role) in endpoints {
            let interface = self.endpoints.iter().find(|(it, ..)| *it == name).map(|(.., interface)| interface.clone());
            observed.endpoints.push(ObservedEndpoint { name, role, interface });
        }
        for handler in &self.handlers {
            match &handler.key {
                Key::Hook { name, wants } => {
                    observed.hooks.push(name.clone().into_owned());
                    match *wants {
                        Wants::Storage(end) => observed.storages.push(name[..end].to_owned()),
                        Wants::Container(end) => observed.containers.push(name[..end].to_owned()),
                        Wants::Endpoint(_) | Wants::Nothing => {}
                    }
                }
                Key::AnyHook => observed.hooks.push("*".to_owned()),
                Key::Action(name) => observed.actions.push(ObservedAction {
                    name: name.clone(),
                    params: handler.params.map(|params| params()).unwrap_or_default(),
                }),
                Key::Custom { .. } => {}
            }
        }
        observed.durable = self.emitted.iter().map(|emitted| emitted.key.to_string()).collect();
        observed.config = self.config.iter().flat_map(|fields| fields()).collect();
        for (what, name) in &self.names {
            match what {
                Declared::Storage => observed.storages.push(name.clone()),
                Declared::Resource => observed.resources.push(name.clone()),
            }
        }
        let Observed { hooks, endpoints: _, storages, containers, resources, actions, config, durable } = &mut observed;
        for names in [hooks, storages, containers, resources, durable] {
            sort(names);
            names.dedup();
        }
        sort(actions);
        sort(config);
        config.dedup();
        observed
    }
}

impl<O> Handler<O> {
    pub(crate) fn build(&self, cx: &Context) -> Result<Rc<dyn Any>, Error> {
        match &self.build {
            Some(build) => build(cx),
            None => Err(Error::registration(format!("{} cannot be made from a hook", self.key))),
        }
    }

    pub(crate) fn handle(&self, observer: &O, event: &dyn Any, cx: &Context) -> Result<Answer, BoxError> {
        (self.handle)(observer, event, cx)
    }
}

impl EventType {
    fn of<E: Event>() -> Self {
        Self { id: TypeId::of::<E>(), name: type_name::<E>() }
    }
}

impl<O> fmt::Debug for Observers<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.handlers.iter().map(|handler| handler.key.to_string())).finish()
    }
}
