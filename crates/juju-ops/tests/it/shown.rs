//! What Juju shows is noted on the unit's disk, and Juju is asked only where the note may be wrong.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;

use juju_ops::{BoxError, Call, Context, Ending, Env, Output, Status, StatusKind, Transport, dispatch, hook, testing};
use juju_ops::{Outcome, action, hook_command};
use juju_sim::{Explore, Fate, Fault, HookRun, ProgramEnd, Retry, Revision, Target, ToolOutput, World};

use crate::support::{Made, charm_with_action, tick};

const ASKS: &str = "status-get --format=json --include-data";
const ASKS_FOR_BOTH: &str = "status-get --format=json --include-data --application";
const SETS_TWO: &str = "status-set active -- two";

type Act = Rc<RefCell<Box<dyn Fn(&Context) -> Result<(), BoxError>>>>;

/// A charm whose status is what the test says, and which does in `update-status` what the test says.
struct Case {
    charm: Made,
    juju: World,
    says: Rc<Cell<&'static str>>,
    act: Act,
}

fn case() -> Case {
    let says = Rc::new(Cell::new("one"));
    let act: Act = Rc::new(RefCell::new(Box::new(|_| Ok(()))));
    let (said, acts) = (says.clone(), act.clone());
    let made = Made::new(move |_, events| {
        let (said, acts) = (said.clone(), acts.clone());
        events.on(&hook::update_status(), move |_, _, cx| acts.borrow()(cx));
        events.on(&action::run::<serde_json::Value>("go"), |_, _, _| Ok(Outcome::completed()));
        events.status(move |_, _| Ok(Status::active(said.get())));
    });
    let juju = rested(&made);
    Case { charm: made, juju, says, act }
}

/// A unit that has noted what Juju shows, which it does not in `start`.
fn rested(made: &Made) -> World {
    let mut juju = made.deploy();
    tick(&mut juju);
    juju
}

impl Case {
    fn acts(&self, what: impl Fn(&Context) -> Result<(), BoxError> + 'static) {
        *self.act.borrow_mut() = Box::new(what);
    }

    fn shows(&self, message: &str) {
        assert_eq!(self.juju.status("app/0"), ("active", message));
    }

    /// As many more dispatches as an untrue note may be trusted in.
    fn goes_on(&mut self) {
        for _ in 0..11 {
            tick(&mut self.juju);
        }
    }

    fn revision(&self) -> Revision {
        testing::revision(self.charm.clone(), charm_with_action()).unwrap()
    }
}

fn of_statuses(run: &HookRun) -> Vec<String> {
    run.commands().map(ToString::to_string).filter(|command| command.starts_with("status-")).collect()
}

fn none() -> [&'static str; 0] {
    []
}

fn rejected() -> ToolOutput {
    ToolOutput { code: 1, stdout: Vec::new(), stderr: b"ERROR permission denied\n".to_vec() }
}

#[test]
fn a_dispatch_whose_status_is_as_it_was_makes_no_status_call_but_one_in_eleven() {
    let mut case = case();
    let asked: Vec<usize> = (0..33).map(|_| tick(&mut case.juju).commands().count()).collect();
    let times: Vec<usize> = (0..33).filter(|&n| asked[n] != 0).collect();
    assert!(asked.iter().all(|&count| count < 2), "{asked:?}");
    assert!(times.len() == 3 && times.windows(2).all(|pair| pair[1] - pair[0] == 11), "{times:?}");
}

#[test]
fn a_leader_asks_for_leadership_and_for_both_statuses_at_once_when_it_is_time() {
    let made = Made::new(|_, events| {
        events.app_status(|_, _| Ok(Status::active("all is well")));
        events.status(|_, _| Ok(Status::active("one")));
    });
    let mut juju = rested(&made);
    let runs: Vec<Vec<String>> =
        (0..22).map(|_| tick(&mut juju).commands().map(ToString::to_string).collect()).collect();
    let (asking, resting): (Vec<_>, Vec<_>) = runs.into_iter().partition(|commands| commands.len() > 1);
    assert!(resting.iter().all(|commands| *commands == ["is-leader --format=json"]), "{resting:?}");
    assert_eq!(asking, vec![["is-leader --format=json", ASKS_FOR_BOTH]; 2]);
}

