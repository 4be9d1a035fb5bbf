use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::step::{self, Kind, Step};
use super::{Explore, Rule, world_of};
use crate::SimError;
use crate::page::{Mark, PageInput};
use crate::run::HookRun;
use crate::world::World;

/// One run of some steps.
pub(super) struct Case {
    pub(super) hooks: u64,
    /// What each step was, in words.
    pub(super) told: Vec<String>,
    /// What of it fails.
    pub(super) broken: Option<Broken>,
    /// Whether it fails after its steps, while all comes to rest.
    pub(super) at_rest: bool,
    /// The blocks of the hooks that ran, where it fails.
    pub(super) blocks: Vec<String>,
    /// What a page of it shows, where it fails.
    pub(super) page: PageInput,
}

/// What does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// What tells one flaw from another: the name of a rule, the place of a panic.
    pub(super) sort: String,
    pub(super) why: String,
}

impl Broken {
    pub(super) fn rule(name: &str, why: &str) -> Broken {
        Broken { sort: name.to_owned(), why: format!("{name}: {why}") }
    }

    /// A step of the test's own fails.
    fn act(why: String) -> Broken {
        Broken { sort: "act".to_owned(), why }
    }

    /// The world does not come to rest.
    #[allow(clippy::needless_pass_by_value, reason = "for map_err")]
    fn unrest(error: SimError) -> Broken {
        let sort = match error {
            SimError::Endless { .. } => Broken::ENDLESS,
            _ => "in error",
        };
        Broken { sort: sort.to_owned(), why: error.to_string() }
    }

    pub(super) const ENDLESS: &'static str = "endless";
}

/// Whether a panic is printed, as it is outside of an exploration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Panics {
    /// It is a case that fails, and nobody's business yet.
    Silent,
    /// Somebody looks at this one case.
    Printed,
}

impl Case {
    /// Runs a case, with so many hooks at most where it settles, else as many as a world has at most.
    pub(super) fn run<C: AsMut<World>>(
        explore: &Explore<'_, C>,
        seed: u64,
        steps: &[Step],
        panics: Panics,
        most: Option<usize>,
    ) -> Case {
        let mut course = Course { explore, told: Vec::new(), begins: Vec::new(), from: 0, at_rest: false, most };
        let mut made = None;
        let broken = caught(panics, || course.go(made.insert((explore.case)(seed)), steps));
        let Course { mut told, begins, from, at_rest, .. } = course;
        let world = made.as_mut().map(|case| &*world_of(case));
        let runs = world.map(World::runs).unwrap_or_default();
        let mut page = PageInput::default();
        let mut blocks = Vec::new();
        if broken.is_some() {
            blocks.extend(runs.iter().map(ToString::to_string));
            // A step that did not come to its end has not said what it was.
            if let Some(last) = told.last_mut().filter(|last| last.is_empty()) {
                let titles: Vec<String> = runs[from..].iter().map(HookRun::title).collect();
                *last = if titles.is_empty() { "this".to_owned() } else { format!("run {}", titles.join(", ")) };
            }
        }
        if let Some(world) = world.filter(|_| broken.is_some()) {
            page = world.page_input(&format!("A case that fails, of seed {seed}"));
            let rest = at_rest.then(|| "all comes to rest".to_owned());
            let steps = told.iter().enumerate().map(|(index, step)| format!("{}. {step}", index + 1)).chain(rest);
            let mark = |(text, before): (String, u64)| Mark { before, text };
            page.marks = steps.zip(begins).map(mark).collect();
        }
        Case { hooks: runs.len() as u64, told, broken, at_rest, blocks, page }
    }
}

/// How far a case has come.
struct Course<'e, 'a, C> {
    explore: &'e Explore<'a, C>,
    told: Vec<String>,
    /// The number of the first hook of each step, and of what follows them.
    begins: Vec<u64>,
    /// How many hooks had run before the step that is taken.
    from: usize,
    at_rest: bool,
    most: Option<usize>,
}

impl<C: AsMut<World>> Course<'_, '_, C> {
    fn go(&mut self, case: &mut C, steps: &[Step]) -> Result<(), Broken> {
        for step in steps {
            self.from = world_of(case).runs().len();
            self.begins.push(self.from as u64 + 1);
            self.told.push(String::new());
            self.take(case, *step)?;
        }
        self.begins.push(world_of(case).runs().len() as u64 + 1);
        let Explore { before_rest, in_the_end, .. } = self.explore;
        if before_rest.is_empty() && in_the_end.is_empty() {
            return Ok(());
        }
        self.at_rest = true;
        world_of(case).bring_up().map_err(Broken::unrest)?;
        if before_rest.is_empty() {
            self.rest(case)?;
        }
        for act in before_rest {
            act(case).map_err(Broken::act)?;
            self.rest(case)?;
        }
        check(in_the_end, case)
    }

