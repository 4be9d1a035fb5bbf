//! What a dispatch costs: the same charm on `juju-ops`, on Python's `ops` and `charms.reactive`, and in Go on goops.
//!
//! ```text
//! bench/run                       # from a fresh clone: installs what it needs, prints the tables
//! bench/run --docs                # puts them into docs/performance.md too
//! cargo bench -p magpie-peers --bench dispatch -- --out DIR
//! ```
//!
//! The tables are Markdown on standard output; `--out` writes `performance.md`, `performance.svg` and `performance.json`,
//! which has each measured time. Progress goes to standard error. Nothing is asserted of the figures: all charms are
//! measured in the same run, by turns, so what else the machine does falls on all, and it is the ratios that count.
//!
//! # What is compared
//!
//! - *juju-ops*: the Magpie charm as it is packed, with hook commands over the agent's socket, and as executables.
//! - *ops*: `benches/python_peer/src/charm.py`, which does the same, on the releases that `benches/dispatch/python.rs`
//!   names, installed from PyPI. Its `dispatch` is charmcraft's.
//! - *charms.reactive*: `tests/charms/magpie-reactive`, the original interface with its own reactive charm. It does less.
//! - *goops*: `benches/go_peer`, which does the same, built against the checkout that `GOOPS_DIR` names. Without that
//!   variable there is no such row, and the table says so.
//!
//! # What is measured
//!
//! `juju-sim` runs the charm's executable for a hook of `magpie/0`, by Juju's own protocol. The other units are there to be
//! seen; of what they would run nothing is run. Each dispatch must succeed and end in the status `Ready, with N peers`.
//!
//! - *wall*: from the start of the process until the simulator has taken its end, the median and quartiles.
//! - *CPU*, *peak*, *processes and threads*: of further dispatches within a small program that asks the kernel afterwards.
//! - *to the floor*: what a dispatch takes by itself, which is its wall time less what the simulator adds to that of an
//!   empty static executable, divided by what starting that executable takes.
//! - *as slow as Juju's*: each hook command that is a process is busy for 6 ms more. Juju's own take 6 to 7 ms; what it
//!   adds to every dispatch, 206 ms of waiting, is the same for all and not added.
//!
//! # Caveats
//!
//! - `bench/run` has the units' directories in memory (`/dev/shm`). Each dispatch has directories of its own, and ext4 takes
//!   up to half a millisecond to create a file where thousands were removed in the last seconds, which no unit's disk sees.
//!   For `ops` and `charms.reactive`, which write to SQLite there, it is faster than a disk.
//! - Python is spared what would cost it more on a unit: PyYAML's C parser is there, bytecode and page cache are warm.
//! - `ops` keeps its state in SQLite in the charm's directory, `charms.reactive` too; the others keep it in Juju.
//! - `ops` logs what it does by `juju-log`, a hook command each time, unless an author takes the trouble to silence it.
//! - The two in-process simulators differ in what they simulate: that ratio tells how fast tests are.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its figures and its progress")]
#![allow(clippy::cast_precision_loss, reason = "small numbers")]

#[path = "dispatch/charm_dir.rs"]
mod charm_dir;
#[path = "dispatch/chart.rs"]
mod chart;
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
#[path = "dispatch/subject.rs"]
mod subject;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use juju_sim::cargo::{self, Profile};
use juju_sim::{Charm, On};

use charm_dir::{CharmDir, Runs};
use figures::{Cell, Figures, Floor, Growth, InProcess, Line, Machine, Row, RowFloor, Size, Spread};
use python::Python;
use report::{JOINED_2, JOINED_100, JOINED_1000, STATUS_100, UNOBSERVED};
use scene::{Sample, Scene, Weight};
use subject::{EXEC, OPS, Places, SOCKET, Subject};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many dispatches of a kind are timed, and how many are weighed.
const RUNS: usize = 21;
const SLOW_RUNS: usize = 7;
const WEIGHED: usize = 5;
/// Of one that takes long, no more are timed once all together took so long, but so many at least.
const ENOUGH: Duration = Duration::from_secs(5);
const FEWEST: usize = 3;
/// How many commands tell what one takes.
const COMMANDS: u32 = 50;
/// What a hook command of Juju's takes more than one of the simulator's.
const BUSY: &str = "6000";

