//! The durable events that wait, in the order of their delivery, and the form they are stored in.
//!
//! The stored form is one JSON object a line, oldest first. A line that this version cannot read, or whose source it
//! does not know, is kept byte for byte: a newer version that is rolled back to finds it again.

use std::any::Any;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::error::bounded;

/// The version of the lines that this code writes. Newer ones are left alone; fields may be added without a new one.
const VERSION: u64 = 1;
/// The longest error that is stored with an event.
const ERROR_LIMIT: usize = 1024;
/// With less room than this nothing is noted.
const LEAST: usize = 128;

/// A durable event that waits, as [`Context::pending`](crate::Context::pending) shows it.
///
/// ```
/// # use juju_ops::{BoxError, Context, Status};
/// /// For `events.status(…)`.
/// fn status(cx: &Context) -> Result<Option<Status>, BoxError> {
///     let pending = cx.pending()?;
///     Ok(pending.first().map(|event| Status::waiting(format!("for {} ({})", event.subject, event.name))))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pending {
    /// The topic of its source; empty when the entry is unreadable.
    pub topic: String,
    /// The name of its source.
    pub name: String,
    /// What it is about.
    pub subject: String,
    /// When it was emitted.
    pub since: SystemTime,
    /// How many of its deliveries failed.
    pub attempts: u64,
    /// What the last failed redelivery failed with, at most 1 KiB of it.
    pub last_error: Option<String>,
    /// When the unit is to be woken for it; none where it waits for the next hook.
    pub due: Option<SystemTime>,
    /// Whether this version of the charm knows its source and can read it.
    pub deliverable: bool,
    pub(crate) generation: u64,
}

/// One entry of the queue.
#[derive(Clone)]
pub(crate) struct Entry {
    /// Tells this emission from every other in this dispatch, also from one on the same subject.
    pub(crate) generation: u64,
    /// The event itself, if it was emitted in this dispatch.
    pub(crate) fresh: Option<Rc<dyn Any>>,
    /// Whether it was emitted in the delivery of an event of an earlier dispatch, and so must not fail this hook either.
    pub(crate) spares_hook: bool,
    pub(crate) identity: Identity,
    fields: Map<String, Value>,
    /// As stored, or as it will be.
    line: String,
}

/// All that waits, oldest first, and so by generation. A copy shares the entries.
#[derive(Clone, Default)]
pub(crate) struct Queue {
    entries: Vec<Rc<Entry>>,
    generations: u64,
    /// How many bytes the lines have, with their ends.
    size: usize,
}

/// Where an event comes from and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) topic: String,
    pub(crate) name: String,
    pub(crate) subject: String,
}

impl Queue {
    pub(crate) fn read(text: &str) -> Self {
        let mut queue = Self::default();
        if !text.is_empty() {
            for line in text.split('\n') {
                let fields = serde_json::from_str(line).unwrap_or_default();
                queue.push(fields, line.to_owned(), None, false);
            }
        }
        queue
    }

    /// The stored form.
    pub(crate) fn text(&self) -> String {
        self.entries.iter().map(|entry| entry.line.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// How many bytes the stored form has, and at most one more.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn entries(&self) -> &[Rc<Entry>] {
        &self.entries
    }

    pub(crate) fn get(&self, generation: u64) -> Option<&Rc<Entry>> {
        self.place(generation).map(|place| &self.entries[place])
    }

    /// The oldest entry that is younger than a generation.
    pub(crate) fn after(&self, generation: u64) -> Option<&Rc<Entry>> {
        self.entries.get(self.entries.partition_point(|entry| entry.generation <= generation))
    }

    /// Adds an event at the end. An older one on the same topic and subject is replaced; gives back whether there was.
    pub(crate) fn emit(
        &mut self,
        id: &Identity,
        since: SystemTime,
        stored: Value,
        live: Rc<dyn Any>,
        spares_hook: bool,
    ) -> bool {
        let same = |entry: &Rc<Entry>| entry.identity.subject == id.subject && entry.identity.topic == id.topic;
        let replaced = self.remove_all(same) > 0;
        let since = since.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs());
        let mut fields = Map::new();
        fields.insert("v".into(), VERSION.into());
        fields.insert("topic".into(), id.topic.clone().into());
        fields.insert("name".into(), id.name.clone().into());
        fields.insert("subject".into(), id.subject.clone().into());
        fields.insert("since".into(), since.into());
        fields.insert("event".into(), stored);
        let line = Value::Object(fields.clone()).to_string();
        self.push(fields, line, Some(live), spares_hook);
        replaced
    }

