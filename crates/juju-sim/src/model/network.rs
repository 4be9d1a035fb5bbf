use serde::{Deserialize, Serialize};

use crate::command::{BindAddress, NetworkInfo, Settings};

/// The addresses of a unit, as the model keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Network {
    interfaces: Vec<Interface>,
    egress: Vec<String>,
    ingress: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Interface {
    name: String,
    mac: String,
    addresses: Vec<(String, String)>,
}

impl Network {
    /// One interface, `eth0`, in `10.0.0.0/24`; from the 250th unit on in the networks after it.
    pub(crate) fn default_of(number: u32) -> Network {
        let (third, fourth) = (number / 250, number % 250 + 1);
        let address = format!("10.0.{third}.{fourth}");
        Network {
            interfaces: vec![Interface {
                name: "eth0".to_owned(),
                mac: format!("00:16:3e:00:{:02x}:{:02x}", third % 256, fourth),
                addresses: vec![(address.clone(), format!("10.0.{third}.0/24"))],
            }],
            egress: vec![format!("{address}/32")],
            ingress: vec![address],
        }
    }

    /// The keys that Juju writes into a unit's bag; those it has no value for are empty, which deletes.
    pub(crate) fn bag_keys(&self) -> Settings {
        let ingress = self.ingress.first().cloned().unwrap_or_default();
        Settings::from([
            ("private-address".to_owned(), ingress.clone()),
            ("ingress-address".to_owned(), ingress),
            ("egress-subnets".to_owned(), self.egress.join(",")),
        ])
    }

    pub(crate) fn info(&self) -> NetworkInfo {
        NetworkInfo {
            bind_addresses: self
                .interfaces
                .iter()
                .map(|interface| BindAddress {
                    mac_address: interface.mac.clone(),
                    interface_name: interface.name.clone(),
                    addresses: interface.addresses.clone(),
                })
                .collect(),
            egress_subnets: self.egress.clone(),
            ingress_addresses: self.ingress.clone(),
        }
    }
}

impl From<NetworkInfo> for Network {
    fn from(info: NetworkInfo) -> Network {
        Network {
            interfaces: info
                .bind_addresses
                .into_iter()
                .map(|bind| Interface { name: bind.interface_name, mac: bind.mac_address, addresses: bind.addresses })
                .collect(),
            egress: info.egress_subnets,
            ingress: info.ingress_addresses,
        }
    }
}
