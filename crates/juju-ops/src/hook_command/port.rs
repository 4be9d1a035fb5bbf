use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::error::{CommandError, Error, Misfit};
use crate::gather::sort;
use crate::name::NameError;
use crate::transport::Call;

use super::{Command, json_or_default, nothing};

/// What goes through a port. Sorts as Juju sorts it, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// `icmp`, which has no ports.
    Icmp,
    /// `tcp`.
    Tcp,
    /// `udp`.
    Udp,
}

/// A port, or several in a row, of one protocol: `80/tcp`, `8080-8088/udp`, `icmp`.
///
/// ```
/// use juju_ops::hook_command::PortRange;
///
/// assert_eq!(PortRange::tcp(80).to_string(), "80/tcp");
/// assert_eq!("8080-8088/udp".parse::<PortRange>()?.last(), 8088);
/// assert_eq!(PortRange::icmp().to_string(), "icmp");
/// # Ok::<(), juju_ops::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    protocol: Protocol,
    first: u16,
    last: u16,
}

/// Ports that are, or are to be, open together.
pub(crate) type Ports = BTreeSet<PortRange>;

/// Open ports, and what they are open for.
///
/// ```
/// use juju_ops::hook_command::OpenedPort;
///
/// let opened: OpenedPort = "443/tcp (web, admin)".parse()?;
/// assert_eq!(opened.endpoints.as_deref(), Some(&["web".to_owned(), "admin".to_owned()][..]));
/// # Ok::<(), juju_ops::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenedPort {
    /// The ports.
    pub ports: PortRange,
    /// The endpoints that they are open for; none: for all.
    pub endpoints: Option<Vec<String>>,
}

impl PortRange {
    /// One port of TCP.
    pub fn tcp(port: u16) -> Self {
        Self { protocol: Protocol::Tcp, first: port, last: port }
    }

    /// One port of UDP.
    pub fn udp(port: u16) -> Self {
        Self { protocol: Protocol::Udp, first: port, last: port }
    }

    /// ICMP.
    pub fn icmp() -> Self {
        Self { protocol: Protocol::Icmp, first: 0, last: 0 }
    }

    /// The ports from `first` to `last`.
    ///
    /// # Errors
    /// `last` is before `first`, or the protocol has no ports.
    pub fn new(protocol: Protocol, first: u16, last: u16) -> Result<Self, Error> {
        if first > last || protocol == Protocol::Icmp {
            return Err(Error::refused(format!("ports {first}-{last}/{protocol}: not a range of ports")));
        }
        Ok(Self { protocol, first, last })
    }

    /// The protocol.
    pub fn protocol(self) -> Protocol {
        self.protocol
    }

    /// The first port; 0 of ICMP.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last port, which may be the first one; 0 of ICMP.
    pub fn last(self) -> u16 {
        self.last
    }
}

/// Opens ports, for all endpoints, when the application is exposed. `open-port`.
///
/// Juju acts on it when the hook has succeeded; [`opened_ports`] shows it at once. What is open already is no error.
/// Ranges that overlap, also with another unit's on the machine, are.
pub fn open_port(ports: PortRange) -> Command<()> {
    of("open-port", ports, &[])
}

/// Opens ports for some endpoints alone: for all, where there are none. `open-port --endpoints`. See [`open_port`].
pub fn open_port_for(ports: PortRange, endpoints: &[&str]) -> Command<()> {
    of("open-port", ports, endpoints)
}

/// Closes ports, for all endpoints. `close-port`. What is not open is no error.
pub fn close_port(ports: PortRange) -> Command<()> {
    of("close-port", ports, &[])
}

/// Closes ports for some endpoints alone: for all, where there are none. `close-port --endpoints`.
pub fn close_port_for(ports: PortRange, endpoints: &[&str]) -> Command<()> {
    of("close-port", ports, endpoints)
}

fn of(command: &'static str, ports: PortRange, endpoints: &[&str]) -> Command<()> {
    let mut call = Call::new(command, [ports.to_string()]);
    if !endpoints.is_empty() {
        call.args.extend(["--endpoints".to_owned(), endpoints.join(",")]);
    }
    Command::new(call, ports, nothing)
}

/// The ports that this unit has open, sorted, with what this hook opened and closed. `opened-ports`.
pub fn opened_ports() -> Command<Vec<PortRange>> {
    Command::new(Call::new("opened-ports", ["--format=json"]), "", |stdout| {
        let mut ports = read(stdout, "a list of ports")?;
        sort(&mut ports);
        Ok(ports)
    })
}

/// The ports that this unit has open, in Juju's order, and what for. `opened-ports --endpoints`.
pub fn opened_ports_by_endpoint() -> Command<Vec<OpenedPort>> {
    let call = Call::new("opened-ports", ["--format=json", "--endpoints"]);
    Command::new(call, "", |stdout| read(stdout, "a list of ports with their endpoints"))
}

fn read<T: FromStr>(stdout: &[u8], what: &'static str) -> Result<Vec<T>, CommandError> {
    let texts: Vec<String> = json_or_default(stdout)?;
    let read = texts.iter().map(|text| text.parse().ok()).collect::<Option<_>>();
    read.ok_or(CommandError::Output(Misfit::no_answer(what)))
}

impl FromStr for Protocol {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let all = [Self::Icmp, Self::Tcp, Self::Udp];
        all.into_iter().find(|it| it.to_string() == text).ok_or_else(|| NameError::new(text, "a protocol"))
    }
}

/// Takes `80/tcp`, `80-90/tcp`, `icmp` and, as `open-port` does, `80` for TCP.
impl FromStr for PortRange {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError::new(text, "a port range");
        let number = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse::<u16>().ok()).flatten().ok_or_else(error)
        };
        if text == "icmp" {
            return Ok(Self::icmp());
        }
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        Self::new(protocol.parse().map_err(|_| error())?, number(first)?, number(last)?).map_err(|_| error())
    }
}

/// Takes what `opened-ports --endpoints` prints: `80/tcp (*)`, `443/tcp (web, admin)`.
impl FromStr for OpenedPort {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError::new(text, "a port range with its endpoints");
        let (ports, endpoints) = text.strip_suffix(')').and_then(|text| text.split_once(" (")).ok_or_else(error)?;
        let endpoints = (endpoints != "*").then(|| endpoints.split(", ").map(str::to_owned).collect());
        Ok(Self { ports: ports.parse().map_err(|_| error())?, endpoints })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Icmp => "icmp",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            Protocol::Icmp => f.write_str("icmp"),
            protocol if self.first == self.last => write!(f, "{}/{protocol}", self.first),
            protocol => write!(f, "{}-{}/{protocol}", self.first, self.last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_ranges_have_one_spelling() {
        for text in ["0/tcp", "80/tcp", "80-90/udp", "65535/udp", "icmp"] {
            assert_eq!(text.parse::<PortRange>().unwrap().to_string(), text);
        }
        assert_eq!("80".parse::<PortRange>().unwrap(), PortRange::tcp(80));
        for text in ["", "tcp", "-1/tcp", "+1/tcp", "65536/tcp", "90-80/tcp", "80/icmp", "80/sctp", "1-2-3/tcp", "-"] {
            assert!(text.parse::<PortRange>().is_err(), "{text}");
        }
        assert_eq!(PortRange::new(Protocol::Tcp, 2, 1).unwrap_err().to_string(), "ports 2-1/tcp: not a range of ports");
    }
}
