//! How many hook commands a dispatch calls: three charms on `juju-ops`, and the same three in Python on `ops`.
//!
//! ```text
//! cargo bench -p magpie-peers --bench calls
//! cargo bench -p magpie-peers --bench calls -- --commands
//! cargo bench -p magpie-peers --bench calls -- --format json
//! ```
//!
//! The first prints a table in Markdown, the second also each command that was called, the third a JSON document;
//! progress goes to standard error. `docs/hook-commands.md` has the table and what makes the difference.
//!
//! The charms are in `benches/calls/`, each a directory with its metadata, `charm.rs` and `charm.py`: `bare` has one
//! handler, `plain` a port, a version and two statuses, and `full` relations of every role, secrets, storage, an action and
//! an event that waits. Both do the same, which is checked after every row: status, version, ports and databags must
//! be equal. They run as processes in `juju-sim`, with hook commands that are executables too. The Rust charms are this
//! program, which becomes the charm when Juju's environment says so; the Python charms run on the release of `ops` that
//! `benches/dispatch/python.rs` names, installed from PyPI into `target/bench-venv` by the first run.
//!
//! The exit code is 1 when a row is higher than that of `ops`, and when there is no Python: then the Rust column is
//! printed alone. What the Rust column is, a test says without Python (`tests/it/calls.rs`).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its figures and its progress")]

#[path = "calls/bare/charm.rs"]
mod bare;
#[path = "dispatch/charm_dir.rs"]
#[allow(dead_code, reason = "shared with the benchmark `dispatch`, which measures more")]
mod charm_dir;
#[path = "calls/full/charm.rs"]
mod full;
#[path = "calls/plain/charm.rs"]
mod plain;
#[path = "dispatch/python.rs"]
#[allow(dead_code, reason = "shared with the benchmark `dispatch`, which measures more")]
mod python;
#[path = "calls/report.rs"]
mod report;
#[path = "calls/scenario.rs"]
mod scenario;

use std::error::Error;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use juju_sim::Revision;

use bare::Bare;
use full::Full;
use plain::Plain;
use python::Python;
use report::Event;
use scenario::Charms;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

enum Format {
    Table,
    TableAndCommands,
    Json,
}

fn main() -> ExitCode {
    // Juju, or what simulates it, runs this program as a charm.
    if let Some(charm) = charm_to_be() {
        return match charm.as_str() {
            "bare" => juju_ops::main(Bare),
            "plain" => juju_ops::main(Plain),
            _ => juju_ops::main(Full),
        };
    }
    let format = match arguments() {
        Ok(Some(format)) => format,
        Ok(None) => {
            eprintln!("calls: counts only when run by `cargo bench`");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("calls: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&format) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("calls: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The application that this process is a charm of, if it is one.
fn charm_to_be() -> Option<String> {
    std::env::var_os("JUJU_DISPATCH_PATH")?;
    let unit = std::env::var("JUJU_UNIT_NAME").ok()?;
    Some(unit.split('/').next().unwrap_or_default().to_owned())
}

/// How to print; `None` when cargo runs this as a test.
fn arguments() -> Result<Option<Format>> {
    let (mut bench, mut format) = (false, Format::Table);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bench" => bench = true,
            "--commands" => format = Format::TableAndCommands,
            "--format" => match args.next().as_deref() {
                Some("json") => format = Format::Json,
                Some("table") => format = Format::Table,
                other => return Err(format!("--format is table or json, not {}", other.unwrap_or("missing")).into()),
            },
            other => return Err(format!("unknown argument {other}; there are --format table|json, --commands").into()),
        }
    }
    Ok(bench.then_some(format))
}

/// Counts and prints; whether there was a Python to compare with, and nothing is higher than there.
fn run(format: &Format) -> Result<bool> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let python = Python::prepare(&temporary.with_file_name("bench-venv"));
    let python = python.inspect_err(|error| eprintln!("calls: NO PYTHON CHARM: {error}")).ok();
    let bench = Bench { base: temporary.join("calls-bench") };
    if bench.base.exists() {
        fs::remove_dir_all(&bench.base)?;
    }

    eprintln!("calls: running the charms in Rust");
    let rust =
        scenario::rows(&bench.charms(|dir| Ok(symlink(std::env::current_exe()?, dir.join("dispatch"))?), "rust")?)?;
    let ops = match &python {
        Some(python) => {
            eprintln!("calls: running the charms in Python");
            Some(scenario::rows(&bench.charms(|dir| python_charm(dir, python), "python")?)?)
        }
        None => None,
    };
    let events = Event::of(rust, ops)?;
    match format {
        Format::Table => print!("{}", report::table(&events)),
        Format::TableAndCommands => print!("{}\n{}", report::table(&events), report::commands(&events)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&events)?),
    }
    let higher: Vec<&Event> = events.iter().filter(|event| event.is_higher()).collect();
    for event in &higher {
        eprintln!("calls: HIGHER THAN IN PYTHON: {}", event.event);
    }
    if python.is_none() {
        eprintln!("calls: NOTHING WAS COMPARED: the Python charms could not be set up, see above");
    }
    Ok(python.is_some() && higher.is_empty())
}

struct Bench {
    /// Where the charms' directories are made.
    base: PathBuf,
}

impl Bench {
    /// The charms in directories that `complete` puts the code in.
    fn charms(&self, complete: impl Fn(&Path) -> Result<()>, language: &str) -> Result<Charms> {
        let charm = |name: &str| -> Result<Revision> {
            let (from, to) = (sources().join(name), self.base.join(language).join(name));
            fs::create_dir_all(to.join("src"))?;
            for file in ["metadata.yaml", "config.yaml", "actions.yaml"] {
                if from.join(file).exists() {
                    fs::copy(from.join(file), to.join(file))?;
                }
            }
            fs::copy(from.join("charm.py"), to.join("src/charm.py"))?;
            complete(&to)?;
            Ok(Revision::executable(&to)?)
        };
        Ok(Charms { bare: charm("bare")?, plain: charm("plain")?, full: charm("full")? })
    }
}

/// Where the charms are in the repository.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/calls")
}

/// Makes a charm's directory one of Python, as charmcraft lays it out.
fn python_charm(dir: &Path, python: &Python) -> Result<()> {
    let dispatch = dir.join("dispatch");
    fs::write(&dispatch, python.dispatch())?;
    fs::set_permissions(&dispatch, fs::Permissions::from_mode(0o755))?;
    Ok(symlink(python.packages(), dir.join("venv"))?)
}
