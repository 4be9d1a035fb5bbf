//! What a check has found, for people and for programs.

use std::io::Write;

use serde::Serialize;

use super::finding::{Finding, Severity};
use super::timing::Timings;
use crate::cli::report::{BAD, FAINT, GOOD, PLAIN, Report, STRONG, WARNING};

/// How many hooks of a finding are named.
const MAX_HOOKS: usize = 4;
/// How wide the labels are.
const LABEL: usize = 9;

/// What is told of a check.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    /// The charm's name; none where its metadata has none.
    pub(super) charm: Option<String>,
    pub(super) seed: u64,
    /// The worst first.
    pub(super) findings: Vec<Finding>,
    pub(super) hooks: Timings,
    /// How many hooks and actions have run.
    pub(super) runs: usize,
    /// How many hook commands they have called.
    pub(super) commands: usize,
    pub(super) seconds: f64,
    /// The command that does the same again.
    pub(super) again: String,
}

impl Account {
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    pub(super) fn write<W: Write>(&self, report: &mut Report<W>) {
        for finding in &self.findings {
            write_finding(report, finding);
        }
        self.write_hooks(report);
        let (problems, warnings) = (self.count(Severity::Problem), self.count(Severity::Warning));
        let style = match (problems, warnings) {
            (0, 0) => GOOD,
            (0, _) => WARNING,
            _ => BAD,
        };
        let name = self.charm.as_deref().unwrap_or("the charm");
        let found = format!("{name}: {}, {}", plural(problems, "problem"), plural(warnings, "warning"));
        let ran = format!(
            "{} and {} in {:.1} s",
            plural(self.runs, "hook or action"),
            plural(self.commands, "hook command"),
            self.seconds
        );
        report.paragraph(style, "", &found);
        report.paragraph(PLAIN, "", &ran.replace("hook or actions", "hooks and actions"));
        report.paragraph(FAINT, "The same again: ", &self.again);
    }

    fn write_hooks<W: Write>(&self, report: &mut Report<W>) {
        if self.runs == 0 {
            return;
        }
        let (runs, slowest) = ("Runs", "Slowest");
        let width = report.width.saturating_sub(18);
        report.line(STRONG, &format!("{:<width$}{runs:>6}{slowest:>12}", "Hook"));
        for timing in self.hooks.iter() {
            let mut name: String = timing.hook.chars().take(width - 1).collect();
            if name.len() < timing.hook.len() {
                name.pop();
                name.push('…');
            }
            report.line(PLAIN, &format!("{name:<width$}{:>6}{:>10.2} s", timing.runs, timing.slowest.as_secs_f64()));
        }
        report.line(PLAIN, "");
    }
}

fn write_finding<W: Write>(report: &mut Report<W>, finding: &Finding) {
    let (label, style) = match finding.severity {
        Severity::Problem => ("PROBLEM", BAD),
        Severity::Warning => ("WARNING", WARNING),
        Severity::Note => ("NOTE", STRONG),
    };
    let (shown, more) = finding.hooks.split_at(finding.hooks.len().min(MAX_HOOKS));
    let mut hooks = shown.join(", ");
    if !more.is_empty() {
        hooks.push_str(&format!(" and {} more", more.len()));
    }
    let colon = if hooks.is_empty() { "" } else { ": " };
    report.paragraph(style, &format!("{label:<LABEL$}"), &format!("{hooks}{colon}{}", finding.what));
    if let Some(first) = &finding.first {
        let indent = " ".repeat(LABEL);
        let times = if finding.times > 1 { format!("{} times, first in ", finding.times) } else { "in ".to_owned() };
        report.paragraph(PLAIN, &indent, &format!("{times}{}", first.run));
        report.paragraph(PLAIN, &indent, &format!("after: {}", first.stage));
        for line in &first.output {
            report.paragraph(FAINT, &format!("{indent}| "), line);
        }
    }
    report.line(PLAIN, "");
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect;

    use super::*;
    use crate::cli::check::finding::Sight;

    fn account() -> Account {
        let sight = |lines: &[&str]| Sight {
            run: "web/0 db-relation-joined db:1 pg/0".to_owned(),
            stage: "relate web:db to an application that says nothing".to_owned(),
            output: lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        let mut failed = Finding::of_hook(
            Severity::Problem,
            "failed: exit status 1",
            "db-relation-joined",
            sight(&["> relation-get host pg/0", &format!("WARNING {}", "long ".repeat(30))]),
        );
        failed.hooks = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
        failed.times = 7;
        let mut hooks = Timings::default();
        hooks.push("install", Duration::from_millis(20));
        hooks.push(&"x".repeat(90), Duration::from_secs(2));
        Account {
            charm: Some("web".to_owned()),
            seed: 1,
            findings: vec![failed, Finding::of_files(Severity::Warning, "option mtu has no description")],
            hooks,
            runs: 2,
            commands: 1,
            seconds: 0.5,
            again: "juju-sim check web.charm --seed 1".to_owned(),
        }
    }

    fn text(width: usize) -> String {
        let mut report = Report { out: anstream::StripStream::new(Vec::new()), width };
        account().write(&mut report);
        String::from_utf8(report.out.into_inner()).unwrap()
    }

    #[test]
    fn an_account_names_hook_stage_and_output() {
        expect![[r#"
            PROBLEM  a, b, c, d and 2 more: failed: exit status 1
                     7 times, first in web/0 db-relation-joined db:1 pg/0
                     after: relate web:db to an application that says nothing
                     | > relation-get host pg/0
                     | WARNING long long long long long long long long long long long long
                       long long long long long long long long long long long long long long
                       long long long long

            WARNING  option mtu has no description

            Hook                                                            Runs     Slowest
            install                                                            1      0.02 s
            xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…      1      2.00 s

            web: 1 problem, 1 warning
            2 hooks and actions and 1 hook command in 0.5 s
            The same again: juju-sim check web.charm --seed 1
        "#]]
        .assert_eq(&text(80));
    }

    #[test]
    fn no_line_is_too_long() {
        for width in [60, 80] {
            let text = text(width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
        }
    }
}
