use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::env::{Dispatch, Env};
use crate::error::{Error, misfit};
use crate::event::{Durable, Event};
use crate::hook::Hook;
use crate::hook_command::{self, Command, LogLevel, NetworkInfo};
use crate::model::{Application, Relation, State, Status, Unit};
use crate::name::{AppName, RelationId, UnitName};
use crate::pending::{Entry, Identity, Pending, Queue};
use crate::source::{Key, Source, topic_and_name};
use crate::state::{Areas, LIMIT};
use crate::transport::Transport;

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
#[derive(Clone)]
pub struct Context {
    inner: Rc<Inner>,
}

struct Inner {
    env: Env,
    transport: Rc<dyn Transport>,
    read: RefCell<Read>,
    written: RefCell<Written>,
    /// The sources of durable events that the charm's register has.
    declared: RefCell<BTreeSet<(String, String)>>,
    complained: Cell<bool>,
}

/// What was read of Juju in this dispatch.
#[derive(Default)]
struct Read {
    relations: BTreeMap<String, Vec<RelationId>>,
    members: BTreeMap<RelationId, Vec<UnitName>>,
    bags: BTreeMap<(RelationId, Member), Rc<BTreeMap<String, String>>>,
    networks: BTreeMap<(String, Option<RelationId>), NetworkInfo>,
    config: Option<Rc<Value>>,
    params: Option<Rc<Value>>,
    leader: Option<bool>,
    status: Option<Option<Status>>,
    state: Option<Rc<BTreeMap<String, String>>>,
}

type BagWrites = BTreeMap<(RelationId, Member), BTreeMap<String, String>>;

/// What the handlers want changed. A copy of it is a savepoint, and shares what is not changed after it.
#[derive(Clone, Default)]
pub(crate) struct Written {
    bags: Rc<BagWrites>,
    areas: Option<Rc<Areas>>,
    queue: Option<Queue>,
    status: Option<Status>,
    fleeting: VecDeque<(Key, Rc<dyn Any>)>,
}

/// Whose bag it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Member {
    Unit(UnitName),
    App(AppName),
}

/// The state area of the pending events.
pub(crate) const PENDING: &str = "pending";
/// How many bytes above the limit the errors of failed redeliveries may take.
const NOTES: usize = 256 << 10;
/// The state area of the entries that were once reported as undeliverable.
const NOTED: &str = "noted";

