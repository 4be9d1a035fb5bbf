//! What can be said of a charm before any of it runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::finding::{Finding, Severity};
use crate::cli::layout::Files;
use crate::{Charm, SimError};

const RELATION_HOOKS: [&str; 5] =
    ["-relation-created", "-relation-joined", "-relation-changed", "-relation-departed", "-relation-broken"];
const STORAGE_HOOKS: [&str; 2] = ["-storage-attached", "-storage-detaching"];

/// What is wrong with files that Juju refuses. What the simulator alone refuses is no fault of theirs.
pub(super) fn flaws(errors: &[SimError], dir: &Path) -> Vec<Finding> {
    let told = errors.iter().map(|error| {
        let text = error.to_string();
        let text = text.strip_prefix("invalid charm: ").unwrap_or(&text);
        let text = text.strip_prefix(&format!("{}/", dir.display())).unwrap_or(text);
        Finding::of_files(Severity::Problem, text)
    });
    told.collect()
}

/// Why no hook of the charm can run at all.
pub(super) fn unable(files: &Files) -> Option<Finding> {
    let problem = |what: &str| Some(Finding::of_files(Severity::Problem, what));
    let hooks = fs::read_dir(files.dir.join("hooks"));
    if !files.dir.join("dispatch").exists() && !hooks.is_ok_and(|mut hooks| hooks.next().is_some()) {
        return problem("there is neither dispatch nor anything in hooks/, and Juju refuses such a charm");
    }
    if files.dispatch_lacks_mode() {
        return problem("dispatch is not executable, and Juju does not repair that: every hook would fail");
    }
    None
}

/// What Juju takes, and somebody will wonder about.
pub(super) fn warnings(charm: &Charm, dir: &Path) -> Vec<Finding> {
    let mut told = Vec::new();
    if charm.summary().trim().is_empty() {
        told.push("the summary is empty".to_owned());
    }
    let ignored = charm.ignored().iter();
    told.extend(ignored.map(|key| format!("key {key}: neither Juju nor charmcraft reads it")));
    let options = charm.options().iter().map(|(name, option)| (format!("option {name}"), option.description.as_str()));
    let actions = charm.action_names().filter_map(|name| charm.action(name));
    let actions = actions.map(|action| (format!("action {}", action.name), action.description.as_str()));
    for (what, description) in options.chain(actions) {
        if description.trim().is_empty() {
            told.push(format!("{what} has no description"));
        }
    }
    for action in charm.action_names().filter_map(|name| charm.action(name)) {
        let declared = |name: &&str| action.params().any(|(param, _)| param == *name);
        for missing in action.required().filter(|name| !declared(name)) {
            told.push(format!("action {}: parameter {missing} is required and not declared", action.name));
        }
    }
    for name in programs(&dir.join("hooks")) {
        let about = |ends: &[&str]| ends.iter().find_map(|end| name.strip_suffix(end));
        match (about(&RELATION_HOOKS), about(&STORAGE_HOOKS)) {
            (Some(endpoint), _) if charm.implicit_or(endpoint).is_none() => {
                told.push(format!("hooks/{name} never runs: no endpoint {endpoint} is declared"));
            }
            (_, Some(storage)) if charm.storage(storage).is_none() => {
                told.push(format!("hooks/{name} never runs: no storage {storage} is declared"));
            }
            _ => {}
        }
    }
    for name in programs(&dir.join("actions")) {
        if charm.action(&name).is_none() && !name.contains('.') {
            told.push(format!("actions/{name} never runs: no action {name} is declared"));
        }
    }
    told.into_iter().map(|what| Finding::of_files(Severity::Warning, what)).collect()
}

/// The names of the files in a directory that can be run, sorted.
fn programs(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let runs = |path: &Path| fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    let mut names: Vec<String> =
        entries.filter(|entry| runs(&entry.path())).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
