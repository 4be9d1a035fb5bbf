//! The table of what joins and departures do, row by row, and who is a peer.

use expect_test::expect;
use juju_ops::Ack;
use juju_sim::{Fault, Retry};
use magpie_peers::Departing;

use crate::fake::Fake;
use crate::support::{Probe, pending, run_to, tick};

#[test]
fn a_unit_that_joins_is_announced_once() {
    let probe = Probe::new();
    let mut juju = probe.deploy(1);
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    assert_eq!(
        probe.deliveries(),
        ["magpie/0 joined magpie/1 [magpie/1 10.0.0.2]", "magpie/1 joined magpie/0 [magpie/0 10.0.0.1]"]
    );
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), [""; 0]);
}

#[test]
fn a_unit_that_departs_is_announced_once_with_those_that_remain() {
    let probe = Probe::new();
    let mut juju = probe.deploy(3);
    juju.pause("magpie/2").unwrap();
    juju.remove_unit("magpie/2").unwrap();
    juju.settle().unwrap();
    assert_eq!(
        probe.deliveries(),
        ["magpie/0 departed magpie/2 [magpie/1 10.0.0.2]", "magpie/1 departed magpie/2 [magpie/0 10.0.0.1]"]
    );
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), [""; 0]);
}

#[test]
fn a_joined_hook_that_juju_repeats_is_no_second_event() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    juju.add_unit("magpie").unwrap();
    // The hook's effects are public, and it runs again.
    juju.step_unit("magpie/2").unwrap();
    juju.inject("magpie/0", Fault::CrashAfterFlush).unwrap();
    run_to(&mut juju, "magpie/0", "relation-joined");
    assert_eq!(probe.deliveries(), ["magpie/0 joined magpie/2 [magpie/1 10.0.0.2, magpie/2 10.0.0.3]"]);
    juju.settle().unwrap();
    assert!(juju.transcript().matches("magpie/0 magpie-relation-joined magpie:0 magpie/2").count() == 2);
    assert!(probe.deliveries().iter().all(|delivery| !delivery.starts_with("magpie/0")));
}

#[test]
fn a_departed_hook_that_juju_repeats_is_no_second_event() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    juju.remove_unit("magpie/1").unwrap();
    juju.inject("magpie/0", Fault::CrashAfterFlush).unwrap();
    juju.settle().unwrap();
    let of_first: Vec<String> = probe.deliveries().into_iter().filter(|it| it.starts_with("magpie/0")).collect();
    assert_eq!(of_first, ["magpie/0 departed magpie/1 []"]);
    assert_eq!(juju.transcript().matches("magpie/0 magpie-relation-departed").count(), 2);
}

#[test]
fn a_joined_that_was_resolved_without_running_is_found_by_comparing() {
    let probe = Probe::new();
    let mut juju = probe.deploy(1);
    juju.add_unit("magpie").unwrap();
    juju.step_unit("magpie/1").unwrap();
    juju.inject("magpie/0", Fault::Fail).unwrap();
    run_to(&mut juju, "magpie/0", "relation-joined");
    assert_eq!(juju.status("magpie/0"), ("error", "hook failed: \"magpie-relation-joined\""));
    probe.deliveries();
    juju.resolve("magpie/0", Retry::NoRetry).unwrap();
    assert_eq!(probe.deliveries(), [""; 0]);
    run_to(&mut juju, "magpie/0", "relation-changed");
    assert_eq!(probe.deliveries(), ["magpie/0 joined magpie/1 [magpie/1 10.0.0.2]"]);
}

#[test]
fn a_departed_that_was_resolved_without_running_is_found_by_comparing() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    juju.remove_unit("magpie/1").unwrap();
    juju.inject("magpie/0", Fault::Fail).unwrap();
    run_to(&mut juju, "magpie/0", "relation-departed");
    probe.deliveries();
    juju.resolve("magpie/0", Retry::NoRetry).unwrap();
    let departing = std::rc::Rc::new(std::cell::Cell::new(None));
    let seen = departing.clone();
    probe.answer(move |delivery| {
        seen.set(delivery.departing);
        Ok(Ack::Done)
    });
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), ["magpie/0 departed magpie/1 []"]);
    assert_eq!(departing.get(), Some(Departing::Unknown));
}

