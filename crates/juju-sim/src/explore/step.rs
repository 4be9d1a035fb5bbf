use std::fmt;
use std::ops::RangeInclusive;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::pick;
use crate::model::Retry;
use crate::world::{Fault, Observation, World};

/// A kind of step that an exploration takes of itself.
///
/// ```
/// # use juju_sim::{Charm, Explore, ProgramEnd, Revision, World};
/// use juju_sim::Kind;
///
/// # fn world(seed: u64) -> World {
/// #     let charm = Charm::parse("name: hello", None, None).unwrap();
/// #     World::of_one(Revision::in_process(charm, |_| ProgramEnd::Exit(0)), seed).unwrap()
/// # }
/// Explore::new(world)
///     .cases(10)
///     .without(Kind::RemoveUnit)
///     .without(Kind::RemoveUnitByForce)
///     .always("no number is missing", |juju| {
///         let numbers = juju.units().iter().enumerate().all(|(number, unit)| *unit == format!("hello/{number}"));
///         if numbers { Ok(()) } else { Err("one is".to_owned()) }
///     })
///     .run()?;
/// # Ok::<(), Box<juju_sim::Failure>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// One hook of some unit.
    Hook,
    /// One hook of one unit again and again.
    HookOf,
    /// A unit comes.
    AddUnit,
    /// A unit goes.
    RemoveUnit,
    /// A unit is removed by force.
    RemoveUnitByForce,
    /// Something goes wrong in a unit's next hook.
    Fault,
    /// An agent restarts.
    Restart,
    /// A machine reboots.
    Reboot,
    /// An agent goes down.
    Pause,
    /// An agent that was down comes up.
    Resume,
    /// A failed hook is resolved, to be run again.
    Resolve,
    /// A failed hook is resolved without being run.
    ResolveWithoutRetry,
    /// Leadership moves.
    Leader,
    /// An `update-status` is due.
    Tick,
    /// Something is observed late.
    Late,
    /// What was late is observed.
    Release,
    /// Hooks run until none is due; those that fail stay failed.
    Settle,
}

impl Kind {
    /// All kinds, with how often each comes.
    pub(super) const ALL: [(Kind, u32); 17] = [
        (Kind::Hook, 24),
        (Kind::HookOf, 6),
        (Kind::AddUnit, 4),
        (Kind::RemoveUnit, 1),
        (Kind::RemoveUnitByForce, 1),
        (Kind::Fault, 3),
        (Kind::Restart, 1),
        (Kind::Reboot, 1),
        (Kind::Pause, 1),
        (Kind::Resume, 2),
        (Kind::Resolve, 2),
        (Kind::ResolveWithoutRetry, 1),
        (Kind::Leader, 1),
        (Kind::Tick, 1),
        (Kind::Late, 1),
        (Kind::Release, 1),
        (Kind::Settle, 1),
    ];
}

/// One step: what, and two numbers to choose by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// An index into [`Kind::ALL`], and after those into the steps of the test.
    pub(super) what: u16,
    pub(super) who: u16,
    pub(super) how: u16,
}

impl Step {
    /// Runs all hooks that are due.
    pub(super) fn settle() -> Step {
        let what = Kind::ALL.iter().position(|(kind, _)| *kind == Kind::Settle).unwrap_or_default();
        Step { what: u16::try_from(what).unwrap_or_default(), who: 0, how: 0 }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.what, self.who, self.how)
    }
}

/// The steps of a seed.
pub(super) fn random(seed: u64, length: &RangeInclusive<usize>, kinds: &[(Kind, u32)], own: &[u32]) -> Vec<Step> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let index = |kind: Kind| Kind::ALL.iter().position(|(other, _)| *other == kind).unwrap_or_default();
    let known = kinds.iter().map(|(kind, weight)| (index(*kind), *weight));
    let added = own.iter().enumerate().map(|(number, weight)| (Kind::ALL.len() + number, *weight));
    let weights: Vec<(usize, u32)> = known.chain(added).collect();
    let total: u32 = weights.iter().map(|(_, weight)| weight).sum();
    let count = rng.random_range(length.clone());
    let mut step = || {
        let mut left = rng.random_range(0..total.max(1));
        let mut what = 0;
        for (index, weight) in &weights {
            if left < *weight {
                what = *index;
                break;
            }
            left -= weight;
        }
        Step {
            what: u16::try_from(what).unwrap_or_default(),
            who: rng.random_range(0..64),
            how: rng.random_range(0..64),
        }
    };
    (0..count).map(|_| step()).collect()
}

