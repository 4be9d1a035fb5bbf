use std::fmt;
use std::thread;

use super::REPLAY;
use super::case::{Broken, Case};
use super::step::Step;
use crate::page::{PageInput, page};

/// How much is shown of the hooks that ran last.
const LAST_HOOKS: usize = 3;
const LAST_LINES: usize = 40;

/// A case that fails, with as few steps as it fails with.
///
/// It shows why it fails, its steps, what the last hooks did, and how to repeat it.
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
/// assert!(failure.to_string().contains("Repeat it: JUJU_SIM_REPLAY="));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The seed of the case.
    pub seed: u64,
    /// What each of its steps was.
    pub steps: Vec<String>,
    /// Why it fails: the name of what must hold and what it said; or the panic, and where it was.
    pub why: String,
    /// The hooks that ran, with values hidden.
    pub transcript: String,
    /// Where in the case it fails.
    place: String,
    /// The end of the transcript.
    last: String,
    /// Its seed and steps, as they are given to repeat it.
    case: String,
    /// How to repeat it.
    replay: String,
    input: PageInput,
}

impl Failure {
    /// The case as one HTML file to look at in a browser: why it fails, how to repeat it, and its steps, each with the
    /// hooks that ran in it; see [`page`](crate::page()).
    ///
    /// ```
    /// # use juju_sim::{Charm, Explore, ProgramEnd, Revision, World};
    /// # fn world(seed: u64) -> World {
    /// #     let charm = Charm::parse("name: hello", None, None).unwrap();
    /// #     World::of_one(Revision::in_process(charm, |_| ProgramEnd::Exit(0)), seed).unwrap()
    /// # }
    /// # let dir = tempfile::tempdir()?;
    /// # let file = dir.path().join("case.html");
    /// let explored = Explore::new(world)
    ///     .always("no hook runs", |juju| if juju.runs().is_empty() { Ok(()) } else { Err("one does".to_owned()) })
    ///     .run();
    /// if let Err(failure) = explored {
    ///     std::fs::write(&file, failure.page())?;
    ///     // and then: panic!("{failure}, see {}", file.display());
    ///     # let html = std::fs::read_to_string(&file)?;
    ///     # assert!(html.contains("no hook runs: one does") && html.contains("1. add hello/0"), "{html}");
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn page(&self) -> String {
        page(&self.input)
    }

    /// The failure of a case that had so many steps before it was made small; else how many hooks ran.
    pub(super) fn of(case: Case, seed: u64, of: usize, steps: &[Step]) -> Result<u64, Box<Failure>> {
        let Some(Broken { why, .. }) = case.broken else { return Ok(case.hooks) };
        let count = steps.len();
        let place = match (count, case.at_rest) {
            (0, _) => format!("It fails with none of the {of} steps of seed {seed}."),
            (_, false) => format!("It fails in the last of these steps, {count} of the {of} of seed {seed}:"),
            (_, true) => {
                format!("It fails when all comes to rest after these steps, {count} of the {of} of seed {seed}:")
            }
        };
        let last = case.blocks.len().saturating_sub(LAST_HOOKS);
        let last = case.blocks[last..].concat();
        let parts: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let thread = thread::current();
        // The test's name, in Rust's own harness.
        let test = thread.name().filter(|name| *name != "main").unwrap_or("<this test>");
        let (transcript, text) = (case.blocks.concat(), format!("{seed}:{}", parts.join("-")));
        let (steps, replay, input) = (case.told, String::new(), case.page);
        let failure = Failure { seed, steps, why, transcript, place, last, case: text, replay, input };
        let replay = format!("{REPLAY}={} cargo test {test}", failure.case);
        Err(Box::new(failure.repeated_by(&replay)))
    }

    /// Its seed and steps, as [`Explore::replay`](super::Explore::replay) takes them.
    #[cfg(feature = "cli")]
    pub(crate) fn case(&self) -> &str {
        &self.case
    }

    /// The same with another way to repeat it.
    pub(crate) fn repeated_by(mut self, how: &str) -> Failure {
        how.clone_into(&mut self.replay);
        self.input.failure = Some(format!("{}\nRepeat it: {how}", self.why.trim_end()));
        self
    }

    /// What a variable was given is not what it takes.
    pub(super) fn of_variable(name: &str, text: &str, why: &str) -> Box<Failure> {
        let why = format!("{name}={text}: {why}");
        let input = PageInput { failure: Some(why.clone()), ..PageInput::default() };
        let [transcript, place, last, case, replay] = [const { String::new() }; 5];
        Box::new(Failure { seed: 0, steps: Vec::new(), why, transcript, place, last, case, replay, input })
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
        f.write_str(self.why.trim_end())?;
        if self.replay.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n\n{}", self.place)?;
        for (index, step) in self.steps.iter().enumerate() {
            writeln!(f, "{:4}. {step}", index + 1)?;
        }
        let lines = self.last.lines().count();
        if lines > 0 {
            writeln!(f, "The last hooks:")?;
        }
        if lines > LAST_LINES {
            writeln!(f, "    …")?;
        }
        for line in self.last.lines().skip(lines.saturating_sub(LAST_LINES)) {
            writeln!(f, "    {line}")?;
        }
        writeln!(f, "Repeat it: {}", self.replay)
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
        let case = Case {
            hooks: 2,
            told: vec!["a".into(), "b".into()],
            broken: Some(Broken::rule("rule", "no")),
            at_rest: true,
            blocks: vec!["m/0 install\n".into(), "m/0 start\n  > is-leader\n".into()],
            page: PageInput::default(),
        };
        let failure = Failure::of(case, 7, 9, &steps).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "rule: no

It fails when all comes to rest after these steps, 2 of the 9 of seed 7:
   1. a
   2. b
The last hooks:
    m/0 install
    m/0 start
      > is-leader
Repeat it: JUJU_SIM_REPLAY=7:1.2.3-0.0.63 cargo test explore::failure::tests::what_is_printed_can_be_repeated
"
        );
        assert_eq!(parse("7:1.2.3-0.0.63"), Ok((7, steps)));
        assert_eq!(parse("7:"), Ok((7, Vec::new())));
        for text in ["", "7", "x:1.2.3", "7:1.2", "7:1.2.3.4", "7:1.2.x"] {
            parse(text).unwrap_err();
        }
        assert_eq!(Failure::of_variable("A", "b", "not a number").to_string(), "A=b: not a number");
    }
}