impl Context {
    pub(crate) fn new(env: Env, transport: Rc<dyn Transport>) -> Self {
        let (read, written, declared, complained) = Default::default();
        Self { inner: Rc::new(Inner { env, transport, read, written, declared, complained }) }
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

    /// The unit that the charm runs as.
    pub fn unit(&self) -> Unit {
        Unit::new(self)
    }

    /// The application that the unit belongs to.
    pub fn app(&self) -> Application {
        Application::new(self)
    }

    /// The relations of an endpoint, sorted by number. A peer endpoint has one, rarely several.
    ///
    /// # Errors
    /// `relation-ids` fails.
    pub fn relations(&self, endpoint: &str) -> Result<Vec<Relation>, Error> {
        if let Some(ids) = self.inner.read.borrow().relations.get(endpoint) {
            return Ok(ids.iter().map(|id| self.relation(id)).collect());
        }
        let ids = hook_command::relation_ids(endpoint).run(self.transport())?;
        let relations = ids.iter().map(|id| self.relation(id)).collect();
        self.inner.read.borrow_mut().relations.insert(endpoint.to_owned(), ids);
        Ok(relations)
    }

    /// A relation by its identity, listed or not. Nothing is asked of Juju.
    pub fn relation(&self, id: &RelationId) -> Relation {
        Relation::new(self, id.clone())
    }

    /// The configuration, read as a `C`: a struct with a field for each option that is wanted, `Option` where it has
    /// no default. Declare it by [`Observers::config`](crate::Observers::config).
    ///
    /// # Errors
    /// `config-get` fails, or an option is missing or of another type; the error names it.
    pub fn config<C: DeserializeOwned>(&self) -> Result<C, Error> {
        let config = self.read_config()?;
        serde_path_to_error::deserialize(&*config)
            .map_err(|error| Error::parse("the charm's configuration", misfit(&error)))
    }

    /// What Juju knows of the network behind an endpoint or an extra binding.
    ///
    /// # Errors
    /// `network-get` fails, for instance because there is no such binding.
    pub fn network(&self, binding: &str, relation: Option<&RelationId>) -> Result<NetworkInfo, Error> {
        let key = (binding.to_owned(), relation.cloned());
        if let Some(network) = self.inner.read.borrow().networks.get(&key) {
            return Ok(network.clone());
        }
        let network = hook_command::network_get(binding, relation).run(self.transport())?;
        self.inner.read.borrow_mut().networks.insert(key, network.clone());
        Ok(network)
    }

    /// A value that this unit remembers from one dispatch to the next. `area` is its name. Charm and libraries share the
    /// names: a library begins its own with its crate's (`magpie-peers.magpie`), a charm's have no dot.
    pub fn state(&self, area: &str) -> State {
        State::new(self, area)
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
        let (topic, name) = topic_and_name(source);
        let subject = event.subject().into_owned();
        let id = Identity { topic: topic.to_owned(), name: name.to_owned(), subject };
        if !self.is_declared(topic, name) {
            return Err(Error::event(id.to_string(), "is emitted, and nothing declares that it emits it"));
        }
        let stored = serde_json::to_value(&event).map_err(|error| Error::event(id.to_string(), error))?;
        self.load_queue()?;
        let others = self.size_without_queue();
        let mut written = self.inner.written.borrow_mut();
        let queue = written.queue.get_or_insert_default();
        let before = queue.clone();
        let replaced = queue.emit(&id, self.env().now(), stored, Rc::new(event));
        let size = others + queue.size();
        if size > LIMIT && size > others + before.size() {
            *queue = before;
            return Err(Error::event(
                id.to_string(),
                format!("{size} bytes of state in all, above the limit of {LIMIT}"),
            ));
        }
        drop(written);
        self.debug(format_args!("emitted {id}{}", if replaced { ", in place of an older one" } else { "" }));
        Ok(())
    }

    /// The durable events that wait, in the order of their delivery. Those of this dispatch are among them until they
    /// are acknowledged.
    ///
    /// # Errors
    /// The unit's state cannot be read.
    pub fn pending(&self) -> Result<Vec<Pending>, Error> {
        self.load_queue()?;
        let known = self.inner.written.borrow();
        let entries = known.queue.as_ref().map(Queue::entries).unwrap_or_default();
        Ok(entries.iter().map(|entry| entry.show(self.is_deliverable(entry))).collect())
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
        &*self.inner.transport
    }

    /// A line of the framework's own for Juju's log at DEBUG. Costs no hook command.
    ///
    /// Not in actions: what an action prints is part of its result.
    pub(crate) fn debug(&self, line: fmt::Arguments<'_>) {
        if !self.in_action() {
            self.inner.transport.debug(&format!("juju-ops: {line}"));
        }
    }

    pub(crate) fn in_action(&self) -> bool {
        matches!(self.env().dispatch(), Dispatch::Action(_))
    }

    /// Writes to Juju's log at once. Where `juju-log` itself fails, the line goes to standard error.
    pub(crate) fn log(&self, level: LogLevel, text: &str) {
        if let Err(error) = hook_command::juju_log(level, text).run(self.transport()) {
            if !self.inner.complained.replace(true) {
                self.inner.transport.complain(&crate::chain(&error).to_string());
            }
            self.inner.transport.complain(&format!("{level} {text}"));
        }
    }
}

/// What the model's types ask.
impl Context {
    pub(crate) fn members(&self, relation: &RelationId) -> Result<Vec<UnitName>, Error> {
        if let Some(members) = self.inner.read.borrow().members.get(relation) {
            return Ok(members.clone());
        }
        let members = hook_command::relation_list(relation).run(self.transport())?;
        self.inner.read.borrow_mut().members.insert(relation.clone(), members.clone());
        Ok(members)
    }

