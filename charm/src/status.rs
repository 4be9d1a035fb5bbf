//! What is wrong, in a line that an operator can act on.

use std::collections::BTreeMap;

use juju_ops::Status;
use magpie_checks::dns::Fault;
use magpie_checks::throughput::MinSpeed;

use crate::config::Options;
use crate::service::STALE;
use crate::store::{Peer, Plan, Results, now};

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
    let age = now().saturating_sub(results.at);
    if age > STALE {
        return Status::blocked(format!("the checks stopped {} minutes ago; {} says why", age / 60, plan.log()));
    }
    let parts = parts(plan, results);
    let failed = parts.iter().any(|part| part.is_failed);
    let (mut text, mut after_failed) = (String::new(), false);
    for part in parts {
        if !text.is_empty() {
            text.push_str(if after_failed || part.is_failed { "; " } else { ", " });
        }
        text.push_str(&part.text);
        after_failed = part.is_failed;
    }
    if failed { Status::blocked(text) } else { Status::active(text) }
}

/// Whether there are results for a peer at the address that it has now.
pub(crate) fn is_checked(plan: &Plan, results: &Results, unit: &str) -> bool {
    let address = plan.peers.get(unit).cloned().flatten().unwrap_or_default();
    results.peers.get(unit).is_some_and(|peer| peer.address == address)
}

