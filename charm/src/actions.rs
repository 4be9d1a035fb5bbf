//! The actions that check the network at once. What they answer has the keys of the Python charm.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use juju_ops::action::{Action, NoParams};
use juju_ops::{BoxError, Context, Outcome};
use magpie_checks::dns::{self, Host};
use magpie_checks::link::Kernel;
use magpie_checks::mtu::{self, Target};
use magpie_checks::throughput::{self, MinSpeed};
use magpie_checks::{hostname, lldp, ping as icmp, route};
use magpie_peers::{IpNet, OwnAddresses};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::addresses::ips_of;
use crate::charm::Magpie;
use crate::config::{AUTO, Config, bonds_of, network_of};
use crate::listing;
use crate::report::{Limits, Mesh};
use crate::service::{HOST_WITHIN, dns_options, streams};
use crate::store::Results;
use crate::summary::Summary;

/// How long the names of all peers may take.
const DNS_WITHIN: Duration = Duration::from_secs(120);
/// How long the service may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);
/// The most bytes of a result: all arguments of a command have to fit 128 KiB.
const MOST: usize = 64 << 10;

/// The parameters of `info`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Info {
    #[serde(default)]
    required_mtu: u32,
    #[serde(default)]
    bonds_to_check: Option<String>,
    #[serde(default)]
    lacp_passive_mode: bool,
}

/// The parameters of `ping`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Ping {
    timeout: f64,
    tries: u32,
    interval: f64,
    #[serde(default)]
    required_mtu: u32,
}

/// The parameters of `dns`.
#[derive(Debug, Deserialize)]
pub(crate) struct Dns {
    #[serde(default)]
    server: String,
    tries: u32,
    timeout: u64,
}

/// The parameters of `iperf`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Iperf {
    #[serde(default)]
    units: String,
    batch_time: u64,
    concurrency_progression: String,
    total_run_time: u64,
    #[serde(default)]
    min_speed: String,
    #[serde(default)]
    network_cidr: String,
}

/// The parameters of `listen`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Listen {
    #[serde(default)]
    network_cidr: String,
    /// Of the Python charm; one listener takes all streams.
    #[serde(default, rename = "listener-count")]
    _listener_count: i64,
}

/// A peer that can be checked.
struct Reachable {
    unit: String,
    ip: IpAddr,
}

/// The peers with an IP address, each once, and why the others have none.
fn reachable(
    magpie: &Magpie,
    cx: &Context,
    network: &str,
) -> Result<(Vec<Reachable>, BTreeMap<String, String>), BoxError> {
    let config: Config = cx.config()?;
    let wanted = match network_of_parameter(network)? {
        Some(network) => Some(network),
        None => config.network()?,
    };
    let nodes: Vec<(String, Option<String>)> = match wanted {
        Some(network) => magpie.peers.get_nodes_in(cx, network)?.into_iter().map(|it| it.node).map(named).collect(),
        None => magpie.peers.get_nodes(cx)?.into_iter().map(named).collect(),
    };
    let (units, given): (Vec<String>, Vec<Option<String>>) = nodes.into_iter().unzip();
    let options = || dns_options(&config.options(true).map_err(|error| juju_ops::chain(&error).to_string())?);
    let (mut found, mut without) = (Vec::new(), BTreeMap::new());
    for (unit, ip) in units.into_iter().zip(ips_of(&given, options)) {
        match ip {
            Ok(ip) => found.push(Reachable { unit, ip }),
            Err(why) => drop(without.insert(unit, why)),
        }
    }
    Ok((found, without))
}

fn named(node: magpie_peers::Node) -> (String, Option<String>) {
    (node.unit.to_string(), node.address.map(|address| address.to_string()))
}

fn network_of_parameter(text: &str) -> Result<Option<IpNet>, BoxError> {
    network_of(text).map_err(|why| format!("parameter network-cidr: {why}").into())
}

fn seconds(name: &str, value: f64, most: f64) -> Result<Duration, BoxError> {
    if (0.0..=most).contains(&value) {
        Ok(Duration::from_secs_f64(value))
    } else {
        Err(format!("parameter {name}: is not from 0 to {most}").into())
    }
}

fn within(name: &str, value: u64, least: u64, most: u64) -> Result<u64, BoxError> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(format!("parameter {name}: is not from {least} to {most}").into())
    }
}

