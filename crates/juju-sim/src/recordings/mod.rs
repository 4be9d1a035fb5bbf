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

use std::path::{Path, PathBuf};

use record::Record;

/// What cannot agree, and why.
const LISTED: &[(&str, &str)] = &[];

fn directory() -> PathBuf {
    match std::env::var_os("JUJU_RECORDINGS") {
        Some(directory) => directory.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings"),
    }
}

/// What is not of machines, or is not made any more.
fn is_elsewhere(record: &Record) -> Option<&'static str> {
    match () {
        () if record.world.restricted.is_some() => Some("of a restricted context"),
        () if record.world.model_type.as_deref() == Some("caas") => Some("of Kubernetes"),
        () => None,
    }
}

#[allow(clippy::print_stdout, reason = "the summary is what the test is for")]
#[test]
fn hook_commands_answer_as_recorded() {
    let (mut total, mut agreeing, mut listed) = (0, 0, 0);
    let mut elsewhere = std::collections::BTreeMap::<&str, usize>::new();
    let mut differing = Vec::new();
    for record in record::all(&directory()).unwrap() {
        total += 1;
        if let Some(why) = is_elsewhere(&record) {
            *elsewhere.entry(why).or_default() += 1;
            continue;
        }
        let differences = replay::differences(&record);
        let is_listed = LISTED.iter().any(|(id, _)| *id == record.id);
        match (differences.is_empty(), is_listed) {
            (true, false) => agreeing += 1,
            (false, true) => listed += 1,
            (true, true) => differing.push(format!("{}: agrees, and is listed as one that cannot", record.id)),
            (false, false) => differing.push(format!("{}: {}", record.id, differences.join("\n    "))),
        }
    }
    let elsewhere: Vec<String> = elsewhere.iter().map(|(why, count)| format!("{count} {why}")).collect();
    println!(
        "recordings: {total} records, {agreeing} agree, {listed} listed, {} differ; left out: {}",
        differing.len(),
        elsewhere.join(", ")
    );
    assert!(differing.is_empty(), "{} records differ:\n{}", differing.len(), differing.join("\n"));
    assert!(agreeing > 0, "no recordings in {}", directory().display());
    assert!(listed <= 5, "more than a handful cannot agree");
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