#[test]
fn a_status_that_changes_is_set_without_asking() {
    let mut case = case();
    case.says.set("two");
    assert_eq!(of_statuses(&tick(&mut case.juju)), [SETS_TWO]);
    case.shows("two");
    assert_eq!(of_statuses(&tick(&mut case.juju)), none());
}

#[test]
fn a_status_of_a_hook_that_failed_after_it_was_set_is_known() {
    for fault in [Fault::RejectFlush, Fault::CrashBeforeFlush, Fault::CrashAfterFlush, Fault::Fail] {
        let mut case = case();
        case.acts(|cx| Ok(cx.state("x").set(&1)?));
        case.says.set("two");
        case.juju.inject("app/0", fault).unwrap();
        case.juju.tick("app/0").unwrap();
        assert_eq!(of_statuses(case.juju.step().unwrap()), [SETS_TWO]);
        case.says.set("one");
        case.juju.settle().unwrap();
        case.shows("one");
        case.goes_on();
        case.shows("one");
    }
}

#[test]
fn a_failed_hook_that_is_taken_as_done_leaves_a_status_that_is_known() {
    let mut case = case();
    case.acts(|cx| {
        cx.unit().show_status(&Status::active("two"))?;
        Err("no".into())
    });
    case.juju.tick("app/0").unwrap();
    case.juju.step().unwrap();
    case.juju.resolve("app/0", Retry::NoRetry).unwrap();
    case.juju.settle().unwrap();
    case.acts(|_| Ok(()));
    assert_eq!(of_statuses(&tick(&mut case.juju)), ["status-set active -- one"]);
    case.shows("one");
}

#[test]
fn a_process_that_is_killed_around_its_status_set_leaves_no_note_or_a_true_one() {
    for calls in [0, 1] {
        let mut case = case();
        case.says.set("two");
        case.juju.inject("app/0", Fault::KillAt(calls)).unwrap();
        case.juju.tick("app/0").unwrap();
        case.juju.step().unwrap();
        case.shows(["one", "two"][calls]);
        // The hook runs again; what the charm says has changed back by then.
        case.says.set("one");
        case.juju.settle().unwrap();
        case.shows("one");
        tick(&mut case.juju);
        case.shows("one");
        assert_eq!(of_statuses(&tick(&mut case.juju)), none());
    }
}

#[test]
fn a_status_of_an_action_is_known_to_the_next_hook() {
    let mut case = case();
    case.says.set("two");
    case.juju.run_action("app/0", "go", serde_json::json!({})).unwrap();
    case.shows("two");
    assert_eq!(of_statuses(&tick(&mut case.juju)), none());
    case.says.set("one");
    assert_eq!(of_statuses(&tick(&mut case.juju)), ["status-set active -- one"]);
}

#[test]
fn a_status_that_a_subcommand_sets_is_known_to_the_next_hook() {
    let mut case = case();
    case.says.set("two");
    case.juju.exec("app/0", None, &["wake"]).unwrap();
    case.shows("two");
    assert_eq!(of_statuses(&tick(&mut case.juju)), none());
    // Nor does it touch a note where it has nothing to do with statuses.
    case.juju.exec("app/0", None, &["pending"]).unwrap();
    assert_eq!(of_statuses(&tick(&mut case.juju)), none());
}

#[test]
fn a_status_that_a_handler_sets_by_the_hook_command_itself_is_replaced() {
    let mut case = case();
    case.acts(|cx| Ok(hook_command::status_set(&Status::blocked("by hand")).run(cx.transport())?));
    let run = tick(&mut case.juju);
    assert_eq!(of_statuses(&run), ["status-set blocked -- 'by hand'", "status-set active -- one"]);
    case.shows("one");
    // And so where the status was looked at before.
    case.acts(|cx| {
        cx.unit().status()?;
        Ok(hook_command::status_set(&Status::blocked("by hand")).run(cx.transport())?)
    });
    tick(&mut case.juju);
    case.shows("one");
    case.acts(|cx| {
        hook_command::other("status-set", ["blocked", "by hand"]).run(cx.transport())?;
        Ok(())
    });
    tick(&mut case.juju);
    case.shows("one");
}

#[test]
fn a_status_of_a_handler_in_a_failed_hook_is_replaced() {
    let mut case = case();
    case.acts(|cx| {
        hook_command::status_set(&Status::blocked("by hand")).run(cx.transport())?;
        Err("no".into())
    });
    case.juju.tick("app/0").unwrap();
    case.juju.step().unwrap();
    case.acts(|_| Ok(()));
    case.juju.settle().unwrap();
    case.shows("one");
}