/// A result as JSON, as much as fits.
fn output(value: &Value) -> Result<Outcome, BoxError> {
    let text = serde_json::to_string_pretty(value)?;
    if text.len() <= MOST {
        return Ok(Outcome::completed().with("output", text)?);
    }
    Ok(Outcome::completed().with("output", value)?)
}

/// What there is to know of the host.
pub(crate) fn info(magpie: &Magpie, event: &Action<Info>, cx: &Context) -> Result<Outcome, BoxError> {
    let params = event.params();
    let kernel = Kernel::default();
    let own: Option<IpAddr> = match magpie.peers.own_addresses(cx)? {
        OwnAddresses::Told(all) => all.iter().find_map(|address| address.to_string().parse().ok()),
        _ => None,
    };
    let (peers, _) = reachable(magpie, cx, "")?;
    let ips: Vec<IpAddr> = peers.iter().map(|peer| peer.ip).collect();
    let routes = route::routes(&ips);
    // The interface by which the peers are reached; without one, that which has this unit's address.
    let primary = routes.iter().find_map(|route| route.interface.clone());
    let primary = primary.or_else(|| own.and_then(magpie_checks::route::interface_of));
    let link = primary.as_deref().and_then(|name| kernel.link(name));
    let mtu = link.as_ref().and_then(|link| link.mtu);
    let names = bonds_of(params.bonds_to_check.as_deref().unwrap_or(AUTO)).unwrap_or_else(|| kernel.bonds());
    let bonds: Vec<_> = names.iter().map(|name| kernel.bond(name, params.lacp_passive_mode)).collect();
    let problems = |bond: &magpie_checks::bond::Bond| {
        if bond.problems.is_empty() { "ok".to_owned() } else { bond.problems.join("; ") }
    };
    let of_bonds: BTreeMap<&str, String> = bonds.iter().map(|bond| (bond.name.as_str(), problems(bond))).collect();
    let host = hostname::check(HOST_WITHIN);
    let lldp = match lldp::neighbours(HOST_WITHIN) {
        Ok(found) => {
            let wrong = lldp::misnamed(&found, &host.hostname);
            let wrong: Vec<String> = wrong.iter().map(|(link, says)| format!("{link}:{says}")).collect();
            let said = if wrong.is_empty() { "ok".to_owned() } else { format!("failed: {}", wrong.join(" ")) };
            json!({ "port description": said, "neighbours": found })
        }
        Err(error) => json!({ "port description": format!("unknown: {error}") }),
    };
    let ways: BTreeMap<&str, &route::Route> = peers.iter().map(|peer| peer.unit.as_str()).zip(&routes).collect();
    output(&json!({
        "primary iface": primary,
        "link speed": link.as_ref().and_then(|link| link.speed).map_or(json!(-1), |speed| json!(speed)),
        "mac": link.as_ref().and_then(|link| link.mac.clone()),
        "links": kernel.links(),
        "routes": ways,
        "lldp": lldp,
        "bonds": {"checked": !names.is_empty(), "bonds": of_bonds, "details": bonds},
        "mtu": {
            "local mtu": mtu,
            "required": params.required_mtu,
            "ok": params.required_mtu == 0 || mtu.is_some_and(|mtu| mtu >= params.required_mtu),
        },
        "hostname": {"errors": host.error.as_deref().unwrap_or_default(), "hostname": host.hostname},
    }))
}

