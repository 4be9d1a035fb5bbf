//! Corners in which statuses, events and types once went wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use juju_ops::hook_command::PortRange;
use juju_ops::{Ack, BoxError, Context, Encoding, Status, hook, testing};
use juju_sim::{Charm, Fault, HookRun, Revision, Target, ToolOutput, World};
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
fn an_event_that_a_redelivery_emits_does_not_fail_the_hook() {
    let mut case = case_with(&["a"]);
    case.lasts(|event, cx| {
        if event.about == "b" {
            return Err("no".into());
        }
        cx.emit_durable(&lasting(), Lasting::new("b"))?;
        Ok(Ack::Done)
    });
    let run = tick(&mut case.juju);
    case.well(&run);
}

/// The charm sets a status by hand, and remembers it.
fn with_status() -> Case {
    let mut case = case_with(&["a"]);
    shows(&mut case, "one");
    case
}

fn shows(case: &mut Case, message: &'static str) -> HookRun {
    set(&case.hook, move |cx| Ok(cx.unit().set_status(Status::active(message))?));
    let run = tick(&mut case.juju);
    case.well(&run);
    assert_eq!(case.juju.status("app/0"), ("active", message), "{run}");
    run
}

#[test]
fn a_status_shown_for_a_while_is_remembered() {
    let mut case = with_status();
    set(&case.hook, |cx| Ok(cx.unit().show_status(&Status::maintenance("for a while"))?));
    tick(&mut case.juju);
    assert_eq!(case.juju.status("app/0"), ("maintenance", "for a while"));
    shows(&mut case, "one");
}

#[test]
fn a_status_of_a_hook_that_failed_is_not_left() {
    for fault in [Fault::RejectFlush, Fault::CrashBeforeFlush] {
        let mut case = with_status();
        set(&case.hook, |cx| {
            cx.state("x").set(&1)?;
            Ok(cx.unit().set_status(Status::blocked("two"))?)
        });
        case.juju.inject("app/0", fault).unwrap();
        case.juju.tick("app/0").unwrap();
        case.juju.step();
        // What was wrong is over when the hook runs again.
        set(&case.hook, |cx| Ok(cx.unit().set_status(Status::active("one"))?));
        case.juju.settle().unwrap();
        assert_eq!(case.juju.status("app/0"), ("active", "one"));
    }
}

#[test]
fn a_status_of_a_redelivery_before_a_failure_is_not_left() {
    let mut case = with_status();
    set(&case.hook, |_| Ok(()));
    case.lasts(|_, cx| {
        cx.unit().set_status(Status::blocked("two"))?;
        Ok(Ack::NotYet)
    });
    set(&case.any, |_| Err("no".into()));
    tick(&mut case.juju);
    set(&case.any, |_| Ok(()));
    case.lasts(|_, cx| {
        cx.unit().set_status(Status::active("one"))?;
        Ok(Ack::Done)
    });
    case.juju.settle().unwrap();
    assert_eq!(case.juju.status("app/0"), ("active", "one"));
}

#[test]
fn a_units_status_is_put_back_where_the_applications_is_refused() {
    let mut case = with_status();
    set(&case.hook, |_| Ok(()));
    case.lasts(|_, cx| {
        cx.unit().set_status(Status::blocked("two"))?;
        let leader = cx.app().leader()?.ok_or("no leader")?;
        cx.app().set_status(&leader, Status::blocked("three"))?;
        Ok(Ack::Done)
    });
    case.fault(1, "status-set");
    let run = tick(&mut case.juju);
    case.well(&run);
    assert_eq!(case.pending(), [("a".to_owned(), 1)], "{run}");
    case.lasts(|_, _| Ok(Ack::NotYet));
    shows(&mut case, "one");
}

#[test]
fn a_status_of_another_charm_in_between_is_not_left() {
    let mut case = with_status();
    set(&case.hook, |_| Ok(()));
    let other = Revision::in_process(crate::support::charm(), |charm| {
        juju_sim::ProgramEnd::Exit(charm.tools.call(&["status-set", "blocked", "other"], None).code)
    });
    case.juju.refresh("app", other).unwrap();
    case.juju.settle().unwrap();
    assert_eq!(case.juju.status("app/0"), ("blocked", "other"));
    case.juju.refresh("app", testing::revision(case.charm.clone(), crate::support::charm()).unwrap()).unwrap();
    case.juju.settle().unwrap();
    shows(&mut case, "one");
}

