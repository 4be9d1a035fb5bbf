//! What a dispatch wants changed, until it is sent.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::{Context, Member};
use crate::error::Error;
use crate::hook_command::Ports;
use crate::name::RelationId;
use crate::pending::Queue;
use crate::source::Key;
use crate::state::Areas;
use crate::status::{Of, OfEach, Status};

pub(super) type BagWrites = BTreeMap<(RelationId, Member), BTreeMap<String, String>>;

/// What the handlers want changed. A copy of it is a savepoint, and shares what is not changed after it.
#[derive(Clone, Default)]
pub(crate) struct Written {
    pub(super) bags: Rc<BagWrites>,
    pub(super) areas: Option<Rc<Areas>>,
    pub(super) queue: Option<Queue>,
    pub(super) statuses: OfEach<Status>,
    pub(super) version: Option<Rc<str>>,
    /// The ports that are to be open, for each endpoint, or for all of them under none.
    pub(super) ports: Rc<BTreeMap<Option<String>, Ports>>,
    pub(super) fleeting: VecDeque<(Key, Rc<dyn Any>)>,
}

impl Context {
    /// The bag of a member with the writes of this dispatch.
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

    pub(crate) fn write_bag(
        &self,
        relation: &RelationId,
        member: &Member,
        key: &str,
        value: String,
    ) -> Result<(), Error> {
        // The hook's own handlers know their relation from the hook. What waited may outlive its relation.
        if self.inner.redelivering.get() && !self.relation_ids(relation.endpoint())?.contains(relation) {
            return Err(Error::gone(relation));
        }
        let mut written = self.inner.written.borrow_mut();
        let bags = Rc::make_mut(&mut written.bags);
        bags.entry((relation.clone(), member.clone())).or_default().insert(key.to_owned(), value);
        Ok(())
    }

    pub(crate) fn set_status(&self, of: Of, status: Status) {
        self.inner.written.borrow_mut().statuses.set(of, Some(status));
    }

    /// The status with the write of this dispatch.
    pub(crate) fn status(&self, of: Of) -> Result<Option<Status>, Error> {
        let written = self.inner.written.borrow().statuses.get(of).cloned();
        match written {
            Some(status) => Ok(Some(status)),
            None => self.read_status(of),
        }
    }

    pub(crate) fn set_version(&self, version: &str) {
        self.inner.written.borrow_mut().version = Some(version.into());
    }

    pub(crate) fn set_ports(&self, endpoint: Option<&str>, ports: Ports) {
        let mut written = self.inner.written.borrow_mut();
        Rc::make_mut(&mut written.ports).insert(endpoint.map(str::to_owned), ports);
    }

    /// The ports that were declared in this dispatch; none where none were.
    pub(crate) fn wanted_ports(&self, endpoint: Option<&str>) -> Option<Ports> {
        self.inner.written.borrow().ports.get(&endpoint.map(str::to_owned)).cloned()
    }

    pub(crate) fn next_fleeting(&self) -> Option<(Key, Rc<dyn Any>)> {
        self.inner.written.borrow_mut().fleeting.pop_front()
    }

    pub(crate) fn savepoint(&self) -> Written {
        self.inner.written.borrow().clone()
    }

    pub(crate) fn return_to(&self, savepoint: Written) {
        *self.inner.written.borrow_mut() = savepoint;
    }

    /// Begins the dispatch.
    pub(crate) fn begin(&self) {
        self.inner.transport.begin();
    }

    /// Ends the dispatch, whatever came of it. Events that are still held have a handle to it, and it to them.
    pub(crate) fn end(&self) {
        self.inner.transport.keep();
        self.inner.written.take();
    }
}
