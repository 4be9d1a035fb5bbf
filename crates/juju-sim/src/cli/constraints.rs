//! Constraints, which are kept and shown: there are no machines to choose by them.

use std::collections::BTreeMap;

use clap::{Arg, Command};

use super::call::Call;
use super::failure::Failure;
use super::form::{give, with_forms};
use super::options;
use serde_json::Value;

/// The names that Juju knows.
const NAMES: [&str; 16] = [
    "allocate-public-ip",
    "arch",
    "container",
    "cores",
    "cpu-power",
    "image-id",
    "instance-role",
    "instance-type",
    "mem",
    "root-disk",
    "root-disk-source",
    "spaces",
    "tags",
    "virt-type",
    "zones",
    "cpu-cores",
];

/// Those that are sizes.
const SIZES: [&str; 2] = ["mem", "root-disk"];

/// The constraints of some words such as `mem=4G`.
pub(super) fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for word in words {
        let (key, value) = options::pair(word)?;
        if !NAMES.contains(&key.as_str()) {
            return Err(format!("unknown constraint {key:?}").into());
        }
        let value = if SIZES.contains(&key.as_str()) { format!("{}M", megabytes(&key, &value)?) } else { value };
        all.insert(key, value);
    }
    Ok(all)
}

/// A size such as `4G` in megabytes, which it is in where it has no unit.
fn megabytes(key: &str, text: &str) -> Result<u64, Failure> {
    let refuse =
        || Failure::Error(format!("bad {key:?} constraint: must be a non-negative float with optional M/G/T/P suffix"));
    let (number, factor) = match text.as_bytes().last() {
        Some(b'M') => (&text[..text.len() - 1], 1.0),
        Some(b'G') => (&text[..text.len() - 1], 1024.0),
        Some(b'T') => (&text[..text.len() - 1], 1024.0 * 1024.0),
        Some(b'P') => (&text[..text.len() - 1], 1024.0 * 1024.0 * 1024.0),
        _ => (text, 1.0),
    };
    let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = number.parse().ok().filter(|_| plain).ok_or_else(refuse)?;
    let size = (number * factor).ceil();
    // All whole numbers below this are themselves as floats.
    if size < 9e15 { Ok(size as u64) } else { Err(refuse()) }
}

/// The words of constraints.
pub(super) fn words(command: Command) -> Command {
    command.arg(Arg::new("constraints").required(true).num_args(1..).value_name("KEY=VALUE").help("The constraints"))
}

/// How they are shown.
pub(super) fn forms(command: Command) -> Command {
    with_forms(command, &["constraints", "json", "yaml"])
}

pub(super) fn show(call: &mut Call<'_, '_>, constraints: &BTreeMap<String, String>) -> Result<(), Failure> {
    give(call, &view(constraints), || {
        let words: Vec<String> = constraints.iter().map(|(key, text)| format!("{key}={text}")).collect();
        if words.is_empty() { String::new() } else { format!("{}\n", words.join(" ")) }
    })
}

/// Constraints in JSON and YAML: numbers where they can be, and sizes in megabytes.
pub(super) fn view(constraints: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let value = |(key, text): (&String, &String)| {
        let text = if SIZES.contains(&key.as_str()) { text.trim_end_matches('M') } else { text };
        (key.clone(), text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from))
    };
    constraints.iter().map(value).collect()
}
