//! Ranges of ports, as `open-port` and `close-port` take them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::flags::{self, Flag};
use super::quote::quote;
use super::{Call, Failure};

/// The ports of one protocol from one to another. `icmp` has none: both are -1.
///
/// ```
/// use juju_sim::{PortRange, Protocol};
///
/// let range: PortRange = "9000-9010/udp".parse()?;
/// assert_eq!(range, PortRange { protocol: Protocol::Udp, from: 9000, to: 9010 });
/// assert_eq!("80".parse::<PortRange>()?.to_string(), "80/tcp");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRange {
    /// The protocol.
    pub protocol: Protocol,
    /// The first port.
    pub from: i32,
    /// The last port.
    pub to: i32,
}

/// A protocol that ports are opened for. It shows as Juju spells it.
///
/// ```
/// use juju_sim::{PortRange, Protocol};
///
/// assert_eq!("icmp".parse::<PortRange>()?.protocol, Protocol::Icmp);
/// assert_eq!(Protocol::Tcp.to_string(), "tcp");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// No ports.
    Icmp,
    /// The protocol where none is named.
    Tcp,
    /// Datagrams.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Icmp => "icmp",
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        })
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            PortRange { protocol: Protocol::Icmp, .. } => f.write_str("icmp"),
            PortRange { protocol, from, to } if from == to => write!(f, "{from}/{protocol}"),
            PortRange { protocol, from, to } => write!(f, "{from}-{to}/{protocol}"),
        }
    }
}

impl FromStr for PortRange {
    type Err = String;

    /// Reads `80`, `80/tcp`, `80-90/udp` or `icmp`, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.to_lowercase();
        let (ports, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        if ports == "icmp" {
            // What follows counts for nothing.
            return Ok(PortRange { protocol: Protocol::Icmp, from: -1, to: -1 });
        }
        let (from, to) = match ports.split('-').collect::<Vec<_>>()[..] {
            [both] => (both, both),
            [from, to] => (from, to),
            _ => return Err(format!("invalid port range {}", quote(ports))),
        };
        let (from, to) = (port(from)?, port(to)?);
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "icmp" => return Err(format!("protocol \"icmp\" doesn't support any ports; got \"{from}\"")),
            _ => {
                let text = format!("invalid protocol {}, expected \"tcp\", \"udp\", or \"icmp\"", quote(protocol));
                return Err(text);
            }
        };
        if from > to {
            return Err(format!("invalid port range {from}-{to}/{protocol}"));
        }
        match (u16::try_from(from), u16::try_from(to)) {
            (Ok(from), Ok(to)) => Ok(PortRange { protocol, from: from.into(), to: to.into() }),
            _ => Err(format!("port range bounds must be between 0 and 65535, got {from}-{to}")),
        }
    }
}

fn port(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let reason = if number { "value out of range" } else { "invalid syntax" };
        format!("invalid port {}: strconv.Atoi: parsing {}: {reason}", quote(text), quote(text))
    })
}

/// The flags of commands that open and close ports.
pub(super) const FLAGS: &[Flag] =
    &[flags::OLD_FORMAT, Flag::text(&["endpoints"], "only for these endpoints, with commas between them")];

/// The endpoints and the ports of a call. An endpoint without a name stands for all of them.
pub(super) fn of_call(call: &Call<'_>) -> Result<(Vec<String>, PortRange), Failure> {
    let range = call.arg(0).ok_or_else(|| Failure::arguments("no port or range specified"))?;
    let range = range.parse().map_err(Failure::Arguments)?;
    call.at_most(1)?;
    let endpoints = call.flags.text("endpoints").unwrap_or_default();
    Ok((endpoints.split(',').map(|endpoint| endpoint.trim().to_owned()).collect(), range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, range) in [
            ("80", "80/tcp"),
            ("80/TCP", "80/tcp"),
            ("+80/udp", "80/udp"),
            ("0", "0/tcp"),
            ("65535-65535", "65535/tcp"),
            ("80-90/udp", "80-90/udp"),
            ("Icmp", "icmp"),
            ("icmp/tcp", "icmp"),
        ] {
            assert_eq!(text.parse::<PortRange>().unwrap().to_string(), range);
        }
        let order = ["icmp", "9/tcp", "80/tcp", "80-90/tcp", "100/tcp", "80/udp"];
        assert!(order.map(|text| text.parse::<PortRange>().unwrap()).is_sorted());
    }

    #[test]
    fn errors() {
        let atoi = |text: &str| format!("invalid port {text:?}: strconv.Atoi: parsing {text:?}: invalid syntax");
        for (text, error) in [
            ("spam", atoi("spam")),
            ("", atoi("")),
            ("-1", atoi("")),
            ("80-", atoi("")),
            ("80 ", atoi("80 ")),
            ("tcp/80", atoi("tcp")),
            ("icmp-80", atoi("icmp")),
            ("99999999999999999999", atoi("99999999999999999999").replace("invalid syntax", "value out of range")),
            ("10-55-100", "invalid port range \"10-55-100\"".to_owned()),
            ("90-80", "invalid port range 90-80/tcp".to_owned()),
            ("65536", "port range bounds must be between 0 and 65535, got 65536-65536".to_owned()),
            ("0-9999999999", "port range bounds must be between 0 and 65535, got 0-9999999999".to_owned()),
            ("80/icmp", "protocol \"icmp\" doesn't support any ports; got \"80\"".to_owned()),
            ("80/", "invalid protocol \"\", expected \"tcp\", \"udp\", or \"icmp\"".to_owned()),
            ("80/tcp/x", "invalid protocol \"tcp/x\", expected \"tcp\", \"udp\", or \"icmp\"".to_owned()),
        ] {
            assert_eq!(text.parse::<PortRange>().unwrap_err(), error);
        }
    }
}
