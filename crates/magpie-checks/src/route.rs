//! The way to a host: through which interface, from which address, over which gateway, to which address in the link layer.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Deserialize, Serialize};

/// The way to a host, as the kernel would take it now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The interface; none where there is no way.
    pub interface: Option<String>,
    /// The largest packet of the interface, in bytes.
    pub mtu: Option<u32>,
    /// The interface's address in the link layer.
    pub mac: Option<String>,
    /// The address that packets come from.
    pub source: Option<IpAddr>,
    /// The next hop; none where the host is on the same link.
    pub gateway: Option<IpAddr>,
    /// The address in the link layer of the host or the gateway, where it was needed lately.
    pub neighbour_mac: Option<String>,
    /// Why there is no way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How long the kernel is waited for: it answers at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to each host, in their order. Asks the kernel; nothing is sent.
pub fn routes(hosts: &[IpAddr]) -> Vec<Route> {
    let found = Netlink::open().and_then(|netlink| {
        let links = netlink.links()?;
        let neighbours = netlink.neighbours()?;
        Ok((netlink, links, neighbours))
    });
    let (netlink, links, neighbours) = match found {
        Ok(found) => found,
        Err(error) => {
            let why = format!("the kernel's table of routes: {error}");
            return hosts.iter().map(|_| Route { error: Some(why.clone()), ..Route::default() }).collect();
        }
    };
    let mut routes = Vec::new();
    for &host in hosts {
        let host = host.to_canonical();
        let mut route = match netlink.route(host) {
            Ok(message) => read(&message, &links),
            Err(error) => Route { error: Some(error.to_string()), ..Route::default() },
        };
        let next = route.gateway.unwrap_or(host);
        route.neighbour_mac = neighbours.iter().find(|(ip, _)| *ip == next).map(|(_, mac)| mac.clone());
        routes.push(route);
    }
    routes
}

/// The interface that has an address of this host; none where there is none.
pub fn interface_of(address: IpAddr) -> Option<String> {
    let netlink = Netlink::open().ok()?;
    let links = netlink.links().ok()?;
    let mut found = None;
    let question = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    let asked = netlink.ask(question, true, |answer| {
        if let RouteNetlinkMessage::NewAddress(message) = answer
            && message.attributes.iter().any(|it| matches!(it, AddressAttribute::Address(ip) if *ip == address))
        {
            found = Some(message.header.index);
        }
    });
    asked.ok()?;
    links.into_iter().find(|link| Some(link.index) == found)?.name
}

/// An interface: its index and what a route says of it.
struct Link {
    index: u32,
    name: Option<String>,
    mtu: Option<u32>,
    mac: Option<String>,
}

fn read(message: &RouteMessage, links: &[Link]) -> Route {
    let mut route = Route::default();
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Oif(index) => {
                if let Some(link) = links.iter().find(|link| link.index == *index) {
                    (route.interface, route.mtu, route.mac) = (link.name.clone(), link.mtu, link.mac.clone());
                }
            }
            RouteAttribute::PrefSource(address) => route.source = ip(address),
            RouteAttribute::Gateway(address) => route.gateway = ip(address),
            _ => {}
        }
    }
    route
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some(IpAddr::V4(*ip)),
        RouteAddress::Inet6(ip) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

fn mac(bytes: &[u8]) -> Option<String> {
    let texts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if texts.is_empty() { None } else { Some(texts.join(":")) }
}

struct Netlink(Socket);

