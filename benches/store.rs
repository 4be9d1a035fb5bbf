//! What `juju-sim`, the command, costs: time and memory against units.
//!
//! ```text
//! cargo bench -p magpie-peers --bench store
//! cargo bench -p magpie-peers --bench store -- --format json
//! cargo bench -p magpie-peers --bench store -- --chart docs/juju-sim-scale.svg
//! ```
//!
//! # What is measured
//!
//! - *peers*: `juju-sim deploy -n UNITS` of a charm with a peer relation, through the process door and into a store on
//!   disk. Its program is `/bin/true`, so that what is measured is the simulator's; *alone* is what so many runs of that
//!   program take by themselves. Hooks grow with the square of the units.
//! - *plain*: the same of a charm without relations, and then one command each on that model: `status`, `config` with
//!   the hooks that follow on all units, and `add-unit`.
//!
//! Memory is the largest resident set of the command; the store's size is that of its documents and histories, without
//! the charm. There is no Python row: nothing of Python's has a model of several units.
//!
//! Nothing is asserted of the figures.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of the command line")]

#[path = "dispatch/chart.rs"]
mod chart;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chart::Panel;
use juju_sim::cargo::{Profile, binary};
use serde::Serialize;
use tempfile::TempDir;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PEERS: [u32; 5] = [1, 10, 25, 50, 100];
const PLAIN: [u32; 3] = [10, 100, 1000];
/// How often the program is run to learn what a run of it takes.
const RUNS: u32 = 200;
const PROGRAM: &str = "/bin/true";