    pub(crate) fn bag(&self, relation: &RelationId, member: &Member) -> Result<BTreeMap<String, String>, Error> {
        let mut bag = (*self.read_bag(relation, member)?).clone();
        if let Some(changes) = self.inner.written.borrow().bags.get(&(relation.clone(), member.clone())) {
            bag.extend(changes.iter().map(|(key, value)| (key.clone(), value.clone())));
            bag.retain(|_, value| !value.is_empty());
        }
        Ok(bag)
    }

    pub(crate) fn bag_value(&self, relation: &RelationId, member: &Member, key: &str) -> Result<Option<String>, Error> {
        let written = self.inner.written.borrow();
        let change =
            written.bags.get(&(relation.clone(), member.clone())).and_then(|changes| changes.get(key)).cloned();
        drop(written);
        let value = match change {
            Some(value) => Some(value),
            None => self.read_bag(relation, member)?.get(key).cloned(),
        };
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// Reads the bags of units that were not read yet, in one batch.
    pub(crate) fn read_bags(&self, relation: &RelationId, units: &[UnitName]) -> Result<(), Error> {
        let key = |unit: &UnitName| (relation.clone(), Member::Unit(unit.clone()));
        let missing: Vec<&UnitName> = {
            let read = self.inner.read.borrow();
            let unread: BTreeSet<&UnitName> = units.iter().filter(|unit| !read.bags.contains_key(&key(unit))).collect();
            unread.into_iter().collect()
        };
        let commands: Vec<_> = missing.iter().map(|unit| hook_command::relation_get(relation, unit)).collect();
        let bags = Command::run_all(&commands, self.transport())?;
        let mut read = self.inner.read.borrow_mut();
        read.bags.extend(missing.into_iter().map(key).zip(bags.into_iter().map(Rc::new)));
        Ok(())
    }

    pub(crate) fn write_bag(
        &self,
        relation: &RelationId,
        member: &Member,
        key: &str,
        value: String,
    ) -> Result<(), Error> {
        self.refuse_restricted("a databag")?;
        let mut written = self.inner.written.borrow_mut();
        let bags = Rc::make_mut(&mut written.bags);
        bags.entry((relation.clone(), member.clone())).or_default().insert(key.to_owned(), value);
        Ok(())
    }

    pub(crate) fn is_leader(&self) -> Result<bool, Error> {
        if let Some(leader) = self.inner.read.borrow().leader {
            return Ok(leader);
        }
        let leader = hook_command::is_leader().run(self.transport())?;
        self.inner.read.borrow_mut().leader = Some(leader);
        Ok(leader)
    }

    pub(crate) fn set_status(&self, status: Status) -> Result<(), Error> {
        self.refuse_restricted("a status")?;
        self.inner.written.borrow_mut().status = Some(status);
        Ok(())
    }

    pub(crate) fn status(&self) -> Result<Option<Status>, Error> {
        match &self.inner.written.borrow().status {
            Some(status) => Ok(Some(status.clone())),
            None => self.read_status(),
        }
    }

    pub(crate) fn area(&self, area: &str) -> Result<Option<String>, Error> {
        self.load_areas()?;
        Ok(self.inner.written.borrow().areas.as_ref().and_then(|areas| areas.get(area)).map(str::to_owned))
    }

    pub(crate) fn set_area(&self, area: &str, text: String) -> Result<(), Error> {
        if area == PENDING || area == NOTED {
            return Err(Error::refused(format!("state area {area:?}: is the framework's own")));
        }
        self.load_areas()?;
        let mut written = self.inner.written.borrow_mut();
        let Written { areas, queue, .. } = &mut *written;
        let areas = Rc::make_mut(areas.get_or_insert_default());
        // The queue is stored at the end; what it will take counts now.
        let stored = areas.get(PENDING).map_or(0, str::len);
        let also = queue.as_ref().map_or(0, |queue| queue.size().saturating_sub(stored));
        areas.set(area, text, also)
    }

    fn read_config(&self) -> Result<Rc<Value>, Error> {
        if let Some(config) = &self.inner.read.borrow().config {
            return Ok(Rc::clone(config));
        }
        let config = Rc::new(hook_command::config_get().run(self.transport())?);
        self.inner.read.borrow_mut().config = Some(Rc::clone(&config));
        Ok(config)
    }

    pub(crate) fn action_params(&self) -> Result<Rc<Value>, Error> {
        if let Some(params) = &self.inner.read.borrow().params {
            return Ok(Rc::clone(params));
        }
        let params = Rc::new(hook_command::action_get().run(self.transport())?);
        self.inner.read.borrow_mut().params = Some(Rc::clone(&params));
        Ok(params)
    }

    fn read_bag(&self, relation: &RelationId, member: &Member) -> Result<Rc<BTreeMap<String, String>>, Error> {
        let key = (relation.clone(), member.clone());
        if let Some(bag) = self.inner.read.borrow().bags.get(&key) {
            return Ok(Rc::clone(bag));
        }
        let command = match member {
            Member::Unit(unit) => hook_command::relation_get(relation, unit),
            Member::App(app) => hook_command::relation_get_app(relation, app),
        };
        let bag = Rc::new(command.run(self.transport())?);
        self.inner.read.borrow_mut().bags.insert(key, Rc::clone(&bag));
        Ok(bag)
    }

    fn read_status(&self) -> Result<Option<Status>, Error> {
        if let Some(status) = &self.inner.read.borrow().status {
            return Ok(status.clone());
        }
        let status = hook_command::status_get().run(self.transport())?;
        self.inner.read.borrow_mut().status = Some(status.clone());
        Ok(status)
    }

    /// Replaces an area of the framework's own: that must not fail a hook for want of room.
    fn put_own(&self, area: &str, text: String) -> Result<(), Error> {
        self.load_areas()?;
        Rc::make_mut(self.inner.written.borrow_mut().areas.get_or_insert_default()).put(area, text);
        Ok(())
    }

    fn load_areas(&self) -> Result<(), Error> {
        self.refuse_restricted("state")?;
        if self.inner.written.borrow().areas.is_none() {
            let stored = hook_command::state_get().run(self.transport())?;
            self.inner.written.borrow_mut().areas = Some(Rc::new(Areas::read(&stored)));
            self.inner.read.borrow_mut().state = Some(Rc::new(stored));
        }
        Ok(())
    }

    pub(crate) fn load_queue(&self) -> Result<(), Error> {
        self.load_areas()?;
        let mut written = self.inner.written.borrow_mut();
        let Written { areas, queue, .. } = &mut *written;
        if queue.is_none() {
            let text = areas.as_ref().and_then(|areas| areas.get(PENDING));
            *queue = Some(text.map(Queue::read).unwrap_or_default());
        }
        Ok(())
    }

    fn refuse_restricted(&self, what: &str) -> Result<(), Error> {
        match self.hook() {
            Some(hook) if hook.is_restricted() => Err(Error::refused(format!("{what}: not in this restricted hook"))),
            _ => Ok(()),
        }
    }
}

/// What the dispatch itself does.
impl Context {
    pub(crate) fn declare(&self, sources: impl Iterator<Item = (String, String)>) {
        *self.inner.declared.borrow_mut() = sources.collect();
    }

