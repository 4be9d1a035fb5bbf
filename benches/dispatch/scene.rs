use std::time::{Duration, Instant};

use juju_sim::{Charm, Fate, HookRun, Revision, World};

use crate::Result;
use crate::charm_dir::{CharmDir, Runs, WEIGHT};

/// The unit that is measured.
pub(crate) const UNIT: &str = "magpie/0";
const JOINED: &str = "magpie-relation-joined";
const CHANGED: &str = "magpie-relation-changed";
const DEPARTED: &str = "magpie-relation-departed";
/// The peer relation's endpoint.
const RELATION: &str = "magpie";

/// What one dispatch cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) commands: usize,
    pub(crate) time: Duration,
}

/// A world of real processes in which one unit is measured and the others are only there.
pub(crate) struct Scene<'a> {
    world: World,
    dir: &'a CharmDir,
    /// What runs for the hooks that are measured.
    measured: Runs,
    peers: usize,
    /// The last peer that joined.
    last: Option<String>,
}

/// Adds a unit that others see in the peer relation and that advertises its address; of its hooks only `install` runs.
pub(crate) fn add_peer(world: &mut World) -> Result<String> {
    let peer = world.add_unit("magpie")?;
    world.step_unit(&peer).ok_or("a new unit has no install")?;
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
    /// A world with one unit that has started.
    pub(crate) fn open(charm: &Charm, dir: &'a CharmDir) -> Result<Self> {
        let mut world = World::of_one(Revision::executable_of(charm.clone(), dir.path())?, 0)?;
        world.add_unit("magpie")?;
        dir.switch(Runs::Charm)?;
        settle(&mut world)?;
        Ok(Self { world, dir, measured: Runs::Charm, peers: 0, last: None })
    }

    /// Adds peers without letting the charm know.
    pub(crate) fn add_peers(&mut self, count: usize) -> Result<()> {
        self.dir.switch(Runs::Idle)?;
        for _ in 0..count {
            add_peer(&mut self.world)?;
        }
        self.peers += count;
        settle(&mut self.world)
    }

    /// Lets the charm take in all peers that are there, and what it needs come into the page cache.
    pub(crate) fn warm_up(&mut self) -> Result<()> {
        self.tick()?;
        self.tick()?;
        self.join()?;
        self.leave()
    }

    /// Runs an `update-status`.
    pub(crate) fn tick(&mut self) -> Result<Sample> {
        self.world.tick(UNIT)?;
        let sample = self.run("update-status", self.measured)?;
        if self.peers > 0 {
            check_ready(&self.world, self.peers)?;
        }
        Ok(sample)
    }

    /// Runs an `update-status` in which the charm does nothing.
    pub(crate) fn tick_idle(&mut self) -> Result<Sample> {
        self.world.tick(UNIT)?;
        self.run("update-status", Runs::Idle)
    }

    /// Runs the `relation-joined` of one further peer, which advertises its address already.
    pub(crate) fn join(&mut self) -> Result<Sample> {
        self.dir.switch(Runs::Idle)?;
        self.last = Some(add_peer(&mut self.world)?);
        self.peers += 1;
        let sample = self.run(JOINED, self.measured)?;
        check_ready(&self.world, self.peers)?;
        // Juju has it follow; the charm has nothing to learn from it.
        self.run(CHANGED, Runs::Idle)?;
        Ok(sample)
    }

    /// Lets the last peer that joined depart.
    pub(crate) fn leave(&mut self) -> Result<()> {
        let peer = self.last.take().ok_or("no peer has joined")?;
        self.world.remove_unit(&peer)?;
        self.peers -= 1;
        self.run(DEPARTED, Runs::Charm).map(drop)
    }

    /// The peak memory in KiB of a dispatch; `None` when it cannot be told.
    pub(crate) fn weigh(&mut self, dispatch: fn(&mut Self) -> Result<Sample>) -> Result<Option<u64>> {
        if !self.dir.can_weigh() {
            return Ok(None);
        }
        let before = self.world.runs().len();
        self.measured = Runs::Weighed;
        let done = dispatch(self);
        self.measured = Runs::Charm;
        done?;
        let mut lines = self.world.runs()[before..].iter().flat_map(HookRun::log);
        let weight =
            lines.find_map(|(_, line)| line.strip_prefix(WEIGHT)).ok_or("a dispatch did not tell its memory")?;
        Ok(Some(weight.trim().parse()?))
    }

    fn run(&mut self, hook: &str, runs: Runs) -> Result<Sample> {
        self.dir.switch(runs)?;
        let start = Instant::now();
        let run = self.world.step_unit(UNIT).ok_or_else(|| format!("no {hook} is due"))?;
        let time = start.elapsed();
        committed(run)?;
        if run.hook != hook {
            return Err(format!("{} ran, where {hook} was expected", run.title()).into());
        }
        Ok(Sample { commands: run.commands().count(), time })
    }
}
