//! What the framework `juju-ops` says of its events, and what became of them.

use crate::run::{Fate, HookRun};

/// How a line begins that the framework logs about itself.
pub(crate) const FRAMEWORK: &str = "juju-ops: ";

/// The events of one hook, by name: topic, name and subject.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Events<'a> {
    pub(crate) emitted: Vec<&'a str>,
    pub(crate) acknowledged: Vec<&'a str>,
    /// They wait from here on, or still.
    pub(crate) held: Vec<&'a str>,
    /// They wait no longer, and the log does not say why.
    pub(crate) released: Vec<&'a str>,
}

impl<'a> Events<'a> {
    /// What the log says counts only where the hook was committed: else Juju has dropped what the framework stored. What
    /// the state has is so in any case.
    pub(crate) fn of(run: &'a HookRun) -> Events<'a> {
        let mut events = Events::default();
        if run.fate == Fate::Committed {
            for (_, text) in run.log().filter(|(level, _)| matches!(*level, "DEBUG" | "TRACE")) {
                text.lines().for_each(|line| events.read(line));
            }
        }
        if let Some(waits) = &run.waits {
            for event in &waits.held {
                add(&mut events.held, event);
            }
            for event in waits.released.iter().filter(|event| !events.acknowledged.contains(&event.as_str())) {
                add(&mut events.released, event);
            }
        }
        // One that was held, and acknowledged later in the same hook, is not held.
        let acknowledged = &events.acknowledged;
        events.held.retain(|event| !acknowledged.contains(event));
        events
    }

    fn read(&mut self, line: &'a str) {
        let Some(text) = line.strip_prefix(FRAMEWORK) else { return };
        if let Some(event) = text.strip_prefix("emitted ") {
            add(&mut self.emitted, event.strip_suffix(", in place of an older one").unwrap_or(event));
            return;
        }
        let Some((_, said)) = text.split_once(' ').filter(|(how, _)| matches!(*how, "delivered" | "redelivered"))
        else {
            return;
        };
        if let Some(event) = said.strip_suffix(": acknowledged") {
            add(&mut self.acknowledged, event);
        } else if let Some(event) = said.strip_suffix(": not yet") {
            add(&mut self.held, event);
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &'a str> {
        [&self.emitted, &self.acknowledged, &self.held, &self.released].into_iter().flatten().copied()
    }
}

/// An event without its subject: `magpie-peers.magpie joined`.
pub(crate) fn kind(event: &str) -> &str {
    let ends: Vec<usize> = event.match_indices(' ').map(|(at, _)| at).take(2).collect();
    ends.get(1).map_or(event, |end| &event[..*end])
}

fn add<'a>(events: &mut Vec<&'a str>, event: &'a str) {
    if !events.contains(&event) {
        events.push(event);
    }
}