#[test]
fn the_applications_status_of_another_leader_is_not_left() {
    let mut case = case_with(&[]);
    case.juju.add_unit("app").unwrap();
    case.juju.settle().unwrap();
    set(&case.hook, |cx| {
        if let Some(leader) = cx.app().leader()? {
            let kind = if cx.unit().name()?.number() == 0 { Status::active("zero") } else { Status::blocked("one") };
            cx.app().set_status(&leader, kind)?;
        }
        Ok(())
    });
    for (unit, status) in [("app/0", ("active", "zero")), ("app/1", ("blocked", "one")), ("app/0", ("active", "zero"))]
    {
        case.juju.set_leader(unit).unwrap();
        case.juju.settle().unwrap();
        case.juju.tick(unit).unwrap();
        case.juju.settle().unwrap();
        assert_eq!(case.juju.app_status("app"), status, "{unit}");
    }
}

#[test]
fn a_waiting_event_that_sets_the_same_status_as_ever_sends_nothing_at_rest() {
    let charm = Made::new(move |_, events| {
        events.emits(&lasting());
        events.on(&hook::start(), |_, _, cx| Ok(cx.emit_durable(&lasting(), Lasting::new("a"))?));
        events.on(&lasting(), |_, _, cx| {
            cx.unit().set_status(Status::waiting("for a"))?;
            Ok(Ack::NotYet)
        });
        events.status(|_, _| Ok(Status::active("ready")));
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    let run = tick(&mut juju);
    assert_eq!(run.commands().map(ToString::to_string).collect::<Vec<_>>(), ["state-get --format=json"]);
}

#[test]
fn a_map_without_order_is_unchanged() {
    let mut case = case_with(&[]);
    let charm = case.charm.clone();
    set(&case.hook, move |cx| {
        let map: std::collections::HashMap<u32, u32> = (0..20).map(|n| (n, n)).collect();
        charm.see(format!("{}", cx.memory("m").unchanged(&map)?));
        Ok(())
    });
    tick(&mut case.juju);
    case.charm.seen();
    tick(&mut case.juju);
    assert_eq!(case.charm.seen(), ["true"]);
}

fn flaws<C: for<'de> Deserialize<'de> + 'static>(options: &str) -> Result<(), juju_ops::Error> {
    struct Reads<C>(std::marker::PhantomData<C>);
    impl<C: for<'de> Deserialize<'de> + 'static> juju_ops::Observer for Reads<C> {
        fn observe(&self, events: &mut juju_ops::Observers<Self>) {
            events.config::<C>();
        }
    }
    testing::check(&Reads::<C>(std::marker::PhantomData), &Charm::parse("name: app", Some(options), None).unwrap())
}

#[test]
fn reasonable_types_of_configurations_have_no_flaws() {
    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Aliased {
        #[serde(alias = "colour")]
        color: String,
    }
    flaws::<Aliased>("options: {color: {type: string, default: red}}").unwrap();
    #[derive(Deserialize)]
    #[serde(default)]
    #[allow(dead_code)]
    #[derive(Default)]
    struct Defaulted {
        a: u8,
        b: String,
        c: bool,
        d: f64,
    }
    flaws::<Defaulted>("options: {a: {type: int}, b: {type: string}, c: {type: boolean}, d: {type: float}}").unwrap();
    #[derive(Deserialize)]
    #[serde(untagged)]
    #[allow(dead_code)]
    enum Either {
        Number(u32),
        Word(String),
    }
    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct More {
        either: Either,
        address: std::net::IpAddr,
        maybe: Option<std::num::NonZeroU16>,
        path: std::path::PathBuf,
        letter: char,
        size: i128,
    }
    flaws::<More>("options: {either: {type: string, default: x}, address: {type: string, default: '::1'}, maybe: {type: int}, path: {type: string, default: /}, letter: {type: string, default: x}, size: {type: int, default: 1}}").unwrap();
}

const ALL: [Encoding; 3] = [Encoding::Json, Encoding::Document("data"), Encoding::Text];

