//! The executable as a command: `check` for each check by itself, and `serve`, which a hook begins.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use magpie_checks::dns::{self, Host};
use magpie_checks::lacp::PortState;
use magpie_checks::link::Kernel;
use magpie_checks::mtu::{self, Target};
use magpie_checks::throughput::{self, MinSpeed};
use magpie_checks::{hostname, lldp, ping, route};
use serde::Serialize;

use crate::service;
use crate::store::Store;

/// The words that make a command of the executable. Without one of them it is the charm's `dispatch`.
const WORDS: [&str; 2] = ["check", "serve"];

/// What a check says that may have no socket.
const NO_SOCKETS: &str = "this process may have no ICMP sockets";

#[derive(Debug, Parser)]
#[command(name = "magpie", disable_help_subcommand = true)]
enum Asked {
    /// Checks something of the network, once
    Check {
        /// How it is printed
        #[arg(long, value_enum, default_value_t, global = true)]
        format: Format,
        #[command(subcommand)]
        what: Check,
    },
    /// Checks the peers all the time, as the plan in a directory says; a hook begins it
    #[command(hide = true)]
    Serve {
        /// Do the work, and do not watch over it
        #[arg(long)]
        work: bool,
        /// The directory of the unit
        dir: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Check {
    /// Whether hosts answer ICMP echo requests, and how fast
    Ping {
        /// Addresses, IPv4 or IPv6
        #[arg(required = true)]
        hosts: Vec<IpAddr>,
        /// How many requests each is sent
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        tries: u32,
        /// Seconds from one to the next
        #[arg(long, default_value_t = 0.05, value_parser = seconds)]
        interval: f64,
        /// Seconds to wait for the last answer
        #[arg(long, default_value_t = 2.0, value_parser = some_seconds)]
        timeout: f64,
        /// Bytes of the IP packet, which is not fragmented
        #[arg(long, default_value_t = 84, value_parser = clap::value_parser!(u16).range(60..))]
        size: u16,
    },
    /// The largest packet that reaches hosts in one piece; what comes back may be in several
    Mtu {
        /// Addresses, IPv4 or IPv6
        #[arg(required = true)]
        hosts: Vec<IpAddr>,
        /// Bytes of the largest packet that is tried; the MTU of the interface without it
        #[arg(long, value_parser = clap::value_parser!(u32).range(68..=65535))]
        most: Option<u32>,
    },
    /// Whether the names and addresses of hosts stand for each other
    Dns {
        /// Addresses, IPv4 or IPv6, or names
        #[arg(required = true)]
        hosts: Vec<String>,
        /// The server to be asked, in place of those of /etc/resolv.conf
        #[arg(long, default_value = "")]
        server: String,
        /// How often it is asked
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
        tries: u32,
        /// Seconds to wait for each answer
        #[arg(long, default_value_t = 5.0, value_parser = some_seconds)]
        timeout: f64,
    },
    /// TCP throughput to a host that serves it: another unit, or `magpie check listen`
    Iperf {
        /// An address, IPv4 or IPv6
        host: IpAddr,
        /// Connections side by side
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
        streams: u32,
        /// For how many seconds it is sent
        #[arg(long, default_value_t = 1.0, value_parser = some_seconds)]
        time: f64,
        /// The TCP port that the host serves at
        #[arg(long, default_value_t = throughput::PORT)]
        port: u16,
        /// The least speed: mbit/s, or percent of the link's, such as 80%; 0 for any
        #[arg(long, default_value = "0")]
        min_speed: MinSpeed,
    },
    /// Serves throughput until it is ended, and says where
    Listen {
        /// The address of this host to listen at: 0.0.0.0 for all of IPv4, :: for all of IPv6 and mostly of IPv4 too
        #[arg(default_value = "0.0.0.0")]
        address: IpAddr,
        /// The TCP port to listen at
        #[arg(long, default_value_t = throughput::PORT)]
        port: u16,
    },
    /// Whether this host's own name can be looked up
    Hostname,
    /// The interfaces: whether they are up, MTU, speed, address
    Links,
    /// The bonds, and what is wrong with them
    Bonds {
        /// Their names; all without any
        names: Vec<String>,
        /// The switch is passive in LACP
        #[arg(long)]
        passive: bool,
    },
    /// The state of an LACP port in words, or where two of them differ
    Lacp {
        /// The flags of this end, as /proc/net/bonding has them: a number from 0 to 255
        state: u8,
        /// Those of the other end
        partner: Option<u8>,
    },
    /// The neighbours that lldpd knows
    Lldp,
    /// The way to hosts
    Route {
        /// Addresses, IPv4 or IPv6
        #[arg(required = true)]
        hosts: Vec<IpAddr>,
    },
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=3600.0).contains(&value) => Ok(value),
        _ => Err("not a number of seconds from 0 to 3600".to_owned()),
    }
}

