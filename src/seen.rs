use std::collections::{BTreeMap, BTreeSet};

use juju_ops::hook::Hook;
use juju_ops::{Context, Error, RelationId, UnitName, chain};
use serde::{Deserialize, Serialize};

/// The units that were announced to the charm, for each relation of the endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen(pub(crate) BTreeMap<RelationId, BTreeSet<UnitName>>);

/// The stored form. Fields may be added; a new `v` is for what an old version must not misread.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    seen: BTreeMap<RelationId, BTreeSet<UnitName>>,
}

const VERSION: u32 = 1;

impl Seen {
    /// All units, over all relations.
    pub(crate) fn union(&self) -> BTreeSet<&UnitName> {
        self.0.values().flatten().collect()
    }

    /// What this unit remembers. A memory that this version cannot read is set aside in an area of its own, and this
    /// unit begins anew: every current peer is announced again.
    pub(crate) fn load(cx: &Context, endpoint: &str) -> Result<Self, Error> {
        let state = cx.state(&area(endpoint));
        let Some(text) = state.text()? else { return Ok(Self::default()) };
        let why = match serde_json::from_str::<Stored>(&text) {
            Ok(stored) if stored.v == VERSION => return Ok(Self(stored.seen)),
            Ok(stored) => format!("written by version {} of its form", stored.v),
            Err(error) => chain(&error).to_string(),
        };
        let aside = format!("{}.unreadable", area(endpoint));
        log::warn!("state area {}: {why}; set aside as {aside}, every peer is announced anew", area(endpoint));
        // Removed first, so that the copy needs no more room than the original. What was set aside before stays.
        state.remove()?;
        let before = cx.state(&aside).text()?.map(|before| before + "\n").unwrap_or_default();
        cx.state(&aside).set_text(before + &text)?;
        Ok(Self::default())
    }

    pub(crate) fn store(self, cx: &Context, endpoint: &str) -> Result<(), Error> {
        cx.state(&area(endpoint)).set(&Stored { v: VERSION, seen: self.0 })
    }
}

/// Whether a unit that was announced is still a peer, as far as there is evidence: a relation that knew it and is not
/// listed is none, nor is one that is just being created.
pub(crate) fn is_peer(cx: &Context, endpoint: &str, unit: &UnitName) -> Result<bool, Error> {
    let created = match cx.hook() {
        Some(Hook::RelationCreated(hook)) => Some(hook.relation()),
        _ => None,
    };
    let mut silent: BTreeSet<RelationId> = BTreeSet::new();
    for relation in cx.relations(endpoint)? {
        if Some(relation.id()) == created {
            continue;
        }
        if relation.members()?.contains(unit) {
            return Ok(true);
        }
        silent.insert(relation.id().clone());
    }
    let seen = Seen::load(cx, endpoint)?;
    Ok(seen.0.iter().any(|(id, units)| units.contains(unit) && !silent.contains(id)))
}

/// The name of the state area, and the topic of the events.
pub(crate) fn area(endpoint: &str) -> String {
    format!("magpie-peers.{endpoint}")
}
