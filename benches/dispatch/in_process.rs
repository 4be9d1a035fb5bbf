use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use juju_ops::testing;
use juju_sim::Charm;
use magpie::Magpie;

use crate::Result;
use crate::python::Python;
use crate::scene::{self, UNIT};

/// How many dispatches of the Rust charm are timed.
const TICKS: u32 = 2_000;
/// How long those of the Python charm are timed.
const SECONDS: u32 = 3;

/// How many `update-status` of the Rust charm run in a second.
pub(crate) fn rust(charm: Charm, peers: usize) -> Result<f64> {
    let mut world = testing::in_process(Magpie::default(), charm)?;
    world.add_unit("magpie")?;
    scene::settle(&mut world)?;
    for _ in 0..peers {
        scene::add_peer(&mut world)?;
    }
    scene::settle(&mut world)?;
    let start = Instant::now();
    for _ in 0..TICKS {
        world.tick(UNIT)?;
        world.step_unit(UNIT).ok_or("no update-status is due")?;
    }
    let spent = start.elapsed();
    scene::check_ready(&world, peers)?;
    Ok(f64::from(TICKS) / spent.as_secs_f64())
}

/// How many `update-status` of the Python charm run in a second, with each number of peers.
pub(crate) fn python(project: &Path, python: &Python, peers: &[usize]) -> Result<Vec<f64>> {
    let mut args = vec![project.to_string_lossy().into_owned(), SECONDS.to_string()];
    args.extend(peers.iter().map(ToString::to_string));
    let output = python.run(&project.join("benches/python_peer/in_process.py"), &args)?;
    let rates: BTreeMap<usize, f64> = serde_json::from_str(&output)?;
    Ok(peers.iter().filter_map(|count| rates.get(count).copied()).collect())
}
