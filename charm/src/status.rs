//! What is wrong, in a line that an operator can act on.

use std::collections::BTreeMap;
use std::fmt::Write;

use juju_ops::Status;
use magpie_checks::dns::Fault;
use magpie_checks::throughput::MinSpeed;

use crate::config::Options;
use crate::store::{Peer, Plan, Results};

/// How many units, bonds or links a part of the status names.
const NAMED: usize = 5;
/// A mean round trip that is longer than this, in milliseconds, and than ten times what is usual among the peers, is shown.
const SLOW: f64 = 5.0;
const TIMES: f64 = 10.0;

/// A part of the status.
struct Part {
    text: String,
    is_failed: bool,
}

/// The status of a unit whose peers are checked. `plan` is what is to be checked, `results` what has been.
///
/// The parts are those of the Python charm, shorter: what fails is named with the numbers of the units.
pub fn status(plan: &Plan, results: &Results) -> Status {
    if plan.peers.is_empty() {
        return Status::waiting("Waiting for peers...");
    }
    let unchecked: Vec<&str> =
        plan.peers.keys().filter(|unit| !is_checked(plan, results, unit)).map(String::as_str).collect();
    if !unchecked.is_empty() {
        return Status::waiting(format!("Not yet checked: {}", some_of(&unchecked)));
    }
    let parts = parts(&plan.options, results);
    let failed = parts.iter().any(|part| part.is_failed);
    let mut text = String::new();
    for part in parts {
        let separator = match (text.is_empty(), part.is_failed || text.contains(": ")) {
            (true, _) => "",
            (false, true) => "; ",
            (false, false) => ", ",
        };
        _ = write!(text, "{separator}{}", part.text);
    }
    if failed { Status::blocked(text) } else { Status::active(text) }
}

/// Whether there are results for a peer at the address that it has now.
pub(crate) fn is_checked(plan: &Plan, results: &Results, unit: &str) -> bool {
    let address = plan.peers.get(unit).cloned().flatten().unwrap_or_default();
    results.peers.get(unit).is_some_and(|peer| peer.address == address)
}

fn parts(options: &Options, results: &Results) -> Vec<Part> {
    let peers: BTreeMap<u64, &Peer> = results.peers.iter().map(|(unit, peer)| (number(unit), peer)).collect();
    let mut parts = Vec::new();
    let ok = |text: &str| Part { text: text.to_owned(), is_failed: false };
    let failed = |text: String| Part { text, is_failed: true };
    if options.check_port_description && !results.host.misnamed.is_empty() {
        let links: Vec<String> = results.host.misnamed.iter().map(|(link, says)| format!("{link} ({says})")).collect();
        parts.push(failed(format!("ports failed: {}", some_of(&links))));
    }
    if let (true, Some(Err(why))) = (options.use_lldp, &results.host.lldp) {
        parts.push(ok(&format!("lldp unknown: {why}")));
    }
    let bonds: Vec<String> = results
        .host
        .bonds
        .iter()
        .filter(|bond| !bond.problems.is_empty())
        .map(|bond| format!("{} ({})", bond.name, bond.problems.join(", ")))
        .collect();
    match (bonds.is_empty(), results.host.bonds.is_empty()) {
        (false, _) => parts.push(failed(format!("bonds failed: {}", some_of(&bonds)))),
        (true, false) => parts.push(ok("bonds ok")),
        (true, true) => {}
    }
    parts.extend(icmp(options, &peers));
    parts.extend(latency(options, &peers));
    if let Some(hostname) = results.host.hostname.as_ref().filter(|hostname| !hostname.is_ok()) {
        parts.push(failed(format!("local hostname failed: {}", hostname.hostname)));
    }
    if options.check_dns && peers.values().any(|peer| peer.dns.is_some()) {
        let faults: Vec<String> = peers
            .iter()
            .filter_map(|(unit, peer)| {
                let fault = peer.dns.flatten()?;
                let word = match fault {
                    Fault::Reverse => "rev",
                    Fault::Forward => "fwd",
                    Fault::Match => "match",
                };
                Some(format!("{unit} {word}"))
            })
            .collect();
        parts.push(match faults.is_empty() {
            true => ok("dns ok"),
            false => failed(format!("dns failed: {}", some_of(&faults))),
        });
    }
    parts.extend(mtu(options, &peers));
    if options.check_iperf {
        parts.extend(speed(options, results, &peers));
    }
    parts
}