#[test]
fn the_departure_of_a_unit_never_met_is_nothing() {
    let probe = Probe::new();
    let fake = Fake::with_members(&[(0, &["magpie/1"])]);
    assert_eq!(fake.hook(&probe, "magpie-relation-joined", Some((0, "magpie/1"))).code(), 0);
    assert_eq!(fake.hook(&probe, "magpie-relation-departed", Some((0, "magpie/7"))).code(), 0);
    assert_eq!(probe.deliveries(), ["magpie/0 joined magpie/1 [magpie/1 10.0.0.1]"]);
}

#[test]
fn a_pending_joined_is_replaced_by_the_departure() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(2);
    assert_eq!(pending(&juju, "magpie/0"), "joined magpie/1");
    juju.remove_unit("magpie/1").unwrap();
    run_to(&mut juju, "magpie/0", "relation-departed");
    assert_eq!(probe.deliveries(), ["magpie/0 departed magpie/1 []"]);
    assert_eq!(pending(&juju, "magpie/0"), "departed magpie/1");
}

#[test]
fn a_pending_departed_is_replaced_when_the_unit_comes_back() {
    // On Kubernetes a unit's name is used again.
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let fake = Fake::with_members(&[(0, &["magpie/1"])]);
    fake.hook(&probe, "magpie-relation-joined", Some((0, "magpie/1")));
    fake.list(&[(0, &[])]);
    fake.hook(&probe, "magpie-relation-departed", Some((0, "magpie/1")));
    fake.list(&[(0, &["magpie/1"])]);
    fake.hook(&probe, "magpie-relation-joined", Some((0, "magpie/1")));
    assert_eq!(
        probe.deliveries(),
        [
            "magpie/0 joined magpie/1 [magpie/1 10.0.0.1]",
            "magpie/0 departed magpie/1 []",
            "magpie/0 joined magpie/1 [magpie/1 10.0.0.1]"
        ]
    );
    expect![[r#"
        juju-ops: emitted magpie-peers.magpie joined magpie/1, in place of an older one
        juju-ops: delivered magpie-peers.magpie joined magpie/1: not yet"#]]
    .assert_eq(&fake.debug.borrow().join("\n"));
}

#[test]
fn a_unit_that_leaves_sees_itself_as_the_departing_one() {
    let probe = Probe::new();
    let mut juju = probe.deploy(3);
    let departing = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let seen = departing.clone();
    probe.answer(move |delivery| {
        seen.borrow_mut().push(format!("{}: {:?}", delivery.what, delivery.departing.unwrap()));
        Ok(Ack::Done)
    });
    juju.remove_unit("magpie/0").unwrap();
    juju.settle().unwrap();
    let mut seen = departing.take();
    seen.sort();
    assert_eq!(
        seen,
        [
            "magpie/0 departed magpie/1: ThisUnit",
            "magpie/0 departed magpie/2: ThisUnit",
            "magpie/1 departed magpie/0: ThatUnit",
            "magpie/2 departed magpie/0: ThatUnit",
        ]
    );
    assert_eq!(juju.units(), ["magpie/1", "magpie/2"]);
}

#[test]
fn peers_are_sorted_by_number_and_this_unit_is_none() {
    let probe = Probe::new();
    let mut juju = probe.deploy(11);
    juju.add_unit("magpie").unwrap();
    juju.step_unit("magpie/11").unwrap();
    run_to(&mut juju, "magpie/3", "relation-joined magpie:0 magpie/11");
    let nodes: Vec<String> = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11].map(|n| format!("magpie/{n} 10.0.0.{}", n + 1)).into();
    assert_eq!(probe.deliveries(), [format!("magpie/3 joined magpie/11 [{}]", nodes.join(", "))]);
}

#[test]
fn peers_of_several_relations_are_one_set() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    juju.add_peer_relation("magpie", "magpie").unwrap();
    juju.settle().unwrap();
    // Both are members of the second relation now, and were peers before.
    assert_eq!(probe.deliveries(), [""; 0]);
    juju.remove_unit("magpie/1").unwrap();
    juju.settle().unwrap();
    let of_first: Vec<String> = probe.deliveries().into_iter().filter(|it| it.starts_with("magpie/0")).collect();
    assert_eq!(of_first, ["magpie/0 departed magpie/1 []"]);
}

