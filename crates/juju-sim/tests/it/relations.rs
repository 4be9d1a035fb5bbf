use expect_test::expect;
use juju_sim::{Network, ProgramEnd, Settings};

use crate::support::{deploy, hooks, run_to, world, world_with};

#[test]
fn three_units_each_join_and_change_for_each_other_one() {
    let mut world = world(|_| {});
    deploy(&mut world, 3);
    for unit in ["magpie/0", "magpie/1", "magpie/2"] {
        let runs: Vec<_> = world.runs().iter().filter(|run| run.unit == unit && run.remote_unit.is_some()).collect();
        let others: Vec<_> = ["magpie/0", "magpie/1", "magpie/2"].into_iter().filter(|u| *u != unit).collect();
        assert_eq!(world.members(unit, "magpie").unwrap(), others);
        for pair in runs.chunks(2) {
            assert_eq!(
                (pair[0].hook.as_str(), pair[1].hook.as_str()),
                ("magpie-relation-joined", "magpie-relation-changed")
            );
            assert_eq!(pair[0].remote_unit, pair[1].remote_unit);
        }
        assert_eq!(runs.len(), 4);
    }
}

#[test]
fn joins_come_in_lexical_order() {
    let mut world = world(|_| {});
    deploy(&mut world, 1);
    world.pause("magpie/0").unwrap();
    deploy(&mut world, 10);
    world.resume("magpie/0").unwrap();
    world.settle().unwrap();
    let joined: Vec<_> = hooks(&world, "magpie/0").into_iter().filter(|hook| hook.contains("joined")).collect();
    assert_eq!(
        joined[..3],
        [
            "magpie-relation-joined magpie:0 magpie/1",
            "magpie-relation-joined magpie:0 magpie/10",
            "magpie-relation-joined magpie:0 magpie/2"
        ]
    );
}

