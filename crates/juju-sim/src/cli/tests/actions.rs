//! Actions and commands on units.

use serde_json::json;

use super::Bench;

#[test]
fn an_action_gives_its_results_to_people_and_to_programs() {
    let bench = Bench::with_hello(2);
    let said = bench.call("run hello/0 greet name=all");
    assert_eq!((said.code, said.out.as_str()), (0, "00:00:16 greeting\ntext: hello all\n"), "{said:?}");
    assert_eq!(said.err, "Running operation 1 with 1 task\n  - task 2 on unit-hello-0\n\n");
    let both = bench.json("run hello/0 hello/1 greet --format json");
    assert_eq!(both["hello/1"]["results"], json!({"return-code": 0, "text": "hello you"}));
    assert_eq!(both["hello/0"]["status"], "completed");
    let plain = bench.ok("run hello/0 hello/leader greet");
    assert!(plain.contains("hello/0:\n") && plain.contains("text: hello you\n"), "{plain}");
    let told = bench.told("run hello/leader greet --background");
    assert!(told.ends_with("Check operation status with 'juju-sim show-operation 9'\n"), "{told}");
    assert_eq!(bench.json("show-operation 9 --format json")["status"], "completed");
}

#[test]
fn an_action_that_fails_is_told_by_text_and_exit_code() {
    let bench = Bench::with_hello(1);
    let said = bench.call("run hello/0 fail");
    assert_eq!((said.code, said.out.as_str()), (1, "Action id 2 failed: no way\n"), "{said:?}");
    let end = "ERROR the following task failed:\n - id \"2\" with return code 0\n\n\
               use 'juju-sim show-task' to inspect the failure\n";
    assert!(said.err.ends_with(end), "{said:?}");
    assert_eq!(bench.ok("show-task 2"), "Action id 2 failed: no way\n");
    assert_eq!(bench.json("operations --format json")["1"]["status"], "failed");
    assert!(bench.ok("status").contains("active"));
}

#[test]
fn parameters_come_from_words_files_and_standard_input() {
    let bench = Bench::new();
    let dispatch = "#!/bin/bash\n[ $JUJU_DISPATCH_PATH = actions/tell ] && action-set all=\"$(action-get --format json)\"\nexit 0\n";
    bench.charm(
        "tells",
        &[
            ("metadata.yaml", "name: tells\nsummary: s\ndescription: d\n"),
            ("actions.yaml", "tell: {additionalProperties: true}\n"),
            ("dispatch", dispatch),
        ],
    );
    bench.ok("deploy ./tells");
    bench.write("params.yaml", "a: {b: 1}\nc: [x]\n");
    let tell = |line: &str, input: &str| {
        let said = bench.call_with(&format!("{line} --format json"), input);
        let view: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let all = view["tells/0"]["results"]["all"].as_str().unwrap();
        serde_json::from_str::<serde_json::Value>(all).unwrap()
    };
    assert_eq!(tell("run tells/0 tell a=1 b=true c.d.e=x", ""), json!({"a": 1, "b": true, "c": {"d": {"e": "x"}}}));
    assert_eq!(tell("run tells/0 tell a=1 b=true --string-args", ""), json!({"a": "1", "b": "true"}));
    assert_eq!(tell("run tells/0 tell --params params.yaml a.f=2", ""), json!({"a": {"b": 1, "f": 2}, "c": ["x"]}));
    assert_eq!(tell("run tells/0 tell --params -", "g: null\nh: 1.5\n"), json!({"g": null, "h": 1.5}));
}

#[test]
fn commands_run_on_units_of_applications_and_machines_as_in_a_hook() {
    let bench = Bench::with_hello(2);
    assert_eq!(bench.ok("exec --unit hello/0 -- echo one two"), "one two\n");
    assert_eq!(bench.ok("exec --unit hello/1 -- 'echo $JUJU_UNIT_NAME; config-get greeting'"), "hello/1\nhi\n");
    let all = bench.json("exec -a hello --format json -- 'echo $JUJU_UNIT_NAME'");
    assert_eq!(all["hello/1"]["results"]["stdout"], "hello/1\n");
    assert_eq!(all.as_object().unwrap().len(), 2);
    assert_eq!(bench.ok("exec --machine 1 -- is-leader"), "False\n");
    assert_eq!(bench.json("exec --all --format json -- true").as_object().unwrap().len(), 2);
    bench.ok("exec --unit hello/leader -- status-set blocked 'by hand'");
    assert!(bench.ok("status").contains("by hand"));
    let failed = bench.call("exec --unit hello/0 -- 'echo no >&2; exit 3'");
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.contains("no\n") && failed.err.contains("with return code 3"), "{failed:?}");
}

#[test]
fn files_of_a_unit_are_reached_by_ssh_and_scp() {
    let bench = Bench::with_hello(1);
    bench.ok("exec --unit hello/0 -- 'echo state > mine'");
    assert_eq!(bench.ok("ssh hello/0 cat charm/mine"), "state\n");
    assert_eq!(bench.ok("ssh ubuntu@hello/leader -- test -d charm"), "");
    assert_eq!(bench.ok("ssh 0 'ls charm | grep mine'"), "mine\n");
    assert_eq!(bench.call("ssh hello/0 exit 7").code, 7);
    bench.ok("scp hello/0:charm/mine taken");
    assert_eq!(std::fs::read_to_string(bench.path("taken")).unwrap(), "state\n");
    bench.write("given", "without a newline");
    bench.ok("scp given hello/0:charm/");
    assert_eq!(bench.ok("exec --unit hello/0 -- cat given"), "without a newline\n");
    bench.ok("scp -r hello/0:charm whole");
    assert!(bench.path("whole/dispatch").exists());
    assert!(bench.fails(1, "scp hello/0:charm part").ends_with("is a directory: use -r"));
}

#[test]
fn operations_are_found_by_what_they_were_and_how_they_ended() {
    let bench = Bench::with_hello(2);
    bench.ok("run hello/0 greet");
    bench.call("run hello/1 fail");
    bench.ok("exec --unit hello/0 -- true");
    let found = |filter: &str| {
        let said = bench.call(&format!("operations --format json {filter}"));
        let all: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_default();
        all.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(found(""), ["1", "3", "5"]);
    assert_eq!(found("--actions greet,fail"), ["1", "3"]);
    assert_eq!(found("--apps hello --units hello/0"), ["1", "5"]);
    assert_eq!(found("--status failed"), ["3"]);
    assert_eq!(found("--limit 1 --offset 1"), ["3"]);
    assert!(found("--actions none").is_empty());
    assert_eq!(bench.told("operations --units none"), "no matching operations\n");
}
