//! What programs rely on that call `juju` and read what it says.

use serde_json::json;

use super::Bench;

#[test]
fn an_operation_for_units_that_are_not_there_has_no_tasks_and_is_no_failure() {
    let bench = Bench::with_hello(1);
    let said = bench.call("exec --unit hello/9 --format json -- true");
    let text = "Operation 1 failed to schedule any tasks:\nunit \"hello/9\" not found\n";
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", text));
    let said = bench.call("run hello/0 none --format json");
    let text = "Operation 2 failed to schedule any tasks:\naction \"none\" not defined on unit \"hello/0\"\n";
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", text));

    let said = bench.call("run hello/9 hello/0 greet --format json");
    assert!(said.err.starts_with("Some tasks could not be scheduled:\nunit \"hello/9\" not found\n"), "{said:?}");
    let results: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(results.as_object().unwrap().keys().collect::<Vec<_>>(), ["hello/0"]);
}

#[test]
fn an_application_with_a_failed_unit_is_in_error_itself() {
    let bench = Bench::with_hello(2);
    bench.ok("config hello greeting=bad");
    let app = &bench.json("status --format json")["applications"]["hello"]["application-status"];
    assert_eq!((&app["current"], &app["message"]), (&json!("error"), &json!("hook failed: \"config-changed\"")));
}

#[test]
fn constraints_that_are_sizes_are_in_megabytes() {
    let bench = Bench::new();
    bench.ok("add-model m");
    bench.ok("set-model-constraints mem=1.5G root-disk=2T cores=4 arch=amd64");
    let shown = json!({"mem": 1536, "root-disk": 2_097_152, "cores": 4, "arch": "amd64"});
    assert_eq!(bench.json("model-constraints --format json"), shown);
    assert_eq!(bench.ok("model-constraints"), "arch=amd64 cores=4 mem=1536M root-disk=2097152M\n");
    for wrong in ["mem=", "mem=much", "mem=-1G", "mem=1e9", "mem=9999999999999P", "mem=1..2G"] {
        let error = bench.fails(1, &format!("set-model-constraints {wrong}"));
        assert!(error.contains("bad \"mem\" constraint"), "{wrong}: {error}");
    }
}

#[test]
fn a_unit_whose_agent_hears_late_of_a_refresh_goes_on_with_the_charm_it_has() {
    let bench = Bench::with_hello(1);
    bench.ok("fault hello/0 hold upgrade");
    bench.ok("refresh hello --path ./hello");
    bench.ok("add-unit hello");
    let from = |unit: &str| bench.json("status --format json")["applications"]["hello"]["units"][unit].clone();
    assert_eq!(from("hello/0")["upgrading-from"], "local:hello-0");
    assert!(from("hello/1")["upgrading-from"].is_null());
    let members = bench.json("show-unit hello/0 --format json")["hello/0"]["relation-info"][0]["related-units"].clone();
    assert_eq!(members.as_object().unwrap().keys().collect::<Vec<_>>(), ["hello/1"]);
    bench.ok("fault hello/0 release");
    assert!(from("hello/0")["upgrading-from"].is_null());
    bench.ok("fault hello/0 hold relation ring");
    bench.ok("remove-unit hello/1 --no-prompt");
    assert!(!bench.ok("transcript hello/0").contains("ring-relation-departed"));
    bench.ok("fault hello/0 release");
    assert!(bench.ok("transcript hello/0").contains("ring-relation-departed"));
    assert!(bench.fails(2, "fault hello/0 hold weather").contains("\"weather\" is nothing that an agent hears of"));
}

#[test]
fn options_of_openssh_are_passed_over_with_their_values() {
    let bench = Bench::with_hello(1);
    for options in ["", "-i key", "-v -i key -o User=me", "-vi key", "-ikey", "-T --"] {
        assert_eq!(bench.ok(&format!("ssh hello/0 {options} echo -n there")), "there", "{options}");
    }
    // The words are a line of the shell that is there, as OpenSSH sends them.
    assert_eq!(bench.ok("ssh hello/0 echo 'a  b' ';' echo c"), "a b\nc\n");
    bench.write("letters/a.txt", "A");
    bench.ok("scp -- -r -i key letters hello/0:letters");
    bench.ok("scp -- -ri key hello/0:letters back");
    assert_eq!(std::fs::read_to_string(bench.path("back/a.txt")).unwrap(), "A");
    assert!(bench.fails(1, "scp -- -i key hello/0:letters other").contains("use -r"));
}
