//! What a dispatch of the Magpie charm costs, next to the same charm in Python on `ops`.
//!
//! ```text
//! cargo bench -p magpie-peers
//! cargo bench -p magpie-peers -- --format json
//! ```
//!
//! The first prints a table, the second a JSON document; progress goes to standard error. Nothing is asserted of the
//! figures, and they are fit for comparing the two charms with each other only: both are measured in the same run, by
//! turns, so what else the machine does falls on both.
//!
//! # What is compared
//!
//! - The Rust charm: the package `magpie`, its executable built as it is shipped.
//! - The Python charm: `benches/python_peer/src/charm.py`, written for this benchmark with the same behaviour, on the
//!   releases of `ops` and `ops-scenario` that are named in `benches/dispatch/python.rs`. They are installed from PyPI
//!   into `target/bench-venv` by the first run. Its `dispatch` is charmcraft's: a shell that sets `PYTHONPATH` and
//!   becomes the interpreter.
//!
//! Without `python3`, `pip` or PyPI the Rust figures are printed alone and the exit code is 1.
//!
//! # What is measured, and how
//!
//! Hook commands and time, for `update-status` and for `magpie-relation-joined`, with 2 and with 100 peers:
//! `juju-sim` runs the charm's executable for each hook of `magpie/0`, with hook commands that are executables too and
//! ask the simulator over a socket. The other units are there for it to see and advertise an address; of what they
//! would run themselves nothing is run. The peers that joined before the measurement did so with a charm that does
//! nothing; one `update-status` of the real charm then announces them all, and is not counted. Every dispatch measured
//! must succeed and end in the status `Ready, with N peers`. A joined peer is removed again, so each
//! `relation-joined` is that of the same last peer to come; it is acknowledged at once and logged, with the number
//! of all.
//!
//! - *Hook commands*: how many the dispatch called.
//! - *Time*: from the start of the process until the simulator has taken its end, in milliseconds: the median and the
//!   quartiles. Below the table is what part of it is the simulator's: the time of a `dispatch` that is an empty shell
//!   script, and of one hook command in such a script.
//! - *Peak memory*: of one dispatch, the largest resident set of any process in it, read from the `ru_maxrss` of a
//!   shell's children by Python, so it is missing without. For the Rust charm it may be that of a hook command: those
//!   of the simulator are about as large.
//! - *Size*: the stripped executable; for Python the packages that a charm carries (`ops` and what it needs), as they
//!   are packed and with the bytecode that is written at the first hook. The interpreter is not counted.
//! - *Dispatches in one process*: `update-status` as unit tests run it, with no process started:
//!   `juju_ops::testing::in_process`, and `ops.testing.Context.run`.
//!
//! # Caveats
//!
//! - Juju's own hook commands are slower than the simulator's (each starts a large Go program), so on a unit the number
//!   of hook commands weighs more than here. The Rust charm starts up to eight side by side, which helps as far as
//!   there are processors.
//! - The Python charm is spared what would cost it more on a unit: its `dispatch` is one line, PyYAML's C parser is
//!   there, all bytecode but that of `charm.py` itself (which Python never keeps) is warm, and so is the page cache.
//! - The Python charm keeps its state in SQLite, in the temporary directory; the Rust charm keeps it in Juju by
//!   `state-set`, a hook command. What either costs depends on the disk.
//! - `ops` logs what it does by `juju-log`, a hook command each time. They are counted, as a charm has them unless its
//!   author takes the trouble to silence `ops`. The Rust framework logs the like through standard output.
//! - The two in-process simulators differ in what they simulate: that ratio tells how fast tests are, not charms.
//! - The Python charm has no actions.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its figures and its progress")]

#[path = "dispatch/charm_dir.rs"]
mod charm_dir;
#[path = "dispatch/figures.rs"]
mod figures;
#[path = "dispatch/in_process.rs"]
mod in_process;
#[path = "dispatch/python.rs"]
mod python;
#[path = "dispatch/report.rs"]
mod report;
#[path = "dispatch/scene.rs"]
mod scene;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use juju_sim::Charm;
use juju_sim::cargo::{self, Profile};

use charm_dir::CharmDir;
use figures::{Both, Dispatch, Door, Figures, InProcess, Sizes};
use python::Python;
use scene::Scene;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many dispatches of a kind are measured.
const RUNS: usize = 21;
const PEERS: [usize; 2] = [2, 100];
/// How many hook commands the shell script calls by which the time of one is estimated.
const COMMANDS: u32 = 20;

enum Format {
    Table,
    Json,
}

/// What every measurement needs.
struct Bench {
    charm: Charm,
    /// Where the charms' directories are made.
    base: PathBuf,
    executable: PathBuf,
    python: Option<Python>,
}

