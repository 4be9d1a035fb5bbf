use std::net::IpAddr;

use juju_ops::Error;
use magpie_peers::IpNet;
use serde::Deserialize;

/// The charm's configuration.
#[derive(Debug, Deserialize)]
pub struct Config {
    /// The network whose addresses are preferred for peers, such as `10.0.0.0/24`; see [`network`](Self::network).
    #[serde(default)]
    pub network: String,
}

impl Config {
    /// The network whose addresses are preferred for peers: an address with a prefix length or a netmask, or an address
    /// alone for the network that has no other. What surrounds it (a file that ends its line, say) and bits of a host in
    /// it are overlooked. None when the option is empty.
    ///
    /// ```
    /// let network = |text: &str| magpie::Config { network: text.to_owned() }.network();
    ///
    /// for same in ["10.0.0.0/24", " 10.0.0.0/24\n", "10.0.0.0/255.255.255.0", "10.0.0.7/24"] {
    ///     assert_eq!(network(same)?, Some("10.0.0.0/24".parse()?));
    /// }
    /// assert_eq!(network("10.0.0.7")?, Some("10.0.0.7/32".parse()?));
    /// assert_eq!(network("")?, None);
    /// let said = juju_ops::chain(&network("10.0.0").unwrap_err()).to_string();
    /// assert_eq!(said, "configuration option network: is not a network such as 10.0.0.0/24");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The text is none of these; the error names the option, and blocks the unit that returns it.
    pub fn network(&self) -> Result<Option<IpNet>, Error> {
        let text = self.network.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let network = match text.split_once('/') {
            None => text.parse::<IpAddr>().ok().map(IpNet::from),
            Some((address, mask)) => text.parse().ok().or_else(|| with_netmask(address, mask)),
        };
        let network = network.map(|network| Some(network.trunc()));
        network.ok_or_else(|| Error::of_option("network", "is not a network such as 10.0.0.0/24"))
    }
}

fn with_netmask(address: &str, mask: &str) -> Option<IpNet> {
    let (address, mask): (IpAddr, IpAddr) = (address.parse().ok()?, mask.parse().ok()?);
    if address.is_ipv4() == mask.is_ipv4() { IpNet::with_netmask(address, mask).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Result<Option<IpNet>, Error> {
        Config { network: text.to_owned() }.network()
    }

    #[test]
    fn a_network_can_be_written_in_several_ways() {
        for (text, read) in [
            ("10.0.0.0/24\n", "10.0.0.0/24"),
            (" 10.0.0.0/24 ", "10.0.0.0/24"),
            ("10.0.0.0/255.255.255.0", "10.0.0.0/24"),
            ("10.0.0.7", "10.0.0.7/32"),
            ("2001:db8::7/64", "2001:db8::/64"),
            ("2001:db8::/ffff:ffff:ffff:ffff::", "2001:db8::/64"),
            ("2001:db8::7", "2001:db8::7/128"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(network(text).unwrap().unwrap().to_string(), read, "{text:?}");
        }
        for none in ["", " \n"] {
            assert_eq!(network(none).unwrap(), None);
        }
    }

    #[test]
    fn nonsense_is_refused_and_not_repeated() {
        for text in [
            "192.168.7",
            "10.0.0.0/33",
            "10.0.0.0/255.0.255.0",
            "10.0.0.0/ffff::",
            "10.0.0.0/24/24",
            "/24",
            "10.0.0.0/",
            "10.0.0.0 /24",
            "default",
            &"9".repeat(1 << 20),
            &"é".repeat(1 << 20),
        ] {
            let said = juju_ops::chain(&network(text).unwrap_err()).to_string();
            assert_eq!(said, "configuration option network: is not a network such as 10.0.0.0/24");
        }
    }
}
