//! Constraints, which are kept and shown: there are no machines to choose by them.

use std::collections::BTreeMap;

use clap::{Arg, Command};

use super::call::Call;
use super::failure::Failure;
use super::form::{give, with_forms};
use super::options;
use super::view::plain;
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

/// The constraints of some words such as `mem=4G`.
pub(super) fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for word in words {
        let (key, value) = options::pair(word)?;
        if !NAMES.contains(&key.as_str()) {
            return Err(format!("unknown constraint {key:?}").into());
        }
        all.insert(key, value);
    }
    Ok(all)
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
    // Juju's are numbers where they can be.
    let value = |text: &String| text.parse::<u64>().map_or_else(|_| Value::from(text.as_str()), Value::from);
    let view: BTreeMap<&String, Value> = constraints.iter().map(|(key, it)| (key, value(it))).collect();
    give(call, &view, || {
        let words: Vec<String> = view.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        if words.is_empty() { String::new() } else { format!("{}\n", words.join(" ")) }
    })
}
