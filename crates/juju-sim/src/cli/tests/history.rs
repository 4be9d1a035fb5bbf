use std::fs;

use super::Bench;

#[test]
fn hooks_are_run_one_by_one_and_shown() {
    let bench = Bench::new();
    bench.ok("deploy ./hello --no-settle");
    assert!(bench.ok("step").starts_with("hello/0 install\n"));
    let next = bench.ok("step -n 3");
    assert!(next.starts_with("hello/0 ring-relation-created ring:0\n") && next.contains("config-changed"), "{next}");
    bench.ok("step hello/0 -n 100");
    assert_eq!(bench.told("step"), "Nothing is due.\n");
    assert_eq!(bench.fails(1, "step hello/7"), "ERROR unit \"hello/7\" not found");
    let transcript = bench.ok("transcript");
    assert!(transcript.starts_with("hello/0 install\n") && transcript.contains("  > status-set active hi\n"));
    assert!(bench.ok("transcript --hook start").contains("open-port 80/tcp"));
}

#[test]
fn faults_happen_in_the_next_hook() {
    let bench = Bench::with_hello(1);
    bench.ok("fault hello/0 fail");
    bench.ok("model-config automatically-retry-hooks=false");
    let said = bench.told("config hello greeting=hey");
    assert!(said.starts_with("juju-sim: hello/0 is not settled: hook failed: \"config-changed\""), "{said}");
    bench.ok("resolved hello/0");
    assert!(bench.ok("status").contains("hey"));
    bench.ok("fault hello/0 kill-at 1");
    bench.ok("fault hello/0 clear");
    bench.ok("fault hello/0 pause");
    assert!(bench.ok("status").contains("lost"));
    assert!(bench.fails(2, "fault hello/0 explode").contains("nothing that can go wrong"));
}

#[test]
fn the_agent_logs_which_hook_failed_and_why() {
    let bench = Bench::with_hello(1);
    bench.ok("model-config automatically-retry-hooks=false");
    bench.ok("fault hello/0 fail");
    bench.told("config hello greeting=hey");
    let log = bench.ok("debug-log --replay --level error");
    let (_, line) = log.trim_end().rsplit_once(" ERROR ").unwrap();
    let why = "hook \"config-changed\" (via hook dispatching script: dispatch) failed: exit status 1";
    assert_eq!(line, format!("juju.worker.uniter.operation {why}"));
    assert_eq!(bench.ok("debug-log --replay --include-module juju.worker"), log);
    assert_eq!(bench.ok("debug-log --replay --level error --exclude-module juju"), "");
}

#[test]
fn time_passes_and_update_status_comes() {
    let bench = Bench::with_hello(1);
    bench.ok("tick");
    bench.ok("tick 20m");
    let runs = bench.ok("transcript --hook update-status");
    assert_eq!(runs, "hello/0 update-status\n".repeat(5));
    bench.ok("tick 1h --no-update-status");
    assert_eq!(bench.ok("transcript --hook update-status"), runs);
    assert!(bench.fails(1, "tick 100000h").contains("10000 is the most"));
}

#[test]
fn a_model_is_explored_and_stays_as_it_is() {
    let bench = Bench::with_hello(2);
    let before = bench.ok("status --format yaml");
    let said = bench.ok("explore --cases 3 --steps 10 --seed 5");
    assert!(said.starts_with("3 cases with ") && said.ends_with(": nothing went wrong\n"), "{said}");
    assert_eq!(bench.ok("status --format yaml"), before);
}

#[test]
fn what_exploring_finds_is_run_again() {
    let bench = Bench::new();
    // It does not stand to be stopped between two hook commands.
    let fragile = "#!/bin/bash\n[ -e stopped ] && exit 1\ntouch stopped\nis-leader >/dev/null\nis-leader >/dev/null\nrm stopped\n";
    bench.charm("frail", &[("metadata.yaml", "name: frail\nsummary: s\ndescription: d\n"), ("dispatch", fragile)]);
    bench.ok("deploy ./frail");
    let said = bench.call("explore --cases 60 --steps 120 --page found.html");
    assert_eq!(said.code, 1, "{said:?}");
    let replay = said.out.lines().last().unwrap().strip_prefix("Repeat it: juju-sim ").unwrap();
    let again = bench.call(replay);
    assert_eq!(again.code, 1, "{again:?}");
    // Before it says the same, it shows all hooks of the case.
    assert!(again.out.contains(replay), "{}", again.out);
    assert!(again.out.starts_with("frail/") && again.out.contains(said.out.lines().next().unwrap()), "{}", again.out);
    assert!(fs::read_to_string(bench.path("found.html")).unwrap().contains("Repeat it: juju-sim replay"));
}

#[test]
fn the_page_of_a_model_has_its_hooks_and_commands_and_no_secrets() {
    let bench = Bench::with_hello(1);
    bench.ok("config hello greeting=hunter2");
    bench.ok("add-secret token value=hunter3");
    bench.ok("exec --unit hello/0 -- 'state-set x=hunter4'");
    assert!(bench.told("page").starts_with("Wrote "));
    let page = fs::read_to_string(bench.path("default.html")).unwrap();
    for shown in ["hello/0", "deploy ./hello", "config hello greeting=…", "add-secret token value=…"] {
        assert!(page.contains(shown), "{shown}");
    }
    // The option is the status of this charm; nothing else may be seen.
    assert!(!page.contains("hunter3") && !page.contains("hunter4"));
}

#[test]
fn a_failed_hook_stands_in_the_log_of_statuses() {
    let bench = Bench::with_hello(1);
    bench.ok("model-config automatically-retry-hooks=false");
    bench.ok("config hello greeting=bad");
    let last = bench.ok("show-status-log hello/0 -n 1");
    assert!(last.contains("juju-unit  error   hook failed: \"config-changed\""), "{last}");
    assert_eq!(bench.fails(1, "transcript hello/7"), "ERROR unit \"hello/7\" not found");
    assert_eq!(bench.fails(1, "transcript nobody"), "ERROR application \"nobody\" not found");
}
