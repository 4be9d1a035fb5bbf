use std::fmt::Write as _;

use serde::Serialize;

use crate::Result;
use crate::scenario::Row;

/// The hook commands of one event, on both frameworks.
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) event: &'static str,
    juju_ops: Called,
    /// None: there was no Python.
    ops: Option<Called>,
}

#[derive(Debug, Serialize)]
struct Called {
    hook_commands: usize,
    without_juju_log: usize,
    commands: Vec<Vec<String>>,
}

impl Event {
    /// The rows of both, if they are rows of the same with the same outcome.
    pub(crate) fn of(rust: Vec<Row>, ops: Option<Vec<Row>>) -> Result<Vec<Event>> {
        let mut ops = ops.map(Vec::into_iter);
        let pair = |rust: Row| {
            let ops = ops.as_mut().map(|ops| ops.next().ok_or("the Python charms had fewer events")).transpose()?;
            if let Some(ops) = ops.as_ref().filter(|ops| (ops.event, &ops.outcome) != (rust.event, &rust.outcome)) {
                let (event, rust, ops) = (rust.event, &rust.outcome, &ops.outcome);
                return Err(format!("{event}: the charms do not do the same\n  Rust   {rust}\n  Python {ops}").into());
            }
            Ok(Event { event: rust.event, juju_ops: Called::of(rust), ops: ops.map(Called::of) })
        };
        rust.into_iter().map(pair).collect()
    }

    /// Whether there are more of them in Rust.
    pub(crate) fn is_higher(&self) -> bool {
        self.ops.as_ref().is_some_and(|ops| self.juju_ops.hook_commands > ops.hook_commands)
    }
}

impl Called {
    fn of(row: Row) -> Called {
        let (hook_commands, without_juju_log) = (row.commands.len(), row.without_log());
        Called { hook_commands, without_juju_log, commands: row.commands }
    }
}

/// The counts as a table in Markdown, with their sums.
pub(crate) fn table(events: &[Event]) -> String {
    let mut table = "| event | ops 3.9 | juju-ops | ops 3.9 without `juju-log` | juju-ops without `juju-log` |\n\
                     | --- | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let mut line = |event: &str, rust: (usize, usize), ops: Option<(usize, usize)>| {
        let (all, some) = ops.map_or(("-".into(), "-".into()), |ops| (ops.0.to_string(), ops.1.to_string()));
        let _ = writeln!(table, "| {event} | {all} | {} | {some} | {} |", rust.0, rust.1);
    };
    let counts = |called: &Called| (called.hook_commands, called.without_juju_log);
    let (mut rust_sum, mut ops_sum) = ((0, 0), Some((0, 0)));
    let add = |sum: (usize, usize), to: (usize, usize)| (sum.0 + to.0, sum.1 + to.1);
    for event in events {
        let (rust, ops) = (counts(&event.juju_ops), event.ops.as_ref().map(counts));
        line(event.event, rust, ops);
        rust_sum = add(rust_sum, rust);
        ops_sum = ops_sum.zip(ops).map(|(sum, ops)| add(sum, ops));
    }
    line("all of them", rust_sum, ops_sum);
    table
}

/// Each command that was called.
pub(crate) fn commands(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let _ = writeln!(text, "{}", event.event);
        for (name, called) in [("ops 3.9", event.ops.as_ref()), ("juju-ops", Some(&event.juju_ops))] {
            for argv in called.iter().flat_map(|called| &called.commands) {
                let _ = writeln!(text, "  {name:8} > {}", argv.join(" ").replace('\n', "\\n"));
            }
        }
    }
    text
}
