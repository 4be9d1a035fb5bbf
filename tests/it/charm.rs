//! The Magpie charm, in the process of the test and as the executable that Juju would run.

use std::path::Path;

use expect_test::expect;
use juju_ops::testing;
use juju_sim::cargo::Profile;
use juju_sim::{Charm, Fault, HookRun, Network, Retry, Revision, World};
use magpie::Magpie;
use serde_json::json;

use crate::support::{run_to, tick};
use crate::tampered;

fn definition() -> Charm {
    Charm::from_project(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn in_process() -> World {
    testing::in_process(Magpie::default(), definition()).unwrap()
}

/// The charm's executable, started for each hook, with hook commands that are executables too.
fn as_process() -> World {
    let executable = juju_sim::cargo::binary("magpie-charm", Profile::Dev).unwrap();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("charm-{:?}", std::thread::current().id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(executable, dir.join("dispatch")).unwrap();
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("metadata.yaml"), dir.join("metadata.yaml")).unwrap();
    let mut world = World::of_one(Revision::executable_of(definition(), &dir).unwrap(), 0).unwrap();
    world.set_variable("JUJU_SIM_NETWORK", "none");
    world
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
scenario!(waiting, super::a_peer_without_an_address_is_waited_for);
scenario!(later, super::a_peer_that_gets_an_address_later_is_acknowledged_then);
scenario!(silent, super::a_peer_that_advertises_nothing_counts_by_the_address_that_juju_gives_it);
scenario!(missed, super::a_network_that_no_unit_is_in_is_seen);
scenario!(huge, super::a_huge_bag_is_its_units_loss_only);
scenario!(network, super::a_network_can_be_preferred);
scenario!(fork, super::a_fork_shows_its_own_status);
scenario!(faults, super::what_goes_wrong_in_a_hook_is_made_good);
scenario!(skipped, super::a_unit_whose_first_hooks_were_skipped_is_known_to_its_peers_all_the_same);
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

/// Two units, of which the second is visible before it has said anything, has no address, and stands still.
fn with_a_mute_unit(juju: World) -> World {
    let mut juju = deploy(juju, 1);
    juju.add_unit("magpie").unwrap();
    juju.set_network("magpie/1", Network::none()).unwrap();
    juju.step_unit("magpie/1").unwrap();
    juju.pause("magpie/1").unwrap();
    juju.settle().unwrap();
    juju
}

fn a_peer_without_an_address_is_waited_for(juju: World) {
    let mut juju = with_a_mute_unit(juju);
    assert_eq!(juju.status("magpie/0"), ("waiting", "Not yet acknowledged: magpie/1"));
    let done = juju.run_action("magpie/0", "peers", json!({})).unwrap();
    assert_eq!(done.results["pending"], r#"[{"attempts":0,"event":"joined","last-error":null,"unit":"magpie/1"}]"#);
    assert_eq!(done.results["nodes"], r#"[{"address":null,"unit":"magpie/1"}]"#);

    // The operator may have it otherwise.
    let done = juju.run_action("magpie/0", "dismiss", json!({"event": "departed"})).unwrap();
    assert_eq!((&done.results["joined"], &done.results["departed"]), (&json!("0"), &json!("0")));
    let done = juju.run_action("magpie/0", "dismiss", json!({})).unwrap();
    assert_eq!(done.results["joined"], "1");
    assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 1 peer"));
}

fn a_peer_that_gets_an_address_later_is_acknowledged_then(juju: World) {
    let mut juju = with_a_mute_unit(juju);
    assert_eq!(juju.status("magpie/0").current, "waiting");
    juju.resume("magpie/1").unwrap();
    juju.settle().unwrap();
    // It says why it is not ready, and its hooks do not fail.
    assert_eq!(juju.status("magpie/1").current, "waiting");
    assert!(juju.status("magpie/1").message.starts_with("network-get magpie: "), "{:?}", juju.status("magpie/1"));
    juju.set_network("magpie/1", Network::of("10.0.0.2", "10.0.0.0/24")).unwrap();
    juju.settle().unwrap();
    for unit in juju.units() {
        assert_eq!(juju.status(&unit), ("active", "Ready, with 1 peer"));
    }
}

/// The Python Magpie of 2024, rewritten on `ops`, writes nothing; the one before it, reactive, advertises by an action only.
fn a_peer_that_advertises_nothing_counts_by_the_address_that_juju_gives_it(juju: World) {
    let mut juju = deploy(juju, 1);
    for address in ["10.0.0.2", "node-3.maas.", "node_3.maas", "2001:db8::7"] {
        let unit = juju.add_played_unit("magpie").unwrap();
        juju.write_bag("magpie", &unit, [("ingress-address", address)]).unwrap();
        juju.settle().unwrap();
        let bag = juju.bag("magpie", &unit).unwrap();
        assert_eq!(bag.keys().collect::<Vec<_>>(), ["egress-subnets", "ingress-address", "private-address"]);
        assert_eq!(juju.status("magpie/0").current, "active", "{address}");
    }
    assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 4 peers"));
}

fn a_network_that_no_unit_is_in_is_seen(juju: World) {
    let mut juju = deploy(juju, 3);
    juju.set_config("magpie", "network", Some(json!("10.9.0.0/24"))).unwrap();
    juju.settle().unwrap();
    for unit in juju.units() {
        tick(&mut juju, &unit);
        assert_eq!(juju.status(&unit), ("waiting", "network 10.9.0.0/24: no address of this unit is in it"));
    }
    let warned = |juju: &World| juju.log().iter().filter(|line| line.level == "WARNING").count();
    assert_eq!(warned(&juju), 3, "{}", juju.transcript());
    // The peers are used by the addresses that they have, and new ones are met.
    let done = juju.run_action("magpie/1", "peers", json!({})).unwrap();
    assert_eq!(
        done.results["nodes"],
        r#"[{"address":"10.0.0.1","in-network":false,"unit":"magpie/0"},{"address":"10.0.0.3","in-network":false,"unit":"magpie/2"}]"#
    );
    // An address in it that a unit gets later is seen too.
    juju.set_network("magpie/2", Network::of("10.0.0.3", "10.0.0.0/24").with_address("10.9.0.3", "10.9.0.0/24"))
        .unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/2"), ("active", "Ready, with 2 peers"));
    let done = juju.run_action("magpie/1", "peers", json!({})).unwrap();
    assert!(done.results["nodes"].as_str().unwrap().contains(r#""10.9.0.3","in-network":true"#));
    juju.set_config("magpie", "network", None).unwrap();
    juju.settle().unwrap();
    for unit in juju.units() {
        assert_eq!(juju.status(&unit), ("active", "Ready, with 2 peers"));
    }
    assert_eq!(warned(&juju), 3);
}

fn a_unit_whose_first_hooks_were_skipped_is_known_to_its_peers_all_the_same(juju: World) {
    let mut juju = deploy(juju, 1);
    juju.add_unit("magpie").unwrap();
    run_to(&mut juju, "magpie/1", "install");
    for hook in ["magpie-relation-created", "leader-settings-changed", "config-changed", "start"] {
        juju.inject("magpie/1", Fault::Fail).unwrap();
        assert_eq!(juju.step_unit("magpie/1").unwrap().hook, hook);
        juju.resolve("magpie/1", Retry::NoRetry).unwrap();
    }
    juju.settle().unwrap();
    assert_eq!(juju.bag("magpie", "magpie/1").unwrap()["iperf_addresses"], r#"["10.0.0.2"]"#);
    for unit in juju.units() {
        assert_eq!(juju.status(&unit), ("active", "Ready, with 1 peer"));
    }
}

fn a_huge_bag_is_its_units_loss_only(juju: World) {
    let mut juju = deploy(juju, 3);
    // Juju prints six bytes for each: above the limit of the process door, and not of the other.
    juju.write_bag("magpie", "magpie/1", [("x", &"<".repeat(6 << 20))]).unwrap();
    juju.settle().unwrap();
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    for unit in ["magpie/0", "magpie/1", "magpie/2"] {
        assert_eq!(juju.status(unit), ("active", "Ready, with 3 peers"));
    }
    let done = juju.run_action("magpie/0", "peers", json!({})).unwrap();
    assert!(done.results["nodes"].as_str().unwrap().contains(r#"{"address":"10.0.0.3","unit":"magpie/2"}"#));
}

fn a_network_can_be_preferred(juju: World) {
    let mut juju = deploy(juju, 2);
    juju.set_config("magpie", "network", Some(json!("192.168.7.0/24"))).unwrap();
    juju.settle().unwrap();
    juju.write_bag("magpie", "magpie/1", [("iperf_addresses", r#"["192.168.7.2"]"#)]).unwrap();
    juju.settle().unwrap();
    let done = juju.run_action("magpie/0", "peers", json!({})).unwrap();
    assert_eq!(done.results["nodes"], r#"[{"address":"192.168.7.2","in-network":true,"unit":"magpie/1"}]"#);
    juju.set_config("magpie", "network", Some(json!("192.168.7"))).unwrap();
    juju.settle().unwrap();
    let message = "configuration option network: is not a network such as 10.0.0.0/24";
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
fn the_option_network_can_be_written_in_several_ways() {
    for network in ["10.0.0.0/24\n", " 10.0.0.0/24 ", "10.0.0.0/255.255.255.0", "10.0.0.7/24"] {
        let mut juju = deploy(in_process(), 2);
        juju.set_config("magpie", "network", Some(json!(network))).unwrap();
        juju.settle().unwrap();
        assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 1 peer"), "{network:?}");
        let done = juju.run_action("magpie/0", "peers", json!({})).unwrap();
        assert_eq!(done.results["nodes"], r#"[{"address":"10.0.0.2","in-network":true,"unit":"magpie/1"}]"#);
    }
    // An address alone is a network of its own.
    let mut juju = deploy(in_process(), 2);
    juju.set_config("magpie", "network", Some(json!("10.0.0.2"))).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("waiting", "network 10.0.0.2/32: no address of this unit is in it"));
    assert_eq!(juju.status("magpie/1"), ("active", "Ready, with 1 peer"));
}

#[test]
fn an_alias_is_taken_only_where_there_is_no_other_address() {
    let mut juju = deploy(in_process(), 2);
    let network = Network::of("10.20.0.80", "10.20.0.80/32")
        .with_address("10.20.0.90", "10.20.0.0/24")
        .with_address("10.30.0.80", "10.30.0.80/32")
        .with_ingress("192.168.0.90");
    juju.set_network("magpie/1", network).unwrap();
    for (network, address) in [("10.20.0.0/24", "10.20.0.90"), ("10.30.0.0/24", "10.30.0.80")] {
        juju.set_config("magpie", "network", Some(json!(network))).unwrap();
        juju.settle().unwrap();
        let done = juju.run_action("magpie/0", "peers", json!({})).unwrap();
        let node = format!(r#"[{{"address":"{address}","in-network":true,"unit":"magpie/1"}}]"#);
        assert_eq!(done.results["nodes"], node);
    }
}

#[test]
fn a_unit_is_ready_only_when_its_peers_can_know_it() {
    let mut juju = in_process();
    juju.add_unit("magpie").unwrap();
    juju.step_unit("magpie/0").unwrap();
    assert_eq!(juju.runs().last().unwrap().hook, "install");
    assert_eq!(juju.status("magpie/0"), ("waiting", "no peer relation yet"));
    run_to(&mut juju, "magpie/0", "relation-created");
    assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 0 peers"));
}

#[test]
fn a_bag_that_cannot_be_read_fails_no_hook_and_no_action() {
    let (mut juju, answers) = tampered::world(Magpie::default(), definition());
    for _ in 0..3 {
        juju.add_unit("magpie").unwrap();
    }
    juju.settle().unwrap();
    answers.borrow_mut().insert("magpie/1".to_owned(), tampered::denied());
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 3 peers"));
    // It cannot be known whether the new unit can reach the one that it cannot read.
    assert_eq!(juju.status("magpie/3"), ("waiting", "Not yet acknowledged: magpie/1"));
    let done = juju.run_action("magpie/0", "peers", json!({})).unwrap();
    assert_eq!(done.status, "completed");
    assert_eq!(
        done.results["nodes"],
        r#"[{"address":null,"unit":"magpie/1"},{"address":"10.0.0.3","unit":"magpie/2"},{"address":"10.0.0.4","unit":"magpie/3"}]"#
    );
    let warned = "databags that cannot be read and count as empty: magpie:0 magpie/1: relation-get magpie:0 magpie/1: permission denied";
    assert_eq!(juju.log().iter().filter(|line| line.unit == "magpie/0" && line.text.ends_with(warned)).count(), 1);
}

#[test]
fn no_bag_but_that_of_the_peer_that_joined_is_read_for_a_log_line() {
    let mut juju = deploy(in_process(), 4);
    juju.add_unit("magpie").unwrap();
    juju.step_unit("magpie/4").unwrap();
    juju.clear_transcript();
    run_to(&mut juju, "magpie/0", "relation-joined");
    run_to(&mut juju, "magpie/0", "relation-changed");
    juju.remove_unit("magpie/1").unwrap();
    run_to(&mut juju, "magpie/0", "relation-departed");
    expect![[r#"
        magpie/0 magpie-relation-joined magpie:0 magpie/4
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > relation-get --format=json -r magpie:0 - magpie/4
          > config-get --format=json
          | DEBUG juju-ops: emitted magpie-peers.magpie joined magpie/4
          | DEBUG PeerJoined magpie/4: held until its relation-changed, it advertises no addresses yet
          | DEBUG juju-ops: delivered magpie-peers.magpie joined magpie/4: not yet
          > state-set --file - < {juju-ops.magpie-peers.magpie.0, juju-ops.pending.0}
          > status-set waiting -- 'Not yet acknowledged: magpie/4'
          = waiting "Not yet acknowledged: magpie/4"
        magpie/0 magpie-relation-changed magpie:0 magpie/4
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > config-get --format=json
          > relation-get --format=json -r magpie:0 - magpie/4
          | DEBUG juju-ops: redelivered magpie-peers.magpie joined magpie/4: acknowledged
          > state-delete -- juju-ops.pending.0
          > juju-log --log-level INFO -- 'PeerJoined magpie/4: acknowledged; 4 peers'
          | INFO magpie:0: PeerJoined magpie/4: acknowledged; 4 peers
          > status-set active -- 'Ready, with 4 peers'
          = active "Ready, with 4 peers"
        magpie/0 magpie-relation-departed magpie:0 magpie/1
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > relation-get --format=json -r magpie:0 - magpie/1
          > config-get --format=json
          | DEBUG juju-ops: emitted magpie-peers.magpie departed magpie/1
          | DEBUG juju-ops: delivered magpie-peers.magpie departed magpie/1: acknowledged
          > state-set --file - < {juju-ops.magpie-peers.magpie.0}
          > juju-log --log-level INFO -- 'PeerDeparted magpie/1 from 10.0.0.2: acknowledged; 3 peers'
          | INFO magpie:0: PeerDeparted magpie/1 from 10.0.0.2: acknowledged; 3 peers
          > status-set active -- 'Ready, with 3 peers'
          = active "Ready, with 3 peers"
    "#]]
    .assert_eq(&juju.transcript());
}

#[test]
fn claims_of_a_python_charm_are_withdrawn_by_the_upgrade() {
    let mut juju = deploy(in_process(), 2);
    juju.delete_state("magpie/0", "juju-ops.magpie-peers.magpie.told.0").unwrap();
    juju.write_bag("magpie", "magpie/0", [("iperf.server", "True"), ("iperf.checked", "['None magpie/1']")]).unwrap();
    juju.refresh("magpie", testing::revision(Magpie::default(), definition()).unwrap()).unwrap();
    juju.settle().unwrap();
    let bag = juju.bag("magpie", "magpie/0").unwrap();
    assert_eq!(bag.keys().filter(|key| key.starts_with("iperf")).collect::<Vec<_>>(), ["iperf_addresses"]);
}

#[test]
fn at_rest_a_unit_asks_four_things_and_writes_nothing() {
    let mut juju = deploy(in_process(), 3);
    juju.clear_transcript();
    tick(&mut juju, "magpie/0");
    expect![[r#"
        magpie/0 update-status
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > config-get --format=json
          > relation-list --format=json -r magpie:0
    "#]]
    .assert_eq(&juju.transcript());
}

/// What Juju shows is noted on the unit's disk, which outlives what a hook does not.
#[test]
fn juju_is_asked_for_the_status_at_the_same_times_by_a_value_and_by_an_executable() {
    let of_statuses = |juju: World| -> Vec<String> {
        let mut juju = deploy(juju, 2);
        for _ in 0..13 {
            tick(&mut juju, "magpie/0");
        }
        for fault in [Fault::Fail, Fault::CrashBeforeFlush, Fault::CrashAfterFlush] {
            juju.inject("magpie/0", fault).unwrap();
            juju.add_unit("magpie").unwrap();
            juju.settle().unwrap();
        }
        // The number of peers is in the status. It dies before each call of a hook that changes it, and after the last.
        for call in 3..8 {
            juju.inject("magpie/1", Fault::KillAt(call)).unwrap();
            let last = juju.units().pop().unwrap();
            juju.remove_unit(&last).unwrap();
            juju.add_unit("magpie").unwrap();
            juju.settle().unwrap();
        }
        juju.run_action("magpie/1", "peers", json!({})).unwrap();
        juju.reboot("magpie/1").unwrap();
        juju.restart_agent("magpie/0").unwrap();
        juju.settle().unwrap();
        tick(&mut juju, "magpie/1");
        let of_status = |run: &HookRun| {
            let commands = run.commands().map(ToString::to_string).filter(|it| it.starts_with("status-"));
            format!("{}: {} = {}", run.title(), commands.collect::<Vec<_>>().join(", "), run.status)
        };
        juju.runs().iter().map(of_status).collect()
    };
    let (value, executable) = (of_statuses(in_process()), of_statuses(as_process()));
    let asks = value.iter().filter(|run| run.contains("status-get")).count();
    assert!(asks * 3 < value.len(), "{asks} of {}", value.len());
    assert_eq!(value, executable);
}

fn a_fork_shows_its_own_status(juju: World) {
    let mut juju = deploy(juju, 2);
    tick(&mut juju, "magpie/0");
    let mut fork = juju.fork();
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    for _ in 0..3 {
        tick(&mut fork, "magpie/0");
        assert_eq!(fork.status("magpie/0"), ("active", "Ready, with 1 peer"));
    }
    fork.add_unit("magpie").unwrap();
    fork.settle().unwrap();
    for juju in [juju, fork] {
        assert_eq!(juju.status("magpie/0"), ("active", "Ready, with 2 peers"));
    }
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
    let said = "PeerDeparted magpie/1 from 10.0.0.2: acknowledged; 1 peer";
    let logged = juju.log().iter().any(|line| line.text.contains(said));
    assert!(logged, "{}", juju.transcript());
}
