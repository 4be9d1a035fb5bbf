//! The metrics of a unit, in the text format of Prometheus, over HTTP on loopback.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use magpie_checks::dns::Fault;

use crate::store::{Peer, Plan, Results};

/// The most of a request that is read, and how long it may take.
const MOST: usize = 8 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers requests for `/metrics`, one at a time; gives up where the socket does.
pub(crate) fn serve(listener: &TcpListener, metrics: impl Fn() -> Option<String>) {
    let mut failures = 0;
    while failures < 100 {
        match listener.accept() {
            Ok((stream, _)) => {
                failures = 0;
                // What goes wrong is the client's.
                drop(answer(stream, &metrics));
            }
            Err(_) => {
                failures += 1;
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

fn answer(mut stream: TcpStream, metrics: impl Fn() -> Option<String>) -> std::io::Result<()> {
    let until = Instant::now() + PATIENCE;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (mut buffer, mut size) = (vec![0; MOST], 0);
    let (status, body) = loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut buffer[size..])?;
        size += count;
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&buffer[..size]) {
            Ok(httparse::Status::Complete(_)) => {
                break match (request.method, request.path.map(|path| path.split('?').next().unwrap_or(path))) {
                    (Some("GET"), Some("/metrics")) => {
                        metrics().map_or(("503 Service Unavailable", "no plan\n".to_owned()), |text| ("200 OK", text))
                    }
                    (Some("GET"), _) => ("404 Not Found", "see /metrics\n".to_owned()),
                    _ => ("405 Method Not Allowed", "only GET\n".to_owned()),
                };
            }
            Ok(httparse::Status::Partial) if count > 0 && size < MOST => {}
            _ => break ("400 Bad Request", "no request\n".to_owned()),
        }
    };
    let length = body.len();
    stream.write_all(
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
        .as_bytes(),
    )
}

/// One family of metrics: its name, what it is, and its value for a peer.
type Gauge = (&'static str, &'static str, fn(&Peer) -> Option<f64>);

/// The first has the name that both Python charms have it under.
const OF_PEERS: [Gauge; 10] = [
    ("magpie_iperf_bandwidth", "magpie iperf bandwidth (bits/s)", |peer| peer.throughput.map(|(speed, _)| speed)),
    ("magpie_icmp_loss_ratio", "Share of echo requests that did not come back, of 1.", |peer| {
        peer.echo.map(|(sent, back)| if sent == 0 { 1.0 } else { 1.0 - f64::from(back) / f64::from(sent) })
    }),
    ("magpie_icmp_rtt_seconds", "Mean round trip of echo requests.", |peer| peer.round_trip.map(|it| it.avg / 1e3)),
    ("magpie_icmp_rtt_max_seconds", "Longest round trip of echo requests.", |peer| {
        peer.round_trip.map(|it| it.max / 1e3)
    }),
    ("magpie_icmp_jitter_seconds", "Mean difference between two round trips.", |peer| {
        peer.round_trip.map(|it| it.jitter / 1e3)
    }),
    ("magpie_path_mtu_bytes", "Largest packet that comes back in one piece.", |peer| peer.mtu?.0.map(f64::from)),
    ("magpie_interface_mtu_bytes", "Largest packet that was tried.", |peer| {
        peer.mtu.map(|(_, tried)| f64::from(tried))
    }),
    ("magpie_dns_ok", "1 where name and address of the peer stand for each other in DNS.", |peer| {
        peer.dns().map(|fault: Option<Fault>| f64::from(u8::from(fault.is_none())))
    }),
    ("magpie_peer_checked_timestamp_seconds", "When the peer was checked last, in Unix time.", |peer| {
        u32::try_from(peer.at).ok().map(f64::from)
    }),
    ("magpie_peer_ok", "1 where the peer can be checked and every echo request came back.", |peer| {
        Some(f64::from(u8::from(peer.error.is_none() && peer.answers() != Some(false))))
    }),
];

/// All metrics of a unit.
pub(crate) fn text(plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    for (name, help, value) in OF_PEERS {
        _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (unit, peer) in results.peers.iter().filter(|(unit, _)| plan.peers.contains_key(*unit)) {
            if let Some(value) = value(peer) {
                let (model, src, dest) = (label(&plan.model.0), label(&plan.unit), label(unit));
                _ = writeln!(text, "{name}{{model=\"{model}\",src=\"{src}\",dest=\"{dest}\"}} {value}");
            }
        }
    }
    let of_unit = [
        ("magpie_iperf_concurrency", "magpie iperf process concurrency", f64::from(crate::service::streams())),
        ("magpie_peers", "How many peers there are.", f64::from(u32::try_from(plan.peers.len()).unwrap_or(u32::MAX))),
        ("magpie_bond_problems", "How many bonds have a problem.", {
            let bonds = results.host.bonds.iter().filter(|bond| !bond.problems.is_empty()).count();
            f64::from(u32::try_from(bonds).unwrap_or(u32::MAX))
        }),
        ("magpie_local_hostname_ok", "1 where the host can look its own name up.", {
            f64::from(u8::from(results.host.hostname.as_ref().is_none_or(magpie_checks::hostname::Hostname::is_ok)))
        }),
    ];
    for (name, help, value) in of_unit {
        _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        let (model, src) = (label(&plan.model.0), label(&plan.unit));
        _ = writeln!(text, "{name}{{model=\"{model}\",src=\"{src}\"}} {value}");
    }
    text
}

/// A label's value, as the format escapes it.
fn label(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}