    fn take(&mut self, case: &mut C, step: Step) -> Result<(), Broken> {
        let explore = self.explore;
        let number = usize::from(step.what);
        let own = number.checked_sub(Kind::ALL.len()).and_then(|number| explore.own.get(number));
        let kind = Kind::ALL.get(number).map(|(kind, _)| *kind);
        if kind == Some(Kind::Settle) {
            let (ran, ended) = self.run_all(case);
            self.tell(format!("run all hooks that are due: {ran}"));
            return ended;
        }
        explore.watched(case, |case| {
            self.tell(match (kind, own) {
                (Some(kind), _) => step::take(world_of(case), kind, step, explore.units),
                (None, Some(own)) => (own.act)(case, step.how).map_err(Broken::act)?,
                (None, None) => "nothing".to_owned(),
            });
            Ok(())
        })
    }

    /// Says what the step is, before it is looked at what must hold.
    fn tell(&mut self, said: String) {
        if let Some(last) = self.told.last_mut() {
            *last = said;
        }
    }

    /// Runs hooks until none is due. How many; and whether all is well.
    fn run_all(&self, case: &mut C) -> (usize, Result<(), Broken>) {
        let most = self.most.unwrap_or_else(|| world_of(case).most_hooks());
        for ran in 0..most {
            let mut is_one = false;
            let done = self.explore.watched(case, |case| {
                is_one = world_of(case).step().is_some();
                Ok(())
            });
            match done {
                Ok(()) if is_one => {}
                Ok(()) => return (ran, Ok(())),
                Err(why) => return (ran + usize::from(is_one), Err(why)),
            }
        }
        let ready = world_of(case).ready();
        (most, Err(Broken::unrest(SimError::Endless { hooks: most, ready })))
    }

    /// As [`World::settle`], with what must hold looked at after each hook.
    fn rest(&self, case: &mut C) -> Result<(), Broken> {
        world_of(case).begin_retries();
        loop {
            self.run_all(case).1?;
            if !world_of(case).retry_failed() {
                return world_of(case).none_in_error().map_err(Broken::unrest);
            }
        }
    }
}

impl<C: AsMut<World>> Explore<'_, C> {
    /// Does something that runs one hook at most, and looks at what must hold then.
    fn watched(&self, case: &mut C, act: impl FnOnce(&mut C) -> Result<(), Broken>) -> Result<(), Broken> {
        let mut act = Some(act);
        self.within(0, case, &mut |case| act.take().map_or(Ok(()), |act| act(case)))?;
        check(&self.always, case)
    }

    /// Does something within the rules that look at what there is before it, from the one of a number.
    fn within(
        &self,
        number: usize,
        case: &mut C,
        act: &mut dyn FnMut(&mut C) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        match self.around.get(number) {
            Some(rule) => rule(case, &mut |case| self.within(number + 1, case, act)),
            None => act(case),
        }
    }
}

fn check<C>(rules: &[Rule<'_, C>], case: &mut C) -> Result<(), Broken> {
    for rule in rules {
        (rule.check)(case).map_err(|why| Broken::rule(&rule.name, &why))?;
    }
    Ok(())
}

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
    /// Where the last silent panic was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Why something fails, by its word or by a panic.
fn caught(panics: Panics, act: impl FnOnce() -> Result<(), Broken>) -> Option<Broken> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PLACE.set(info.location().map(ToString::to_string));
            if !SILENT.get() {
                before(info);
            }
        }));
    });
    PLACE.take();
    let outer = SILENT.replace(panics == Panics::Silent);
    let result = panic::catch_unwind(AssertUnwindSafe(act));
    SILENT.set(outer);
    match (result, PLACE.take()) {
        (Ok(result), _) => result.err(),
        (Err(cause), Some(place)) => {
            let why = format!("{} ({place})", text(cause.as_ref()));
            Some(Broken { sort: place, why })
        }
        (Err(cause), None) => Some(Broken { sort: "panic".to_owned(), why: text(cause.as_ref()) }),
    }
}

fn text(cause: &(dyn Any + Send)) -> String {
    match (cause.downcast_ref::<String>(), cause.downcast_ref::<&str>()) {
        (Some(text), _) => text.clone(),
        (None, Some(text)) => (*text).to_owned(),
        (None, None) => "it panics".to_owned(),
    }
}
