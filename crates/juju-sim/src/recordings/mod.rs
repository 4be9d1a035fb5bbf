//! Recordings of Juju's own hook-command server and runner, replayed on the model.
//!
//! Each record's world becomes a model, its calls run through the code that a charm's run through, and exit codes,
//! output, log, what reached the controller at once, what is sent at the end, and the end itself are compared. The
//! recordings are in `recordings/`; `JUJU_RECORDINGS=<directory>` replays others.

mod compare;
mod record;
mod replay;
mod runner;
mod scene;
/// Recordings of Go's own two sides, byte for byte.
mod sessions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::Record;

use crate::model::{Model, Running};

/// What cannot agree, and why.
const LISTED: &[(&str, &str)] = &[];

fn directory() -> PathBuf {
    match std::env::var_os("JUJU_RECORDINGS") {
        Some(directory) => directory.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings"),
    }
}

/// The records of one of this crate's files that are not about hook commands.
pub(crate) fn lines<T: for<'de> serde::Deserialize<'de>>(file: &str) -> Vec<T> {
    record::lines(&Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings").join(file)).unwrap()
}

/// A model in which a hook of a world runs that is given as recordings give theirs.
pub(crate) fn running(world: serde_json::Value) -> (Model, Running) {
    let world: record::World = serde_json::from_value(world).unwrap();
    let model = scene::model(&world);
    let running = scene::running(&model, &world);
    (model, running)
}

/// What is not of machines, or is not made any more.
fn is_elsewhere(record: &Record) -> Option<&'static str> {
    match () {
        () if record.world.restricted.is_some() => Some("of a restricted context"),
        () if record.world.model_type.as_deref() == Some("caas") => Some("of Kubernetes"),
        () => None,
    }
}

/// What became of the records.
#[derive(Debug, Default)]
struct Tally {
    records: usize,
    agreeing: usize,
    listed: usize,
    differing: Vec<String>,
    elsewhere: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn count(&mut self, id: &str, differences: &[String]) {
        self.records += 1;
        let is_listed = LISTED.iter().any(|(listed, _)| *listed == id);
        match (differences.is_empty(), is_listed) {
            (true, false) => self.agreeing += 1,
            (false, true) => self.listed += 1,
            (true, true) => self.differing.push(format!("{id}: agrees, and is listed as one that cannot")),
            (false, false) => self.differing.push(format!("{id}: {}", differences.join("\n    "))),
        }
    }

    /// Prints the summary, and fails where a record differs.
    #[allow(clippy::print_stdout, reason = "the summary is what the test is for")]
    fn conclude(&self, what: &str) {
        let elsewhere: Vec<String> = self.elsewhere.iter().map(|(why, count)| format!("{count} {why}")).collect();
        let left_out = if elsewhere.is_empty() { "none".to_owned() } else { elsewhere.join(", ") };
        let Tally { records, agreeing, listed, differing, .. } = self;
        println!(
            "recordings of {what}: {records} records, {agreeing} agree, {listed} listed, {} differ; left out: {left_out}",
            differing.len()
        );
        assert!(differing.is_empty(), "{} records differ:\n{}", differing.len(), differing.join("\n"));
        assert!(*listed <= 5, "more than a handful cannot agree");
    }
}

#[test]
fn hook_commands_answer_as_recorded() {
    let mut tally = Tally::default();
    for record in record::all(&directory()).unwrap() {
        match is_elsewhere(&record) {
            Some(why) => {
                tally.records += 1;
                *tally.elsewhere.entry(why).or_default() += 1;
            }
            None => tally.count(&record.id, &replay::differences(&record)),
        }
    }
    tally.conclude("hook commands");
    assert!(tally.agreeing > 0, "no recordings in {}", directory().display());
}

#[test]
fn dispatches_end_as_recorded() {
    let path = directory().join("_runner.jsonl");
    // Another directory may be one of hook commands alone.
    if !path.exists() && std::env::var_os("JUJU_RECORDINGS").is_some() {
        return;
    }
    let mut tally = Tally::default();
    for record in record::lines::<runner::Dispatches>(&path).unwrap() {
        tally.count(&record.id, &runner::differences(&record));
    }
    tally.conclude("whole dispatches");
    assert!(tally.agreeing > 0, "no recordings in {}", path.display());
}

#[test]
fn a_damaged_recording_is_an_error_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    for (text, wanted) in [
        ("{}", "x.jsonl:1: missing field `id`"),
        ("{\"id\": \"a\", \"calls\": []}\n\nnot json\n", "x.jsonl:1: missing field"),
        ("[1", "x.jsonl:1: "),
        ("\u{0}", "x.jsonl:1: "),
    ] {
        std::fs::write(dir.path().join("x.jsonl"), text).unwrap();
        let error = record::all(dir.path()).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
    std::fs::write(dir.path().join("x.jsonl"), b"\xff\xfe").unwrap();
    assert!(record::all(dir.path()).unwrap_err().contains("x.jsonl"));
}
