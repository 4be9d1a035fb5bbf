//! The service of a unit: one process that checks its peers all the time, is measured by them, and serves its metrics.
//!
//! It is this executable, as `dispatch serve DIR`, and does what the plan in that directory says. It watches over a second
//! process, which does the work, and starts that anew when it ends; it ends itself when the plan is gone, and becomes the
//! program that the plan names when a refresh has put another one there.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use magpie_checks::dns::{self, Host};
use magpie_checks::link::Kernel;
use magpie_checks::mtu::{self, Target};
use magpie_checks::ping;
use magpie_checks::route::{self, Route};
use magpie_checks::throughput::{self, Server, Throughput};
use magpie_checks::{echo, hostname, lldp};

use crate::addresses::ips_of;
use crate::config::Options;
use crate::metrics;
use crate::store::{Peer, Plan, Results, Store, VERSION, is_locked, now};
use crate::turns;

/// How often every peer is checked.
const ROUND: Duration = Duration::from_secs(60);
/// In every how manieth round what changes seldom is checked: MTU, DNS, LLDP.
const SELDOM: u32 = 5;
/// How often the plan is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long the names of all peers may take.
const DNS_WITHIN: Duration = Duration::from_secs(60);
/// How long the host may take to say its name, and `lldpd` its neighbours.
pub(crate) const HOST_WITHIN: Duration = Duration::from_secs(10);
/// How long a measured throughput is good.
const MEASURE_AGAIN: u64 = 60 * 60;
/// After how many seconds without new results the checks count as stopped.
pub const STALE: u64 = 15 * 60;
/// How long a peer may say that it is busy, in seconds, until that is a fault.
const BUSY: u64 = 60 * 60;
/// How many measurements in a row have to come to nothing until that is a fault.
const FAILURES: u32 = 2;
/// Where the metrics are served, if these ports are not all taken.
const METRICS: std::ops::Range<u16> = 8088..8104;
/// The longest time until the work is begun anew.
const LONGEST_BREAK: Duration = Duration::from_secs(30);

/// Which program a file is, as far as it can be told without reading it all: its length, and when it was written.
pub fn build_of(program: &Path) -> Option<String> {
    let metadata = program.metadata().ok()?;
    let written = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{}-{}", metadata.len(), written.as_nanos()))
}

/// Watches over the work, until the plan is gone. Another service of the same directory is left alone.
pub fn serve(store: &Store) -> ExitCode {
    // Of its own session, it outlives the hook that began it; systemd's is so already.
    let _ = rustix::process::setsid();
    let lock = match store.lock() {
        Ok(Some(lock)) => lock,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => return failed(&format!("{}: {error}", store.dir().display())),
    };
    let mut pause = Duration::from_millis(100);
    while let Some(plan) = store.plan() {
        let started = Instant::now();
        if let Err(error) = work_once(store, &plan) {
            complain(&format!("the work cannot be begun: {error}"));
        }
        if let Some(plan) = store.plan()
            && Some(&plan.build) != own_build().as_ref()
            && plan.program.exists()
        {
            // The lock goes with it: its file is closed by this.
            let error = Command::new(&plan.program).arg("serve").arg(store.dir()).exec();
            complain(&format!("{}: {error}", plan.program.display()));
        }
        pause =
            if started.elapsed() > LONGEST_BREAK { Duration::from_millis(100) } else { (pause * 2).min(LONGEST_BREAK) };
        let until = Instant::now() + pause;
        while Instant::now() < until && store.plan().is_some() {
            thread::sleep(LOOK.min(pause));
        }
    }
    drop(lock);
    ExitCode::SUCCESS
}

/// Runs the work in a process of its own, until that ends, has nothing to do any more, or makes no progress. Its standard
/// input is open for as long as this process lives.
fn work_once(store: &Store, plan: &Plan) -> io::Result<()> {
    let mut command = Command::new(&plan.program);
    command.args(["serve", "--work"]).arg(store.dir()).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn()?;
    let begun = now();
    loop {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        let last = store.results_written().map_or(begun, |at| at.max(begun));
        let hangs = now().saturating_sub(last) > STALE;
        if hangs {
            complain("the work makes no progress, and is begun anew");
        }
        if hangs || store.plan().is_none_or(|now| is_other(&now, plan)) {
            child.kill()?;
            child.wait()?;
            return Ok(());
        }
        thread::sleep(LOOK);
    }
}

/// Whether a plan asks for another program, or other addresses to listen at.
fn is_other(plan: &Plan, before: &Plan) -> bool {
    (&plan.program, &plan.build, &plan.listen) != (&before.program, &before.build, &before.listen)
}