/// What every measurement needs.
struct Bench<'a> {
    charm: Charm,
    subjects: &'a [Subject],
    runs: usize,
    /// Whether hook commands are as slow as Juju's.
    is_slow: bool,
    /// What nothing is faster than, by itself and as a charm.
    empty: &'a Path,
    nothing: &'a CharmDir,
}

/// One of the events, on a scene that was prepared for it.
type Event = Box<dyn Fn(&mut Scene<'_>, Runs) -> Result<Sample>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let texts: Vec<&str> = args.iter().map(String::as_str).collect();
    let out = match texts.as_slice() {
        _ if !std::env::args().any(|arg| arg == "--bench") => {
            eprintln!("dispatch: measures only when run by `cargo bench`");
            return ExitCode::SUCCESS;
        }
        [] => None,
        ["--out", out] => Some(PathBuf::from(out)),
        other => {
            eprintln!("dispatch: unknown arguments {}; there is only --out DIR", other.join(" "));
            return ExitCode::from(2);
        }
    };
    match run(out.as_deref()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("dispatch: THERE WAS NO PYTHON TO COMPARE WITH, see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("dispatch: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints; whether there was a Python charm to compare with.
fn run(out: Option<&Path>) -> Result<bool> {
    let start = Instant::now();
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let base = temporary.join("dispatch-bench");
    let python = Python::prepare(&temporary.with_file_name("bench-venv"));
    let mut missing = Vec::new();
    let python = python.inspect_err(|error| missing.push(format!("ops and charms.reactive: {error}"))).ok();
    let programs = cargo::binary("example-bench-programs", Profile::Charm)?;
    let program = |name: &str| programs.with_file_name(name);
    let magpie = cargo::binary("magpie-charm", Profile::Charm)?;
    let places = Places { project, base: &base, weigh: &program("weigh") };
    let mut subjects = vec![
        places.rust(SOCKET, "socket", &magpie, &program("bare"))?,
        places.rust(EXEC, "exec", &magpie, &program("bare"))?,
    ];
    if let Some(python) = &python {
        subjects.extend([places.ops(python)?, places.reactive(python)?]);
    }
    let mut go = None;
    match std::env::var_os("GOOPS_DIR").filter(|dir| !dir.is_empty()) {
        None => missing.push("goops: GOOPS_DIR names no checkout of github.com/gruyaume/goops".to_owned()),
        Some(dir) => match places.goops(Path::new(&dir)) {
            Ok(subject) => {
                go = text_of("go", &["version"]);
                subjects.push(subject);
            }
            Err(error) => missing.push(format!("goops: {error}")),
        },
    }
    for missing in &missing {
        eprintln!("dispatch: NOT MEASURED: {missing}");
    }
    let charm = Charm::from_project(project)?;
    let empty = program("floor");
    let floor = floor(&charm, &places, &empty)?;
    let nothing = places.floor(&empty, "")?;
    let bench = |runs, is_slow| Bench {
        charm: charm.clone(),
        subjects: &subjects,
        runs,
        is_slow,
        empty: &empty,
        nothing: &nothing,
    };
    let fast = bench(RUNS, false).rows()?;
    let growth = bench(SLOW_RUNS, false).growth(&fast)?;
    let slow = bench(SLOW_RUNS, true).rows()?;
    eprintln!("dispatch: in one process");
    let peers = [2, 100];
    let rates = python.as_ref().map(|python| in_process::python(project, python, &peers)).transpose()?;
    let mut in_process = Vec::new();
    for (index, peers) in peers.into_iter().enumerate() {
        let python = rates.as_ref().and_then(|rates| rates.get(index).copied());
        in_process.push(InProcess { peers, rust: in_process::rust(charm.clone(), peers)?, python });
    }
    let mut sizes = vec![
        Size { what: "the Magpie charm on juju-ops".to_owned(), bytes: fs::metadata(&magpie)?.len() },
        Size { what: "a charm with one handler on juju-ops".to_owned(), bytes: fs::metadata(program("bare"))?.len() },
    ];
    if let Some(python) = &python {
        let (packed, on_unit) = python.sizes()?;
        sizes.push(Size { what: "the packages of a charm on ops".to_owned(), bytes: packed });
        sizes.push(Size { what: "the same on a unit, with bytecode".to_owned(), bytes: on_unit });
    }
    if go.is_some() {
        let bytes = fs::metadata(base.join("go/out/peer"))?.len();
        sizes.push(Size { what: "the Magpie charm on goops".to_owned(), bytes });
    }
    let machine = Machine {
        processor: processor(),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        kernel: text_of("uname", &["-r"]).unwrap_or_default(),
        python: python.as_ref().map(Python::describe),
        go,
    };
    let figures = Figures { machine, missing, floor, fast, slow, growth, sizes, in_process };
    let text = report::markdown(&figures);
    print!("{text}");
    if let Some(out) = out {
        // Cargo runs this in the package's directory.
        fs::create_dir_all(out)?;
        fs::write(out.join("performance.md"), text)?;
        fs::write(out.join("performance.svg"), report::svg(&figures))?;
        fs::write(out.join("performance.json"), serde_json::to_string(&figures)? + "\n")?;
    }
    eprintln!("dispatch: measured in {} s", start.elapsed().as_secs());
    Ok(python.is_some())
}

/// Measures hook commands by themselves.
fn floor(charm: &Charm, places: &Places<'_>, program: &Path) -> Result<Floor> {
    eprintln!("dispatch: the floor");
    let time = |text: &str| -> Result<Spread> {
        let dir = places.floor(program, text)?;
        let mut scene = Scene::open(charm, &dir, &[], false)?;
        let times: Result<Vec<Duration>> =
            (0..RUNS * 2).map(|_| Ok(scene.hook(On::update_status(), Runs::Charm)?.time)).collect();
        Ok(Spread::of(&times?))
    };
    let nothing = time("")?;
    let each = |text: &str| -> Result<f64> {
        Ok((time(&format!("{text} {COMMANDS}"))?.median - nothing.median) / f64::from(COMMANDS))
    };
    Ok(Floor { command: each("commands")?, call: each("calls")? })
}

impl Bench<'_> {
    fn rows(&self) -> Result<Vec<Row>> {
        let mut rows = vec![self.unobserved()?];
        for (peers, event) in [(2, "`update-status`, 2 peers"), (100, STATUS_100)] {
            rows.push(self.row(
                event,
                |it| Ok(it.is_like_the_others.then_some(peers)),
                &tick(),
                |scene, peers| {
                    learn(scene, peers)?;
                    scene.pass()
                },
            )?);
        }
        let joined = [(2, JOINED_2), (10, "`relation-joined`, 10 peers"), (100, JOINED_100), (1000, JOINED_1000)];
        // With slow hook commands some take minutes, and say nothing that the smaller ones do not.
        let is_measured = |peers: usize| !self.is_slow || peers <= 100;
        for (peers, event) in joined.into_iter().filter(|(peers, _)| is_measured(*peers)) {
            rows.push(self.joined(event, peers, 0)?);
        }
        let seen = [(10, "first sight of 10 peers"), (100, "first sight of 100"), (1000, "first sight of 1000")];
        for (peers, event) in seen.into_iter().filter(|(peers, _)| is_measured(*peers)) {
            rows.push(self.row(
                event,
                |_| Ok(Some(peers)),
                &tick(),
                |scene, peers| {
                    scene.add_peers(peers)?;
                    scene.pass()
                },
            )?);
        }
        let two = |it: &Subject| Ok(it.is_like_the_others.then_some(2));
        let learnt = |scene: &mut Scene<'_>, peers| learn(scene, peers).and_then(|()| scene.pass());
        let changed: Event = Box::new(|scene, runs| scene.hook(On::config_changed(), runs));
        rows.push(self.row("`config-changed`, 2 peers", two, &changed, learnt)?);
        let action: Event = Box::new(|scene, runs| scene.action("peers", runs));
        rows.push(self.row("action `peers`, 2 peers", two, &action, learnt)?);
        rows.push(self.pending(20)?);
        Ok(rows)
    }

    fn unobserved(&self) -> Result<Row> {
        eprintln!("dispatch: {UNOBSERVED}{}", self.how());
        let mut scenes = Vec::new();
        for subject in self.subjects {
            if let Some(dir) = &subject.bare {
                scenes.push((subject, self.open(dir, subject)?));
            }
        }
        self.measure(UNOBSERVED, &scenes, &tick(), None)
    }

    /// One peer joins, and so many are there then. Its databag has so many KiB more.
    fn joined(&self, event: &str, peers: usize, kib: usize) -> Result<Row> {
        eprintln!("dispatch: {event}{}", self.how());
        let mut scenes = Vec::new();
        for subject in self.subjects {
            let mut scene = self.open(&subject.dir, subject)?;
            learn(&mut scene, peers - 1)?;
            let last = scene.add_peers(1)?.pop().ok_or("one was added")?;
            if kib > 0 {
                scene.world.write_bag("magpie", &last, [("rest", &"x".repeat(kib << 10))])?;
            }
            scenes.push((subject, scene));
        }
        let last = format!("magpie/{peers}");
        let run: Event = Box::new(move |scene, runs| scene.hook(On::relation_joined("magpie", &last), runs));
        self.measure(event, &scenes, &run, Some(peers))
    }

    /// So many events wait for peers that nobody can reach.
    fn pending(&self, count: usize) -> Result<Row> {
        let like = |it: &Subject| Ok(it.is_like_the_others.then_some(count));
        let event = format!("`update-status`, {count} pending events");
        self.row(&event, like, &tick(), |scene, count| {
            for peer in scene.add_peers(count)? {
                let nothing = ["iperf_addresses", "ingress-address", "private-address"].map(|key| (key, ""));
                scene.world.write_bag("magpie", &peer, nothing)?;
            }
            scene.pass()?;
            scene.hook(On::update_status(), Runs::Charm)?;
            let status = scene.world.status(scene::UNIT).to_string();
            let held = if count == 0 { "Ready" } else { "Not yet acknowledged" };
            if status.contains(held) { Ok(()) } else { Err(format!("{count} pending events: {status}").into()) }
        })
    }

    fn row(
        &self,
        event: &str,
        peers: impl Fn(&Subject) -> Result<Option<usize>>,
        run: &Event,
        prepare: impl Fn(&mut Scene<'_>, usize) -> Result<()>,
    ) -> Result<Row> {
        eprintln!("dispatch: {event}{}", self.how());
        let mut scenes = Vec::new();
        for subject in self.subjects {
            if let Some(peers) = peers(subject)? {
                let mut scene = self.open(&subject.dir, subject)?;
                prepare(&mut scene, peers)?;
                scenes.push((subject, scene));
            }
        }
        self.measure(event, &scenes, run, None)
    }

    fn open<'a>(&self, dir: &'a CharmDir, subject: &Subject) -> Result<Scene<'a>> {
        let mut variables = subject.variables.clone();
        if self.is_slow {
            variables.push(("JUJUC_BUSY_MICROSECONDS".to_owned(), BUSY.to_owned()));
        }
        Scene::open(&self.charm, dir, &variables, true)
    }

    fn how(&self) -> &'static str {
        if self.is_slow { ", with slow hook commands" } else { "" }
    }

    /// By turns, each from the same state. Where `peers` is given, so many are ready after each.
    fn measure(&self, event: &str, scenes: &[(&Subject, Scene<'_>)], run: &Event, peers: Option<usize>) -> Result<Row> {
        let mut samples = vec![Vec::new(); scenes.len()];
        // It has run before, as the others have: their directories are there.
        let nothing = Scene::open(&self.charm, self.nothing, &[], true)?;
        let (mut starts, mut nothings) = (Vec::new(), Vec::new());
        for _ in 0..self.runs {
            let start = Instant::now();
            let status = Command::new(self.empty).env_clear().current_dir("/").stdin(Stdio::null()).status()?;
            starts.push(start.elapsed());
            if !status.success() {
                return Err("the empty program does not run".into());
            }
            nothings.push(nothing.fork().hook(On::update_status(), Runs::Charm)?.time);
            for ((subject, scene), samples) in scenes.iter().zip(&mut samples) {
                let spent: Duration = samples.iter().map(|sample: &Sample| sample.time).sum();
                let fewest = if self.is_slow { 1 } else { FEWEST };
                if samples.len() >= fewest && spent > ENOUGH {
                    continue;
                }
                let mut fork = scene.fork();
                samples.push(run(&mut fork, Runs::Charm).map_err(|error| format!("{}: {error}", subject.name))?);
                if let Some(peers) = peers.filter(|_| subject.is_like_the_others) {
                    scene::check_ready(&fork.world, peers).map_err(|error| format!("{}: {error}", subject.name))?;
                }
            }
        }
        let mut cells = Vec::new();
        for ((subject, scene), samples) in scenes.iter().zip(&samples) {
            let is_long = samples.iter().all(|sample| sample.time > Duration::from_millis(500));
            let times = if is_long { 1 } else { WEIGHED };
            cells.push(Cell::of(subject.name, samples, &weigh(subject.name, scene, run, times)?));
        }
        let floor = RowFloor { start: Spread::of(&starts), dispatch: Spread::of(&nothings) };
        Ok(Row { event: event.to_owned(), floor, cells })
    }

    fn growth(&self, rows: &[Row]) -> Result<Vec<Growth>> {
        let compared = [SOCKET, EXEC, OPS];
        let lines = |points: &[(f64, &Row)]| -> Vec<Line> {
            let line = |subject: &'static str| {
                let points = points.iter().filter_map(|(x, row)| Some((*x, row.of(subject)?.wall.median)));
                Line::new(subject, points.collect())
            };
            compared.into_iter().map(line).filter(|line| !line.points.is_empty()).collect()
        };
        let of = |events: &[(f64, &str)]| -> Vec<Line> {
            let find = |event: &str| rows.iter().find(|row| row.event == event);
            let points: Vec<_> = events.iter().filter_map(|(x, event)| Some((*x, find(event)?))).collect();
            lines(&points)
        };
        let joined =
            of(&[(2.0, JOINED_2), (10.0, "`relation-joined`, 10 peers"), (100.0, JOINED_100), (1000.0, JOINED_1000)]);
        let seen =
            of(&[(10.0, "first sight of 10 peers"), (100.0, "first sight of 100"), (1000.0, "first sight of 1000")]);
        let pending: Vec<(f64, Row)> =
            [1, 5, 20, 80].into_iter().map(|count| Ok((count as f64, self.pending(count)?))).collect::<Result<_>>()?;
        let bags: Vec<(f64, Row)> = [1, 16, 256, 4096]
            .into_iter()
            .map(|kib| {
                Ok((kib as f64, self.joined(&format!("`relation-joined`, 2 peers, {kib} KiB in the databag"), 2, kib)?))
            })
            .collect::<Result<_>>()?;
        let borrowed = |points: &[(f64, Row)]| -> Vec<Line> {
            lines(&points.iter().map(|(x, row)| (*x, row)).collect::<Vec<_>>())
        };
        Ok(vec![
            Growth { what: "`relation-joined`", unit: "peers", lines: joined },
            Growth { what: "first sight", unit: "peers", lines: seen },
            Growth { what: "`update-status`", unit: "pending events", lines: borrowed(&pending) },
            Growth { what: "`relation-joined`", unit: "KiB", lines: borrowed(&bags) },
        ])
    }
}

fn tick() -> Event {
    Box::new(|scene, runs| scene.hook(On::update_status(), runs))
}

/// Adds peers, and lets the charm take in all of them at once.
fn learn(scene: &mut Scene<'_>, peers: usize) -> Result<()> {
    scene.add_peers(peers)?;
    scene.pass()?;
    scene.hook(On::update_status(), Runs::Charm).map(drop)
}

fn weigh(name: &str, scene: &Scene<'_>, run: &Event, times: usize) -> Result<Vec<Weight>> {
    let weigh = |_| {
        let sample = run(&mut scene.fork(), Runs::Weighed)?;
        sample.weight.ok_or_else(|| format!("{name}: a dispatch did not tell what it took").into())
    };
    (0..times).map(weigh).collect()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("an unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

fn text_of(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
