//! Actions: parameters, results, failures.

use juju_ops::action::{self, Action, NoParams};
use juju_ops::{Ack, Outcome, Status, testing};
use juju_sim::{Charm, World};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Fleeting, Lasting, Made, charm, fleeting, lasting};

#[derive(Debug, Deserialize)]
struct Go {
    n: i64,
}

fn go(
    handler: impl Fn(&Made, &Action<Go>, &juju_ops::Context) -> Result<Outcome, juju_ops::BoxError> + 'static,
) -> Made {
    let handler = std::rc::Rc::new(handler);
    Made::new(move |_, events| {
        let handler = handler.clone();
        events.on(&action::run::<Go>("go"), move |this, event, cx| handler(this, event, cx));
    })
}

#[test]
fn parameters_are_typed_and_results_are_given() {
    let charm = go(|_, event, _| {
        event.log("half way")?;
        let twice = event.params().n * 2;
        Ok(Outcome::completed().with("sum.twice", twice)?.with("text", "a=b\n-- c")?)
    });
    let mut juju = charm.deploy();
    let done = juju.run_action("app/0", "go", json!({"n": 21})).unwrap();
    assert_eq!((done.status.as_str(), &done.results["sum"]["twice"]), ("completed", &json!("42")));
    assert_eq!(done.results["text"], "a=b\n-- c");
    assert_eq!(done.log.len(), 1);
}

#[test]
fn a_parameter_that_may_be_missing_and_is_needed_is_found_before_anybody_runs_it() {
    let charm = go(|_, _, _| Ok(Outcome::completed()));
    let metadata = |n: &str| {
        let actions = format!("go: {{description: d, params: {{'n': {{type: integer}}}}{n}}}");
        Charm::parse(crate::support::METADATA, None, Some(&actions)).unwrap()
    };
    let flaw = testing::check(&charm, &metadata("")).unwrap_err().to_string();
    assert!(flaw.starts_with("parameter n of action go is neither required nor has a default"), "{flaw}");
    testing::check(&charm, &metadata(", required: ['n']")).unwrap();
}

#[test]
fn an_action_that_nobody_observes_fails_clearly() {
    let juju = go(|_, _, _| Ok(Outcome::completed())).deploy();
    // As deployed, and with the code of a charm that has no such action.
    let code = testing::revision(Made::new(|_, _| {}), charm()).unwrap();
    let mut juju = World::restore(juju.model().clone(), [("app".to_owned(), vec![code])]).unwrap();
    let done = juju.run_action("app/0", "go", json!({})).unwrap();
    assert_eq!((done.status.as_str(), done.message.as_str()), ("failed", "action go is not implemented by this charm"));
    assert_eq!(done.results["return-code"], json!(0));
}

#[test]
fn an_error_or_a_panic_fails_the_action_and_sends_nothing_else() {
    for panics in [false, true] {
        let charm = go(move |_, _, cx| {
            cx.unit().set_status(Status::blocked("half done"))?;
            cx.state("test").set(&1)?;
            if panics { panic!("no disk") } else { Err("no disk".into()) }
        });
        let mut juju = charm.deploy();
        let before = juju.status("app/0");
        let done = juju.run_action("app/0", "go", json!({"n": 1})).unwrap();
        assert_eq!(done.status, "failed");
        assert_eq!(done.message, if panics { "panicked: no disk" } else { "no disk" });
        assert!(
            juju.log().iter().any(|line| line.level == "ERROR" && line.text == format!("action go: {}", done.message))
        );
        assert_eq!(done.results["return-code"], json!(0));
        assert!(juju.state("app/0").is_empty() && juju.status("app/0") == before);
    }
}

#[test]
fn a_failed_outcome_keeps_results_and_writes() {
    let charm = go(|_, _, cx| {
        cx.state("test").set(&1)?;
        Ok(Outcome::failed("three of four").with("done", 3)?)
    });
    let mut juju = charm.deploy();
    let done = juju.run_action("app/0", "go", json!({"n": 1})).unwrap();
    assert_eq!(
        (done.status.as_str(), done.message.as_str(), &done.results["done"]),
        ("failed", "three of four", &json!("3"))
    );
    assert_eq!(juju.state("app/0")["juju-ops.test.0"], "1");
}

#[test]
fn an_action_has_one_handler() {
    let charm = Made::new(|_, events| {
        events.on(&action::run::<Value>("go"), |_, _: &Action<Value>, _| Ok(Outcome::completed()));
        events.on(&action::run::<Value>("go"), |_, _: &Action<Value>, _| Ok(Outcome::completed()));
    });
    let error = juju_ops::testing::check(&charm, &crate::support::charm_with_action()).unwrap_err();
    assert_eq!(error.to_string(), "action go has more than one handler");
}

#[test]
fn what_the_framework_and_the_log_say_is_no_result() {
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&lasting(), |_, _, _| Ok(Ack::NotYet));
        events.on(&fleeting(), |this, _, _| {
            this.see("fleeting");
            Ok(())
        });
        events.on(&action::run::<NoParams>("go"), |_, _: &Action<NoParams>, cx| {
            log::debug!("a detail");
            cx.emit(&fleeting(), Fleeting(0));
            cx.emit_durable(&lasting(), Lasting::new("a"))?;
            Ok(Outcome::completed())
        });
    });
    let mut juju = charm.deploy();
    let done = juju.run_action("app/0", "go", json!({})).unwrap();
    assert_eq!(done.results, json!({"return-code": 0}));
    assert_eq!(charm.seen(), ["fleeting"]);
    assert!(juju.log().iter().any(|line| line.level == "DEBUG" && line.text == "a detail"));
}

#[test]
fn parameters_whose_reading_panics_fail_the_action() {
    #[derive(Debug)]
    struct Panics;
    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("an author's mistake")
        }
    }
    let charm = Made::new(|_, events| {
        events.on(&action::run::<Panics>("go"), |_, _: &Action<Panics>, _| Ok(Outcome::completed()));
    });
    let mut juju = charm.deploy();
    let done = juju.run_action("app/0", "go", json!({})).unwrap();
    assert_eq!((done.status.as_str(), done.message.as_str()), ("failed", "panicked: an author's mistake"));
}

#[test]
fn a_parameter_of_another_type_is_told_without_its_value() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Small {
        n: u8,
    }
    let charm = Made::new(|_, events| {
        events.on(&action::run::<Small>("go"), |_, _: &Action<Small>, _| Ok(Outcome::completed()));
    });
    let mut juju = charm.deploy();
    let done = juju.run_action("app/0", "go", json!({"n": 4711})).unwrap();
    assert_eq!(done.message, "the action's parameters: n: out of range for u8, which is 0 to 255");
}