fn parts(plan: &Plan, results: &Results) -> Vec<Part> {
    let options = &plan.options;
    // The service has not yet forgotten who has just left.
    let here = results.peers.iter().filter(|(unit, _)| plan.peers.contains_key(*unit));
    let peers: BTreeMap<u64, &Peer> = here.map(|(unit, peer)| (number(unit), peer)).collect();
    // Of one that is away what was measured before says nothing any more, and that it is away is said once.
    let there: BTreeMap<u64, &Peer> =
        peers.iter().filter(|(_, peer)| !peer.is_away()).map(|(unit, peer)| (*unit, *peer)).collect();
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
    if let (true, Some(why)) = (options.check_dns, &results.no_dns) {
        parts.push(failed(format!("dns failed: {why}")));
    } else if options.check_dns && peers.values().any(|peer| peer.names.is_some()) {
        let faults: Vec<String> = peers
            .iter()
            .filter_map(|(unit, peer)| {
                let fault = peer.dns().flatten()?;
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
    parts.extend(mtu(options, &there));
    if options.check_iperf {
        parts.extend(speed(options, results, &there));
    }
    parts
}

fn icmp(options: &Options, peers: &BTreeMap<u64, &Peer>) -> Vec<Part> {
    let mut failed = Vec::new();
    for (unit, peer) in peers {
        match (peer.echo, &peer.error) {
            (Some((_, 0)) | None, Some(why)) => failed.push(format!("{unit} {why}")),
            (Some((sent, received)), _) if received < sent => {
                let filtered = if peer.udp == Some(true) { " (udp ok)" } else { "" };
                failed.push(format!("{unit} {received}/{sent}{filtered}"));
            }
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
        longest_usual(usual)
    };
    let slow: Vec<String> =
        trips.iter().filter(|(_, trip)| *trip > limit).map(|(unit, trip)| format!("{unit} {trip:.1} ms")).collect();
    let word = if is_set { "latency failed" } else { "latency" };
    (!slow.is_empty()).then(|| Part { text: format!("{word}: {}", some_of(&slow)), is_failed: is_set })
}

/// The longest mean round trip that is nothing to speak of, where this is the usual one, in milliseconds.
pub(crate) fn longest_usual(usual: f64) -> f64 {
    SLOW.max(usual * TIMES)
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
        if let (Some((speed, _)), None) = (peer.throughput, &peer.throughput_error) {
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

#[cfg(test)]
mod tests {
    use magpie_checks::dns::{Found, Reverse};
    use magpie_checks::ping::RoundTrip;

    use super::*;
    use crate::config::Config;
    use crate::store::VERSION;

    fn plan(peers: &[(&str, Option<&str>)], change: fn(&mut Config)) -> Plan {
        let mut config = Config::default();
        change(&mut config);
        Plan {
            v: VERSION,
            unit: "magpie/0".to_owned(),
            model: ("m".to_owned(), "u".to_owned()),
            own: vec!["10.0.0.1".to_owned()],
            program: "/dispatch".into(),
            build: "1".to_owned(),
            listen: Vec::new(),
            measured_at: BTreeMap::new(),
            peers: peers.iter().map(|(unit, at)| ((*unit).to_owned(), at.map(str::to_owned))).collect(),
            options: config.options(true).unwrap(),
        }
    }

    fn peer(address: &str) -> Peer {
        let trip = RoundTrip { min: 0.1, avg: 0.2, max: 0.3, jitter: 0.1 };
        let reverse = Reverse { hostnames: vec!["n".to_owned()], ok: true, error: None };
        let ip = address.parse().unwrap();
        let forward = magpie_checks::dns::Forward { ips: vec![ip], ok: true, matches: true, error: None };
        Peer {
            address: address.to_owned(),
            echo: Some((20, 20)),
            round_trip: Some(trip),
            mtu: Some((Some(9000), 9000)),
            names: Some(Found { reverse, forward: BTreeMap::from([("n".to_owned(), forward)]) }),
            throughput: Some((9.4e9, 0)),
            link_speed: Some(10_000),
            ..Peer::default()
        }
    }

    /// The status with ten peers, of which some are changed.
    fn shown(config: fn(&mut Config), change: impl Fn(u32, &mut Peer)) -> String {
        let names: Vec<(String, String)> =
            (1..=10).map(|at| (format!("magpie/{at}"), format!("10.0.0.{}", at + 1))).collect();
        let peers: Vec<(&str, Option<&str>)> = names.iter().map(|(unit, at)| (&**unit, Some(&**at))).collect();
        let mut results = Results { at: now(), ..Results::default() };
        for (at, (unit, address)) in (1..).zip(&names) {
            let mut of = peer(address);
            change(at, &mut of);
            results.peers.insert(unit.clone(), of);
        }
        let status = status(&plan(&peers, config), &results);
        format!("{:?}: {}", status.kind(), status.message()).to_lowercase()
    }

    #[test]
    fn all_is_well_in_one_short_line() {
        assert_eq!(shown(|_| {}, |_, _| {}), "active: icmp ok, dns ok, mtu ok: 9000, speed ok: 9400 mbit/s");
    }

    #[test]
    fn each_fault_is_named_with_the_numbers_of_its_units() {
        assert_eq!(
            shown(
                |_| {},
                |at, peer| if at == 10 {
                    peer.echo = Some((20, 14));
                }
            ),
            "blocked: icmp failed: 10 14/20; dns ok, mtu ok: 9000, speed ok: 9400 mbit/s"
        );
        let mtu = |at: u32, peer: &mut Peer| {
            if at == 4 {
                peer.mtu = Some((Some(1450), 9000));
            }
        };
        assert_eq!(shown(|_| {}, mtu), "blocked: icmp ok, dns ok; mtu 1450 < 9000: 4; speed ok: 9400 mbit/s");
        assert_eq!(
            shown(|config| config.required_mtu = 1450, mtu),
            "active: icmp ok, dns ok, mtu ok: 1450, speed ok: 9400 mbit/s"
        );
        let slow = |at: u32, peer: &mut Peer| {
            if at == 2 {
                peer.throughput = Some((93.4e6, 0));
            }
        };
        assert_eq!(
            shown(|config| config.min_speed = "50%".into(), slow),
            "blocked: icmp ok, dns ok, mtu ok: 9000; speed failed: 2 93 < 5000 mbit/s"
        );
        let late = |at: u32, peer: &mut Peer| {
            if at == 3 {
                peer.round_trip = Some(RoundTrip { avg: 20.4, ..peer.round_trip.unwrap() });
            }
        };
        assert_eq!(
            shown(|_| {}, late),
            "active: icmp ok, latency: 3 20.4 ms, dns ok, mtu ok: 9000, speed ok: 9400 mbit/s"
        );
        assert_eq!(
            shown(|config| config.max_latency = 10.0, late),
            "blocked: icmp ok; latency failed: 3 20.4 ms; dns ok, mtu ok: 9000, speed ok: 9400 mbit/s"
        );
        let many = |_: u32, peer: &mut Peer| peer.echo = Some((20, 0));
        assert_eq!(
            shown(|_| {}, many),
            "blocked: icmp failed: 1 0/20, 2 0/20, 3 0/20, 4 0/20, 5 0/20 and 5 more; dns ok"
        );
    }

    #[test]
    fn of_a_peer_that_is_away_nothing_else_is_told() {
        let away = |at: u32, peer: &mut Peer| {
            if at == 4 {
                (peer.echo, peer.udp) = (Some((20, 0)), Some(false));
                peer.mtu = Some((Some(1450), 9000));
                peer.throughput_error = Some("cannot be connected to: timed out".to_owned());
            }
        };
        assert_eq!(shown(|_| {}, away), "blocked: icmp failed: 4 0/20; dns ok, mtu ok: 9000, speed ok: 9400 mbit/s");
        let filtered = |at: u32, peer: &mut Peer| {
            away(at, peer);
            peer.udp = Some(true);
        };
        assert!(
            shown(|_| {}, filtered).contains("mtu 1450 < 9000: 4; speed failed: 4 cannot"),
            "{}",
            shown(|_| {}, filtered)
        );
    }

    #[test]
    fn what_is_not_checked_is_not_shown() {
        let off = |config: &mut Config| {
            (config.check_dns, config.check_iperf) = (false, false);
        };
        assert_eq!(shown(off, |_, peer| peer.names = None), "active: icmp ok, mtu ok: 9000");
    }

    #[test]
    fn a_unit_without_peers_or_results_waits() {
        let of = |peers: &[(&str, Option<&str>)], results: &Results| {
            let status = status(&plan(peers, |_| {}), results);
            format!("{:?}: {}", status.kind(), status.message()).to_lowercase()
        };
        assert_eq!(of(&[], &Results::default()), "waiting: waiting for peers...");
        let one = [("magpie/1", Some("10.0.0.2"))];
        assert_eq!(of(&one, &Results::default()), "waiting: not yet checked: magpie/1");
        // What was found of another address says nothing of this one.
        let mut results = Results::default();
        results.peers.insert("magpie/1".to_owned(), peer("10.0.0.9"));
        assert_eq!(of(&one, &results), "waiting: not yet checked: magpie/1");
    }

    #[test]
    fn checks_that_have_stopped_are_no_longer_believed_and_who_left_is_not_shown() {
        let plan = plan(&[("magpie/1", Some("10.0.0.2"))], |_| {});
        let mut results = Results { at: now() - 3600, ..Results::default() };
        results.peers.insert("magpie/1".to_owned(), peer("10.0.0.2"));
        assert_eq!(
            status(&plan, &results).message(),
            "the checks stopped 60 minutes ago; journalctl -u magpie-magpie-0 says why"
        );
        results.at = now();
        results.peers.insert("magpie/2".to_owned(), Peer { echo: Some((20, 0)), ..peer("10.0.0.3") });
        assert_eq!(status(&plan, &results).message(), "icmp ok, dns ok, mtu ok: 9000, speed ok: 9400 mbit/s");
    }

    #[test]
    fn a_throughput_that_fails_after_one_that_did_not_is_shown() {
        let failing = |at: u32, peer: &mut Peer| {
            if at == 2 {
                peer.throughput_error = Some("cannot be connected to: connection refused".to_owned());
            }
        };
        let shown = shown(|_| {}, failing);
        assert!(shown.ends_with("; speed failed: 2 cannot be connected to: connection refused"), "{shown}");
    }

    #[test]
    fn a_peer_that_cannot_be_checked_is_named_and_hides_no_other() {
        let lying = |at: u32, peer: &mut Peer| {
            if at == 7 {
                *peer = Peer {
                    address: peer.address.clone(),
                    error: Some("its address is one of this unit's own".into()),
                    ..Peer::default()
                };
            }
        };
        assert_eq!(
            shown(|_| {}, lying),
            "blocked: icmp failed: 7 its address is one of this unit's own; dns ok, mtu ok: 9000, speed ok: 9400 mbit/s"
        );
    }
}
