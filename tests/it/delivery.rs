//! Acknowledging, holding, dismissing; what a redelivery sees.

use expect_test::expect;
use juju_ops::Ack;

use crate::fake::Fake;
use crate::support::{Probe, pending, run, run_to, tick};

#[test]
fn an_event_that_is_held_comes_again_with_every_hook_until_it_is_acknowledged() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(2);
    for _ in 0..3 {
        tick(&mut juju, "magpie/0");
        assert_eq!(probe.deliveries(), ["magpie/0 joined magpie/1 [magpie/1 10.0.0.2]"]);
    }
    probe.answer(|_| Ok(Ack::Done));
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries().len(), 1);
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), [""; 0]);
}

#[test]
fn holding_writes_nothing_after_the_first_time() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(2);
    tick(&mut juju, "magpie/0");
    expect![[r#"
        magpie/0 update-status
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > relation-get --format=json -r magpie:0 - magpie/1
          | DEBUG juju-ops: redelivered magpie-peers.magpie joined magpie/1: not yet
    "#]]
    .assert_eq(&juju.transcript());
}

#[test]
fn a_charm_at_rest_asks_for_nothing_but_its_peers() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    tick(&mut juju, "magpie/0");
    expect![[r#"
        magpie/0 update-status
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
    "#]]
    .assert_eq(&juju.transcript());
}

#[test]
fn a_redelivery_sees_the_peers_of_now() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    probe.answer(|_| Ok(Ack::NotYet));
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    probe.deliveries();
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    probe.deliveries();
    tick(&mut juju, "magpie/0");
    let nodes = "magpie/1 10.0.0.2, magpie/2 10.0.0.3, magpie/3 10.0.0.4";
    assert_eq!(
        probe.deliveries(),
        [format!("magpie/0 joined magpie/2 [{nodes}]"), format!("magpie/0 joined magpie/3 [{nodes}]")]
    );
}

#[test]
fn nodes_are_read_once_in_a_dispatch_and_not_at_all_unless_asked_for() {
    let probe = Probe::new();
    probe.answer(|delivery| {
        assert_eq!(delivery.nodes(), delivery.nodes());
        Ok(Ack::NotYet)
    });
    let mut juju = probe.deploy(4);
    tick(&mut juju, "magpie/0");
    // Three events, each asked three times.
    assert_eq!(probe.deliveries().len(), 3);
    assert_eq!(juju.transcript().matches("> relation-get").count(), 3);
}

#[test]
fn an_event_dismissed_inside_its_own_handler_is_gone_whatever_the_answer() {
    let probe = Probe::new();
    probe.answer(|delivery| {
        assert_eq!(delivery.peers.dismiss_joined(delivery.cx)?, 1);
        Ok(Ack::NotYet)
    });
    let mut juju = probe.deploy(2);
    assert_eq!(pending(&juju, "magpie/0"), "");
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), [""; 0]);
}

#[test]
fn an_action_dismisses_and_delivers_nothing() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(3);
    assert_eq!(pending(&juju, "magpie/0"), "joined magpie/1, joined magpie/2");
    assert_eq!(run(&mut juju, "magpie/0", "dismiss", "joined"), "2");
    assert_eq!(probe.deliveries(), [""; 0]);
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), [""; 0]);
    let others = pending(&juju, "magpie/1");
    assert!(others.contains("joined magpie/0") && others.contains("joined magpie/2"), "{others}");
}

#[test]
fn dismissing_one_kind_leaves_the_other() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(3);
    juju.remove_unit("magpie/2").unwrap();
    juju.settle().unwrap();
    assert_eq!(pending(&juju, "magpie/0"), "joined magpie/1, departed magpie/2");
    probe.answer(|delivery| {
        delivery.peers.dismiss_departed(delivery.cx)?;
        Ok(Ack::NotYet)
    });
    tick(&mut juju, "magpie/0");
    assert_eq!(pending(&juju, "magpie/0"), "joined magpie/1");
}

#[test]
fn an_event_emitted_again_while_it_is_pending_is_delivered_once_a_dispatch() {
    // In one hook the unit is found gone and listed again under its name.
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let fake = Fake::with_members(&[(0, &["magpie/1"])]);
    fake.hook(&probe, "update-status", None);
    fake.list(&[(0, &[])]);
    fake.hook(&probe, "update-status", None);
    fake.list(&[(0, &["magpie/1"])]);
    fake.hook(&probe, "update-status", None);
    let names: Vec<String> = probe.deliveries().iter().map(|it| it.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(names, ["joined", "departed", "joined"]);
}

#[test]
fn no_joined_comes_after_the_departure() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(2);
    juju.remove_unit("magpie/1").unwrap();
    run_to(&mut juju, "magpie/0", "relation-departed");
    probe.deliveries();
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), ["magpie/0 departed magpie/1 []"]);
}

#[test]
fn pending_events_are_not_delivered_on_the_way_out() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(2);
    juju.remove_unit("magpie/0").unwrap();
    run_to(&mut juju, "magpie/0", "relation-departed");
    probe.deliveries();
    run_to(&mut juju, "magpie/0", "remove");
    assert_eq!(probe.deliveries(), [""; 0]);
    assert!(juju.transcript().contains("magpie/0 stop"));
}