/// Whether the peers answer, and where an MTU is required, in packets of that size.
pub(crate) fn ping(magpie: &Magpie, event: &Action<Ping>, cx: &Context) -> Result<Outcome, BoxError> {
    let params = event.params();
    let tries = within("tries", params.tries.into(), 1, icmp::MOST_TRIES.into())?;
    let size = match within("required-mtu", params.required_mtu.into(), 0, 65_535)? {
        0 => icmp::Options::default().size,
        size => u16::try_from(size)?,
    };
    let options = icmp::Options {
        tries: u32::try_from(tries)?,
        interval: seconds("interval", params.interval, 10.0)?,
        timeout: seconds("timeout", params.timeout, 60.0).and_then(|timeout| match timeout.is_zero() {
            true => Err("parameter timeout: nothing can come back in no time".into()),
            false => Ok(timeout),
        })?,
        size,
    };
    let (peers, without) = reachable(magpie, cx, "")?;
    event.log(format_args!("pinging {} peers for at most {} s", peers.len(), options.longest().as_secs()))?;
    let ips: Vec<IpAddr> = peers.iter().map(|peer| peer.ip).collect();
    let mut said: BTreeMap<&str, String> = without.iter().map(|(unit, why)| (unit.as_str(), why.clone())).collect();
    let echoes = icmp::ping(&ips, &options);
    for (peer, echo) in peers.iter().zip(&echoes) {
        let text = match (echo.is_ok(), &echo.error) {
            (true, _) => "ok".to_owned(),
            (false, Some(error)) if echo.received == 0 => error.clone(),
            (false, _) => format!("{}/{} packets received", echo.received, echo.sent),
        };
        said.insert(&peer.unit, text);
    }
    let mut outcome = output(&json!(said))?;
    let failed: Vec<&str> = said.iter().filter(|(_, text)| *text != "ok").map(|(unit, _)| *unit).collect();
    outcome = outcome.with("failed", failed.join(" "))?;
    let details = peers.iter().zip(&echoes).map(|(peer, echo)| json!({ "unit": peer.unit, "echo": echo }));
    let details = listing::beginning(details, listing::PENDING);
    outcome = outcome.with("details", details.text)?;
    if params.required_mtu > 0 {
        let targets: Vec<Target> = ips.iter().map(|ip| Target { address: *ip, most: params.required_mtu }).collect();
        let found = mtu::path_mtu(&targets, &mtu::Options::default());
        let mtus: BTreeMap<&str, Option<u32>> =
            peers.iter().zip(&found).map(|(peer, mtu)| (peer.unit.as_str(), mtu.mtu)).collect();
        outcome = outcome.with("path-mtu", json!(mtus))?;
    }
    Ok(outcome)
}

/// Whether the names and addresses of the peers stand for each other.
pub(crate) fn dns(magpie: &Magpie, event: &Action<Dns>, cx: &Context) -> Result<Outcome, BoxError> {
    let params = event.params();
    let servers = dns::Options::servers_of(&params.server).map_err(|why| format!("parameter server: {why}"))?;
    let options = dns::Options {
        servers,
        tries: u32::try_from(within("tries", params.tries.into(), 1, 10)?)?,
        timeout: Duration::from_secs(within("timeout", params.timeout, 1, 60)?),
        within: DNS_WITHIN,
    };
    let (peers, without) = reachable(magpie, cx, "")?;
    event.log(format_args!("asking DNS for {} peers for at most {} s", peers.len(), DNS_WITHIN.as_secs()))?;
    let hosts: Vec<Host> = peers.iter().map(|peer| Host::Ip(peer.ip)).collect();
    let found = dns::check(&hosts, &options);
    let mut said: BTreeMap<&str, Value> =
        peers.iter().zip(&found).map(|(peer, found)| (peer.unit.as_str(), json!(found))).collect();
    let failed = peers.iter().zip(&found).filter(|(_, found)| found.fault().is_some());
    let mut failed: Vec<&str> = failed.map(|(peer, _)| peer.unit.as_str()).collect();
    for (unit, why) in &without {
        said.insert(unit, json!({ "reverse": {"hostnames": [], "ok": false, "error": why} }));
        failed.push(unit);
    }
    Ok(output(&json!(said))?.with("failed", failed.join(" "))?)
}

