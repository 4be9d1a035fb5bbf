//! The unit's state in Juju, as named areas of any length over values of bounded length.
//!
//! Juju keeps a map of text to text for each unit, loses none of it with the container, and commits it in one
//! transaction with the hook's relation writes. An area is stored under the keys `juju-ops.<area>.<chunk>`, chunks
//! counted from 0; keys of any other form are not touched.

use std::collections::{BTreeMap, BTreeSet};

use std::rc::Rc;

use crate::error::{Error, bounded};
use crate::gather::gather;

/// The longest value that is written. Juju takes 64 KiB.
const CHUNK: usize = 48 << 10;
/// The most that all areas may be made to hold together. Juju takes 2 MiB, and checks that only when the hook is over:
/// a unit above it would fail every hook for ever. What lies between is for what the framework notes of failures.
pub(crate) const LIMIT: usize = 1 << 20;
/// What Juju takes in all, other people's keys too.
const QUOTA: usize = 2 << 20;
/// What is left free below that: for what the framework notes of failures, and for the keys' names.
const MARGIN: usize = 512 << 10;
/// How many bytes Juju counts for a key of an area beside the area's name: prefix, number, and what separates them.
const KEY: usize = 24;
const PREFIX: &str = "juju-ops.";

/// The areas as this dispatch sees them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Areas {
    texts: BTreeMap<String, Rc<str>>,
    /// How many bytes the keys have that are none of ours.
    foreign: usize,
}

/// What has to be done in Juju for a change of areas.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) delete: BTreeSet<String>,
}

impl Areas {
    /// The areas in what `state-get` gave.
    pub(crate) fn read(stored: &BTreeMap<String, String>) -> Self {
        let mut chunks: BTreeMap<&str, BTreeMap<u32, &str>> = BTreeMap::new();
        let mut foreign = 0;
        for (key, value) in stored {
            match parse_key(key) {
                Some((area, chunk)) => drop(chunks.entry(area).or_default().insert(chunk, value)),
                None => foreign += key.len() + value.len(),
            }
        }
        let join = |(area, chunks): (&str, BTreeMap<u32, &str>)| {
            (area.to_owned(), chunks.into_values().collect::<String>().into())
        };
        Self { texts: gather(chunks.into_iter().map(join)), foreign }
    }

    pub(crate) fn get(&self, area: &str) -> Option<&str> {
        self.texts.get(area).map(|text| &**text)
    }

