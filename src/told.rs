use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use juju_ops::hook::Hook;
use juju_ops::{Context, Error, Relation, RelationId, chain};
use serde::{Deserialize, Serialize};

/// What this unit remembers of what it told its peers, so that its own bag is read only where something changes: Juju
/// sends a bag again that was read, and refuses the hook if it cannot.
///
/// It commits with the bag that it is about, or not at all. It is no more than a saving: what is not remembered, or by
/// another version, is told again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    v: u32,
    /// What is in the own bag, by relation and key; an empty text for what was withdrawn.
    #[serde(default)]
    relations: BTreeMap<RelationId, BTreeMap<String, String>>,
    /// The addresses that Juju itself tells the peers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ingress: Vec<String>,
    /// Why there is no address to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lacks: Option<String>,
    /// When this unit last looked at its network, in seconds of Unix.
    #[serde(default)]
    looked: u64,
}

const VERSION: u32 = 1;
/// How long a look at the network is good when no hook tells of a change.
const LOOK_AGAIN: u64 = 60 * 60;

impl Memory {
    pub(crate) fn load(cx: &Context, endpoint: &str) -> Result<Self, Error> {
        let text = cx.state(&area(endpoint)).text()?.unwrap_or_default();
        let known = serde_json::from_str(&text).ok().filter(|told: &Self| told.v == VERSION);
        Ok(known.unwrap_or_else(|| Self { v: VERSION, ..Self::default() }))
    }

    /// Remembers what is told in these relations. That there is no room for it must not fail the hook.
    pub(crate) fn store(mut self, cx: &Context, endpoint: &str, relations: &[Relation]) {
        self.relations.retain(|id, _| relations.iter().any(|relation| relation.id() == id));
        if let Err(error) = cx.state(&area(endpoint)).set(&self) {
            log::debug!("what was told is not remembered: {}", chain(&error));
        }
    }

    /// What is in the own bag, as far as it is remembered; empty for what is not in it.
    pub(crate) fn value(&self, relation: &RelationId, key: &str) -> Option<&str> {
        self.relations.get(relation)?.get(key).map(String::as_str)
    }

    pub(crate) fn remember(&mut self, relation: &RelationId, key: &str, value: &str) {
        self.relations.entry(relation.clone()).or_default().insert(key.to_owned(), value.to_owned());
    }

    /// What is in the bag is no longer known: what is told next is compared with the bag itself.
    pub(crate) fn forget(&mut self, relation: &RelationId, key: &str) {
        self.relations.entry(relation.clone()).or_default().remove(key);
    }

    /// Whether the network is to be looked at: where Juju tells of a new relation or a change of addresses; where the bag
    /// is looked at anyhow; where there was nothing to tell, or it was not told in every relation; and once an hour, for a
    /// change whose hook was skipped.
    pub(crate) fn is_due(&self, cx: &Context, relations: &[Relation], key: &str) -> bool {
        let due = self.lacks.is_some() || relations.iter().any(|relation| self.value(relation.id(), key).is_none());
        match cx.hook() {
            Some(Hook::RelationCreated(hook)) => due || relations.iter().any(|it| it.id() == hook.relation()),
            Some(Hook::ConfigChanged(_) | Hook::Start(_) | Hook::UpgradeCharm(_)) => true,
            Some(Hook::UpdateStatus(_)) => due || self.is_old(cx),
            _ => due,
        }
    }

    /// Notes that the network was looked at; often enough, and otherwise only together with something else.
    pub(crate) fn look(&mut self, cx: &Context, changed: bool) {
        if changed || self.is_old(cx) {
            self.looked = now(cx);
        }
    }

    fn is_old(&self, cx: &Context) -> bool {
        now(cx).abs_diff(self.looked) >= LOOK_AGAIN
    }
}

/// Whether what is remembered is not believed: another charm may have run, or the machine been another.
pub(crate) fn is_doubtful(cx: &Context) -> bool {
    matches!(cx.hook(), Some(Hook::Start(_) | Hook::UpgradeCharm(_)))
}

fn now(cx: &Context) -> u64 {
    cx.env().now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn area(endpoint: &str) -> String {
    format!("{}.told", crate::seen::area(endpoint))
}
