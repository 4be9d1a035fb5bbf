//! The account of a demonstration, for people.

use std::collections::BTreeMap;
use std::env;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::Value;

use crate::events::FRAMEWORK;
use crate::{ActionResult, Fate, HookRun, Trace};

pub(super) const TITLE: Style = AnsiColor::Cyan.on_default().bold();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const PLAIN: Style = Style::new();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();

/// How wide labels such as `INFO` are.
const LABEL: usize = 7;

/// How wide lines are: 80 columns, or down to 60 where `COLUMNS` says so.
pub(super) fn width() -> usize {
    let columns = env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(80);
    columns.clamp(60, 80)
}

/// One line of the table of units.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) unit: String,
    pub(super) leader: bool,
    pub(super) workload: String,
    pub(super) agent: String,
    pub(super) message: String,
}

/// The account, written as it happens. That the reader is gone, which an error of writing means, is no reason to stop
/// the demonstration.
pub(super) struct Report<W> {
    pub(super) out: W,
    pub(super) width: usize,
}

impl<W: Write> Report<W> {
    /// What a reader has to know.
    pub(super) fn preface(&mut self) {
        let text = "Every hook that Juju would run, what the charm logged in it, the status it left, and the hook \
                    commands it called. A dot marks what the charm's framework says of itself.";
        self.paragraph(FAINT, "", text);
        self.line(PLAIN, "");
    }

    pub(super) fn section(&mut self, title: &str, runs: &[HookRun]) {
        let rule = "─".repeat(self.width.saturating_sub(title.chars().count() + 4));
        self.line(TITLE, &format!("── {title} {rule}"));
        self.line(PLAIN, "");
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for run in runs {
            if run.fate != Fate::Committed {
                // The first of them has changed the status, and the others have not.
                let block = run.to_string();
                let block: Vec<&str> = block.lines().filter(|line| !line.starts_with("  = ")).collect();
                let times = told.entry(block.join("\n")).or_default();
                *times += 1;
                if *times > 1 {
                    continue;
                }
            }
            self.hook(run);
        }
        self.repeated(&told);
        self.line(PLAIN, "");
    }

    /// Which hooks failed more than once in just the same way; they were shown once.
    fn repeated(&mut self, told: &BTreeMap<String, usize>) {
        for (block, times) in told.iter().filter(|(_, times)| **times > 1) {
            let title = block.lines().next().unwrap_or_default();
            self.paragraph(BAD, "", &format!("{title}: {times} times in all, each the same"));
        }
    }

    fn hook(&mut self, run: &HookRun) {
        self.heading(run);
        for entry in &run.trace {
            match entry {
                Trace::Log { level, text } => self.log(run, level, text),
                Trace::Command(command) if command.code != 0 => self.entry(WARNING, "command", &command.to_string()),
                Trace::Command(_) => {}
            }
        }
        if run.status_changed {
            self.entry(status_style(&run.status.current), "status", &run.status.to_string());
        }
        match &run.fate {
            Fate::Committed => {}
            Fate::Failed(why) | Fate::ActionFailed(why) => self.entry(BAD, "failed", why),
            Fate::Rerun => self.entry(WARNING, "killed", "runs again"),
        }
        let called = called(run);
        if !called.is_empty() {
            self.entry(FAINT, "called", &called);
        }
    }

    /// The hook on the left and its number of hook commands on the right; faint where nothing else is to be told.
    fn heading(&mut self, run: &HookRun) {
        let title = run.title();
        let count = match run.commands().count() {
            1 => "1 command".to_owned(),
            count => format!("{count} commands"),
        };
        let routine = !run.status_changed
            && run.fate == Fate::Committed
            && run.log().all(|(level, text)| is_framework(level, text))
            && run.commands().all(|command| command.code == 0);
        let style = if routine { FAINT } else { STRONG };
        let gap = self.width.saturating_sub(title.chars().count() + count.chars().count());
        if gap < 2 {
            self.paragraph(style, "", &title);
            self.line(FAINT, &format!("{count:>width$}", width = self.width));
        } else {
            let _ = writeln!(self.out, "{style}{title}{style:#}{:gap$}{FAINT}{count}{FAINT:#}", "");
        }
    }