#[test]
fn each_relation_speaks_for_its_own_members_only() {
    let probe = Probe::new();
    let fake = Fake::with_members(&[(0, &["magpie/1"]), (7, &["magpie/2"])]);
    fake.hook(&probe, "update-status", None);
    assert_eq!(probe.deliveries().len(), 2);
    // The created hook of one relation comes before its members are listed: no evidence that they departed.
    fake.list(&[(0, &[]), (7, &["magpie/2"])]);
    fake.hook(&probe, "magpie-relation-created", Some((0, "")));
    // Neither is a relation that is not listed.
    fake.list(&[(7, &["magpie/2"])]);
    fake.hook(&probe, "update-status", None);
    assert_eq!(probe.deliveries(), [""; 0]);
    // A broken relation has no members left, whatever is listed.
    fake.hook(&probe, "magpie-relation-broken", Some((0, "")));
    assert_eq!(probe.deliveries(), ["magpie/0 departed magpie/1 [magpie/2 10.0.7.1]"]);
}

#[test]
fn a_restarted_agent_that_breaks_the_peer_relation_is_borne() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    juju.restart_agent("magpie/0").unwrap();
    juju.remove_unit("magpie/0").unwrap();
    juju.settle().unwrap();
    assert!(juju.transcript().contains("magpie/0 magpie-relation-broken"), "{}", juju.transcript());
    assert_eq!(juju.units(), ["magpie/1"]);
}

#[test]
fn a_relation_that_is_not_listed_does_not_hide_a_departure() {
    let probe = Probe::new();
    let fake = Fake::with_members(&[(0, &["magpie/1"]), (7, &["magpie/1", "magpie/2"])]);
    fake.hook(&probe, "update-status", None);
    probe.deliveries();
    // The first relation is gone after an upgrade; the unit departs from the other.
    fake.list(&[(7, &["magpie/2"])]);
    fake.hook(&probe, "magpie-relation-departed", Some((7, "magpie/1")));
    assert_eq!(probe.deliveries(), ["magpie/0 departed magpie/1 [magpie/2 10.0.7.1]"]);
    fake.hook(&probe, "update-status", None);
    assert_eq!(probe.deliveries(), [""; 0]);
}

#[test]
fn a_joined_that_is_held_is_overtaken_by_a_departure_that_was_not_told() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let fake = Fake::with_members(&[(0, &["magpie/1", "magpie/2"])]);
    fake.hook(&probe, "update-status", None);
    probe.deliveries();
    fake.list(&[(0, &["magpie/2"])]);
    // A hook in which the peers are not compared.
    fake.hook(&probe, "leader-elected", None);
    assert_eq!(probe.deliveries(), ["magpie/0 joined magpie/2 [magpie/2 10.0.0.1]"]);
    fake.hook(&probe, "update-status", None);
    let mut deliveries = probe.deliveries();
    deliveries.sort();
    let both = ["magpie/0 departed magpie/1 [magpie/2 10.0.0.1]", "magpie/0 joined magpie/2 [magpie/2 10.0.0.1]"];
    assert_eq!(deliveries, both);
}

