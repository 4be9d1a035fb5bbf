//! LLDP: which port of which switch a link goes to, as `lldpd` has learnt it.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::program;

/// The other end of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// The interface of this host.
    pub interface: String,
    /// The name of the switch.
    pub chassis: Option<String>,
    /// What the port is called there.
    pub port: Option<String>,
    /// What the port is described as there.
    pub description: Option<String>,
    /// Its VLANs.
    pub vlans: Vec<String>,
}

/// Why there is nothing to be had of LLDP.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `lldpcli` is not installed.
    #[error("lldpd is not installed on this machine (no lldpcli)")]
    Missing,
    /// It failed, or took too long.
    #[error("lldpcli: {0}")]
    Failed(#[from] io::Error),
    /// It printed something else.
    #[error("lldpcli: its answer is not JSON: {0}")]
    Answer(#[from] serde_json::Error),
}

/// The neighbours that `lldpd` knows. Takes no longer than `within`.
///
/// # Errors
/// `lldpcli` is missing, fails, or does not answer with JSON.
pub fn neighbours(within: Duration) -> Result<Vec<Neighbour>, Error> {
    let text = program::output("lldpcli", &["-f", "json", "show", "neighbors", "details"], within);
    let text = text.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Missing,
        _ => Error::Failed(error),
    })?;
    Ok(read(&serde_json::from_slice(&text)?))
}

/// `lldpcli` prints a list where there are several of a thing, and the thing itself where there is one.
fn read(answer: &Value) -> Vec<Neighbour> {
    let mut neighbours = Vec::new();
    for interfaces in several(answer.pointer("/lldp/interface")) {
        for (name, of) in interfaces.as_object().into_iter().flatten() {
            let chassis = of.get("chassis").and_then(Value::as_object);
            let vlans = several(of.get("vlan"));
            neighbours.push(Neighbour {
                interface: name.clone(),
                // The name is the key, where the switch has one; else the key is `id`.
                chassis: chassis.and_then(|of| of.keys().find(|key| *key != "id").cloned()),
                port: of.pointer("/port/id/value").and_then(text),
                description: of.pointer("/port/descr").and_then(text),
                vlans: vlans.filter_map(|vlan| vlan.get("vlan-id").and_then(text)).collect(),
            });
        }
    }
    neighbours
}

fn several(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (all, one) = match value {
        Some(Value::Array(all)) => (all.as_slice(), None),
        one => (&[][..], one),
    };
    all.iter().chain(one)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether the switch's description of a port names this host, as it is good practice: none where there is no description.
pub fn names_host(neighbour: &Neighbour, hostname: &str) -> Option<bool> {
    let short = hostname.split('.').next().unwrap_or(hostname).to_lowercase();
    neighbour.description.as_ref().map(|description| description.to_lowercase().contains(&short))
}

/// The interfaces whose port is described as another host's, with that description.
pub fn misnamed(neighbours: &[Neighbour], hostname: &str) -> Vec<(String, String)> {
    let wrong = neighbours.iter().filter(|neighbour| names_host(neighbour, hostname) == Some(false));
    wrong.map(|it| (it.interface.clone(), it.description.clone().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_neighbour_and_several_are_read_alike() {
        let one = json!({
            "chassis": {"tor-1": {"id": {"type": "mac", "value": "02:00:00:00:00:01"}}},
            "port": {"id": {"type": "ifname", "value": "Eth1/7"}, "descr": "node-7 eno1"},
            "vlan": {"vlan-id": "100", "pvid": true},
        });
        let alone = read(&json!({"lldp": {"interface": {"eno1": one}}}));
        assert_eq!(alone, read(&json!({"lldp": {"interface": [{"eno1": one}]}})));
        let [found] = alone.as_slice() else { panic!("{alone:?}") };
        assert_eq!((found.chassis.as_deref(), found.port.as_deref()), (Some("tor-1"), Some("Eth1/7")));
        assert_eq!(found.vlans, ["100"]);
        assert_eq!(names_host(found, "node-7.maas"), Some(true));
        assert_eq!(names_host(found, "node-8"), Some(false));
    }

    #[test]
    fn what_is_not_there_or_otherwise_is_left_out() {
        for nothing in [json!({}), json!({"lldp": {}}), json!([]), json!({"lldp": {"interface": "eno1"}}), json!(null)]
        {
            assert_eq!(read(&nothing), [], "{nothing}");
        }
        let [found] = &read(&json!({"lldp": {"interface": {"eno1": {"chassis": {"id": {}}, "vlan": [{}, 7]}}}}))[..]
        else {
            panic!("one interface")
        };
        assert_eq!((&found.chassis, &found.port, found.vlans.len()), (&None, &None, 0));
        assert_eq!(names_host(found, "node-7"), None);
    }
}