fn icmp(options: &Options, peers: &BTreeMap<u64, &Peer>) -> Vec<Part> {
    let mut failed = Vec::new();
    for (unit, peer) in peers {
        match (peer.echo, &peer.error) {
            (Some((sent, received)), _) if received < sent => failed.push(format!("{unit} {received}/{sent}")),
            (None, Some(_)) => failed.push(format!("{unit} no address to be reached at")),
            _ => {}
        }
    }
    let text = match (failed.is_empty(), options.pings) {
        (false, _) => format!("icmp failed: {}", some_of(&failed)),
        (true, true) => "icmp ok".to_owned(),
        (true, false) => "icmp skipped".to_owned(),
    };
    vec![Part { text, is_failed: !failed.is_empty() }]
}

/// Round trips that are too long, or without a limit, far longer than the others'.
fn latency(options: &Options, peers: &BTreeMap<u64, &Peer>) -> Option<Part> {
    let trips: Vec<(u64, f64)> = peers.iter().filter_map(|(unit, peer)| Some((*unit, peer.round_trip?.avg))).collect();
    let is_set = options.max_latency > 0.0;
    let limit = if is_set {
        options.max_latency
    } else {
        let mut sorted: Vec<f64> = trips.iter().map(|(_, trip)| *trip).collect();
        sorted.sort_by(f64::total_cmp);
        // The lower one of two: one of two links that is slow is so beside the other.
        let usual = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
        SLOW.max(usual * TIMES)
    };
    let slow: Vec<String> =
        trips.iter().filter(|(_, trip)| *trip > limit).map(|(unit, trip)| format!("{unit} {trip:.1} ms")).collect();
    let word = if is_set { "latency failed" } else { "latency" };
    (!slow.is_empty()).then(|| Part { text: format!("{word}: {}", some_of(&slow)), is_failed: is_set })
}

/// Path MTUs below what is required, or where nothing is, below that of the interface.
fn mtu(options: &Options, peers: &BTreeMap<u64, &Peer>) -> Vec<Part> {
    let mut failed: BTreeMap<(u32, u32), Vec<String>> = BTreeMap::new();
    let mut least = None::<u32>;
    for (unit, peer) in peers {
        let Some((found, tried)) = peer.mtu else { continue };
        let wanted = if options.required_mtu > 0 { options.required_mtu } else { tried };
        let found = found.unwrap_or(0);
        least = Some(least.unwrap_or(found).min(found));
        if found < wanted {
            failed.entry((found, wanted)).or_default().push(unit.to_string());
        }
    }
    if failed.is_empty() {
        return least.map(|least| Part { text: format!("mtu ok: {least}"), is_failed: false }).into_iter().collect();
    }
    failed
        .into_iter()
        .map(|((found, wanted), units)| {
            let text = match found {
                0 => format!("mtu unknown: {}", some_of(&units)),
                _ => format!("mtu {found} < {wanted}: {}", some_of(&units)),
            };
            Part { text, is_failed: true }
        })
        .collect()
}

fn speed(options: &Options, results: &Results, peers: &BTreeMap<u64, &Peer>) -> Option<Part> {
    if let Some(why) = &results.not_listening {
        return Some(Part { text: format!("not listening: {why}"), is_failed: true });
    }
    let least: MinSpeed = options.min_speed.parse().unwrap_or_default();
    let (mut failed, mut slowest) = (Vec::new(), None::<f64>);
    for (unit, peer) in peers {
        if let Some((speed, _)) = peer.throughput {
            slowest = Some(slowest.unwrap_or(speed).min(speed));
            let check = least.check(speed, peer.link_speed);
            if !check.ok {
                failed.push(format!("{unit} {}", check.message.trim_start_matches("failed: ")));
            }
        } else if let Some(why) = &peer.throughput_error {
            failed.push(format!("{unit} {why}"));
        }
    }
    match (failed.is_empty(), slowest) {
        (false, _) => Some(Part { text: format!("speed failed: {}", some_of(&failed)), is_failed: true }),
        (true, Some(speed)) => Some(Part { text: format!("speed ok: {:.0} mbit/s", speed / 1e6), is_failed: false }),
        (true, None) => None,
    }
}

fn number(unit: &str) -> u64 {
    unit.rsplit_once('/').and_then(|(_, number)| number.parse().ok()).unwrap_or(u64::MAX)
}

pub(crate) fn some_of(names: &[impl AsRef<str>]) -> String {
    let named: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
