//! Open ports: what is open on a machine, and what a hook asks for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::command::PortRange;

/// A range of ports that is open for an endpoint; `""` stands for all endpoints.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct OpenPort {
    pub(crate) range: PortRange,
    pub(crate) endpoint: String,
}

/// What a hook has asked for and not flushed.
#[derive(Debug, Clone, Default)]
pub(crate) struct PendingPorts {
    pub(crate) open: BTreeSet<OpenPort>,
    pub(crate) close: BTreeSet<OpenPort>,
}

impl PendingPorts {
    /// Asks for a range to be opened. `machine` is what is open on the unit's machine, with the unit.
    pub(crate) fn open(&mut self, unit: &str, port: OpenPort, machine: &[(&str, &OpenPort)]) -> Result<(), String> {
        conflict("open", unit, port.range, machine)?;
        self.conflict_earlier("open", unit, port.range)?;
        self.close.remove(&port);
        if !machine.iter().any(|(owner, open)| *owner == unit && **open == port) {
            self.open.insert(port);
        }
        Ok(())
    }

    /// Asks for a range to be closed. What is not open is closed all the same, unless nothing on the machine is open.
    pub(crate) fn close(&mut self, unit: &str, port: OpenPort, machine: &[(&str, &OpenPort)]) -> Result<(), String> {
        conflict("close", unit, port.range, machine)?;
        self.conflict_earlier("close", unit, port.range)?;
        self.open.remove(&port);
        if !machine.is_empty() {
            self.close.insert(port);
        }
        Ok(())
    }

    fn conflict_earlier(&self, act: &str, unit: &str, range: PortRange) -> Result<(), String> {
        match self.open.iter().find(|open| open.range != range && overlap(open.range, range)) {
            Some(open) => Err(format!("{} requested earlier", text(act, unit, range, open.range, unit))),
            None => Ok(()),
        }
    }
}

/// Juju: overlapping ranges conflict on a machine, but for the same range of the same unit.
fn conflict(act: &str, unit: &str, range: PortRange, machine: &[(&str, &OpenPort)]) -> Result<(), String> {
    let conflicts =
        |(owner, open): &&(&str, &OpenPort)| overlap(open.range, range) && !(*owner == unit && open.range == range);
    match machine.iter().find(conflicts) {
        Some((owner, open)) => Err(text(act, unit, range, open.range, owner)),
        None => Ok(()),
    }
}

fn text(act: &str, unit: &str, range: PortRange, other: PortRange, owner: &str) -> String {
    format!("cannot {act} {range} (unit {unit:?}): port range conflicts with {other} (unit {owner:?})")
}

fn overlap(one: PortRange, other: PortRange) -> bool {
    one.protocol == other.protocol && one.from <= other.to && other.from <= one.to
}
