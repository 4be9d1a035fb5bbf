//! The charm my-charm, whose units know each other.
//!
//! Whatever hook runs, [`Operator`] brings its unit to what the configuration and the other units
//! say: see `reconcile`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use juju_ops::action::{self, Action, NoParams};
use juju_ops::hook::{self, AnyHook};
use juju_ops::hook_command::PortRange;
use juju_ops::{
    BoxError, Context, Encoding, Error, Observer, Observers, Outcome, Relation, Status, UnitName,
};
use serde::{Deserialize, Serialize};

/// The charm. It lives for one hook; what is to be remembered, Juju keeps.
#[derive(Debug)]
pub struct Operator;

const ENDPOINT: &str = "cluster";
const INTERFACE: &str = "my-charm-cluster";

/// The options of `charmcraft.yaml`. A value that does not fit its type blocks the unit.
#[derive(Debug, Deserialize)]
struct Config {
    port: u16,
}

/// What a unit writes into its databag, for the others.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    port: u16,
}

/// What a unit reads of another's. The address is there by Juju.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Read {
    ingress_address: IpAddr,
    port: u16,
}

impl Observer for Operator {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.peers(ENDPOINT, INTERFACE);
        events.on(&hook::any(), Self::reconcile);
        events.on(&action::run::<NoParams>("members"), Self::members);
        events.status(Self::status);
    }
}

impl Operator {
    /// Runs after every hook, so that one that was skipped is made good by the next.
    fn reconcile(&self, _: &AnyHook, cx: &Context) -> Result<(), BoxError> {
        let Config { port } = cx.config()?;
        cx.unit().set_ports([PortRange::tcp(port)]);
        let Some(cluster) = cluster(cx)? else {
            return Ok(());
        };
        // Costs nothing where it is what Juju has already.
        cluster.own_bag()?.save(&Told { port }, Encoding::Text)?;
        let members = members(&cluster)?;
        if !cx.memory("members").unchanged(&members)? {
            log::info!("here the service is told of the others: {members:?}");
        }
        Ok(())
    }

    fn members(&self, _: &Action<NoParams>, cx: &Context) -> Result<Outcome, BoxError> {
        let mut outcome = Outcome::completed();
        if let Some(cluster) = cluster(cx)? {
            for (unit, address) in members(&cluster)? {
                // The keys of results have no slash.
                outcome = outcome.with(&unit.to_string().replace('/', "-"), address)?;
            }
        }
        Ok(outcome)
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        let Some(cluster) = cluster(cx)? else {
            return Ok(Status::waiting("for the cluster"));
        };
        let (known, all) = (members(&cluster)?.len(), cluster.members()?.len());
        Ok(match known == all {
            true => Status::active(format!("with {all} others")),
            false => Status::waiting(format!("for {} of {all} others", all - known)),
        })
    }
}

/// The relation between the units; none before it is there, and while the unit leaves it.
fn cluster(cx: &Context) -> Result<Option<Relation>, Error> {
    Ok(cx.relations(ENDPOINT)?.into_iter().next())
}

/// Where the other units serve: those that have told it.
fn members(cluster: &Relation) -> Result<BTreeMap<UnitName, SocketAddr>, Error> {
    let units = cluster.members()?;
    cluster.read_ahead(&units);
    let address = |unit: UnitName| {
        // What cannot be read was not told yet, and fails no hook.
        let read: Read = Encoding::Text.decode(&cluster.bag(&unit).readable()).ok()?;
        Some((unit, SocketAddr::new(read.ingress_address, read.port)))
    };
    Ok(units.into_iter().filter_map(address).collect())
}
