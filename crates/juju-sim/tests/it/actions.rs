use juju_sim::{Fault, ProgramEnd};
use serde_json::json;

use crate::support::{deploy, hooks, run_to, world, world_with};

#[test]
fn results_are_kept_and_writes_follow_the_exit_code() {
    let mut world = world_with(1, |hook| match hook.name() {
        "ping" => {
            assert_eq!((hook.var("JUJU_HOOK_NAME"), hook.var("JUJU_ACTION_UUID")), (Some(""), Some("1")));
            assert_eq!(hook.call("action-get count"), "4");
            hook.call("action-set a.b=1 a.c=2");
            hook.call("action-log halfway");
            hook.call("relation-set -r 0 x=1");
            hook.0.tools.stdout("said");
            ProgramEnd::Exit(0)
        }
        "fail" => {
            hook.call("action-set a=1");
            hook.call("relation-set -r 0 y=1");
            hook.call("action-fail because");
            ProgramEnd::Exit(if hook.var("JUJU_ACTION_UUID") == Some("3") { 2 } else { 0 })
        }
        _ => ProgramEnd::Exit(0),
    });
    deploy(&mut world, 1);
    let result = world.run_action("magpie/0", "ping", json!({"host": "h"})).unwrap();
    let results = json!({"a": {"b": "1", "c": "2"}, "return-code": 0, "stdout": "said\n"});
    assert_eq!((result.status.as_str(), result.message.as_str(), result.results), ("completed", "", results));
    assert_eq!(result.log, ["halfway"]);
    assert_eq!(world.bag("magpie", "magpie/0").unwrap()["x"], "1");

    let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
    assert_eq!((result.status.as_str(), result.message.as_str()), ("failed", "because"));
    assert!(world.bag("magpie", "magpie/0").unwrap().contains_key("y"));
    world.write_bag("magpie", "magpie/0", [("y", "")]).unwrap();
    let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
    assert_eq!((result.status.as_str(), result.message.as_str()), ("failed", "exit status 2"));
    assert_eq!(result.results, json!({"a": "1", "return-code": 2}));
    assert!(!world.bag("magpie", "magpie/0").unwrap().contains_key("y"));
    assert_eq!(world.status("magpie/0").current, "unknown");
}

#[test]
fn what_juju_refuses() {
    let mut world = world(|_| {});
    let early = world.add_unit("magpie").unwrap();
    let mut refused = |name: &str, params| world.run_action(&early, name, params).unwrap_err().to_string();
    assert_eq!(refused("fail", json!({})), "run action \"fail\" on magpie/0: the unit is not installed");
    deploy(&mut world, 0);
    let mut refused = |name: &str, params| world.run_action("magpie/0", name, params).unwrap_err().to_string();
    assert_eq!(refused("dance", json!({})), "run action \"dance\" on magpie/0: not defined");
    assert_eq!(refused("ping", json!({})), "run action \"ping\" on magpie/0: parameter \"host\" is required");
    assert!(refused("ping", json!({"host": 5})).contains("not of type"));
    assert!(refused("ping", json!([])).contains("an object"));
}

#[test]
fn actions_run_in_error_and_wait_for_chained_hooks() {
    let mut world = world(|_| {});
    world.add_unit("magpie").unwrap();
    run_to(&mut world, "magpie/0", "config-changed");
    world.run_action("magpie/0", "fail", json!({})).unwrap();
    assert_eq!(hooks(&world, "magpie/0")[4..], ["start", "action fail"]);
    world.settle().unwrap();
    world.tick("magpie/0").unwrap();
    world.inject("magpie/0", Fault::Fail).unwrap();
    world.step();
    let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
    assert_eq!(result.status, "completed");
    assert_eq!(world.status("magpie/0").current, "error");
    world.inject("magpie/0", Fault::CrashBeforeFlush).unwrap();
    let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
    assert_eq!((result.status.as_str(), result.message.as_str()), ("failed", "action terminated"));
}

#[test]
fn an_action_waits_for_a_killed_hook_to_run_again() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.write_bag("magpie", "magpie/1", [("x", "1")]).unwrap();
    world.inject("magpie/0", Fault::KillAt(0)).unwrap();
    run_to(&mut world, "magpie/0", "magpie-relation-changed");
    world.run_action("magpie/0", "fail", json!({})).unwrap();
    let changed = "magpie-relation-changed magpie:0 magpie/1";
    assert_eq!(hooks(&world, "magpie/0"), [changed, changed, "action fail"]);
}

#[test]
fn the_agents_return_code_wins() {
    let mut world = world(|hook| {
        if hook.name() == "fail" {
            hook.call("action-set return-code=7");
        }
    });
    deploy(&mut world, 1);
    let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
    assert_eq!(result.results, json!({"return-code": 0}));
}

#[test]
fn the_ends_of_actions_are_worded_as_go_words_them() {
    for (ending, message, code) in [
        (ProgramEnd::Exit(3), "exit status 3", 3),
        (ProgramEnd::Signal(6), "signal: aborted", -1),
        (ProgramEnd::Signal(9), "terminated", -1),
        (ProgramEnd::Signal(15), "terminated", -1),
        (ProgramEnd::Signal(40), "signal: signal 40", -1),
    ] {
        let mut world =
            world_with(1, move |hook| if hook.name() == "fail" { ending.clone() } else { ProgramEnd::Exit(0) });
        deploy(&mut world, 1);
        let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
        assert_eq!((result.message.as_str(), &result.results["return-code"]), (message, &json!(code)));
    }
}

#[test]
fn results_nested_without_sense_are_refused() {
    let mut world = world(|hook| {
        if hook.name() == "fail" {
            let deep = |levels: usize| format!("action-set {}=1", vec!["a"; levels].join("."));
            hook.call(&deep(100));
            let refused = hook.try_call(&deep(200_000));
            assert_eq!((refused.code, refused.stderr.starts_with(b"ERROR ")), (1, true));
        }
    });
    deploy(&mut world, 1);
    assert_eq!(world.run_action("magpie/0", "fail", json!({})).unwrap().status, "completed");
}