#[test]
fn a_status_set_that_juju_refuses_is_tried_again() {
    let mut case = case();
    case.says.set("two");
    let refused = Fault::Answer { to: Target::Command("status-set".to_owned()), output: rejected() };
    case.juju.inject("app/0", refused).unwrap();
    case.juju.tick("app/0").unwrap();
    case.juju.step().unwrap();
    case.juju.settle().unwrap();
    case.shows("two");
}

#[test]
fn a_status_that_another_program_has_set_is_replaced_after_ten_dispatches() {
    let mut case = case();
    case.says.set("two");
    // As if an operator had set it back at once.
    let output = ToolOutput::default();
    case.juju.inject("app/0", Fault::Answer { to: Target::Command("status-set".to_owned()), output }).unwrap();
    assert_eq!(of_statuses(&tick(&mut case.juju)), [SETS_TWO]);
    for _ in 0..10 {
        assert_eq!(of_statuses(&tick(&mut case.juju)), none());
        case.shows("one");
    }
    assert_eq!(of_statuses(&tick(&mut case.juju)), [ASKS, SETS_TWO]);
    case.shows("two");
}

#[test]
fn juju_is_asked_after_a_refresh_a_reboot_and_another_revision_in_between() {
    let mut case = case();
    case.juju.reboot("app/0").unwrap();
    let run = case.juju.step().unwrap();
    assert_eq!((run.hook.as_str(), of_statuses(run)), ("start", vec![ASKS.to_owned()]));
    // After `start` Juju may set a status itself.
    assert_eq!(of_statuses(&tick(&mut case.juju)), [ASKS]);
    assert_eq!(of_statuses(&tick(&mut case.juju)), none());

    case.juju.refresh("app", case.revision()).unwrap();
    let run = case.juju.step().unwrap();
    assert_eq!((run.hook.as_str(), of_statuses(run)), ("upgrade-charm", vec![ASKS.to_owned()]));
    case.juju.settle().unwrap();
    assert_eq!(of_statuses(&tick(&mut case.juju)), none());

    let other = Revision::in_process(charm_with_action(), |charm| {
        ProgramEnd::Exit(charm.tools.call(&["status-set", "blocked", "other"], None).code)
    });
    case.juju.refresh("app", other).unwrap();
    case.juju.settle().unwrap();
    assert_eq!(case.juju.status("app/0"), ("blocked", "other"));
    // A process of this charm begins, and dies before it has done anything.
    case.juju.refresh("app", case.revision()).unwrap();
    case.juju.inject("app/0", Fault::KillAt(0)).unwrap();
    case.juju.settle().unwrap();
    case.shows("one");
}

#[test]
fn a_restarted_agent_changes_nothing_and_a_restored_model_goes_on() {
    let mut case = case();
    case.juju.restart_agent("app/0").unwrap();
    case.juju.settle().unwrap();
    assert_eq!(of_statuses(&tick(&mut case.juju)), none());

    let kept = serde_json::to_string(&*case.juju.model()).unwrap();
    let fork = case.juju.fork();
    case.says.set("two");
    tick(&mut case.juju);
    case.shows("two");
    case.says.set("one");
    let model = serde_json::from_str(&kept).unwrap();
    let restored = World::restore(model, [("app".to_owned(), vec![case.revision()])]).unwrap();
    for mut juju in [fork, restored] {
        assert_eq!(of_statuses(&tick(&mut juju)), none());
        assert_eq!(juju.status("app/0"), ("active", "one"));
    }
}

#[test]
fn a_status_that_juju_sets_itself_after_the_first_start_is_replaced() {
    let says = Rc::new(Cell::new(false));
    let said = says.clone();
    let made = Made::new(move |_, events| {
        let said = said.clone();
        // What Juju shows by itself until the first `start` is over.
        events.status(move |_, _| Ok((!said.get()).then(|| Status::maintenance("installing charm software"))));
    });
    let mut juju = made.world();
    juju.add_unit("app").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("app/0"), ("unknown", ""));
    let run = tick(&mut juju);
    assert_eq!(of_statuses(&run), [ASKS, "status-set maintenance -- 'installing charm software'"]);
    assert_eq!(of_statuses(&tick(&mut juju)), none());
}

