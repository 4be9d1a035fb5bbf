use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use juju_ops::hook_command::{BoundAddress, NetworkInfo};

use crate::address::Address;

/// The addresses of this unit that its peers were told, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnAddresses {
    /// There is no relation yet to tell them over.
    NoRelation,
    /// There is nothing to tell, or it was not told in every relation; the text says why, for a status message.
    Missing(String),
    /// Where the peers reach this unit: at the ingress addresses that Juju tells them, and those that it advertises.
    Told(Vec<Address>),
}

impl OwnAddresses {
    /// Whether one of them is inside a network.
    ///
    /// ```
    /// # use magpie_peers::OwnAddresses;
    /// let own = OwnAddresses::Told(vec!["10.0.0.7".parse()?, "node-7.maas".parse()?]);
    /// assert!(own.any_in(&"10.0.0.0/24".parse()?));
    /// assert!(!own.any_in(&"10.9.0.0/24".parse()?));
    /// assert!(!OwnAddresses::NoRelation.any_in(&"0.0.0.0/0".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn any_in(&self, network: &IpNet) -> bool {
        match self {
            Self::Told(all) => all.iter().filter_map(Address::ip).any(|ip| network.contains(&ip.to_canonical())),
            Self::NoRelation | Self::Missing(_) => false,
        }
    }
}

/// `no peer relation yet`, the reason, or the addresses.
impl fmt::Display for OwnAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRelation => f.write_str("no peer relation yet"),
            Self::Missing(why) => f.write_str(why),
            Self::Told(all) => {
                let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join(", "))
            }
        }
    }
}

/// The addresses to advertise: in Juju's order, and those last whose own network is a host network. Such an address is an
/// alias that may move to another unit.
pub(crate) fn bound(network: &NetworkInfo) -> Vec<IpAddr> {
    let all = network.bind_addresses.iter().flat_map(|interface| &interface.addresses);
    let (aliases, own): (Vec<_>, Vec<_>) = all.partition(|address| is_alias(address));
    own.into_iter().chain(aliases).filter_map(BoundAddress::ip).collect()
}

/// What Juju tells others of this unit.
pub(crate) fn ingress(network: &NetworkInfo) -> Vec<Address> {
    let addresses = network.ingress_addresses.iter().filter_map(|text| text.parse().ok());
    addresses.filter(Address::is_usable).collect()
}

fn is_alias(address: &BoundAddress) -> bool {
    address.cidr.parse::<IpNet>().is_ok_and(|network| network.prefix_len() == network.max_prefix_len())
}