    /// Takes an entry out; gives back whether it was there.
    pub(crate) fn remove(&mut self, generation: u64) -> bool {
        match self.place(generation) {
            Some(place) => {
                let entry = self.entries.remove(place);
                self.size -= entry.line.len() + 1;
                true
            }
            None => false,
        }
    }

    /// Takes out all entries of a source; gives back how many.
    pub(crate) fn remove_source(&mut self, topic: &str, name: &str) -> usize {
        self.remove_all(|entry| entry.identity.topic == topic && entry.identity.name == name)
    }

    /// Notes a failed redelivery, with as much of the error as there is room for.
    pub(crate) fn failed(&mut self, generation: u64, error: &str, room: usize) {
        // A control character takes up to six bytes in JSON.
        let error = bounded(error, ERROR_LIMIT.min(room / 6));
        if room < LEAST {
            return;
        }
        self.change(generation, |entry| {
            entry.fields.insert("attempts".into(), (entry.attempts() + 1).into());
            entry.fields.insert("error".into(), error.into());
        });
    }

    /// Notes when the unit is to be woken for an event. A wake that comes no later than asked for stays.
    pub(crate) fn wake_at(&mut self, generation: u64, now: u64, due: u64) {
        let before = self.get(generation).and_then(|entry| entry.due());
        if before.is_none_or(|before| before <= now || before > due) {
            self.change(generation, |entry| drop(entry.fields.insert("due".into(), due.into())));
        }
    }

    /// Forgets when the unit was to be woken for an event.
    pub(crate) fn wake_no_more(&mut self, generation: u64) {
        if self.get(generation).is_some_and(|entry| entry.due().is_some()) {
            self.change(generation, |entry| drop(entry.fields.remove("due")));
        }
    }

    /// When the unit is to be woken first, from now. What was due before has had its chance: what is still there has
    /// failed since or cannot be delivered, and waits for the next hook.
    pub(crate) fn first_due(&self, now: u64) -> Option<u64> {
        self.entries.iter().filter_map(|entry| entry.due()).filter(|due| *due > now).min()
    }

    fn change(&mut self, generation: u64, change: impl FnOnce(&mut Entry)) {
        let Some(place) = self.place(generation) else { return };
        let mut entry = (*self.entries[place]).clone();
        change(&mut entry);
        self.size -= entry.line.len();
        entry.line = Value::Object(entry.fields.clone()).to_string();
        self.size += entry.line.len();
        self.entries[place] = Rc::new(entry);
    }

    fn place(&self, generation: u64) -> Option<usize> {
        self.entries.binary_search_by_key(&generation, |entry| entry.generation).ok()
    }

    fn remove_all(&mut self, out: impl Fn(&Rc<Entry>) -> bool) -> usize {
        let (before, mut freed) = (self.entries.len(), 0);
        self.entries.retain(|entry| {
            let out = out(entry);
            freed += if out { entry.line.len() + 1 } else { 0 };
            !out
        });
        self.size -= freed;
        before - self.entries.len()
    }

    fn push(&mut self, fields: Map<String, Value>, line: String, fresh: Option<Rc<dyn Any>>, spares_hook: bool) {
        self.generations += 1;
        self.size += line.len() + 1;
        let text = |field| fields.get(field).and_then(Value::as_str).unwrap_or("").to_owned();
        let identity = Identity { topic: text("topic"), name: text("name"), subject: text("subject") };
        self.entries.push(Rc::new(Entry { generation: self.generations, fresh, spares_hook, identity, fields, line }));
    }
}

impl Entry {
    /// The event as stored; none where this version cannot tell.
    pub(crate) fn stored(&self) -> Option<&Value> {
        if self.fields.get("v")?.as_u64()? == VERSION { self.fields.get("event") } else { None }
    }

    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    pub(crate) fn show(&self, deliverable: bool) -> Pending {
        let Identity { topic, name, subject } = self.identity.clone();
        // A stored number beyond what the clock can count is no time at all.
        let time = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let since = self.fields.get("since").and_then(Value::as_u64).and_then(time);
        Pending {
            topic,
            name,
            subject,
            since: since.unwrap_or(SystemTime::UNIX_EPOCH),
            due: self.due().and_then(time),
            attempts: self.attempts(),
            last_error: self.fields.get("error").and_then(Value::as_str).map(str::to_owned),
            deliverable,
            generation: self.generation,
        }
    }

