//! The short account of a demonstration: what fits a screen of 24 lines of 80 columns, however many units there are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anstyle::Style;
use serde_json::Value;

use super::report::{BAD, FAINT, GOOD, PLAIN, Row, STRONG, TITLE, WARNING, status_style};
use crate::events::Events;
use crate::{ActionResult, Fate, HookRun};

/// How many units the table at the end has.
const ROWS: usize = 4;
/// How long the value of an action's result may be to be shown.
const VALUE: usize = 24;

/// The account, written as it happens; each of its parts has a fixed number of lines at most.
pub(super) struct Summary<W> {
    pub(super) out: W,
    pub(super) width: usize,
}

impl<W: Write> Summary<W> {
    pub(super) fn preface(&mut self, app: &str, seed: u64) {
        self.line(&[(PLAIN, &format!("The charm {app} in a simulated Juju, seed {seed}"))]);
        self.line(&[]);
    }

    /// One act of it: three lines at most. It is told of the runs from a number on, beside all before them.
    pub(super) fn act(&mut self, title: &str, runs: &[HookRun], from: usize, rows: &[Row]) {
        let new = &runs[from..];
        let commands: usize = new.iter().map(|run| run.commands().count()).sum();
        let counts = format!("{}, {}", number(new.len(), "hook"), number(commands, "command"));
        let room = self.width.saturating_sub(counts.chars().count() + 2);
        let title = clipped(title, room);
        let gap = self.width.saturating_sub(title.chars().count() + counts.chars().count());
        self.line(&[(TITLE, &title), (PLAIN, &" ".repeat(gap)), (FAINT, &counts)]);
        match (failures(new), events(new, runs)) {
            (Some(failures), _) => self.entry(BAD, "failed", &failures),
            (None, Some(events)) => self.entry(PLAIN, "events", &events),
            (None, None) => {}
        }
        // An action tells its result.
        if !new.iter().any(|run| run.hook.starts_with("action ")) {
            let (style, text) = statuses(rows);
            self.entry(style, "status", &text);
        }
    }

    pub(super) fn action(&mut self, result: &ActionResult) {
        let style = if result.status == "completed" { GOOD } else { BAD };
        let values = result.results.as_object().into_iter().flatten().map(|(key, value)| match value {
            Value::String(text) if text.chars().count() <= VALUE => format!("{key}={text}"),
            Value::Number(_) | Value::Bool(_) => format!("{key}={value}"),
            _ => format!("{key}=…"),
        });
        let parts: Vec<String> = [result.status.clone(), result.message.clone()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .chain(values)
            .collect();
        self.entry(style, "result", &parts.join(", "));
    }

    /// The end: eight lines at most.
    pub(super) fn end(&mut self, rows: &[Row], hooks: usize, commands: usize, seconds: f64) {
        self.line(&[]);
        // Those that are not as they should be come first where not all have room.
        let mut shown: Vec<&Row> = rows.iter().collect();
        if rows.len() > ROWS {
            shown.sort_by_key(|row| row.workload == "active");
            shown.truncate(ROWS);
        }
        let name = |row: &Row| format!("{}{}", row.unit, if row.leader { "*" } else { "" });
        let width =
            |header: &str, cells: &mut dyn Iterator<Item = usize>| cells.chain([header.len()]).max().unwrap_or(0);
        let unit = width("Unit", &mut shown.iter().map(|row| name(row).chars().count())).min(self.width / 3);
        let workload = width("Workload", &mut shown.iter().map(|row| row.workload.chars().count())).min(20);
        let agent = width("Agent", &mut shown.iter().map(|row| row.agent.chars().count()));
        let header = format!("{:<unit$}  {:<workload$}  {:<agent$}  Message", "Unit", "Workload", "Agent");
        self.line(&[(STRONG, &header)]);
        for row in &shown {
            let (name, word) = (clipped(&name(row), unit), clipped(&row.workload, workload));
            let label = format!("{name:<unit$}  {word:<workload$}  {:<agent$}  ", row.agent);
            self.line(&[(PLAIN, &label), (status_style(&row.workload), &row.message)]);
        }
        if rows.len() > shown.len() {
            let rest: Vec<&Row> = rows.iter().filter(|row| !shown.iter().any(|it| it.unit == row.unit)).collect();
            let active = rest.iter().filter(|row| row.workload == "active").count();
            self.line(&[(FAINT, &format!("and {} more, {active} of them active", rest.len()))]);
        }
        self.line(&[]);
        let commands = number(commands, "hook command");
        let totals = format!("{hooks} hooks and actions, {commands}, {seconds:.1} s");
        self.line(&[(PLAIN, &totals), (FAINT, "; --verbose shows each")]);
    }

    fn entry(&mut self, style: Style, label: &str, text: &str) {
        self.line(&[(FAINT, &format!("  {label:<8}")), (style, text)]);
    }

    /// One line, cut where it is too long for the screen.
    fn line(&mut self, parts: &[(Style, &str)]) {
        let mut room = self.width;
        let count = parts.len();
        let mut line = String::new();
        for (nth, (style, text)) in parts.iter().enumerate() {
            let text = clipped(text, room);
            let text = if nth + 1 == count { text.trim_end() } else { &text };
            room -= text.chars().count();
            if !text.is_empty() {
                line.push_str(&format!("{style}{text}{style:#}"));
            }
        }
        // A reader that is gone has seen enough.
        let _ = writeln!(self.out, "{line}");
    }
}

/// The hooks that failed or were killed, each once: the one that did so most often, and how many others.
fn failures(runs: &[HookRun]) -> Option<String> {
    let mut times: BTreeMap<String, (usize, &HookRun)> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.fate != Fate::Committed) {
        times.entry(run.title()).and_modify(|(count, last)| (*count, *last) = (*count + 1, run)).or_insert((1, run));
    }
    let others = times.len().checked_sub(1)?;
    let (title, (count, run)) = times.into_iter().max_by(|one, other| (one.1.0, &other.0).cmp(&(other.1.0, &one.0)))?;
    let why = match &run.fate {
        Fate::Failed(why) | Fate::ActionFailed(why) => why.as_str(),
        _ => "killed",
    };
    let said = run.log().filter(|(level, _)| matches!(*level, "ERROR" | "CRITICAL")).last();
    let said = said.or_else(|| run.log().filter(|(level, _)| *level == "WARNING").last());
    let said = said.map(|(_, text)| format!(": {}", text.lines().last().unwrap_or_default())).unwrap_or_default();
    let times = if count == 1 { String::new() } else { format!(" {count} times") };
    let all = if others == 0 { String::new() } else { format!("{} hooks, such as ", others + 1) };
    Some(format!("{all}{title}{times}: {why}{said}"))
}

