//! A scenario under many seeds and orders.

mod case;
mod failure;
mod shrink;
mod step;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde_json::Value;

use crate::world::{Revision, World};
use case::Case;
pub use failure::Failure;
use shrink::smallest;
pub use step::Kind;
use step::Step;

/// The variable that gives one case to run in place of all: what a [`Failure`] prints.
const REPLAY: &str = "JUJU_SIM_REPLAY";
/// The variables that set how many cases run, and the first one's seed.
const CASES: &str = "JUJU_SIM_CASES";
const SEED: &str = "JUJU_SIM_SEED";

/// Runs a scenario in many orders, with everything going wrong that Juju lets go wrong, and looks at what must hold.
///
/// Each case starts from the world that a function makes of a seed, and takes random steps: hooks of some unit, units
/// that come and go, faults, restarts, leadership that moves, late observations, and what the test adds, such as
/// actions, options and refreshes. After each step what must always hold is looked at; at the end everything is brought
/// to rest, and what must hold then. The first case that fails is made small, and tells its steps and how to repeat it.
///
/// Cases run on all cores, each in one thread; they do not depend on each other, so the first that fails is the same
/// in every run.
///
/// ```
/// use juju_sim::{Charm, Explore, ProgramEnd, Revision, World};
///
/// fn world(seed: u64) -> World {
///     let charm = Charm::parse("{name: m, peers: {m: {interface: m}}}", None, None).unwrap();
///     World::of_one(Revision::in_process(charm, |_| ProgramEnd::Exit(0)), seed).unwrap()
/// }
///
/// Explore::new(world)
///     .cases(20)
///     .in_the_end("all units know each other", |juju| {
///         let units = juju.units();
///         let knows = |unit: &String| juju.members(unit, "m").map(|members| members.len() + 1 == units.len());
///         if units.iter().all(|unit| knows(unit).unwrap_or(false)) { Ok(()) } else { Err("one does not".to_owned()) }
///     })
///     .run()
///     .unwrap();
/// ```
#[must_use = "an exploration does nothing until it is run"]
pub struct Explore<'a> {
    world: Box<dyn Fn(u64) -> World + Sync + 'a>,
    cases: u64,
    seed: u64,
    steps: RangeInclusive<usize>,
    units: usize,
    kinds: Vec<(Kind, u32)>,
    own: Vec<OwnStep<'a>>,
    always: Vec<Rule<'a>>,
    in_the_end: Vec<Rule<'a>>,
}

type Act<'a> = Box<dyn Fn(&mut World, u16) -> Result<String, String> + Sync + 'a>;
type Check<'a> = Box<dyn Fn(&mut World) -> Result<(), String> + Sync + 'a>;

/// A step that the test adds.
struct OwnStep<'a> {
    weight: u32,
    act: Act<'a>,
}

/// What must hold.
struct Rule<'a> {
    name: String,
    check: Check<'a>,
}

/// What an exploration went through.
///
/// ```
/// # use juju_sim::{Charm, Explore, ProgramEnd, Revision, World};
/// # fn world(seed: u64) -> World {
/// #     let charm = Charm::parse("name: hello", None, None).unwrap();
/// #     World::of_one(Revision::in_process(charm, |_| ProgramEnd::Exit(0)), seed).unwrap()
/// # }
/// let explored = Explore::new(world).cases(10).run()?;
/// assert_eq!(explored.cases, 10);
/// assert!(explored.hooks > 10);
/// # Ok::<(), Box<juju_sim::Failure>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// How many cases ran.
    pub cases: u64,
    /// How many hooks and actions ran in them.
    pub hooks: u64,
}

impl<'a> Explore<'a> {
    /// Explores the world that a function makes of a seed.
    pub fn new(world: impl Fn(u64) -> World + Sync + 'a) -> Explore<'a> {
        Explore {
            world: Box::new(world),
            cases: 100,
            seed: 1,
            steps: 0..=120,
            units: 5,
            kinds: Kind::ALL.to_vec(),
            own: Vec::new(),
            always: Vec::new(),
            in_the_end: Vec::new(),
        }
    }

    /// How many cases: 100 unless set. `JUJU_SIM_CASES` overrides it.
    pub fn cases(mut self, cases: u64) -> Explore<'a> {
        self.cases = cases;
        self
    }

