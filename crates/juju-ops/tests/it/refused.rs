//! What waited writes, when it is delivered again, and Juju refuses it: the event's loss, never the hook's.

use std::cell::RefCell;
use std::rc::Rc;

use juju_ops::{Ack, BoxError, Context, Status, hook, testing};
use juju_sim::{Fault, HookRun, Target, ToolOutput, World};

use crate::support::{Lasting, Made, lasting, tick};

type Act = Rc<RefCell<Box<dyn Fn(&Lasting, &Context) -> Result<Ack, BoxError>>>>;

/// A charm with the pending events `a`, `b` and `c`, whose redelivery does what the test says; its reconciler writes
/// the key `reconciled`.
fn charm() -> (Made, Act) {
    let act: Act = Rc::new(RefCell::new(Box::new(|_, _| Ok(Ack::NotYet))));
    let does = act.clone();
    let charm = Made::new(move |_, events| {
        let does = does.clone();
        events.emits(&lasting());
        events.on(&hook::start(), |_, _, cx| {
            ["a", "b", "c"].into_iter().try_for_each(|it| cx.emit_durable(&lasting(), Lasting::new(it)))?;
            Ok(())
        });
        events.on(&lasting(), move |this, event, cx| {
            this.see(event.about.clone());
            does.borrow()(event, cx)
        });
        events.on(&hook::any(), |_, _, cx| {
            for relation in cx.relations("peers")? {
                relation.own_bag()?.set("reconciled", "yes")?;
            }
            Ok(())
        });
    });
    (charm, act)
}

fn does(act: &Act, what: impl Fn(&Lasting, &Context) -> Result<Ack, BoxError> + 'static) {
    *act.borrow_mut() = Box::new(what);
}

fn write(cx: &Context, key: &str) -> Result<(), BoxError> {
    Ok(cx.relations("peers")?.remove(0).own_bag()?.set(key, "written")?)
}

fn refuse(call: usize, command: &str) -> Fault {
    let output = ToolOutput { code: 1, stdout: Vec::new(), stderr: b"ERROR permission denied\n".to_vec() };
    Fault::Answer { to: Target::NthOf(command.to_owned(), call), output }
}

/// The pending events with their attempts.
fn pending(juju: &World) -> Vec<(String, u64)> {
    testing::pending(juju, "app/0").into_iter().map(|event| (event.subject, event.attempts)).collect()
}

fn keys(juju: &World) -> Vec<String> {
    let own = ["egress-subnets", "ingress-address", "private-address"];
    juju.bag("peers", "app/0").unwrap().into_keys().filter(|key| !own.contains(&key.as_str())).collect()
}

fn well(juju: &World, run: &HookRun) {
    assert_ne!(juju.status("app/0").current, "error", "{run}");
}

#[test]
fn a_write_to_a_relation_that_is_gone_fails_the_handler_and_not_the_hook() {
    // Case e1: the relation of the event has gone while it waited.
    let (charm, act) = charm();
    let mut juju = charm.deploy();
    does(&act, |event, cx| {
        if event.about == "b" {
            cx.relation(&"peers:99".parse()?).own_bag()?.set("key", "value")?;
        }
        write(cx, &event.about)?;
        Ok(Ack::Done)
    });
    let run = tick(&mut juju);
    well(&juju, &run);
    assert_eq!(pending(&juju), [("b".to_owned(), 1)]);
    assert_eq!(keys(&juju), ["a", "c", "reconciled"]);
    let gone = testing::pending(&juju, "app/0").remove(0).last_error.unwrap();
    assert_eq!(gone, "test lasting b: peers:99: relation is not listed any more");
    // The next hooks are as well, and it can be dropped.
    let run = tick(&mut juju);
    well(&juju, &run);
    assert_eq!(pending(&juju), [("b".to_owned(), 2)]);
    let dropped = juju.exec("app/0", None, &["drop", "--all"]).unwrap();
    assert_eq!((dropped.status.as_str(), pending(&juju).len()), ("completed", 0));
}

