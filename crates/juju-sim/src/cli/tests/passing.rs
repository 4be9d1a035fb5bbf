//! Time that passes, hooks one by one, and what goes wrong on purpose.

use super::Bench;

/// The hooks that ran since there were so many of them.
fn hooks(bench: &Bench, from: usize) -> Vec<String> {
    let all = bench.json("transcript --format json");
    let name = |run: &serde_json::Value| format!("{} {}", run["unit"].as_str().unwrap(), run["hook"].as_str().unwrap());
    all.as_array().unwrap()[from..].iter().map(name).collect()
}

fn count(bench: &Bench) -> usize {
    hooks(bench, 0).len()
}

#[test]
fn each_unit_has_an_update_status_whenever_its_time_comes() {
    let bench = Bench::with_hello(2);
    let from = count(&bench);
    bench.ok("tick");
    let mut ran = hooks(&bench, from);
    ran.sort();
    assert_eq!(ran, ["hello/0 update-status", "hello/1 update-status"]);
    let from = count(&bench);
    bench.ok("tick 15m");
    assert_eq!(hooks(&bench, from).len(), 6);
    let from = count(&bench);
    bench.ok("tick 10s");
    bench.ok("tick 100000h --no-update-status");
    assert!(hooks(&bench, from).is_empty(), "{:?}", hooks(&bench, from));
    bench.ok("model-config update-status-hook-interval=1h");
    bench.ok("tick");
    let from = count(&bench);
    bench.ok("tick 50m");
    assert!(hooks(&bench, from).is_empty(), "{:?}", hooks(&bench, from));
    bench.ok("tick 2h");
    assert_eq!(hooks(&bench, from).len(), 4);
}

#[test]
fn time_ends_and_does_not_turn_back() {
    let bench = Bench::with_hello(1);
    for _ in 0..3 {
        bench.ok("tick 5000000000000000h --no-update-status");
        bench.ok("tick 18446744073709549568s --no-update-status");
    }
    let status = bench.json("status --format json");
    assert_eq!(status["applications"]["hello"]["units"]["hello/0"]["workload-status"]["current"], "active");
    bench.ok("config hello greeting=later");
    assert!(bench.ok("status").contains("later"));
}

#[test]
fn hooks_run_one_by_one_where_they_are_not_let_run() {
    let bench = Bench::new();
    bench.ok("deploy ./hello -n 2 --no-settle");
    assert_eq!(bench.told("debug-log --replay"), "");
    let step = bench.ok("step hello/1");
    assert!(step.starts_with("hello/1 install\n"), "{step}");
    assert_eq!(bench.json("step hello/0 -n 2 --format json").as_array().unwrap().len(), 2);
    bench.ok("step -n 100");
    assert_eq!(bench.told("step"), "Nothing is due.\n");
    assert_eq!(bench.ok("step --format json"), "[]\n");
    assert!(bench.ok("status").contains("active"));
}

#[test]
fn a_fault_is_kept_for_the_next_hook_and_then_over() {
    let bench = Bench::with_hello(2);
    bench.ok("model-config automatically-retry-hooks=false");
    bench.ok("fault hello/0 fail");
    let said = bench.told("config hello greeting=one");
    assert!(said.starts_with("juju-sim: hello/0 is not settled: hook failed: \"config-changed\""), "{said}");
    bench.ok("resolved hello/0");
    assert!(!bench.ok("status").contains("error"));

    for fault in ["kill-at 0", "crash-before-flush", "crash-after-flush", "absent status-set", "lose-leadership-at 0"] {
        bench.ok(&format!("fault hello/1 {fault}"));
        bench.ok(&format!("config hello 'greeting={fault}'"));
        // An agent that died in a hook does not know how it ended.
        bench.ok("resolved --all");
        let status = bench.ok("status");
        assert!(!status.contains("error") && status.contains(fault), "{fault}: {status}");
    }
    for fault in ["reject-flush", "answer config-get 1 no"] {
        bench.ok(&format!("fault hello/1 {fault}"));
        bench.ok("fault hello/1 clear");
        assert_eq!(bench.told(&format!("config hello 'greeting={fault}'")), "");
    }
    bench.ok("fault hello/0 pause");
    assert_eq!(bench.told("config hello greeting=two"), "juju-sim: hello/0 is not settled: its agent is down\n");
    assert!(bench.ok("status").contains("lost"));
    bench.ok("fault hello/0 resume");
    assert!(!bench.ok("status").contains("lost"));
    bench.ok("fault hello/0 reboot");
    bench.ok("fault hello/0 restart");
    bench.ok("fault hello/1 lead");
    assert_eq!(bench.ok("exec --unit hello/leader -- 'echo $JUJU_UNIT_NAME'"), "hello/1\n");
}

#[test]
fn what_is_waited_for_is_there_or_the_time_is_over() {
    let bench = Bench::with_hello(2);
    for line in [
        "wait-for application hello",
        "wait-for unit hello/0 --query 'workload-message==\"hi\" && agent-status==\"idle\"'",
        "wait-for machine 1",
        "wait-for model",
        "wait-for model default --query 'len(units)==2 && forEach(units, unit => unit.life==\"alive\")'",
    ] {
        assert_eq!(bench.ok(line), "", "{line}");
    }
    assert_eq!(
        bench.fails(1, "wait-for application hello --query 'scale==3' --timeout 10ms"),
        "ERROR timed out waiting for application \"hello\": it is \"active\""
    );
}
