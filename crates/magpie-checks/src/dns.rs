//! DNS: whether the addresses of hosts have names, and the names these addresses.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use serde::{Deserialize, Serialize};

/// How names are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The servers, in the order in which they are asked.
    pub servers: Vec<SocketAddr>,
    /// How often each is asked.
    pub tries: u32,
    /// How long each answer is waited for.
    pub timeout: Duration,
    /// How long all hosts may take together; what is not known then is an error of its host.
    pub within: Duration,
}

/// A host: its address, or a name where that is all that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Ip(IpAddr),
    /// A name.
    Name(String),
}

/// What DNS knows of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The names of its address.
    pub reverse: Reverse,
    /// The addresses of each of the names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forward: BTreeMap<String, Forward>,
}

/// The names of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reverse {
    /// The names, without the dot at the end.
    pub hostnames: Vec<String>,
    /// Whether there are any.
    pub ok: bool,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The addresses of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// The addresses.
    pub ips: Vec<IpAddr>,
    /// Whether there are any.
    pub ok: bool,
    /// Whether the host's own is among them.
    #[serde(rename = "match")]
    pub matches: bool,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What is wrong with a host in DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Its address has no name.
    Reverse,
    /// None of its names has an address.
    Forward,
    /// None of its names has its address.
    Match,
}

const PORT: u16 = 53;
/// How many hosts are asked for at a time.
const SIDE_BY_SIDE: usize = 32;
/// How many aliases lead to a name at most.
const ALIASES: usize = 8;
/// How many names of an address are asked for.
const NAMES: usize = 16;

impl Options {
    /// The servers of a text: empty for those of `/etc/resolv.conf`, or an address, with a port or without.
    ///
    /// # Errors
    /// It is no address, or `/etc/resolv.conf` names none.
    pub fn servers_of(text: &str) -> Result<Vec<SocketAddr>, String> {
        let text = text.trim();
        if !text.is_empty() {
            let server = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)).or_else(|_| text.parse());
            return Ok(vec![server.map_err(|_| "is not the address of a server, such as 10.0.0.53".to_owned())?]);
        }
        let file = fs::read("/etc/resolv.conf").map_err(|error| format!("/etc/resolv.conf: {error}"))?;
        // What the C library does not know it passes over.
        let (config, _) = resolv_conf::Config::parse_with_errors(&file);
        let servers: Vec<SocketAddr> =
            config.nameservers.iter().map(|server| SocketAddr::new(server.into(), PORT)).collect();
        // As resolv.conf(5) has it.
        Ok(if servers.is_empty() { vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT)] } else { servers })
    }
}

impl Found {
    /// What is wrong; none where one name and the address stand for each other.
    pub fn fault(&self) -> Option<Fault> {
        if self.forward.values().any(|forward| forward.matches) {
            None
        } else if !self.reverse.ok {
            Some(Fault::Reverse)
        } else if self.forward.values().any(|forward| forward.ok) {
            Some(Fault::Match)
        } else {
            Some(Fault::Forward)
        }
    }
}

/// Asks for all hosts, side by side: the names of each one's address, aliases followed, and the addresses of these names.
/// In the order of the hosts. A host that is a name is asked for its address first. Takes [`Options::within`] at most, and
/// one [`timeout`](Options::timeout).
pub fn check(hosts: &[Host], options: &Options) -> Vec<Found> {
    let until = Instant::now() + options.within;
    let found = side_by_side(hosts, |host| of_host(host, options, until));
    found.into_iter().map(|found| found.unwrap_or_else(|| nothing("it was not asked for"))).collect()
}

/// The addresses of names, at least one of each, asked for side by side. Takes [`Options::within`] at most, and one
/// [`timeout`](Options::timeout). In the order of the names; the error says why there is none.
pub fn resolve(names: &[String], options: &Options) -> Vec<Result<Vec<IpAddr>, String>> {
    let until = Instant::now() + options.within;
    let late = || Err("it was not asked for".to_owned());
    side_by_side(names, |name| addresses(name, options, until)).into_iter().map(|it| it.unwrap_or_else(late)).collect()
}

