use std::collections::{BTreeMap, BTreeSet};

use juju_ops::{
    BoxError, Context, Encoding, Error, Observer, Observers, Relation, Source, Status, UnitName,
    hook,
};
use serde::{Deserialize, Serialize};

use crate::changed::Changed;

const CRATE: &str = "my-library";
const INTERFACE: &str = "my-library";

/// The servers of the units that are related at one endpoint of the charm.
///
/// The charm includes it and handles [`changed`](Self::changed), which is pending until
/// acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirer {
    endpoint: String,
}

/// Where a unit serves: what it writes into its databag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its address.
    pub host: std::net::IpAddr,
    /// The TCP port.
    pub port: u16,
}

impl Requirer {
    /// The units at one endpoint of the charm's metadata.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
        }
    }

    /// Where [`Changed`] events come from.
    pub fn changed(&self) -> Source<Changed> {
        Source::new(self.area(), "changed")
    }

    /// The servers that there are now, by their units.
    ///
    /// # Errors
    /// `relation-ids` or `relation-list` fails.
    pub fn servers(&self, cx: &Context) -> Result<BTreeMap<UnitName, Server>, Error> {
        let mut servers = BTreeMap::new();
        for relation in cx.relations(&self.endpoint)? {
            let units = relation.members()?;
            relation.read_ahead(&units);
            servers.extend(units.into_iter().filter_map(|unit| {
                let server = read(&relation, &unit)?;
                Some((unit, server))
            }));
        }
        Ok(servers)
    }

    /// What the charm lacks of this object; none when there is a server. A charm that can do
    /// without does not ask.
    ///
    /// # Errors
    /// As [`servers`](Self::servers).
    pub fn status(&self, cx: &Context) -> Result<Option<Status>, Error> {
        Ok(
            match (
                cx.relations(&self.endpoint)?.is_empty(),
                self.servers(cx)?.is_empty(),
            ) {
                (true, _) => Some(Status::blocked(format!(
                    "needs a relation at {}",
                    self.endpoint
                ))),
                (_, true) => Some(Status::waiting(format!(
                    "for a server at {}",
                    self.endpoint
                ))),
                _ => None,
            },
        )
    }

    /// Crate and endpoint: the name of the state area, and the topic of the events. Both are stored
    /// in units that are upgraded, so once released they stay.
    fn area(&self) -> String {
        format!("{CRATE}.{}", self.endpoint)
    }

    /// Compares what was announced with what is there, and announces the difference.
    fn reconcile(&self, cx: &Context) -> Result<(), BoxError> {
        // Juju does not keep what the charm was told last. What cannot be read was never announced.
        let text = cx.state(&self.area()).text()?;
        let before: BTreeMap<UnitName, Server> = text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let after = self.servers(cx)?;
        for unit in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            if before.get(unit) != after.get(unit) {
                let now = after.get(unit).cloned();
                cx.emit_durable(
                    &self.changed(),
                    Changed::new(&self.endpoint, unit.clone(), now),
                )?;
            }
        }
        if after != before {
            cx.state(&self.area()).set(&after)?;
        }
        Ok(())
    }
}

impl Observer for Requirer {
    fn observe(&self, events: &mut Observers<Self>) {
        events.requires(&self.endpoint, INTERFACE);
        events.emits(&self.changed());
        let endpoint = self.endpoint.as_str();
        events.on(&hook::relation_changed(endpoint), |it, _, cx| {
            it.reconcile(cx)
        });
        events.on(&hook::relation_departed(endpoint), |it, _, cx| {
            it.reconcile(cx)
        });
        events.on(&hook::relation_broken(endpoint), |it, _, cx| {
            it.reconcile(cx)
        });
        // What the other hooks may have missed: an operator can skip one.
        events.on(&hook::update_status(), |it, _, cx| it.reconcile(cx));
        events.on(&hook::upgrade_charm(), |it, _, cx| it.reconcile(cx));
    }
}

/// Reads what another charm wrote. It may be anything, and whatever it is fails no hook.
fn read(relation: &Relation, unit: &UnitName) -> Option<Server> {
    Encoding::Text.decode(&relation.bag(unit).readable()).ok()
}