fn back<T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug>(value: &T, encodings: &[Encoding]) {
    for encoding in encodings {
        let bag = encoding.encode(value).unwrap();
        // As Juju has it: what is empty is not there; and its own keys are.
        let mut bag: BTreeMap<String, String> = bag.into_iter().filter(|(_, it)| !it.is_empty()).collect();
        bag.insert("ingress-address".into(), "10.0.0.5".into());
        match encoding.decode::<T>(&bag) {
            Ok(read) => assert_eq!(&read, value, "{encoding:?}"),
            Err(error) => panic!("{encoding:?} {bag:?}: {error:?}"),
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(u32),
    Square { side: u32 },
}

#[test]
fn enums_are_read_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Shaped {
        shape: Shape,
    }
    for shape in [Shape::Point, Shape::Circle(3), Shape::Square { side: 2 }] {
        // Data of a variant has no plain text.
        back(&Shaped { shape }, &ALL[..2]);
    }
}

#[test]
fn an_empty_text_is_read_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Named {
        name: String,
    }
    back(&Named { name: String::new() }, &ALL);
}

#[test]
fn flattened_structs_are_read_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Common {
        host: String,
        port: u16,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        #[serde(flatten)]
        common: Common,
        tls: bool,
    }
    // Of what is flattened it is not known what is a number in plain text.
    back(&Whole { common: Common { host: "h".into(), port: 1 }, tls: true }, &ALL[..2]);
}

#[test]
fn a_status_set_where_the_state_was_not_read_is_remembered() {
    let reads = Rc::new(std::cell::Cell::new(true));
    let message = Rc::new(RefCell::new("one"));
    let (read, said) = (reads.clone(), message.clone());
    let charm = Made::new(move |_, events| {
        let (read, said) = (read.clone(), said.clone());
        events.on(&hook::update_status(), move |_, _, cx| {
            if read.get() {
                cx.state("x").get::<u8>()?;
            }
            Ok(cx.unit().set_status(Status::active(*said.borrow()))?)
        });
    });
    let mut juju = charm.deploy();
    for (read, said) in [(true, "one"), (false, "two"), (true, "one")] {
        reads.set(read);
        *message.borrow_mut() = said;
        let run = tick(&mut juju);
        assert_eq!(juju.status("app/0"), ("active", said), "{run}");
    }
}

#[test]
fn a_status_of_an_action_is_not_left() {
    let message = Rc::new(RefCell::new("one"));
    let said = message.clone();
    let charm = Made::new(move |_, events| {
        let said = said.clone();
        events.emits(&lasting());
        events.on(&lasting(), |_, _, _| Ok(Ack::NotYet));
        events.on(&juju_ops::action::run::<serde_json::Value>("go"), |_, _, _| Ok(juju_ops::Outcome::completed()));
        events.status(move |_, _| Ok(Status::active(*said.borrow())));
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    *message.borrow_mut() = "two";
    juju.run_action("app/0", "go", serde_json::json!({})).unwrap();
    assert_eq!(juju.status("app/0"), ("active", "two"));
    *message.borrow_mut() = "one";
    tick(&mut juju);
    assert_eq!(juju.status("app/0"), ("active", "one"));
}

#[test]
fn a_bag_tells_what_is_not_written_from_what_does_not_fit() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Server {
        port: u16,
    }
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |this, _, cx| {
            let relation = cx.relations("peers")?.remove(0);
            for unit in relation.members()? {
                match relation.bag(&unit).load_if_any::<Server>(Encoding::Json) {
                    Ok(server) => this.see(format!("{:?}", server.map(|server| server.port))),
                    Err(error) => this.see(format!("misfit: {}", error.is_misfit())),
                }
            }
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    let unit = juju.add_played_unit("app").unwrap();
    for port in ["", "80", "hunter2"] {
        juju.write_bag("peers", &unit, [("port", port)]).unwrap();
        juju.settle().unwrap();
        tick(&mut juju);
    }
    assert_eq!(charm.seen(), ["None", "Some(80)", "misfit: true"]);
}

#[test]
fn a_text_that_is_no_secret_is_not_found() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |this, _, cx| {
            let error = cx.secret(&"rubbish".parse()?).content().unwrap_err();
            this.see(format!("{} {error:?}", error.is_not_found()));
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    assert!(charm.seen()[0].starts_with("true "), "a secret of that name");
}

#[test]
fn a_unit_knows_whether_it_is_being_removed() {
    let charm = Made::new(|_, events| {
        events.on(&hook::stop(), |this, _, cx| {
            this.see(format!("{}", cx.unit().is_dying()?));
            Ok(())
        });
        events.on(&hook::update_status(), |this, _, cx| {
            this.see(format!("{}", cx.unit().is_dying()?));
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    juju.remove_unit("app/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(charm.seen(), ["false", "true"]);
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