/// Does something for each, some at a time; in their order, and none where there was no thread for it.
fn side_by_side<I: Sync, T: Send>(all: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<Option<T>> {
    let next = Mutex::new(0);
    let done: Mutex<Vec<Option<T>>> = Mutex::new(all.iter().map(|_| None).collect());
    let each = || {
        loop {
            let at = {
                let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
                *next += 1;
                *next - 1
            };
            let Some(one) = all.get(at) else { return };
            let result = work(one);
            done.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..all.len().min(SIDE_BY_SIDE) {
            // Where there can be no thread, the others do its work.
            drop(thread::Builder::new().spawn_scoped(scope, each));
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn nothing(why: &str) -> Found {
    let reverse = Reverse { hostnames: Vec::new(), ok: false, error: Some(why.to_owned()) };
    Found { reverse, forward: BTreeMap::new() }
}

fn of_host(host: &Host, options: &Options, until: Instant) -> Found {
    let ip = match host {
        Host::Ip(ip) => ip.to_canonical(),
        Host::Name(name) => match addresses(name, options, until) {
            Ok(ips) => ips[0],
            Err(why) => return nothing(&format!("its address is the name {name:?}, which has none: {why}")),
        },
    };
    let hostnames = match lookup(&Name::from(ip), &[RecordType::PTR], options, until) {
        Ok(records) => records,
        Err(why) => return nothing(&why),
    };
    let mut names = Vec::new();
    for record in hostnames {
        if let RData::PTR(name) = record {
            let name = name.0.to_ascii().trim_end_matches('.').to_owned();
            if !names.contains(&name) && names.len() < NAMES {
                names.push(name);
            }
        }
    }
    let mut forward = BTreeMap::new();
    for name in &names {
        let of_name = match addresses(name, options, until) {
            Ok(ips) => Forward { matches: ips.contains(&ip), ips, ok: true, error: None },
            Err(why) => Forward { ips: Vec::new(), ok: false, matches: false, error: Some(why) },
        };
        forward.insert(name.clone(), of_name);
    }
    Found { reverse: Reverse { hostnames: names, ok: true, error: None }, forward }
}

/// The addresses of a name, at least one.
fn addresses(name: &str, options: &Options, until: Instant) -> Result<Vec<IpAddr>, String> {
    let mut name = Name::from_ascii(name).map_err(|error| format!("is no name: {error}"))?;
    name.set_fqdn(true);
    let mut ips = Vec::new();
    for record in lookup(&name, &[RecordType::A, RecordType::AAAA], options, until)? {
        let ip = match record {
            RData::A(ip) => IpAddr::V4(ip.0),
            RData::AAAA(ip) => IpAddr::V6(ip.0).to_canonical(),
            _ => continue,
        };
        if !ips.contains(&ip) {
            ips.push(ip);
        }
    }
    if ips.is_empty() { Err("no answer has an address".to_owned()) } else { Ok(ips) }
}

/// The records of a name, of any of these types, at least one; aliases are followed.
fn lookup(name: &Name, kinds: &[RecordType], options: &Options, until: Instant) -> Result<Vec<RData>, String> {
    let (mut found, mut why) = (Vec::new(), None);
    for &kind in kinds {
        match follow(name, kind, options, until) {
            Ok(records) => found.extend(records),
            Err(error) => drop(why.get_or_insert(error)),
        }
    }
    match (found.is_empty(), why) {
        (true, Some(why)) => Err(why),
        (true, None) => Err("there is no such name".to_owned()),
        (false, _) => Ok(found),
    }
}

fn follow(name: &Name, kind: RecordType, options: &Options, until: Instant) -> Result<Vec<RData>, String> {
    let mut name = name.clone();
    for _ in 0..ALIASES {
        let answer = ask(&name, kind, options, until)?;
        // The server mostly puts what an alias leads to into the same answer (RFC 1034, 3.6.2).
        let mut at = name.clone();
        for _ in 0..ALIASES {
            let alias = answer.answers.iter().find_map(|record| match &record.data {
                RData::CNAME(alias) if record.name == at => Some(alias.0.clone()),
                _ => None,
            });
            match alias {
                Some(alias) => at = alias,
                None => break,
            }
        }
        let of_kind = answer.answers.iter().filter(|record| record.data.record_type() == kind && record.name == at);
        let records: Vec<RData> = of_kind.map(|record| record.data.clone()).collect();
        if !records.is_empty() || at == name {
            return Ok(records);
        }
        name = at;
    }
    Err(format!("more than {ALIASES} aliases lead to it"))
}

/// The answer of the first server that gives one.
fn ask(name: &Name, kind: RecordType, options: &Options, until: Instant) -> Result<Message, String> {
    let mut why = "there is no server to be asked".to_owned();
    for server in &options.servers {
        for _ in 0..options.tries.max(1) {
            let left = until.saturating_duration_since(Instant::now()).min(options.timeout);
            if left.is_zero() {
                return Err(format!("no time was left; before that: {why}"));
            }
            match query(name, kind, *server, left) {
                Ok(answer) => match answer.metadata.response_code {
                    ResponseCode::NoError | ResponseCode::NXDomain => return Ok(answer),
                    code => why = format!("server {server}: {code}"),
                },
                Err(error) => why = format!("server {server}: {error}"),
            }
        }
    }
    Err(why)
}

/// One question, by UDP, and by TCP where the answer does not fit (RFC 7766).
fn query(name: &Name, kind: RecordType, server: SocketAddr, timeout: Duration) -> io::Result<Message> {
    let mut message = Message::query();
    message.metadata.id = rand::random();
    message.metadata.recursion_desired = true;
    let question = Query::query(name.clone(), kind);
    message.add_query(question.clone());
    let bytes = message.to_vec().map_err(io::Error::other)?;
    let fits = |answer: &Message| {
        answer.metadata.id == message.metadata.id
            && answer.metadata.message_type == MessageType::Response
            && answer.queries.first() == Some(&question)
    };
    let until = Instant::now() + timeout;
    let any: SocketAddr = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().map_err(io::Error::other)?;
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.send(&bytes)?;
    let mut buffer = vec![0; 65_535];
    loop {
        socket.set_read_timeout(Some(left(until)?))?;
        let size = match socket.recv(&mut buffer) {
            Ok(size) => size,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Err(late());
            }
            Err(error) => return Err(error),
        };
        // Garbage may be anybody's: the answer may still come.
        let Ok(answer) = Message::from_vec(&buffer[..size]) else { continue };
        if !fits(&answer) {
            continue;
        }
        if !answer.metadata.truncation {
            return Ok(answer);
        }
        let answer = by_tcp(&bytes, server, until)?;
        return if fits(&answer) { Ok(answer) } else { Err(io::Error::other("the answer is to another question")) };
    }
}

fn by_tcp(query: &[u8], server: SocketAddr, until: Instant) -> io::Result<Message> {
    let mut stream = TcpStream::connect_timeout(&server, left(until)?)?;
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    stream.set_write_timeout(Some(left(until)?))?;
    stream.write_all(&[&length.to_be_bytes(), query].concat())?;
    let mut length = [0; 2];
    read(&mut stream, &mut length, until)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    read(&mut stream, &mut answer, until)?;
    Message::from_vec(&answer).map_err(io::Error::other)
}

/// Fills the buffer, however slowly it drips, until the time is over.
fn read(stream: &mut TcpStream, mut buffer: &mut [u8], until: Instant) -> io::Result<()> {
    while !buffer.is_empty() {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(size) => buffer = &mut buffer[size..],
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Err(late());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What is left of the time; none is an error.
fn left(until: Instant) -> io::Result<Duration> {
    match until.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(late()),
        left => Ok(left),
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::{A, CNAME, PTR};

    use super::*;

    /// A server that answers each question by a function, or with these bytes, or not at all.
    struct Server {
        at: SocketAddr,
        over: &'static AtomicBool,
    }

    enum Reply {
        Records(Vec<(&'static str, RData)>),
        Code(ResponseCode),
        Bytes(Vec<u8>),
        Nothing,
        Truncated,
    }

    impl Server {
        fn start(answer: impl Fn(&str, RecordType) -> Reply + Send + 'static) -> Self {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            let at = socket.local_addr().unwrap();
            let over: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
            socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while !over.load(Ordering::Relaxed) {
                    let Ok((size, from)) = socket.recv_from(&mut buffer) else { continue };
                    let query = Message::from_vec(&buffer[..size]).unwrap();
                    let question = query.queries[0].clone();
                    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
                    reply.add_query(question.clone());
                    match answer(&question.name().to_ascii(), question.query_type()) {
                        Reply::Nothing => continue,
                        Reply::Bytes(bytes) => {
                            socket.send_to(&bytes, from).unwrap();
                            continue;
                        }
                        Reply::Code(code) => reply.metadata.response_code = code,
                        Reply::Truncated => reply.metadata.truncation = true,
                        Reply::Records(records) => {
                            for (name, data) in records {
                                reply.add_answer(Record::from_rdata(Name::from_ascii(name).unwrap(), 60, data));
                            }
                        }
                    }
                    socket.send_to(&reply.to_vec().unwrap(), from).unwrap();
                }
            });
            Self { at, over }
        }

        fn options(&self) -> Options {
            let timeout = Duration::from_millis(300);
            Options { servers: vec![self.at], tries: 1, timeout, within: Duration::from_secs(5) }
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            self.over.store(true, Ordering::Relaxed);
        }
    }

    fn ptr(name: &str) -> RData {
        RData::PTR(PTR(Name::from_ascii(name).unwrap()))
    }

    fn cname(name: &str) -> RData {
        RData::CNAME(CNAME(Name::from_ascii(name).unwrap()))
    }

    fn a(ip: [u8; 4]) -> RData {
        RData::A(A(ip.into()))
    }

    fn host() -> Vec<Host> {
        vec![Host::Ip("10.0.0.7".parse().unwrap())]
    }

    const REVERSE: &str = "7.0.0.10.in-addr.arpa.";

    #[test]
    fn a_name_and_its_address_stand_for_each_other() {
        let server = Server::start(|name, kind| match (name, kind) {
            (REVERSE, RecordType::PTR) => Reply::Records(vec![(REVERSE, ptr("node-7.maas."))]),
            ("node-7.maas.", RecordType::A) => {
                Reply::Records(vec![("node-7.maas.", a([10, 9, 0, 7])), ("node-7.maas.", a([10, 0, 0, 7]))])
            }
            _ => Reply::Code(ResponseCode::NXDomain),
        });
        let found = check(&host(), &server.options());
        assert_eq!(found[0].fault(), None, "{found:?}");
        assert_eq!(found[0].reverse.hostnames, ["node-7.maas"]);
        assert!(found[0].forward["node-7.maas"].matches);
    }

    #[test]
    fn aliases_are_followed_in_one_answer_and_over_several() {
        // As RFC 2317 delegates the names of a part of a network.
        const PART: &str = "7.0-127.0.0.10.in-addr.arpa.";
        for together in [true, false] {
            let server = Server::start(move |name, kind| match (name, kind) {
                (REVERSE, RecordType::PTR) if together => {
                    Reply::Records(vec![(REVERSE, cname(PART)), (PART, ptr("node-7.maas."))])
                }
                (REVERSE, RecordType::PTR) => Reply::Records(vec![(REVERSE, cname(PART))]),
                (PART, RecordType::PTR) => Reply::Records(vec![(PART, ptr("node-7.maas."))]),
                ("node-7.maas.", RecordType::A) => Reply::Records(vec![("node-7.maas.", cname("host.maas."))]),
                ("host.maas.", RecordType::A) => Reply::Records(vec![("host.maas.", a([10, 0, 0, 7]))]),
                _ => Reply::Records(vec![]),
            });
            let found = check(&host(), &server.options());
            assert_eq!(found[0].fault(), None, "{found:?}");
        }
    }

    #[test]
    fn aliases_in_a_ring_end() {
        let server = Server::start(|name, _| match name {
            REVERSE => Reply::Records(vec![(REVERSE, cname("a.b.")), ("a.b.", cname(REVERSE))]),
            _ => Reply::Records(vec![]),
        });
        assert_eq!(check(&host(), &server.options())[0].fault(), Some(Fault::Reverse));
    }

    #[test]
    fn each_fault_is_told_from_the_others() {
        let with = |forward: Option<[u8; 4]>, has_name: bool| {
            let server = Server::start(move |name, kind| match (name, kind) {
                (REVERSE, RecordType::PTR) if has_name => Reply::Records(vec![(REVERSE, ptr("other.maas."))]),
                ("other.maas.", RecordType::A) => {
                    Reply::Records(forward.map(|ip| ("other.maas.", a(ip))).into_iter().collect())
                }
                _ => Reply::Code(ResponseCode::NXDomain),
            });
            check(&host(), &server.options())[0].fault()
        };
        assert_eq!(with(None, false), Some(Fault::Reverse));
        assert_eq!(with(None, true), Some(Fault::Forward));
        assert_eq!(with(Some([10, 0, 0, 8]), true), Some(Fault::Match));
        assert_eq!(with(Some([10, 0, 0, 7]), true), None);
    }

    #[test]
    fn a_server_that_answers_garbage_nothing_or_an_error_is_an_error_in_time() {
        for (reply, says) in [
            ((|| Reply::Bytes(vec![0xff; 700])) as fn() -> Reply, "no answer in time"),
            (|| Reply::Nothing, "no answer in time"),
            (|| Reply::Bytes(Vec::new()), "no answer in time"),
            (|| Reply::Code(ResponseCode::ServFail), "Server Failure"),
            (|| Reply::Truncated, "refused"),
        ] {
            let server = Server::start(move |_, _| reply());
            let start = Instant::now();
            let found = check(&host(), &server.options());
            let error = found[0].reverse.error.clone().unwrap_or_default();
            assert!(error.to_lowercase().contains(&says.to_lowercase()), "{error}: {says}");
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        }
    }

    #[test]
    fn all_hosts_together_end_in_time_and_a_dead_server_hides_no_live_one() {
        let silent = Server::start(|_, _| Reply::Nothing);
        let mut options = silent.options();
        options.within = Duration::from_millis(900);
        let hosts: Vec<Host> = (0..200).map(|at| Host::Ip(Ipv4Addr::new(10, 0, 1, at).into())).collect();
        let start = Instant::now();
        assert_eq!(check(&hosts, &options).len(), 200);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        let live = Server::start(|name, kind| match (name, kind) {
            (REVERSE, _) => Reply::Records(vec![(REVERSE, ptr("n.maas."))]),
            ("n.maas.", RecordType::A) => Reply::Records(vec![("n.maas.", a([10, 0, 0, 7]))]),
            _ => Reply::Records(vec![]),
        });
        options.servers.push(live.at);
        options.within = Duration::from_secs(10);
        assert_eq!(check(&host(), &options)[0].fault(), None);
    }

    #[test]
    fn servers_are_addresses_with_a_port_or_without() {
        assert_eq!(Options::servers_of("10.0.0.53"), Ok(vec!["10.0.0.53:53".parse().unwrap()]));
        assert_eq!(Options::servers_of(" [fd00::53]:5353\n"), Ok(vec!["[fd00::53]:5353".parse().unwrap()]));
        assert!(Options::servers_of("ns.maas").is_err());
    }

    #[test]
    fn a_host_that_is_a_name_is_looked_up_first() {
        let server = Server::start(|name, kind| match (name, kind) {
            ("node-7.maas.", RecordType::A) => Reply::Records(vec![("node-7.maas.", a([10, 0, 0, 7]))]),
            (REVERSE, RecordType::PTR) => Reply::Records(vec![(REVERSE, ptr("node-7.maas."))]),
            _ => Reply::Code(ResponseCode::NXDomain),
        });
        let found = check(&[Host::Name("node-7.maas".into()), Host::Name("..".into())], &server.options());
        assert_eq!((found[0].fault(), found[1].fault()), (None, Some(Fault::Reverse)));
    }
}