/// One row.
#[derive(Debug, Serialize)]
struct Row {
    what: &'static str,
    units: u32,
    /// How many hooks the command ran.
    hooks: usize,
    seconds: f64,
    /// What the charm's program takes of it.
    alone: f64,
    peak_mib: f64,
    store_kib: u64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let texts: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--bench").collect();
    let outcome = match texts.as_slice() {
        _ if !args.iter().any(|arg| arg == "--bench") => {
            eprintln!("store: measures only when run by `cargo bench`");
            Ok(())
        }
        [] | ["--format", "table"] => rows().map(|rows| print!("{}", table(&rows))),
        ["--format", "json"] => rows().and_then(|rows| {
            println!("{}", serde_json::to_string_pretty(&rows)?);
            Ok(())
        }),
        ["--chart", path] => rows().and_then(|rows| {
            print!("{}", table(&rows));
            // Cargo runs it in the package's directory.
            Ok(fs::write(path, chart(&rows))?)
        }),
        other => {
            Err(format!("unknown arguments {}; there are --format table|json, --chart FILE", other.join(" ")).into())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("store: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A store with a charm.
struct Bench {
    dir: TempDir,
    program: PathBuf,
    /// What a run of the charm's program takes, in seconds.
    run: f64,
}

fn rows() -> Result<Vec<Row>> {
    let program = binary("juju-sim", Profile::Release)?;
    let run = run_of_program()?;
    let mut rows = Vec::new();
    for units in PEERS {
        eprintln!("store: peers, {units} units…");
        let bench = Bench::new(&program, run, "peers: {ring: {interface: ring}}")?;
        rows.push(bench.row("deploy, peers", units, &["deploy", "./charm", "-n", &units.to_string()])?);
    }
    for units in PLAIN {
        eprintln!("store: plain, {units} units…");
        let bench = Bench::new(&program, run, "")?;
        rows.push(bench.row("deploy, plain", units, &["deploy", "./charm", "-n", &units.to_string()])?);
        rows.push(bench.row("status", units, &["status"])?);
        rows.push(bench.row("config", units, &["config", "charm", "level=1"])?);
        rows.push(bench.row("add-unit", units, &["add-unit", "charm"])?);
    }
    Ok(rows)
}

fn run_of_program() -> Result<f64> {
    let started = Instant::now();
    for _ in 0..RUNS {
        Command::new(PROGRAM).env_clear().stdin(Stdio::null()).status()?;
    }
    Ok(started.elapsed().as_secs_f64() / f64::from(RUNS))
}

impl Bench {
    fn new(program: &Path, run: f64, endpoints: &str) -> Result<Bench> {
        let dir = tempfile::tempdir()?;
        let charm = dir.path().join("charm");
        fs::create_dir(&charm)?;
        fs::write(charm.join("metadata.yaml"), format!("name: charm\nsummary: s\ndescription: d\n{endpoints}\n"))?;
        fs::write(charm.join("config.yaml"), "options: {level: {type: int}}\n")?;
        fs::copy(PROGRAM, charm.join("dispatch"))?;
        fs::set_permissions(charm.join("dispatch"), fs::Permissions::from_mode(0o755))?;
        Ok(Bench { dir, program: program.to_owned(), run })
    }

    fn row(&self, what: &'static str, units: u32, words: &[&str]) -> Result<Row> {
        let before = self.hooks()?;
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(self.dir.path()).env("JUJU_DATA", self.dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn()?;
        let mut peak = 0;
        let status = loop {
            peak = peak.max(peak_kib(child.id()).unwrap_or(0));
            match child.try_wait()? {
                Some(status) => break status,
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        if !status.success() {
            let text = child.stderr.take().map(std::io::read_to_string).transpose()?.unwrap_or_default();
            return Err(format!("juju-sim {}: {text}", words.join(" ")).into());
        }
        let hooks = self.hooks()? - before;
        #[allow(clippy::cast_precision_loss, reason = "counts of hooks are small")]
        let alone = hooks as f64 * self.run;
        #[allow(clippy::cast_precision_loss, reason = "memory in KiB is small")]
        let peak_mib = peak as f64 / 1024.0;
        Ok(Row {
            what,
            units,
            hooks,
            seconds,
            alone,
            peak_mib,
            store_kib: size(&self.dir.path().join("juju-sim"))? / 1024,
        })
    }

    /// How many hooks have run in the model.
    fn hooks(&self) -> Result<usize> {
        let mut command = Command::new(&self.program);
        command.args(["transcript", "--last", "1", "--format", "json"]).env("JUJU_DATA", self.dir.path());
        let output = command.output()?;
        if !output.status.success() {
            return Ok(0);
        }
        let runs: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)?;
        let last = runs.last().and_then(|run| run["sequence"].as_u64());
        Ok(usize::try_from(last.unwrap_or(0))?)
    }
}

/// The largest resident set that a process has had so far.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// The bytes of the files in a directory, without those of charms and units.
fn size(dir: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            total += if name == "agents" || name == "charms" { 0 } else { size(&entry.path())? };
        } else {
            total += entry.metadata()?.len();
        }
    }
    Ok(total)
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| command | units | hooks | seconds | charm alone, s | peak, MiB | store, KiB |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let Row { what, units, hooks, seconds, alone, peak_mib, store_kib } = row;
        let _ =
            writeln!(text, "| {what} | {units} | {hooks} | {seconds:.2} | {alone:.2} | {peak_mib:.0} | {store_kib} |");
    }
    text
}

/// Time and memory of deployments against units.
fn chart(rows: &[Row]) -> String {
    let panel = |title: &str, value: fn(&Row) -> f64, y| Panel {
        title: format!("deploy: {title}"),
        below: "units".to_owned(),
        x: (0, 3),
        y,
        lines: ["deploy, peers", "deploy, plain"]
            .map(|what| {
                let rows = rows.iter().filter(|row| row.what == what);
                let label = what.trim_start_matches("deploy, ").to_owned();
                (label, rows.map(|row| (f64::from(row.units), value(row))).collect())
            })
            .into(),
    };
    let panels = [panel("seconds", |row| row.seconds, (-2, 2)), panel("peak memory, MiB", |row| row.peak_mib, (0, 2))];
    chart::chart(&panels)
}