    /// The names of the areas that begin so.
    pub(crate) fn of(&self, prefix: &str) -> Vec<String> {
        self.texts.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// Replaces an area; an empty text removes it. `also` is what will be stored besides and is not here yet.
    pub(crate) fn set(&mut self, area: &str, text: String, also: usize) -> Result<(), Error> {
        if !is_area(area) {
            return Err(Error::refused(format!(
                "state area {area:?}: not a name of lower-case letters, digits, `.`, `-` and `_`"
            )));
        }
        let others = self.size_without(area) + also;
        let limit = self.limit();
        if others + text.len() > limit && text.len() > self.get(area).map_or(0, str::len) {
            return Err(Error::refused(format!(
                "state area {area}: {} bytes in all, above the limit of {limit}{}",
                others + text.len(),
                self.beside()
            )));
        }
        self.put(area, text);
        Ok(())
    }

    /// How many bytes all areas may be made to hold together, beside what others keep in the unit's state.
    pub(crate) fn limit(&self) -> usize {
        LIMIT.min(QUOTA.saturating_sub(MARGIN + self.foreign + self.names()))
    }

    /// How many bytes Juju counts for the names of the areas.
    fn names(&self) -> usize {
        self.texts.iter().map(|(name, text)| (name.len() + KEY) * (text.len() / CHUNK + 1)).sum()
    }

    /// What takes the room, for an error.
    pub(crate) fn beside(&self) -> String {
        if self.limit() == LIMIT {
            return String::new();
        }
        match self.foreign {
            0 => format!(", beside {} bytes of names", self.names()),
            foreign => format!(", beside {foreign} bytes that are not of this framework"),
        }
    }

    /// Replaces an area of the framework's own, as far as Juju has room for it.
    pub(crate) fn put_if_room(&mut self, area: &str, text: String) {
        let all = self.size_without(area) + text.len();
        if text.is_empty() || all <= self.limit() + MARGIN / 2 {
            self.put(area, text);
        }
    }

    /// Replaces an area of the framework's own, whatever its size.
    pub(crate) fn put(&mut self, area: &str, text: String) {
        if text.is_empty() {
            self.texts.remove(area);
        } else {
            self.texts.insert(area.to_owned(), text.into());
        }
    }

    /// How many bytes all areas but one hold.
    pub(crate) fn size_without(&self, area: &str) -> usize {
        self.texts.iter().filter(|(name, _)| *name != area).map(|(_, text)| text.len()).sum()
    }

    /// What turns `stored` into these areas.
    pub(crate) fn changes(&self, stored: &BTreeMap<String, String>) -> Changes {
        let before = Self::read(stored);
        let unchanged = |area: &str| before.get(area) == self.get(area);
        let mut wanted = BTreeMap::new();
        for (area, text) in self.texts.iter().filter(|(area, _)| !unchanged(area)) {
            let mut rest = &**text;
            for chunk in 0.. {
                let part = bounded(rest, CHUNK);
                wanted.insert(format!("{PREFIX}{area}.{chunk}"), part.to_owned());
                rest = &rest[part.len()..];
                if rest.is_empty() {
                    break;
                }
            }
        }
        let stale =
            |key: &&String| parse_key(key).is_some_and(|(area, _)| !unchanged(area)) && !wanted.contains_key(*key);
        let delete = stored.keys().filter(stale).cloned().collect();
        wanted.retain(|key, value| stored.get(key) != Some(value));
        Changes { set: wanted, delete }
    }
}

fn parse_key(key: &str) -> Option<(&str, u32)> {
    let (area, chunk) = key.strip_prefix(PREFIX)?.rsplit_once('.')?;
    if is_area(area) { Some((area, crate::name::plain_number(chunk)?)) } else { None }
}

/// Juju takes keys of at most 256 bytes; some of them are the prefix and the chunk's number.
fn is_area(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
    !name.is_empty() && name.len() <= 200 && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn an_area_is_stored_in_chunks_and_read_back() {
        let text = format!("x{}", "é".repeat(CHUNK));
        let mut areas = Areas::default();
        areas.set("pending", text.clone(), 0).unwrap();
        let changes = areas.changes(&BTreeMap::new());
        let keys: Vec<&String> = changes.set.keys().collect();
        assert_eq!(keys, ["juju-ops.pending.0", "juju-ops.pending.1", "juju-ops.pending.2"]);
        assert!(changes.set.values().all(|value| value.len() <= CHUNK));
        assert_eq!(Areas::read(&changes.set).get("pending"), Some(&*text));
    }

    #[test]
    fn chunks_are_joined_by_number_not_by_name() {
        let stored: BTreeMap<String, String> = (0..12).map(|n| (format!("juju-ops.a.{n}"), format!("{n},"))).collect();
        assert_eq!(Areas::read(&stored).get("a"), Some("0,1,2,3,4,5,6,7,8,9,10,11,"));
    }

    #[test]
    fn only_what_changed_is_written_and_only_our_keys_are_removed() {
        let stored = map(&[("juju-ops.a.0", "one"), ("juju-ops.b.0", "two"), ("juju-ops.b.1", "more"), ("mine", "x")]);
        let mut areas = Areas::read(&stored);
        assert_eq!(areas.changes(&stored), Changes::default());
        areas.set("b", "two".into(), 0).unwrap();
        assert_eq!(areas.get("a"), Some("one"));
        areas.set("c", "three".into(), 0).unwrap();
        let changes = areas.changes(&stored);
        assert_eq!(changes.set, map(&[("juju-ops.c.0", "three")]));
        assert_eq!(changes.delete, BTreeSet::from(["juju-ops.b.1".to_owned()]));
    }

    #[test]
    fn the_limit_refuses_growth_only() {
        let mut areas = Areas::default();
        areas.set("a", "x".repeat(LIMIT), 0).unwrap();
        assert!(areas.set("b", "y".into(), 0).is_err());
        assert!(areas.set("a", "x".repeat(LIMIT - 1), 0).is_ok());
        let mut over = Areas::read(&map(&[("juju-ops.a.0", &"x".repeat(LIMIT + 10))]));
        over.set("a", "x".repeat(LIMIT + 5), 0).unwrap();
        assert!(areas.set("No Such", String::new(), 0).is_err());
    }
}
