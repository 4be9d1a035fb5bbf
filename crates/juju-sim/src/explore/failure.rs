use std::fmt;

use super::REPLAY;
use super::step::Step;

/// A case that fails, with as few steps as it fails with.
///
/// It shows its steps, why it fails, and how to repeat it.
///
/// ```
/// # use juju_sim::{Charm, Explore, ProgramEnd, Revision, World};
/// # fn world(seed: u64) -> World {
/// #     let charm = Charm::parse("name: hello", None, None).unwrap();
/// #     World::of_one(Revision::in_process(charm, |_| ProgramEnd::Exit(0)), seed).unwrap()
/// # }
/// let failure = Explore::new(world)
///     .always("one unit is enough", |juju| match juju.units().len() {
///         0 | 1 => Ok(()),
///         count => Err(format!("there are {count}")),
///     })
///     .run()
///     .unwrap_err();
/// assert_eq!(failure.why, "one unit is enough: there are 2");
/// assert_eq!(failure.steps, ["add hello/0", "add hello/1"]);
/// assert!(failure.to_string().contains("repeat it: JUJU_SIM_REPLAY="));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The seed of the case.
    pub seed: u64,
    /// What each of its steps was.
    pub steps: Vec<String>,
    /// Why it fails.
    pub why: String,
    /// The hooks that ran, with values hidden.
    pub transcript: String,
    /// How many steps the case had before it was made small.
    of: usize,
    /// What to give in `JUJU_SIM_REPLAY`.
    replay: String,
}

impl Failure {
    pub(super) fn new(
        seed: u64,
        of: usize,
        steps: &[Step],
        told: Vec<String>,
        why: String,
        transcript: String,
    ) -> Failure {
        let parts: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let replay = format!("{seed}:{}", parts.join("-"));
        Failure { seed, steps: told, why, transcript, of, replay }
    }

    pub(super) fn of_replay(text: &str, why: &str) -> Failure {
        let why = format!("{REPLAY}={text}: {why}");
        Failure { seed: 0, steps: Vec::new(), why, transcript: String::new(), of: 0, replay: String::new() }
    }
}

/// The case that a text stands for.
pub(super) fn parse(text: &str) -> Result<(u64, Vec<Step>), String> {
    let (seed, steps) = text.split_once(':').ok_or("expected a seed, a colon and steps")?;
    let seed = seed.parse().map_err(|_| format!("{seed:?} is no seed"))?;
    let step = |part: &str| {
        let numbers: Vec<u16> = part.split('.').filter_map(|number| number.parse().ok()).collect();
        match numbers.as_slice() {
            [what, who, how] => Ok(Step { what: *what, who: *who, how: *how }),
            _ => Err(format!("{part:?} is no step")),
        }
    };
    let steps = steps.split('-').filter(|part| !part.is_empty()).map(step).collect::<Result<_, _>>()?;
    Ok((seed, steps))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.why)?;
        writeln!(f, "seed {}, {} of {} steps:", self.seed, self.steps.len(), self.of)?;
        for (index, step) in self.steps.iter().enumerate() {
            writeln!(f, "{:4}. {step}", index + 1)?;
        }
        if !self.replay.is_empty() {
            writeln!(f, "repeat it: {REPLAY}={} cargo test <this test>", self.replay)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_repeated() {
        let steps = vec![Step { what: 1, who: 2, how: 3 }, Step { what: 0, who: 0, how: 63 }];
        let failure = Failure::new(7, 9, &steps, vec!["a".into(), "b".into()], "no".into(), String::new());
        assert_eq!(
            failure.to_string(),
            "no\nseed 7, 2 of 9 steps:\n   1. a\n   2. b\nrepeat it: JUJU_SIM_REPLAY=7:1.2.3-0.0.63 cargo test <this test>\n"
        );
        assert_eq!(parse(&failure.replay), Ok((7, steps)));
        assert_eq!(parse("7:"), Ok((7, Vec::new())));
        for text in ["", "7", "x:1.2.3", "7:1.2", "7:1.2.3.4", "7:1.2.x"] {
            parse(text).unwrap_err();
        }
    }
}