fn with_leaders() -> (World, Made) {
    let made = Made::new(|_, events| {
        events.app_status(|_, cx| Ok(Status::active(cx.unit().name()?.to_string())));
    });
    let mut juju = made.deploy();
    juju.add_unit("app").unwrap();
    juju.settle().unwrap();
    (juju, made)
}

#[test]
fn the_applications_status_is_that_of_whoever_leads() {
    let (mut juju, _) = with_leaders();
    for unit in ["app/1", "app/0", "app/1", "app/0"] {
        juju.set_leader(unit).unwrap();
        juju.settle().unwrap();
        assert_eq!(juju.app_status("app"), ("active", unit));
    }
}

#[test]
fn a_lease_that_was_lost_and_won_again_unnoticed_shows_another_status_for_ten_dispatches_at_most() {
    let (mut juju, _) = with_leaders();
    tick(&mut juju);
    // The agent of the unit 0 is away while the unit 1 leads, and back when it leads again.
    juju.hold("app/0", juju_sim::Observation::Leadership).unwrap();
    juju.set_leader("app/1").unwrap();
    while juju.step_unit("app/1").is_some() {}
    assert_eq!(juju.app_status("app"), ("active", "app/1"));
    juju.set_leader("app/0").unwrap();
    juju.release("app/0").unwrap();
    let mut ticks = 0;
    while juju.app_status("app") != ("active", "app/0") {
        tick(&mut juju);
        ticks += 1;
    }
    assert!(ticks <= 11, "{ticks}");
}

/// A Juju that shows a status, and a disk that the note is on.
#[derive(Clone)]
struct Fake(Rc<RefCell<Parts>>);

struct Parts {
    shown: Status,
    note: Option<Vec<u8>>,
    unreadable: bool,
    unwritable: bool,
    unremovable: bool,
    calls: Vec<String>,
    said: Vec<String>,
}

impl Transport for Fake {
    fn call(&self, call: &Call) -> io::Result<Output> {
        let mut parts = self.0.borrow_mut();
        parts.calls.push(call.command.to_string());
        let mut stdout = Vec::new();
        match &*call.command {
            "status-get" => {
                let (status, message) = (parts.shown.kind().as_str(), parts.shown.message());
                stdout = serde_json::to_vec(&serde_json::json!({"status": status, "message": message})).unwrap();
            }
            "status-set" => {
                // A process that is killed now must leave nothing behind.
                assert!(parts.note.is_none() || parts.unremovable);
                assert_eq!(call.args[0], "active");
                parts.shown = Status::new(StatusKind::Active, call.args[2].clone());
            }
            other => panic!("{other}"),
        }
        Ok(Output { ending: Ending::Exited(0), stdout, stderr: Vec::new() })
    }

    fn debug(&self, line: &str) {
        self.0.borrow_mut().said.push(line.to_owned());
    }

    fn complain(&self, line: &str) {
        self.0.borrow_mut().said.push(line.to_owned());
    }

    fn note(&self, _: &Path) -> io::Result<Option<Vec<u8>>> {
        let parts = self.0.borrow();
        if parts.unreadable { Err(io::Error::other("it is a directory")) } else { Ok(parts.note.clone()) }
    }

    fn set_note(&self, _: &Path, note: Option<&[u8]>) -> io::Result<()> {
        let mut parts = self.0.borrow_mut();
        if if note.is_some() { parts.unwritable } else { parts.unremovable } {
            return Err(io::Error::other("the disk is full"));
        }
        parts.note = note.map(<[u8]>::to_owned);
        Ok(())
    }
}

/// The charm says a status; what it called, and what it said in its log.
fn says(juju: &Fake, status: &'static str, change: &[(&'static str, &'static str)]) -> (Vec<String>, Vec<String>) {
    let made = Made::new(move |_, events| events.status(move |_, _| Ok(Status::active(status))));
    let vars = [
        ("JUJU_DISPATCH_PATH", "hooks/update-status"),
        ("JUJU_UNIT_NAME", "app/0"),
        ("JUJU_MODEL_UUID", "8f0c"),
        ("JUJU_CHARM_DIR", "/charm"),
    ];
    let env = vars.into_iter().chain(change.iter().copied());
    let exit = dispatch(&made, Env::from_vars(env).unwrap(), juju.clone());
    assert_eq!(exit.code(), 0);
    let mut parts = juju.0.borrow_mut();
    (std::mem::take(&mut parts.calls), std::mem::take(&mut parts.said))
}

