//! What an operator does with the charm's executable under `juju exec`.

use juju_ops::action::{self, NoParams};
use juju_ops::{Ack, Env, Outcome, dispatch, hook, testing};
use juju_sim::World;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{Lasting, Made, lasting, tick};

#[derive(Deserialize)]
#[allow(dead_code)]
struct Config {
    size: u32,
    name: Option<String>,
}

/// A charm with two events that wait; the redelivery of `b` fails.
fn charm() -> Made {
    Made::new(|_, events| {
        events.config::<Config>();
        events.emits(&lasting());
        events.on(&hook::start(), |_, _, cx| {
            cx.emit_durable(&lasting(), Lasting::new("a"))?;
            Ok(cx.emit_durable(&lasting(), Lasting::new("b"))?)
        });
        events.on(&lasting(), |this, event, cx| {
            this.see(event.about.clone());
            match (cx.hook(), event.about.as_str()) {
                (Some(hook::Hook::Start(_)), _) | (_, "a") => Ok(Ack::NotYet),
                _ => Err("no route to host".into()),
            }
        });
        events.on(&action::run::<NoParams>("go"), |_, _, _| Ok(Outcome::completed()));
    })
}

/// What `juju exec` shows: exit code, output and errors.
fn exec(juju: &mut World, args: &[&str]) -> (i64, String, String) {
    let done = juju.exec("app/0", None, args).unwrap();
    let text = |key: &str| done.results.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    (done.results["return-code"].as_i64().unwrap(), text("stdout"), text("stderr"))
}

#[test]
fn what_is_pending_is_listed_for_people_and_for_programs() {
    let mut juju = charm().deploy();
    tick(&mut juju);
    let (code, text, _) = exec(&mut juju, &["pending"]);
    assert_eq!(code, 0);
    let age = text.split("(for ").nth(1).and_then(|rest| rest.split(')').next()).unwrap().to_owned();
    let expected = format!(
        "test lasting a  (for {age})\ntest lasting b  (for {age})\n    failed 1 times, last with: test lasting b: no route to host\n"
    );
    assert_eq!(text, expected);
    let (_, json, _) = exec(&mut juju, &["pending", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["subject"], &json[1]["attempts"]), (&"a".into(), &1.into()));
    assert_eq!(json[1]["last-error"], "test lasting b: no route to host");
}

#[test]
fn one_or_all_can_be_dropped() {
    let mut juju = charm().deploy();
    let (code, _, error) = exec(&mut juju, &["drop", "test", "lasting", "c"]);
    assert_eq!((code, error.as_str()), (1, "no such event is pending\n"));
    assert_eq!(exec(&mut juju, &["drop", "test", "lasting", "b"]).1, "dropped 1\n");
    assert_eq!(testing::pending(&juju, "app/0").len(), 1);
    assert_eq!(exec(&mut juju, &["drop", "--all"]).1, "dropped 1\n");
    assert_eq!(exec(&mut juju, &["pending"]).1, "nothing is pending\n");
    assert_eq!(exec(&mut juju, &["drop", "--all"]).1, "dropped 0\n");
}

#[test]
fn a_wake_delivers_what_is_pending_and_nothing_else() {
    let charm = charm();
    let mut juju = charm.deploy();
    let (code, text, _) = exec(&mut juju, &["wake"]);
    assert_eq!((code, text.as_str(), charm.seen()), (0, "", vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(testing::pending(&juju, "app/0")[1].attempts, 1);
}

#[test]
fn what_is_observed_is_shown_and_the_version() {
    let mut juju = charm().deploy();
    let (_, text, _) = exec(&mut juju, &["observed"]);
    expect_test::expect![[r#"
        hooks:
          start
        endpoints:
          peers: peer of demo
        actions:
          go
        configuration:
          name (string, optional)
          size (integer)
        durable events:
          test lasting
    "#]]
    .assert_eq(&text);
    let json: Value = serde_json::from_str(&exec(&mut juju, &["observed", "--format=json"]).1).unwrap();
    assert_eq!(json["endpoints"][0]["role"], "peer");
    assert_eq!(json["config"][1], serde_json::json!({"name": "size", "kind": "integer", "required": true}));
    assert_eq!(exec(&mut juju, &["version"]).1, format!("juju-ops {}\n", env!("CARGO_PKG_VERSION")));
    let (code, text, _) = exec(&mut juju, &["--help"]);
    assert!(code == 0 && text.contains("dispatch pending") && text.lines().all(|line| line.len() <= 80), "{text}");
}

#[test]
fn a_wrong_subcommand_is_told_and_exit_2() {
    let mut juju = charm().deploy();
    for args in [&["dance"][..], &["drop"], &["pending", "--format", "yaml"], &["version", "2"]] {
        let (code, text, error) = exec(&mut juju, args);
        assert_eq!((code, text.as_str()), (2, ""), "{args:?}");
        assert!(error.contains("see `dispatch --help`"), "{error}");
    }
}

#[test]
fn a_hook_and_an_action_refuse_subcommands_and_a_shell_those_of_a_unit() {
    let run = |vars: &[(&str, &str)], args: &[&str]| {
        let env = Env::from_vars(vars.iter().copied()).unwrap().with_args(args.iter().copied());
        dispatch(&charm(), env, crate::support::Silent).code()
    };
    for path in ["hooks/start", "actions/go", "hooks/quantum"] {
        assert_eq!(run(&[("JUJU_DISPATCH_PATH", path), ("JUJU_CONTEXT_ID", "c")], &["observed"]), 2);
    }
    assert_eq!((run(&[], &["pending"]), run(&[], &["wake"]), run(&[], &["drop", "--all"])), (2, 2, 2));
    assert_eq!((run(&[], &["observed"]), run(&[], &["version"]), run(&[], &["--help"])), (0, 0, 0));
}
