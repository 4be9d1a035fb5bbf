//! What was once found broken: small things at the edges.

use std::cell::RefCell;
use std::rc::Rc;

use juju_ops::hook_command::PortRange;
use juju_ops::{Ack, BoxError, Context, hook, testing};
use juju_sim::{Fault, HookRun, Target, ToolOutput, World};
use serde::{Deserialize, Serialize};

use crate::support::{Fleeting, Lasting, Made, fleeting, lasting, tick};

type Act = Rc<RefCell<Box<dyn Fn(&Context) -> Result<(), BoxError>>>>;
type Answer = Rc<RefCell<Box<dyn Fn(&Lasting, &Context) -> Result<Ack, BoxError>>>>;

struct Case {
    charm: Made,
    juju: World,
    /// What `update-status` does.
    hook: Act,
    /// What `hook::any` does.
    any: Act,
    lasting: Answer,
}

fn act() -> Act {
    Rc::new(RefCell::new(Box::new(|_| Ok(()))))
}

fn set(act: &Act, what: impl Fn(&Context) -> Result<(), BoxError> + 'static) {
    *act.borrow_mut() = Box::new(what);
}

fn case_with(first: &'static [&'static str]) -> Case {
    let (hook, any) = (act(), act());
    let answer: Answer = Rc::new(RefCell::new(Box::new(|_, _| Ok(Ack::NotYet))));
    let (h, a, l) = (hook.clone(), any.clone(), answer.clone());
    let charm = Made::new(move |_, events| {
        let (h, a, l) = (h.clone(), a.clone(), l.clone());
        events.emits(&lasting());
        events.on(&hook::start(), move |_, _, cx| {
            first.iter().try_for_each(|it| cx.emit_durable(&lasting(), Lasting::new(it)))?;
            Ok(())
        });
        events.on(&hook::update_status(), move |_, _, cx| h.borrow()(cx));
        events.on(&hook::any(), move |_, _, cx| a.borrow()(cx));
        events.on(&lasting(), move |this, event, cx| {
            this.see(event.about.clone());
            l.borrow()(event, cx)
        });
    });
    let juju = charm.deploy();
    Case { charm, juju, hook, any, lasting: answer }
}

impl Case {
    fn lasts(&self, what: impl Fn(&Lasting, &Context) -> Result<Ack, BoxError> + 'static) {
        *self.lasting.borrow_mut() = Box::new(what);
    }

    fn fault(&mut self, call: usize, command: &str) {
        let output = ToolOutput { code: 1, stdout: Vec::new(), stderr: b"ERROR permission denied\n".to_vec() };
        self.juju.inject("app/0", Fault::Answer { to: Target::NthOf(command.to_owned(), call), output }).unwrap();
    }

    fn pending(&self) -> Vec<(String, u64)> {
        testing::pending(&self.juju, "app/0").into_iter().map(|event| (event.subject, event.attempts)).collect()
    }

    fn well(&self, run: &HookRun) {
        assert_ne!(self.juju.status("app/0").current, "error", "{run}");
    }
}

#[test]
fn ports_of_a_refused_redelivery_are_put_back() {
    let mut case = case_with(&["a"]);
    set(&case.hook, |cx| {
        cx.unit().set_ports([PortRange::tcp(80)]);
        Ok(())
    });
    tick(&mut case.juju);
    set(&case.hook, |_| Ok(()));
    case.lasts(|_, cx| {
        cx.unit().set_ports([PortRange::tcp(443), PortRange::tcp(444)]);
        Ok(Ack::Done)
    });
    case.fault(0, "open-port");
    let run = tick(&mut case.juju);
    case.well(&run);
    assert_eq!(case.pending(), [("a".to_owned(), 1)]);
    assert_eq!(case.juju.open_ports("app/0"), ["80/tcp"]);
    case.fault(1, "open-port");
    let run = tick(&mut case.juju);
    case.well(&run);
    assert_eq!(case.juju.open_ports("app/0"), ["80/tcp"]);
}

#[test]
fn a_version_that_is_refused_is_the_events_loss() {
    let mut case = case_with(&["a"]);
    case.lasts(|_, cx| {
        cx.unit().set_workload_version("1");
        Ok(Ack::Done)
    });
    case.fault(0, "application-version-set");
    let run = tick(&mut case.juju);
    case.well(&run);
}