/// Measures throughput to peers, one after the other, each with more and more streams.
pub(crate) fn iperf(magpie: &Magpie, event: &Action<Iperf>, cx: &Context) -> Result<Outcome, BoxError> {
    let params = event.params();
    let batch = within("batch-time", params.batch_time, 1, 3600)?;
    let total = within("total-run-time", params.total_run_time, 1, 86_400)?;
    let least: MinSpeed = match params.min_speed.trim() {
        "" => MinSpeed::Any,
        text => text.parse().map_err(|why| format!("parameter min-speed: {why}"))?,
    };
    let mut progression = Vec::new();
    for text in params.concurrency_progression.split_whitespace() {
        let streams = text.parse().map_err(|_| "parameter concurrency-progression: is not numbers and spaces")?;
        let most = u64::from(throughput::MOST_STREAMS);
        progression.push(u32::try_from(within("concurrency-progression", streams, 1, most)?)?);
    }
    if progression.is_empty() {
        progression.push(streams());
    }
    let (mut peers, mut without) = reachable(magpie, cx, &params.network_cidr)?;
    let wanted: Vec<&str> = params.units.split_whitespace().collect();
    if let Some(unknown) =
        wanted.iter().find(|unit| !without.contains_key(**unit) && peers.iter().all(|it| it.unit != **unit))
    {
        return Err(format!("parameter units: {unknown:?} is no peer").into());
    }
    peers.retain(|peer| wanted.is_empty() || wanted.contains(&peer.unit.as_str()));
    without.retain(|unit, _| wanted.is_empty() || wanted.contains(&unit.as_str()));
    let kernel = Kernel::default();
    // While this unit measures, it is not measured.
    let _measuring = magpie.unit(cx).and_then(|unit| unit.store.measuring().ok().flatten());
    let mut results = Vec::new();
    for peer in &peers {
        let end = Instant::now() + Duration::from_secs(total);
        let each = Duration::from_secs(total).div_f64(f64::from(u32::try_from(progression.len())?));
        for (at, concurrency) in progression.iter().enumerate() {
            let until = (end - each * u32::try_from(progression.len() - at - 1)?).min(end);
            // At least one, and no longer than there is time.
            loop {
                let left = until.saturating_duration_since(Instant::now());
                let time = Duration::from_secs(batch).min(left);
                if time < Duration::from_millis(100) {
                    break;
                }
                event.log(format_args!("{}: {concurrency} streams for {} s", peer.unit, time.as_secs().max(1)))?;
                let (result, busy) = measured(peer, *concurrency, time, least, &kernel);
                let left = until.saturating_duration_since(Instant::now());
                if let Some(wait) = busy.filter(|wait| *wait < left) {
                    event.log(format_args!(
                        "{}: is measured by another unit; again in {} s",
                        peer.unit,
                        wait.as_secs()
                    ))?;
                    std::thread::sleep(wait);
                    continue;
                }
                results.push(result);
                if results.last().is_some_and(|it| it.get("error").is_some()) {
                    break;
                }
            }
        }
    }
    for (unit, why) in &without {
        results.push(json!({ "dest_node": unit, "error": why, "transferred_bytes": 0, "bits_per_second": 0 }));
    }
    let failed = |it: &&Value| it.get("error").is_some() || it.pointer("/min_speed_check/ok") == Some(&json!(false));
    let mut failed: Vec<&str> = results.iter().filter(failed).filter_map(|it| it["dest_node"].as_str()).collect();
    failed.dedup();
    let failed = failed.join(" ");
    let count = results.len();
    let text = listing::beginning(results, MOST);
    let outcome = Outcome::completed().with("output", text.text)?.with("failed", failed)?;
    Ok(if text.count < count { outcome.with("left-out", count - text.count)? } else { outcome })
}

/// One measurement, with the keys of the Python charm; Mbit/s are of 1,000,000 bits here.
///
/// With how long the peer is busy with another one, where it is.
fn measured(
    peer: &Reachable,
    concurrency: u32,
    time: Duration,
    least: MinSpeed,
    kernel: &Kernel,
) -> (Value, Option<Duration>) {
    let route = route::routes(&[peer.ip]).pop().unwrap_or_default();
    let options = throughput::Options { streams: concurrency, duration: time, port: throughput::PORT };
    let mut result = json!({
        "dest_node": peer.unit,
        "dest_ip": peer.ip,
        "dest_port": throughput::PORT,
        "dest_mac": route.neighbour_mac,
        "src_ip": route.source,
        "src_interface": route.interface,
        "src_mac": route.mac,
        "concurrency": concurrency,
        "timestamp": crate::store::now(),
        "transferred_bytes": 0,
        "bits_per_second": 0,
    });
    let mut busy = None;
    let Some(fields) = result.as_object_mut() else { return (result, None) };
    match throughput::measure(peer.ip, &options) {
        Ok(found) => {
            let link = route.interface.as_deref().and_then(|name| kernel.link(name)?.speed);
            #[allow(clippy::cast_precision_loss, reason = "three digits of it are shown")]
            let gigabytes = ((found.bytes as f64 / f64::from(1 << 30)) * 1000.0).round() / 1000.0;
            fields.insert("time_interval".to_owned(), json!(format!("0.0-{:.1}", found.seconds)));
            fields.insert("transferred_bytes".to_owned(), json!(found.bytes));
            fields.insert("bits_per_second".to_owned(), json!(found.bits_per_second.round()));
            fields.insert("GBytes_transferred".to_owned(), json!(gigabytes));
            fields.insert("Mbits_per_second".to_owned(), json!((found.bits_per_second / 1e6).round()));
            fields.insert("min_speed_check".to_owned(), json!(least.check(found.bits_per_second, link)));
        }
        Err(error) => {
            if let throughput::Error::Busy(left) = &error {
                busy = Some((*left).max(Duration::from_secs(1)));
            }
            fields.insert("error".to_owned(), json!(error.to_string()));
        }
    }
    (result, busy)
}