    fn log(&mut self, run: &HookRun, level: &str, text: &str) {
        // The heading names the relation.
        let prefix = run.relation.as_ref().map(|relation| format!("{relation}: "));
        let text = prefix.and_then(|prefix| text.strip_prefix(&prefix)).unwrap_or(text);
        let style = match level {
            _ if is_framework(level, text) => {
                return self.entry(FAINT, "·", text.strip_prefix(FRAMEWORK).unwrap_or(text));
            }
            "WARNING" => WARNING,
            "ERROR" | "CRITICAL" => BAD,
            "INFO" => STRONG,
            _ => PLAIN,
        };
        self.entry(style, level, text);
    }

    pub(super) fn action(&mut self, result: &ActionResult) {
        let style = if result.status == "completed" { GOOD } else { BAD };
        let text = format!("{} {}", result.status, result.message);
        self.entry(style, "result", text.trim_end());
        for line in &result.log {
            self.entry(PLAIN, "log", line);
        }
        self.values(4, &result.results);
        self.line(PLAIN, "");
    }

    fn values(&mut self, indent: usize, value: &Value) {
        let Value::Object(map) = value else { return };
        for (key, value) in map {
            let label = format!("{:indent$}{key}: ", "");
            match value {
                Value::Object(_) => {
                    self.line(PLAIN, label.trim_end());
                    self.values(indent + 2, value);
                }
                Value::String(text) => match serde_json::from_str(text) {
                    // A list in JSON, as results are texts.
                    Ok(Value::Array(items)) if !items.is_empty() => {
                        self.line(PLAIN, label.trim_end());
                        for item in items {
                            self.paragraph(PLAIN, &format!("{:indent$}- ", ""), &item.to_string());
                        }
                    }
                    _ => self.paragraph(PLAIN, &label, text),
                },
                other => self.paragraph(PLAIN, &label, &other.to_string()),
            }
        }
    }

    pub(super) fn status(&mut self, rows: &[Row], hooks: usize, commands: usize, seconds: f64) {
        let names: Vec<String> =
            rows.iter().map(|row| format!("{}{}", row.unit, if row.leader { "*" } else { "" })).collect();
        let width = |header: &str, cells: &mut dyn Iterator<Item = &str>| {
            cells.map(|cell| cell.chars().count()).chain([header.len()]).max().unwrap_or(0)
        };
        let unit = width("Unit", &mut names.iter().map(String::as_str));
        let workload = width("Workload", &mut rows.iter().map(|row| row.workload.as_str()));
        let agent = width("Agent", &mut rows.iter().map(|row| row.agent.as_str()));
        let header = format!("{:<unit$}  {:<workload$}  {:<agent$}  Message", "Unit", "Workload", "Agent");
        self.line(STRONG, &header);
        for (row, name) in rows.iter().zip(&names) {
            let label = format!("{name:<unit$}  {:<workload$}  {:<agent$}  ", row.workload, row.agent);
            self.paragraph(status_style(&row.workload), &label, &row.message);
        }
        self.line(PLAIN, "");
        self.line(PLAIN, &format!("{hooks} hooks and actions, {commands} hook commands, {seconds:.1} s"));
    }

    fn entry(&mut self, style: Style, label: &str, text: &str) {
        self.paragraph(style, &format!("  {label:<LABEL$} "), text);
    }

    /// Writes a text after a label, broken at spaces, each line after the first indented as far as the label is long.
    pub(super) fn paragraph(&mut self, style: Style, label: &str, text: &str) {
        let indent = label.chars().count();
        let width = self.width.saturating_sub(indent).max(20);
        let mut start = label.to_owned();
        for line in text.lines().chain(text.is_empty().then_some("")) {
            for part in wrap(line.trim_end(), width) {
                let _ = match part.is_empty() {
                    true => writeln!(self.out, "{}", start.trim_end()),
                    false => writeln!(self.out, "{start}{style}{part}{style:#}"),
                };
                start = " ".repeat(indent);
            }
        }
    }

    pub(super) fn line(&mut self, style: Style, text: &str) {
        let _ = writeln!(self.out, "{style}{text}{style:#}");
    }
}

/// The hook commands in the order of their first calls: `state-get relation-get×2`.
fn called(run: &HookRun) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in run.commands().filter_map(|command| command.argv.first()) {
        match counts.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let show = |&(name, count): &(&str, usize)| if count == 1 { name.to_owned() } else { format!("{name}×{count}") };
    counts.iter().map(show).collect::<Vec<_>>().join(" ")
}