fn some_seconds(text: &str) -> Result<f64, String> {
    match seconds(text) {
        Ok(0.0) => Err("nothing happens in no time".to_owned()),
        value => value,
    }
}

/// Does what the arguments ask for; none where they ask for none of these.
pub fn run(args: &[String]) -> Option<ExitCode> {
    if !args.first().is_some_and(|word| WORDS.contains(&word.as_str())) {
        return None;
    }
    let asked = match Asked::try_parse_from(["magpie"].into_iter().map(str::to_owned).chain(args.iter().cloned())) {
        Ok(asked) => asked,
        Err(error) => {
            drop(error.print());
            return Some(ExitCode::from(if error.use_stderr() { 2 } else { 0 }));
        }
    };
    Some(match asked {
        Asked::Serve { work: false, dir } => service::serve(&Store::at(dir)),
        Asked::Serve { work: true, dir } => service::work(Store::at(dir)),
        Asked::Check { what, format } => check(&what, format),
    })
}

fn check(what: &Check, format: Format) -> ExitCode {
    let outcome = match what {
        Check::Ping { hosts, tries, interval, timeout, size } => {
            let (interval, timeout) = (Duration::from_secs_f64(*interval), Duration::from_secs_f64(*timeout));
            let echoes = ping::ping(hosts, &ping::Options { tries: *tries, interval, timeout, size: *size });
            let is_ok = echoes.iter().all(ping::Echo::is_ok);
            Ok((shown(&echoes, format, |all| pings(all)), is_ok))
        }
        Check::Mtu { hosts, most } => {
            let routes = route::routes(hosts);
            let target = |(host, route): (&IpAddr, &route::Route)| Target {
                address: *host,
                most: most.or(route.mtu).unwrap_or(1500),
            };
            let targets: Vec<Target> = hosts.iter().zip(&routes).map(target).collect();
            let found = mtu::path_mtu(&targets, &mtu::Options::default());
            let is_ok = found.iter().all(|it| it.mtu == Some(it.tried));
            Ok((shown(&found, format, |all| mtus(all)), is_ok))
        }
        Check::Dns { hosts, server, tries, timeout } => servers_of(server).map(|servers| {
            let timeout = Duration::from_secs_f64(*timeout);
            let options = dns::Options { servers, tries: *tries, timeout, within: Duration::from_secs(60) };
            let of = |text: &String| text.parse().map_or_else(|_| Host::Name(text.clone()), Host::Ip);
            let found = dns::check(&hosts.iter().map(of).collect::<Vec<_>>(), &options);
            let is_ok = found.iter().all(|found| found.fault().is_none());
            let named: Vec<Named<'_>> = hosts.iter().zip(&found).map(|(host, found)| Named { host, found }).collect();
            (shown(&named, format, |all| names(all)), is_ok)
        }),
        Check::Iperf { host, streams, time, port, min_speed } => {
            let options =
                throughput::Options { streams: *streams, duration: Duration::from_secs_f64(*time), port: *port };
            measured(*host, &options).map(|found| {
                let link =
                    route::routes(&[*host])[0].interface.as_ref().and_then(|name| Kernel::default().link(name)?.speed);
                let check = min_speed.check(found.bits_per_second, link);
                let text = |Measured { found, min_speed_check: check }: &Measured<'_>| {
                    format!(
                        "{}: {:.0} mbit/s, {}\n",
                        found.address,
                        (found.bits_per_second / 1e6).floor(),
                        check.message
                    )
                };
                (shown(&Measured { found: &found, min_speed_check: &check }, format, text), check.ok)
            })
        }
        Check::Listen { address, port } => match throughput::Server::listen((*address, *port).into()) {
            Ok(server) => {
                print(&format!("listening at {}\n", SocketAddr::new(*address, *port)));
                server.serve();
                Ok((String::new(), true))
            }
            Err(error) => Err(format!("{address}, port {port}: {error}")),
        },
        Check::Hostname => {
            let found = hostname::check(Duration::from_secs(10));
            let text = |found: &hostname::Hostname| {
                let addresses: Vec<String> = found.addresses.iter().map(ToString::to_string).collect();
                format!("{}: {}\n", found.hostname, found.error.clone().unwrap_or_else(|| addresses.join(", ")))
            };
            Ok((shown(&found, format, text), found.is_ok()))
        }
        Check::Links => Ok((shown(&Kernel::default().links(), format, |all| links(all)), true)),
        Check::Bonds { names, passive } => {
            let kernel = Kernel::default();
            let names = if names.is_empty() { kernel.bonds() } else { names.clone() };
            let bonds: Vec<_> = names.iter().map(|name| kernel.bond(name, *passive)).collect();
            let is_ok = bonds.iter().all(|bond| bond.problems.is_empty());
            let text = |bonds: &Vec<magpie_checks::bond::Bond>| {
                let of = |bond: &magpie_checks::bond::Bond| {
                    let problems = if bond.problems.is_empty() { "ok".to_owned() } else { bond.problems.join("\n  ") };
                    format!("{}: {problems}\n", bond.name)
                };
                if bonds.is_empty() { "no bonds\n".to_owned() } else { bonds.iter().map(of).collect() }
            };
            Ok((shown(&bonds, format, text), is_ok))
        }
        Check::Lacp { state, partner } => {
            let lines = match partner {
                Some(partner) => PortState(*state).differs_from(PortState(*partner), false),
                None => PortState(*state).in_words(),
            };
            let text = |lines: &Vec<String>| {
                if lines.is_empty() { "no difference\n".to_owned() } else { lines.join("\n") + "\n" }
            };
            // Two ends that agree that they take no part are no better for it.
            let is_up = PortState(*state).is_up();
            let text = |port: &Port<'_>| match (partner.is_some() && lines.is_empty(), is_up) {
                (true, false) => text(port.words) + "but it takes no part in its aggregate\n",
                _ => text(port.words),
            };
            let port = Port { state: *state, partner: *partner, is_up, words: &lines };
            Ok((shown(&port, format, text), is_up && (partner.is_none() || lines.is_empty())))
        }
        Check::Lldp => lldp::neighbours(Duration::from_secs(10)).map_err(|error| error.to_string()).map(|found| {
            let text = |found: &Vec<lldp::Neighbour>| {
                let of = |it: &lldp::Neighbour| {
                    let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
                    format!("{}: {} of {}\n", it.interface, part(&it.port), part(&it.chassis))
                };
                if found.is_empty() { "no neighbours\n".to_owned() } else { found.iter().map(of).collect() }
            };
            (shown(&found, format, text), true)
        }),
        Check::Route { hosts } => {
            let routes = route::routes(hosts);
            let is_ok = routes.iter().all(|route| route.error.is_none());
            let text =
                |routes: &Vec<route::Route>| hosts.iter().zip(routes).map(|(host, route)| way(*host, route)).collect();
            match format {
                Format::Text => Ok((text(&routes), is_ok)),
                Format::Json => {
                    let ways: Vec<Way<'_>> =
                        hosts.iter().zip(&routes).map(|(host, route)| Way { host: *host, route }).collect();
                    Ok((shown(&ways, format, |_| String::new()), is_ok))
                }
            }
        }
    };
    let (text, code) = match outcome {
        // Without a socket nothing was checked.
        Ok((text, false)) if matches!(what, Check::Ping { .. } | Check::Mtu { .. }) && text.contains(NO_SOCKETS) => {
            match format {
                Format::Text => (complaint(text.trim_end()), 2),
                Format::Json => (text, 2),
            }
        }
        // 1: it was checked, and something is wrong.
        Ok((text, is_ok)) => (text, u8::from(!is_ok)),
        Err(why) => match format {
            Format::Text => (complaint(&why), 2),
            Format::Json => (shown(&Failed { error: &why }, format, |_| String::new()), 2),
        },
    };
    ExitCode::from(if print(&text) { code } else { 2 })
}

