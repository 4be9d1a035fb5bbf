use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use juju_ops::{
    BoxError, Context, Encoding, Error, Observer, Observers, Relation, Source, Status, UnitName, chain, hook,
};
use serde::{Deserialize, Serialize};

use crate::events::{EndpointChanged, EndpointRefused};

/// The HTTP endpoints of the units that are related at one endpoint of the charm.
///
/// The charm includes it and handles [`changed`](Self::changed), which is pending until acknowledged.
/// [`refused`](Self::refused) may be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpEndpointRequirer {
    endpoint: String,
}

/// Where a unit serves HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpEndpoint {
    /// A name or an address.
    pub hostname: String,
    /// The TCP port.
    pub port: u16,
}

/// What a unit writes into its bag.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    hostname: String,
    port: u16,
}

/// What a bag has for this library.
enum Found {
    Nothing,
    Endpoint(HttpEndpoint),
    Refused(String),
}

const INTERFACE: &str = "example_http";

impl HttpEndpointRequirer {
    /// The units at one endpoint of the charm's metadata.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: endpoint.into() }
    }

    /// Where [`EndpointChanged`] events come from.
    pub fn changed(&self) -> Source<EndpointChanged> {
        Source::new(self.area(), "changed")
    }

    /// Where [`EndpointRefused`] events come from.
    pub fn refused(&self) -> Source<EndpointRefused> {
        Source::new(self.area(), "refused")
    }

    /// The endpoints that are of use now, by their units.
    ///
    /// # Errors
    /// `relation-ids` or `relation-list` fails.
    pub fn endpoints(&self, cx: &Context) -> Result<BTreeMap<UnitName, HttpEndpoint>, Error> {
        let all = self.look(cx, None)?.into_iter();
        Ok(all.filter_map(|(unit, found)| Some((unit, found.endpoint()?))).collect())
    }

    /// What the charm lacks of this object; none when there is an endpoint. Whether the unit can do without is the
    /// charm's to say: `events.status(|charm, cx| Ok(charm.backends.status(cx)?))` where it cannot.
    ///
    /// # Errors
    /// As [`endpoints`](Self::endpoints).
    pub fn status(&self, cx: &Context) -> Result<Option<Status>, Error> {
        if cx.relations(&self.endpoint)?.is_empty() {
            return Ok(Some(Status::blocked(format!("needs a relation at {}", self.endpoint))));
        }
        // It runs in every dispatch: the bags are read only where there is something to say.
        if !self.announced(cx)?.is_empty() {
            return Ok(None);
        }
        let refused = self.look(cx, None)?.into_iter().find_map(|(unit, found)| match found {
            Found::Refused(reason) => Some(format!("for {unit} to mend its endpoint: {reason}")),
            Found::Nothing | Found::Endpoint(_) => None,
        });
        Ok(Some(Status::waiting(refused.unwrap_or_else(|| format!("for an endpoint at {}", self.endpoint)))))
    }

    /// Crate and endpoint: the name of the state area, and the topic of the events.
    fn area(&self) -> String {
        format!("http-endpoint.{}", self.endpoint)
    }

    /// What the charm was told last, by unit. Juju does not keep that; what is there now, it does. What is stored and
    /// cannot be read was never announced.
    fn announced(&self, cx: &Context) -> Result<BTreeMap<UnitName, String>, Error> {
        let text = cx.state(&self.area()).text()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Compares what was announced with what is there, of one unit or of all, and announces the difference.
    fn reconcile(&self, cx: &Context, only: Option<&UnitName>) -> Result<(), BoxError> {
        let before = self.announced(cx)?;
        let mut found = BTreeMap::new();
        for (unit, it) in self.look(cx, only)? {
            match it {
                Found::Endpoint(endpoint) => drop(found.insert(unit, endpoint)),
                Found::Refused(reason) => cx.emit(&self.refused(), EndpointRefused { unit, reason }),
                Found::Nothing => {}
            }
        }
        let mut after = before.clone();
        after.retain(|unit, _| only.is_some_and(|only| only != unit));
        after.extend(found.iter().map(|(unit, endpoint)| (unit.clone(), endpoint.to_string())));
        for unit in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            if before.get(unit) != after.get(unit) {
                let event = EndpointChanged::new(&self.endpoint, unit.clone(), found.remove(unit));
                cx.emit_durable(&self.changed(), event)?;
            }
        }
        if after != before {
            cx.state(&self.area()).set(&after)?;
        }
        Ok(())
    }

    /// What one of the units, or each, has in its bag.
    fn look(&self, cx: &Context, only: Option<&UnitName>) -> Result<Vec<(UnitName, Found)>, Error> {
        let mut all = Vec::new();
        for relation in cx.relations(&self.endpoint)? {
            let mut units = relation.members()?;
            units.retain(|unit| only.is_none_or(|only| only == unit));
            relation.read_ahead(&units);
            all.extend(units.into_iter().map(|unit| {
                let found = read(&relation, &unit);
                (unit, found)
            }));
        }
        Ok(all)
    }
}