fn main() -> ExitCode {
    let format = match arguments() {
        Ok(Some(format)) => format,
        Ok(None) => {
            eprintln!("dispatch: measures only when run by `cargo bench`");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("dispatch: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&format) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("dispatch: NOTHING WAS COMPARED: the Python charm could not be set up, see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("dispatch: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How to print; `None` when cargo runs this as a test.
fn arguments() -> Result<Option<Format>> {
    let (mut bench, mut format) = (false, Format::Table);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bench" => bench = true,
            "--format" => match args.next().as_deref() {
                Some("json") => format = Format::Json,
                Some("table") => format = Format::Table,
                other => return Err(format!("--format is table or json, not {}", other.unwrap_or("missing")).into()),
            },
            other => return Err(format!("unknown argument {other}; there is only --format table|json").into()),
        }
    }
    Ok(bench.then_some(format))
}

/// Measures and prints; whether there was a Python charm to compare with.
fn run(format: &Format) -> Result<bool> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let python = Python::prepare(&temporary.with_file_name("bench-venv"));
    let python = python.inspect_err(|error| eprintln!("dispatch: NO PYTHON CHARM: {error}")).ok();
    let bench = Bench {
        charm: Charm::from_project(project)?,
        base: temporary.join("dispatch-bench"),
        executable: cargo::binary("magpie-charm", Profile::Charm)?,
        python,
    };
    let start = Instant::now();
    let figures = bench.figures(project)?;
    match format {
        Format::Table => print!("{}", report::table(&figures)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&figures)?),
    }
    eprintln!("dispatch: measured in {} s", start.elapsed().as_secs());
    Ok(bench.python.is_some())
}

impl Bench {
    fn figures(&self, project: &Path) -> Result<Figures> {
        let mut dirs = vec![self.rust_charm(project)?];
        if let Some(python) = &self.python {
            dirs.push(self.python_charm(project, python)?);
        }
        let mut dispatches = Vec::new();
        for peers in PEERS {
            eprintln!("dispatch: {peers} peers: {RUNS} times relation-joined and update-status");
            dispatches.extend(self.dispatches(&dirs, peers)?);
        }
        eprintln!("dispatch: the simulator's part, sizes, dispatches in one process");
        let mut in_process = Vec::new();
        let python_rates = match &self.python {
            Some(python) => Some(in_process::python(project, python, &PEERS)?),
            None => None,
        };
        for (index, peers) in PEERS.into_iter().enumerate() {
            let rust = in_process::rust(self.charm.clone(), peers)?;
            let python = python_rates.as_ref().and_then(|rates| rates.get(index).copied());
            in_process.push(InProcess { hook: "update-status", peers, per_second: Both { rust, python } });
        }
        Ok(Figures {
            python: self.python.as_ref().map(Python::describe),
            runs: RUNS,
            dispatches,
            door: self.door()?,
            sizes: self.sizes()?,
            in_process,
        })
    }

    fn rust_charm(&self, project: &Path) -> Result<CharmDir> {
        let dir = CharmDir::create(&self.base.join("rust"), &self.executable)?;
        std::fs::copy(project.join("metadata.yaml"), dir.path().join("metadata.yaml"))?;
        self.weighable(dir)
    }

    fn python_charm(&self, project: &Path, python: &Python) -> Result<CharmDir> {
        let base = self.base.join("python");
        let dir = CharmDir::create_script(&base, &python.dispatch())?;
        std::fs::create_dir(dir.path().join("src"))?;
        std::fs::copy(project.join("benches/python_peer/src/charm.py"), dir.path().join("src/charm.py"))?;
        std::fs::copy(project.join("metadata.yaml"), dir.path().join("metadata.yaml"))?;
        std::os::unix::fs::symlink(python.packages(), dir.path().join("venv"))?;
        self.weighable(dir)
    }

    fn weighable(&self, dir: CharmDir) -> Result<CharmDir> {
        match &self.python {
            Some(python) => dir.weighed_by(&python.interpreter()),
            None => Ok(dir),
        }
    }

    /// Measures each charm with this many peers, by turns.
    fn dispatches(&self, dirs: &[CharmDir], peers: usize) -> Result<Vec<Dispatch>> {
        let mut scenes = Vec::new();
        for dir in dirs {
            let mut scene = Scene::open(&self.charm, dir)?;
            scene.add_peers(peers - 1)?;
            scene.warm_up()?;
            scenes.push(scene);
        }
        let mut joined = vec![Vec::new(); scenes.len()];
        let mut ticked = joined.clone();
        let mut memory = [Vec::new(), Vec::new()];
        for _ in 0..RUNS {
            for (scene, joined) in scenes.iter_mut().zip(&mut joined) {
                joined.push(scene.join()?);
                scene.leave()?;
            }
        }
        for scene in &mut scenes {
            memory[0].push(scene.weigh(Scene::join)?);
        }
        for _ in 0..RUNS {
            for (scene, ticked) in scenes.iter_mut().zip(&mut ticked) {
                ticked.push(scene.tick()?);
            }
        }
        for scene in &mut scenes {
            memory[1].push(scene.weigh(Scene::tick)?);
        }
        let [joined_memory, ticked_memory] = memory;
        Ok(vec![
            Dispatch::new("update-status", peers, &ticked, &ticked_memory)?,
            Dispatch::new("magpie-relation-joined", peers, &joined, &joined_memory)?,
        ])
    }

    /// Measures the simulator itself.
    fn door(&self) -> Result<Door> {
        let script = format!("#!/bin/sh\n{}", "is-leader\n".repeat(COMMANDS as usize));
        let dir = CharmDir::create_script(&self.base.join("shell"), &script)?;
        let mut scene = Scene::open(&self.charm, &dir)?;
        let (mut empty, mut calling) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            empty.push(scene.tick_idle()?);
            calling.push(scene.tick()?);
        }
        Ok(Door::new(&empty, &calling, COMMANDS))
    }

    fn sizes(&self) -> Result<Sizes> {
        let rust = std::fs::metadata(&self.executable)?.len();
        let (packed, on_unit) = match &self.python {
            Some(python) => python.sizes().map(|(packed, on_unit)| (Some(packed), Some(on_unit)))?,
            None => (None, None),
        };
        Ok(Sizes { packed: Both { rust, python: packed }, on_unit: Both { rust, python: on_unit } })
    }
}
