//! What a dispatch has read of Juju: each thing when it is asked for, and once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Context, Member};
use crate::error::{Error, bounded, chain, fit, of_member};
use crate::gather::gather;
use crate::hook_command::{self, AppStatus, Command, LogLevel, NetworkInfo, OpenedPort, Ports};
use crate::name::{AppName, RelationId, UnitName};
use crate::status::{Of, Status};
use crate::transport::Call;

/// A databag as it was read.
pub(crate) type Bag = Rc<BTreeMap<String, String>>;

#[derive(Default)]
pub(super) struct Reads {
    relations: RefCell<BTreeMap<String, Vec<RelationId>>>,
    members: RefCell<BTreeMap<RelationId, Vec<UnitName>>>,
    apps: RefCell<BTreeMap<RelationId, AppName>>,
    bags: RefCell<BTreeMap<(RelationId, Member), Bag>>,
    /// How many bytes the bags hold.
    bytes: Cell<usize>,
    /// Bags that could not be read, as was said in the log.
    unreadable: RefCell<BTreeSet<(RelationId, Member)>>,
    networks: RefCell<BTreeMap<(String, Option<RelationId>), NetworkInfo>>,
    config: RefCell<Option<Rc<Value>>>,
    params: RefCell<Option<Rc<Value>>>,
    leader: Cell<Option<(bool, Duration)>>,
    ports: RefCell<Option<Rc<Vec<OpenedPort>>>>,
}

/// How long Juju promises leadership for, from the moment of a positive answer.
const LEASE: Duration = Duration::from_secs(30);
/// The most bytes of databags that are kept; Juju bounds each at 16 MiB and not their number.
const BAGS: usize = 64 << 20;
/// How many bags a warning names.
const NAMED: usize = 5;

/// Something that is asked of Juju, for [`Observers::reads`](crate::Observers::reads).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Read {
    /// The unit's state and its pending events.
    State,
    /// The configuration.
    Config,
    /// The relations of an endpoint.
    Relations(String),
    /// The remote units of a relation.
    Members(RelationId),
    /// The databag of a unit.
    Bag(RelationId, UnitName),
}

impl Reads {
    /// Lets bags be read anew.
    pub(super) fn forget<'a>(&self, bags: impl Iterator<Item = &'a (RelationId, Member)>) {
        let mut kept = self.bags.borrow_mut();
        for bag in bags.filter_map(|key| kept.remove(key)) {
            self.bytes.set(self.bytes.get().saturating_sub(size(&bag)));
        }
        self.forget_ports();
    }

    pub(super) fn forget_ports(&self) {
        self.ports.take();
    }
}

impl Context {
    /// The relations of an endpoint, but for one that this hook says is broken.
    pub(crate) fn relation_ids(&self, endpoint: &str) -> Result<Vec<RelationId>, Error> {
        let reads = &self.inner.reads;
        if let Some(ids) = reads.relations.borrow().get(endpoint) {
            return Ok(ids.clone());
        }
        let mut ids = hook_command::relation_ids(endpoint).run(self.transport())?;
        ids.retain(|id| self.broken() != Some(id));
        reads.relations.borrow_mut().insert(endpoint.to_owned(), ids.clone());
        Ok(ids)
    }

