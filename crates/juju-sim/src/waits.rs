//! The events that a charm of the framework `juju-ops` holds back until they are acknowledged.
//!
//! They are read where the framework keeps them, in the unit's state: what a hook stored or took out is a fact, while
//! a log line is the charm's word, and that of a hook whose writes Juju then dropped is not even true. A charm on
//! another framework keeps nothing there, and nothing is shown of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::Settings;

/// How the keys begin that the queue is stored under, in chunks that are numbered.
const AREA: &str = "juju-ops.pending.";
/// How many events are named, and how many characters of each.
const NAMED: usize = 100;
const NAME: usize = 200;

/// How a hook has changed what waits on its unit for an acknowledgement.
///
/// An event is named by its topic, its name and its subject: `magpie-peers.magpie joined magpie/1`. That is what the
/// framework logs of it too; what the event carries is a value of the state, and is not here.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     let queue = r#"juju-ops.pending.0={"topic":"t","name":"joined","subject":"m/1","v":1,"event":{}}"#;
/// #     ProgramEnd::Exit(charm.tools.call(&["state-set", queue], None).code)
/// # }))?;
/// let run = juju.step().expect("install is due");
/// let waits = run.waits.as_ref().expect("it holds an event");
/// assert_eq!((waits.held.as_slice(), waits.count), (&["t joined m/1".to_owned()][..], 1));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Waits {
    /// The events that wait now and did not before; the first hundred of them.
    pub held: Vec<String>,
    /// Those that waited and do not now: they were acknowledged, dismissed, or overtaken.
    pub released: Vec<String>,
    /// How many wait now.
    pub count: usize,
}

impl Waits {
    /// The difference between two states of a unit; none where the same events wait.
    pub(crate) fn between(before: &[String], after: &[String]) -> Option<Waits> {
        let without = |all: &[String], others: &[String]| {
            let others: BTreeSet<&String> = others.iter().collect();
            let new = all.iter().filter(|event| !others.contains(event));
            new.take(NAMED).cloned().collect::<Vec<String>>()
        };
        let (held, released) = (without(after, before), without(before, after));
        let same = held.is_empty() && released.is_empty();
        (!same).then_some(Waits { held, released, count: after.len() })
    }
}

/// The events that wait by a unit's state, oldest first. What cannot be read is none.
pub(crate) fn waiting(state: &Settings) -> Vec<String> {
    let stored = state.range(AREA.to_owned()..).take_while(|(key, _)| key.starts_with(AREA));
    let mut chunks: Vec<(u32, &str)> =
        stored.filter_map(|(key, text)| Some((key[AREA.len()..].parse().ok()?, text.as_str()))).collect();
    chunks.sort_unstable();
    let text: String = chunks.into_iter().map(|(_, text)| text).collect();
    let event = |line: &str| {
        let fields: Value = serde_json::from_str(line).ok()?;
        let field = |name| fields.get(name).and_then(Value::as_str);
        let name = format!("{} {} {}", field("topic")?, field("name")?, field("subject")?);
        Some(name.chars().take(NAME).collect())
    };
    text.lines().filter_map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(subject: &str) -> String {
        format!(r#"{{"event":{{"secret":"hunter2"}},"name":"joined","subject":"{subject}","topic":"t","v":1}}"#)
    }

    #[test]
    fn the_events_that_wait_are_read_over_all_chunks() {
        let text: Vec<String> = (0..12).map(|n| line(&format!("m/{n}"))).collect();
        let text = text.join("\n");
        let chunk = text.len().div_ceil(11);
        let chunks =
            (0..11).map(|n| (format!("{AREA}{n}"), text[n * chunk..(n * chunk + chunk).min(text.len())].into()));
        let mut state: Settings = chunks.collect();
        state.insert("juju-ops.other.0".into(), line("m/99"));
        let events = waiting(&state);
        let expected: Vec<String> = (0..12).map(|n| format!("t joined m/{n}")).collect();
        assert_eq!(events, expected);
    }

    #[test]
    fn what_is_no_queue_holds_nothing() {
        for text in ["", "rubbish", "[1]", "{\"topic\":1}", "\u{0}"] {
            let state = Settings::from([(format!("{AREA}0"), text.to_owned()), (format!("{AREA}x"), line("m/1"))]);
            assert!(waiting(&state).is_empty(), "{text}");
        }
    }

    #[test]
    fn only_a_difference_is_told() {
        let events = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(Waits::between(&events(&["a", "b"]), &events(&["b", "a"])), None);
        let waits = Waits::between(&events(&["a", "b"]), &events(&["b", "c"])).unwrap();
        assert_eq!((waits.held, waits.released, waits.count), (events(&["c"]), events(&["a"]), 2));
    }
}