impl Netlink {
    fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.set_non_blocking(true)?;
        Ok(Self(socket))
    }

    fn links(&self) -> io::Result<Vec<Link>> {
        let mut links = Vec::new();
        let question = RouteNetlinkMessage::GetLink(LinkMessage::default());
        self.ask(question, true, |answer| {
            if let RouteNetlinkMessage::NewLink(message) = answer {
                let mut link = Link { index: message.header.index, name: None, mtu: None, mac: None };
                for attribute in &message.attributes {
                    match attribute {
                        LinkAttribute::IfName(name) => link.name = Some(name.clone()),
                        LinkAttribute::Mtu(mtu) => link.mtu = Some(*mtu),
                        LinkAttribute::Address(bytes) => link.mac = mac(bytes),
                        _ => {}
                    }
                }
                links.push(link);
            }
        })?;
        Ok(links)
    }

    fn neighbours(&self) -> io::Result<Vec<(IpAddr, String)>> {
        let mut neighbours = Vec::new();
        let question = RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default());
        self.ask(question, true, |answer| {
            let RouteNetlinkMessage::NewNeighbour(message) = answer else { return };
            let (mut ip, mut address) = (None, None);
            for attribute in &message.attributes {
                match attribute {
                    NeighbourAttribute::Destination(NeighbourAddress::Inet(it)) => ip = Some(IpAddr::V4(*it)),
                    NeighbourAttribute::Destination(NeighbourAddress::Inet6(it)) => ip = Some(IpAddr::V6(*it)),
                    NeighbourAttribute::LinkLayerAddress(bytes) => address = mac(bytes),
                    _ => {}
                }
            }
            neighbours.extend(ip.zip(address));
        })?;
        Ok(neighbours)
    }

    fn route(&self, host: IpAddr) -> io::Result<RouteMessage> {
        let mut message = RouteMessage::default();
        let (family, length, address) = match host {
            IpAddr::V4(ip) => (AddressFamily::Inet, 32, RouteAddress::Inet(ip)),
            IpAddr::V6(ip) => (AddressFamily::Inet6, 128, RouteAddress::Inet6(ip)),
        };
        message.header.address_family = family;
        message.header.destination_prefix_length = length;
        message.attributes.push(RouteAttribute::Destination(address));
        let mut found = None;
        self.ask(RouteNetlinkMessage::GetRoute(message), false, |answer| {
            if let RouteNetlinkMessage::NewRoute(route) = answer {
                found = Some(route);
            }
        })?;
        found.ok_or_else(|| io::Error::other("no route"))
    }

    fn ask(
        &self,
        question: RouteNetlinkMessage,
        dump: bool,
        mut answer: impl FnMut(RouteNetlinkMessage),
    ) -> io::Result<()> {
        let mut request = NetlinkMessage::from(question);
        request.header.flags = NLM_F_REQUEST | if dump { NLM_F_DUMP } else { 0 };
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.0.send(&bytes, 0)?;
        let until = Instant::now() + PATIENCE;
        loop {
            self.wait(until)?;
            let (received, _) = self.0.recv_from_full()?;
            let mut rest = received.as_slice();
            while !rest.is_empty() {
                let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).map_err(io::Error::other)?;
                let length = usize::try_from(message.header.length).unwrap_or(usize::MAX).next_multiple_of(4);
                match message.payload {
                    NetlinkPayload::Done(_) => return Ok(()),
                    NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                    NetlinkPayload::InnerMessage(inner) => {
                        answer(inner);
                        if !dump {
                            return Ok(());
                        }
                    }
                    _ => {}
                }
                rest = rest.get(length.max(16)..).unwrap_or_default();
            }
        }
    }

    fn wait(&self, until: Instant) -> io::Result<()> {
        let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&left))? {
            0 => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_this_host_itself_is_loopback() {
        let routes = routes(&["127.0.0.1".parse().unwrap()]);
        assert_eq!((routes[0].interface.as_deref(), routes[0].gateway), (Some("lo"), None), "{routes:?}");
        assert_eq!(routes[0].mtu, Some(65_536));
        assert_eq!(routes[0].source, Some("127.0.0.1".parse().unwrap()));
        assert_eq!(interface_of("127.0.0.1".parse().unwrap()).as_deref(), Some("lo"));
        assert_eq!(interface_of("192.0.2.1".parse().unwrap()), None);
    }
}
