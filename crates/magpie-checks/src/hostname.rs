//! Whether this host's own name can be looked up, by whatever the host looks names up with.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::program;

/// What the host is called, and whether that is known to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hostname {
    /// The name, as `hostname` prints it.
    pub hostname: String,
    /// The addresses that it stands for.
    pub addresses: Vec<IpAddr>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Hostname {
    /// Whether the name can be looked up.
    pub fn is_ok(&self) -> bool {
        !self.addresses.is_empty()
    }
}

/// Looks the host's own name up: by `getent`, which asks everything that `/etc/nsswitch.conf` names, or where there is no
/// `getent` by `/etc/hosts` and DNS. Takes no longer than `within`.
pub fn check(within: Duration) -> Hostname {
    let name = rustix::system::uname();
    let hostname = name.nodename().to_string_lossy().into_owned();
    let found = match program::output("getent", &["ahosts", &hostname], within) {
        Ok(text) => Ok(parsed(&String::from_utf8_lossy(&text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => resolved(hostname.clone(), within),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(error.to_string()),
        // 2: it asked, and there is none.
        Err(_) => Ok(Vec::new()),
    };
    match found {
        Ok(addresses) if addresses.is_empty() => {
            Hostname { hostname, addresses, error: Some("no source of names knows it".to_owned()) }
        }
        Ok(addresses) => Hostname { hostname, addresses, error: None },
        Err(error) => Hostname { hostname, addresses: Vec::new(), error: Some(error) },
    }
}

/// Each line begins with an address, which may be there for each type of socket.
fn parsed(text: &str) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for address in text.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

fn resolved(hostname: String, within: Duration) -> Result<Vec<IpAddr>, String> {
    let (answer, answered) = mpsc::channel();
    // The C library has no way to say how long; a thread that is late is left behind.
    thread::spawn(move || {
        let found = (hostname.as_str(), 0).to_socket_addrs().map(|all| all.map(|address| address.ip()).collect());
        drop(answer.send(found));
    });
    match answered.recv_timeout(within) {
        Ok(found) => found.map_err(|error: io::Error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", within.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_once() {
        let text = "10.0.0.7      STREAM host\n10.0.0.7      DGRAM\nfd00::7       STREAM\nrubbish\n\n";
        let both: Vec<IpAddr> = vec!["10.0.0.7".parse().unwrap(), "fd00::7".parse().unwrap()];
        assert_eq!(parsed(text), both);
    }

    #[test]
    fn the_name_is_that_of_the_host() {
        let found = check(Duration::from_secs(10));
        assert!(!found.hostname.is_empty());
        assert_eq!(found.is_ok(), found.error.is_none(), "{found:?}");
    }
}