    /// Whether this version of the charm can read an entry and knows where it came from.
    pub(crate) fn is_deliverable(&self, entry: &Entry) -> bool {
        entry.stored().is_some() && self.is_declared(&entry.identity.topic, &entry.identity.name)
    }

    /// Notes a failed redelivery. The note has room where nothing else has, and is cut where it would have none.
    pub(crate) fn note_failure(&self, generation: u64, error: &str) {
        let others = self.size_without_queue();
        self.with_queue(|queue| queue.failed(generation, error, (LIMIT + NOTES).saturating_sub(others + queue.size())));
    }

    /// How many bytes the state has but for the pending events.
    fn size_without_queue(&self) -> usize {
        self.inner.written.borrow().areas.as_ref().map_or(0, |areas| areas.size_without(PENDING))
    }

    /// Ends the dispatch. Events that are still held have a handle to it, and it to them.
    pub(crate) fn end(&self) {
        self.inner.written.take();
    }

    fn is_declared(&self, topic: &str, name: &str) -> bool {
        self.inner.declared.borrow().contains(&(topic.to_owned(), name.to_owned()))
    }

    pub(crate) fn next_fleeting(&self) -> Option<(Key, Rc<dyn Any>)> {
        self.inner.written.borrow_mut().fleeting.pop_front()
    }

