//! The charm in the README: it is the example, to the letter, and does what the README says.

use juju_ops::testing;
use juju_sim::{Charm, Network};
use magpie_peers::MagpiePeersRequirer;

use crate::support::METADATA;

#[path = "../../examples/demo.rs"]
#[allow(dead_code, reason = "its main is for the example")]
mod demo;

#[test]
fn the_example_is_in_the_readme() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("```rust,no_run\n{}```", include_str!("../../examples/demo.rs"))));
}

#[test]
fn the_example_waits_for_its_peers_and_counts_them() {
    let mut juju = testing::in_process(
        demo::Demo { peers: MagpiePeersRequirer::new("magpie") },
        Charm::parse(METADATA, None, None).unwrap(),
    )
    .unwrap();
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 0 peers"));
    juju.add_unit("magpie").unwrap();
    juju.add_unit("magpie").unwrap();
    let network = Network::of("10.0.0.2", "10.0.0.0/24");
    juju.set_network("magpie/1", Network::none()).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("waiting", "for magpie/1"));
    assert!(juju.status("magpie/1").message.starts_with("network-get magpie: "));
    juju.set_network("magpie/1", network).unwrap();
    juju.settle().unwrap();
    for unit in juju.units() {
        assert_eq!(juju.status(&unit), ("active", "Ready, with 2 peers"));
    }
    juju.remove_unit("magpie/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 1 peers"));
}
