//! The order of one dispatch.

use std::cell::RefCell;
use std::rc::Rc;

use juju_ops::action::{self, Action};
use juju_ops::{Ack, Observers, Outcome, Source, Status, hook, testing};
use serde_json::{Value, json};

use crate::support::{Fleeting, Lasting, Made, charm, fleeting, lasting, tick};

#[test]
fn hook_then_what_it_emits_then_pending_then_any_then_status_then_writes() {
    let charm = Made::new(|_, events: &mut Observers<Made>| {
        events.emits(&lasting());
        events.on(&hook::any(), |this, event, cx| {
            this.see(format!("any {:?}", event.hook()));
            Ok(cx.emit_durable(&lasting(), Lasting::new("from any"))?)
        });
        events.on(&hook::update_status(), |this, _, cx| {
            this.see("first");
            cx.emit(&fleeting(), Fleeting(2));
            cx.emit(&fleeting(), Fleeting(0));
            cx.emit_durable(&lasting(), Lasting::new("from the hook"))?;
            this.see("first returns");
            Ok(())
        });
        events.on(&hook::update_status(), |this, _, _| {
            this.see("second");
            Ok(())
        });
        events.on(&fleeting(), |this, event, cx| {
            this.see(format!("fleeting {}", event.0));
            if event.0 > 0 {
                cx.emit(&fleeting(), Fleeting(event.0 - 1));
            }
            Ok(())
        });
        events.on(&lasting(), |this, event, cx| {
            this.see(format!("lasting {}", event.about));
            cx.emit(&fleeting(), Fleeting(0));
            Ok(Ack::Done)
        });
        events.status(|this, _| {
            this.see("status");
            Ok(Status::active("first"))
        });
        events.status(|_, _| Ok(Status::waiting("the most severe")));
        events.status(|_, _| Ok(Status::waiting("not the first of them")));
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    assert_eq!(
        charm.seen(),
        [
            "first",
            "first returns",
            "fleeting 2",
            "fleeting 0",
            "fleeting 1",
            "fleeting 0",
            "second",
            "lasting from the hook",
            "fleeting 0",
            "any UpdateStatus(UpdateStatus(()))",
            "lasting from any",
            "fleeting 0",
            "status",
        ]
    );
    assert_eq!(juju.status("app/0"), ("waiting", "the most severe"));
}

/// The subjects of the events that are to be emitted next.
type Script = Rc<RefCell<Vec<&'static str>>>;

/// A charm that emits what `script` says in the next `update-status`, and answers `NotYet` to what it is delivered
/// until told otherwise.
fn holding() -> (Made, Script, Rc<RefCell<Ack>>) {
    let (emit, answer) = (Script::default(), Rc::new(RefCell::new(Ack::NotYet)));
    let (next, reply) = (emit.clone(), answer.clone());
    let charm = Made::new(move |_, events| {
        let (next, reply) = (next.clone(), reply.clone());
        events.emits(&lasting());
        let in_hook = next.clone();
        events.on(&hook::update_status(), move |_, _, cx| {
            for about in in_hook.take() {
                cx.emit_durable(&lasting(), Lasting::new(about))?;
            }
            Ok(())
        });
        let in_stop = next.clone();
        events.on(&hook::stop(), move |_, _, cx| {
            for about in in_stop.take() {
                cx.emit_durable(&lasting(), Lasting::new(about))?;
            }
            Ok(())
        });
        events.on(&action::run::<Value>("go"), move |_, _: &Action<Value>, cx| {
            for about in next.take() {
                cx.emit_durable(&lasting(), Lasting::new(about))?;
            }
            Ok(Outcome::completed())
        });
        events.on(&lasting(), move |this, event, _| {
            this.see(format!("{}{}", event.about, if event.refreshed { " again" } else { "" }));
            Ok(*reply.borrow())
        });
    });
    (charm, emit, answer)
}

#[test]
fn pending_events_are_delivered_first_in_first_out_and_refreshed_but_in_the_emitting_dispatch() {
    let (charm, emit, answer) = holding();
    let mut juju = charm.deploy();
    *emit.borrow_mut() = vec!["a", "b"];
    tick(&mut juju);
    assert_eq!(charm.seen(), ["a", "b"]);
    *emit.borrow_mut() = vec!["c"];
    tick(&mut juju);
    assert_eq!(charm.seen(), ["a again", "b again", "c"]);
    *answer.borrow_mut() = Ack::Done;
    tick(&mut juju);
    assert_eq!(charm.seen(), ["a again", "b again", "c again"]);
    tick(&mut juju);
    assert_eq!(charm.seen(), [""; 0]);
}

#[test]
fn an_event_that_is_replaced_goes_to_the_end_as_a_new_one() {
    let (charm, emit, _) = holding();
    let mut juju = charm.deploy();
    *emit.borrow_mut() = vec!["a", "b"];
    tick(&mut juju);
    charm.seen();
    // The same subject, another content.
    *emit.borrow_mut() = vec!["a#2"];
    tick(&mut juju);
    assert_eq!(charm.seen(), ["b again", "a#2"]);
}

#[test]
fn an_overtaken_event_is_dropped_and_one_that_cannot_be_refreshed_is_kept() {
    let (charm, emit, _) = holding();
    let mut juju = charm.deploy();
    *emit.borrow_mut() = vec!["gone", "broken", "well"];
    tick(&mut juju);
    assert_eq!(charm.seen(), ["gone", "broken", "well"]);
    let run = tick(&mut juju);
    assert_eq!(charm.seen(), ["well again"]);
    let log: Vec<(&str, &str)> = run.log().collect();
    assert_eq!(log[0], ("DEBUG", "juju-ops: dropped test lasting gone: overtaken"));
    assert!(log.contains(&("ERROR", "test lasting broken: cannot be looked at; it stays pending")), "{log:?}");
    assert!(!juju.state("app/0")["juju-ops.pending.0"].contains("gone"));
    assert!(juju.state("app/0")["juju-ops.pending.0"].contains("\"attempts\":1"));
}

#[test]
fn what_an_action_emits_waits_for_the_next_hook() {
    let (charm, emit, _) = holding();
    let mut juju = charm.deploy();
    *emit.borrow_mut() = vec!["a"];
    assert_eq!(juju.run_action("app/0", "go", json!({})).unwrap().status, "completed");
    assert_eq!(charm.seen(), [""; 0]);
    tick(&mut juju);
    assert_eq!(charm.seen(), ["a again"]);
}

#[test]
fn what_stop_emits_is_not_delivered() {
    let (charm, emit, _) = holding();
    let mut juju = charm.deploy();
    *emit.borrow_mut() = vec!["a"];
    juju.remove_unit("app/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(charm.seen(), [""; 0]);
    assert!(juju.transcript().contains("emitted test lasting a"), "{}", juju.transcript());
}

#[test]
fn what_is_pending_outlives_stop_which_is_not_the_end_of_a_pods_unit() {
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&hook::update_status(), |_, _, cx| Ok(cx.emit_durable(&lasting(), Lasting::new("a"))?));
        events.on(&lasting(), |_, _, _| Ok(Ack::NotYet));
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    juju.remove_unit("app/0").unwrap();
    let run = loop {
        let run = juju.step_unit("app/0").unwrap();
        if run.hook == "stop" {
            break run;
        }
    };
    let commands: Vec<String> = run.commands().map(ToString::to_string).collect();
    assert_eq!(commands, ["state-get --format=json"]);
    assert_eq!(testing::pending(&juju, "app/0").len(), 1);
}

#[test]
fn the_status_is_evaluated_after_everything_but_not_on_the_way_out() {
    let charm = Made::new(|_, events| {
        events.on(&hook::stop(), |_, _, cx| Ok(cx.unit().set_status(Status::maintenance("stopping"))?));
        events.on(&hook::any(), |this, event, _| {
            this.see(format!("{:?}", event.hook()));
            Ok(())
        });
        events.status(|_, _| Ok(Status::active("Ready")));
    });
    let mut juju = charm.deploy();
    assert_eq!(juju.status("app/0"), ("active", "Ready"));
    juju.remove_unit("app/0").unwrap();
    juju.settle().unwrap();
    let transcript = juju.transcript();
    assert!(transcript.contains("status-set maintenance -- stopping"), "{transcript}");
    assert!(!transcript.contains("status-set active"), "{transcript}");
    let seen = charm.seen();
    assert!(seen.iter().all(|hook| !hook.starts_with("Stop") && !hook.starts_with("Remove")), "{seen:?}");
}

#[test]
fn an_event_emitted_again_by_its_own_handler_waits_for_the_next_dispatch() {
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&hook::update_status(), |_, _, cx| Ok(cx.emit_durable(&lasting(), Lasting::new("a"))?));
        events.on(&lasting(), |this, event, cx| {
            this.see(event.about.clone());
            cx.emit_durable(&lasting(), Lasting::new("a#again"))?;
            // For the one that was delivered; it does not take the replacement with it.
            Ok(Ack::Done)
        });
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    assert_eq!(charm.seen(), ["a"]);
    assert!(juju.state("app/0")["juju-ops.pending.0"].contains("a#again"));
}

#[test]
fn a_charm_can_look_at_what_is_pending_and_drop_one() {
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&hook::start(), |_, _, cx| {
            cx.emit_durable(&lasting(), Lasting::new("a"))?;
            Ok(cx.emit_durable(&lasting(), Lasting::new("b"))?)
        });
        events.on(&lasting(), |_, _, _| Ok(Ack::NotYet));
        events.on(&action::run::<Value>("go"), |_, _: &Action<Value>, cx| {
            let pending = cx.pending()?;
            assert_eq!(pending.len(), 2);
            assert!(pending[0].deliverable && pending[0].topic == "test" && pending[0].subject == "a");
            assert!(cx.drop_pending(&pending[0])?);
            assert!(!cx.drop_pending(&pending[0])?);
            Ok(Outcome::completed())
        });
    });
    let mut juju = charm.deploy();
    juju.run_action("app/0", "go", json!({})).unwrap();
    let pending = juju.state("app/0")["juju-ops.pending.0"].clone();
    assert!(!pending.contains("\"a\"") && pending.contains("\"b\""));
}