/// Tells on standard error why nothing could be checked; there is nothing for standard output then.
fn complaint(why: &str) -> String {
    _ = writeln!(std::io::stderr(), "magpie: {why}");
    String::new()
}

/// Prints on standard output; whether all of it could be.
fn print(text: &str) -> bool {
    let mut stdout = std::io::stdout();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    match printed {
        // Who reads no further has what it wanted.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            _ = writeln!(std::io::stderr(), "magpie: standard output: {error}");
            false
        }
        _ => true,
    }
}

fn servers_of(server: &str) -> Result<Vec<SocketAddr>, String> {
    dns::Options::servers_of(server).map_err(|why| format!("--server {server:?}: {why}"))
}

fn measured(host: IpAddr, options: &throughput::Options) -> Result<throughput::Throughput, String> {
    throughput::measure(host, options).map_err(|error| format!("{host}: {error}"))
}

#[derive(Debug, Serialize)]
struct Failed<'a> {
    error: &'a str,
}

#[derive(Debug, Serialize)]
struct Measured<'a> {
    #[serde(flatten)]
    found: &'a throughput::Throughput,
    min_speed_check: &'a throughput::SpeedCheck,
}

#[derive(Debug, Serialize)]
struct Port<'a> {
    state: u8,
    partner: Option<u8>,
    is_up: bool,
    words: &'a Vec<String>,
}

