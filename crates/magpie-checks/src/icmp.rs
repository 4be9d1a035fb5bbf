//! Echo requests over one socket for each family, and the replies to them.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use etherparse::{
    IcmpEchoHeader, Icmpv4Header, Icmpv4Slice, Icmpv4Type, Icmpv6Header, Icmpv6Slice, Icmpv6Type, Ipv4Slice,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto};

/// One echo request that is to be sent.
pub(crate) struct Probe {
    pub(crate) to: IpAddr,
    /// When, from the beginning on. Probes are in this order.
    pub(crate) at: Duration,
    /// The size of the whole IP packet.
    pub(crate) size: usize,
}

/// What became of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// How long the reply took.
    pub(crate) trip: Option<Duration>,
    /// Why the request was not sent.
    pub(crate) refused: Option<String>,
    /// It was not sent, as there was no room for it in this host, which says nothing of the other one.
    pub(crate) had_no_room: bool,
}

/// An ICMP socket.
struct Socket {
    fd: OwnedFd,
    family: Family,
    is_raw: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    V4,
    V6,
}

/// What tells our replies from those to others.
#[derive(Clone, Copy)]
struct Mark {
    id: u16,
    cookie: [u8; 8],
}

/// Cookie and index of the probe.
const PAYLOAD: usize = 12;
/// ICMP's own header.
const HEADER: usize = 8;
/// A burst of replies of all peers has room in it.
const BUFFER: usize = 4 << 20;
/// What the kernel keeps for a packet beside its bytes.
const BESIDE: usize = 768;
/// The most that it keeps of packets to a host that does not answer who it is (`neigh/default/unres_qlen_bytes`).
const UNRESOLVED: usize = 212_992;
/// The most room for packets that are not sent yet.
const MOST_ROOM: usize = 64 << 20;
/// When one that found no room is tried again, and how often.
const AGAIN: (Duration, u8) = (Duration::from_millis(5), 3);

impl Family {
    pub(crate) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The bytes of a packet that are not payload.
    pub(crate) fn overhead(self) -> usize {
        HEADER
            + match self {
                Self::V4 => 20,
                Self::V6 => 40,
            }
    }

    /// The smallest packet that is a probe.
    pub(crate) fn smallest(self) -> usize {
        self.overhead() + PAYLOAD
    }
}

/// Sends the probes, unfragmented, and takes the replies; returns when all are there, or `patience` after the last request.
/// A family whose sockets this process may not have is a reason at each of its probes.
pub(crate) fn exchange(probes: &[Probe], patience: Duration) -> Vec<Answer> {
    let mut answers = vec![Answer::default(); probes.len()];
    let mut sockets: HashMap<Family, Result<Socket, String>> = HashMap::new();
    for probe in probes {
        let family = Family::of(probe.to);
        sockets.entry(family).or_insert_with(|| Socket::open(family, room(probes)));
    }
    let mark = Mark { id: rand::random(), cookie: rand::random() };
    let (mut sent, mut open) = (vec![None; probes.len()], 0_usize);
    let start = Instant::now();
    let (mut next, mut end) = (0, start + patience);
    // Those that found no room, in the order in which they are tried again, and how often they were.
    let mut again: VecDeque<(Instant, usize, u8)> = VecDeque::new();
    while next < probes.len() || !again.is_empty() || (open > 0 && Instant::now() < end) {
        loop {
            let now = Instant::now();
            let (index, tried) = if let Some(&(at, index, tried)) = again.front()
                && at <= now
            {
                again.pop_front();
                (index, tried)
            } else if probes.get(next).is_some_and(|probe| start + probe.at <= now) {
                next += 1;
                (next - 1, 0)
            } else {
                break;
            };
            match &sockets[&Family::of(probes[index].to)] {
                Err(why) => answers[index].refused = Some(why.clone()),
                Ok(socket) => {
                    match socket.send(&probes[index], mark, index) {
                        Ok(()) => {
                            sent[index] = Some(now);
                            open += 1;
                        }
                        Err(Errno::NOBUFS | Errno::AGAIN | Errno::INTR) if tried < AGAIN.1 => {
                            again.push_back((now + AGAIN.0, index, tried + 1));
                        }
                        Err(Errno::NOBUFS | Errno::AGAIN | Errno::INTR) => answers[index].had_no_room = true,
                        Err(error) => answers[index].refused = Some(io::Error::from(error).to_string()),
                    }
                    end = now + patience;
                }
            }
        }
        let due = probes.get(next).map(|probe| start + probe.at).into_iter().chain(again.front().map(|it| it.0));
        let until = due.min().unwrap_or(end);
        let ready: Vec<&Socket> = sockets.values().flatten().collect();
        if ready.is_empty() {
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
            continue;
        }
        if wait(&ready, until).is_err() {
            break;
        }
        for socket in ready {
            socket.receive(mark, |from, index| {
                let (Some(probe), Some(Some(at))) = (probes.get(index), sent.get(index)) else { return };
                let trip = at.elapsed();
                if probe.to.to_canonical() == from && answers[index].trip.is_none() && trip <= patience {
                    answers[index].trip = Some(trip);
                    open -= 1;
                }
            });
        }
    }
    answers
}

/// The room that packets take which hosts do not take yet, at most.
fn room(probes: &[Probe]) -> usize {
    let mut of_hosts: HashMap<IpAddr, usize> = HashMap::new();
    for probe in probes {
        *of_hosts.entry(probe.to).or_default() += probe.size + BESIDE;
    }
    of_hosts.into_values().map(|room| room.min(UNRESOLVED)).sum::<usize>().min(MOST_ROOM)
}

