//! Units and applications: how they come, change and go.

use super::Bench;

fn units(bench: &Bench, app: &str) -> Vec<String> {
    let status = bench.json("status --format json");
    status["applications"][app]["units"].as_object().map(|it| it.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn units_are_added_to_machines_of_their_own_or_to_others() {
    let bench = Bench::with_hello(1);
    bench.ok("add-machine");
    bench.ok("add-unit hello -n 2 --to 1,0");
    bench.ok("add-unit hello -n 2 --to 1");
    let status = bench.json("status --format json");
    let machine = |unit: &str| status["applications"]["hello"]["units"][unit]["machine"].clone();
    assert_eq!(["hello/1", "hello/2", "hello/3", "hello/4"].map(machine), ["1", "0", "1", "2"]);
}

#[test]
fn units_are_removed_by_one_who_agrees() {
    let bench = Bench::with_hello(3);
    assert_eq!(
        bench.ok("remove-unit hello/0 hello/1 --dry-run"),
        "will remove unit hello/0\nwill remove unit hello/1\n"
    );
    let asked = bench.call_with("remove-unit hello/0", "n\n");
    let question = "This command will perform the following actions:\nwill remove unit hello/0\n\nContinue [y/N]? ";
    assert_eq!((asked.code, asked.err), (1, format!("{question}ERROR aborted\n")));
    let agreed = bench.call_with("remove-unit hello/0", "y\n");
    assert_eq!((agreed.code, agreed.err.as_str()), (0, question));
    assert_eq!(bench.told("remove-unit hello/1 --no-prompt --force"), "will remove unit hello/1\n");
    assert_eq!(units(&bench, "hello"), ["hello/2"]);
    bench.ok("add-unit hello");
    assert_eq!(units(&bench, "hello"), ["hello/2", "hello/3"]);
    bench.ok("remove-application hello --no-prompt");
    assert!(bench.json("status --format json")["applications"].as_object().unwrap().is_empty());
}

#[test]
fn a_unit_whose_hook_fails_is_told_of_and_goes_on_when_it_is_resolved() {
    let bench = Bench::with_hello(1);
    let said = bench.told("config hello greeting=bad");
    assert_eq!(said, "juju-sim: hello/0 is not settled: hook failed: \"config-changed\": bad greeting\n");
    let runs = bench.json("transcript hello/0 --hook config-changed --format json");
    let failed = runs.as_array().unwrap().len();
    assert!(failed > 2, "it is tried again: {failed}");
    bench.ok("config hello greeting=good --no-settle");
    bench.ok("resolved hello/0");
    assert!(bench.ok("status").contains("good"));

    bench.ok("model-config automatically-retry-hooks=false");
    bench.ok("config hello greeting=bad");
    let now = bench.json("transcript hello/0 --hook config-changed --format json");
    assert_eq!(now.as_array().unwrap().len(), failed + 2, "it is not tried again");
    bench.ok("resolved --all --no-retry");
    assert!(!bench.ok("status").contains("error"));
    assert_eq!(bench.told("resolved --all"), "");
}

#[test]
fn a_refresh_brings_the_charm_as_it_is_now_and_its_settings() {
    let bench = Bench::with_hello(2);
    let dispatch = "#!/bin/bash\n[ $JUJU_DISPATCH_PATH = hooks/upgrade-charm ] && status-set active two\nexit 0\n";
    bench.write("hello/dispatch", dispatch);
    bench.write("hello/version", "v2\n");
    assert_eq!(bench.told("refresh hello"), "Added local charm \"hello\", revision 1, to the model\n");
    let app = &bench.json("status --format json")["applications"]["hello"];
    assert_eq!((&app["charm"], &app["charm-rev"]), (&"local:hello-1".into(), &1.into()));
    assert_eq!((&app["charm-version"], &app["application-status"]["message"]), (&"v2".into(), &"two".into()));
    assert!(app["units"]["hello/0"]["upgrading-from"].is_null());

    bench.charm(
        "next",
        &[("metadata.yaml", "name: hello\nsummary: s\ndescription: d\n"), ("dispatch", "#!/bin/bash\n")],
    );
    bench.write("next/config.yaml", "options: {size: {type: int}}");
    bench.ok("refresh hello --path ./next --config size=3 --trust --no-settle");
    let app = &bench.json("status --format json")["applications"]["hello"];
    assert_eq!(app["units"]["hello/0"]["upgrading-from"], "local:hello-1");
    bench.ok("step -n 20");
    assert_eq!(bench.ok("config hello size"), "3\n");
    assert_eq!(bench.ok("config hello trust"), "true\n");
    assert_eq!(bench.json("status --format json")["applications"]["hello"]["charm-rev"], 2);
}

#[test]
fn a_unit_in_error_goes_over_to_a_new_charm_where_that_is_forced() {
    let bench = Bench::new();
    let (metadata, bad) =
        ("name: it\nsummary: s\ndescription: d\n", "#!/bin/bash\n[ $JUJU_DISPATCH_PATH != hooks/start ]\n");
    bench.charm("it", &[("metadata.yaml", metadata), ("dispatch", bad)]);
    bench.ok("deploy ./it");
    bench.write("it/dispatch", "#!/bin/bash\nstatus-set active fine\n");
    bench.ok("refresh it");
    assert!(bench.ok("status").contains("error"));
    bench.ok("refresh it --force-units");
    assert!(bench.ok("status").contains("fine"), "{}", bench.ok("status"));
}

#[test]
fn options_are_set_from_words_files_and_standard_input() {
    let bench = Bench::with_hello(1);
    bench.write("greeting.txt", "from a file");
    bench.write("hello.yaml", "hello: {mtu: 1500, greeting: yaml}\n");
    bench.ok("config hello greeting=@greeting.txt");
    assert_eq!(bench.ok("config hello greeting"), "from a file\n");
    bench.ok("config hello --file hello.yaml");
    assert_eq!(bench.ok("config hello mtu"), "1500\n");
    let said = bench.call_with("config hello --file -", "hello: {mtu: 9000}\n");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(bench.ok("config hello mtu"), "9000\n");
    bench.ok("config hello greeting= --reset mtu");
    assert_eq!((bench.ok("config hello mtu"), bench.ok("config hello greeting")), (String::new(), "\n".to_owned()));
    bench.write("deploy.yaml", "two: {greeting: both}\n");
    bench.ok("deploy ./hello two --config deploy.yaml --config mtu=2");
    assert_eq!((bench.ok("config two mtu"), bench.ok("config two greeting")), ("2\n".to_owned(), "both\n".to_owned()));
}

#[test]
fn what_is_said_of_an_application_is_kept_and_shown() {
    let bench = Bench::with_hello(1);
    bench.ok("expose hello");
    bench.ok("trust hello");
    bench.ok("set-constraints hello mem=8G cores=4");
    bench.ok("add-space fast 10.9.0.0/24");
    bench.ok("bind hello fast ring=alpha");
    let app = &bench.json("show-application hello --format json")["hello"];
    assert_eq!((&app["exposed"], &app["constraints"]["mem"]), (&true.into(), &8192.into()));
    assert_eq!((&app["endpoint-bindings"]["ring"], &app["endpoint-bindings"]["db"]), (&"alpha".into(), &"fast".into()));
    assert_eq!(bench.ok("constraints hello"), "cores=4 mem=8192M\n");
    assert!(bench.ok("exec --unit hello/0 -- network-get db --bind-address").starts_with("10.9.0."));
    bench.ok("unexpose hello");
    bench.ok("trust hello --remove");
    bench.ok("set-model-constraints mem=1G");
    assert_eq!(bench.ok("model-constraints"), "mem=1024M\n");
    assert_eq!(bench.ok("config hello trust"), "false\n");
    assert_eq!(bench.json("status --format json")["applications"]["hello"]["exposed"], false);
}

#[test]
fn a_relation_is_suspended_resumed_and_removed_by_its_number() {
    let bench = Bench::with_hello(1);
    bench.quiet("pg", "provides: {database: {interface: pg}}");
    bench.ok("deploy ./pg");
    bench.ok("relate hello:db pg:database");
    let id = bench.json("show-unit hello/0 --format json")["hello/0"]["relation-info"]
        .as_array()
        .and_then(|all| all.iter().find(|it| it["endpoint"] == "db"))
        .map(|it| it["relation-id"].to_string())
        .unwrap();
    bench.ok(&format!("suspend-relation {id}"));
    assert!(bench.ok("status --relations").contains("suspended"));
    bench.ok(&format!("resume-relation {id}"));
    assert!(!bench.ok("status --integrations").contains("suspended"));
    bench.ok(&format!("remove-relation {id} --force"));
    assert!(!bench.ok("status --relations").contains("pg:database"));
}

#[test]
fn an_application_is_deployed_as_it_is_asked_for() {
    let bench = Bench::with_hello(1);
    assert_eq!(bench.told("add-machine -n 2"), "created machine 1\ncreated machine 2\n");
    bench.ok("deploy ./hello two -n 3 --to 2 --to 0 --trust --base ubuntu@22.04/stable --config greeting=two");
    let status = bench.json("status --format json");
    let two = &status["applications"]["two"];
    let machine = |unit: &str| two["units"][unit]["machine"].clone();
    assert_eq!(["two/0", "two/1", "two/2"].map(machine), ["2", "0", "3"]);
    assert_eq!((&two["base"]["channel"], &two["charm-rev"]), (&"22.04".into(), &1.into()));
    assert_eq!(
        (bench.ok("config two trust"), &two["application-status"]["message"]),
        ("true\n".to_owned(), &"two".into())
    );
    bench.ok("deploy ./hello none -n 0");
    assert!(units(&bench, "none").is_empty());
    bench.ok("add-unit none --num-units 2");
    assert_eq!(units(&bench, "none").len(), 2);
}

#[test]
fn one_machine_has_the_units_that_were_placed_on_it() {
    let bench = Bench::with_hello(1);
    bench.quiet("logs", "subordinate: true\nrequires: {host: {interface: juju-info, scope: container}}");
    bench.ok("deploy ./logs");
    bench.ok("integrate logs hello");
    bench.ok("add-unit hello --to 0");
    let status = bench.ok("status 0");
    assert!(status.contains("hello/0") && status.contains("hello/1") && status.contains("logs/1"), "{status}");
    assert_eq!(bench.json("machines --format json")["machines"].as_object().unwrap().len(), 1);
    assert_eq!(bench.json("status --format json")["applications"]["logs"]["subordinate-to"][0], "hello");
    bench.ok("remove-unit hello/0 --no-prompt");
    assert!(!bench.ok("status").contains("logs/0"));
}

#[test]
fn a_switch_may_have_a_value() {
    let bench = Bench::with_hello(3);
    bench.ok("remove-unit hello/2 --no-prompt=true --force=false");
    bench.ok("remove-unit hello/1 --force=T --no-prompt");
    assert!(bench.fails(2, "remove-unit hello/0 --force=maybe --no-prompt").contains("unexpected value 'maybe'"));
    assert!(bench.fails(1, "remove-unit hello/0 --no-prompt=false").contains("aborted"));
    assert_eq!(units(&bench, "hello"), ["hello/0"]);
}
