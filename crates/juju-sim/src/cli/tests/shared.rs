//! Several commands on one directory, and directories that are not as they should be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::Bench;
use crate::cli::store::{Disk, Store};

fn holding(bench: &Bench) -> Store {
    Store::open(&bench.around.store, &Disk::default(), Duration::from_secs(20), &mut |_| {}).unwrap()
}

#[test]
fn a_command_waits_for_another_one_and_tells_whom_it_waited_for_in_vain() {
    let mut bench = Bench::with_hello(1);
    bench.around.patience = Duration::from_millis(50);
    let held = holding(&bench);
    let error = bench.fails(1, "add-unit hello");
    let start = format!("ERROR use {}: juju-sim ", bench.around.store.display());
    let end = format!("(process {}) has been using it for more than 0.05 s", std::process::id());
    assert!(error.starts_with(&start) && error.ends_with(&end), "{error}");
    // What only looks does not wait.
    for line in ["status", "models", "show-unit hello/0", "debug-log", "whoami", "config hello", "switch"] {
        bench.ok(line);
    }
    drop(held);
    bench.ok("add-unit hello");
}

#[test]
fn commands_at_the_same_time_are_done_one_after_another() {
    let bench = Bench::with_hello(1);
    let (store, dir) = (bench.around.store.clone(), bench.around.dir.clone());
    let add = |_: u32| {
        let (store, dir) = (store.clone(), dir.clone());
        std::thread::spawn(move || Bench::at(store, dir).call("add-unit hello").code)
    };
    let looks = {
        let (store, dir) = (store.clone(), dir.clone());
        std::thread::spawn(move || {
            let bench = Bench::at(store, dir);
            (0..50).map(|_| bench.call("status --format json")).filter(|said| said.code != 0).count()
        })
    };
    let adds: Vec<_> = (0..4).map(add).collect();
    assert!(adds.into_iter().all(|thread| thread.join().unwrap() == 0));
    assert_eq!(looks.join().unwrap(), 0);
    let status = bench.json("status --format json");
    let units = status["applications"]["hello"]["units"].as_object().unwrap();
    assert_eq!(units.len(), 5);
    assert!(units.values().all(|unit| unit["workload-status"]["current"] == "active"), "{status}");
}

/// Sees that commands are refused that look or change, and that nothing in the directory is touched.
fn refuses_all(bench: &Bench, file: &str, why: &str) {
    let path = fs::read_dir(bench.around.store.join("models")).unwrap().next().unwrap().unwrap().path();
    let path = if file == "index.json" { bench.around.store.join(file) } else { path.join(file) };
    let before = fs::read(&path).unwrap();
    for line in ["status", "add-unit hello", "models", "destroy-model default --no-prompt"] {
        let error = bench.fails(1, line);
        assert_eq!(error, format!("ERROR use {}: {why}", path.display()), "{line}");
        assert_eq!(fs::read(&path).unwrap(), before, "{line}");
    }
}

fn model_file(bench: &Bench) -> std::path::PathBuf {
    bench.kept().into_keys().find(|path| path.ends_with("model.jsonl")).unwrap()
}

#[test]
fn a_directory_of_a_newer_juju_sim_is_refused_and_left_as_it_is() {
    let bench = Bench::with_hello(1);
    let (index, model) = (bench.around.store.join("index.json"), model_file(&bench));
    let (index_text, model_text) = (fs::read_to_string(&index).unwrap(), fs::read_to_string(&model).unwrap());
    fs::write(&index, index_text.replace("\"form\": 1", "\"form\": 2, \"new\": []")).unwrap();
    refuses_all(&bench, "index.json", "it is of form 2, and this juju-sim knows form 1");
    fs::write(&index, &index_text).unwrap();
    fs::write(&model, format!("{model_text}{{\"form\":2,\"put\":{{}},\"new\":1}}\n")).unwrap();
    refuses_all(&bench, "model.jsonl", "it is of form 2, and this juju-sim knows form 1");
    fs::write(&model, &model_text).unwrap();
    bench.ok("add-unit hello");
}

