//! The charm in the simulator, by both doors.

use std::fs;

use fresh::Fresh;
use juju_ops::testing;
use juju_sim::{Charm, Revision, World};

fn charm() -> Charm {
    Charm::from_project(env!("CARGO_MANIFEST_DIR")).unwrap()
}

fn three_units(revision: Revision) {
    let mut juju = World::of_one(revision, 0).unwrap();
    for _ in 0..3 {
        juju.add_unit("fresh").unwrap();
    }
    juju.settle().unwrap();
    assert_eq!(juju.status("fresh/2"), ("active", "Hello, 2 peers"));
    juju.remove_unit("fresh/1").unwrap();
    juju.set_config("fresh", "greeting", Some("Good day".into())).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("fresh/2"), ("active", "Good day, 1 peers"));
}

#[test]
fn as_a_value() {
    three_units(testing::revision(Fresh::default(), charm()).unwrap());
}

#[test]
fn as_the_executable() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(env!("CARGO_BIN_EXE_fresh"), dir.path().join("dispatch")).unwrap();
    three_units(Revision::executable_of(charm(), dir.path()).unwrap());
}