    /// Looks at the queue of pending events, which is loaded.
    pub(crate) fn with_queue<R>(&self, act: impl FnOnce(&mut Queue) -> R) -> R {
        act(self.inner.written.borrow_mut().queue.get_or_insert_default())
    }

    pub(crate) fn savepoint(&self) -> Written {
        self.inner.written.borrow().clone()
    }

    pub(crate) fn return_to(&self, savepoint: Written) {
        *self.inner.written.borrow_mut() = savepoint;
    }

    /// Notes which entries are known to be undeliverable; gives back those that were not noted before.
    pub(crate) fn note_undeliverable(&self, lines: &[(String, Identity)]) -> Result<Vec<Identity>, Error> {
        let old: BTreeSet<String> =
            self.area(NOTED)?.map(|text| text.split_whitespace().map(str::to_owned).collect()).unwrap_or_default();
        let digest = |line: &str| format!("{:016x}", fnv64(line.as_bytes()));
        let new: BTreeSet<String> = lines.iter().map(|(line, _)| digest(line)).collect();
        let unseen = lines.iter().filter(|(line, _)| !old.contains(&digest(line))).map(|(_, id)| id.clone()).collect();
        if new != old {
            self.put_own(NOTED, new.into_iter().collect::<Vec<_>>().join(" "))?;
        }
        Ok(unseen)
    }

    /// Sends what is to change: databags, state and an action's results side by side, and the status last, since only
    /// that cannot be taken back when another command fails.
    pub(crate) fn flush(&self, results: &BTreeMap<String, String>) -> Result<(), Error> {
        self.store_queue()?;
        let written = std::mem::take(&mut *self.inner.written.borrow_mut());
        let mut commands = Vec::new();
        for ((relation, member), mut changes) in Rc::unwrap_or_clone(written.bags) {
            let bag = self.read_bag(&relation, &member)?;
            changes.retain(|key, value| bag.get(key).map_or("", String::as_str) != value);
            if !changes.is_empty() {
                commands.push(match member {
                    Member::Unit(_) => hook_command::relation_set(&relation, &changes),
                    Member::App(_) => hook_command::relation_set_app(&relation, &changes),
                });
            }
        }
        if let (Some(areas), Some(stored)) = (&written.areas, &self.inner.read.borrow().state) {
            let changes = areas.changes(stored);
            if !changes.set.is_empty() {
                commands.push(hook_command::state_set(&changes.set));
            }
            commands.extend(changes.delete.iter().map(|key| hook_command::state_delete(key)));
        }
        if !results.is_empty() {
            commands.push(hook_command::action_set(results));
        }
        Command::run_all(&commands, self.transport())?;
        if let Some(status) = written.status
            && self.read_status()?.as_ref() != Some(&status)
        {
            hook_command::status_set(&status).run(self.transport())?;
        }
        Ok(())
    }

    fn store_queue(&self) -> Result<(), Error> {
        let text = self.inner.written.borrow().queue.as_ref().map(Queue::text);
        match text {
            Some(text) if self.area(PENDING)?.unwrap_or_default() != text => self.put_own(PENDING, text),
            _ => Ok(()),
        }
    }
}

/// FNV-1a: a short name for a stored line, not a defence.
fn fnv64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
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