fn fake() -> Fake {
    let parts = Parts {
        shown: Status::active("zero"),
        note: None,
        unreadable: false,
        unwritable: false,
        unremovable: false,
        calls: Vec::new(),
        said: Vec::new(),
    };
    let juju = Fake(Rc::new(RefCell::new(parts)));
    assert_eq!(says(&juju, "one", &[]).0, ["status-get", "status-set"]);
    assert_eq!(says(&juju, "one", &[]).0, none());
    juju
}

#[test]
fn a_note_of_another_unit_or_model_is_not_taken() {
    for other in [("JUJU_UNIT_NAME", "app/1"), ("JUJU_MODEL_UUID", "another")] {
        assert_eq!(says(&fake(), "one", &[other]).0, ["status-get"], "{other:?}");
    }
    for hook in ["install", "start", "upgrade-charm", "pre-series-upgrade", "post-series-upgrade"] {
        let path: &'static str = format!("hooks/{hook}").leak();
        let juju = fake();
        juju.0.borrow_mut().shown = Status::active("another");
        assert_eq!(says(&juju, "one", &[("JUJU_DISPATCH_PATH", path)]).0, ["status-get", "status-set"], "{hook}");
    }
    for hook in ["stop", "remove", "of-the-future"] {
        let path: &'static str = format!("hooks/{hook}").leak();
        let juju = fake();
        says(&juju, "one", &[("JUJU_DISPATCH_PATH", path)]);
        assert_eq!(juju.0.borrow().note, None, "{hook}");
    }
}

#[test]
fn a_damaged_note_is_passed_over_and_written_anew() {
    let whole = fake().0.borrow().note.clone().unwrap();
    let half = whole[..whole.len() / 2].to_owned();
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let text = String::from_utf8(whole.clone()).unwrap();
    assert!(text.contains("\"trusted\":0") && text.ends_with("}."), "{text}");
    let untrue = [
        text.replace("\"trusted\":0", "\"trusted\":4294967296"),
        text.replace("\"trusted\":0", "\"trusted\":-1"),
        text.replace("\"active\"", "\"unknown\""),
        text.replace("\"trusted\"", "\"more\":1,\"trusted\""),
    ];
    let damaged = [b"".to_vec(), b"\0\xff".to_vec(), half, deep, b"null".to_vec()];
    for note in damaged.into_iter().chain(untrue.map(String::into_bytes)) {
        let juju = fake();
        juju.0.borrow_mut().note = Some(note);
        assert_eq!(says(&juju, "one", &[]), (vec!["status-get".to_owned()], vec![]));
        assert_eq!(says(&juju, "one", &[]).0, none());
    }
    // The most that it can say is that it is time to ask.
    let many = format!("{text}{}", ".".repeat(100_000));
    for note in [text.replace("\"trusted\":0", "\"trusted\":4294967295"), many, format!("{text}.........")] {
        let juju = fake();
        juju.0.borrow_mut().note = Some(note.into_bytes());
        assert_eq!(says(&juju, "one", &[]).0, ["status-get"]);
    }
}

#[test]
fn a_disk_that_takes_no_note_costs_a_line_of_the_log_and_a_call() {
    let juju = fake();
    let (broken, said) = (|juju: &Fake| juju.0.borrow_mut().unwritable = true, "the disk is full");
    broken(&juju);
    let line = |why: &str| vec![format!("juju-ops: what Juju shows is not noted: {why}")];
    for message in ["one", "two", "two", "one"] {
        // What cannot be counted is not trusted.
        let (calls, log) = says(&juju, message, &[]);
        assert_eq!((calls[0].as_str(), log), ("status-get", line(said)));
        assert_eq!(juju.0.borrow().shown, Status::active(message));
    }
    juju.0.borrow_mut().unwritable = false;
    assert_eq!(says(&juju, "one", &[]).0, ["status-get"]);
    assert_eq!(says(&juju, "one", &[]).0, none());

    juju.0.borrow_mut().unreadable = true;
    for message in ["two", "two"] {
        let (calls, log) = says(&juju, message, &[]);
        assert_eq!((calls[0].as_str(), log), ("status-get", line("it is a directory")));
    }
}