#[test]
fn what_juju_refuses_as_it_is_sent_is_put_back_and_all_else_goes_out() {
    let (charm, act) = charm();
    let mut juju = charm.deploy();
    does(&act, |event, cx| {
        write(cx, &event.about)?;
        cx.state(&event.about).set(&1)?;
        Ok(Ack::Done)
    });
    // The second of the three.
    juju.inject("app/0", refuse(1, "relation-set")).unwrap();
    let run = tick(&mut juju);
    well(&juju, &run);
    assert_eq!(charm.seen(), ["a", "b", "c"]);
    assert_eq!(pending(&juju), [("b".to_owned(), 1)]);
    assert_eq!(keys(&juju), ["a", "c", "reconciled"]);
    let state = juju.state("app/0");
    assert!(state.contains_key("juju-ops.a.0") && state.contains_key("juju-ops.c.0"), "{state:?}");
    assert!(!state.contains_key("juju-ops.b.0"), "{state:?}");
    let said = run.log().find(|(level, _)| *level == "ERROR").unwrap().1;
    assert!(said.starts_with("test lasting b: relation-set peers:0 own unit: permission denied"), "{said}");
    // Delivered once more, it goes out.
    let run = tick(&mut juju);
    well(&juju, &run);
    assert_eq!((pending(&juju).len(), keys(&juju)), (0, ["a", "b", "c", "reconciled"].map(str::to_owned).into()));
}

#[test]
fn of_several_writes_those_before_the_refused_one_are_taken_back() {
    let (charm, act) = charm();
    let mut juju = charm.deploy();
    write_once(&mut juju, &act);
    does(&act, |event, cx| {
        if event.about == "a" {
            let relation = cx.relations("peers")?.remove(0);
            relation.own_bag()?.set("old", "new")?;
            relation.own_bag()?.set("fresh", "new")?;
            let leader = cx.app().leader()?.ok_or("no leader")?;
            relation.own_app_bag(&leader)?.set("key", "value")?;
            return Ok(Ack::Done);
        }
        Ok(Ack::NotYet)
    });
    // Either order of the two calls comes to the same.
    for call in [0, 1] {
        juju.inject("app/0", refuse(call, "relation-set")).unwrap();
        let run = tick(&mut juju);
        well(&juju, &run);
        assert_eq!(juju.bag("peers", "app/0").unwrap()["old"], "written", "{run}");
        assert_eq!(keys(&juju), ["old", "reconciled"]);
        assert!(juju.bag("peers", "app").unwrap().is_empty());
    }
    assert_eq!(pending(&juju)[0], ("a".to_owned(), 2));
}

/// Has `c` write the key `old` and go.
fn write_once(juju: &mut World, act: &Act) {
    does(act, |event, cx| {
        if event.about == "c" {
            write(cx, "old")?;
            return Ok(Ack::Done);
        }
        Ok(Ack::NotYet)
    });
    tick(juju);
}

#[test]
fn a_status_that_is_refused_is_the_events_loss_too() {
    let (charm, act) = charm();
    let mut juju = charm.deploy();
    does(&act, |_, cx| {
        cx.unit().set_status(Status::maintenance("at it"))?;
        Ok(Ack::Done)
    });
    juju.inject("app/0", refuse(0, "status-set")).unwrap();
    let run = tick(&mut juju);
    well(&juju, &run);
    assert_eq!(pending(&juju), [("a".to_owned(), 1)]);
    assert_eq!(juju.status("app/0"), ("maintenance", "at it"));
}

#[test]
fn a_refusal_that_cannot_be_taken_back_fails_the_hook() {
    // Otherwise half of a delivery would go out.
    let (charm, act) = charm();
    let mut juju = charm.deploy();
    does(&act, |event, cx| {
        if event.about == "a" {
            let relation = cx.relations("peers")?.remove(0);
            relation.own_bag()?.set("half", "done")?;
            let leader = cx.app().leader()?.ok_or("no leader")?;
            relation.own_app_bag(&leader)?.set("key", "value")?;
        }
        Ok(Ack::NotYet)
    });
    // The second write, and the one that takes back the first.
    juju.inject("app/0", refuse(1, "relation-set")).unwrap();
    juju.inject("app/0", refuse(2, "relation-set")).unwrap();
    let run = tick(&mut juju);
    assert_eq!(juju.status("app/0").current, "error");
    assert!(run.log().any(|(_, text)| text.contains("taking back its writes")), "{run}");
    assert_eq!(keys(&juju), ["reconciled"]);
}

#[test]
fn a_status_that_was_held_back_for_functions_that_abstain_fails_no_hook() {
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&hook::start(), |_, _, cx| Ok(cx.emit_durable(&lasting(), Lasting::new("a"))?));
        events.on(&lasting(), |_, event, cx| {
            if !event.refreshed {
                return Ok(Ack::NotYet);
            }
            cx.unit().set_status(Status::maintenance("at it"))?;
            Ok(Ack::Done)
        });
        events.status(|_, _| Ok(None));
    });
    let mut juju = charm.deploy();
    juju.inject("app/0", refuse(0, "status-set")).unwrap();
    let run = tick(&mut juju);
    well(&juju, &run);
    assert!(run.log().any(|(level, text)| level == "ERROR" && text.starts_with("status-set maintenance")), "{run}");
    assert!(pending(&juju).is_empty());
}
