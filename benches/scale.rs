//! How long models of many units take to settle in one process, and how much memory.
//!
//! ```text
//! cargo bench -p magpie-peers --bench scale
//! cargo bench -p magpie-peers --bench scale -- --format json
//! ```
//!
//! # What is measured
//!
//! - *magpie*: the Magpie charm of this repository, as a value of `juju-ops`, deployed with so many units and settled:
//!   every unit's hooks up to its `relation-changed` of every other one, with what the handlers do in them. Hooks grow
//!   with the square of the units, and each of most hooks is printed the list of all peers.
//! - *status*: a charm that calls `status-set` in every hook and nothing else, without relations.
//!
//! Each row is a process of its own: the time is from the deployment until nothing is left to run, the memory the
//! largest resident set of the process. There is no Python row: `ops-scenario` runs one hook of one unit, and no tool
//! of Python's settles a model in-process.
//!
//! Nothing is asserted of the figures; every unit must end `active`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of the command line")]

use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::Instant;

use juju_ops::testing;
use juju_sim::{Charm, Deployment, ProgramEnd, Revision, World};
use magpie::Magpie;
use serde::{Deserialize, Serialize};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const MAGPIE: [u32; 4] = [25, 50, 100, 200];
const STATUS: [u32; 2] = [250, 1_000];

/// One row.
#[derive(Debug, Serialize, Deserialize)]
struct Scale {
    charm: String,
    units: u32,
    hooks: usize,
    seconds: f64,
    peak_kib: Option<u64>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let texts: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--bench").collect();
    let outcome = match texts.as_slice() {
        ["--row", charm, units] => row(charm, units),
        _ if !args.iter().any(|arg| arg == "--bench") => {
            eprintln!("scale: measures only when run by `cargo bench`");
            Ok(())
        }
        [] | ["--format", "table"] => rows().map(|rows| print!("{}", table(&rows))),
        ["--format", "json"] => rows().and_then(|rows| {
            println!("{}", serde_json::to_string_pretty(&rows)?);
            Ok(())
        }),
        other => Err(format!("unknown arguments {}; there is only --format table|json", other.join(" ")).into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scale: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures every row in a process of its own.
fn rows() -> Result<Vec<Scale>> {
    let magpie = MAGPIE.iter().map(|units| ("magpie", units));
    let all = magpie.chain(STATUS.iter().map(|units| ("status", units)));
    all.map(|(charm, units)| {
        eprintln!("scale: {charm}, {units} units…");
        let output = Command::new(std::env::current_exe()?).args(["--row", charm, &units.to_string()]).output()?;
        if !output.status.success() {
            return Err(format!("{charm}, {units} units: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    })
    .collect()
}

/// Measures one row and prints it as JSON.
fn row(charm: &str, units: &str) -> Result<()> {
    let count: u32 = units.parse()?;
    let revision = match charm {
        "magpie" => testing::revision(Magpie::default(), Charm::from_project(env!("CARGO_MANIFEST_DIR"))?)?,
        _ => Revision::in_process(Charm::parse("name: status", None, None)?, |invocation| {
            let answer = invocation.tools.call(&["status-set", "active"], None);
            ProgramEnd::Exit(answer.code)
        }),
    };
    let start = Instant::now();
    let mut juju = World::new(0);
    juju.deploy(charm, Deployment::of(revision).units(count))?;
    juju.settle()?;
    let seconds = start.elapsed().as_secs_f64();
    for unit in juju.units() {
        if juju.status(&unit).current != "active" {
            return Err(format!("{unit} is {}", juju.status(&unit).current).into());
        }
    }
    let scale = Scale { charm: charm.to_owned(), units: count, hooks: juju.runs().len(), seconds, peak_kib: peak() };
    println!("{}", serde_json::to_string(&scale)?);
    Ok(())
}

/// The largest resident set of this process so far, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn table(rows: &[Scale]) -> String {
    let mut text = String::from("charm   units    hooks    seconds  µs/hook  peak MiB\n");
    for Scale { charm, units, hooks, seconds, peak_kib } in rows {
        let each = seconds * 1e6 / f64::from(u32::try_from(*hooks).unwrap_or(u32::MAX));
        let peak = peak_kib.map_or("-".to_owned(), |kib| (kib / 1024).to_string());
        text += &format!("{charm:<7} {units:>5} {hooks:>8} {seconds:>10.2} {each:>8.0} {peak:>9}\n");
    }
    text
}
