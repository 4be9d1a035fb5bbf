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

use crate::run::HookRun;
use crate::world::{Revision, World};
use case::{Broken, Case, Panics};
pub use failure::Failure;
use shrink::smallest;
pub use step::Kind;
use step::Step;

/// The variable that gives one case to run in place of all: what a [`Failure`] prints.
const REPLAY: &str = "JUJU_SIM_REPLAY";
/// The variables that set how many cases run, and the first one's seed.
const CASES: &str = "JUJU_SIM_CASES";
const SEED: &str = "JUJU_SIM_SEED";

/// How many hooks a step that settles may have in a case that is made small.
const HOOKS_TO_SETTLE: usize = 500;

/// Runs a scenario in many orders, with everything going wrong that Juju lets go wrong, and looks at what must hold.
///
/// Each case starts from the world that a function makes of a seed, and takes random steps: hooks of some unit, units
/// that come and go, faults, restarts, leadership that moves, late observations, and what the test adds, such as
/// actions, options and refreshes. After each hook and each step what must always hold is looked at; at the end
/// everything is brought to rest, and what must hold then. The first case that fails is made small, and tells its
/// steps and how to repeat it.
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
///
/// # What a test keeps beside the world
///
/// The function may give anything that has a world, by [`AsMut`]; steps and checks get all of it. So a test hears what
/// its charm has to say, and tells the charm what to do.
///
/// ```
/// # use juju_sim::{Charm, Explore, Kind, ProgramEnd, Revision, World};
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// struct Case {
///     juju: World,
///     started: Rc<Cell<usize>>,
/// }
///
/// impl AsMut<World> for Case {
///     fn as_mut(&mut self) -> &mut World {
///         &mut self.juju
///     }
/// }
///
/// fn case(seed: u64) -> Case {
///     let started = Rc::new(Cell::new(0));
///     let count = started.clone();
///     let charm = Charm::parse("name: m", None, None).unwrap();
///     let revision = Revision::in_process(charm, move |charm| {
///         if charm.var("JUJU_HOOK_NAME") == Some("start") {
///             count.set(count.get() + 1);
///         }
///         ProgramEnd::Exit(0)
///     });
///     Case { juju: World::of_one(revision, seed).unwrap(), started }
/// }
///
/// Explore::new(case)
///     .cases(20)
///     // Where nothing goes wrong with a unit, it starts once.
///     .only([Kind::Hook, Kind::AddUnit])
///     .in_the_end("every unit has started once", |case| {
///         let (units, started) = (case.juju.units().len(), case.started.get());
///         if units == started { Ok(()) } else { Err(format!("{units} units, and {started} starts")) }
///     })
///     .run()
///     .unwrap();
/// ```
#[must_use = "an exploration does nothing until it is run"]
pub struct Explore<'a, C = World> {
    case: Box<dyn Fn(u64) -> C + Sync + 'a>,
    cases: u64,
    seed: u64,
    steps: RangeInclusive<usize>,
    units: usize,
    kinds: Vec<(Kind, u32)>,
    own: Vec<OwnStep<'a, C>>,
    around: Vec<Around<'a, C>>,
    always: Vec<Rule<'a, C>>,
    before_rest: Vec<Act<'a, C>>,
    in_the_end: Vec<Rule<'a, C>>,
}

type Act<'a, C> = Box<dyn Fn(&mut C) -> Result<(), String> + Sync + 'a>;

type TellingAct<'a, C> = Box<dyn Fn(&mut C, u16) -> Result<String, String> + Sync + 'a>;

/// A step that the test adds.
struct OwnStep<'a, C> {
    weight: u32,
    act: TellingAct<'a, C>,
}

/// What must hold.
struct Rule<'a, C> {
    name: String,
    check: Act<'a, C>,
}

/// A rule that looks at what there is before something is done, does it, and looks again.
type Around<'a, C> =
    Box<dyn Fn(&mut C, &mut dyn FnMut(&mut C) -> Result<(), Broken>) -> Result<(), Broken> + Sync + 'a>;

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

