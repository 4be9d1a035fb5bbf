use serde::Serialize;

/// How many lines of a hook's output are kept with what it did wrong.
pub(super) const OUTPUT_LINES: usize = 20;

/// Something that was found about a charm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// What is wrong.
    pub(super) what: String,
    /// The hooks and actions that it was seen in, each once; none where it is about the charm's files.
    pub(super) hooks: Vec<String>,
    /// How often it was seen.
    pub(super) times: usize,
    /// The run that it was first seen in.
    pub(super) first: Option<Sight>,
}

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// The charm does not work as it is.
    Problem,
    /// It works, and somebody will wonder.
    Warning,
    /// What was not tried, and what the charm itself has to say.
    Note,
}

/// Where something was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Sight {
    /// The hook and what it is about, such as `magpie/0 magpie-relation-joined magpie:0 magpie/1`.
    pub(super) run: String,
    /// What the operator did.
    pub(super) stage: String,
    /// The end of what the hook called and printed.
    pub(super) output: Vec<String>,
}

impl Finding {
    /// About the files.
    pub(super) fn of_files(severity: Severity, what: impl Into<String>) -> Finding {
        Finding { severity, what: what.into(), hooks: Vec::new(), times: 1, first: None }
    }

    /// About a hook.
    pub(super) fn of_hook(severity: Severity, what: impl Into<String>, hook: &str, sight: Sight) -> Finding {
        Finding { severity, what: what.into(), hooks: vec![hook.to_owned()], times: 1, first: Some(sight) }
    }

    /// What makes two findings one: what they say, without the numbers of units and relations in it.
    fn key(&self) -> Key {
        let numberless = |text: &String| {
            let mut digits = false;
            let kept = text.chars().filter(|c| !(std::mem::replace(&mut digits, c.is_ascii_digit()) && digits));
            kept.map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
        };
        let last = self.first.as_ref().and_then(|sight| sight.output.last());
        (self.severity, numberless(&self.what), last.map(numberless))
    }
}

/// All that was found, each with its key.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<(Key, Finding)>);

type Key = (Severity, String, Option<String>);

impl Findings {
    /// Adds a finding. What is seen again in the same or another hook is one.
    pub(super) fn push(&mut self, finding: Finding) {
        let key = finding.key();
        let Some((_, known)) = self.0.iter_mut().find(|(known, _)| *known == key) else {
            return self.0.push((key, finding));
        };
        known.times += 1;
        for hook in finding.hooks {
            if !known.hooks.contains(&hook) {
                known.hooks.push(hook);
            }
        }
    }

    /// The worst first, otherwise as they were found.
    pub(super) fn sorted(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|(_, finding)| finding.severity);
        self.0.into_iter().map(|(_, finding)| finding).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_again_is_one_finding_and_the_worst_come_first() {
        let sight = |line: &str| Sight { run: "m/0 x".into(), stage: "deploy".into(), output: vec![line.into()] };
        let mut findings = Findings::default();
        findings.push(Finding::of_files(Severity::Note, "n"));
        findings.push(Finding::of_hook(Severity::Problem, "exit status 1", "install", sight("boom")));
        findings.push(Finding::of_hook(Severity::Problem, "exit status 1", "start", sight("boom")));
        findings.push(Finding::of_hook(Severity::Problem, "exit status 1", "start", sight("boom")));
        findings.push(Finding::of_hook(Severity::Problem, "exit status 1", "start", sight("unit m/7")));
        findings.push(Finding::of_hook(Severity::Problem, "exit status 1", "stop", sight("unit m/13")));
        let found = findings.sorted();
        let told: Vec<_> = found.iter().map(|it| (it.severity, it.hooks.join(" "), it.times)).collect();
        assert_eq!(
            told,
            [
                (Severity::Problem, "install start".to_owned(), 3),
                (Severity::Problem, "start stop".to_owned(), 2),
                (Severity::Note, String::new(), 1)
            ]
        );
    }
}
