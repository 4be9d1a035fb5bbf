//! How many instructions a dispatch of the Magpie charm takes, held to what it took, and how large a charm is, held to a
//! limit: measures that do not depend on what else the machine does.
//!
//! ```text
//! cargo bench -p magpie-peers --bench instructions             # compares with benches/instructions.txt
//! cargo bench -p magpie-peers --bench instructions -- --write  # writes that file
//! ```
//!
//! The charm as it is packed runs in `juju-sim` under valgrind's callgrind, which counts the instructions of its process,
//! with hook commands over the socket. The exit code is 1 where a dispatch takes over a tenth more than is written; another
//! compiler makes some per cent of difference. One that takes over a tenth less is told of, so that the file is written
//! anew. How many hook commands an event calls is held by the tests (`tests/it/calls.rs`, and the transcripts).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of the command line")]

#[path = "dispatch/charm_dir.rs"]
#[allow(dead_code, reason = "shared with the benchmark `dispatch`, which measures more")]
mod charm_dir;
#[path = "dispatch/scene.rs"]
#[allow(dead_code, reason = "shared with the benchmark `dispatch`, which measures more")]
mod scene;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use juju_sim::cargo::{self, Profile};
use juju_sim::{Charm, On};

use charm_dir::{CharmDir, Runs};
use scene::Scene;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The most bytes of a charm with one handler, and of the Magpie charm with all its checks.
const SIZES: [(&str, u64); 2] = [("bare", 1 << 20), ("magpie", 6 << 20)];
/// How much more than is written is too much, and how much less is news.
const TOLERANCE: f64 = 0.1;
const FILE: &str = "benches/instructions.txt";
const HEAD: &str = "# Instructions of a dispatch, by `cargo bench -p magpie-peers --bench instructions -- --write`.\n";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_bench = args.iter().any(|arg| arg == "--bench");
    let rest: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--bench").collect();
    let done = match rest.as_slice() {
        _ if !is_bench => {
            eprintln!("instructions: counts only when run by `cargo bench`");
            return ExitCode::SUCCESS;
        }
        [] => compare(),
        ["--write"] => write().map(|()| true),
        other => Err(format!("unknown arguments {}; there is only --write", other.join(" ")).into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<()> {
    let mut text = HEAD.to_owned();
    for (what, count) in count()? {
        let _ = writeln!(text, "{count:>12} {what}");
    }
    print!("{text}");
    Ok(fs::write(FILE, text)?)
}

/// Whether no dispatch takes much more than is written.
fn compare() -> Result<bool> {
    let text = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let written: BTreeMap<&str, f64> = lines
        .filter_map(|line| line.trim().split_once(' ').and_then(|(count, what)| Some((what, count.parse().ok()?))))
        .collect();
    let counted = count()?;
    let mut is_held = written.len() == counted.len();
    for (what, count) in counted {
        #[allow(clippy::cast_precision_loss, reason = "millions")]
        let ratio = written.get(what).map(|written| count as f64 / written);
        let verdict = match ratio {
            None => "not written: run this with --write",
            Some(ratio) if ratio > 1.0 + TOLERANCE => "TOO MANY",
            Some(ratio) if ratio < 1.0 - TOLERANCE => "fewer: run this with --write",
            Some(_) => "as written",
        };
        is_held &= ratio.is_some_and(|ratio| ratio <= 1.0 + TOLERANCE);
        println!("{count:>12} {what:<32} {:>5.2} {verdict}", ratio.unwrap_or(f64::NAN));
    }
    for (name, limit) in SIZES {
        let size = executable(name)?.metadata()?.len();
        let verdict = if size <= limit { "within its limit" } else { "TOO LARGE" };
        is_held &= size <= limit;
        println!("{size:>12} bytes of the charm {name:<13} {:>5} {verdict}", "");
    }
    Ok(is_held)
}

/// A charm as it is packed.
fn executable(name: &str) -> Result<PathBuf> {
    let package = if name == "bare" { "example-bench-programs" } else { "magpie-charm" };
    Ok(cargo::binary(package, Profile::Charm)?.with_file_name(name))
}

fn count() -> Result<Vec<(&'static str, u64)>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("instructions");
    let charm = Charm::from_project(project)?;
    let (magpie, bare) = (executable("magpie")?, executable("bare")?);
    let under = |name: &str, program: &Path| -> Result<CharmDir> {
        let dir = CharmDir::create(&base.join(name), program)?;
        fs::copy(project.join("metadata.yaml"), dir.path().join("metadata.yaml"))?;
        dir.weighed_by(Path::new("/usr/bin/valgrind"), "--tool=callgrind --callgrind-out-file=/dev/null")
    };
    let (magpie, bare) = (under("magpie", &magpie)?, under("bare", &bare)?);
    let socket = [("JUJU_OPS_TRANSPORT".to_owned(), "socket".to_owned())];
    let mut counts = Vec::new();
    let mut count = |what: &'static str, scene: &Scene<'_>, on: On| -> Result<()> {
        eprintln!("instructions: {what}");
        let mut fork = scene.fork();
        fork.hook(on, Runs::Weighed)?;
        let run = fork.world.runs().last().ok_or("a hook leaves a trace")?;
        let told = run.log().find_map(|(_, line)| line.split_once("Collected : ")?.1.trim().parse().ok());
        counts.push((what, told.ok_or_else(|| format!("valgrind says nothing of {what}:\n{run}"))?));
        Ok(())
    };
    count("update-status, unobserved", &Scene::open(&charm, &bare, &socket, true)?, On::update_status())?;
    for (peers, status, joined) in [
        (2, "update-status, 2 peers", "relation-joined, 2 peers"),
        (100, "update-status, 100 peers", "relation-joined, 100 peers"),
    ] {
        let mut scene = Scene::open(&charm, &magpie, &socket, true)?;
        scene.add_peers(peers - 1)?;
        scene.pass()?;
        scene.hook(On::update_status(), Runs::Charm)?;
        let last = scene.add_peers(1)?.pop().ok_or("one was added")?;
        count(joined, &scene, On::relation_joined("magpie", &last))?;
        scene.hook(On::relation_joined("magpie", &last), Runs::Charm)?;
        scene.pass()?;
        count(status, &scene, On::update_status())?;
    }
    let mut scene = Scene::open(&charm, &magpie, &socket, true)?;
    scene.add_peers(100)?;
    scene.pass()?;
    count("first sight of 100 peers", &scene, On::update_status())?;
    Ok(counts)
}
