use std::net::IpAddr;

use juju_ops::Error;
use magpie_checks::dns;
use magpie_checks::throughput::MinSpeed;
use magpie_peers::IpNet;
use serde::{Deserialize, Serialize};

/// The charm's configuration, as Juju has it: the options of both Python charms, and `network`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The network whose addresses are preferred for peers, such as `10.0.0.0/24`; see [`network`](Self::network).
    pub network: String,
    /// Which bonds there have to be, comma-separated, or `AUTO` for those that there are; empty for none.
    pub check_bonds: String,
    /// Whether LLDP is looked at.
    pub use_lldp: bool,
    /// Whether the switch's description of a port has to name the host.
    pub check_port_description: bool,
    /// Whether throughput is measured.
    pub check_iperf: bool,
    /// Whether the peers have to be in DNS.
    pub check_dns: bool,
    /// Whether the host has to know its own name.
    pub check_local_hostname: bool,
    /// The server to be asked, in place of those of the host.
    pub dns_server: String,
    /// How often a server is asked.
    pub dns_tries: i64,
    /// How long an answer of it is waited for, in seconds.
    pub dns_time: i64,
    /// Whether switches are passive in LACP.
    pub lacp_passive_mode: bool,
    /// How long an answer to a ping is waited for, in seconds.
    pub ping_timeout: i64,
    /// How many pings there are.
    pub ping_tries: i64,
    /// The time between two of them, in seconds.
    pub ping_interval: f64,
    /// Whether each unit pings all, and not the leader alone.
    pub ping_mesh_mode: bool,
    /// Whether the charm keeps from setting a status.
    pub supress_status: bool,
    /// The packet that has to reach every peer in one piece, in bytes; 0 for that of the interface.
    pub required_mtu: i64,
    /// The least throughput, in Mbit/s or percent of the link's speed.
    pub min_speed: String,
    /// The longest mean round trip, in milliseconds; 0 for any.
    pub max_latency: f64,
    /// How long throughput is measured, in seconds.
    pub iperf_duration: i64,
    /// The network to listen in for measurements; empty for all addresses that the unit tells its peers.
    pub iperf_listen_cidr: String,
    /// Not used: nothing is installed on a unit.
    pub source: String,
}

/// The same, validated, for the service to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The bonds to be checked: all where there is no list.
    pub bonds: Option<Vec<String>>,
    /// See the option of this name.
    pub use_lldp: bool,
    /// See the option of this name.
    pub check_port_description: bool,
    /// See the option of this name.
    pub check_iperf: bool,
    /// See the option of this name.
    pub check_dns: bool,
    /// See the option of this name.
    pub check_local_hostname: bool,
    /// The server, or empty.
    pub dns_server: String,
    /// From 1 to 10.
    pub dns_tries: u32,
    /// Seconds, from 1 to 60.
    pub dns_time: u32,
    /// See the option of this name.
    pub lacp_passive_mode: bool,
    /// Seconds, from 1 to 60.
    pub ping_timeout: u32,
    /// From 1 to 1,000.
    pub ping_tries: u32,
    /// Milliseconds, up to 10,000.
    pub ping_interval_ms: u32,
    /// Whether this unit pings.
    pub pings: bool,
    /// Bytes, or 0.
    pub required_mtu: u32,
    /// As it is written; it has been read once.
    pub min_speed: String,
    /// Milliseconds, or 0.
    pub max_latency: f64,
    /// Seconds, from 1 to 600.
    pub iperf_duration: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            network: String::new(),
            check_bonds: AUTO.to_owned(),
            use_lldp: false,
            check_port_description: false,
            check_iperf: true,
            check_dns: true,
            check_local_hostname: true,
            dns_server: String::new(),
            dns_tries: 1,
            dns_time: 5,
            lacp_passive_mode: false,
            ping_timeout: 2,
            ping_tries: 20,
            ping_interval: 0.05,
            ping_mesh_mode: true,
            supress_status: false,
            required_mtu: 0,
            min_speed: "0".to_owned(),
            max_latency: 0.0,
            iperf_duration: 1,
            iperf_listen_cidr: String::new(),
            source: String::new(),
        }
    }
}

/// All bonds that there are.
pub(crate) const AUTO: &str = "AUTO";

