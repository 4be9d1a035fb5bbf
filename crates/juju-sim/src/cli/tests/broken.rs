use std::fs;
use std::process::Command;

use super::Bench;

#[test]
fn a_store_without_its_index_is_left_as_it_is() {
    let bench = Bench::with_hello(1);
    let index = bench.path("store/index.json");
    let kept = fs::read(&index).unwrap();
    fs::remove_file(&index).unwrap();
    for line in ["deploy ./hello other", "add-model other"] {
        let said = bench.fails(1, line);
        assert!(said.ends_with("index.json: it is missing, and there are models"), "{line}: {said}");
    }
    fs::write(&index, kept).unwrap();
    assert!(bench.ok("status").contains("hello/0"));
}

#[test]
fn a_model_that_cannot_be_read_is_in_nobodys_way() {
    let bench = Bench::with_hello(1);
    bench.ok("add-model other");
    let models = fs::read_dir(bench.path("store/models")).unwrap();
    for model in models {
        let documents = model.unwrap().path().join("model.jsonl");
        if fs::read_to_string(&documents).unwrap().contains("\"other\"") {
            fs::remove_file(documents).unwrap();
        }
    }
    let said = bench.call("models");
    assert!(said.code == 1 && said.out.contains("default") && said.err.contains("model.jsonl"), "{said:?}");
    assert!(bench.fails(1, "destroy-model other --no-prompt").contains("model.jsonl"));
    bench.ok("destroy-model other --no-prompt --force");
    assert_eq!(bench.told("models"), "");
}

#[test]
fn what_is_no_file_is_not_read() {
    let bench = Bench::with_hello(1);
    assert!(Command::new("mkfifo").arg(bench.path("pipe.charm")).status().unwrap().success());
    for line in [
        "deploy ./pipe.charm piped",
        "config hello --file pipe.charm",
        "config hello --file /dev/zero",
        "model-config --file /dev/zero",
        "run hello/0 greet --params /dev/zero",
        "attach-resource hello tool=/dev/zero",
        "add-secret token --file pipe.charm",
    ] {
        let said = bench.fails(1, line);
        assert!(said.ends_with("it is not a file") || said.ends_with("is not a file"), "{line}: {said}");
    }
}

#[test]
fn what_other_models_use_is_removed_by_force_alone() {
    let bench = Bench::new();
    bench.quiet("pg", "provides: {db: {interface: pg}}");
    bench.quiet("web", "requires: {db: {interface: pg}}");
    bench.ok("add-model one");
    bench.ok("deploy ./pg");
    bench.ok("offer pg:db");
    bench.ok("add-model two");
    bench.ok("deploy ./web");
    bench.ok("integrate web one.pg");
    let said = bench.fails(1, "destroy-model one --no-prompt");
    assert_eq!(said, "ERROR cannot destroy model \"one\": its offers have 1 relations with other models: use --force");
    let said = bench.fails(1, "remove-application -m one pg --no-prompt");
    let why = "application is used by 1 relations of other models: use --force";
    assert_eq!(said, format!("ERROR cannot destroy application \"pg\": {why}"));
    bench.ok("destroy-model one --no-prompt --force");
    assert!(bench.ok("status").contains("web/0"));
}

#[test]
fn a_secrets_value_in_the_wrong_place_is_hidden() {
    let bench = Bench::with_hello(1);
    bench.call("exec --unit hello/0 -- 'secret-add hunter2; secret-set hunter3 a=hunter4; true'");
    let transcript = bench.ok("transcript");
    let calls: Vec<&str> = transcript.lines().filter(|line| line.starts_with("  > secret-")).collect();
    assert!(calls.len() == 2 && calls.iter().all(|call| !call.contains("hunter")), "{calls:?}");
}
