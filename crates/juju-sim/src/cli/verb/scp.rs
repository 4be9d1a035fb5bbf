use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};

use super::{Verb, ssh};
use crate::SimError;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

pub(super) const VERB: Verb = Verb {
    name: "scp",
    aliases: &[],
    about: "Copy files to or from where a unit's files are",
    arguments,
    has_model: true,
    idle: &[
        ("proxy", "nothing is far away"),
        ("no-host-key-checks", "nothing is far away"),
        ("remote", "nothing is far away"),
    ],
    run,
};

/// The options of OpenSSH's `scp` that take a value.
const WITH_VALUE: &str = "cDFiJloPSX";

fn arguments(command: Command) -> Command {
    let words = Arg::new("words").required(true).num_args(2..).trailing_var_arg(true).allow_hyphen_values(true);
    command.arg(
        words
            .action(ArgAction::Append)
            .value_name("[UNIT:]PATH")
            .help("What to copy, and where to; -r for directories"),
    )
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let words = call.texts("words");
    let mut paths = ssh::without_options(&words, WITH_VALUE);
    let options = &words[..words.len() - paths.len()];
    let letters =
        |word: &String| word.strip_prefix('-')?.split(|letter| WITH_VALUE.contains(letter)).next().map(str::to_owned);
    let whole = options.iter().filter_map(letters).any(|letters| letters.contains('r'));
    let to = paths.pop().ok_or("no destination is given")?;
    if paths.is_empty() {
        return Err("no source is given".into());
    }
    let to = place(call, &session, to)?;
    for from in paths {
        let from = place(call, &session, from)?;
        let name = from.file_name().ok_or_else(|| format!("{} has no name", from.display()))?;
        let target = if to.is_dir() { to.join(name) } else { to.clone() };
        copy(&from, &target, whole)?;
    }
    Ok(())
}

/// Where a path is that may be a unit's: those begin where its shell does.
fn place(call: &Call<'_, '_>, session: &Session, named: &str) -> Result<PathBuf, Failure> {
    match named.split_once(':') {
        Some((target, path)) if !target.contains('/') || is_unit(target) => {
            let unit = ssh::unit(session, target)?;
            let dir = session.charm_dir(&unit);
            Ok(dir.parent().unwrap_or(&dir).join(path))
        }
        _ => Ok(call.path(named)),
    }
}

/// Whether a target is named as units are, such as `ubuntu@web/0`.
fn is_unit(target: &str) -> bool {
    let target = target.split_once('@').map_or(target, |(_, host)| host);
    target.split_once('/').is_some_and(|(app, number)| {
        let plain = app.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        plain && !app.is_empty() && (number == "leader" || number.parse::<u32>().is_ok())
    })
}

fn copy(from: &Path, to: &Path, whole: bool) -> Result<(), Failure> {
    let metadata = fs::metadata(from).map_err(SimError::file("read", from))?;
    if !metadata.is_dir() {
        fs::copy(from, to).map_err(SimError::file("write", to))?;
        return Ok(());
    }
    if !whole {
        return Err(format!("{} is a directory: use -r", from.display()).into());
    }
    fs::create_dir_all(to).map_err(SimError::file("create", to))?;
    for entry in fs::read_dir(from).map_err(SimError::file("read", from))? {
        let entry = entry.map_err(SimError::file("read", from))?;
        copy(&entry.path(), &to.join(entry.file_name()), whole)?;
    }
    Ok(())
}