fn own_build() -> Option<String> {
    build_of(&std::env::current_exe().ok()?)
}

fn failed(why: &str) -> ExitCode {
    complain(why);
    ExitCode::FAILURE
}

#[allow(clippy::print_stderr, reason = "the journal of systemd takes it; there is no hook to log through")]
fn complain(why: &str) {
    eprintln!("magpie: {why}");
}

/// What the threads share.
struct Shared {
    store: Store,
    results: Mutex<Results>,
    server: Mutex<Option<Arc<Server>>>,
}

impl Shared {
    fn results(&self) -> MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self) -> MutexGuard<'_, Option<Arc<Server>>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the results, and writes them.
    fn change(&self, change: impl FnOnce(&mut Results)) {
        let mut results = self.results();
        change(&mut results);
        results.at = now();
        if let Err(error) = self.store.set_results(&results) {
            complain(&format!("results: {error}"));
        }
    }
}

/// Does the work, until the plan is gone, asks for another program or another address to listen at, or whoever watches over
/// this goes away.
pub fn work(store: Store) -> ExitCode {
    let Some(plan) = store.plan() else { return ExitCode::SUCCESS };
    thread::spawn(|| {
        // Open as long as the other process lives.
        drop(io::stdin().read_to_end(&mut Vec::new()));
        std::process::exit(0);
    });
    // What was measured before is good for a while.
    let mut results = store.results().unwrap_or_default();
    (results.v, results.listening, results.not_listening, results.metrics) = (VERSION, None, None, None);
    let shared = Arc::new(Shared { store, results: Mutex::new(results), server: Mutex::new(None) });
    begin(&shared, "metrics", serve_metrics);
    if plan.options.check_iperf || !plan.listen.is_empty() {
        let listen = plan.listen.clone();
        begin(&shared, "server", move |shared| serve_throughput(shared, &listen));
        begin(&shared, "client", measure_in_turn);
    }
    check_until_asked(&shared, &plan);
    ExitCode::SUCCESS
}

fn begin(shared: &Arc<Shared>, name: &str, work: impl FnOnce(&Shared) + Send + 'static) {
    let shared = Arc::clone(shared);
    if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(move || work(&shared)) {
        complain(&format!("{name}: {error}"));
    }
}

fn check_until_asked(shared: &Shared, first: &Plan) {
    let (mut checked, mut last, mut round) = (BTreeMap::new(), None::<Instant>, 0_u32);
    let mut options = first.options.clone();
    while let Some(plan) = shared.store.plan() {
        if is_other(&plan, first) {
            return;
        }
        let is_round = last.is_none_or(|at| at.elapsed() >= ROUND) || plan.options != options;
        let new: BTreeMap<String, Option<String>> =
            plan.peers.iter().filter(|(unit, at)| is_round || checked.get(*unit) != Some(*at)).map(cloned).collect();
        if plan.options.check_iperf && plan.options.pings && (is_round || !new.is_empty()) {
            thread::sleep(turns::until_quiet(plan.options.iperf_duration));
        }
        if is_round {
            check_host(shared, &plan.options, round % SELDOM == 0);
        }
        if !new.is_empty() {
            check_peers(shared, &plan, &new, !is_round || round % SELDOM == 0);
        }
        if is_round {
            (last, round) = (Some(Instant::now()), round.wrapping_add(1));
        }
        if is_round || checked != plan.peers {
            shared.change(|results| results.peers.retain(|unit, _| plan.peers.contains_key(unit)));
        }
        (checked, options) = (plan.peers, plan.options);
        thread::sleep(LOOK);
    }
}

fn cloned((unit, at): (&String, &Option<String>)) -> (String, Option<String>) {
    (unit.clone(), at.clone())
}

fn check_host(shared: &Shared, options: &Options, seldom: bool) {
    let kernel = Kernel::default();
    let hostname = if options.check_local_hostname { Some(hostname::check(HOST_WITHIN)) } else { None };
    let names = options.bonds.clone().unwrap_or_else(|| kernel.bonds());
    let bonds = names.iter().map(|name| kernel.bond(name, options.lacp_passive_mode)).collect();
    let lldp = match (options.use_lldp, seldom) {
        (true, true) => Some(lldp::neighbours(HOST_WITHIN).map_err(|error| error.to_string())),
        (true, false) => shared.results().host.lldp.clone(),
        (false, _) => None,
    };
    let mut misnamed = Vec::new();
    if let (true, Some(Ok(neighbours))) = (options.check_port_description, &lldp) {
        let own = hostname.clone().unwrap_or_else(|| hostname::check(HOST_WITHIN)).hostname;
        misnamed = lldp::misnamed(neighbours, &own);
    }
    shared.change(|results| results.host = crate::store::Host { hostname, bonds, lldp, misnamed });
}

