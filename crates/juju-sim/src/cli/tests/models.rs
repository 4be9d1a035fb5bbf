//! Models: which there are, and which one a command is about.

use super::Bench;

#[test]
fn a_command_is_about_the_model_that_is_named_else_that_of_the_environment_else_the_current_one() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.told("add-model one"),
        "Added 'one' model on juju-sim/default with credential 'admin' for user 'admin'\n"
    );
    bench.ok("add-model two");
    bench.ok("add-model three --no-switch");
    let name = |bench: &Bench, line: &str| bench.json(&format!("{line} --format json"))["model"]["name"].clone();
    assert_eq!(name(&bench, "status"), "two");
    assert_eq!(name(&bench, "status -m one"), "one");
    assert_eq!(name(&bench, "status --model juju-sim:admin/three"), "three");
    bench.around.model = Some("admin/one".to_owned());
    assert_eq!(name(&bench, "status"), "one");
    assert_eq!(name(&bench, "status -m three"), "three");
    bench.around.model = None;
    assert_eq!(bench.told("switch one"), "juju-sim:admin/two -> juju-sim:admin/one\n");
    assert_eq!(bench.told("switch one"), "juju-sim:admin/one (no change)\n");
    assert_eq!(bench.ok("switch"), "juju-sim:admin/one\n");
    assert_eq!(name(&bench, "status"), "one");
}

#[test]
fn a_model_is_destroyed_with_all_that_it_has_by_one_who_names_it() {
    let bench = Bench::with_hello(1);
    bench.ok("add-model other --no-switch");
    let asked = bench.call_with("destroy-model default", "y\n");
    assert!(asked.code == 1 && asked.err.ends_with("ERROR aborted\n"), "{asked:?}");
    let said = bench.call_with("destroy-model default", "default\n");
    assert!(said.code == 0 && said.err.ends_with("Model destroyed.\n"), "{said:?}");
    assert_eq!(bench.ok("switch"), "juju-sim\n");
    bench.refuses(1, "status", "ERROR no model is chosen: choose one with \"juju-sim switch NAME\"");
    assert_eq!(bench.kept().len(), 2);
    bench.ok("destroy-model other --no-prompt");
    assert_eq!(std::fs::read_dir(bench.around.store.join("models")).unwrap().count(), 0);
    // One of the same name is another.
    bench.ok("add-model default");
    assert!(bench.json("status --format json")["applications"].as_object().unwrap().is_empty());
}

#[test]
fn storage_keeps_a_model_until_it_is_said_what_becomes_of_it() {
    let bench = Bench::new();
    bench.ok("deploy ./hello --storage data=1");
    bench.refuses(
        1,
        "destroy-model default --no-prompt",
        "ERROR cannot destroy model \"default\": the model has persistent storage remaining: \
         use --destroy-storage or --release-storage",
    );
    bench.ok("destroy-model default --no-prompt --release-storage");
}

#[test]
fn a_model_goes_whatever_its_charms_do_at_their_end() {
    let bench = Bench::new();
    let dispatch = "#!/bin/bash\n[ \"$JUJU_DISPATCH_PATH\" != hooks/stop ]\n";
    bench.charm("bad", &[("metadata.yaml", "name: bad\nsummary: s\ndescription: d\n"), ("dispatch", dispatch)]);
    bench.ok("deploy ./bad");
    bench.ok("destroy-model default --no-prompt");
    bench.ok("deploy ./bad");
    bench.ok("destroy-model default --no-prompt --force");
    assert!(bench.kept().is_empty());
}

#[test]
fn options_of_a_model_are_set_reset_and_read_from_files() {
    let bench = Bench::new();
    bench.write("model.yaml", "default-space: fast\nname: ignored\n");
    bench.ok("add-model web --config test-mode=true --config juju-http-proxy=http://proxy:1");
    assert_eq!(bench.ok("model-config test-mode"), "true\n");
    bench.ok("model-config --file model.yaml update-status-hook-interval=1m");
    let all = bench.json("model-config --format json");
    assert_eq!(all["default-space"], serde_json::json!({"Value": "fast", "Source": "model"}));
    assert_eq!((&all["name"]["Value"], &all["development"]["Source"]), (&"web".into(), &"default".into()));
    bench.ok("model-config --reset default-space,test-mode");
    assert_eq!(bench.ok("model-config test-mode"), "false\n");
    assert_eq!(
        bench.told("model-config no-such=1"),
        "key \"no-such\" is not defined in the known model configuration: possible misspelling\n"
    );
    bench.ok("deploy ./hello");
    assert_eq!(bench.ok("exec --unit hello/0 -- printenv JUJU_CHARM_HTTP_PROXY"), "http://proxy:1\n");
}

#[test]
fn the_same_seed_gives_the_same_model() {
    let model = |line: &str| {
        let bench = Bench::new();
        bench.ok(line);
        bench.ok("deploy ./hello -n 3");
        (bench.ok("status --format yaml"), bench.ok("debug-log --replay"))
    };
    assert_eq!(model("add-model web"), model("add-model web --seed 1"));
    assert_ne!(model("add-model web").0, model("add-model web --seed 2").0);
}
