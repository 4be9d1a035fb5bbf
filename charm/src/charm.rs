use std::cell::{OnceCell, RefCell};
use std::fmt::Display;
use std::rc::Rc;

use std::time::{Duration, SystemTime};

use juju_ops::action::{self, Action};
use juju_ops::hook::{self, AnyHook, Hook};
use juju_ops::{Ack, BoxError, Context, Observer, Observers, Outcome, Read, Status, chain};
use magpie_peers::{IpNet, MagpiePeersRequirer, OwnAddresses, PeerDeparted, PeerJoined};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::actions;
use crate::config::Config;
use crate::cos_agent;
use crate::listing;
use crate::status;
use crate::store::{Plan, Results};
use crate::unit::Unit;

/// The charm.
#[derive(Debug)]
pub struct Magpie {
    pub(crate) peers: MagpiePeersRequirer,
    /// Whether a service checks the peers.
    is_served: bool,
    /// What the service had found at the instant of a dispatch: each event that waits asks for it.
    looked: RefCell<Option<(SystemTime, Rc<Looked>)>>,
}

/// The plan that the service follows, and what it has found.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) plan: Option<Plan>,
    results: Option<Results>,
    /// The plan that it is to follow.
    to_be: OnceCell<Plan>,
}

impl Looked {
    /// The plan that the service is to follow now, made once in a dispatch.
    pub(crate) fn to_be(&self, unit: &Unit<'_>, own: &OwnAddresses) -> Result<&Plan, BoxError> {
        match self.to_be.get() {
            Some(plan) => Ok(plan),
            None => {
                let plan = unit.plan(own, self.plan.as_ref())?;
                Ok(self.to_be.get_or_init(|| plan))
            }
        }
    }
}

/// The parameters of the action `peers`.
#[derive(Debug, Deserialize)]
struct Peers {
    /// How many of the first nodes are left out.
    #[serde(default)]
    offset: usize,
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
/// How many units a status message names.
const NAMED: usize = 5;
/// The state area of the network that was last reported as one that this unit is not in.
const MISSED: &str = "missed-network";

/// How long the service is given to check a peer, until this unit is woken to look.
const CHECKED_AFTER: Duration = Duration::from_secs(10);

/// Without the service: a unit counts its peers and checks none, as `JUJU_SIM_NETWORK=none` has the executable do. For
/// worlds without a network.
impl Default for Magpie {
    fn default() -> Self {
        Self { peers: MagpiePeersRequirer::new(ENDPOINT), is_served: false, looked: RefCell::default() }
    }
}

impl Magpie {
    /// The charm as it is deployed: a service of each unit checks the others.
    pub fn served() -> Self {
        Self { is_served: true, ..Self::default() }
    }

    /// What the service does and has found, as it is at the beginning of this dispatch.
    pub(crate) fn looked(&self, unit: &Unit<'_>) -> Rc<Looked> {
        let now = unit.cx.env().now();
        let mut looked = self.looked.borrow_mut();
        match &*looked {
            Some((at, looked)) if *at == now => Rc::clone(looked),
            _ => {
                let (plan, results) = (unit.store.plan(), unit.store.results());
                let found = Rc::new(Looked { plan, results, to_be: OnceCell::new() });
                *looked = Some((now, Rc::clone(&found)));
                found
            }
        }
    }

