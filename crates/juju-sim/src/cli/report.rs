//! The account of a demonstration, for people.

use std::collections::BTreeMap;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::Value;

use crate::{ActionResult, HookRun, Outcome, Trace};

pub(super) const WIDTH: usize = 80;

const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const UNIT: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const GOOD: Style = AnsiColor::Green.on_default();

/// One line of the table of units.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) unit: String,
    pub(super) leader: bool,
    pub(super) workload: String,
    pub(super) agent: String,
    pub(super) message: String,
}

// Throughout, an error of writing means that the reader is gone, which is no reason to stop the demonstration.

pub(super) fn section(out: &mut impl Write, title: &str, runs: &[HookRun]) {
    let rule = "─".repeat(WIDTH.saturating_sub(title.chars().count() + 4));
    let _ = writeln!(out, "{TITLE}── {title} {rule}{TITLE:#}\n");
    for run in runs {
        hook(out, run);
    }
    let _ = writeln!(out);
}

fn hook(out: &mut impl Write, run: &HookRun) {
    let title = run.title();
    let rest = title.strip_prefix(&run.unit).unwrap_or_default();
    let _ = writeln!(out, "{UNIT}{}{UNIT:#}{rest}", run.unit);
    for entry in &run.trace {
        if let Trace::Log { level, text } = entry {
            let style = match level.as_str() {
                "DEBUG" | "TRACE" => FAINT,
                "WARNING" => WARNING,
                "ERROR" | "CRITICAL" => BAD,
                _ => Style::new(),
            };
            paragraph(out, style, &format!("  {level:<7} "), text);
        }
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for command in run.commands() {
        *counts.entry(command.argv.first().map_or("", String::as_str)).or_default() += 1;
    }
    if !counts.is_empty() {
        let words: Vec<String> = counts.iter().map(|(name, count)| format!("{name}\u{a0}×{count}")).collect();
        paragraph(out, FAINT, "  calls   ", &words.join(" "));
    }
    if run.status_changed {
        let text = [run.status.0.as_str(), run.status.1.as_str()].join(" ");
        paragraph(out, status_style(&run.status.0), "  status  ", text.trim_end());
    }
    match &run.outcome {
        Outcome::Committed => {}
        Outcome::Failed(why) => paragraph(out, BAD, "  failed  ", why),
        Outcome::ActionFailed(why) => paragraph(out, BAD, "  failed  ", why),
        Outcome::Rerun => paragraph(out, WARNING, "  killed  ", "runs again"),
    }
}

pub(super) fn action(out: &mut impl Write, result: &ActionResult) {
    let style = if result.status == "completed" { GOOD } else { BAD };
    let text = format!("{} {}", result.status, result.message);
    paragraph(out, style, "result    ", text.trim_end());
    for line in &result.log {
        paragraph(out, FAINT, "  ", line);
    }
    values(out, "  ", &result.results);
    let _ = writeln!(out);
}

fn values(out: &mut impl Write, indent: &str, value: &Value) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        match value {
            Value::Object(_) => {
                let _ = writeln!(out, "{indent}{key}:");
                values(out, &format!("{indent}  "), value);
            }
            Value::String(text) => paragraph(out, Style::new(), &format!("{indent}{key}: "), text),
            other => paragraph(out, Style::new(), &format!("{indent}{key}: "), &other.to_string()),
        }
    }
}

pub(super) fn status(out: &mut impl Write, rows: &[Row], hooks: usize, commands: usize, seconds: f64) {
    let names: Vec<String> =
        rows.iter().map(|row| format!("{}{}", row.unit, if row.leader { "*" } else { "" })).collect();
    let width = |header: &str, cells: &mut dyn Iterator<Item = &str>| {
        cells.map(|cell| cell.chars().count()).chain([header.len()]).max().unwrap_or(0)
    };
    let unit = width("Unit", &mut names.iter().map(String::as_str));
    let workload = width("Workload", &mut rows.iter().map(|row| row.workload.as_str()));
    let agent = width("Agent", &mut rows.iter().map(|row| row.agent.as_str()));
    let header = format!("{:<unit$}  {:<workload$}  {:<agent$}  Message", "Unit", "Workload", "Agent");
    let _ = writeln!(out, "{UNIT}{header}{UNIT:#}");
    for (row, name) in rows.iter().zip(&names) {
        let style = status_style(&row.workload);
        let cell = format!("{:<workload$}", row.workload);
        let _ = write!(out, "{name:<unit$}  {style}{cell}{style:#}");
        paragraph(out, Style::new(), &format!("  {:<agent$}  ", row.agent), &row.message);
    }
    let _ = writeln!(out, "\n{hooks} hooks and actions, {commands} hook commands, {seconds:.1} s");
}

fn status_style(word: &str) -> Style {
    match word {
        "active" => GOOD,
        "error" | "blocked" => BAD,
        "waiting" | "maintenance" => WARNING,
        _ => Style::new(),
    }
}

/// Writes a text after a label, broken at spaces, each line after the first indented as far as the label is long.
fn paragraph(out: &mut impl Write, style: Style, label: &str, text: &str) {
    let indent = label.chars().count();
    let width = WIDTH.saturating_sub(indent).max(20);
    let mut start = label.to_owned();
    for line in text.lines().chain(text.is_empty().then_some("")) {
        for part in wrap(line, width) {
            let _ = writeln!(out, "{start}{style}{part}{style:#}");
            start = " ".repeat(indent);
        }
    }
}

fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in line.split(' ') {
        let mut word: Vec<char> = word.chars().map(|c| if c.is_control() { '�' } else { c }).collect();
        let gap = usize::from(used > 0);
        if used + gap + word.len() > width && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        while word.len() > width {
            let rest = word.split_off(width);
            lines.last_mut().expect("there is always a line").extend(word);
            lines.push(String::new());
            word = rest;
        }
        let last = lines.last_mut().expect("there is always a line");
        if used > 0 {
            last.push(' ');
            used += 1;
        }
        used += word.len();
        last.extend(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("abcdefghijkl m", 5), ["abcde", "fghij", "kl m"]);
        assert_eq!(wrap("x abcdefg", 5), ["x", "abcde", "fg"]);
    }

    #[test]
    fn the_table_marks_the_leader() {
        let row = |unit: &str, leader| Row {
            unit: unit.to_owned(),
            leader,
            workload: "active".to_owned(),
            agent: "idle".to_owned(),
            message: "ready".to_owned(),
        };
        let mut out = anstream::StripStream::new(Vec::new());
        status(&mut out, &[row("magpie/0", true), row("magpie/10", false)], 3, 4, 0.25);
        let text = String::from_utf8(out.into_inner()).unwrap();
        assert_eq!(
            text,
            "Unit       Workload  Agent  Message\nmagpie/0*  active    idle   ready\nmagpie/10  active    idle   ready\n
3 hooks and actions, 4 hook commands, 0.2 s\n"
        );
    }
}
