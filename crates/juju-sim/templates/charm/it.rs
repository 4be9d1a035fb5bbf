//! The charm in the simulator of Juju: as a value in this process, and as its executable.

use juju_ops::testing;
use juju_sim::{Charm, Revision, World};
use serde_json::json;

use my_charm::Operator;

/// What is in `charmcraft.yaml`.
fn metadata() -> Charm {
    Charm::from_project(env!("CARGO_MANIFEST_DIR")).unwrap()
}

/// A model with one unit, `app/0`, whose hooks have run.
fn deployed() -> World {
    let mut juju = World::new(0);
    juju.deploy("app", testing::revision(Operator, metadata()).unwrap())
        .unwrap();
    juju.settle().unwrap();
    juju
}

#[test]
fn the_charm_uses_all_of_its_metadata() {
    testing::check(&Operator, &metadata()).unwrap();
    assert!(testing::unused(&Operator, &metadata()).unwrap().is_empty());
}

#[test]
fn the_port_follows_the_configuration() {
    let mut juju = deployed();
    assert_eq!(juju.status("app/0"), ("active", "on port 8080"));
    juju.set_config("app", "port", Some(json!(80))).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("app/0"), ("active", "on port 80"));
    assert_eq!(juju.open_ports("app/0"), ["80/tcp"]);
}

#[test]
fn a_port_that_is_none_blocks_the_unit_and_changes_nothing() {
    let mut juju = deployed();
    juju.set_config("app", "port", Some(json!(70_000))).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("app/0").current, "blocked");
    assert_eq!(juju.open_ports("app/0"), ["8080/tcp"]);
}

#[test]
fn the_action_tells_where_the_service_is() {
    let mut juju = deployed();
    let done = juju
        .run_action("app/0", "url", json!({"scheme": "https"}))
        .unwrap();
    assert_eq!(done.results["url"], "https://10.0.0.1:8080");
    // Juju refuses what the schema of the parameters does not allow.
    juju.run_action("app/0", "url", json!({"scheme": "ftp"}))
        .unwrap_err();
}

#[test]
fn the_executable_does_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let executable = env!("CARGO_BIN_EXE_my-charm");
    std::os::unix::fs::symlink(executable, dir.path().join("dispatch")).unwrap();
    let mut juju = World::new(0);
    juju.deploy(
        "app",
        Revision::executable_of(metadata(), dir.path()).unwrap(),
    )
    .unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("app/0"), ("active", "on port 8080"));
}
