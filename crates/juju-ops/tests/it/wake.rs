//! Events that the unit is woken for.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use juju_ops::{Ack, hook, testing};
use juju_sim::{Fault, World};

use crate::support::{Lasting, Made, lasting, tick};

const MINUTE: Duration = Duration::from_secs(60);

/// A charm whose `update-status` emits `Lasting` of what is next, and what its handler answers; none is an error.
struct Case {
    charm: Made,
    juju: World,
    emits: Rc<Cell<&'static str>>,
    answers: Rc<Cell<Option<Ack>>>,
}

fn case() -> Case {
    let emits = Rc::new(Cell::new(""));
    let answers = Rc::new(Cell::new(Some(Ack::After(MINUTE))));
    let (about, answer) = (emits.clone(), answers.clone());
    let charm = Made::new(move |_, events| {
        events.emits(&lasting());
        let answer = answer.clone();
        events.on(&lasting(), move |charm: &Made, event: &Lasting, _| {
            charm.see(&event.about);
            answer.get().ok_or_else(|| "not now".into())
        });
        let about = about.clone();
        events.on(&hook::update_status(), move |_, _, cx| match about.take() {
            "" => Ok(()),
            about => Ok(cx.emit_durable(&lasting(), Lasting::new(about))?),
        });
    });
    let juju = charm.deploy();
    Case { charm, juju, emits, answers }
}

impl Case {
    /// Emits an event that is handled in the same hook.
    fn emit(&mut self, about: &'static str) {
        self.emits.set(about);
        tick(&mut self.juju);
        self.charm.seen();
    }

    /// What is handled while this time passes, by the titles of what runs.
    fn pass(&mut self, seconds: u64) -> (Vec<String>, Vec<String>) {
        let from = self.juju.runs().len();
        self.juju.advance(Duration::from_secs(seconds));
        self.juju.settle().unwrap();
        (self.charm.seen(), self.juju.runs()[from..].iter().map(juju_sim::HookRun::title).collect())
    }

    fn timers(&self) -> Vec<u64> {
        self.juju.timers("app/0").into_iter().map(|(_, left)| left.as_secs()).collect()
    }

    fn warnings(&self) -> usize {
        let lines = self.juju.log();
        lines.iter().filter(|line| line.level == "WARNING" && line.text.starts_with("no timer can be set")).count()
    }
}

fn woken(about: &str) -> (Vec<String>, Vec<String>) {
    (vec![about.to_owned()], vec!["app/0 juju-exec wake".to_owned()])
}

fn nothing() -> (Vec<String>, Vec<String>) {
    (vec![], vec![])
}

#[test]
fn the_unit_is_woken_without_any_hook() {
    let mut case = case();
    case.emit("a");
    assert_eq!(case.timers(), [60]);
    assert_eq!(case.pass(59), nothing());
    case.answers.set(Some(Ack::Done));
    assert_eq!(case.pass(1), woken("a"));
    assert!(testing::pending(&case.juju, "app/0").is_empty());
    assert!(case.timers().is_empty());
    assert_eq!(case.pass(200), nothing());
    // Nothing of it is left to be looked after.
    assert_eq!(tick(&mut case.juju).commands().count(), 1);
}

#[test]
fn it_is_woken_again_and_again() {
    let mut case = case();
    case.emit("a");
    // While it is awake, its timer's name is in use.
    for _ in 0..3 {
        assert_eq!(case.pass(60), woken("a"));
        assert_eq!(case.timers(), [60]);
    }
    assert_eq!(case.warnings(), 0);
}

#[test]
fn another_answer_takes_the_timer_away() {
    for answer in [Ack::Done, Ack::NotYet] {
        let mut case = case();
        case.emit("a");
        case.answers.set(Some(answer));
        tick(&mut case.juju);
        assert_eq!(case.charm.seen(), ["a"]);
        assert!(case.timers().is_empty());
        assert_eq!(case.pass(100), nothing());
        assert_eq!(testing::pending(&case.juju, "app/0").len(), usize::from(answer == Ack::NotYet));
    }
}