#[test]
fn many_areas_with_long_names_do_not_fail_the_hook() {
    let mut case = case_with(&["a"]);
    case.lasts(|_, cx| {
        for n in 0..10_500 {
            cx.state(&format!("{}{n:06}", "x".repeat(190))).set(&1)?;
        }
        Ok(Ack::Done)
    });
    let run = tick(&mut case.juju);
    case.well(&run);
}

#[test]
fn bags_that_are_read_anew_are_counted_once() {
    let mut case = case_with(&["a"]);
    set(&case.hook, |cx| Ok(cx.relations("peers")?.remove(0).own_bag()?.set("big", "x".repeat(9 << 20))?));
    tick(&mut case.juju);
    case.lasts(|event, cx| {
        let bag = cx.relations("peers")?.remove(0).own_bag()?;
        bag.set("key", event.about.clone())?;
        if event.about == "a" {
            for n in 0..9 {
                cx.emit_durable(&lasting(), Lasting::new(&format!("n{n}")))?;
            }
            return Ok(Ack::Done);
        }
        Ok(Ack::NotYet)
    });
    set(&case.hook, |_| Ok(()));
    let run = tick(&mut case.juju);
    case.well(&run);
    set(&case.any, |cx| Ok(cx.relations("peers")?.remove(0).own_bag()?.set("reconciled", "yes")?));
    let output = ToolOutput { code: 1, stdout: Vec::new(), stderr: b"ERROR permission denied\n".to_vec() };
    for n in 0..8 {
        case.juju
            .inject("app/0", Fault::Answer { to: Target::NthOf("relation-set".to_owned(), n), output: output.clone() })
            .unwrap();
    }
    let run = tick(&mut case.juju);
    case.well(&run);
    assert_eq!(case.juju.bag("peers", "app/0").unwrap()["reconciled"], "yes");
}

#[test]
fn a_fleeting_event_of_an_overtaken_one_does_not_fail_the_hook() {
    use std::borrow::Cow;
    #[derive(Debug, Serialize, Deserialize)]
    struct Overtaken;
    impl juju_ops::Event for Overtaken {
        type Response = Ack;
    }
    impl juju_ops::Durable for Overtaken {
        fn subject(&self) -> Cow<'_, str> {
            "x".into()
        }
        fn refresh(self, cx: &Context) -> Result<Option<Self>, BoxError> {
            cx.emit(&fleeting(), Fleeting(1));
            Ok(None)
        }
    }
    let source = || juju_ops::Source::<Overtaken>::new("test", "overtaken");
    let charm = Made::new(move |_, events| {
        events.emits(&source());
        events.on(&hook::start(), move |_, _, cx| Ok(cx.emit_durable(&source(), Overtaken)?));
        events.on(&source(), |_, _, _| Ok(Ack::NotYet));
        events.on(&fleeting(), |_, _, _| Err("no".into()));
        events.on(&hook::any(), |_, _, _| Ok(()));
    });
    let mut juju = charm.deploy();
    let run = tick(&mut juju);
    assert_ne!(juju.status("app/0").current, "error", "{run}");
}

#[test]
fn forgetting_one_name_keeps_another() {
    let mut case = case_with(&[]);
    set(&case.hook, |cx| {
        cx.memory("lib").unchanged(&1)?;
        cx.memory("lib.web").unchanged(&1)?;
        Ok(())
    });
    tick(&mut case.juju);
    let charm = case.charm.clone();
    set(&case.hook, move |cx| {
        cx.memory("lib").forget()?;
        charm.see(format!("{}", cx.memory("lib.web").unchanged(&1)?));
        Ok(())
    });
    case.charm.seen();
    tick(&mut case.juju);
    assert_eq!(case.charm.seen(), ["true"]);
}

#[test]
fn lines_after_one_with_many_nuls_are_not_lost() {
    let mut case = case_with(&[]);
    set(&case.hook, |_| {
        log::info!("{}", "\0".repeat(60_000));
        log::info!("important");
        Ok(())
    });
    let run = tick(&mut case.juju);
    assert!(run.log().any(|(_, text)| text.contains("important")));
}

#[test]
fn a_nested_field_of_a_name_does_not_make_the_outer_one_required() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Inner {
        name: String,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Config {
        inner: Inner,
        #[serde(default)]
        name: String,
    }
    struct Reads;
    impl juju_ops::Observer for Reads {
        fn observe(&self, events: &mut juju_ops::Observers<Self>) {
            events.config::<Config>();
        }
    }
    let observed = juju_ops::observed(&Reads).unwrap();
    let name = observed.config.iter().find(|field| field.name == "name").unwrap();
    assert!(!name.required, "{observed}");
}