/// Takes a step of a kind; what it was, in words. A step that makes no sense for the world as it is does nothing.
pub(super) fn take(world: &mut World, kind: Kind, step: Step, most: usize) -> String {
    let nothing = || "nothing".to_owned();
    let units = world.units();
    let unit = pick(&units, step.who).cloned();
    match kind {
        Kind::Hook => return world.step().map_or_else(nothing, told),
        Kind::AddUnit => {
            let apps = world.applications();
            let Some(app) = pick(&apps, step.who) else { return nothing() };
            if world.units_of(app).len() >= most {
                return nothing();
            }
            return world.add_unit(app).map_or_else(|_| nothing(), |unit| format!("add {unit}"));
        }
        _ => {}
    }
    let Some(unit) = unit else { return nothing() };
    let done = match kind {
        // Settling is a step of many hooks, taken one by one elsewhere.
        Kind::Hook | Kind::AddUnit | Kind::Settle => return nothing(),
        Kind::HookOf => return world.step_unit(&unit).map_or_else(nothing, told),
        Kind::RemoveUnit => world.remove_unit(&unit).map(|()| format!("remove {unit}")),
        Kind::RemoveUnitByForce => world.remove_unit_by_force(&unit).map(|()| format!("remove {unit} by force")),
        Kind::Fault => {
            let fault = fault(step.how);
            let said = format!("in the next hook of {unit}: {fault:?}");
            world.inject(&unit, fault).map(|()| said)
        }
        Kind::Restart => world.restart_agent(&unit).map(|()| format!("restart the agent of {unit}")),
        Kind::Reboot => world.reboot(&unit).map(|()| format!("reboot the machine of {unit}")),
        Kind::Pause => world.pause(&unit).map(|()| format!("pause {unit}")),
        Kind::Resume => world.resume(&unit).map(|()| format!("resume {unit}")),
        Kind::Resolve => world.resolve(&unit, Retry::Retry).map(|()| format!("resolve {unit}")),
        Kind::ResolveWithoutRetry => {
            world.resolve(&unit, Retry::NoRetry).map(|()| format!("resolve {unit} without retry"))
        }
        Kind::Leader => world.set_leader(&unit).map(|()| format!("{unit} leads")),
        Kind::Tick => world.tick(&unit).map(|()| format!("update-status is due on {unit}")),
        Kind::Late => {
            let what = [
                Observation::Leadership,
                Observation::Config,
                Observation::Upgrade,
                Observation::Secrets,
                Observation::Storage,
            ];
            let relations: Vec<_> = world.model().unit(&unit).map_or_else(
                |_| Vec::new(),
                |unit| unit.agent.relations.keys().copied().map(crate::RelationId).collect(),
            );
            match pick(&what, step.how).filter(|_| step.how.is_multiple_of(2) || relations.is_empty()) {
                Some(what) => world.hold(&unit, *what).map(|()| format!("{unit} sees {what:?} late")),
                None => match pick(&relations, step.how) {
                    Some(id) => world.hold_relation(&unit, *id).map(|()| format!("{unit} sees relation {id} late")),
                    None => return nothing(),
                },
            }
        }
        Kind::Release => world.release(&unit).map(|()| format!("{unit} sees all")),
    };
    // What is refused, such as to resolve a unit that is not in error, changes nothing.
    done.unwrap_or_else(|_| nothing())
}

fn told(run: &crate::run::HookRun) -> String {
    match &run.fate {
        crate::run::Fate::Committed => format!("run {}", run.title()),
        fate => format!("run {}: {fate:?}", run.title()),
    }
}

fn fault(number: u16) -> Fault {
    let nth = usize::from(number / 6 % 6);
    match number % 6 {
        0 => Fault::Fail,
        1 => Fault::KillAt(nth),
        2 => Fault::CrashBeforeFlush,
        3 => Fault::CrashAfterFlush,
        4 => Fault::RejectFlush,
        _ => Fault::LoseLeadershipAt(nth),
    }
}