#[test]
fn each_of_these_hooks_compares_and_no_other() {
    for (hook, compares) in [
        ("start", true),
        ("upgrade-charm", true),
        ("config-changed", true),
        ("update-status", true),
        ("leader-elected", false),
        ("stop", false),
        ("remove", false),
    ] {
        let probe = Probe::new();
        let fake = Fake::with_members(&[(0, &["magpie/1"])]);
        assert_eq!(fake.hook(&probe, hook, None).code(), 0);
        assert_eq!(fake.state.borrow().contains_key("juju-ops.magpie-peers.magpie.0"), compares, "{hook}");
    }
    // The hook itself is evidence, whatever is listed.
    let probe = Probe::new();
    let fake = Fake::with_members(&[(0, &[])]);
    fake.hook(&probe, "magpie-relation-joined", Some((0, "magpie/1")));
    assert_eq!(probe.deliveries().len(), 1);
    fake.list(&[(0, &["magpie/1"])]);
    fake.hook(&probe, "magpie-relation-departed", Some((0, "magpie/1")));
    assert_eq!(probe.deliveries(), ["magpie/0 departed magpie/1 [magpie/1 10.0.0.1]"]);
}

/// What a charm is told of departures from now on: who left, from where. It acknowledges none of them.
fn left(probe: &Probe) -> std::rc::Rc<std::cell::RefCell<Vec<String>>> {
    let left = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let seen = left.clone();
    probe.answer(move |delivery| {
        let from = delivery.address.as_deref().unwrap_or("-");
        seen.borrow_mut().push(format!("{} from {from}", delivery.what));
        Ok(Ack::NotYet)
    });
    left
}

#[test]
fn a_departed_peer_has_its_last_address_in_every_delivery() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    let left = left(&probe);
    juju.remove_unit("magpie/1").unwrap();
    run_to(&mut juju, "magpie/0", "relation-departed");
    assert_eq!(left.take(), ["magpie/0 departed magpie/1 from 10.0.0.2"]);
    juju.settle().unwrap();
    left.take();
    tick(&mut juju, "magpie/0");
    assert_eq!(left.take(), ["magpie/0 departed magpie/1 from 10.0.0.2"]);
}

#[test]
fn a_departure_that_was_found_by_comparing_has_no_address() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    juju.remove_unit("magpie/1").unwrap();
    juju.inject("magpie/0", Fault::Fail).unwrap();
    run_to(&mut juju, "magpie/0", "relation-departed");
    juju.resolve("magpie/0", Retry::NoRetry).unwrap();
    let left = left(&probe);
    tick(&mut juju, "magpie/0");
    assert_eq!(left.take(), ["magpie/0 departed magpie/1 from -"]);
}

#[test]
fn a_departed_peer_whose_bag_cannot_be_read_has_no_address_and_fails_no_hook() {
    let probe = Probe::new();
    let metadata = juju_sim::Charm::parse(crate::support::METADATA, None, Some(crate::support::ACTIONS)).unwrap();
    let (mut juju, answers) = crate::tampered::world(probe.clone(), metadata);
    juju.add_unit("magpie").unwrap();
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    answers.borrow_mut().insert("magpie/1".to_owned(), crate::tampered::denied());
    let left = left(&probe);
    juju.remove_unit("magpie/1").unwrap();
    juju.settle().unwrap();
    assert!(left.take().contains(&"magpie/0 departed magpie/1 from -".to_owned()));
    assert_eq!(pending(&juju, "magpie/0"), "departed magpie/1");
}

#[test]
fn this_unit_is_never_its_own_peer() {
    let probe = Probe::new();
    let fake = Fake::with_members(&[(0, &["magpie/0", "magpie/1"])]);
    fake.hook(&probe, "update-status", None);
    assert_eq!(probe.deliveries(), ["magpie/0 joined magpie/1 [magpie/1 10.0.0.1]"]);
    assert!(!fake.state.borrow()["juju-ops.magpie-peers.magpie.0"].contains("magpie/0"));
}
