//! Bonds: whether their links are up, in one aggregate, and agreed on with the switch.

use serde::{Deserialize, Serialize};

use crate::lacp::PortState;
use crate::link::Kernel;

/// One bond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bond {
    /// Its name.
    pub name: String,
    /// Its mode, as the kernel names it, such as `802.3ad`.
    pub mode: Option<String>,
    /// Its links.
    pub ports: Vec<Port>,
    /// What is wrong with it, in words.
    pub problems: Vec<String>,
}

/// One link of a bond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The interface.
    pub name: String,
    /// Whether it is up.
    pub is_up: bool,
    /// The aggregate it is in; of LACP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregator: Option<String>,
    /// What this end says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<PortState>,
    /// What the switch says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PortState>,
    /// Whether this end has given up on an agreement (`Actor Churn State`), where the kernel says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub churned: Option<bool>,
}

/// The mode in which links are agreed on with the switch.
const LACP: &str = "802.3ad";

impl Kernel {
    /// The names of all bonds.
    pub fn bonds(&self) -> Vec<String> {
        let names = self.read("sys/class/net/bonding_masters").unwrap_or_default();
        names.split_whitespace().map(str::to_owned).collect()
    }

    /// One bond. With `passive`, the switch is one that waits to be spoken to: that it says so is no fault.
    pub fn bond(&self, name: &str, passive: bool) -> Bond {
        let mut bond = Bond { name: name.to_owned(), mode: None, ports: Vec::new(), problems: Vec::new() };
        let Some(link) = self.link(name) else {
            bond.problems.push("missing".to_owned());
            return bond;
        };
        let Ok(ports) = self.net(name, "bonding/slaves") else {
            bond.problems.push("is no bond".to_owned());
            return bond;
        };
        let mode = self.net(name, "bonding/mode").ok();
        bond.mode = mode.and_then(|mode| mode.split_whitespace().next().map(str::to_owned));
        let is_lacp = bond.mode.as_deref() == Some(LACP);
        bond.ports = ports.split_whitespace().map(|port| self.port(name, port, is_lacp)).collect();
        if !link.is_up {
            bond.problems.push("down".to_owned());
        }
        if bond.ports.is_empty() {
            bond.problems.push("has no links".to_owned());
        }
        bond.problems.extend(bond.ports.iter().filter(|port| !port.is_up).map(|port| format!("{} down", port.name)));
        if is_lacp {
            let aggregator = self.net(name, "bonding/ad_aggregator").ok();
            let problems = bond.ports.iter().filter(|port| port.is_up);
            let problems: Vec<String> =
                problems.flat_map(|port| port.problems(aggregator.as_deref(), passive)).collect();
            bond.problems.extend(problems);
        }
        bond
    }

    fn port(&self, bond: &str, name: &str, is_lacp: bool) -> Port {
        let link = self.link(name);
        let lacp = |file: &str| {
            if is_lacp { self.net(name, &format!("bonding_slave/{file}")).ok() } else { None }
        };
        let state = |file| lacp(file).and_then(|text| text.parse().ok()).map(PortState);
        Port {
            name: name.to_owned(),
            is_up: link.is_some_and(|link| link.is_up),
            aggregator: lacp("ad_aggregator_id"),
            actor: state("ad_actor_oper_port_state"),
            partner: state("ad_partner_oper_port_state"),
            churned: if is_lacp { self.churned(bond, name) } else { None },
        }
    }

    fn churned(&self, bond: &str, port: &str) -> Option<bool> {
        if !crate::link::is_name(bond) {
            return None;
        }
        let text = self.read(format!("proc/net/bonding/{bond}")).ok()?;
        let of = text.split("Slave Interface: ").skip(1).find(|of| of.lines().next().map(str::trim) == Some(port))?;
        let state = of.lines().find_map(|line| line.trim().strip_prefix("Actor Churn State: "))?;
        Some(state.trim() == "churned")
    }
}