    /// The seed of the first case; the others follow. `JUJU_SIM_SEED` overrides it.
    pub fn seed(mut self, seed: u64) -> Explore<'a> {
        self.seed = seed;
        self
    }

    /// How many steps a case has: up to 120 unless set.
    pub fn steps(mut self, steps: RangeInclusive<usize>) -> Explore<'a> {
        self.steps = steps;
        self
    }

    /// How many units an application has at most: 5 unless set.
    pub fn units(mut self, units: usize) -> Explore<'a> {
        self.units = units;
        self
    }

    /// Leaves out a kind of step.
    pub fn without(mut self, kind: Kind) -> Explore<'a> {
        self.kinds.retain(|(other, _)| *other != kind);
        self
    }

    /// Adds a step of the test's own, about as frequent as other changes. It gets a random number to choose by, and
    /// tells in words what it did.
    pub fn step(mut self, act: impl Fn(&mut World, u16) -> Result<String, String> + Sync + 'a) -> Explore<'a> {
        self.own.push(OwnStep { weight: 2, act: Box::new(act) });
        self
    }

    /// Adds the step of running an action on some unit.
    pub fn action(self, app: &'a str, name: &'a str, params: Value) -> Explore<'a> {
        self.step(move |juju, number| {
            let units = juju.units_of(app);
            let Some(unit) = pick(&units, number) else { return Ok(format!("no unit for action {name}")) };
            // One that Juju would refuse, on a unit that is not installed say, is no failure.
            let done = juju.run_action(unit, name, params.clone());
            Ok(format!("action {name} on {unit}: {}", done.map_or_else(|error| error.to_string(), |done| done.status)))
        })
    }

    /// Adds the step of setting an option to one of some values.
    pub fn config(self, app: &'a str, key: &'a str, values: Vec<Value>) -> Explore<'a> {
        self.step(move |juju, number| {
            let value = pick(&values, number).cloned();
            let said = format!("config {app} {key}={}", value.clone().unwrap_or(Value::Null));
            juju.set_config(app, key, value).map_err(|error| error.to_string())?;
            Ok(said)
        })
    }

    /// Adds the step of refreshing an application, to a revision that the function makes.
    pub fn refresh(self, app: &'a str, revision: impl Fn(u16) -> Revision + Sync + 'a) -> Explore<'a> {
        self.step(move |juju, number| {
            juju.refresh(app, revision(number)).map_err(|error| error.to_string())?;
            Ok(format!("refresh {app}"))
        })
    }

    /// Adds the step of a further relation on a peer endpoint, up to some number of them.
    pub fn peer_relations(self, app: &'a str, endpoint: &'a str, most: usize) -> Explore<'a> {
        self.step(move |juju, _| {
            if juju.relations(&format!("{app}:{endpoint}")).len() >= most {
                return Ok(format!("{app}:{endpoint} has its relations"));
            }
            let id = juju.add_peer_relation(app, endpoint).map_err(|error| error.to_string())?;
            Ok(format!("further relation {id} on {app}:{endpoint}"))
        })
    }

    /// What must hold after every step. It may panic to say that it does not.
    pub fn always(mut self, name: &str, check: impl Fn(&mut World) -> Result<(), String> + Sync + 'a) -> Explore<'a> {
        self.always.push(Rule { name: name.to_owned(), check: Box::new(check) });
        self
    }

    /// What must hold when all is at rest: agents that were down are up again, nothing is late, failed hooks were
    /// retried. A unit that stays in error is a failure of its own.
    pub fn in_the_end(
        mut self,
        name: &str,
        check: impl Fn(&mut World) -> Result<(), String> + Sync + 'a,
    ) -> Explore<'a> {
        self.in_the_end.push(Rule { name: name.to_owned(), check: Box::new(check) });
        self
    }

    /// Runs the cases, or with `JUJU_SIM_REPLAY` the one that it gives.
    ///
    /// # Errors
    /// A case fails: the first one, with as few steps as it fails with. Or what `JUJU_SIM_REPLAY` gives is no case.
    pub fn run(self) -> Result<Explored, Box<Failure>> {
        if let Ok(text) = std::env::var(REPLAY) {
            let (seed, steps) = failure::parse(&text).map_err(|why| Failure::of_replay(&text, &why))?;
            let case = Case::run(&self, seed, &steps);
            return match case.failure {
                None => Ok(Explored { cases: 1, hooks: case.hooks }),
                Some(why) => Err(Box::new(Failure::new(seed, steps.len(), &steps, case.told, why, case.transcript))),
            };
        }
        let cases = number(CASES).unwrap_or(self.cases);
        let first = number(SEED).unwrap_or(self.seed);
        let hooks = AtomicU64::new(0);
        let failing = self.first_failing(first, cases, &hooks);
        let Some(seed) = failing else { return Ok(Explored { cases, hooks: hooks.into_inner() }) };
        Err(Box::new(self.explain(seed)))
    }

    /// The seed of the first case that fails.
    fn first_failing(&self, first: u64, cases: u64, hooks: &AtomicU64) -> Option<u64> {
        let next = AtomicU64::new(0);
        let failing: Mutex<Option<u64>> = Mutex::new(None);
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                // A later case is of no interest once an earlier one has failed.
                let known = *failing.lock().unwrap_or_else(PoisonError::into_inner);
                if index >= known.unwrap_or(cases).min(cases) {
                    return;
                }
                let seed = first.wrapping_add(index);
                let case = Case::run(self, seed, &self.steps_of(seed));
                hooks.fetch_add(case.hooks, Ordering::Relaxed);
                if case.failure.is_some() {
                    let mut failing = failing.lock().unwrap_or_else(PoisonError::into_inner);
                    *failing = Some(failing.map_or(index, |known| known.min(index)));
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(work);
            }
        });
        let failing = *failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.map(|index| first.wrapping_add(index))
    }

    fn steps_of(&self, seed: u64) -> Vec<Step> {
        step::random(seed, &self.steps, &self.kinds, &self.own.iter().map(|own| own.weight).collect::<Vec<_>>())
    }

    fn explain(&self, seed: u64) -> Failure {
        let steps = self.steps_of(seed);
        let count = steps.len();
        let small = smallest(steps, |steps| Case::run(self, seed, steps).failure.is_some());
        let case = Case::run(self, seed, &small);
        let why = case.failure.unwrap_or_else(|| "it fails now and then: its charm is not deterministic".to_owned());
        Failure::new(seed, count, &small, case.told, why, case.transcript)
    }
}

impl fmt::Debug for Explore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explore").field("cases", &self.cases).field("seed", &self.seed).finish_non_exhaustive()
    }
}

fn pick<T>(items: &[T], number: u16) -> Option<&T> {
    items.get(usize::from(number).checked_rem(items.len())?)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