/// Waits until something can be read, or a moment has come.
fn wait(sockets: &[&Socket], until: Instant) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> = sockets.iter().map(|socket| PollFd::new(&socket.fd, PollFlags::IN)).collect();
    let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).map_err(io::Error::other)?;
    match poll(&mut fds, Some(&left)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Socket {
    /// A socket with so much room for what cannot be sent yet, as far as the kernel allows it: packets to hosts that are away
    /// wait for seconds, and those to others must not be kept out by them.
    fn open(family: Family, room: usize) -> Result<Self, String> {
        let (domain, protocol) = match family {
            Family::V4 => (AddressFamily::INET, ipproto::ICMP),
            Family::V6 => (AddressFamily::INET6, ipproto::ICMPV6),
        };
        let open =
            |kind| rustix::net::socket_with(domain, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, Some(protocol));
        let (fd, is_raw) = match open(SocketType::RAW) {
            Ok(fd) => (fd, true),
            // Linux lets the groups of `net.ipv4.ping_group_range` have these.
            Err(Errno::PERM | Errno::ACCESS) => match open(SocketType::DGRAM) {
                Ok(fd) => (fd, false),
                Err(error) => {
                    return Err(format!(
                        "this process may have no ICMP sockets (no CAP_NET_RAW, and not in net.ipv4.ping_group_range): \
                         {}",
                        io::Error::from(error)
                    ));
                }
            },
            Err(error) => return Err(format!("no ICMP socket: {}", io::Error::from(error))),
        };
        // As sent, whatever an earlier packet was told of the path.
        let set = match family {
            Family::V4 => sockopt::set_ip_mtu_discover(&fd, Ipv4PathMtuDiscovery::PROBE),
            Family::V6 => sockopt::set_ipv6_mtu_discover(&fd, Ipv6PathMtuDiscovery::PROBE),
        };
        set.map_err(|error| format!("an ICMP socket without fragments: {}", io::Error::from(error)))?;
        // The default has room for some; the kernel may allow less than this.
        let _ = sockopt::set_socket_recv_buffer_size(&fd, BUFFER);
        if sockopt::set_socket_send_buffer_size_force(&fd, room.max(BUFFER)).is_err() {
            let _ = sockopt::set_socket_send_buffer_size(&fd, room.max(BUFFER));
        }
        Ok(Self { fd, family, is_raw })
    }

    fn send(&self, probe: &Probe, mark: Mark, index: usize) -> Result<(), Errno> {
        let mut payload = vec![0; probe.size.saturating_sub(self.family.overhead()).max(PAYLOAD)];
        payload[..8].copy_from_slice(&mark.cookie);
        payload[8..PAYLOAD].copy_from_slice(&u32::try_from(index).unwrap_or(u32::MAX).to_be_bytes());
        #[allow(clippy::cast_possible_truncation, reason = "the low bits; the payload has them all")]
        let echo = IcmpEchoHeader { id: mark.id, seq: index as u16 };
        let mut packet = match self.family {
            Family::V4 => Icmpv4Header::with_checksum(Icmpv4Type::EchoRequest(echo), &payload).to_bytes().to_vec(),
            // The kernel puts in the checksum, which is over the addresses too.
            Family::V6 => Icmpv6Header::new(Icmpv6Type::EchoRequest(echo)).to_bytes().to_vec(),
        };
        packet.append(&mut payload);
        rustix::net::sendto(&self.fd, &packet, SendFlags::empty(), &SocketAddr::new(probe.to, 0)).map(drop)
    }

    /// Takes all replies that are there to requests of ours.
    fn receive(&self, mark: Mark, mut reply: impl FnMut(IpAddr, usize)) {
        let mut buffer = vec![0_u8; 65_536];
        // An error of one packet is not one of the next; that nothing more is there ends it.
        for _ in 0..100_000 {
            let (size, from) = match rustix::net::recvfrom(&self.fd, &mut buffer[..], RecvFlags::empty()) {
                Ok((size, _, from)) => (size, from),
                Err(Errno::AGAIN) => return,
                Err(_) => continue,
            };
            let from = from.and_then(|from| SocketAddr::try_from(from).ok()).map(|from| from.ip().to_canonical());
            if let (Some(from), Some(index)) = (from, self.index(&buffer[..size], mark)) {
                reply(from, index);
            }
        }
    }

    /// The index of the request that a packet replies to; none where it is no reply to one of ours.
    fn index(&self, packet: &[u8], mark: Mark) -> Option<usize> {
        let payload = match self.family {
            Family::V4 => {
                let ip = if self.is_raw { Some(Ipv4Slice::from_slice(packet).ok()?) } else { None };
                let packet = ip.as_ref().map_or(packet, |ip| ip.payload().payload);
                let icmp = Icmpv4Slice::from_slice(packet).ok()?;
                let Icmpv4Type::EchoReply(echo) = icmp.icmp_type() else { return None };
                // The kernel gives datagram sockets an identifier of their own.
                (!self.is_raw || echo.id == mark.id).then(|| icmp.payload())?
            }
            Family::V6 => {
                let icmp = Icmpv6Slice::from_slice(packet).ok()?;
                let Icmpv6Type::EchoReply(echo) = icmp.icmp_type() else { return None };
                (!self.is_raw || echo.id == mark.id).then(|| icmp.payload())?
            }
        };
        let (cookie, rest) = payload.split_first_chunk::<8>()?;
        let (index, _) = rest.split_first_chunk::<4>()?;
        if *cookie == mark.cookie { usize::try_from(u32::from_be_bytes(*index)).ok() } else { None }
    }
}
