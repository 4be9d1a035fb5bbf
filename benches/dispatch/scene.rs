use std::time::{Duration, Instant};

use juju_sim::{Charm, Fate, HookRun, On, Revision, World};
use serde_json::json;

use crate::Result;
use crate::charm_dir::{CharmDir, Runs, WEIGHED};

/// The unit that is measured.
pub(crate) const UNIT: &str = "magpie/0";
/// The peer relation's endpoint.
const RELATION: &str = "magpie";

/// What one dispatch cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) commands: usize,
    pub(crate) time: Duration,
    pub(crate) weight: Option<Weight>,
}

/// What a dispatch took, with all processes that it started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weight {
    /// The largest resident set of any process.
    pub(crate) peak_kib: u64,
    pub(crate) cpu: Duration,
    /// Processes and threads, of the whole machine while it ran.
    pub(crate) tasks: u64,
}

/// A world of real processes in which one unit is measured and the others are only there.
pub(crate) struct Scene<'a> {
    pub(crate) world: World,
    dir: &'a CharmDir,
}

/// Adds a unit that others see in the peer relation and that advertises its address; none of its hooks runs.
pub(crate) fn add_peer(world: &mut World) -> Result<String> {
    let peer = world.add_unit("magpie")?;
    world.step_without_running(&peer)?;
    let address = world.bag(RELATION, &peer)?.get("ingress-address").cloned().ok_or("a new unit has no address")?;
    world.write_bag(RELATION, &peer, [("iperf_addresses", &format!("[\"{address}\"]"))])?;
    Ok(peer)
}

/// Runs all that is due on the unit that is measured.
pub(crate) fn settle(world: &mut World) -> Result<()> {
    while let Some(run) = world.step_unit(UNIT) {
        committed(run)?;
    }
    Ok(())
}

/// The status of a charm that has nothing to wait for.
pub(crate) fn check_ready(world: &World, peers: usize) -> Result<()> {
    let ready = format!("Ready, with {peers} peer{}", if peers == 1 { "" } else { "s" });
    let status = world.status(UNIT);
    if status == ("active", ready.as_str()) {
        return Ok(());
    }
    Err(format!("the status is {status}, where {ready:?} was expected").into())
}

fn committed(run: &HookRun) -> Result<()> {
    match run.fate {
        Fate::Committed => Ok(()),
        _ => Err(format!("a dispatch did not succeed:\n{run}").into()),
    }
}

impl<'a> Scene<'a> {
    /// A world with one unit that has started, with the charm's own code where `starts`.
    pub(crate) fn open(charm: &Charm, dir: &'a CharmDir, variables: &[(String, String)], starts: bool) -> Result<Self> {
        let mut world = World::of_one(Revision::executable_of(charm.clone(), dir.path())?, 0)?;
        // The units' addresses are of no network: what is measured is the dispatch, not the charm's service.
        world.set_variable("JUJU_SIM_NETWORK", "none");
        for (name, value) in variables {
            world.set_variable(name, value);
        }
        world.add_unit("magpie")?;
        let mut scene = Self { world, dir };
        match starts {
            true => {
                dir.switch(Runs::Charm)?;
                settle(&mut scene.world)?;
            }
            false => scene.pass()?,
        }
        Ok(scene)
    }

    /// Adds peers, of which nothing runs.
    pub(crate) fn add_peers(&mut self, count: usize) -> Result<Vec<String>> {
        (0..count).map(|_| add_peer(&mut self.world)).collect()
    }

    /// Lets the hooks about what happened pass without the charm.
    pub(crate) fn pass(&mut self) -> Result<()> {
        while self.world.step_without_running(UNIT)? {}
        Ok(())
    }

    /// Runs a hook, due or not.
    pub(crate) fn hook(&mut self, on: On, runs: Runs) -> Result<Sample> {
        self.dir.switch(runs)?;
        let start = Instant::now();
        let run = self.world.run_hook(UNIT, on)?;
        let time = start.elapsed();
        committed(run)?;
        sample(run, time)
    }

    pub(crate) fn action(&mut self, name: &str, runs: Runs) -> Result<Sample> {
        self.dir.switch(runs)?;
        let start = Instant::now();
        let result = self.world.run_action(UNIT, name, json!({}))?;
        let time = start.elapsed();
        if result.status != "completed" {
            return Err(format!("the action {name} {}: {}", result.status, result.message).into());
        }
        let run = self.world.runs().last().ok_or("an action leaves a trace")?;
        let mut sample = sample(run, time)?;
        // What an action prints is its answer.
        if runs == Runs::Weighed {
            let stdout = result.results.get("stdout").and_then(serde_json::Value::as_str).unwrap_or_default();
            sample.weight = stdout.lines().find_map(weight);
        }
        Ok(sample)
    }

    /// The same once more, to try one dispatch on.
    pub(crate) fn fork(&self) -> Scene<'a> {
        Scene { world: self.world.fork(), dir: self.dir }
    }
}

fn sample(run: &HookRun, time: Duration) -> Result<Sample> {
    let weight = run.log().find_map(|(_, line)| weight(line));
    Ok(Sample { commands: run.commands().count(), time, weight })
}

fn weight(line: &str) -> Option<Weight> {
    let mut figures = line.strip_prefix(WEIGHED)?.split(' ').map(str::parse::<u64>);
    let mut next = || figures.next()?.ok();
    let (peak_kib, cpu, tasks) = (next()?, next()?, next()?);
    Some(Weight { peak_kib, cpu: Duration::from_micros(cpu), tasks })
}
