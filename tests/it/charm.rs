//! The Magpie charm, in the process of the test and as the executable that Juju would run.

use std::path::Path;

use expect_test::expect;
use juju_ops::testing;
use juju_sim::cargo::Profile;
use juju_sim::{Charm, Fault, Revision, World};
use magpie::Magpie;
use serde_json::json;

use crate::support::tick;

fn definition() -> Charm {
    Charm::from_project(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn in_process() -> World {
    testing::in_process(Magpie::default(), definition()).unwrap()
}

/// The charm's executable, started for each hook, with hook commands that are executables too.
fn as_process() -> World {
    let executable = juju_sim::cargo::binary("magpie", Profile::Dev).unwrap();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("charm-{:?}", std::thread::current().id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(executable, dir.join("dispatch")).unwrap();
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("metadata.yaml"), dir.join("metadata.yaml")).unwrap();
    World::of_one(Revision::executable_of(definition(), &dir).unwrap(), 0).unwrap()
}

/// Defines a test of one scenario for each door to the charm.
macro_rules! scenario {
    ($name:ident, $scenario:expr) => {
        mod $name {
            #[test]
            fn in_process() {
                $scenario(super::in_process());
            }

            #[test]
            fn as_process() {
                $scenario(super::as_process());
            }
        }
    };
}

fn deploy(mut juju: World, units: usize) -> World {
    for _ in 0..units {
        juju.add_unit("magpie").unwrap();
    }
    juju.settle().unwrap();
    juju
}

#[test]
fn what_the_charm_observes_is_in_its_metadata() {
    testing::check(&Magpie::default(), &definition()).unwrap();
}

scenario!(ready, super::units_get_ready_and_know_each_other);
scenario!(waiting, super::a_peer_that_advertises_nothing_is_waited_for);
scenario!(later, super::a_peer_that_advertises_later_is_acknowledged_then);
scenario!(network, super::a_network_can_be_preferred);
scenario!(faults, super::what_goes_wrong_in_a_hook_is_made_good);
scenario!(departure, super::those_that_remain_know_it_and_the_one_that_leaves_ends_well);

fn units_get_ready_and_know_each_other(juju: World) {
    let mut juju = deploy(juju, 3);
    for unit in juju.units() {
        assert_eq!(juju.status(&unit), ("active", "Ready, with 2 peers"));
    }
    let done = juju.run_action("magpie/1", "peers", json!({})).unwrap();
    assert_eq!(
        done.results["nodes"],
        r#"[{"address":"10.0.0.1","unit":"magpie/0"},{"address":"10.0.0.3","unit":"magpie/2"}]"#
    );
    assert_eq!(done.results["pending"], "[]");
}

fn a_peer_that_advertises_nothing_is_waited_for(juju: World) {
    let mut juju = deploy(juju, 1);
    juju.add_unit("magpie").unwrap();
    // It is visible before it has said anything.
    juju.step_unit("magpie/1").unwrap();
    juju.pause("magpie/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("waiting", "Not yet acknowledged: magpie/1"));
    let done = juju.run_action("magpie/0", "peers", json!({})).unwrap();
    assert_eq!(done.results["pending"], r#"[{"attempts":0,"event":"joined","last-error":null,"unit":"magpie/1"}]"#);

    // The operator may have it otherwise.
    let done = juju.run_action("magpie/0", "dismiss", json!({"event": "departed"})).unwrap();
    assert_eq!((&done.results["joined"], &done.results["departed"]), (&json!("0"), &json!("0")));
    let done = juju.run_action("magpie/0", "dismiss", json!({})).unwrap();
    assert_eq!(done.results["joined"], "1");
    assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 1 peer"));
}

fn a_peer_that_advertises_later_is_acknowledged_then(juju: World) {
    let mut juju = deploy(juju, 1);
    juju.add_unit("magpie").unwrap();
    juju.step_unit("magpie/1").unwrap();
    juju.pause("magpie/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0").current, "waiting");
    juju.resume("magpie/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 1 peer"));
}

fn a_network_can_be_preferred(juju: World) {
    let mut juju = deploy(juju, 2);
    juju.set_config("magpie", "network", Some(json!("192.168.7.0/24"))).unwrap();
    juju.settle().unwrap();
    juju.write_bag("magpie", "magpie/1", &[("iperf_addresses", r#"["192.168.7.2"]"#)]).unwrap();
    juju.settle().unwrap();
    let done = juju.run_action("magpie/0", "peers", json!({})).unwrap();
    assert_eq!(done.results["nodes"], r#"[{"address":"192.168.7.2","in-network":true,"unit":"magpie/1"}]"#);
    juju.set_config("magpie", "network", Some(json!("192.168.7"))).unwrap();
    juju.settle().unwrap();
    let message = "configuration option network: \"192.168.7\" is not a CIDR";
    assert_eq!(juju.status("magpie/0"), ("blocked", message));
    // The mistake blocks the units, and fails none of their hooks.
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    juju.remove_unit("magpie/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0").current, "blocked");
    juju.set_config("magpie", "network", None).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0").current, "active");
}

#[test]
fn at_rest_a_unit_makes_five_calls_and_writes_nothing() {
    let mut juju = deploy(in_process(), 3);
    juju.clear_transcript();
    tick(&mut juju, "magpie/0");
    expect![[r#"
        magpie/0 update-status
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > config-get --format=json
          > status-get --format=json --include-data
    "#]]
    .assert_eq(&juju.transcript());
}

fn what_goes_wrong_in_a_hook_is_made_good(mut juju: World) {
    for fault in [Fault::Fail, Fault::KillAt(3), Fault::CrashBeforeFlush, Fault::CrashAfterFlush, Fault::RejectFlush] {
        let unit = juju.add_unit("magpie").unwrap();
        juju.step_unit(&unit).unwrap();
        juju.inject(&juju.units()[0].clone(), fault).unwrap();
        juju.settle().unwrap();
    }
    for unit in juju.units() {
        assert_eq!(juju.status(&unit), ("active", "Ready, with 4 peers"));
    }
}

fn those_that_remain_know_it_and_the_one_that_leaves_ends_well(juju: World) {
    let mut juju = deploy(juju, 3);
    juju.remove_unit("magpie/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.units(), ["magpie/0", "magpie/2"]);
    for unit in juju.units() {
        assert_eq!(juju.status(&unit), ("active", "Ready, with 1 peer"));
    }
    let logged =
        juju.log().iter().any(|line| line.text.contains("PeerDeparted magpie/1: acknowledged; peers: magpie/2"));
    assert!(logged, "{}", juju.transcript());
}
