//! What is remembered in the unit's state: forms, limits, rollbacks.

use expect_test::expect;
use juju_ops::Ack;
use magpie_peers::Departing;

use crate::support::{Probe, pending, tick};

#[test]
fn the_stored_forms_are_pinned() {
    let probe = Probe::new();
    probe.answer(|_| Ok(Ack::NotYet));
    let mut juju = probe.deploy(3);
    juju.remove_unit("magpie/2").unwrap();
    juju.settle().unwrap();
    let state: Vec<String> = juju.state("magpie/0").iter().map(|(key, value)| format!("{key}\n{value}")).collect();
    expect![[r#"
        juju-ops.magpie-peers.magpie.0
        {"v":1,"seen":{"magpie:0":["magpie/1"]}}
        juju-ops.pending.0
        {"event":{"endpoint":"magpie","unit":"magpie/1"},"name":"joined","since":1767225624,"subject":"magpie/1","topic":"magpie-peers.magpie","v":1}
        {"event":{"address":"10.0.0.3","departing":"that-unit","endpoint":"magpie","unit":"magpie/2"},"name":"departed","since":1767225628,"subject":"magpie/2","topic":"magpie-peers.magpie","v":1}"#]]
    .assert_eq(&state.join("\n"));
}

#[test]
fn fields_of_a_later_version_are_borne() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    let seen = r#"{"v":1,"later":[1],"seen":{"magpie:0":["magpie/1"]}}"#;
    juju.set_state("magpie/0", "juju-ops.magpie-peers.magpie.0", seen).unwrap();
    let event = r#"{"later":{},"v":1,"topic":"magpie-peers.magpie","name":"departed","subject":"magpie/1","since":1,"event":{"unit":"magpie/1","endpoint":"magpie","departing":"some-new-word","address":{"later":1},"later":1}}"#;
    juju.set_state("magpie/0", "juju-ops.pending.0", event).unwrap();
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), ["magpie/0 departed magpie/1 [magpie/1 10.0.0.2]"]);
}

#[test]
fn a_departure_of_version_0_1_0_is_delivered_without_an_address() {
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    let event = r#"{"event":{"departing":"that-unit","endpoint":"magpie","unit":"magpie/2"},"name":"departed","since":1767225628,"subject":"magpie/2","topic":"magpie-peers.magpie","v":1}"#;
    juju.set_state("magpie/0", "juju-ops.pending.0", event).unwrap();
    probe.answer(|delivery| {
        assert_eq!((delivery.departing, delivery.address.as_deref()), (Some(Departing::ThatUnit), None));
        Ok(Ack::NotYet)
    });
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries(), ["magpie/0 departed magpie/2 [magpie/1 10.0.0.2]"]);
    assert_eq!(juju.state("magpie/0")["juju-ops.pending.0"], event);
}

#[test]
fn entries_of_another_version_are_kept_to_the_byte_and_told_once() {
    let newer = r#"{"v":2,"topic":"magpie-peers.magpie","name":"joined","subject":"magpie/9", "x":1}"#;
    let unknown = r#"{"v":1,"topic":"other","name":"thing","subject":"s","since":5,"event":{}}"#;
    let stored = format!("{newer}\n{unknown}\nrubbish \u{1f980}");
    let probe = Probe::new();
    let mut juju = probe.deploy(2);
    juju.set_state("magpie/0", "juju-ops.pending.0", &stored).unwrap();
    juju.clear_transcript();
    for _ in 0..3 {
        tick(&mut juju, "magpie/0");
    }
    assert_eq!(probe.deliveries(), [""; 0]);
    assert_eq!(juju.state("magpie/0")["juju-ops.pending.0"], stored);
    let warnings: Vec<String> =
        juju.log().iter().filter(|line| line.level == "WARNING").map(|line| line.text.clone()).collect();
    expect!["pending events that are not of this version of the charm: 3 (magpie-peers.magpie joined magpie/9, other thing s, unreadable); kept as they are, not delivered"]
    .assert_eq(&warnings.join("\n"));
    assert_eq!(pending(&juju, "magpie/0"), "joined magpie/9, thing s,  ");

    // Events of this version come and go beside them, and the newer version finds its own again.
    probe.answer(|_| Ok(Ack::NotYet));
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    assert!(juju.state("magpie/0")["juju-ops.pending.0"].starts_with(&format!("{stored}\n")));
    probe.answer(|_| Ok(Ack::Done));
    tick(&mut juju, "magpie/0");
    assert_eq!(juju.state("magpie/0")["juju-ops.pending.0"], stored);
}

#[test]
fn a_memory_that_cannot_be_read_is_set_aside_and_every_peer_announced_anew() {
    for unreadable in ["{\"v\":1,\"seen\":{\"magpie:0\":[\"magp", "{\"v\":2,\"seen\":{}}", "\u{7f}\u{2028}"] {
        let probe = Probe::new();
        let mut juju = probe.deploy(3);
        juju.set_state("magpie/0", "juju-ops.magpie-peers.magpie.0", unreadable).unwrap();
        tick(&mut juju, "magpie/0");
        assert_eq!(probe.deliveries().len(), 2);
        assert_eq!(juju.state("magpie/0")["juju-ops.magpie-peers.magpie.unreadable.0"], unreadable);
        tick(&mut juju, "magpie/0");
        assert_eq!(probe.deliveries(), [""; 0]);
    }
}

#[test]
fn a_lost_state_is_made_good() {
    let probe = Probe::new();
    let mut juju = probe.deploy(3);
    juju.delete_state("magpie/0", "juju-ops.magpie-peers.magpie.0").unwrap();
    tick(&mut juju, "magpie/0");
    assert_eq!(probe.deliveries().len(), 2);
}

#[test]
fn keys_that_are_not_ours_are_left_alone() {
    let probe = Probe::new();
    let mut juju = probe.deploy(1);
    juju.set_state("magpie/0", "#notices#", "- [a, b, c]").unwrap();
    juju.set_state("magpie/0", "juju-ops.", "x").unwrap();
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    let state = juju.state("magpie/0");
    assert_eq!((state["#notices#"].as_str(), state["juju-ops."].as_str()), ("- [a, b, c]", "x"));
}