    /// When the unit is to be woken for it, in seconds of Unix time.
    fn due(&self) -> Option<u64> {
        self.fields.get("due").and_then(Value::as_u64)
    }

    fn attempts(&self) -> u64 {
        self.fields.get("attempts").and_then(Value::as_u64).unwrap_or(0).min(u64::from(u32::MAX))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.topic.as_str() {
            "" => f.write_str("unreadable"),
            topic => write!(f, "{topic} {} {}", self.name, bounded(&self.subject, 128)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str, subject: &str) -> Identity {
        Identity { topic: "t".into(), name: name.into(), subject: subject.into() }
    }

    fn emit(queue: &mut Queue, name: &str, subject: &str) -> bool {
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        queue.emit(&id(name, subject), since, serde_json::json!({"n": 1}), Rc::new(()), false)
    }

    #[test]
    fn the_stored_form_is_pinned() {
        let mut queue = Queue::default();
        emit(&mut queue, "joined", "magpie/1");
        emit(&mut queue, "departed", "magpie/2");
        queue.failed(1, "broken pipe", 1 << 20);
        expect_test::expect![[r#"
            {"attempts":1,"error":"broken pipe","event":{"n":1},"name":"joined","since":1767225600,"subject":"magpie/1","topic":"t","v":1}
            {"event":{"n":1},"name":"departed","since":1767225600,"subject":"magpie/2","topic":"t","v":1}"#]]
        .assert_eq(&queue.text());
        assert_eq!(Queue::read(&queue.text()).text(), queue.text());
    }

    #[test]
    fn a_newer_event_on_a_subject_replaces_the_older_and_goes_last() {
        let mut queue = Queue::default();
        assert!(!emit(&mut queue, "joined", "a") && !emit(&mut queue, "joined", "b"));
        assert!(emit(&mut queue, "departed", "a"));
        let shown: Vec<String> = queue.entries().iter().map(|entry| entry.identity.to_string()).collect();
        assert_eq!(shown, ["t joined b", "t departed a"]);
        assert!(queue.get(1).is_none() && queue.get(3).is_some());
    }

    #[test]
    fn what_cannot_be_read_is_kept_to_the_byte() {
        let text = "{\"v\":2,\"topic\":\"t\",\"name\":\"joined\",\"subject\":\"a\", \"what\":[1]}\nrubbish\n[1]\n{\"v\":\"1\"}\r\n\nx";
        let queue = Queue::read(text);
        assert_eq!(queue.text(), text);
        assert!(queue.entries().iter().all(|entry| entry.stored().is_none()));
        assert_eq!(queue.entries()[0].identity.to_string(), "t joined a");
        assert_eq!(queue.entries()[1].identity.to_string(), "unreadable");
    }

    #[test]
    fn the_size_is_that_of_the_stored_form() {
        let mut queue = Queue::read("rubbish\nmore");
        emit(&mut queue, "joined", "a");
        emit(&mut queue, "joined", "a");
        emit(&mut queue, "joined", "b");
        queue.failed(4, &"\u{1}é".repeat(4000), 1 << 20);
        queue.failed(5, "little room", LEAST);
        queue.failed(3, "no room", 0);
        queue.remove(1);
        assert_eq!(queue.size(), queue.text().len() + 1);
        assert!(queue.entries()[1].show(true).last_error.is_some_and(|error| error.len() <= ERROR_LIMIT));
    }

    #[test]
    fn unknown_fields_survive_a_failed_attempt() {
        let line = r#"{"event":1,"later":{"x":[]},"name":"n","since":5,"subject":"s","topic":"t","v":1}"#;
        let mut queue = Queue::read(line);
        queue.failed(1, "e", 1 << 20);
        assert!(queue.text().contains(r#""later":{"x":[]}"#));
    }

    #[test]
    fn absurd_numbers_are_shown_as_something() {
        let line = format!(r#"{{"v":1,"topic":"t","since":{},"attempts":{},"event":1}}"#, u64::MAX, u64::MAX);
        let mut queue = Queue::read(&line);
        queue.failed(1, "e", 1 << 20);
        assert_eq!(queue.entries()[0].show(true).attempts, u64::from(u32::MAX));
    }
}
