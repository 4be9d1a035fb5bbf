//! The pending events and the state that they are stored in.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Context;
use super::writes::Written;
use crate::error::Error;
use crate::event::Durable;
use crate::hook_command;
use crate::pending::{Entry, Identity, Pending, Queue};
use crate::source::{Source, topic_and_name};
use crate::state::Areas;

/// The state area of the pending events.
pub(crate) const PENDING: &str = "pending";
/// The state area of what was once said of the pending events.
const NOTED: &str = "noted";
/// The areas that are the framework's own.
const OWN: [&str; 3] = [PENDING, NOTED, "wake"];
/// How many bytes above the limit the errors of failed redeliveries may take.
const NOTES: usize = 256 << 10;

impl Context {
    pub(crate) fn area(&self, area: &str) -> Result<Option<String>, Error> {
        self.load_areas()?;
        Ok(self.inner.written.borrow().areas.as_ref().and_then(|areas| areas.get(area)).map(str::to_owned))
    }

    /// The areas whose names begin so.
    pub(crate) fn areas_of(&self, prefix: &str) -> Result<Vec<String>, Error> {
        self.load_areas()?;
        Ok(self.inner.written.borrow().areas.as_ref().map(|areas| areas.of(prefix)).unwrap_or_default())
    }

    pub(crate) fn set_area(&self, area: &str, text: String) -> Result<(), Error> {
        if OWN.contains(&area) {
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

    /// Replaces an area of the framework's own: that must not fail a hook for want of room.
    pub(crate) fn put_own(&self, area: &str, text: String) -> Result<(), Error> {
        self.load_areas()?;
        Rc::make_mut(self.inner.written.borrow_mut().areas.get_or_insert_default()).put_if_room(area, text);
        Ok(())
    }

    pub(crate) fn load_areas(&self) -> Result<(), Error> {
        if self.inner.written.borrow().areas.is_none() {
            let stored = hook_command::state_get().run(self.transport())?;
            self.inner.written.borrow_mut().areas = Some(Rc::new(Areas::read(&stored)));
            *self.inner.stored.borrow_mut() = Some(Rc::new(stored));
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

    pub(super) fn store_queue(&self) {
        let mut written = self.inner.written.borrow_mut();
        let Written { areas, queue, .. } = &mut *written;
        let (Some(areas), Some(queue)) = (areas, queue) else { return };
        let text = queue.text();
        if areas.get(PENDING).unwrap_or_default() != text {
            Rc::make_mut(areas).put(PENDING, text);
        }
    }

    pub(super) fn enqueue<E: Durable>(&self, source: &Source<E>, event: E) -> Result<(), Error> {
        let (topic, name) = topic_and_name(source);
        let subject = event.subject().into_owned();
        let id = Identity { topic: topic.to_owned(), name: name.to_owned(), subject };
        if !self.is_declared(topic, name) {
            return Err(Error::event(id.to_string(), "is emitted, and nothing declares that it emits it"));
        }
        let stored = serde_json::to_value(&event).map_err(|error| Error::event(id.to_string(), error))?;
        self.load_queue()?;
        let others = self.size_without_queue();
        let limit = self.limit();
        let mut written = self.inner.written.borrow_mut();
        let queue = written.queue.get_or_insert_default();
        let before = queue.clone();
        let replaced = queue.emit(&id, self.env().now(), stored, Rc::new(event), self.inner.redelivering.get());
        let size = others + queue.size();
        if size > limit && size > others + before.size() {
            written.queue = Some(before);
            let beside = written.areas.as_ref().map(|areas| areas.beside()).unwrap_or_default();
            let why = format!("{size} bytes of state in all, above the limit of {limit}{beside}");
            return Err(Error::event(id.to_string(), why));
        }
        drop(written);
        self.debug(format_args!("emitted {id}{}", if replaced { ", in place of an older one" } else { "" }));
        Ok(())
    }

    /// All that is pending, with its place in the queue.
    pub(super) fn list_pending(&self) -> Result<Vec<Pending>, Error> {
        self.load_queue()?;
        let known = self.inner.written.borrow();
        let entries = known.queue.as_ref().map(Queue::entries).unwrap_or_default();
        Ok(entries.iter().map(|entry| entry.show(self.is_deliverable(entry))).collect())
    }

    pub(crate) fn declare(&self, sources: impl Iterator<Item = (String, String)>) {
        *self.inner.declared.borrow_mut() = sources.collect();
    }

    /// Whether this version of the charm can read an entry and knows where it came from.
    pub(crate) fn is_deliverable(&self, entry: &Entry) -> bool {
        entry.stored().is_some() && self.is_declared(&entry.identity.topic, &entry.identity.name)
    }

    fn is_declared(&self, topic: &str, name: &str) -> bool {
        self.inner.declared.borrow().iter().any(|(its_topic, its_name)| its_topic == topic && its_name == name)
    }

    /// Notes a failed redelivery. The note has room where nothing else has, and is cut where it would have none.
    pub(crate) fn note_failure(&self, generation: u64, error: &str) {
        let (others, limit) = (self.size_without_queue(), self.limit());
        self.with_queue(|queue| queue.failed(generation, error, (limit + NOTES).saturating_sub(others + queue.size())));
    }

    /// How many bytes the state has but for the pending events.
    fn size_without_queue(&self) -> usize {
        self.inner.written.borrow().areas.as_ref().map_or(0, |areas| areas.size_without(PENDING))
    }

    /// How many bytes the areas may hold together.
    fn limit(&self) -> usize {
        self.inner.written.borrow().areas.as_ref().map_or(crate::state::LIMIT, |areas| areas.limit())
    }

    /// Looks at the queue of pending events, which is loaded.
    pub(crate) fn with_queue<R>(&self, act: impl FnOnce(&mut Queue) -> R) -> R {
        act(self.inner.written.borrow_mut().queue.get_or_insert_default())
    }

    /// Whether something is to be said of the pending events that was not said of them before: `what` is a state of
    /// affairs, `None` where it is over.
    pub(crate) fn is_news(&self, topic: &str, what: Option<&str>) -> Result<bool, Error> {
        let mut noted: BTreeMap<String, String> =
            self.area(NOTED)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        if noted.get(topic).map(String::as_str) == what {
            return Ok(false);
        }
        match what {
            Some(what) => noted.insert(topic.to_owned(), what.to_owned()),
            None => noted.remove(topic),
        };
        let text = if noted.is_empty() { String::new() } else { serde_json::to_string(&noted).unwrap_or_default() };
        self.put_own(NOTED, text)?;
        Ok(what.is_some())
    }
}

/// A short name for stored lines: FNV-1a, not a defence.
pub(crate) fn digest<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let bytes = lines.into_iter().flat_map(|line| line.bytes().chain([b'\n']));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// Topic and name of each source of durable events.
pub(super) type Declared = Vec<(String, String)>;
