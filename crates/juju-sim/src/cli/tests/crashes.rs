//! What stays when a command ends in the middle of a write.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Bench, texts};
use crate::cli::store::Disk;

/// A life of two models.
const SCRIPT: [&str; 18] = [
    "add-model web --config update-status-hook-interval=10m",
    "deploy ./small --config greeting=hi",
    "add-unit small",
    "config small greeting=good",
    "remove-unit small/1 --no-prompt",
    "deploy ./pg",
    "integrate small:db pg",
    "run small/0 greet",
    "attach-resource small tool=tool.txt",
    "refresh small",
    "add-secret token key=value",
    "grant-secret token small",
    "add-storage small/0 data",
    "remove-storage --force data/0",
    "add-model other --no-switch",
    "destroy-model other --no-prompt",
    "remove-application pg --no-prompt",
    "destroy-model web --no-prompt --destroy-storage",
];

/// A charm whose hooks are quick.
const SMALL: [(&str, &str); 4] = [
    (
        "metadata.yaml",
        "name: small\nsummary: s\ndescription: d\nrequires: {db: {interface: pg}}\n\
         storage: {data: {type: filesystem, multiple: {range: 0-}}}\nresources: {tool: {type: file, filename: tool.txt}}\n",
    ),
    ("config.yaml", "options: {greeting: {type: string, default: hello}}\n"),
    ("actions.yaml", "greet: {}\n"),
    (
        "dispatch",
        "#!/bin/sh\ncase $JUJU_DISPATCH_PATH in\nhooks/config-changed) status-set active \"$(config-get greeting)\" ;;\n\
         hooks/start) juju-log starts ;;\nactions/greet) action-set a=b ;;\nesac\n",
    ),
];

type Kept = BTreeMap<PathBuf, Vec<String>>;

/// The script as it goes when nothing goes wrong.
struct Untouched {
    bench: Bench,
    /// What is kept before each command, and after the last.
    kept: Vec<Kept>,
    /// How each model is seen then.
    seen: Vec<Value>,
    /// All that each file ever has.
    states: BTreeMap<PathBuf, BTreeSet<Vec<String>>>,
}

impl Untouched {
    fn run() -> Untouched {
        let bench = Bench::new();
        bench.charm("small", &SMALL);
        bench.quiet("pg", "provides: {database: {interface: pg}}");
        bench.write("tool.txt", "tool");
        let mut all = Untouched { bench, kept: Vec::new(), seen: Vec::new(), states: BTreeMap::new() };
        for (number, line) in SCRIPT.iter().enumerate() {
            all.note();
            let links = all.save(number);
            all.bench.ok(line);
            all.note();
            // Of a model that is gone the lines are still behind the link.
            for (path, link) in links {
                all.states.entry(path).or_default().extend(states(&link));
            }
            all.kept.pop();
            all.seen.pop();
        }
        all.note();
        all
    }

    fn note(&mut self) {
        let kept = self.bench.kept();
        for (path, documents) in &kept {
            let all = self.states.entry(path.clone()).or_default();
            match path.ends_with("model.jsonl") {
                true => all.extend(states(path)),
                false => _ = all.insert(documents.clone()),
            }
        }
        self.kept.push(kept);
        self.seen.push(seen(&self.bench));
    }

    fn saved(&self, number: usize) -> PathBuf {
        self.bench.path(&format!("saved-{number}"))
    }

    /// Saves what is before a command. Links to the files of the models, which stay when those go.
    fn save(&self, number: usize) -> Vec<(PathBuf, PathBuf)> {
        copy(&self.bench.around.store, &self.saved(number));
        let files: Vec<PathBuf> = self.bench.kept().into_keys().filter(|path| path.ends_with("model.jsonl")).collect();
        let link = |(place, path): (usize, PathBuf)| {
            let link = self.bench.path(&format!("link-{number}-{place}"));
            fs::hard_link(&path, &link).unwrap();
            (path, link)
        };
        files.into_iter().enumerate().map(link).collect()
    }

    /// Goes back to what was before a command.
    fn restore(&self, number: usize) {
        let _ = fs::remove_dir_all(&self.bench.around.store);
        copy(&self.saved(number), &self.bench.around.store);
    }