    /// The unit's side of the service, where there is to be one.
    pub(crate) fn unit<'a>(&'a self, cx: &'a Context) -> Option<Unit<'a>> {
        if self.is_served { Unit::of(&self.peers, cx) } else { None }
    }
}

impl Observer for Magpie {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.include(&self.peers);
        // What every hook is reconciled by and every status evaluated.
        events.reads(|_, _| vec![Read::State, Read::Relations(ENDPOINT.to_owned()), Read::Config]);
        events.on(&self.peers.joined(), Self::peer_joined);
        events.on(&self.peers.departed(), Self::peer_departed);
        events.on(&hook::any(), Self::reconcile);
        events.on(&action::run::<Peers>("peers"), Self::show_peers);
        events.on(&action::run::<Dismiss>("dismiss"), Self::dismiss);
        events.on(&action::run("info"), actions::info);
        events.on(&action::run("ping"), actions::ping);
        events.on(&action::run("dns"), actions::dns);
        events.on(&action::run("iperf"), actions::iperf);
        events.on(&action::run("listen"), actions::listen);
        events.on(&action::run("advertise"), actions::advertise);
        events.on(&action::run("report"), actions::report);
        events.provides(cos_agent::ENDPOINT, cos_agent::INTERFACE);
        events.on(&hook::remove(), Self::remove);
        events.status(Self::status);
    }
}

impl Magpie {
    /// Holds the event until the peer can be reached, and where there is a service, until it has been checked. One that advertises nothing gets until its `relation-changed`, which
    /// follows its `relation-joined` at once; after that, the address or name that Juju gives it is as good: units with
    /// Python's interface may never advertise any.
    fn peer_joined(&self, event: &PeerJoined, cx: &Context) -> Result<Ack, BoxError> {
        let unit = event.unit();
        let advertises = !self.peers.advertised_addresses(cx, unit)?.is_empty();
        if !advertises && matches!(cx.hook(), Some(Hook::RelationJoined(joined)) if joined.unit() == unit) {
            log::debug!("PeerJoined {unit}: held until its relation-changed, it advertises no addresses yet");
            return Ok(Ack::NotYet);
        }
        if !advertises && self.peers.get_node(cx, unit)?.is_none_or(|node| node.address.is_none()) {
            log::debug!("PeerJoined {unit}: held until it has an address");
            return Ok(Ack::NotYet);
        }
        if let Some(own) = self.unit(cx) {
            let looked = self.looked(&own);
            let checked = looked.plan.as_ref().zip(looked.results.as_ref());
            if !checked.is_some_and(|(plan, results)| status::is_checked(plan, results, &unit.to_string())) {
                log::debug!("PeerJoined {unit}: held until it has been checked");
                return Ok(Ack::After(CHECKED_AFTER));
            }
        }
        log::info!("PeerJoined {unit}: acknowledged; {}", self.counted(cx)?);
        Ok(Ack::Done)
    }

    fn peer_departed(&self, event: &PeerDeparted, cx: &Context) -> Result<Ack, BoxError> {
        let from = event.address().map(|address| format!(" from {address}")).unwrap_or_default();
        log::info!("PeerDeparted {}{from}: acknowledged; {}", event.unit(), self.counted(cx)?);
        Ok(Ack::Done)
    }

    /// Brings about what has to hold after every hook, whatever became of those before it.
    fn reconcile(&self, _: &AnyHook, cx: &Context) -> Result<(), BoxError> {
        let own = self.peers.advertise_own_addresses(cx)?;
        match self.unit(cx) {
            Some(unit) => {
                let looked = self.looked(&unit);
                let plan = looked.to_be(&unit, &own)?;
                unit.bring_about(plan, looked.plan.as_ref())?;
                unit.publish(plan, looked.results.as_ref())?;
                cos_agent::publish(cx, plan, looked.results.as_ref())?;
            }
            // Nothing is measured here; the Python charm on this unit before it may have said that it is.
            None => self.peers.withdraw_iperf_claims(cx)?,
        }
        if let (Ok(network), OwnAddresses::Told(_)) = (config(cx)?.network(), &own) {
            report(cx, network.filter(|network| !own.any_in(network)))?;
        }
        Ok(())
    }

    /// Ends the service.
    fn remove(&self, _: &hook::Remove, cx: &Context) -> Result<(), BoxError> {
        match self.unit(cx) {
            Some(unit) => Ok(unit.store.remove_plan()?),
            None => Ok(()),
        }
    }