    /// Asks Juju for several things together. The answers wait for who reads them; what cannot be had is as if it were not
    /// asked for.
    pub(crate) fn read_together(&self, wanted: &[Read]) {
        let mut calls: Vec<Call> = Vec::new();
        for read in wanted {
            let call = match read {
                Read::State => hook_command::state_get().call().clone(),
                Read::Config => hook_command::config_get().call().clone(),
                Read::Relations(endpoint) => hook_command::relation_ids(endpoint).call().clone(),
                Read::Members(id) => hook_command::relation_list(id).call().clone(),
                Read::Bag(id, unit) => hook_command::relation_get(id, unit).call().clone(),
            };
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
        self.inner.transport.ask_ahead(calls);
    }

    pub(crate) fn members(&self, relation: &RelationId) -> Result<Vec<UnitName>, Error> {
        if let Some(members) = self.inner.reads.members.borrow().get(relation) {
            return Ok(members.clone());
        }
        let members = hook_command::relation_list(relation).run(self.transport())?;
        self.inner.reads.members.borrow_mut().insert(relation.clone(), members.clone());
        Ok(members)
    }

    /// The application at the other side: as the hook says, else as a member is named, else as Juju is asked.
    pub(crate) fn remote_app(&self, relation: &RelationId) -> Result<AppName, Error> {
        let reads = &self.inner.reads;
        if let Some(app) = reads.apps.borrow().get(relation) {
            return Ok(app.clone());
        }
        let told = self.env().relation().filter(|(id, _)| *id == relation).and_then(|(_, app)| app.cloned());
        let member =
            reads.members.borrow().get(relation).and_then(|members| members.first()).map(|unit| unit.app().clone());
        let app = match told.or(member) {
            Some(app) => app,
            None => hook_command::relation_list_app(relation).run(self.transport())?,
        };
        reads.apps.borrow_mut().insert(relation.clone(), app.clone());
        Ok(app)
    }

    /// The bag of a member without the writes of this dispatch.
    pub(crate) fn read_bag(&self, relation: &RelationId, member: &Member) -> Result<Bag, Error> {
        let key = (relation.clone(), member.clone());
        if let Some(bag) = self.inner.reads.bags.borrow().get(&key) {
            return Ok(Rc::clone(bag));
        }
        let bag = self.relation_get(relation, member).run(self.transport())?;
        self.keep_bag(key, bag)
    }

    /// Reads the bags of units that were not read yet, in batches. One that cannot be read is as if it were not asked
    /// for.
    pub(crate) fn read_bags(&self, relation: &RelationId, units: &[UnitName]) -> Vec<(UnitName, Error)> {
        let key = |unit: &UnitName| (relation.clone(), Member::Unit(unit.clone()));
        let missing: Vec<&UnitName> = {
            let (bags, unreadable) = (self.inner.reads.bags.borrow(), self.inner.reads.unreadable.borrow());
            let unread = |unit: &&UnitName| !bags.contains_key(&key(unit)) && !unreadable.contains(&key(unit));
            gather::<_, BTreeSet<_>>(units.iter().filter(unread)).into_iter().collect()
        };
        let commands: Vec<_> = missing.iter().map(|unit| hook_command::relation_get(relation, unit)).collect();
        let mut failed: Vec<Option<Error>> = missing.iter().map(|_| None).collect();
        Command::run_each(&commands, self.transport(), |index, bag| {
            failed[index] = bag.and_then(|bag| self.keep_bag(key(missing[index]), bag)).err();
        });
        missing.into_iter().zip(failed).filter_map(|(unit, error)| Some((unit.clone(), error?))).collect()
    }

    /// The bag of a member as far as it can be read: one that cannot counts as empty, and is complained of once.
    pub(crate) fn readable_bag(&self, relation: &RelationId, member: &Member) -> Bag {
        let key = (relation.clone(), member.clone());
        if self.inner.reads.unreadable.borrow().contains(&key) {
            return Bag::default();
        }
        self.read_bag(relation, member).unwrap_or_else(|error| {
            self.note_unreadable(vec![(key, error)]);
            Bag::default()
        })
    }

    /// Says once in a dispatch that bags cannot be read: in one line, whatever their number, with the reason of the first.
    pub(crate) fn note_unreadable(&self, failed: Vec<((RelationId, Member), Error)>) {
        let Some((_, reason)) = failed.first() else { return };
        let reason = chain(reason).to_string();
        let mut named: Vec<String> = failed.iter().take(NAMED).map(|((id, member), _)| of_member(id, member)).collect();
        if failed.len() > NAMED {
            named.push(format!("and {} more", failed.len() - NAMED));
        }
        let text = format!("databags that cannot be read and count as empty: {}: {reason}", named.join(", "));
        self.inner.reads.unreadable.borrow_mut().extend(failed.into_iter().map(|(key, _)| key));
        self.log(LogLevel::Warning, bounded(&text, 1000));
    }

    fn relation_get(&self, relation: &RelationId, member: &Member) -> Command<BTreeMap<String, String>> {
        match member {
            Member::Unit(unit) => hook_command::relation_get(relation, unit),
            Member::App(app) if self.env().unit().is_ok_and(|unit| unit.app() == app) => {
                hook_command::relation_get_own_app(relation, app)
            }
            Member::App(app) => hook_command::relation_get_app(relation, app),
        }
    }

    /// Takes what was sent to a bag as what Juju has.
    pub(super) fn bag_was_sent(&self, key: &(RelationId, Member), changes: &BTreeMap<String, String>) {
        if let Some(bag) = self.inner.reads.bags.borrow_mut().get_mut(key) {
            let before = size(bag);
            let bag = Rc::make_mut(bag);
            bag.extend(changes.iter().map(|(key, value)| (key.clone(), value.clone())));
            bag.retain(|_, value| !value.is_empty());
            let bytes = &self.inner.reads.bytes;
            bytes.set((bytes.get() + size(bag)).saturating_sub(before));
        }
    }

    fn keep_bag(&self, key: (RelationId, Member), bag: BTreeMap<String, String>) -> Result<Bag, Error> {
        let reads = &self.inner.reads;
        let bytes = reads.bytes.get() + size(&bag);
        if bytes > BAGS {
            let (what, most) = (of_member(&key.0, &key.1), BAGS >> 20);
            return Err(Error::too_large(format!(
                "databag {what}: with it, more than {most} MiB of databags are read"
            )));
        }
        reads.bytes.set(bytes);
        let bag = Rc::new(bag);
        reads.bags.borrow_mut().insert(key, Rc::clone(&bag));
        Ok(bag)
    }

    /// Whether this unit leads. A yes holds for 30 seconds, a no for the rest of the dispatch, as in Juju.
    pub(crate) fn is_leader(&self) -> Result<bool, Error> {
        let now = self.env().elapsed();
        match self.inner.reads.leader.get() {
            Some((true, since)) if now.saturating_sub(since) < LEASE => return Ok(true),
            Some((false, _)) => return Ok(false),
            _ => {}
        }
        let leader = hook_command::is_leader().run(self.transport())?;
        self.inner.reads.leader.set(Some((leader, now)));
        if !leader {
            self.inner.transport.does_not_lead();
        }
        Ok(leader)
    }

    /// What is known of leadership without asking.
    pub(crate) fn known_leader(&self) -> Option<bool> {
        self.inner.reads.leader.get().map(|(leader, _)| leader)
    }

    pub(crate) fn read_config(&self) -> Result<Rc<Value>, Error> {
        once(&self.inner.reads.config, || hook_command::config_get().run(self.transport()))
    }

    /// The configuration as a `C`. An option that does not fit is an error that names it.
    pub(crate) fn config_as<C: DeserializeOwned>(&self) -> Result<C, Error> {
        fit(Value::clone(&*self.read_config()?)).map_err(Error::config)
    }

    pub(crate) fn action_params(&self) -> Result<Rc<Value>, Error> {
        once(&self.inner.reads.params, || hook_command::action_get().run(self.transport()))
    }

    pub(crate) fn read_network(&self, binding: &str, relation: Option<&RelationId>) -> Result<NetworkInfo, Error> {
        let key = (binding.to_owned(), relation.cloned());
        if let Some(network) = self.inner.reads.networks.borrow().get(&key) {
            return Ok(network.clone());
        }
        let network = hook_command::network_get(binding, relation).run(self.transport())?;
        self.inner.reads.networks.borrow_mut().insert(key, network.clone());
        Ok(network)
    }

    /// The ports that are open for one endpoint alone, or under none those that are for all.
    pub(crate) fn open_ports(&self, endpoint: Option<&str>) -> Result<Ports, Error> {
        let opened = once(&self.inner.reads.ports, || hook_command::opened_ports_by_endpoint().run(self.transport()))?;
        let of = |it: &&OpenedPort| match (&it.endpoints, endpoint) {
            (None, None) => true,
            (Some(names), Some(endpoint)) => names.iter().any(|name| name == endpoint),
            (None, Some(_)) | (Some(_), None) => false,
        };
        Ok(gather(opened.iter().filter(of).map(|it| it.ports)))
    }

    /// The status that Juju shows; none where it is one that a charm cannot set.
    pub(crate) fn read_status(&self, of: Of) -> Result<Option<Status>, Error> {
        let shown = &self.inner.transport;
        if let Some(status) = shown.known(of) {
            return Ok(status);
        }
        let status = match of {
            Of::Unit => hook_command::status_get().run(self.transport())?,
            Of::Application => {
                let AppStatus { app, mut units } = hook_command::status_get_app().run(self.transport())?;
                // The answer has the units' statuses too, and so this unit's, unless a newer one is known.
                if let Some(own) = self.env().unit().ok().and_then(|unit| units.remove(unit))
                    && shown.known(Of::Unit).is_none()
                {
                    shown.answered(Of::Unit, own.into_status());
                }
                app.into_status()
            }
        };
        shown.answered(of, status.clone());
        Ok(status)
    }
}

fn size(bag: &BTreeMap<String, String>) -> usize {
    bag.iter().map(|(key, value)| key.len() + value.len()).sum()
}

/// What was read before, else what is read now.
fn once<T>(cell: &RefCell<Option<Rc<T>>>, read: impl FnOnce() -> Result<T, Error>) -> Result<Rc<T>, Error> {
    if let Some(value) = &*cell.borrow() {
        return Ok(Rc::clone(value));
    }
    let value = Rc::new(read()?);
    *cell.borrow_mut() = Some(Rc::clone(&value));
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::env::Env;
    use crate::transport::{Ending, Output, Transport};

    /// Says that this unit leads, and counts how often it was asked.
    #[derive(Clone, Default)]
    struct Leads(Rc<Cell<u32>>);

    impl Transport for Leads {
        fn call(&self, _: &Call) -> io::Result<Output> {
            self.0.set(self.0.get() + 1);
            let stdout = if self.0.get() < 3 { b"true\n".to_vec() } else { b"false\n".to_vec() };
            Ok(Output { ending: Ending::Exited(0), stdout, stderr: Vec::new() })
        }

        fn debug(&self, _: &str) {}

        fn complain(&self, _: &str) {}
    }

    #[test]
    fn a_yes_to_leadership_holds_for_thirty_seconds_and_a_no_for_good() {
        let (clock, leads) = (Rc::new(Cell::new(Duration::ZERO)), Leads::default());
        let now = clock.clone();
        let vars = [("JUJU_DISPATCH_PATH", "hooks/start"), ("JUJU_UNIT_NAME", "a/0")];
        let env = Env::from_vars(vars).unwrap().with_elapsed(move || now.get());
        let cx = Context::new(env, Rc::new(leads.clone()));
        for (seconds, leader, asked) in [(0, true, 1), (29, true, 1), (30, true, 2), (60, false, 3), (600, false, 3)] {
            clock.set(Duration::from_secs(seconds));
            assert_eq!((cx.is_leader().unwrap(), leads.0.get()), (leader, asked), "after {seconds} s");
        }
    }

    /// Answers what it is asked together, but for the members, and keeps the batches.
    #[derive(Clone, Default)]
    struct Batches(Rc<RefCell<Vec<Vec<String>>>>);

    impl Transport for Batches {
        fn call(&self, call: &Call) -> io::Result<Output> {
            let stdout = match &*call.command {
                "relation-list" if self.0.borrow().len() < 2 => return Err(io::ErrorKind::BrokenPipe.into()),
                "relation-list" | "relation-ids" => b"[]".to_vec(),
                _ => b"{}".to_vec(),
            };
            Ok(Output { ending: Ending::Exited(0), stdout, stderr: Vec::new() })
        }

        fn call_each(&self, calls: &[Call], answer: &mut dyn FnMut(usize, io::Result<Output>)) {
            self.0.borrow_mut().push(calls.iter().map(|call| call.command.to_string()).collect());
            for (index, call) in calls.iter().enumerate().rev() {
                answer(index, self.call(call));
            }
        }

        fn debug(&self, _: &str) {}

        fn complain(&self, _: &str) {}
    }

    #[test]
    fn what_is_read_together_is_asked_for_once_and_what_fails_is_asked_for_again() {
        let batches = Batches::default();
        let vars = [("JUJU_DISPATCH_PATH", "hooks/start"), ("JUJU_UNIT_NAME", "a/0")];
        let cx = Context::new(Env::from_vars(vars).unwrap(), Rc::new(batches.clone()));
        let id: RelationId = "peers:0".parse().unwrap();
        let state = || [Read::State, Read::Config, Read::Relations("peers".into()), Read::Members(id.clone())];
        cx.read_together(&[state(), state()].concat());
        assert_eq!(*batches.0.borrow(), [["state-get", "config-get", "relation-ids", "relation-list"]]);
        cx.load_areas().unwrap();
        cx.read_config().unwrap();
        assert_eq!(cx.relation_ids("peers").unwrap(), []);
        assert_eq!(batches.0.borrow().len(), 1);
        assert!(cx.members(&id).unwrap_err().to_string().starts_with("relation-list peers:0"));
        batches.0.borrow_mut().push(Vec::new());
        assert_eq!(cx.members(&id).unwrap(), []);
    }
}