fn is_framework(level: &str, text: &str) -> bool {
    matches!(level, "DEBUG" | "TRACE") && text.starts_with(FRAMEWORK)
}

pub(super) fn status_style(word: &str) -> Style {
    match word {
        "active" => GOOD,
        "error" | "blocked" => BAD,
        "waiting" | "maintenance" => WARNING,
        _ => PLAIN,
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
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::{CommandRun, ProgramEnd, Status};

    fn written(width: usize, write: impl Fn(&mut Report<anstream::StripStream<Vec<u8>>>)) -> String {
        let mut report = Report { out: anstream::StripStream::new(Vec::new()), width };
        write(&mut report);
        String::from_utf8(report.out.into_inner()).unwrap()
    }

    fn run(trace: Vec<Trace>) -> HookRun {
        HookRun {
            sequence: 1,
            seconds: 0,
            subject: None,
            forgotten: false,
            unit: "magpie/10".to_owned(),
            hook: "magpie-relation-departed".to_owned(),
            relation: Some("magpie:0".to_owned()),
            remote_unit: Some("magpie/11".to_owned()),
            departing_unit: Some("magpie/10".to_owned()),
            trace,
            end: ProgramEnd::Exit(0),
            fate: Fate::Committed,
            status: Status::new("active", "with 0 peers"),
            status_changed: false,
            told: None,
            published: Vec::new(),
            waits: None,
            faults: Vec::new(),
        }
    }

    fn log(level: &str, text: &str) -> Trace {
        Trace::Log { level: level.to_owned(), text: text.to_owned() }
    }

    fn command(argv: &[&str], code: i32) -> Trace {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        Trace::Command(CommandRun { argv, stdin: None, code, stdout: String::new(), stderr: String::new() })
    }

    #[test]
    fn a_hook_shows_what_is_noteworthy() {
        let mut told = run(vec![
            command(&["relation-list"], 0),
            log("DEBUG", "juju-ops: emitted departed"),
            log("INFO", "magpie:0: PeerDeparted magpie/11: acknowledged"),
            command(&["relation-get", "-", "magpie/11"], 1),
        ]);
        (told.status_changed, told.departing_unit) = (true, None);
        let quiet = HookRun { remote_unit: None, departing_unit: None, ..run(vec![command(&["relation-list"], 0)]) };
        expect![[r#"
            magpie/10 magpie-relation-departed magpie:0 magpie/11                 2 commands
              ·       emitted departed
              INFO    PeerDeparted magpie/11: acknowledged
              command relation-get - magpie/11 => 1
              status  active: with 0 peers
              called  relation-list relation-get
            magpie/10 magpie-relation-departed magpie:0                            1 command
              called  relation-list
        "#]]
        .assert_eq(&written(80, |report| [&told, &quiet].map(|run| report.hook(run)).into_iter().collect()));
    }

    #[test]
    fn no_line_is_too_long() {
        let words = "word ".repeat(40);
        let mut told = run(vec![log("ERROR", &words), log("INFO", &"x".repeat(200)), command(&[&words], 2)]);
        told.fate = Fate::Failed(words.clone());
        let result = ActionResult {
            id: 1,
            status: "failed".to_owned(),
            message: words.clone(),
            results: json!({"nodes": json!([{"a": words}, {"a": "b"}]).to_string(), "deep": {"text": words}}),
            log: vec![words.clone()],
        };
        let row = Row {
            unit: "magpie/0".to_owned(),
            leader: false,
            workload: "maintenance".to_owned(),
            agent: "allocating".to_owned(),
            message: words,
        };
        for width in [60, 80] {
            let text = written(width, |report| {
                report.preface();
                report.section("run", std::slice::from_ref(&told));
                report.action(&result);
                report.status(std::slice::from_ref(&row), 1, 2, 0.5);
            });
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(width), "{width}: {longest:?}\n{text}");
            assert!(text.contains("\n    nodes:\n    - {"), "{text}");
            assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
        }
    }

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
        let text = written(80, |report| {
            report.status(&[row("magpie/0", true), row("magpie/10", false)], 3, 4, 0.25);
        });
        assert_eq!(
            text,
            "Unit       Workload  Agent  Message\nmagpie/0*  active    idle   ready\nmagpie/10  active    idle   ready\n
3 hooks and actions, 4 hook commands, 0.2 s\n"
        );
    }
}