/// What became of the charm's events, where its framework tells; and how many still wait after all the runs.
fn events(new: &[HookRun], all: &[HookRun]) -> Option<String> {
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    for run in all {
        if let Some(waits) = &run.waits {
            waiting.insert(&run.unit, waits.count);
        }
    }
    let waiting: usize = waiting.values().sum();
    let (mut emitted, mut acknowledged) = (0, 0);
    // An event that is held from hook to hook is held once.
    let mut held: BTreeSet<(&str, &str)> = BTreeSet::new();
    for run in new {
        let events = Events::of(run);
        emitted += events.emitted.len();
        acknowledged += events.acknowledged.len();
        held.extend(events.held.iter().map(|event| (run.unit.as_str(), *event)));
    }
    let parts = [
        (emitted, "emitted"),
        (held.len(), "held for a later hook"),
        (acknowledged, "acknowledged"),
        (waiting, "waiting still"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The units by their statuses, the rarest first: `magpie/2 waiting: no peers; 3 units active: Ready`.
fn statuses(rows: &[Row]) -> (Style, String) {
    let mut groups: BTreeMap<(bool, &str, &str), Vec<&str>> = BTreeMap::new();
    for row in rows {
        let key = (row.workload == "active", row.workload.as_str(), row.message.as_str());
        groups.entry(key).or_default().push(&row.unit);
    }
    let style = match groups.keys().next() {
        None => PLAIN,
        Some((true, ..)) => GOOD,
        Some((false, "error" | "blocked", _)) => BAD,
        Some(_) => WARNING,
    };
    let group = |((_, word, message), units): (&(bool, &str, &str), &Vec<&str>)| {
        let units = match units.as_slice() {
            [unit] => (*unit).to_owned(),
            units => format!("{} units", units.len()),
        };
        let message = if message.is_empty() { String::new() } else { format!(": {message}") };
        format!("{units} {word}{message}")
    };
    let groups: Vec<String> = groups.iter().map(group).collect();
    (style, if groups.is_empty() { "no units".to_owned() } else { groups.join("; ") })
}

fn number(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The text on one line, as much of it as there is room for.
fn clipped(text: &str, room: usize) -> String {
    if room == 0 {
        return String::new();
    }
    let one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = one_line.clone().take(room).collect();
    if one_line.count() > room {
        line.pop();
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_units_are_told_by_their_statuses_and_the_worst_are_in_the_table() {
        let row = |number: usize| Row {
            unit: format!("m/{number}"),
            leader: number == 0,
            workload: if number == 7 { "blocked" } else { "active" }.to_owned(),
            agent: "idle".to_owned(),
            message: if number == 7 { "no disk" } else { "Ready" }.to_owned(),
        };
        let rows: Vec<Row> = (0..50).map(row).collect();
        let mut summary = Summary { out: anstream::StripStream::new(Vec::new()), width: 60 };
        summary.act("deploy m", &[], 0, &rows[..0]);
        summary.end(&rows, 2, 1, 0.25);
        assert_eq!(statuses(&rows).1, "m/7 blocked: no disk; 49 units active: Ready");
        let text = String::from_utf8(summary.out.into_inner()).unwrap();
        let table: Vec<&str> = text.lines().skip(3).collect();
        assert_eq!(
            table,
            [
                "Unit  Workload  Agent  Message",
                "m/7   blocked   idle   no disk",
                "m/0*  active    idle   Ready",
                "m/1   active    idle   Ready",
                "m/2   active    idle   Ready",
                "and 46 more, 46 of them active",
                "",
                "2 hooks and actions, 1 hook command, 0.2 s; --verbose shows…",
            ]
        );
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(clipped("a\nb\u{1b}[2Jc", 20), "a b [2Jc");
        assert_eq!(clipped("abcdef", 4), "abc…");
        assert_eq!(clipped("abcd", 4), "abcd");
        assert_eq!(clipped("x", 0), "");
    }
}