impl Port {
    fn problems(&self, aggregator: Option<&str>, passive: bool) -> Vec<String> {
        let mut problems = Vec::new();
        if let (Some(own), Some(bonds)) = (&self.aggregator, aggregator)
            && own != bonds
        {
            problems.push(format!("{} is in aggregate {own}, the bond in {bonds}", self.name));
        }
        if let (Some(actor), Some(partner)) = (self.actor, self.partner) {
            let differ = actor.differs_from(partner, passive);
            if !differ.is_empty() {
                problems.push(format!("{}: LACP port states differ: {}", self.name, differ.join("; ")));
            } else if !actor.is_up() {
                problems.push(format!("{}: LACP is not established at either end", self.name));
            }
        }
        if self.churned == Some(true) {
            problems.push(format!("{}: LACP has given up on an agreement with the switch", self.name));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A bond of two links, of which the second has these port states and this aggregate.
    fn bond(states: (&str, &str), aggregate: &str, churn: &str) -> (tempfile::TempDir, Kernel) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        write(root, "sys/class/net/bonding_masters", "bond0\n");
        for name in ["bond0", "eno1", "eno2"] {
            write(root, &format!("sys/class/net/{name}/operstate"), "up\n");
            write(root, &format!("sys/class/net/{name}/carrier"), "1\n");
        }
        write(root, "sys/class/net/bond0/bonding/slaves", "eno1 eno2\n");
        write(root, "sys/class/net/bond0/bonding/mode", "802.3ad 4\n");
        write(root, "sys/class/net/bond0/bonding/ad_aggregator", "1\n");
        for (name, (actor, partner), aggregate) in [("eno1", ("63", "63"), "1"), ("eno2", states, aggregate)] {
            let at = |file: &str| format!("sys/class/net/{name}/bonding_slave/{file}");
            write(root, &at("ad_aggregator_id"), aggregate);
            write(root, &at("ad_actor_oper_port_state"), actor);
            write(root, &at("ad_partner_oper_port_state"), partner);
        }
        let proc = format!(
            "Bonding Mode: IEEE 802.3ad\n\nSlave Interface: eno1\nActor Churn State: none\n\nSlave Interface: eno2\n\
             Actor Churn State: {churn}\n"
        );
        write(root, "proc/net/bonding/bond0", &proc);
        let kernel = Kernel::at(root);
        (dir, kernel)
    }

    #[test]
    fn a_healthy_bond_has_no_problems() {
        let (_dir, kernel) = bond(("63", "63"), "1", "none");
        assert_eq!(kernel.bonds(), ["bond0"]);
        let found = kernel.bond("bond0", false);
        assert_eq!((found.problems.len(), found.ports.len(), found.mode.as_deref()), (0, 2, Some("802.3ad")));
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let (_dir, kernel) = bond(("7", "13"), "2", "churned");
        assert_eq!(
            kernel.bond("bond0", false).problems,
            [
                "eno2 is in aggregate 2, the bond in 1",
                "eno2: LACP port states differ: timeout: short here, long there; synchronization: link out of sync here, \
                 link in sync there",
                "eno2: LACP has given up on an agreement with the switch",
            ]
        );
    }

    #[test]
    fn a_passive_switch_is_a_fault_unless_it_is_expected() {
        let (_dir, kernel) = bond(("63", "62"), "1", "none");
        assert_eq!(kernel.bond("bond0", false).problems.len(), 1);
        assert_eq!(kernel.bond("bond0", true).problems.len(), 0);
    }

    #[test]
    fn a_bond_or_a_link_that_is_missing_or_down_is_named() {
        let (dir, kernel) = bond(("63", "63"), "1", "none");
        assert_eq!(kernel.bond("bond9", false).problems, ["missing"]);
        assert_eq!(kernel.bond("eno1", false).problems, ["is no bond"]);
        write(dir.path(), "sys/class/net/eno2/operstate", "down\n");
        assert_eq!(kernel.bond("bond0", false).problems, ["eno2 down"]);
        fs::remove_dir_all(dir.path().join("sys/class/net/eno2")).unwrap();
        assert_eq!(kernel.bond("bond0", false).problems, ["eno2 down"]);
    }
}