    fn show_peers(&self, event: &Action<Peers>, cx: &Context) -> Result<Outcome, BoxError> {
        let nodes: Vec<Value> = match config(cx)?.network()? {
            Some(network) => self.peers.get_nodes_in(cx, network)?.iter().map(listing::selected).collect(),
            None => self.peers.get_nodes(cx)?.iter().map(|node| json!(node)).collect(),
        };
        let pending: Vec<Value> = cx.pending()?.iter().map(listing::pending).collect();
        let (count, pending_count, offset) = (nodes.len(), pending.len(), event.params().offset);
        let nodes = listing::beginning(nodes.into_iter().skip(offset), listing::NODES);
        let pending = listing::beginning(pending, listing::PENDING);
        let mut outcome = Outcome::completed().with("count", count)?.with("nodes", nodes.text)?;
        outcome = outcome.with("pending", pending.text)?;
        let next = offset.saturating_add(nodes.count);
        if next < count {
            outcome = outcome.with("next-offset", next)?;
        }
        if pending.count < pending_count {
            outcome = outcome.with("more-pending", pending_count - pending.count)?;
        }
        Ok(outcome)
    }

    fn dismiss(&self, event: &Action<Dismiss>, cx: &Context) -> Result<Outcome, BoxError> {
        let which = event.params().event;
        let joined = if which == Dismissed::Departed { 0 } else { self.peers.dismiss_joined(cx)? };
        let departed = if which == Dismissed::Joined { 0 } else { self.peers.dismiss_departed(cx)? };
        Ok(Outcome::completed().with("joined", joined)?.with("departed", departed)?)
    }

    fn status(&self, cx: &Context) -> Result<Option<Status>, BoxError> {
        let config = config(cx)?;
        let status = self.evaluate(&config, cx)?;
        // As the option says: for charms that are built on this one.
        Ok(if config.supress_status { None } else { Some(status) })
    }

    fn evaluate(&self, config: &Config, cx: &Context) -> Result<Status, BoxError> {
        let network = config.network()?;
        let own = self.peers.own_addresses(cx)?;
        if !matches!(own, OwnAddresses::Told(_)) {
            return Ok(Status::waiting(own.to_string()));
        }
        if let Some(unit) = self.unit(cx) {
            let (looked, nothing) = (self.looked(&unit), Results::default());
            let plan = looked.to_be(&unit, &own)?;
            return Ok(status::status(plan, looked.results.as_ref().unwrap_or(&nothing)));
        }
        let held: Vec<String> = cx.pending_of(&self.peers.joined())?.into_iter().map(|event| event.subject).collect();
        if !held.is_empty() {
            return Ok(Status::waiting(format!("Not yet acknowledged: {}", some_of(&held))));
        }
        if let Some(network) = network.filter(|network| !own.any_in(network)) {
            return Ok(Status::waiting(missed(&network)));
        }
        Ok(Status::active(format!("Ready, with {}", self.counted(cx)?)))
    }

    /// How many peers there are. Their bags are not read for it.
    fn counted(&self, cx: &Context) -> Result<String, BoxError> {
        Ok(match self.peers.peers(cx)?.len() {
            1 => "1 peer".to_owned(),
            count => format!("{count} peers"),
        })
    }
}

fn config(cx: &Context) -> Result<Config, BoxError> {
    Ok(cx.config()?)
}

/// Logs once that this unit has no address in the network that the operator prefers.
fn report(cx: &Context, network: Option<IpNet>) -> Result<(), BoxError> {
    let state = cx.state(MISSED);
    let text = network.map(|network| network.to_string()).unwrap_or_default();
    if state.text()?.unwrap_or_default() == text {
        return Ok(());
    }
    if let Some(network) = network {
        log::warn!("{}; its peers use its ingress address", missed(&network));
    }
    // Without room for it the warning comes again, which is better than a hook that fails.
    if let Err(error) = state.set_text(text) {
        log::debug!("{}", chain(&error));
    }
    Ok(())
}

fn missed(network: &IpNet) -> String {
    format!("network {network}: no address of this unit is in it")
}

fn some_of(names: &[impl Display]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(ToString::to_string).collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
