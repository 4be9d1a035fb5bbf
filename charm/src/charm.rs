use std::fmt::Display;

use juju_ops::action::{self, Action, NoParams};
use juju_ops::hook_command::BoundAddress;
use juju_ops::{Ack, BoxError, Context, Event, Observer, Observers, Outcome, Status, UnitName, hook};
use magpie_peers::{IpNet, MagpiePeersRequirer, Node, PeerDeparted, PeerJoined, Selected};
use serde::Deserialize;
use serde_json::{Value, json};

/// The charm.
#[derive(Debug)]
pub struct Magpie {
    peers: MagpiePeersRequirer,
}

/// The charm's configuration.
#[derive(Debug, Deserialize)]
pub struct Config {
    /// The network whose addresses are preferred for peers, such as `10.0.0.0/24`.
    #[serde(default)]
    pub network: String,
}

/// The parameters of the action `dismiss`.
#[derive(Debug, Deserialize)]
struct Dismiss {
    #[serde(default)]
    event: Dismissed,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Dismissed {
    Joined,
    Departed,
    #[default]
    All,
}

const ENDPOINT: &str = "magpie";
/// How many units a status message or a log line names.
const NAMED: usize = 5;

impl Default for Magpie {
    fn default() -> Self {
        Self { peers: MagpiePeersRequirer::new(ENDPOINT) }
    }
}

impl Observer for Magpie {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.include(&self.peers);
        events.on(&self.peers.joined(), Self::peer_joined);
        events.on(&self.peers.departed(), Self::peer_departed);
        // The addresses can be advertised once the relation is there, and may differ after these hooks.
        events.on(&hook::relation_created(ENDPOINT), Self::advertise);
        events.on(&hook::config_changed(), Self::advertise);
        events.on(&hook::upgrade_charm(), Self::advertise);
        events.on(&action::run::<NoParams>("peers"), Self::show_peers);
        events.on(&action::run::<Dismiss>("dismiss"), Self::dismiss);
        events.status(Self::status);
    }
}

impl Magpie {
    /// Holds the event until the peer has advertised its addresses: before that it cannot be checked.
    fn peer_joined(&self, event: &PeerJoined, cx: &Context) -> Result<Ack, BoxError> {
        if self.peers.advertised_addresses(cx, event.unit())?.is_empty() {
            log::debug!("PeerJoined {}: held until it advertises its addresses", event.unit());
            return Ok(Ack::NotYet);
        }
        log::info!("PeerJoined {}: acknowledged; peers: {}", event.unit(), self.shown(cx)?);
        Ok(Ack::Done)
    }

    fn peer_departed(&self, event: &PeerDeparted, cx: &Context) -> Result<Ack, BoxError> {
        log::info!("PeerDeparted {}: acknowledged; peers: {}", event.unit(), self.shown(cx)?);
        Ok(Ack::Done)
    }

    /// Tells the peers the addresses that Juju knows of this unit's side of the endpoint.
    fn advertise<E: Event>(&self, _: &E, cx: &Context) -> Result<(), BoxError> {
        let network = cx.network(ENDPOINT, None)?;
        let addresses = network.bind_addresses.iter().flat_map(|interface| &interface.addresses);
        Ok(self.peers.advertise_addresses(cx, addresses.filter_map(BoundAddress::ip))?)
    }

    fn show_peers(&self, _: &Action<NoParams>, cx: &Context) -> Result<Outcome, BoxError> {
        let nodes: Vec<Value> = match network(cx)? {
            Some(network) => self.peers.get_nodes_in(cx, network)?.iter().map(selected_json).collect(),
            None => self.peers.get_nodes(cx)?.iter().map(node_json).collect(),
        };
        let pending: Vec<Value> = cx
            .pending()?
            .iter()
            .map(|event| {
                json!({
                    "event": event.name,
                    "unit": event.subject,
                    "attempts": event.attempts,
                    "last-error": event.last_error.as_ref().map(|text| text.chars().take(200).collect::<String>()),
                })
            })
            .collect();
        Ok(Outcome::completed().with("nodes", Value::from(nodes))?.with("pending", Value::from(pending))?)
    }

    fn dismiss(&self, event: &Action<Dismiss>, cx: &Context) -> Result<Outcome, BoxError> {
        let which = event.params().event;
        let joined = if which == Dismissed::Departed { 0 } else { self.peers.dismiss_joined(cx)? };
        let departed = if which == Dismissed::Joined { 0 } else { self.peers.dismiss_departed(cx)? };
        Ok(Outcome::completed().with("joined", joined)?.with("departed", departed)?)
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        if let Err(error) = network(cx) {
            return Ok(Status::blocked(juju_ops::chain(&*error).to_string()));
        }
        let held: Vec<String> = cx.pending_of(&self.peers.joined())?.into_iter().map(|event| event.subject).collect();
        Ok(match (held.as_slice(), self.peers.peers(cx)?.len()) {
            ([], 1) => Status::active("Ready, with 1 peer"),
            ([], count) => Status::active(format!("Ready, with {count} peers")),
            (held, _) => Status::waiting(format!("Not yet acknowledged: {}", some_of(held))),
        })
    }

    /// The peers and their addresses, for the log; how many there are, when they are many: their bags are not read for
    /// a line that nobody would read to its end.
    fn shown(&self, cx: &Context) -> Result<String, BoxError> {
        let count = self.peers.peers(cx)?.len();
        if count > NAMED {
            return Ok(count.to_string());
        }
        // A network that is none is the status's affair; it must not fail a handler.
        let nodes: Vec<Node> = match network(cx) {
            Ok(Some(network)) => self.peers.get_nodes_in(cx, network)?.into_iter().map(|it| it.node).collect(),
            Ok(None) | Err(_) => self.peers.get_nodes(cx)?,
        };
        let texts: Vec<String> = nodes.iter().map(node_text).collect();
        Ok(if texts.is_empty() { "none".to_owned() } else { texts.join(", ") })
    }
}

/// The network that the operator prefers.
fn network(cx: &Context) -> Result<Option<IpNet>, BoxError> {
    let Config { network } = cx.config()?;
    match network.as_str() {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| format!("configuration option network: {text:?} is not a CIDR").into())
        }
    }
}

fn some_of(names: &[impl Display]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(ToString::to_string).collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn node_text(node: &Node) -> String {
    let unit: &UnitName = &node.unit;
    match &node.address {
        Some(address) => format!("{unit} {address}"),
        None => format!("{unit} (no address)"),
    }
}

fn node_json(node: &Node) -> Value {
    json!({ "unit": node.unit, "address": node.address })
}

fn selected_json(selected: &Selected) -> Value {
    json!({ "unit": selected.node.unit, "address": selected.node.address, "in-network": selected.inside })
}
