//! Juju's limits on a unit's state, kept before Juju notices.

use juju_ops::action::{self, Action};
use juju_ops::{Ack, Outcome, hook};
use serde_json::{Value, json};

use crate::support::{Lasting, Made, lasting, tick};

/// A charm whose `update-status` emits events of 40 KiB each.
fn emitting(count: usize) -> Made {
    Made::new(move |_, events| {
        events.emits(&lasting());
        events.on(&lasting(), |_, _, _| Ok(Ack::NotYet));
        events.on(&hook::update_status(), move |_, _, cx| {
            for n in 0..count {
                cx.emit_durable(&lasting(), Lasting::new(&format!("{n}#{}", "x".repeat(40 << 10))))?;
            }
            Ok(())
        });
        events.on(&action::run::<Value>("go"), |_, _: &Action<Value>, cx| {
            Ok(Outcome::completed().with("count", cx.pending()?.len())?)
        });
    })
}

#[test]
fn many_events_are_stored_in_values_that_juju_takes() {
    let mut juju = emitting(20).deploy();
    tick(&mut juju);
    let state = juju.state("app/0");
    assert!(state.len() > 15 && state.values().all(|value| value.len() <= 48 << 10), "{}", state.len());
    assert_eq!(juju.run_action("app/0", "go", json!({})).unwrap().results["count"], "20");
}

#[test]
fn more_than_a_mebibyte_is_an_error_of_the_handler_and_not_of_every_later_hook() {
    let mut juju = emitting(30).deploy();
    let run = tick(&mut juju);
    let (_, text) = run.log().last().unwrap();
    assert!(text.contains("test lasting 25") && text.contains("above the limit of 1048576"), "{text}");
    assert!(juju.state("app/0").is_empty());
    assert_eq!(juju.status("app/0").0, "error");
}

#[test]
fn an_area_cannot_be_the_frameworks_own() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |this, _, cx| {
            for area in ["pending", "noted", "Not A Name", ""] {
                this.see(cx.state(area).set(&1).unwrap_err().to_string());
            }
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    let seen = charm.seen();
    assert!(seen.len() == 4 && seen[0] == "state area \"pending\": is the framework's own", "{seen:?}");
}