#[test]
fn the_first_of_several_is_what_counts() {
    let mut case = case();
    case.emit("a");
    case.answers.set(Some(Ack::After(Duration::from_secs(10))));
    case.emit("b");
    assert_eq!(case.timers(), [10]);
    // A later one changes nothing.
    case.answers.set(Some(Ack::After(2 * MINUTE)));
    case.emit("c");
    assert_eq!(case.timers().len(), 1);
    case.answers.set(Some(Ack::Done));
    assert_eq!(case.pass(10).0, ["a", "b", "c"]);
    assert!(case.timers().is_empty());
}

#[test]
fn a_timer_that_a_reboot_has_taken_is_made_again() {
    let mut case = case();
    case.emit("a");
    case.juju.reboot("app/0").unwrap();
    assert!(case.timers().is_empty());
    assert_eq!(case.pass(0).1, ["app/0 start"]);
    assert_eq!(case.timers(), [59]);
    assert_eq!(case.pass(59), woken("a"));
}

#[test]
fn a_hook_that_runs_again_finds_the_timer_that_it_has_made() {
    for fault in [Fault::RejectFlush, Fault::CrashBeforeFlush] {
        let mut case = case();
        case.emits.set("a");
        case.juju.tick("app/0").unwrap();
        case.juju.inject("app/0", fault).unwrap();
        case.juju.step();
        assert_eq!(case.timers(), [60]);
        case.emits.set("a");
        case.juju.settle().unwrap();
        case.charm.seen();
        assert_eq!(case.warnings(), 0);
        case.answers.set(Some(Ack::Done));
        assert_eq!(case.pass(60).0, ["a"]);
        case.pass(60);
        assert!(case.timers().is_empty());
    }
}

#[test]
fn what_fails_waits_for_the_next_hook() {
    let mut case = case();
    case.emit("a");
    case.answers.set(None);
    assert_eq!(case.pass(60), woken("a"));
    assert!(case.timers().is_empty());
    assert_eq!(case.pass(100), nothing());
    case.answers.set(Some(Ack::After(MINUTE)));
    tick(&mut case.juju);
    assert_eq!(case.timers(), [60]);
}

#[test]
fn without_systemd_it_waits_for_the_next_hook_and_says_so_once() {
    let mut case = case();
    let absent = || Fault::Absent("systemd-run".to_owned());
    case.juju.inject("app/0", absent()).unwrap();
    case.emit("a");
    assert!(case.timers().is_empty());
    assert_eq!(case.warnings(), 1);
    assert_eq!(case.pass(100), nothing());
    for _ in 0..3 {
        case.juju.inject("app/0", absent()).unwrap();
        tick(&mut case.juju);
        assert_eq!(case.charm.seen(), ["a"]);
    }
    assert_eq!(case.warnings(), 1);
    tick(&mut case.juju);
    // It stays with the time of the first answer.
    assert_eq!(case.timers(), [57]);
    case.charm.seen();
    assert_eq!(case.pass(57), woken("a"));
}

#[test]
fn what_waits_is_still_there_after_stop() {
    // On Kubernetes a pod stops, and its unit goes on.
    for answer in [Ack::NotYet, Ack::After(MINUTE)] {
        let mut case = case();
        case.answers.set(Some(answer));
        case.emit("a");
        let before = testing::pending(&case.juju, "app/0");
        case.juju.remove_unit("app/0").unwrap();
        while case.juju.step_unit("app/0").unwrap().hook != "stop" {}
        assert_eq!(testing::pending(&case.juju, "app/0"), before);
    }
}

#[test]
fn a_time_beyond_all_measure_is_no_panic() {
    for long in [Duration::MAX, Duration::from_secs(u64::MAX)] {
        let mut case = case();
        case.answers.set(Some(Ack::After(long)));
        case.emit("a");
        assert_ne!(case.juju.status("app/0").current, "error");
        assert_eq!(testing::pending(&case.juju, "app/0").len(), 1);
    }
}
