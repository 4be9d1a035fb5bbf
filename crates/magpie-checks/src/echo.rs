//! Echo by UDP, which every unit serves: it tells a host that is away from one whose ICMP is filtered.
//!
//! A request is `magpie echo 1 ?` and 12 bytes of the client's; the reply is the same with `!`. A reply is never larger than
//! its request and never replied to, so the server multiplies nothing and two of them cannot keep each other busy.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How hosts are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many requests each host is sent.
    pub tries: u32,
    /// The time from one to the next.
    pub interval: Duration,
    /// How long an answer is waited for after the last.
    pub timeout: Duration,
    /// Where hosts serve it.
    pub port: u16,
}

/// What one host answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The host.
    pub address: IpAddr,
    /// How many requests there were.
    pub sent: u32,
    /// How many came back.
    pub received: u32,
}

const REQUEST: &[u8] = b"magpie echo 1 ?";
const REPLY: &[u8] = b"magpie echo 1 !";
/// The client's part: what tells its requests from others', the host, the number.
const REST: usize = 16;
/// How many requests are answered in a second.
const RATE: u32 = 5_000;
/// The longest that a socket waits before it looks at the clock.
const LOOK: Duration = Duration::from_millis(20);

impl Default for Options {
    fn default() -> Self {
        let (interval, timeout) = (Duration::from_millis(50), Duration::from_secs(1));
        Self { tries: 5, interval, timeout, port: crate::throughput::PORT }
    }
}

/// Answers requests without end; more than 5,000 in a second are dropped.
///
/// # Errors
/// The port is taken, or the address is not of this host.
pub fn listen(at: SocketAddr) -> io::Result<Server> {
    Ok(Server(UdpSocket::bind(at)?))
}

/// A server that listens.
#[derive(Debug)]
pub struct Server(UdpSocket);

impl Server {
    /// Where it listens.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves; ends where the socket fails a hundred times in a row.
    pub fn serve(&self) {
        let (mut second, mut answered, mut failures) = (Instant::now(), 0, 0);
        let mut buffer = [0; 64];
        while failures < 100 {
            let Ok((size, from)) = self.0.recv_from(&mut buffer) else {
                failures += 1;
                continue;
            };
            failures = 0;
            if second.elapsed() >= Duration::from_secs(1) {
                (second, answered) = (Instant::now(), 0);
            }
            let text = &mut buffer[..size];
            if size != REQUEST.len() + REST || !text.starts_with(REQUEST) || answered >= RATE {
                continue;
            }
            answered += 1;
            text[..REPLY.len()].copy_from_slice(REPLY);
            // What cannot be sent is lost, as anything by UDP may be.
            drop(self.0.send_to(text, from));
        }
    }
}

/// Asks all hosts side by side, in the time of `tries` intervals and one timeout at most. In the order of the hosts.
pub fn ask(hosts: &[IpAddr], options: &Options) -> Vec<Echo> {
    let mut echoes: Vec<Echo> =
        hosts.iter().map(|address| Echo { address: *address, sent: options.tries, received: 0 }).collect();
    let cookie: [u8; 8] = rand::random();
    let mut sockets: HashMap<bool, UdpSocket> = HashMap::new();
    for host in hosts {
        let any: SocketAddr = if host.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = || UdpSocket::bind(any).and_then(|socket| socket.set_read_timeout(Some(LOOK)).map(|()| socket));
        if let (false, Ok(socket)) = (sockets.contains_key(&host.is_ipv4()), socket()) {
            sockets.insert(host.is_ipv4(), socket);
        }
    }
    let mut answered = vec![false; hosts.len() * usize::try_from(options.tries).unwrap_or(0)];
    let (start, mut next) = (Instant::now(), 0_u32);
    let end = start + options.interval * options.tries + options.timeout;
    let mut open = answered.len();
    while open > 0 && Instant::now() < end && !sockets.is_empty() {
        while next < options.tries && start + options.interval * next <= Instant::now() {
            for (at, host) in (0_u32..).zip(hosts) {
                let rest = [&cookie[..], &at.to_be_bytes(), &next.to_be_bytes()].concat();
                if let Some(socket) = sockets.get(&host.is_ipv4()) {
                    drop(socket.send_to(&[REQUEST, &rest].concat(), (*host, options.port)));
                }
            }
            next += 1;
        }
        for socket in sockets.values() {
            let mut buffer = [0; 64];
            // A peer may send without end.
            while let (true, Ok((size, from))) = (Instant::now() < end, socket.recv_from(&mut buffer)) {
                let Some(rest) = buffer[..size].strip_prefix(REPLY).and_then(|rest| rest.strip_prefix(&cookie)) else {
                    continue;
                };
                let Some((at, number)) = numbers(rest) else { continue };
                if number >= usize::try_from(options.tries).unwrap_or(0) {
                    continue;
                }
                let is_of = hosts.get(at).is_some_and(|host| host.to_canonical() == from.ip().to_canonical());
                let place = at * usize::try_from(options.tries).unwrap_or(0) + number;
                if let (true, Some(seen @ false)) = (is_of, answered.get_mut(place)) {
                    *seen = true;
                    echoes[at].received += 1;
                    open -= 1;
                }
            }
        }
    }
    echoes
}

fn numbers(rest: &[u8]) -> Option<(usize, usize)> {
    let (at, rest) = rest.split_first_chunk::<4>()?;
    let number = u32::from_be_bytes(rest.try_into().ok()?);
    Some((usize::try_from(u32::from_be_bytes(*at)).ok()?, usize::try_from(number).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back_and_nothing_else_does() {
        let server = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let at = server.address().unwrap();
        std::thread::spawn(move || server.serve());
        let options = Options { port: at.port(), interval: Duration::from_millis(5), ..Options::default() };
        let echoes = ask(&[at.ip()], &options);
        assert_eq!((echoes[0].sent, echoes[0].received), (5, 5));
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        for other in
            [&b""[..], b"x", REQUEST, &[REPLY, &[0; REST]].concat(), &[REQUEST, &[0; REST + 1]].concat(), &[0; 2000]]
        {
            client.send_to(other, at).unwrap();
            assert!(client.recv_from(&mut [0; 64]).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_host_that_does_not_serve_is_waited_for_as_long_as_is_said() {
        let options = Options { tries: 2, timeout: Duration::from_millis(200), port: 1, ..Options::default() };
        let start = Instant::now();
        assert_eq!(ask(&["127.0.0.1".parse().unwrap()], &options)[0].received, 0);
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(ask(&[], &options), []);
    }
}
