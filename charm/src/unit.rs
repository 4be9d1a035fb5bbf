//! The charm's side of the service: what it is to do, that it runs, and what of it the peers are told.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use juju_ops::hook::Hook;
use juju_ops::{BoxError, Context, UnitName, chain};
use magpie_peers::{IpNet, MagpiePeersRequirer, OwnAddresses};

use crate::config::Config;
use crate::service::build_of;
use crate::store::{Plan, Results, Store, VERSION};
use crate::summary::Summary;

/// The file that has what the service complains of, where there is no systemd.
const LOG: &str = "service.log";

/// What a hook knows of the service.
pub(crate) struct Unit<'a> {
    pub(crate) peers: &'a MagpiePeersRequirer,
    pub(crate) cx: &'a Context,
    pub(crate) store: Store,
}

impl<'a> Unit<'a> {
    /// None where the charm has no directory on this machine.
    pub(crate) fn of(peers: &'a MagpiePeersRequirer, cx: &'a Context) -> Option<Self> {
        // Juju removes the agent's directory with the unit, and keeps it in a refresh.
        let agent = cx.env().charm_dir().ok()?.parent()?;
        Some(Self { peers, cx, store: Store::at(agent.join("magpie")) })
    }

    /// What is to be checked now, where this is what was. Bags are read of peers that are new, of who the hook tells of, and of all where much may
    /// have changed; the other addresses are as they were.
    pub(crate) fn plan(&self, own: &OwnAddresses, before: Option<&Plan>) -> Result<Plan, BoxError> {
        let (env, config) = (self.cx.env(), self.cx.config::<Config>()?);
        let leads = config.ping_mesh_mode || self.cx.app().leader()?.is_some();
        let options = config.options(leads)?;
        let network = config.network()?;
        let before = before.filter(|_| !self.is_fresh());
        let nothing = BTreeMap::new();
        let (known, measured) = before.map_or((&nothing, &nothing), |plan| (&plan.peers, &plan.measured_at));
        let listens = config.listen_network()?;
        let told = self.told_of();
        let (mut peers, mut measured_at) = (BTreeMap::new(), BTreeMap::new());
        for unit in self.peers.peers(self.cx)? {
            let name = unit.to_string();
            let address = |known: &BTreeMap<String, Option<String>>, network| match known.get(&name) {
                Some(address) if told != Some(&unit) => Ok(address.clone()),
                _ => self.address(&unit, network),
            };
            let (at, also) = (address(known, network.as_ref())?, listens.as_ref());
            if let Some(network) = also {
                measured_at.insert(name.clone(), address(measured, Some(network))?);
            }
            peers.insert(name, at);
        }
        let own: Vec<String> = match own {
            OwnAddresses::Told(all) => all.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        let program = std::env::current_exe()?;
        let build = build_of(&program).unwrap_or_default();
        let model = (env.model_name()?.to_owned(), env.model_uuid()?.to_owned());
        let ips = own.iter().filter_map(|text| text.parse::<IpAddr>().ok());
        let listen = ips.filter(|ip| listens.is_none_or(|network| network.contains(&ip.to_canonical()))).collect();
        Ok(Plan {
            v: VERSION,
            unit: env.unit()?.to_string(),
            model,
            own,
            program,
            build,
            listen,
            peers,
            measured_at,
            options,
        })
    }

    /// Whether the hook may follow much that was missed, or another network is preferred.
    fn is_fresh(&self) -> bool {
        matches!(self.cx.hook(), Some(Hook::Start(_) | Hook::UpgradeCharm(_) | Hook::ConfigChanged(_)))
    }

    /// The peer whose bag the hook tells of.
    fn told_of(&self) -> Option<&UnitName> {
        match self.cx.hook() {
            Some(Hook::RelationJoined(hook)) => Some(hook.unit()),
            Some(Hook::RelationChanged(hook)) => hook.unit(),
            _ => None,
        }
    }

    /// Where a peer is to be reached: inside the preferred network, where it has an address there.
    fn address(&self, unit: &UnitName, network: Option<&IpNet>) -> Result<Option<String>, BoxError> {
        let node = self.peers.get_node(self.cx, unit)?;
        let given = node.and_then(|node| node.address).map(|address| address.to_string());
        let Some(network) = network else {
            // A unit with Python's interface may have an address only in what it advertises, and the other way round.
            return Ok(match given {
                Some(given) => Some(given),
                None => self.peers.advertised_addresses(self.cx, unit)?.first().map(ToString::to_string),
            });
        };
        let is_inside = |text: &String| text.parse::<IpAddr>().is_ok_and(|ip| network.contains(&ip.to_canonical()));
        if given.as_ref().is_some_and(is_inside) {
            return Ok(given);
        }
        let advertised = self.peers.advertised_addresses(self.cx, unit)?;
        Ok(advertised.iter().map(ToString::to_string).find(is_inside).or(given))
    }

    /// Has the service do what is planned instead of what was, and begins it where it is not there.
    pub(crate) fn bring_about(&self, plan: &Plan, before: Option<&Plan>) -> Result<(), BoxError> {
        if before != Some(plan) {
            self.store.set_plan(plan)?;
        }
        if !self.store.is_served()
            && let Err(error) = begin(plan, self.store.dir())
        {
            log::error!("the service that checks the peers cannot be begun: {}", chain(&error));
        }
        Ok(())
    }

    /// Tells the peers what this unit claims of iperf, as far as it is true, and in short what it found of them.
    pub(crate) fn publish(&self, plan: &Plan, results: Option<&Results>) -> Result<(), BoxError> {
        match results.is_some_and(|results| results.listening.is_some()) {
            true => self.peers.set_iperf_server_ready(self.cx)?,
            false => self.peers.clear_iperf_server_ready(self.cx)?,
        }
        let has_measured = results.is_some_and(|results| {
            let measured = |unit| results.peers.get(unit).is_some_and(|peer| peer.throughput.is_some());
            !plan.peers.is_empty() && plan.peers.keys().all(measured)
        });
        match has_measured {
            true => self.peers.set_iperf_checked(self.cx)?,
            false => self.peers.clear_iperf_checked(self.cx)?,
        }
        let Some(results) = results else { return Ok(()) };
        // What is told changes the bag of every unit, and runs a hook at each other one: not with each number.
        if !matches!(self.cx.hook(), Some(Hook::UpdateStatus(_) | Hook::ConfigChanged(_) | Hook::Start(_))) {
            return Ok(());
        }
        let summary = Summary::of(plan, results);
        for relation in self.cx.relations(self.peers.endpoint())? {
            let bag = relation.own_bag()?;
            let told = bag.get(Summary::KEY)?.and_then(|text| Summary::read(&text));
            if told.is_none_or(|told| summary.is_news_to(&told)) {
                bag.set(Summary::KEY, summary.text())?;
            }
        }
        Ok(())
    }
}

/// Begins the service: as a unit of systemd where that runs the machine, else as a process of its own.
fn begin(plan: &Plan, dir: &Path) -> io::Result<()> {
    if fs::metadata("/run/systemd/system").is_ok_and(|metadata| metadata.is_dir()) && by_systemd(plan, dir).is_ok() {
        return Ok(());
    }
    let mut command = Command::new(&plan.program);
    command.arg("serve").arg(dir).current_dir("/").env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    // There is no journal; that of this time is enough.
    let log = fs::File::create(dir.join(LOG)).map_or_else(|_| Stdio::null(), Stdio::from);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().map(drop)
}

/// A transient unit: it is gone when the machine is started anew, and `start` begins it again.
fn by_systemd(plan: &Plan, dir: &Path) -> io::Result<()> {
    let name = format!("--unit={}", plan.service());
    let mut command = Command::new("systemd-run");
    command.args(["--quiet", "--collect", &name, "--property=Restart=on-failure", "--property=RestartSec=5", "--"]);
    command.arg(&plan.program).arg("serve").arg(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other("systemd-run failed")),
    }
}