impl Config {
    /// The network whose addresses are preferred for peers: an address with a prefix length or a netmask, or an address
    /// alone for the network that has no other. What surrounds it (a file that ends its line, say) and bits of a host in
    /// it are overlooked. None when the option is empty.
    ///
    /// ```
    /// let network = |text: &str| magpie::Config { network: text.to_owned(), ..Default::default() }.network();
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
        network_of(&self.network).map_err(|why| Error::of_option("network", why))
    }

    /// The network to listen in for measurements; none for all addresses that the unit tells its peers.
    ///
    /// # Errors
    /// The text is no network.
    pub fn listen_network(&self) -> Result<Option<IpNet>, Error> {
        network_of(&self.iperf_listen_cidr).map_err(|why| Error::of_option("iperf_listen_cidr", why))
    }

    /// All that the checks want to know. `leads` is whether this unit does, where it matters.
    ///
    /// # Errors
    /// A value is out of its bounds; the error names the option, and blocks the unit that returns it.
    pub fn options(&self, leads: bool) -> Result<Options, Error> {
        let within = |option: &str, value: i64, least: u32, most: u32| match u32::try_from(value) {
            Ok(value) if (least..=most).contains(&value) => Ok(value),
            _ => Err(Error::of_option(option, format!("is not from {least} to {most}"))),
        };
        let seconds = |option: &str, value: f64, most: f64| {
            if (0.0..=most).contains(&value) {
                Ok(value)
            } else {
                Err(Error::of_option(option, format!("is not from 0 to {most}")))
            }
        };
        let required_mtu = within("required_mtu", self.required_mtu, 0, 65_535)?;
        if required_mtu != 0 && required_mtu < 68 {
            return Err(Error::of_option("required_mtu", "is neither 0 nor from 68 to 65535"));
        }
        if let Err(why) = self.min_speed.parse::<MinSpeed>() {
            return Err(Error::of_option("min_speed", why));
        }
        let server = self.dns_server.trim();
        if !server.is_empty()
            && let Err(why) = dns::Options::servers_of(server)
        {
            return Err(Error::of_option("dns_server", why));
        }
        self.listen_network()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10,000")]
        let ping_interval_ms = (seconds("ping_interval", self.ping_interval, 10.0)? * 1000.0) as u32;
        if u64::from(ping_interval_ms) * u64::try_from(self.ping_tries).unwrap_or(u64::MAX / 10_000) > 60_000 {
            return Err(Error::of_option("ping_interval", "times ping_tries is more than a minute"));
        }
        Ok(Options {
            bonds: bonds_of(&self.check_bonds),
            use_lldp: self.use_lldp || self.check_port_description,
            check_port_description: self.check_port_description,
            check_iperf: self.check_iperf,
            check_dns: self.check_dns,
            check_local_hostname: self.check_local_hostname,
            dns_server: server.to_owned(),
            dns_tries: within("dns_tries", self.dns_tries, 1, 10)?,
            dns_time: within("dns_time", self.dns_time, 1, 60)?,
            lacp_passive_mode: self.lacp_passive_mode,
            ping_timeout: within("ping_timeout", self.ping_timeout, 1, 60)?,
            ping_tries: within("ping_tries", self.ping_tries, 1, 1000)?,
            ping_interval_ms,
            pings: self.ping_mesh_mode || leads,
            required_mtu,
            min_speed: self.min_speed.trim().to_owned(),
            max_latency: seconds("max_latency", self.max_latency, 60_000.0)?,
            iperf_duration: within("iperf_duration", self.iperf_duration, 1, 600)?,
        })
    }
}

/// The bonds that a text names; none for all that there are.
pub(crate) fn bonds_of(text: &str) -> Option<Vec<String>> {
    let names = text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    if text.trim().eq_ignore_ascii_case(AUTO) { None } else { Some(names.collect()) }
}

/// As the option `network` has it, for an option of this name.
pub(crate) fn network_of(text: &str) -> Result<Option<IpNet>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let network = match text.split_once('/') {
        None => text.parse::<IpAddr>().ok().map(IpNet::from),
        Some((address, mask)) => text.parse().ok().or_else(|| with_netmask(address, mask)),
    };
    let network = network.map(|network| Some(network.trunc()));
    network.ok_or("is not a network such as 10.0.0.0/24")
}

fn with_netmask(address: &str, mask: &str) -> Option<IpNet> {
    let (address, mask): (IpAddr, IpAddr) = (address.parse().ok()?, mask.parse().ok()?);
    if address.is_ipv4() == mask.is_ipv4() { IpNet::with_netmask(address, mask).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Result<Option<IpNet>, Error> {
        Config { network: text.to_owned(), ..Config::default() }.network()
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
    fn a_value_out_of_its_bounds_names_its_option() {
        let said = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.options(false).map(drop).map_err(|error| juju_ops::chain(&error).to_string())
        };
        assert_eq!(said(|_| {}), Ok(()));
        for (change, option) in [
            ((|config| config.ping_tries = 0) as fn(&mut Config), "ping_tries: is not from 1 to 1000"),
            (|config| config.ping_interval = f64::NAN, "ping_interval: is not from 0 to 10"),
            (|config| config.ping_interval = -0.1, "ping_interval: is not from 0 to 10"),
            (
                |config| (config.ping_interval, config.ping_tries) = (1.0, 61),
                "ping_interval: times ping_tries is more than a minute",
            ),
            (|config| config.required_mtu = 20, "required_mtu: is neither 0 nor from 68 to 65535"),
            (|config| config.dns_time = i64::MAX, "dns_time: is not from 1 to 60"),
            (
                |config| config.dns_server = "ns1".into(),
                "dns_server: is not the address of a server, such as 10.0.0.53",
            ),
            (
                |config| config.min_speed = "fast".into(),
                "min_speed: is neither a number of mbit/s nor a percentage such as 80%",
            ),
            (|config| config.iperf_listen_cidr = "x".into(), "iperf_listen_cidr: is not a network such as 10.0.0.0/24"),
        ] {
            assert_eq!(said(change), Err(format!("configuration option {option}")));
        }
    }

    #[test]
    fn bonds_are_all_that_there_are_or_those_that_are_named() {
        let bonds = |text: &str| Config { check_bonds: text.into(), ..Config::default() }.options(false).unwrap().bonds;
        assert_eq!(bonds("auto"), None);
        assert_eq!(bonds("bond0, bond1,"), Some(vec!["bond0".to_owned(), "bond1".to_owned()]));
        assert_eq!(bonds(""), Some(Vec::new()));
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
