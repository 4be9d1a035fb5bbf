use expect_test::expect;
use juju_sim::Fault;

use crate::support::{deploy, hooks, run_to, world};

#[test]
fn both_sides_of_a_removal() {
    let mut world = world(|hook| {
        if let Some(departing) = hook.var("JUJU_DEPARTING_UNIT") {
            hook.0
                .tools
                .stdout(&format!("departing {departing}, members [{}]", hook.call("relation-list").replace('\n', " ")));
        }
    });
    deploy(&mut world, 3);
    world.remove_unit("magpie/1").unwrap();
    // The others see the departure before the unit has done anything.
    run_to(&mut world, "magpie/0", "magpie-relation-departed");
    run_to(&mut world, "magpie/2", "magpie-relation-departed");
    world.settle().unwrap();
    expect![[r#"
        magpie/0 magpie-relation-departed magpie:0 magpie/1
          > relation-list
          | DEBUG departing magpie/1, members [magpie/2]
        magpie/2 magpie-relation-departed magpie:0 magpie/1
          > relation-list
          | DEBUG departing magpie/1, members [magpie/0]
        magpie/1 magpie-relation-departed magpie:0 magpie/0 (departing magpie/1)
          > relation-list
          | DEBUG departing magpie/1, members [magpie/2]
        magpie/1 magpie-relation-departed magpie:0 magpie/2 (departing magpie/1)
          > relation-list
          | DEBUG departing magpie/1, members []
        magpie/1 stop
          = terminated ""
        magpie/1 remove
          = gone ""
    "#]]
    .assert_eq(&world.transcript());
    assert_eq!(world.units(), ["magpie/0", "magpie/2"]);
    assert_eq!(world.add_unit("magpie").unwrap(), "magpie/3");
}

#[test]
fn a_leader_that_is_removed_hands_over_when_it_is_gone() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.remove_unit("magpie/0").unwrap();
    run_to(&mut world, "magpie/0", "stop");
    assert_eq!(world.model().leader("magpie"), Some("magpie/0"));
    world.settle().unwrap();
    assert_eq!(world.model().leader("magpie"), Some("magpie/1"));
    assert_eq!(
        hooks(&world, "magpie/0"),
        [
            "leader-settings-changed",
            "magpie-relation-departed magpie:0 magpie/1 (departing magpie/0)",
            "stop",
            "remove"
        ]
    );
    assert!(hooks(&world, "magpie/1").contains(&"leader-elected".to_owned()));
}

#[test]
fn an_agent_that_restarted_breaks_the_peer_relation_when_dying() {
    let mut world = world(|hook| {
        if hook.name() == "magpie-relation-broken" {
            assert_eq!(hook.var("JUJU_REMOTE_APP"), Some(""));
            assert_eq!(hook.call("relation-ids magpie"), "magpie:0");
            assert_eq!(hook.call("relation-list --app"), "magpie");
        }
    });
    deploy(&mut world, 2);
    world.restart_agent("magpie/1").unwrap();
    world.settle().unwrap();
    world.clear_transcript();
    world.remove_unit("magpie/1").unwrap();
    world.settle().unwrap();
    assert_eq!(
        hooks(&world, "magpie/1"),
        [
            "magpie-relation-departed magpie:0 magpie/0 (departing magpie/1)",
            "magpie-relation-broken magpie:0",
            "stop",
            "remove"
        ]
    );
}

#[test]
fn departures_are_seen_after_an_outage_and_never_by_those_who_never_joined() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.pause("magpie/0").unwrap();
    world.add_unit("magpie").unwrap();
    world.remove_unit("magpie/1").unwrap();
    world.settle().unwrap();
    world.remove_unit("magpie/2").unwrap();
    world.settle().unwrap();
    assert_eq!(world.units(), ["magpie/0"]);
    world.resume("magpie/0").unwrap();
    world.clear_transcript();
    world.settle().unwrap();
    assert_eq!(world.transcript(), "magpie/0 magpie-relation-departed magpie:0 magpie/1\n");
}

#[test]
fn a_failing_hook_of_a_removed_unit_is_retried_first() {
    let mut world = world(|_| {});
    deploy(&mut world, 1);
    world.add_unit("magpie").unwrap();
    run_to(&mut world, "magpie/1", "install");
    world.inject("magpie/0", Fault::Fail).unwrap();
    run_to(&mut world, "magpie/0", "magpie-relation-joined");
    world.clear_transcript();
    world.remove_unit("magpie/1").unwrap();
    world.settle().unwrap();
    assert_eq!(
        hooks(&world, "magpie/0"),
        [
            "magpie-relation-joined magpie:0 magpie/1",
            "magpie-relation-changed magpie:0 magpie/1",
            "magpie-relation-departed magpie:0 magpie/1"
        ]
    );
    // Installed, and never started: no stop.
    assert_eq!(hooks(&world, "magpie/1").last().unwrap(), "remove");
    assert!(!hooks(&world, "magpie/1").contains(&"stop".to_owned()));
}

#[test]
fn a_unit_that_never_ran_is_simply_gone() {
    let mut world = world(|_| {});
    let unit = world.add_unit("magpie").unwrap();
    world.remove_unit(&unit).unwrap();
    world.settle().unwrap();
    assert_eq!((world.units().len(), world.transcript().as_str()), (0, ""));
    assert_eq!(world.status(&unit), ("gone", ""));
    assert_eq!(world.remove_unit("nothing").unwrap_err().to_string(), "no unit \"nothing\"");
}

#[test]
fn a_dying_unit_does_not_begin_to_install() {
    let mut juju = juju_sim::World::new(1);
    let charm = crate::support::revision("{name: pg, storage: {data: {type: filesystem}}}", |_| {});
    juju.deploy("pg", charm).unwrap();
    run_to(&mut juju, "pg/0", "data-storage-attached");
    juju.inject("pg/0", Fault::KillAt(0)).unwrap();
    run_to(&mut juju, "pg/0", "install");
    juju.clear_transcript();
    juju.remove_unit("pg/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "pg/0"), ["data-storage-detaching data/0"]);
    assert!(juju.units().is_empty());
}

#[test]
fn a_unit_is_removed_while_its_hook_is_queued_or_has_failed() {
    for (fault, first) in [(Fault::KillAt(0), "config-changed"), (Fault::Fail, "config-changed")] {
        let mut world = world(|_| {});
        deploy(&mut world, 2);
        world.set_config("magpie", "mtu", Some(1.into())).unwrap();
        world.inject("magpie/1", fault).unwrap();
        run_to(&mut world, "magpie/1", "config-changed");
        world.clear_transcript();
        world.remove_unit("magpie/1").unwrap();
        world.settle().unwrap();
        let ran = hooks(&world, "magpie/1");
        assert_eq!(ran[0], first);
        let rest = ["magpie-relation-departed magpie:0 magpie/0 (departing magpie/1)", "stop", "remove"];
        assert_eq!(ran[1..], rest);
        assert_eq!(world.units(), ["magpie/0"]);
    }
}
