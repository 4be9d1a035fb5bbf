//! The log, and who is in it.

use super::Bench;

#[test]
fn lines_are_chosen_by_unit_module_level_and_number() {
    let bench = Bench::with_hello(2);
    bench.ok("model-config automatically-retry-hooks=false");
    bench.ok("config hello greeting=bad");
    let shown = |flags: &str| {
        let text = bench.ok(&format!("debug-log {flags}"));
        let short = |line: &str| {
            let (unit, text) = line.split_once(": ").unwrap();
            // What the agent says of the failed hook has a module of its own.
            let text = if text.contains(" juju.worker.uniter.operation hook ") { "failed" } else { text };
            format!("{} {}", unit.trim_start_matches("unit-hello-"), text.rsplit("juju-log ").next().unwrap())
        };
        text.lines().map(short).collect::<Vec<_>>().join(", ")
    };
    let all = shown("--replay");
    assert_eq!(all, "0 it starts, 1 it starts, 0 bad greeting, 0 failed, 1 bad greeting, 1 failed");
    for (flags, lines) in [
        ("--level error", "0 bad greeting, 0 failed, 1 bad greeting, 1 failed"),
        ("--replay --level WARNING --include hello/0", "0 bad greeting, 0 failed"),
        ("--include unit-hello-1", "1 it starts, 1 bad greeting, 1 failed"),
        ("--include unit-hello-* --exclude hello/0", "1 it starts, 1 bad greeting, 1 failed"),
        ("-i hello -x unit-hello-1", "0 it starts, 0 bad greeting, 0 failed"),
        ("--include-module unit.hello/0", "0 it starts, 0 bad greeting"),
        ("--exclude-module unit.hello/0.juju-log --exclude-module juju.worker", "1 it starts, 1 bad greeting"),
        ("--include-module juju.worker.uniter", "0 failed, 1 failed"),
        ("-n 1", "1 failed"),
        ("--lines 0", ""),
        ("--limit 2", "1 bad greeting, 1 failed"),
        ("--limit 0", &all),
        ("--no-tail --utc --ms", &all),
        ("--include other", ""),
    ] {
        assert_eq!(shown(flags), lines, "{flags}");
    }
    let error = bench.fails(2, "debug-log --level loud");
    assert!(error.starts_with("ERROR level value \"loud\" is not one of"), "{error}");
    assert!(bench.ok("debug-log --date -n 1").contains(" 2026-01-01 00:0"));
    let newest = bench.ok("show-status-log hello/0 -n 2 --type juju-unit --format json");
    let newest: serde_json::Value = serde_json::from_str(&newest).unwrap();
    assert_eq!((newest.as_array().unwrap().len(), &newest[0]["status"]), (2, &"executing".into()));
}

#[test]
fn the_log_of_a_unit_that_is_gone_is_still_there() {
    let bench = Bench::with_hello(2);
    bench.ok("remove-unit hello/1 --no-prompt");
    assert!(bench.ok("debug-log --include hello/1").contains("it starts"));
    assert!(bench.ok("show-status-log hello/1").contains("running stop hook"));
    assert!(bench.ok("transcript hello/1 --hook remove").contains("hello/1 remove"));
}