#[test]
fn a_note_that_cannot_be_removed_is_wrong_for_ten_dispatches_at_most() {
    let juju = fake();
    let read_only = |is: bool| {
        let mut parts = juju.0.borrow_mut();
        (parts.unwritable, parts.unremovable) = (is, is);
    };
    read_only(true);
    for message in ["two", "two", "three", "one", "two"] {
        says(&juju, message, &[]);
        assert_eq!(juju.0.borrow().shown, Status::active(message));
    }
    // Writable again, the disk has a note that is not true; now it can be counted, and so it ends.
    read_only(false);
    let dispatches = (1..).find(|_| !says(&juju, "one", &[]).0.is_empty()).unwrap();
    assert!(dispatches <= 11, "{dispatches}");
    assert_eq!(juju.0.borrow().shown, Status::active("one"));
}

#[test]
fn a_message_of_any_size_is_shown_and_no_note_is_without_end() {
    let long: &'static str = "x".repeat(90_000).leak();
    let juju = fake();
    assert_eq!(says(&juju, long, &[]).0, ["status-set"]);
    assert_eq!(juju.0.borrow().shown, Status::active(long));
    assert_eq!(says(&juju, "", &[]).0, ["status-set"]);
    assert_eq!(says(&juju, "", &[]).0, none());
}

#[test]
fn a_test_of_a_function_knows_what_is_shown_too() {
    let mut case = case();
    let show = |cx: &Context| Ok(cx.unit().set_status(Status::active("one"))?);
    testing::with_context(&mut case.juju, "app/0", show).unwrap();
    assert_eq!(of_statuses(case.juju.runs().last().unwrap()), none());
}

/// A model whose charm says what the test says, of its units and of the application.
struct Explored {
    juju: World,
    says: Rc<Cell<u16>>,
}

impl AsMut<World> for Explored {
    fn as_mut(&mut self) -> &mut World {
        &mut self.juju
    }
}

fn explored_charm(says: &Rc<Cell<u16>>) -> Revision {
    let says = says.clone();
    let made = Made::new(move |_, events| {
        let (of_unit, of_app) = (says.clone(), says.clone());
        events.on(&action::run::<serde_json::Value>("go"), |_, _, _| Ok(Outcome::completed()));
        events.status(move |_, _| Ok(Status::active(of_unit.get().to_string())));
        events.app_status(move |_, cx| Ok(Status::active(format!("{} by {}", of_app.get(), cx.unit().name()?))));
    });
    testing::revision(made, charm_with_action()).unwrap()
}

fn explored(seed: u64) -> Explored {
    let (mut juju, says) = (World::new(seed), Rc::default());
    juju.deploy("app", explored_charm(&says)).unwrap();
    Explored { juju, says }
}

/// In whatever order hooks run, with whatever goes wrong: where nobody else sets a status, the note is never wrong.
#[test]
fn a_hook_that_ends_well_leaves_the_units_status_as_the_charm_says_it() {
    Explore::new(explored)
        .cases(150)
        .step(|case, number| {
            case.says.set(number % 3);
            Ok(format!("say {}", number % 3))
        })
        .step(|case, _| {
            let revision = explored_charm(&case.says);
            case.juju.refresh("app", revision).map_err(|error| error.to_string())?;
            Ok("refresh".to_owned())
        })
        .action("app", "go", serde_json::json!({}))
        .around(
            "the unit shows what the charm says",
            |_| (),
            |case, (), run| {
                // After a `start` that ended well, Juju sets a status itself where none was set in a hook that did.
                let evaluates = !["start", "stop", "remove"].contains(&run.hook.as_str());
                let says = case.says.get().to_string();
                // An action runs in a unit whose hook has failed, too, and Juju shows that.
                let is_in_error = run.status.current == "error";
                if run.fate != Fate::Committed || run.end != ProgramEnd::Exit(0) || !evaluates || is_in_error {
                    return Ok(());
                }
                if run.status == ("active", says.as_str()) { Ok(()) } else { Err(format!("{run}not {says}")) }
            },
        )
        .before_rest(|case| case.juju.add_unit("app").map(drop).map_err(|error| error.to_string()))
        .in_the_end("the application shows what its leader says", |case| {
            let Explored { juju, says } = case;
            let leader = juju.leader("app").ok_or("nobody leads")?.clone();
            // A lease that was lost and won again may have gone unnoticed.
            for _ in 0..11 {
                juju.tick(&leader).and_then(|()| juju.settle()).map_err(|error| error.to_string())?;
            }
            let (shown, said) = (juju.app_status("app"), format!("{} by {leader}", says.get()));
            if shown == ("active", said.as_str()) { Ok(()) } else { Err(format!("{shown}, not {said}")) }
        })
        .run()
        .unwrap();
}