/// A peer that is being checked.
struct Checked {
    unit: String,
    peer: Peer,
    /// How it is reached.
    route: Route,
}

/// Checks peers, and notes each kind of result as soon as it is there.
fn check_peers(shared: &Shared, plan: &Plan, peers: &BTreeMap<String, Option<String>>, seldom: bool) {
    let options = &plan.options;
    let mut found = found_of(plan, peers);
    // The places of those that can be checked.
    let can_be = |(at, it): (usize, &Checked)| Some((at, it.peer.ip.filter(|_| it.peer.error.is_none())?));
    let targets: Vec<(usize, IpAddr)> = found.iter().enumerate().filter_map(can_be).collect();
    let ips = ips_of_all(&targets);
    if options.pings {
        for ((at, _), echo) in targets.iter().zip(ping::ping(&ips, &ping_options(options))) {
            let peer = &mut found[*at].peer;
            peer.echo = Some((echo.sent, echo.received));
            peer.round_trip = echo.round_trip;
            peer.error = echo.error.filter(|_| echo.received == 0);
        }
    }
    let silent: Vec<(usize, IpAddr)> = targets.iter().filter(|(at, _)| is_silent(&found[*at].peer)).copied().collect();
    for ((at, _), echo) in silent.iter().zip(echo::ask(&ips_of_all(&silent), &echo::Options::default())) {
        found[*at].peer.udp = Some(echo.received > 0);
    }
    let kernel = Kernel::default();
    for (at, _) in &targets {
        let Checked { peer, route, .. } = &mut found[*at];
        peer.link_speed = route.interface.as_ref().and_then(|name| kernel.link(name)?.speed);
    }
    merge(shared, &found, options.pings);
    if !seldom {
        return;
    }
    let reached: Vec<(&str, Target)> = targets
        .iter()
        .map(|(at, ip)| (&found[*at], *ip))
        .filter(|(it, _)| it.peer.echo.is_none_or(|(_, back)| back > 0))
        .map(|(it, ip)| (it.unit.as_str(), Target { address: ip, most: most(&it.route, options) }))
        .collect();
    let tried: Vec<Target> = reached.iter().map(|(_, target)| *target).collect();
    let mtus = mtu::path_mtu(&tried, &mtu::Options::default());
    shared.change(|results| {
        for ((unit, _), mtu) in reached.iter().zip(&mtus) {
            if let Some(peer) = results.peers.get_mut(*unit) {
                peer.mtu = Some((mtu.mtu, mtu.tried));
            }
        }
    });
    if !options.check_dns {
        return shared.change(|results| results.peers.values_mut().for_each(|peer| peer.names = None));
    }
    let hosts: Vec<Host> = ips.iter().copied().map(Host::Ip).collect();
    let answers = match dns_options(options) {
        Ok(dns) => dns::check(&hosts, &dns),
        Err(error) => return shared.change(|results| results.no_dns = Some(error)),
    };
    shared.change(|results| {
        results.no_dns = None;
        for ((at, _), answer) in targets.iter().zip(answers) {
            if let Some(peer) = results.peers.get_mut(&found[*at].unit) {
                peer.names = Some(answer);
            }
        }
    });
}

fn ips_of_all(targets: &[(usize, IpAddr)]) -> Vec<IpAddr> {
    targets.iter().map(|(_, ip)| *ip).collect()
}

/// Whether nothing came back of what was sent.
fn is_silent(peer: &Peer) -> bool {
    peer.error.is_none() && peer.loss() == Some(100)
}

/// Each peer with its address, and why it cannot be checked there where that is so.
fn found_of(plan: &Plan, peers: &BTreeMap<String, Option<String>>) -> Vec<Checked> {
    let given: Vec<Option<String>> = peers.values().cloned().collect();
    let ips = ips_of(&given, || dns_options(&plan.options));
    let routes = route::routes(&ips.iter().flatten().copied().collect::<Vec<_>>());
    let mut routes = routes.into_iter();
    let mut found = Vec::new();
    for ((unit, address), ip) in peers.iter().zip(ips) {
        let mut peer = Peer { at: now(), address: address.clone().unwrap_or_default(), ..Peer::default() };
        let mut way = Route::default();
        match ip {
            Ok(ip) => {
                (peer.ip, way) = (Some(ip), routes.next().unwrap_or_default());
                let also = plan.peers.iter().find(|(other, at)| *other != unit && *at == address);
                if ip.is_loopback() || way.interface.as_deref() == Some("lo") {
                    peer.error = Some("its address is one of this unit's own".to_owned());
                } else if let Some((other, _)) = also {
                    peer.error = Some(format!("{other} has the same address"));
                }
            }
            Err(why) => peer.error = Some(why),
        }
        found.push(Checked { unit: unit.clone(), peer, route: way });
    }
    found
}

