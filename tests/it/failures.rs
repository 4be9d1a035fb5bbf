//! Handlers that fail, hooks that fail, agents that die.

use std::cell::Cell;
use std::rc::Rc;

use expect_test::expect;
use juju_ops::{Ack, testing};
use juju_sim::{Fault, Retry};

use crate::support::{Delivery, Probe, pending, run_to, tick};

/// Writes to the own bag and to the state, as a handler that then fails.
fn write(delivery: &Delivery<'_>) {
    for relation in delivery.cx.relations("magpie").unwrap() {
        relation.own_bag().unwrap().set("half", "done").unwrap();
    }
    delivery.cx.state("probe").set(&"half done").unwrap();
}

#[test]
fn a_first_delivery_that_errs_fails_the_hook_and_sends_nothing() {
    let probe = Probe::new();
    let mut juju = probe.deploy(1);
    juju.add_unit("magpie").unwrap();
    juju.step_unit("magpie/1").unwrap();
    juju.clear_transcript();
    probe.answer(|delivery| {
        write(delivery);
        Err("no route to host".into())
    });
    run_to(&mut juju, "magpie/0", "relation-joined");
    expect![[r#"
        magpie/0 magpie-relation-joined magpie:0 magpie/1
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > relation-get --format=json -r magpie:0 - magpie/1
          | DEBUG juju-ops: emitted magpie-peers.magpie joined magpie/1
          > juju-log --log-level TRACE -- '{"appid":"5e1f0c4e-6d61-4770-a969-000000000000-magpie/0","datetime":"2026-01-01T00:00:07Z","description":"the charm failed","event":"sys_crash:hook magpie-relation-joined","level":"WARN","type":"security"}'
          | TRACE magpie:0: {"appid":"5e1f0c4e-6d61-4770-a969-000000000000-magpie/0","datetime":"2026-01-01T00:00:07Z","description":"the charm failed","event":"sys_crash:hook magpie-relation-joined","level":"WARN","type":"security"}
          > juju-log --log-level ERROR -- 'hook magpie-relation-joined: magpie-peers.magpie joined magpie/1: no route to host'
          | ERROR magpie:0: hook magpie-relation-joined: magpie-peers.magpie joined magpie/1: no route to host
          = error "hook failed: \"magpie-relation-joined\""
          ! failed: exit status 1
    "#]]
    .assert_eq(&juju.transcript());
    assert!(juju.state("magpie/0").is_empty());
    // Juju repeats the hook, and the event is emitted again.
    probe.answer(|_| Ok(Ack::Done));
    juju.settle().unwrap();
    assert_eq!(juju.bag("magpie", "magpie/0").unwrap().get("half"), None);
    let of_first = probe.deliveries().into_iter().filter(|it| it.starts_with("magpie/0")).count();
    assert_eq!(of_first, 2);
    assert_eq!(pending(&juju, "magpie/0"), "");
}

#[test]
fn a_first_delivery_that_panics_is_one_that_errs() {
    let probe = Probe::new();
    let mut juju = probe.deploy(1);
    juju.add_unit("magpie").unwrap();
    juju.step_unit("magpie/1").unwrap();
    probe.answer(|_| panic!("index 7 out of range"));
    let run = run_to(&mut juju, "magpie/0", "relation-joined");
    let said =
        "magpie:0: hook magpie-relation-joined: magpie-peers.magpie joined magpie/1: panicked: index 7 out of range";
    assert_eq!(run.log().last(), Some(("ERROR", said)));
    assert_eq!(juju.status("magpie/0").current, "error");
    probe.answer(|_| Ok(Ack::Done));
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0").current, "unknown");
}

#[test]
fn a_redelivery_that_fails_takes_back_its_writes_and_spares_the_hook() {
    for panics in [false, true] {
        let probe = Probe::new();
        probe.answer(|_| Ok(Ack::NotYet));
        let mut juju = probe.deploy(2);
        probe.answer(move |delivery| {
            write(delivery);
            delivery.peers.dismiss_joined(delivery.cx)?;
            if panics { panic!("no route") } else { Err("no route".into()) }
        });
        for attempt in 1..=2 {
            tick(&mut juju, "magpie/0");
            assert_eq!(juju.status("magpie/0").current, "unknown");
            assert_eq!(juju.bag("magpie", "magpie/0").unwrap().get("half"), None);
            assert!(!juju.state("magpie/0").contains_key("juju-ops.probe.0"));
            assert_eq!(testing::pending(&juju, "magpie/0")[0].attempts, attempt);
        }
        assert_eq!(pending(&juju, "magpie/0"), "joined magpie/1");
        let waiting = testing::pending(&juju, "magpie/0");
        assert!(waiting[0].last_error.as_ref().unwrap().ends_with("no route"));
        assert!(juju.transcript().contains("| ERROR magpie-peers.magpie joined magpie/1: "));
        // It is still there when the handler is well again.
        probe.deliveries();
        probe.answer(|_| Ok(Ack::Done));
        tick(&mut juju, "magpie/0");
        assert_eq!(probe.deliveries().len(), 1);
        assert_eq!(pending(&juju, "magpie/0"), "");
    }
}

#[test]
fn one_redelivery_that_fails_does_not_hold_up_the_next() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(3);
    probe.answer(|delivery| if delivery.what.ends_with("magpie/1") { Err("no".into()) } else { Ok(Ack::Done) });
    tick(&mut juju, "magpie/0");
    assert_eq!(pending(&juju, "magpie/0"), "joined magpie/1");
}

#[test]
fn a_hook_that_fails_or_is_killed_loses_no_event_and_acknowledges_none() {
    for fault in [Fault::Fail, Fault::KillAt(4), Fault::CrashBeforeFlush, Fault::RejectFlush] {
        let probe = Probe::new();
        let mut juju = probe.deploy(1);
        juju.add_unit("magpie").unwrap();
        juju.step_unit("magpie/1").unwrap();
        juju.inject("magpie/0", fault.clone()).unwrap();
        run_to(&mut juju, "magpie/0", "relation-joined");
        assert!(juju.state("magpie/0").is_empty(), "{fault:?}");
        juju.settle().unwrap();
        // Delivered in the hook that came to nothing, and again in the one that did not.
        let deliveries = probe.deliveries();
        let of_first = deliveries.iter().filter(|it| it.starts_with("magpie/0 joined magpie/1")).count();
        assert_eq!(of_first, 2, "{fault:?}: {deliveries:?}");
        tick(&mut juju, "magpie/0");
        assert_eq!(probe.deliveries(), [""; 0], "{fault:?}");
    }
}

#[test]
fn an_acknowledgement_that_did_not_commit_did_not_happen() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(2);
    probe.answer(|_| Ok(Ack::Done));
    juju.tick("magpie/0").unwrap();
    juju.inject("magpie/0", Fault::RejectFlush).unwrap();
    run_to(&mut juju, "magpie/0", "update-status");
    assert_eq!(juju.status("magpie/0").current, "error");
    juju.resolve("magpie/0", Retry::NoRetry).unwrap();
    assert_eq!(pending(&juju, "magpie/0"), "joined magpie/1");
    tick(&mut juju, "magpie/0");
    assert_eq!(pending(&juju, "magpie/0"), "");
}

#[test]
fn a_hook_repeated_after_its_flush_finds_what_it_did() {
    let probe = Probe::new();
    let held = Rc::new(Cell::new(true));
    let hold = held.clone();
    probe.answer(move |_| Ok(if hold.get() { Ack::NotYet } else { Ack::Done }));
    let mut juju = probe.deploy(1);
    juju.add_unit("magpie").unwrap();
    juju.step_unit("magpie/1").unwrap();
    juju.inject("magpie/0", Fault::CrashAfterFlush).unwrap();
    run_to(&mut juju, "magpie/0", "relation-joined");
    let first = juju.state("magpie/0");
    assert!(first.contains_key("juju-ops.pending.0"));
    juju.resolve("magpie/0", Retry::Retry).unwrap();
    run_to(&mut juju, "magpie/0", "relation-joined");
    // One event, delivered again as what it is: an older one.
    assert_eq!(juju.state("magpie/0"), first);
    held.set(false);
    juju.settle().unwrap();
    tick(&mut juju, "magpie/0");
    assert_eq!(pending(&juju, "magpie/0"), "");
}