/// Sees to it that the service listens, and says where, in a network if one is given.
pub(crate) fn listen(magpie: &Magpie, event: &Action<Listen>, cx: &Context) -> Result<Outcome, BoxError> {
    let network = network_of_parameter(&event.params().network_cidr)?;
    let Some(unit) = magpie.unit(cx) else { return Err("this unit has no service".into()) };
    let looked = magpie.looked(&unit);
    let plan = looked.to_be(&unit, &magpie.peers.own_addresses(cx)?)?;
    unit.bring_about(plan, looked.plan.as_ref())?;
    let is_wanted = |ip: &&IpAddr| network.is_none_or(|network| network.contains(&ip.to_canonical()));
    let addresses: Vec<String> = plan.listen.iter().filter(is_wanted).map(ToString::to_string).collect();
    if addresses.is_empty() {
        return Err("this unit has no address to listen at there".into());
    }
    event.log(format_args!("waiting for the service for at most {} s", LISTENS_WITHIN.as_secs()))?;
    let until = Instant::now() + LISTENS_WITHIN;
    loop {
        match unit.store.results() {
            Some(Results { listening: Some(_), .. }) => break,
            Some(Results { not_listening: Some(why), .. }) => return Err(format!("it does not listen: {why}").into()),
            _ if Instant::now() > until => return Err("the service does not listen yet".into()),
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    Ok(Outcome::completed().with("addresses", addresses.join(" "))?.with("port", throughput::PORT)?)
}

/// Tells the peers this unit's addresses, where they do not know them.
pub(crate) fn advertise(magpie: &Magpie, _: &Action<NoParams>, cx: &Context) -> Result<Outcome, BoxError> {
    let own = magpie.peers.advertise_own_addresses(cx)?;
    match own {
        OwnAddresses::Told(_) => Ok(Outcome::completed().with("addresses", own)?),
        other => Err(other.to_string().into()),
    }
}

/// Puts together what all units have told of what they found.
pub(crate) fn report(magpie: &Magpie, _: &Action<NoParams>, cx: &Context) -> Result<Outcome, BoxError> {
    let config: Config = cx.config()?;
    let options = config.options(true)?;
    let limits = Limits {
        required_mtu: options.required_mtu,
        min_speed: options.min_speed.parse().unwrap_or_default(),
        max_latency: options.max_latency,
    };
    let mut mesh = Mesh::new(limits, crate::store::now());
    let own = cx.env().unit()?;
    let found = magpie.unit(cx).and_then(|unit| unit.store.plan().zip(unit.store.results()));
    match found {
        Some((plan, results)) => mesh.add(own.number(), &Summary::of(&plan, &results)),
        None => mesh.add_silent(own.number()),
    }
    for relation in cx.relations(magpie.peers.endpoint())? {
        let members = relation.members()?;
        relation.read_ahead(&members);
        for unit in members {
            match relation.bag(&unit).readable().get(Summary::KEY).and_then(|text| Summary::read(text)) {
                Some(summary) => mesh.add(unit.number(), &summary),
                None => mesh.add_silent(unit.number()),
            }
        }
    }
    let table = mesh.table();
    let mut outcome = Outcome::completed().with("table", juju_table(&table))?.with("ages", mesh.ages())?;
    let json = mesh.json().to_string();
    if json.len() <= MOST {
        outcome = outcome.with("output", json)?;
    }
    if let Some(unit) = magpie.unit(cx) {
        let path = unit.store.dir().join("report.html");
        std::fs::create_dir_all(unit.store.dir())?;
        std::fs::write(&path, mesh.html(&format!("{} in {}", own.app(), cx.env().model_name()?)))?;
        outcome = outcome.with("html", path.display())?.with("fetch", fetch(&own.to_string(), &path))?;
    }
    Ok(outcome)
}

/// As much of a table as fits beside the rest.
fn juju_table(table: &str) -> String {
    let mut text = String::from("\n");
    for line in table.lines() {
        if text.len() + line.len() > MOST / 2 {
            text.push_str("…\n");
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn fetch(unit: &str, path: &Path) -> String {
    format!("juju ssh {unit} sudo cat {} > magpie.html", path.display())
}