/// Notes what was found, beside what is known from before of the same address.
fn merge(shared: &Shared, found: &[Checked], pings: bool) {
    shared.change(|results| {
        for Checked { unit, peer: new, .. } in found {
            let mut peer = results.peers.remove(unit).filter(|old| old.address == new.address).unwrap_or_default();
            peer.at = new.at;
            peer.address.clone_from(&new.address);
            peer.error.clone_from(&new.error);
            peer.ip = new.ip;
            peer.link_speed = new.link_speed;
            if pings || new.error.is_some() {
                (peer.echo, peer.round_trip, peer.udp) = (new.echo, new.round_trip, new.udp);
            } else {
                (peer.echo, peer.round_trip, peer.udp) = (None, None, None);
            }
            results.peers.insert(unit.clone(), peer);
        }
    });
}

/// How peers are pinged.
pub(crate) fn ping_options(options: &Options) -> ping::Options {
    ping::Options {
        tries: options.ping_tries,
        interval: Duration::from_millis(options.ping_interval_ms.into()),
        timeout: Duration::from_secs(options.ping_timeout.into()),
        ..ping::Options::default()
    }
}

/// How names are asked for.
pub(crate) fn dns_options(options: &Options) -> Result<dns::Options, String> {
    Ok(dns::Options {
        servers: dns::Options::servers_of(&options.dns_server)?,
        tries: options.dns_tries,
        timeout: Duration::from_secs(options.dns_time.into()),
        within: DNS_WITHIN,
    })
}

/// The largest packet that is to reach a peer.
fn most(route: &Route, options: &Options) -> u32 {
    let own = route.mtu.unwrap_or(1500);
    own.max(options.required_mtu)
}