#[test]
fn a_damaged_file_is_named_and_left_as_it_is() {
    let bench = Bench::with_hello(1);
    let (index, model) = (bench.around.store.join("index.json"), model_file(&bench));
    let (index_text, model_text) = (fs::read_to_string(&index).unwrap(), fs::read_to_string(&model).unwrap());
    for (text, why) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{\"form\": 1}", "missing field `models` at line 1 column 11"),
        ("[]", "invalid length 0, expected struct Form with 1 element at line 1 column 2"),
    ] {
        fs::write(&index, text).unwrap();
        refuses_all(&bench, "index.json", why);
    }
    fs::write(&index, &index_text).unwrap();
    for (text, why) in [
        (String::new(), "it is empty"),
        (format!("\u{0}\n{model_text}"), "line 1: expected value at line 1 column 1"),
        (model_text.replacen("\"units\"", "\"unit\"", 1).replacen("unit:", "unit;", 1), ""),
    ] {
        fs::write(&model, text).unwrap();
        if !why.is_empty() {
            refuses_all(&bench, "model.jsonl", why);
        }
    }
    fs::write(&model, &model_text).unwrap();
    bench.ok("add-unit hello");
}

#[test]
fn a_directory_that_cannot_be_made_or_written_is_named() {
    let mut bench = Bench::new();
    bench.write("file", "");
    bench.around.store = bench.path("file/juju-sim");
    let error = bench.fails(1, "add-model web");
    assert_eq!(error, format!("ERROR create {}: Not a directory (os error 20)", bench.around.store.display()));
    let error = bench.fails(1, "status");
    assert_eq!(error, format!("ERROR read {}/index.json: Not a directory (os error 20)", bench.around.store.display()));
    bench.around.store = bench.path("file");
    assert_eq!(
        bench.fails(1, "add-model web"),
        format!("ERROR create {}: File exists (os error 17)", bench.path("file").display())
    );

    bench.around.store = bench.path("store");
    bench.ok("add-model web");
    fs::set_permissions(&bench.around.store, fs::Permissions::from_mode(0o500)).unwrap();
    let said = bench.call("add-model other");
    // The superuser may do everything.
    if said.code != 0 {
        assert!(said.err.contains("Permission denied") && said.err.contains("store"), "{said:?}");
        bench.ok("status");
    }
    fs::set_permissions(&bench.around.store, fs::Permissions::from_mode(0o700)).unwrap();
    bench.ok("deploy ./hello");
}

#[test]
fn nobody_else_can_look_into_the_directory() {
    let bench = Bench::with_hello(1);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bench.around.store), 0o700);
}

#[test]
fn a_charm_whose_directory_has_the_models_in_it_is_deployed_without_them() {
    let mut bench = Bench::new();
    bench.around.store = bench.path("hello/juju-sim");
    bench.ok("deploy ./hello");
    bench.ok("refresh hello");
    bench.ok("refresh hello");
    assert!(bench.ok("status").contains("active"));
    let inner = bench.ok("ssh hello/0 'ls -R charm | wc -l'");
    assert!(inner.trim().parse::<u32>().unwrap() < 20, "{inner}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn a_file_damaged_anywhere_is_read_or_refused(at in 0.0..1.0f64, byte in any::<u8>(), cut in any::<bool>()) {
        damaged(at, byte, cut);
    }
}

/// Damages a model's file at a place, and asks for what is in it.
fn damaged(at: f64, byte: u8, cut: bool) {
    thread_local! {
        static BENCH: Bench = {
            let bench = Bench::with_hello(2);
            bench.quiet("pg", "provides: {database: {interface: pg}}");
            bench.ok("deploy ./pg");
            bench.ok("integrate hello:db pg");
            bench.ok("add-secret token key=value");
            bench
        };
    }
    BENCH.with(|bench| {
        let index: serde_json::Value =
            serde_json::from_slice(&fs::read(bench.around.store.join("index.json")).unwrap()).unwrap();
        let uuid = index["models"]["default"]["uuid"].as_str().unwrap();
        let path = bench.around.store.join("models").join(uuid).join("model.jsonl");
        let good = fs::read(&path).unwrap();
        let mut bytes = good.clone();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place"
        )]
        let place = (at * bytes.len() as f64) as usize;
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = byte;
        }
        fs::write(&path, &bytes).unwrap();
        for line in ["status --format json", "models", "debug-log", "show-unit hello/0", "config hello", "transcript"] {
            let said = bench.call(line);
            assert!(
                said.code == 0 || said.err.contains(&path.display().to_string()),
                "{line}: {place} {byte}: {said:?}"
            );
        }
        fs::write(&path, &good).unwrap();
    });
}
