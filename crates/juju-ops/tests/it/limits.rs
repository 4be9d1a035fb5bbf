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
    assert_eq!(juju.status("app/0").current, "error");
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

#[test]
fn failures_near_the_limit_are_noted_and_fail_no_hook() {
    let failing = std::rc::Rc::new(std::cell::Cell::new(false));
    let fails = failing.clone();
    let charm = Made::new(move |_, events| {
        let fails = fails.clone();
        events.emits(&lasting());
        events.on(&lasting(), move |_, _, _| if fails.get() { Err("x".repeat(900).into()) } else { Ok(Ack::NotYet) });
        events.on(&hook::start(), |_, _, cx| {
            for n in 0..25 {
                cx.emit_durable(&lasting(), Lasting::new(&format!("{n}#{}", "x".repeat(41_780))))?;
            }
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    let size = |juju: &juju_sim::World| juju.state("app/0").values().map(String::len).sum::<usize>();
    assert!(((1 << 20) - 4096..=1 << 20).contains(&size(&juju)), "{}", size(&juju));
    failing.set(true);
    for _ in 0..3 {
        tick(&mut juju);
        assert_ne!(juju.status("app/0").current, "error", "{}", juju.log().last().unwrap().text);
    }
    assert!(juju.state("app/0")["juju-ops.pending.0"].contains("\"attempts\":3"));
    // An entry of another version, reported once, finds no room either and fails nothing.
    let last = juju.state("app/0").keys().filter(|key| key.starts_with("juju-ops.pending.")).count();
    juju.set_state("app/0", &format!("juju-ops.pending.{last}"), "\n{\"v\":2}").unwrap();
    tick(&mut juju);
    assert_ne!(juju.status("app/0").current, "error");
}

#[test]
fn what_is_pending_counts_against_what_is_remembered() {
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&lasting(), |_, _, _| Ok(Ack::NotYet));
        events.on(&hook::update_status(), |this, _, cx| {
            cx.emit_durable(&lasting(), Lasting::new(&format!("a#{}", "x".repeat(600 << 10))))?;
            this.see(cx.state("test").set_text("y".repeat(600 << 10)).unwrap_err().to_string());
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    assert!(charm.seen()[0].contains("above the limit of 1048576"));
    assert_ne!(juju.status("app/0").current, "error");
}

#[test]
fn bags_beyond_what_is_kept_together_are_their_writers_loss() {
    // Case e5: each is within Juju's limit of 16 MiB, and all of them are not to fill the memory.
    const PEERS: usize = 5;
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |this, _, cx| {
            let relation = cx.relations("peers")?.remove(0);
            let units = relation.members()?;
            relation.read_ahead(&units);
            let read = units.iter().filter(|unit| relation.bag(unit).readable().contains_key("big")).count();
            let refused = units.iter().filter(|unit| relation.bag(unit).get("big").is_err_and(|it| it.is_too_large()));
            this.see(format!("{read} of {} read, {} refused", units.len(), refused.count()));
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    let big = "x".repeat(15 << 20);
    for _ in 0..PEERS {
        let unit = juju.add_played_unit("app").unwrap();
        juju.settle().unwrap();
        juju.write_bag("peers", &unit, [("big", big.as_str())]).unwrap();
    }
    juju.settle().unwrap();
    let run = tick(&mut juju);
    assert_eq!(charm.seen(), ["4 of 5 read, 1 refused"]);
    assert_ne!(juju.status("app/0").current, "error");
    let warned: Vec<&str> = run.log().filter(|(level, _)| *level == "WARNING").map(|(_, text)| text).collect();
    assert!(warned.len() == 1 && warned[0].contains("more than 64 MiB of databags are read"), "{warned:?}");
}