fn serve_metrics(shared: &Shared) {
    loop {
        let at = METRICS.map(|port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
        let any = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let listener = at.chain([any]).find_map(|at| std::net::TcpListener::bind(at).ok());
        if let Some(listener) = listener {
            shared.change(|results| results.metrics = listener.local_addr().ok());
            metrics::serve(&listener, || {
                let plan = shared.store.plan()?;
                Some(metrics::text(&plan, &shared.results()))
            });
        }
        thread::sleep(Duration::from_secs(10));
    }
}

/// Serves measurements at these addresses, one test at a time over all of them. One that cannot be had yet may come: an
/// address that others are told is not always one of this machine.
fn serve_throughput(shared: &Shared, listen: &[IpAddr]) {
    let mut served: Vec<IpAddr> = Vec::new();
    loop {
        let mut why = "this unit has no address to listen at".to_owned();
        for ip in listen.iter().filter(|ip| !served.contains(ip)).copied().collect::<Vec<_>>() {
            let at = SocketAddr::new(ip, throughput::PORT);
            let server = match &*shared.server() {
                Some(first) => first.also(at),
                None => Server::listen(at).map(|server| server.unless(is_locked, &shared.store.measuring_lock())),
            };
            match server {
                Ok(server) => {
                    let server = Arc::new(server);
                    shared.server().get_or_insert_with(|| Arc::clone(&server));
                    shared.change(|results| {
                        results.listening.get_or_insert(at);
                        results.not_listening = None;
                    });
                    begin_at(at, server);
                    served.push(ip);
                }
                Err(error) => why = format!("{at}: {error}"),
            }
        }
        if served.is_empty() {
            shared.change(|results| (results.listening, results.not_listening) = (None, Some(why)));
        }
        thread::sleep(Duration::from_secs(10));
    }
}

fn begin_at(at: SocketAddr, server: Arc<Server>) {
    drop(thread::spawn(move || server.serve()));
    // Without it a peer cannot tell whether it is ICMP alone that is filtered; nothing else hangs on it.
    match echo::listen(at) {
        Ok(echo) => drop(thread::spawn(move || echo.serve())),
        Err(error) => complain(&format!("echo by udp at {at}: {error}")),
    }
}

/// Measures the peers, each in its turn: all units know the same turns, from who the units are and from the clock, and no
/// two of one turn have a unit in common.
fn measure_in_turn(shared: &Shared) {
    loop {
        let Some(plan) = shared.store.plan().filter(|plan| plan.options.check_iperf) else {
            thread::sleep(Duration::from_secs(1));
            continue;
        };
        let length = turns::length(plan.options.iperf_duration);
        let (slot, left) = turns::now(length);
        match turns::measures(&plan, slot) {
            Some(unit) if is_due(&shared.results(), &unit) => {
                measure(shared, &plan, &unit);
                // It may have taken longer than the turn.
                thread::sleep(turns::now(length).1);
            }
            _ => thread::sleep(left),
        }
    }
}

fn is_due(results: &Results, unit: &str) -> bool {
    results.peers.get(unit).is_some_and(|peer| {
        let is_old = peer.throughput.is_none_or(|(_, at)| now().abs_diff(at) >= MEASURE_AGAIN);
        (is_old || peer.failures > 0) && peer.error.is_none() && peer.echo.is_none_or(|(_, back)| back > 0)
    })
}

fn measure(shared: &Shared, plan: &Plan, unit: &str) {
    let Some(peer) = shared.results().peers.get(unit).cloned() else { return };
    let Some(ip) = peer.ip else { return };
    let (address, ip) = match plan.measured_at.get(unit) {
        Some(Some(other)) => (peer.address, other.parse().unwrap_or(ip)),
        _ => (peer.address, ip),
    };
    if is_locked(&shared.store.measuring_lock()) {
        return;
    }
    let server = shared.server().clone();
    // While this unit measures, it is not measured.
    let reserved = server.as_ref().map(|server| server.reserve());
    if matches!(reserved, Some(None)) {
        return;
    }
    let options = throughput::Options {
        streams: streams(),
        duration: Duration::from_secs(plan.options.iperf_duration.into()),
        port: throughput::PORT,
    };
    let measured = throughput::measure(ip, &options);
    drop(reserved);
    shared.change(|results| {
        if let Some(peer) = results.peers.get_mut(unit).filter(|peer| peer.address == address) {
            note(peer, measured);
        }
    });
}

/// Notes what came of a measurement.
fn note(peer: &mut Peer, measured: Result<Throughput, throughput::Error>) {
    match measured {
        Ok(found) => {
            peer.throughput = Some((found.bits_per_second, now()));
            (peer.throughput_error, peer.busy_since, peer.failures) = (None, None, 0);
        }
        // It has its turn again, but not for ever.
        Err(throughput::Error::Busy(_)) => {
            let since = *peer.busy_since.get_or_insert(now());
            if now().saturating_sub(since) > BUSY {
                (peer.throughput, peer.throughput_error) = (None, Some("is busy all the time".to_owned()));
            }
        }
        // The peer's service may just have been begun anew: once is no fault.
        Err(error) => {
            (peer.busy_since, peer.failures) = (None, peer.failures.saturating_add(1));
            if peer.failures >= FAILURES {
                (peer.throughput, peer.throughput_error) = (None, Some(error.to_string()));
            }
        }
    }
}

/// As the Python charm has it: one for each processor, eight at most.
pub(crate) fn streams() -> u32 {
    thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(8).min(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(bits_per_second: f64) -> Result<Throughput, throughput::Error> {
        let address = Ipv4Addr::LOCALHOST.into();
        Ok(Throughput { address, streams: 1, bytes: 1, seconds: 1.0, bits_per_second })
    }

    #[test]
    fn one_measurement_that_fails_is_no_fault_and_two_are() {
        let mut peer = Peer::default();
        note(&mut peer, measured(1e9));
        note(&mut peer, Err(throughput::Error::Stalled));
        assert_eq!((peer.throughput.map(|it| it.0), &peer.throughput_error), (Some(1e9), &None));
        let results = |peer: &Peer| Results { peers: [("m/1".to_owned(), peer.clone())].into(), ..Results::default() };
        assert!(is_due(&results(&peer), "m/1"), "and it is measured again in its next turn");
        note(&mut peer, Err(throughput::Error::Busy(Duration::from_secs(1))));
        assert_eq!((peer.failures, &peer.throughput_error), (1, &None));
        note(&mut peer, Err(throughput::Error::Stalled));
        assert_eq!((peer.throughput, peer.throughput_error.as_deref()), (None, Some("stalls")));
        note(&mut peer, measured(2e9));
        assert_eq!((peer.throughput.map(|it| it.0), &peer.throughput_error), (Some(2e9), &None));
        assert!(!is_due(&results(&peer), "m/1"));
    }
}
