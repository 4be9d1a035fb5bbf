use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::context::Context;
use crate::error::{BoxError, Error, misfit};
use crate::event::sealed::Response;
use crate::event::{Answer, Durable, Event, Owed};
use crate::model::{Status, field_names};
use crate::source::{Key, Source, Wants};

/// Anything that reacts to events: the charm, or a library object that the charm owns.
///
/// `observe` says which events go to which handlers. It runs at the start of each dispatch, reads nothing of Juju's
/// and has no effect but the registration. Handlers take `&self`: a charm process lives for one event and Juju holds
/// the state, so the object holds names, not state.
pub trait Observer: Sized + 'static {
    /// Registers this object's handlers.
    fn observe(&self, events: &mut Observers<Self>);
}

/// The register that an [`Observer`] enters its handlers in.
///
/// What cannot work is found when it is complete, at the start of every dispatch and so in a charm's first test:
/// a durable source without a handler, or with two; a handler for a durable source that nobody
/// [declared](Self::emits); two handlers for one action; a name that Juju cannot have.
pub struct Observers<O> {
    handlers: Vec<Handler<O>>,
    emitted: Vec<Emitted>,
    statuses: Vec<StatusHandler<O>>,
    config_keys: Vec<&'static str>,
    /// Peer endpoints and their interfaces.
    peers: Vec<(String, String)>,
}

/// One registered handler, its event's type erased.
pub(crate) struct Handler<O> {
    pub(crate) key: Key,
    owed: Owed,
    event: EventType,
    build: Option<BuildFn>,
    handle: HandleFn<O>,
}

type BuildFn = Rc<dyn Fn(&Context) -> Result<Rc<dyn Any>, Error>>;
type HandleFn<O> = Box<dyn Fn(&O, &dyn Any, &Context) -> Result<Answer, BoxError>>;
type StatusHandler<O> = Box<dyn Fn(&O, &Context) -> Result<Status, BoxError>>;
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

/// What a charm observes, for a comparison with its metadata. See [`observed`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed {
    /// The endpoints whose hooks are observed, sorted.
    pub endpoints: Vec<String>,
    /// The storages and containers whose hooks are observed, sorted.
    pub storages_and_containers: Vec<String>,
    /// The actions that are observed, sorted.
    pub actions: Vec<String>,
    /// The configuration options that are read, sorted.
    pub config: Vec<String>,
    /// The peer endpoints that library objects need, each with its interface, sorted.
    pub peers: Vec<(String, String)>,
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
        self.handlers.push(Handler { key, owed, event, build, handle });
    }

    /// Declares that this object emits durable events of `source`. There must be exactly one handler for them in the
    /// whole charm: one acknowledgement cannot speak for two.
    pub fn emits<E: Durable>(&mut self, source: &Source<E>) {
        let restore: RestoreFn = Rc::new(|stored, cx| {
            let event: E = serde_path_to_error::deserialize(stored).map_err(|error| misfit(&error))?;
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
        for Handler { key, owed, event, build, handle } in theirs.handlers {
            let library = Rc::clone(&library);
            let handle: HandleFn<O> = Box::new(move |_, event, cx| handle(&library, event, cx));
            self.handlers.push(Handler { key, owed, event, build, handle });
        }
        for status in theirs.statuses {
            let library = Rc::clone(&library);
            self.statuses.push(Box::new(move |_, cx| status(&library, cx)));
        }
        self.emitted.extend(theirs.emitted);
        self.config_keys.extend(theirs.config_keys);
        self.peers.extend(theirs.peers);
    }

    /// Has the unit's status evaluated at the end of every dispatch, by this and all other such functions: the most
    /// severe wins (blocked, maintenance, waiting, active), the first registered among equals. It replaces a status
    /// set in a handler. Not in restricted contexts, not in `stop` and `remove`, where the unit's status is no longer
    /// about its work, and not after an action whose handler returned an `Err`.
    ///
    /// Matches `collect_unit_status` of Python `ops`, which runs in `stop` and `remove` too.
    pub fn status(&mut self, evaluate: impl Fn(&O, &Context) -> Result<Status, BoxError> + 'static) {
        self.statuses.push(Box::new(evaluate));
    }

    /// Declares that the charm reads its configuration as a `C`, so that a test can compare the fields of that struct
    /// with the metadata. Read it by [`Context::config`].
    pub fn config<C: DeserializeOwned>(&mut self) {
        self.config_keys.extend(field_names::<C>());
    }

    /// Declares that `endpoint` must be a peer endpoint with this interface, so that a test can compare it with the
    /// metadata. For library objects that speak an interface.
    pub fn peer_endpoint(&mut self, endpoint: &str, interface: &str) {
        self.peers.push((endpoint.to_owned(), interface.to_owned()));
    }

    fn new() -> Self {
        let (handlers, emitted, statuses) = (Vec::new(), Vec::new(), Vec::new());
        Self { handlers, emitted, statuses, config_keys: Vec::new(), peers: Vec::new() }
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
        flaws.sort();
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

    pub(crate) fn statuses(&self) -> &[StatusHandler<O>] {
        &self.statuses
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

/// What a charm observes: to be compared with its metadata, by one test for each charm. The harness of the feature
/// `testing` does so.
///
/// # Errors
/// The registration itself is unsound; see [`Observers`].
pub fn observed<O: Observer>(charm: &O) -> Result<Observed, Error> {
    let register = Observers::of(charm)?;
    let mut observed = Observed::default();
    for Handler { key, .. } in &register.handlers {
        match key {
            Key::Hook { name, wants: Wants::Endpoint(end) } => observed.endpoints.push(name[..*end].to_owned()),
            Key::Hook { name, wants: Wants::Named(end) } => {
                observed.storages_and_containers.push(name[..*end].to_owned());
            }
            Key::Action(name) => observed.actions.push(name.clone()),
            Key::Hook { wants: Wants::Nothing, .. } | Key::AnyHook | Key::Custom { .. } => {}
        }
    }
    observed.peers = register.peers;
    observed.peers.sort();
    observed.config = register.config_keys.iter().map(|&key| key.to_owned()).collect();
    let Observed { endpoints, storages_and_containers, actions, config, peers: _ } = &mut observed;
    for names in [endpoints, storages_and_containers, actions, config] {
        names.sort();
        names.dedup();
    }
    Ok(observed)
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
