//! Refreshing an application while its units still run the old revision.

use juju_sim::{Deployment, Fault, Observation, Revision, World};

use crate::support::{hooks, revision};

const ONE: &str = "{name: m, peers: {m: {interface: m}}, requires: {db: {interface: pg}}}";
const TWO: &str = "{name: m, peers: {m: {interface: m}, more: {interface: others}}, requires: {db: {interface: pg}}}";

fn saying(metadata: &str, version: &'static str) -> Revision {
    revision(metadata, move |hook| {
        if hook.name() == "update-status" {
            hook.0.tools.stdout(version);
        }
    })
}

#[test]
fn in_mid_rollout_each_unit_runs_its_own_revisions_program() {
    let mut juju = World::new(2);
    juju.deploy("m", Deployment::of(saying(ONE, "one")).units(3)).unwrap();
    juju.settle().unwrap();
    juju.hold("m/1", Observation::Upgrade).unwrap();
    juju.refresh("m", saying(TWO, "two")).unwrap();
    juju.clear_transcript();
    juju.settle().unwrap();
    assert_eq!(
        hooks(&juju, "m/0"),
        [
            "upgrade-charm",
            "config-changed",
            "more-relation-created more:1",
            "more-relation-joined more:1 m/2",
            "more-relation-changed more:1 m/2"
        ]
    );
    // The unit that is late knows no endpoint that its charm lacks, and is not seen there.
    assert!(hooks(&juju, "m/1").is_empty());
    let says = |juju: &mut World, unit: &str| {
        juju.tick(unit).unwrap();
        juju.settle().unwrap();
        juju.log().last().unwrap().text.clone()
    };
    assert_eq!(["m/0", "m/1", "m/2"].map(|unit| says(&mut juju, unit)), ["two", "one", "two"]);
    // A new unit has the newest.
    let new = juju.add_unit("m").unwrap();
    juju.settle().unwrap();
    assert_eq!(says(&mut juju, &new), "two");
    juju.release("m/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(says(&mut juju, "m/1"), "two");
    assert_eq!(juju.members("m/1", "more").unwrap(), ["m/0", "m/2", "m/3"]);
}

#[test]
fn a_charm_that_breaks_what_is_in_use_is_refused() {
    let mut juju = World::new(2);
    juju.deploy("m", saying(ONE, "one")).unwrap();
    juju.play("pg", "m:db").unwrap();
    juju.settle().unwrap();
    let error = juju.refresh("m", saying("{name: m, peers: {m: {interface: m}}}", "x")).unwrap_err().to_string();
    assert_eq!(error, "refresh m: would break relation \"m:db pg:db\"");
    assert!(juju.refresh("none", saying(ONE, "x")).is_err());
}

#[test]
fn a_unit_that_installed_the_newest_charm_does_not_upgrade_to_what_it_was_late_to_see() {
    let mut juju = World::new(2);
    juju.deploy("m", saying(ONE, "one")).unwrap();
    juju.hold("m/0", Observation::Upgrade).unwrap();
    juju.refresh("m", saying(TWO, "two")).unwrap();
    juju.settle().unwrap();
    juju.release("m/0").unwrap();
    juju.settle().unwrap();
    let ran = hooks(&juju, "m/0");
    assert_eq!(ran[0], "install");
    assert!(!ran.contains(&"upgrade-charm".to_owned()), "{ran:?}");
}

#[test]
fn a_charm_that_wants_more_storage_gets_it_and_one_that_admits_less_is_refused() {
    let mut juju = World::new(2);
    juju.deploy("m", Deployment::of(saying(ONE, "one")).units(2)).unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    let more = "{name: m, storage: {data: {type: block, multiple: {range: 2-4}}}}";
    juju.refresh("m", saying(more, "two")).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.storage("m/1").len(), 2);
    assert_eq!(hooks(&juju, "m/1").iter().filter(|hook| hook.starts_with("data-storage-attached")).count(), 2);
    juju.deploy("web", Deployment::of(saying(&more.replace("name: m", "name: web"), "x")).storage("data", 4)).unwrap();
    let less = "{name: web, storage: {data: {type: block, multiple: {range: 2-3}}}}";
    let error = juju.refresh("web", saying(less, "x")).unwrap_err().to_string();
    assert_eq!(error, "refresh web: storage \"data\": at most 3 instances supported, 4 specified");
}

#[test]
fn an_upgrade_charm_that_failed_is_repeated_by_the_charm_that_it_began_with() {
    let mut juju = World::new(2);
    let telling = |version: &'static str| {
        revision(ONE, move |hook| hook.0.tools.stdout(&format!("{} of {version}", hook.name())))
    };
    juju.deploy("m", telling("one")).unwrap();
    juju.settle().unwrap();
    juju.refresh("m", telling("two")).unwrap();
    juju.inject("m/0", Fault::Fail).unwrap();
    juju.settle_without_retry().unwrap();
    assert_eq!(juju.status("m/0"), ("error", "hook failed: \"upgrade-charm\""));
    let before = juju.log().len();
    juju.refresh("m", telling("three")).unwrap();
    juju.settle().unwrap();
    let said: Vec<String> = juju.log()[before..].iter().map(|line| line.text.clone()).collect();
    let both = ["upgrade-charm of two", "config-changed of two", "upgrade-charm of three", "config-changed of three"];
    assert_eq!(said, both);
}

#[test]
fn a_unit_in_error_keeps_its_charm_until_it_is_resolved() {
    let mut juju = World::new(2);
    juju.deploy("m", saying(ONE, "one")).unwrap();
    juju.settle().unwrap();
    juju.tick("m/0").unwrap();
    juju.inject("m/0", Fault::Fail).unwrap();
    juju.settle_without_retry().unwrap();
    juju.refresh("m", saying(TWO, "two")).unwrap();
    juju.settle_without_retry().unwrap();
    assert_eq!(juju.status("m/0"), ("error", "hook failed: \"update-status\""));
    juju.clear_transcript();
    juju.settle().unwrap();
    // The failed hook runs again under the old charm.
    assert!(juju.transcript().starts_with("m/0 update-status\n  | DEBUG one\n"), "{}", juju.transcript());
    assert_eq!(
        hooks(&juju, "m/0"),
        ["update-status", "upgrade-charm", "config-changed", "more-relation-created more:1"]
    );
}

#[test]
fn a_peer_endpoint_that_a_charm_drops_goes_on_for_those_who_are_in_it() {
    let mut juju = World::new(2);
    juju.deploy("m", Deployment::of(saying(ONE, "one")).units(2)).unwrap();
    juju.settle().unwrap();
    juju.refresh("m", saying("{name: m}", "two")).unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    let new = juju.add_unit("m").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, &new), ["install", "leader-settings-changed", "config-changed", "start"]);
    assert!(hooks(&juju, "m/0").is_empty());
    juju.remove_unit("m/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "m/0"), ["m-relation-departed m:0 m/1"]);
    juju.remove_application("m").unwrap();
    juju.settle().unwrap();
    assert!(juju.applications().is_empty() && juju.relations("m").is_empty());
}