    /// Sees that what is kept is what some moment of the untouched run has.
    fn check(&self, what: &str) {
        for (path, documents) in self.bench.kept() {
            let known = self.states.get(&path).is_some_and(|states| states.contains(&documents));
            assert!(known, "{what}: {} is as it never was: {documents:#?}", path.display());
        }
        self.bench.ok("models");
    }

    /// Does what is left of a command that went wrong: all of it, or the hooks that are due.
    fn finish(&self, number: usize, line: &str) {
        let models = self.bench.json("models --format json");
        let is_current = |name: &str| models["current-model"] == name;
        if self.bench.kept() == self.kept[number] || line.starts_with("destroy-model web") && is_current("web") {
            self.bench.ok(line);
        } else if is_current("web") {
            self.bench.ok("resolved --all");
        }
    }
}

/// How the models are seen.
fn seen(bench: &Bench) -> Value {
    let models = bench.json("models --format json");
    let names = models["models"].as_array().into_iter().flatten().map(|it| it["short-name"].as_str().unwrap());
    let mut all = serde_json::Map::new();
    for name in names {
        let status = bench.json(&format!("status -m {name} --format json"));
        let secrets = bench.json(&format!("secrets -m {name} --format json"));
        all.insert(name.to_owned(), Value::Array(vec![status, secrets]));
    }
    Value::Object(all)
}

/// What the documents of a file were after each of its lines.
fn states(path: &Path) -> Vec<Vec<String>> {
    let mut documents: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    let mut states = Vec::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let line: BTreeMap<String, Box<RawValue>> = serde_json::from_str(line).unwrap();
        let put: BTreeMap<String, Option<Box<RawValue>>> = serde_json::from_str(line["put"].get()).unwrap();
        for (name, content) in put {
            match content {
                Some(content) => documents.insert(name, content),
                None => documents.remove(&name),
            };
        }
        states.push(texts(&documents));
    }
    states
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).into_iter().flatten() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&from, &to);
        } else if kind.is_symlink() {
            symlink(fs::read_link(&from).unwrap(), &to).unwrap();
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// Lets each command of the script go wrong at each of its writes, and sees that it has done some of its steps whole and
/// none of them by half, and that the rest can be done after it.
fn go_wrong(disk: impl Fn(u32) -> Disk, error: &str) {
    let mut all = Untouched::run();
    let mut times = 0;
    for (number, line) in SCRIPT.iter().enumerate() {
        for write in 1.. {
            let what = format!("{line}, write {write}");
            all.restore(number);
            all.bench.around.disk = disk(write);
            let said = all.bench.call(line);
            let is_wrong = all.bench.around.disk.had_trouble();
            all.bench.around.disk = Disk::default();
            assert!(said.code == 0 || is_wrong && said.code == 1 && said.err.contains(error), "{what}: {said:?}");
            all.check(&what);
            if said.code != 0 {
                times += 1;
                all.finish(number, line);
            }
            assert_eq!(seen(&all.bench), all.seen[number + 1], "{what}");
            if !is_wrong {
                break;
            }
        }
    }
    assert!(times > 50, "only {times} times something went wrong");
}

#[test]
fn a_command_that_is_killed_at_any_write_leaves_nothing_half_done() {
    go_wrong(Disk::stopping_after, "the machine has stopped");
}

#[test]
fn a_disk_without_room_at_any_write_loses_nothing() {
    go_wrong(|write| Disk::full_after(write - 1, 1), "No space left on device (os error 28)");
}

#[test]
fn the_commands_after_one_that_was_killed_end_as_if_it_had_not_been() {
    let seed = 5;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all = Untouched::run();
    for (number, stopped) in SCRIPT.iter().enumerate() {
        let write = rng.random_range(1..20);
        all.restore(number);
        all.bench.around.disk = Disk::stopping_after(write);
        let said = all.bench.call(stopped);
        all.bench.around.disk = Disk::default();
        if said.code != 0 {
            all.finish(number, stopped);
        }
        for (next, line) in SCRIPT.iter().enumerate().skip(number + 1) {
            all.bench.ok(line);
            let what = format!("seed {seed}: {stopped}, write {write}, then {line}");
            assert_eq!(seen(&all.bench), all.seen[next + 1], "{what}");
        }
    }
}
