//! The charm in the simulator of Juju: as a value in this process, and as its executable.

use juju_ops::testing;
use juju_sim::{Charm, Deployment, Explore, Revision, World};
use serde_json::json;

use my_charm::Operator;

/// What is in `charmcraft.yaml`.
fn metadata() -> Charm {
    Charm::from_project(env!("CARGO_MANIFEST_DIR")).unwrap()
}

fn operator() -> Revision {
    testing::revision(Operator, metadata()).unwrap()
}

/// A model with three units, `app/0` to `app/2`, whose hooks have run.
fn deployed(operator: Revision) -> World {
    let mut juju = World::new(0);
    juju.deploy("app", Deployment::of(operator).units(3))
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
fn every_unit_knows_the_others() {
    let mut juju = deployed(operator());
    assert_eq!(juju.status("app/0"), ("active", "with 2 others"));
    juju.remove_unit("app/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("app/0"), ("active", "with 1 others"));
}

#[test]
fn the_others_hear_of_another_port() {
    let mut juju = deployed(operator());
    juju.set_config("app", "port", Some(json!(80))).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.open_ports("app/0"), ["80/tcp"]);
    let done = juju.run_action("app/0", "members", json!({})).unwrap();
    assert_eq!(done.results["app-1"], "10.0.0.2:80");
    assert_eq!(done.results["app-2"], "10.0.0.3:80");
}

#[test]
fn a_unit_that_writes_rubbish_is_waited_for() {
    let mut juju = deployed(operator());
    juju.write_bag("cluster", "app/1", [("port", "eighty")])
        .unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("app/0"), ("waiting", "for 1 of 2 others"));
}

/// In whatever order hooks run, with faults, and with units that come and go.
#[test]
fn in_the_end_every_unit_knows_the_others() {
    let case = |seed| World::of_one(operator(), seed).unwrap();
    let knows_all = |juju: &mut World| {
        let units = juju.units();
        let wanted = format!("with {} others", units.len().saturating_sub(1));
        match units
            .iter()
            .find(|unit| juju.status(unit) != ("active", wanted.as_str()))
        {
            Some(unit) => Err(format!("{unit} is {}", juju.status(unit))),
            None => Ok(()),
        }
    };
    // A hook that was skipped is made good by the next one.
    let next = |juju: &mut World| {
        juju.units()
            .iter()
            .try_for_each(|unit| juju.tick(unit))
            .map_err(|error| error.to_string())
    };
    Explore::new(case)
        .cases(40)
        .before_rest(next)
        .in_the_end("every unit knows the others", knows_all)
        .run()
        .unwrap();
}

#[test]
fn the_executable_does_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let executable = env!("CARGO_BIN_EXE_my-charm");
    std::os::unix::fs::symlink(executable, dir.path().join("dispatch")).unwrap();
    let juju = deployed(Revision::executable_of(metadata(), dir.path()).unwrap());
    assert_eq!(juju.status("app/2"), ("active", "with 2 others"));
}