impl Observer for HttpEndpointRequirer {
    fn observe(&self, events: &mut Observers<Self>) {
        events.requires(&self.endpoint, INTERFACE);
        events.emits(&self.changed());
        let endpoint = self.endpoint.as_str();
        // A hook tells of one unit, and only that one's bag is read.
        events.on(&hook::relation_changed(endpoint), |it, hook, cx| match hook.unit() {
            Some(unit) => it.reconcile(cx, Some(unit)),
            None => Ok(()), // an application's bag, where this interface has nothing
        });
        events.on(&hook::relation_departed(endpoint), |it, hook, cx| it.reconcile(cx, Some(hook.unit())));
        events.on(&hook::relation_broken(endpoint), |it, _, cx| it.reconcile(cx, None));
        // What the other hooks may have missed: an operator can skip one.
        events.on(&hook::update_status(), |it, _, cx| it.reconcile(cx, None));
        events.on(&hook::upgrade_charm(), |it, _, cx| it.reconcile(cx, None));
    }
}

impl Found {
    fn endpoint(self) -> Option<HttpEndpoint> {
        match self {
            Self::Endpoint(endpoint) => Some(endpoint),
            Self::Nothing | Self::Refused(_) => None,
        }
    }
}

impl fmt::Display for HttpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hostname.contains(':') {
            true => write!(f, "http://[{}]:{}", self.hostname, self.port),
            false => write!(f, "http://{}:{}", self.hostname, self.port),
        }
    }
}

/// The endpoint of one unit; none when it has left.
pub(crate) fn find(cx: &Context, endpoint: &str, unit: &UnitName) -> Result<Option<HttpEndpoint>, Error> {
    let all = HttpEndpointRequirer::new(endpoint).look(cx, Some(unit))?;
    Ok(all.into_iter().find_map(|(_, found)| found.endpoint()))
}

/// Reads what another charm wrote. It may be anything, and whatever it is fails no hook.
fn read(relation: &Relation, unit: &UnitName) -> Found {
    let bag = relation.bag(unit).readable();
    // Juju's own keys are always there.
    if !bag.contains_key("hostname") && !bag.contains_key("port") {
        return Found::Nothing;
    }
    match Encoding::Json.decode::<Written>(&bag) {
        Ok(Written { hostname, port }) if is_host(&hostname) => Found::Endpoint(HttpEndpoint { hostname, port }),
        Ok(_) => Found::Refused("hostname: is neither a name nor an address".to_owned()),
        Err(error) => Found::Refused(chain(&error).to_string()),
    }
}

/// A host name, or an IP address: what can go into a URL or a configuration file without more ado.
fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    (1..=253).contains(&text.len()) && text.bytes().all(plain)
}
