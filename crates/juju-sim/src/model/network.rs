use std::net::Ipv4Addr;

use crate::command::{Address, Interface, Network, Settings};

impl Network {
    /// One interface, `eth0`, with one address in a network, which is also the ingress address.
    pub fn of(address: &str, cidr: &str) -> Network {
        let host = if address.contains(':') { 128 } else { 32 };
        Network {
            interfaces: vec![Interface {
                name: "eth0".to_owned(),
                mac_address: String::new(),
                addresses: vec![Address::new(address, cidr)],
            }],
            egress_subnets: vec![format!("{address}/{host}")],
            ingress_addresses: vec![address.to_owned()],
        }
    }

    /// No network: `network-get` fails, as before Juju knows any address.
    pub fn none() -> Network {
        Network::default()
    }

    /// The same with one more address on the first interface.
    #[must_use]
    pub fn with_address(mut self, address: &str, cidr: &str) -> Network {
        match self.interfaces.first_mut() {
            Some(interface) => interface.addresses.push(Address::new(address, cidr)),
            None => return Network::of(address, cidr),
        }
        self
    }

    /// The same with another ingress address.
    #[must_use]
    pub fn with_ingress(mut self, address: &str) -> Network {
        self.ingress_addresses = vec![address.to_owned()];
        self
    }

    /// A machine's: in `10.0.0.0/24`, from the 250th on in the networks after it.
    pub(crate) fn of_machine(machine: u32) -> Network {
        let (third, fourth) = (machine / 250, machine % 250 + 1);
        let mut network = Network::of(&format!("10.0.{third}.{fourth}"), &format!("10.0.{third}.0/24"));
        network.interfaces[0].mac_address = format!("00:16:3e:00:{:02x}:{:02x}", third % 256, fourth);
        network
    }

    /// A machine's in a space. `None` where the space's network has no address for it.
    pub(crate) fn in_space(cidr: &str, machine: u32) -> Option<Network> {
        let (base, bits) = cidr.split_once('/')?;
        let (base, bits): (Ipv4Addr, u32) = (base.parse().ok()?, bits.parse().ok()?);
        let size = 1_u32.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
        let offset = machine.checked_add(1).filter(|offset| size == 0 || offset + 1 < size)?;
        let address = Ipv4Addr::from(u32::from(base).checked_add(offset)?);
        Some(Network::of(&address.to_string(), cidr))
    }

    /// The keys that Juju writes into a unit's bag; those it has no value for are empty, which deletes.
    pub(crate) fn bag_keys(&self) -> Settings {
        let ingress = self.ingress_addresses.first().cloned().or_else(|| self.private_address()).unwrap_or_default();
        Settings::from([
            ("private-address".to_owned(), ingress.clone()),
            ("ingress-address".to_owned(), ingress),
            ("egress-subnets".to_owned(), self.egress_subnets.join(",")),
        ])
    }

    /// The first address, by its host name where it has one.
    pub(crate) fn private_address(&self) -> Option<String> {
        let address = self.interfaces.iter().flat_map(|interface| &interface.addresses).next()?;
        Some(if address.hostname.is_empty() { address.value.clone() } else { address.hostname.clone() })
    }
}