impl<'a, C: AsMut<World>> Explore<'a, C> {
    /// Explores the world that a function makes of a seed, or what it makes that has a world.
    pub fn new(case: impl Fn(u64) -> C + Sync + 'a) -> Explore<'a, C> {
        Explore {
            case: Box::new(case),
            cases: 100,
            seed: 1,
            steps: 0..=120,
            units: 5,
            kinds: Kind::ALL.to_vec(),
            own: Vec::new(),
            around: Vec::new(),
            always: Vec::new(),
            before_rest: Vec::new(),
            in_the_end: Vec::new(),
        }
    }

    /// How many cases: 100 unless set. `JUJU_SIM_CASES` overrides it.
    pub fn cases(mut self, cases: u64) -> Explore<'a, C> {
        self.cases = cases;
        self
    }

    /// The seed of the first case; the others follow. `JUJU_SIM_SEED` overrides it.
    pub fn seed(mut self, seed: u64) -> Explore<'a, C> {
        self.seed = seed;
        self
    }

    /// How many steps a case has: up to 120 unless set.
    pub fn steps(mut self, steps: RangeInclusive<usize>) -> Explore<'a, C> {
        self.steps = steps;
        self
    }

    /// How many units an application has at most: 5 unless set.
    pub fn units(mut self, units: usize) -> Explore<'a, C> {
        self.units = units;
        self
    }

    /// Leaves out a kind of step.
    pub fn without(self, kind: Kind) -> Explore<'a, C> {
        self.weight(kind, 0)
    }

    /// Leaves out all other kinds of steps. Those that the test adds stay.
    pub fn only(mut self, kinds: impl IntoIterator<Item = Kind>) -> Explore<'a, C> {
        let kinds: Vec<Kind> = kinds.into_iter().collect();
        self.kinds.retain(|(kind, _)| kinds.contains(kind));
        self
    }

    /// How often a kind of step comes. [`Kind::Hook`] has 24 unless set, rare ones 1, and each step that the test adds
    /// has 2: with many of those, more hooks in between let a case get further.
    pub fn weight(mut self, kind: Kind, weight: u32) -> Explore<'a, C> {
        self.kinds.retain(|(other, _)| *other != kind);
        self.kinds.push((kind, weight));
        self
    }

    /// Adds a step of the test's own, about as frequent as other changes. It gets a random number to choose by, and
    /// tells in words what it did.
    pub fn step(mut self, act: impl Fn(&mut C, u16) -> Result<String, String> + Sync + 'a) -> Explore<'a, C> {
        self.own.push(OwnStep { weight: 2, act: Box::new(act) });
        self
    }

    /// Adds the step of running an action on some unit, where Juju would run it at that moment.
    pub fn action(self, app: &'a str, name: &'a str, params: Value) -> Explore<'a, C> {
        self.step(move |case, number| {
            let juju = world_of(case);
            let units = juju.units_of(app);
            let Some(unit) = pick(&units, number) else { return Ok(format!("no unit for action {name}")) };
            // One that Juju would refuse, on a unit that is not installed say, is no failure.
            let done = juju.run_action_only(unit, name, params.clone());
            Ok(format!("action {name} on {unit}: {}", done.map_or_else(|error| error.to_string(), |done| done.status)))
        })
    }

    /// Adds the step of setting an option to one of some values.
    pub fn config(self, app: &'a str, key: &'a str, values: Vec<Value>) -> Explore<'a, C> {
        self.step(move |case, number| {
            let value = pick(&values, number).cloned();
            let said = format!("config {app} {key}={}", value.clone().unwrap_or(Value::Null));
            world_of(case).set_config(app, key, value).map_err(|error| error.to_string())?;
            Ok(said)
        })
    }

    /// Adds the step of refreshing an application, to a revision that the function makes.
    pub fn refresh(self, app: &'a str, revision: impl Fn(u16) -> Revision + Sync + 'a) -> Explore<'a, C> {
        self.step(move |case, number| {
            world_of(case).refresh(app, revision(number)).map_err(|error| error.to_string())?;
            Ok(format!("refresh {app}"))
        })
    }

    /// Adds the step of a further relation on a peer endpoint, up to some number of them.
    pub fn peer_relations(self, app: &'a str, endpoint: &'a str, most: usize) -> Explore<'a, C> {
        self.step(move |case, _| {
            let juju = world_of(case);
            if juju.relations(&format!("{app}:{endpoint}")).len() >= most {
                return Ok(format!("{app}:{endpoint} has its relations"));
            }
            let id = juju.add_peer_relation(app, endpoint).map_err(|error| error.to_string())?;
            Ok(format!("further relation {id} on {app}:{endpoint}"))
        })
    }

    /// What must hold after every step, and after every hook of those that run several. It may panic to say that it
    /// does not.
    pub fn always(mut self, name: &str, check: impl Fn(&mut C) -> Result<(), String> + Sync + 'a) -> Explore<'a, C> {
        self.always.push(Rule { name: name.to_owned(), check: Box::new(check) });
        self
    }

    /// What must hold of every hook and action: `before` looks at what there is before it, and `check` at what there
    /// is after it, beside that.
    ///
    /// A step of the test's own that runs more than one hook or action is not looked at.
    ///
    /// ```
    /// # use juju_sim::{Charm, Explore, Fate, Invocation, ProgramEnd, Revision, World};
    /// # fn world(seed: u64) -> World {
    /// #     let charm = Charm::parse("{name: m, peers: {m: {interface: m}}}", None, None).unwrap();
    /// #     let program = |charm: Invocation| {
    /// #         ProgramEnd::Exit(charm.tools.call(&["state-set", "a=1"], None).code)
    /// #     };
    /// #     World::of_one(Revision::in_process(charm, program), seed).unwrap()
    /// # }
    /// Explore::new(world)
    ///     .cases(20)
    ///     .around(
    ///         "what is killed leaves nothing",
    ///         |juju| juju.units().into_iter().map(|unit| juju.state(&unit)).collect::<Vec<_>>(),
    ///         |juju, before, run| {
    ///             let after: Vec<_> = juju.units().into_iter().map(|unit| juju.state(&unit)).collect();
    ///             if run.fate != Fate::Rerun || before == after { Ok(()) } else { Err(format!("it does:\n{run}")) }
    ///         },
    ///     )
    ///     .run()
    ///     .unwrap();
    /// ```
    pub fn around<B>(
        mut self,
        name: &str,
        before: impl Fn(&mut C) -> B + Sync + 'a,
        check: impl Fn(&mut C, B, &HookRun) -> Result<(), String> + Sync + 'a,
    ) -> Explore<'a, C> {
        let name = name.to_owned();
        self.around.push(Box::new(move |case, act| {
            let juju = world_of(case);
            // Agents do first what they do of themselves.
            juju.ready();
            let from = juju.runs().len();
            let seen = before(case);
            act(case)?;
            match &world_of(case).runs()[from..] {
                [run] => {
                    let run = run.clone();
                    check(case, seen, &run).map_err(|why| Broken::rule(&name, &why))
                }
                _ => Ok(()),
            }
        }));
        self
    }

    /// What is done when the steps are over, before all is brought to rest: a charm is told to behave, say. With more
    /// than one of these, all is brought to rest after each.
    ///
    /// ```
    /// # use juju_sim::{Charm, Explore, ProgramEnd, Revision, World};
    /// # fn world(seed: u64) -> World {
    /// #     let charm = Charm::parse("{name: m, peers: {m: {interface: m}}}", None, None).unwrap();
    /// #     World::of_one(Revision::in_process(charm, |_| ProgramEnd::Exit(0)), seed).unwrap()
    /// # }
    /// Explore::new(world)
    ///     .cases(20)
    ///     .before_rest(|_| Ok(()))
    ///     // And then Juju's next `update-status` for all.
    ///     .before_rest(|juju| juju.units().iter().try_for_each(|unit| juju.tick(unit)).map_err(|error| error.to_string()))
    ///     .in_the_end("every unit has run one", |juju| {
    ///         let ran = |unit: &String| juju.runs().iter().any(|run| run.unit == *unit && run.hook == "update-status");
    ///         if juju.units().iter().all(ran) { Ok(()) } else { Err("one has not".to_owned()) }
    ///     })
    ///     .run()
    ///     .unwrap();
    /// ```
    pub fn before_rest(mut self, act: impl Fn(&mut C) -> Result<(), String> + Sync + 'a) -> Explore<'a, C> {
        self.before_rest.push(Box::new(act));
        self
    }

    /// What must hold when all is at rest: agents that were down are up again, nothing is late, failed hooks were
    /// retried. A unit that stays in error is a failure of its own.
    pub fn in_the_end(
        mut self,
        name: &str,
        check: impl Fn(&mut C) -> Result<(), String> + Sync + 'a,
    ) -> Explore<'a, C> {
        self.in_the_end.push(Rule { name: name.to_owned(), check: Box::new(check) });
        self
    }

    /// Runs the cases, or with `JUJU_SIM_REPLAY` the one that it gives.
    ///
    /// # Errors
    /// A case fails: the first one, with as few steps as it fails with. Or a variable is not what it should be.
    pub fn run(self) -> Result<Explored, Box<Failure>> {
        if let Some(text) = variable(REPLAY) {
            let (seed, steps) = failure::parse(&text).map_err(|why| Failure::of_variable(REPLAY, &text, &why))?;
            let case = Case::run(&self, seed, &steps, Panics::Printed, None);
            return match Failure::of(case, seed, steps.len(), &steps) {
                Ok(hooks) => Ok(Explored { cases: 1, hooks }),
                Err(failure) => Err(failure),
            };
        }
        let cases = number(CASES)?.unwrap_or(self.cases);
        let first = number(SEED)?.unwrap_or(self.seed);
        let hooks = AtomicU64::new(0);
        let failing = self.first_failing(first, cases, &hooks);
        let Some(seed) = failing else { return Ok(Explored { cases, hooks: hooks.into_inner() }) };
        Err(self.explain(seed))
    }

    /// Runs one case: what a failure gave as such, or of a seed alone all of its steps.
    ///
    /// # Errors
    /// It fails, or the text is none that stands for a case.
    #[cfg(feature = "cli")]
    pub(crate) fn replay(self, text: &str) -> Result<Explored, Box<Failure>> {
        let parsed = match text.parse::<u64>() {
            Ok(seed) => Ok((seed, self.steps_of(seed))),
            Err(_) => failure::parse(text),
        };
        let (seed, steps) = parsed.map_err(|why| Failure::of_variable("the case", text, &why))?;
        let case = Case::run(&self, seed, &steps, Panics::Printed, None);
        Failure::of(case, seed, steps.len(), &steps).map(|hooks| Explored { cases: 1, hooks })
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
                let case = Case::run(self, seed, &self.steps_of(seed), Panics::Silent, None);
                hooks.fetch_add(case.hooks, Ordering::Relaxed);
                if case.broken.is_some() {
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

    /// The failing case of a seed, made small.
    fn explain(&self, seed: u64) -> Box<Failure> {
        let steps = self.steps_of(seed);
        let count = steps.len();
        let run = |steps: &[Step], most| Case::run(self, seed, steps, Panics::Silent, most);
        let sort = run(&steps, None).broken.map(|broken| broken.sort).unwrap_or_default();
        // A smaller case that fails otherwise is of no interest, nor is one that settles only after many hooks.
        let most = if sort == Broken::ENDLESS { None } else { Some(HOOKS_TO_SETTLE) };
        let small = smallest(steps, |steps| run(steps, most).broken.is_some_and(|broken| broken.sort == sort));
        let mut case = run(&small, None);
        case.broken.get_or_insert_with(|| {
            Broken::rule(
                "it fails now and then",
                "its charm, or a check, does not depend on the seed and the steps alone",
            )
        });
        Failure::of(case, seed, count, &small).expect_err("the case has a reason")
    }
}

impl<C> fmt::Debug for Explore<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explore").field("cases", &self.cases).field("seed", &self.seed).finish_non_exhaustive()
    }
}

fn world_of<C: AsMut<World>>(case: &mut C) -> &mut World {
    case.as_mut()
}

fn pick<T>(items: &[T], number: u16) -> Option<&T> {
    items.get(usize::from(number).checked_rem(items.len())?)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The number that a variable gives. What is none must not pass for a run of as many cases.
fn number(name: &str) -> Result<Option<u64>, Box<Failure>> {
    let Some(text) = variable(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Failure::of_variable(name, &text, "not a number"))
}
