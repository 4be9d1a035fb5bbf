//! What a failed delivery leaves behind: its attempt, and nothing else.

use std::cell::Cell;
use std::rc::Rc;

use juju_ops::action::{self, Action, NoParams};
use juju_ops::{Ack, BoxError, Context, Outcome, Status, hook, testing};
use serde_json::json;

use crate::support::{Fleeting, Lasting, Made, fleeting, lasting, tick};

/// A charm with one pending event, `a`, whose redelivery runs a closure that a test may switch on.
fn redelivering(act: impl Fn(&Context) -> Result<Ack, BoxError> + 'static) -> (Made, Rc<Cell<bool>>) {
    let (on, act) = (Rc::new(Cell::new(false)), Rc::new(act));
    let switch = on.clone();
    let charm = Made::new(move |_, events| {
        let (on, act) = (on.clone(), act.clone());
        events.emits(&lasting());
        events.on(&hook::start(), |_, _, cx| Ok(cx.emit_durable(&lasting(), Lasting::new("a"))?));
        events.on(&fleeting(), |this, event, cx| {
            this.see(format!("fleeting {}", event.0));
            if event.0 > 0 {
                cx.emit(&fleeting(), Fleeting(event.0));
            }
            Ok(())
        });
        events.on(&lasting(), move |this, event, cx| {
            this.see(event.about.clone());
            if on.get() { act(cx) } else { Ok(Ack::NotYet) }
        });
        events.on(&hook::any(), |_, _, cx| {
            cx.emit(&fleeting(), Fleeting(0));
            Ok(())
        });
        events.on(&action::run::<NoParams>("go"), |_, _: &Action<NoParams>, cx| {
            let pending = cx.pending()?;
            let attempts: u64 = pending.iter().map(|event| event.attempts).sum();
            Ok(Outcome::completed().with("count", pending.len())?.with("attempts", attempts)?)
        });
    });
    (charm, switch)
}

#[test]
fn a_failed_redelivery_takes_back_everything_it_did() {
    let (charm, on) = redelivering(|cx| {
        cx.unit().set_status(Status::blocked("half done"))?;
        cx.state("test").set(&1)?;
        cx.relations("peers")?.remove(0).own_bag()?.set("half", "done")?;
        cx.emit(&fleeting(), Fleeting(0));
        cx.emit_durable(&lasting(), Lasting::new("b"))?;
        cx.dismiss(&lasting())?;
        Err("no".into())
    });
    let mut juju = charm.deploy();
    let (state, bag, status) = (juju.state("app/0"), juju.bag("peers", "app/0").unwrap(), juju.status("app/0"));
    on.set(true);
    tick(&mut juju);
    // The fleeting one is that of `any`.
    assert_eq!(charm.seen(), ["a", "fleeting 0"]);
    assert_eq!((juju.bag("peers", "app/0").unwrap(), juju.status("app/0")), (bag, status));
    assert_eq!(juju.state("app/0").keys().collect::<Vec<_>>(), state.keys().collect::<Vec<_>>());
    let done = juju.run_action("app/0", "go", json!({})).unwrap();
    assert_eq!((&done.results["count"], &done.results["attempts"]), (&json!("1"), &json!("1")));
}

#[test]
fn a_redelivery_that_emits_without_end_spares_the_hook() {
    let (charm, on) = redelivering(|cx| {
        cx.emit(&fleeting(), Fleeting(1));
        Ok(Ack::Done)
    });
    let mut juju = charm.deploy();
    on.set(true);
    let run = tick(&mut juju);
    assert_ne!(juju.status("app/0").current, "error");
    assert!(run.log().any(|(_, text)| text == "test fleeting: emitted without end; it stays pending"));
}

#[test]
fn durable_events_that_a_redelivery_emits_without_end_spare_the_hook() {
    let count = Rc::new(Cell::new(0));
    let (charm, on) = redelivering(move |cx| {
        count.set(count.get() + 1);
        cx.emit_durable(&lasting(), Lasting::new(&format!("n{}", count.get())))?;
        Ok(Ack::Done)
    });
    let mut juju = charm.deploy();
    on.set(true);
    let run = tick(&mut juju);
    assert!(run.log().any(|(_, text)| text.ends_with("emitted without end; it stays pending")), "{run}");
    assert_ne!(juju.status("app/0").current, "error");
    assert_eq!(testing::pending(&juju, "app/0").len(), 1);
}

#[test]
fn durable_events_that_a_hook_emits_without_end_fail_it() {
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&hook::update_status(), |_, _, cx| Ok(cx.emit_durable(&lasting(), Lasting::new("0"))?));
        events.on(&lasting(), |_, event, cx| {
            let next: u32 = event.about.parse()?;
            cx.emit_durable(&lasting(), Lasting::new(&(next + 1).to_string()))?;
            Ok(Ack::Done)
        });
    });
    let mut juju = charm.deploy();
    let run = tick(&mut juju);
    assert!(run.log().last().is_some_and(|(_, text)| text.ends_with("emitted without end")));
    assert_eq!(juju.status("app/0").current, "error");
}

#[test]
fn a_panic_anywhere_in_a_charm_is_an_error_of_the_hook() {
    type Observe = fn(&Made, &mut juju_ops::Observers<Made>);
    let charms: [(&str, Observe); 4] = [
        ("", |_, events| {
            events.on(&hook::update_status(), |_, _, _| panic!("out of luck"));
        }),
        ("test fleeting: ", |_, events| {
            events.on(&hook::update_status(), |_, _, cx| {
                cx.emit(&fleeting(), Fleeting(0));
                Ok(())
            });
            events.on(&fleeting(), |_, _, _| panic!("out of luck"));
        }),
        ("any hook: ", |_, events| {
            events.on(&hook::any(), |_, event, _| match event.hook() {
                hook::Hook::UpdateStatus(_) => panic!("out of luck"),
                _ => Ok(()),
            });
        }),
        ("evaluating the status: ", |_, events| {
            events.status(|_, cx| match cx.hook() {
                Some(hook::Hook::UpdateStatus(_)) => panic!("out of luck"),
                _ => Ok(Status::active("")),
            });
        }),
    ];
    for (what, observe) in charms {
        let mut juju = Made::new(observe).deploy();
        let run = tick(&mut juju);
        assert_eq!(
            run.log().last(),
            Some(("ERROR", format!("hook update-status: {what}panicked: out of luck").as_str()))
        );
        assert_eq!(juju.status("app/0").current, "error");
    }
}

#[test]
fn a_failed_dispatch_lets_go_of_its_events() {
    let alive = Rc::new(());
    #[derive(Debug)]
    struct Holding(#[allow(dead_code)] Context, #[allow(dead_code)] Rc<()>);
    impl juju_ops::Event for Holding {
        type Response = ();
    }
    let held = alive.clone();
    let charm = Made::new(move |_, events| {
        let held = held.clone();
        events.on(&hook::update_status(), move |_, _, cx| {
            cx.emit(&juju_ops::Source::new("test", "holding"), Holding(cx.clone(), held.clone()));
            Err("no".into())
        });
    });
    let mut juju = charm.deploy();
    let before = Rc::strong_count(&alive);
    tick(&mut juju);
    assert_eq!(Rc::strong_count(&alive), before);
}