#[test]
fn juju_fills_the_bag_at_entry_and_rewrites_addresses_after_config_changed() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    expect![[r#"
        {
            "egress-subnets": "10.0.0.2/32",
            "ingress-address": "10.0.0.2",
            "private-address": "10.0.0.2",
        }
    "#]]
    .assert_debug_eq(&world.bag("magpie", "magpie/1").unwrap());
    let mut moved = Network::of("fd00::5", "fd00::/64");
    moved.egress_subnets = Vec::new();
    world.set_network("magpie/1", moved).unwrap();
    assert_eq!(world.bag("magpie", "magpie/1").unwrap()["ingress-address"], "10.0.0.2");
    world.settle().unwrap();
    expect![[r#"
        {
            "ingress-address": "fd00::5",
            "private-address": "fd00::5",
        }
    "#]]
    .assert_debug_eq(&world.bag("magpie", "magpie/1").unwrap());
    assert_eq!(hooks(&world, "magpie/1"), ["config-changed"]);
    assert_eq!(hooks(&world, "magpie/0"), ["magpie-relation-changed magpie:0 magpie/1"]);
}

#[test]
fn a_bag_that_was_read_is_stale_until_its_changed() {
    let mut world = world(|hook| {
        let bag = hook.try_call("relation-get -r 0 x magpie/1");
        hook.0.tools.stdout(&format!("x={}", String::from_utf8_lossy(&bag.stdout).trim_end()));
    });
    deploy(&mut world, 2);
    world.write_bag("magpie", "magpie/1", [("x", "new")]).unwrap();
    world.set_config("magpie", "mtu", Some(1.into())).unwrap();
    run_to(&mut world, "magpie/0", "config-changed");
    run_to(&mut world, "magpie/0", "magpie-relation-changed");
    world.tick("magpie/0").unwrap();
    world.step_unit("magpie/0");
    world.write_bag("magpie", "magpie/1", [("x", "newer")]).unwrap();
    world.restart_agent("magpie/0").unwrap();
    world.set_config("magpie", "mtu", Some(2.into())).unwrap();
    run_to(&mut world, "magpie/0", "config-changed");
    expect![[r#"
        magpie/0 config-changed
          > relation-get -r 0 x magpie/1
          | DEBUG x=
        magpie/0 magpie-relation-changed magpie:0 magpie/1
          > relation-get -r 0 x magpie/1
          | DEBUG x=new
        magpie/0 update-status
          > relation-get -r 0 x magpie/1
          | DEBUG x=new
        magpie/0 config-changed
          > relation-get -r 0 x magpie/1
          | DEBUG x=newer
    "#]]
    .assert_eq(&world.transcript());
}

#[test]
fn app_bags_are_fresh_and_their_changes_reach_the_leader_too() {
    let mut world = world(|hook| {
        if hook.name() == "update-status" {
            hook.call("relation-set -r 0 --app term=1");
            assert_eq!(hook.call("relation-get -r 0 --app term magpie"), "1");
        }
        if hook.name() == "magpie-relation-changed" && hook.var("JUJU_REMOTE_UNIT") == Some("") {
            assert_eq!(hook.call("relation-get --app term"), "1");
        }
    });
    deploy(&mut world, 2);
    world.tick("magpie/0").unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/0"), ["update-status", "magpie-relation-changed magpie:0"]);
    assert_eq!(hooks(&world, "magpie/1"), ["magpie-relation-changed magpie:0"]);
}

#[test]
fn writes_coalesce_and_no_net_change_is_no_event() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.write_bag("magpie", "magpie/1", [("x", "1")]).unwrap();
    world.write_bag("magpie", "magpie/1", [("x", "2")]).unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/0"), ["magpie-relation-changed magpie:0 magpie/1"]);
    world.clear_transcript();
    world.write_bag("magpie", "magpie/1", [("x", "2")]).unwrap();
    world.settle().unwrap();
    assert_eq!(world.transcript(), "");
    // There and back again moves the version twice.
    world.write_bag("magpie", "magpie/1", [("x", "3")]).unwrap();
    world.write_bag("magpie", "magpie/1", [("x", "2")]).unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/0"), ["magpie-relation-changed magpie:0 magpie/1"]);
}

#[test]
fn an_endpoint_can_have_a_second_relation() {
    let mut world = world(|hook| {
        if hook.name() == "update-status" {
            hook.0.tools.stdout(&hook.call("relation-ids magpie --format=json"));
        }
    });
    deploy(&mut world, 2);
    assert_eq!(world.add_peer_relation("magpie", "magpie").unwrap().to_string(), "1");
    assert!(world.add_peer_relation("magpie", "other").is_err());
    world.settle().unwrap();
    assert_eq!(
        hooks(&world, "magpie/0"),
        [
            "magpie-relation-created magpie:1",
            "magpie-relation-joined magpie:1 magpie/1",
            "magpie-relation-changed magpie:1 magpie/1"
        ]
    );
    world.tick("magpie/0").unwrap();
    let run = run_to(&mut world, "magpie/0", "update-status");
    assert_eq!(run.log().next().unwrap().1, r#"["magpie:0","magpie:1"]"#);
}

#[test]
fn what_is_listed_and_readable_in_each_hook() {
    let mut world = world_with(3, |hook| {
        if hook.name().starts_with("magpie-relation") {
            hook.0.tools.stdout(&hook.call("relation-list --format=json"));
            if hook.name() == "magpie-relation-departed" {
                let departed = if hook.unit() == "magpie/0" { "10.0.0.2" } else { "10.0.0.1" };
                assert_eq!(hook.call("relation-get ingress-address"), departed);
            }
        }
        let other = hook.try_call("relation-get -r magpie:0 - other/0");
        let code = if hook.name() == "install" { 2 } else { 1 };
        assert_eq!(other.code, code, "{other:?}");
        ProgramEnd::Exit(0)
    });
    deploy(&mut world, 0);
    world.add_unit("magpie").unwrap();
    world.add_unit("magpie").unwrap();
    world.settle().unwrap();
    world.remove_unit("magpie/1").unwrap();
    world.settle().unwrap();
    let lists: Vec<_> = world
        .runs()
        .iter()
        .filter(|run| run.unit == "magpie/0" && run.relation.is_some())
        .map(|run| format!("{} {}", run.hook, run.log().next().unwrap().1))
        .collect();
    assert_eq!(
        lists,
        [
            "magpie-relation-created []",
            r#"magpie-relation-joined ["magpie/1"]"#,
            r#"magpie-relation-changed ["magpie/1"]"#,
            "magpie-relation-departed []",
        ]
    );
    assert_ne!(world.bag("magpie", "magpie/1").unwrap(), Settings::new());
}
