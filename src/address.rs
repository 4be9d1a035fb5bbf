use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Where a peer can be reached, as it says itself: an IP address without scope, or a host name.
///
/// ```
/// use magpie_peers::Address;
///
/// assert!(matches!("10.0.0.5".parse(), Ok(Address::Ip(_))));
/// assert!(matches!("node-5.maas".parse(), Ok(Address::Host(_))));
/// assert_eq!("node_5.maas.".parse::<Address>().unwrap().to_string(), "node_5.maas");
/// assert!("fe80::1%eth0".parse::<Address>().is_err());
/// assert!("-oProxyCommand=x".parse::<Address>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A host name.
    Host(HostName),
}

/// A host name: at most 253 characters, in labels of at most 63 letters, digits, underscores and inner hyphens, the last
/// one not a number. That is RFC 1123 with the underscore, which resolvers take and MAAS lets machines have. The dot that
/// ends a fully qualified name is dropped. Safe as an argument of a command: it does not begin with a hyphen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

/// A text that is neither an IP address nor a host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is neither an IP address nor a host name")]
#[non_exhaustive]
pub struct AddressError;

impl Address {
    /// The IP address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Host(_) => None,
        }
    }

    /// Whether another unit can reach anything by it. `localhost` is what its name says.
    pub(crate) fn is_usable(&self) -> bool {
        match self {
            Self::Ip(ip) => is_usable(ip),
            Self::Host(HostName(name)) => {
                let name = name.to_ascii_lowercase();
                name != "localhost" && !name.ends_with(".localhost")
            }
        }
    }
}

/// Whether another unit can reach anything by an address: not loopback, link-local, unspecified, multicast or broadcast,
/// whoever wrote it.
pub(crate) fn is_usable(ip: &IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            !(ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast())
        }
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_multicast()),
    }
}

impl HostName {
    /// The name, without the dot that may have ended it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // A last label of digits only is what is left of a malformed IPv4 address.
        let number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
        let good = name.len() <= 253
            && name.split('.').all(label)
            && name.rsplit('.').next().is_some_and(|last| !number(last));
        if good { Ok(Self::Host(HostName(name.to_owned()))) } else { Err(AddressError) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Host(HostName(name)) => f.pad(name),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_ip_addresses_or_host_names() {
        for good in ["10.0.0.5", "2001:db8::5", "a", "node-5.maas", "3com.example", "xn--bcher-kva.example"] {
            assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        }
        for (written, name) in [("node-3.maas.", "node-3.maas"), ("node_3.maas", "node_3.maas"), ("a.", "a")] {
            assert_eq!(written.parse::<Address>().unwrap().to_string(), name);
        }
        let label = "a".repeat(64);
        let long = "a.".repeat(127) + "ab";
        for bad in [
            "",
            ".",
            "a..b",
            "a..",
            "10.0.0.5.",
            "-a",
            "a-",
            "10.0.0.256",
            "10.0.0.5/24",
            "fe80::1%eth0",
            "a b",
            "a\0",
            "é",
            &label,
            &long,
        ] {
            assert_eq!(bad.parse::<Address>(), Err(AddressError), "{bad}");
        }
        assert!("a".repeat(1 << 20).parse::<Address>().is_err());
    }

    #[test]
    fn what_nobody_else_can_reach_is_of_no_use() {
        let usable = |text: &str| text.parse::<Address>().unwrap().is_usable();
        for good in ["10.0.0.5", "2001:db8::5", "fd00::1", "node-3.maas", "localhost.example"] {
            assert!(usable(good), "{good}");
        }
        for bad in
            ["127.0.0.1", "::1", "0.0.0.0", "::", "169.254.9.9", "fe80::1", "224.0.0.1", "ff02::1", "255.255.255.255"]
        {
            assert!(!usable(bad), "{bad}");
        }
        assert!(!usable("::ffff:127.0.0.1") && !usable("Localhost") && !usable("a.localhost"));
    }
}