#[derive(Debug, Serialize)]
struct Way<'a> {
    host: IpAddr,
    #[serde(flatten)]
    route: &'a route::Route,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    host: &'a str,
    #[serde(flatten)]
    found: &'a dns::Found,
}

fn shown<T: Serialize>(value: &T, format: Format, text: impl FnOnce(&T) -> String) -> String {
    match format {
        Format::Text => text(value),
        Format::Json => serde_json::to_string_pretty(value).unwrap_or_default() + "\n",
    }
}

fn pings(echoes: &[ping::Echo]) -> String {
    let mut text = String::new();
    for echo in echoes {
        _ = write!(text, "{}: {}/{} came back", echo.address, echo.received, echo.sent);
        if let Some(trip) = echo.round_trip {
            _ = write!(text, ", {}/{}/{} ms, jitter {} ms", trip.min, trip.avg, trip.max, trip.jitter);
        }
        if let Some(error) = &echo.error {
            _ = write!(text, ": {error}");
        }
        text.push('\n');
    }
    text
}

fn mtus(found: &[mtu::PathMtu]) -> String {
    let of = |it: &mtu::PathMtu| match (it.mtu, &it.error) {
        (Some(mtu), _) if mtu == it.tried => format!("{}: {mtu}\n", it.address),
        (Some(mtu), _) => format!("{}: {mtu} < {}\n", it.address, it.tried),
        (None, Some(error)) => format!("{}: {error}\n", it.address),
        (None, None) => format!("{}: no answer\n", it.address),
    };
    found.iter().map(of).collect()
}

fn names(found: &[Named<'_>]) -> String {
    let mut text = String::new();
    for Named { host, found } in found {
        match found.fault() {
            None => _ = writeln!(text, "{host}: ok, {}", found.reverse.hostnames.join(", ")),
            Some(dns::Fault::Reverse) => {
                let why = found.reverse.error.as_deref().unwrap_or("no name");
                _ = writeln!(text, "{host}: no name: {why}");
            }
            Some(dns::Fault::Forward) => {
                _ = writeln!(text, "{host}: {} has no address", found.reverse.hostnames.join(", "));
            }
            Some(dns::Fault::Match) => {
                let of = |(name, forward): (&String, &dns::Forward)| {
                    let ips: Vec<String> = forward.ips.iter().map(ToString::to_string).collect();
                    format!("{name} is {}", ips.join(", "))
                };
                let all: Vec<String> = found.forward.iter().map(of).collect();
                _ = writeln!(text, "{host}: {}", all.join("; "));
            }
        }
    }
    text
}

fn links(links: &[magpie_checks::link::Link]) -> String {
    let mut text = String::new();
    for link in links {
        let part = |value: Option<String>| value.unwrap_or_else(|| "?".to_owned());
        let state = if link.is_up { "up" } else { "down" };
        let (mtu, speed) = (part(link.mtu.map(|it| it.to_string())), part(link.speed.map(|it| it.to_string())));
        _ = writeln!(text, "{}: {state}, mtu {mtu}, {speed} mbit/s, {}", link.name, part(link.mac.clone()));
    }
    text
}

fn way(host: IpAddr, route: &route::Route) -> String {
    if let Some(error) = &route.error {
        return format!("{host}: {error}\n");
    }
    let part = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
    let over = route.gateway.map(|gateway| format!(" over {gateway}")).unwrap_or_default();
    let (interface, source) = (part(route.interface.clone()), part(route.source.map(|ip| ip.to_string())));
    format!("{host}: {interface} from {source}{over}, mtu {}\n", part(route.mtu.map(|mtu| mtu.to_string())))
}
