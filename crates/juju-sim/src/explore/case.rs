use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::step::{self, Kind, Step};
use super::{Explore, Rule};
use crate::world::World;

/// One run of some steps.
pub(super) struct Case {
    pub(super) hooks: u64,
    /// What each step was, in words.
    pub(super) told: Vec<String>,
    /// Why it fails.
    pub(super) failure: Option<String>,
    pub(super) transcript: String,
}

thread_local! {
    /// Whether a panic on this thread is a case that fails, and nobody's business yet.
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

impl Case {
    pub(super) fn run(explore: &Explore<'_>, seed: u64, steps: &[Step]) -> Case {
        let mut told = Vec::new();
        let mut world = None;
        let failure = silently(|| {
            let world = world.insert((explore.world)(seed));
            go(explore, world, steps, &mut told)
        });
        let hooks = world.as_ref().map_or(0, |world| world.runs().len() as u64);
        let transcript = match &failure {
            Some(_) => world.as_ref().map(World::transcript).unwrap_or_default(),
            None => String::new(),
        };
        Case { hooks, told, failure, transcript }
    }
}

fn go(explore: &Explore<'_>, world: &mut World, steps: &[Step], told: &mut Vec<String>) -> Result<(), String> {
    for step in steps {
        let said = match Kind::ALL.get(usize::from(step.what)) {
            Some((kind, _)) => step::take(world, *kind, *step, explore.units),
            None => match explore.own.get(usize::from(step.what) - Kind::ALL.len()) {
                Some(own) => (own.act)(world, step.how)?,
                None => "nothing".to_owned(),
            },
        };
        told.push(said);
        check(&explore.always, world)?;
    }
    if explore.in_the_end.is_empty() {
        return Ok(());
    }
    come_to_rest(world)?;
    check(&explore.in_the_end, world)
}

fn check(rules: &[Rule<'_>], world: &mut World) -> Result<(), String> {
    for rule in rules {
        (rule.check)(world).map_err(|why| format!("{}: {why}", rule.name))?;
    }
    Ok(())
}

/// Brings agents that are down up, shows them what they see late, and lets all hooks run.
fn come_to_rest(world: &mut World) -> Result<(), String> {
    for unit in world.units() {
        let down = world.model().unit(&unit).is_ok_and(|unit| unit.paused);
        if down {
            world.resume(&unit).map_err(|error| error.to_string())?;
        }
        world.release(&unit).map_err(|error| error.to_string())?;
    }
    world.settle().map_err(|error| error.to_string())
}

/// Why something fails, by its word or by a panic, which is not printed.
fn silently(act: impl FnOnce() -> Result<(), String>) -> Option<String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !SILENT.get() {
                before(info);
            }
        }));
    });
    let outer = SILENT.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(act));
    SILENT.set(outer);
    match result {
        Ok(result) => result.err(),
        Err(cause) => Some(text(cause.as_ref())),
    }
}

fn text(cause: &(dyn Any + Send)) -> String {
    match (cause.downcast_ref::<String>(), cause.downcast_ref::<&str>()) {
        (Some(text), _) => text.clone(),
        (None, Some(text)) => (*text).to_owned(),
        (None, None) => "it panics".to_owned(),
    }
}