#[test]
fn an_event_of_a_source_that_nobody_declares_is_refused() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |_, _, cx| Ok(cx.emit_durable(&lasting(), Lasting::new("a"))?));
    });
    let mut juju = charm.deploy();
    let run = tick(&mut juju);
    let text = "hook update-status: test lasting a: is emitted, and nothing declares that it emits it";
    assert_eq!(run.log().last(), Some(("ERROR", text)));
}

#[test]
fn a_handler_that_answers_its_own_event_without_end_fails_the_hook() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |_, _, cx| {
            cx.emit(&fleeting(), Fleeting(0));
            Ok(())
        });
        events.on(&fleeting(), |_, _, cx| {
            cx.emit(&fleeting(), Fleeting(0));
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    let run = tick(&mut juju);
    assert_eq!(run.log().last(), Some(("ERROR", "hook update-status: test fleeting: emitted without end")));
}

#[test]
fn a_charm_without_durable_events_asks_juju_for_nothing() {
    let charm = Made::new(|_, events| events.on(&hook::update_status(), |_, _, _| Ok(())));
    let mut juju = charm.deploy();
    assert_eq!(tick(&mut juju).commands().count(), 0);
}

#[test]
fn a_rollback_keeps_what_it_does_not_know_and_the_next_upgrade_delivers_it() {
    let (newer, emit, answer) = holding();
    let mut juju = newer.deploy();
    *emit.borrow_mut() = vec!["a"];
    tick(&mut juju);
    let stored = juju.state("app/0")["juju-ops.pending.0"].clone();

    // The version before knows another event, under another topic.
    let other = || Source::<Lasting>::new("older", "lasting");
    let older = Made::new(move |_, events| {
        events.emits(&other());
        events.on(&other(), |_, _, _| Ok(Ack::Done));
        events.on(&hook::upgrade_charm(), move |_, _, cx| Ok(cx.emit_durable(&other(), Lasting::new("b"))?));
    });
    juju.refresh("app", testing::revision(older, charm()).unwrap()).unwrap();
    juju.settle().unwrap();
    tick(&mut juju);
    assert_eq!(juju.state("app/0")["juju-ops.pending.0"], stored);
    let warnings = juju.log().iter().filter(|line| line.text.contains("not of this version of the charm")).count();
    assert_eq!(warnings, 1);

    newer.seen();
    *answer.borrow_mut() = Ack::Done;
    juju.refresh("app", testing::revision(newer.clone(), crate::support::charm_with_action()).unwrap()).unwrap();
    juju.settle().unwrap();
    assert_eq!(newer.seen(), ["a again"]);
    assert!(juju.state("app/0").is_empty(), "{:?}", juju.state("app/0"));
}
