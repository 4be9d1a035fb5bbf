//! One hook or action: its block, and what it opens to.

use std::fmt::Write as _;

use super::cause::{Cause, Causes};
use super::filter::Filters;
use super::lane::{Lanes, class};
use super::text::{Bounded, Safe, clock, count, grouped};
use crate::content::Content;
use crate::events::{Events, FRAMEWORK, kind};
use crate::run::{Fate, HookRun, Trace};

/// How many entries of a trace are shown: half of them from its beginning, half from its end.
const MOST_ENTRIES: usize = 300;
/// How many characters of a command, a log line or a reason.
const MOST_TEXT: usize = 1_000;
/// How many characters of a name.
const MOST_NAME: usize = 120;
/// How many of the hooks are named that tell of what one has changed, and of the events of one kind.
const MOST_NAMED: usize = 12;

#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) index: usize,
    pub(super) run: &'a HookRun,
    runs: &'a [HookRun],
    pub(super) lane: usize,
    place: usize,
    relation: Option<usize>,
    hook: usize,
    kinds: Vec<usize>,
    events: Events<'a>,
    told: Telling,
}

/// What other hooks left that it tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    Nothing,
    /// It is there to be seen for the first time.
    First,
    Change,
}

impl<'a> Block<'a> {
    pub(super) fn of(
        index: usize,
        runs: &'a [HookRun],
        causes: &Causes<'a>,
        lanes: &Lanes<'a>,
        filters: &mut Filters<'a>,
    ) -> Block<'a> {
        let run = &runs[index];
        let (place, lane) = lanes.place(&run.unit);
        let events = Events::of(run);
        let mut kinds: Vec<usize> = events.all().map(|event| filters.event(kind(event))).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let told = match causes.cause(index) {
            Some(Cause::Changed(..)) => Telling::Change,
            Some(Cause::First(_, Some(_))) => Telling::First,
            _ => Telling::Nothing,
        };
        let relation = run.relation.as_deref().map(|relation| filters.relation(relation));
        Block { index, run, runs, lane, place, relation, hook: filters.hook(&run.hook), kinds, events, told }
    }

    fn has_failed(&self) -> bool {
        matches!(self.run.fate, Fate::Failed(_) | Fate::ActionFailed(_))
    }

    fn is_wrong(&self) -> bool {
        self.run.fate != Fate::Committed || !self.run.faults.is_empty() || self.warnings() > 0
    }

    /// The lines of the log that are not said quietly.
    fn warnings(&self) -> usize {
        self.run.log().filter(|(level, _)| matches!(*level, "WARNING" | "ERROR" | "CRITICAL")).count()
    }

    /// Whether there is more to tell of it than that it ran.
    fn has_news(&self) -> bool {
        let run = self.run;
        let says = |(level, text): (&str, &str)| !matches!(level, "TRACE" | "DEBUG") || !text.starts_with(FRAMEWORK);
        self.is_wrong()
            || run.status_changed
            || self.told == Telling::Change
            || !run.published.is_empty()
            || run.waits.is_some()
            || !self.kinds.is_empty()
            || run.hook.starts_with("action ")
            || run.log().any(says)
            || run.commands().any(|command| command.code != 0)
    }

    /// The block, closed.
    pub(super) fn write(&self, out: &mut String, body: Option<&str>) {
        let Block { index, run, lane, place, .. } = self;
        let mut classes = String::from("run");
        for (has, name) in [
            (self.has_failed(), " bad"),
            (run.fate == Fate::Rerun, " warn"),
            (run.hook.starts_with("action ") || run.hook == "juju-exec", " act"),
            (!self.has_news(), " quiet"),
            (self.told != Telling::Nothing, " told"),
            (self.told == Telling::First, " told-first"),
        ] {
            classes.push_str(if has { name } else { "" });
        }
        let mut keys = format!("u{place} h{}", self.hook);
        if let Some(relation) = self.relation {
            let _ = write!(keys, " r{relation}");
        }
        for kind in &self.kinds {
            let _ = write!(keys, " e{kind}");
        }
        keys.push_str(if self.has_news() { " news" } else { "" });
        keys.push_str(if self.is_wrong() { " bad" } else { "" });
        let title = Bounded(&run.title(), 2 * MOST_NAME).to_string();
        let _ = write!(
            out,
            "<details class=\"{classes}\" id=\"r{index}\" style=\"--l:{lane}\" data-k=\"{keys}\"><summary>\
             <span class=\"no\"><a href=\"#r{index}\" tabindex=\"-1\">{}</a></span><span class=\"b\" title=\"{}\">",
            run.sequence,
            Safe(&title),
        );
        self.write_label(out);
        self.write_signs(out);
        out.push_str("</span></summary>");
        match body {
            Some(body) => out.push_str(body),
            None => out.push_str("<div class=\"body\"><p class=\"dim\">What it did is left out.</p></div>"),
        }
        out.push_str("</details>\n");
    }

    /// The unit, which is seen where there are no lanes, and the hook in short: `joined magpie/1`.
    fn write_label(&self, out: &mut String) {
        let run = self.run;
        let bounded = |text: &str| Bounded(text, MOST_NAME).to_string();
        let (name, about) = match run.hook.split_once("-relation-").filter(|_| run.relation.is_some()) {
            Some((endpoint, kind)) => (kind.to_owned(), run.remote_unit.clone().unwrap_or_else(|| endpoint.to_owned())),
            None => (run.hook.clone(), run.subject.clone().or_else(|| run.relation.clone()).unwrap_or_default()),
        };
        let _ = write!(
            out,
            "<span class=\"t\"><span class=\"u\">{} </span><b>{}</b> {}</span>",
            Safe(&bounded(&run.unit)),
            Safe(&bounded(&name)),
            Safe(&bounded(&about)),
        );
    }

    fn write_signs(&self, out: &mut String) {
        let run = self.run;
        let mut sign = |class: &str, sign: &str, number: usize, tip: &str| {
            let number = if number > 1 { number.to_string() } else { String::new() };
            let _ = write!(out, "<i class=\"{class}\" title=\"{}\">{sign}{number}</i>", Safe(tip));
        };
        if !run.faults.is_empty() {
            sign("warn", "⚡", run.faults.len(), "a fault of the test’s");
        }
        match &run.fate {
            Fate::Failed(_) | Fate::ActionFailed(_) => sign("bad", "✕", 1, "failed"),
            Fate::Rerun => sign("warn", "↻", 1, "killed, and runs again"),
            Fate::Committed => {}
        }
        let warnings = self.warnings();
        if warnings > 0 {
            sign("warn", "!", warnings, "warnings or errors in the log");
        }
        if !self.events.held.is_empty() {
            sign("held", "◷", self.events.held.len(), "events held");
        }
        let acknowledged = self.events.acknowledged.len();
        if acknowledged > 0 {
            sign("ok", "✓", acknowledged, "events acknowledged");
        }
        if !run.published.is_empty() {
            sign("out", "⇢", 1, "changed what others are told of");
        }
        if run.status_changed {
            let status = Bounded(&run.status.to_string(), MOST_NAME).to_string();
            let _ = write!(out, "<i class=\"dot {}\" title=\"{}\"></i>", class(&run.status.current), Safe(&status));
        }
        let commands = run.commands().count();
        let _ = write!(out, "<small title=\"{}\">{commands}</small>", count(commands as u64, "hook command"));
    }

    /// What it opens to.
    pub(super) fn body(&self, causes: &Causes<'_>) -> String {
        let run = self.run;
        let mut out = String::from("<div class=\"body\">");
        let title = Bounded(&run.title(), 2 * MOST_NAME).to_string();
        let _ = write!(
            out,
            "<p class=\"what\"><b>{}</b> <span class=\"dim\">{} · {} · {}</span></p>",
            Safe(&title),
            clock(run.seconds),
            Safe(&Bounded(&run.end.to_string(), MOST_NAME).to_string()),
            count(run.commands().count() as u64, "hook command"),
        );
        for fault in run.faults.iter().take(MOST_NAMED) {
            line(&mut out, "warn", "Fault", &Bounded(fault, MOST_TEXT).to_string());
        }
        match &run.fate {
            Fate::Committed => {}
            Fate::Failed(why) => line(&mut out, "bad", "Failed", &Bounded(why, MOST_TEXT).to_string()),
            Fate::ActionFailed(why) => line(&mut out, "bad", "Action failed", &Bounded(why, MOST_TEXT).to_string()),
            Fate::Rerun => line(&mut out, "warn", "Killed", "it runs again"),
        }
        if run.status_changed {
            let status = Bounded(&run.status.to_string(), MOST_TEXT).to_string();
            line(&mut out, class(&run.status.current), "Status", &status);
        }
        self.write_cause(&mut out, causes);
        self.write_effects(&mut out, causes);
        for (class, label, events) in [
            ("held", "Held", &self.events.held),
            ("ok", "Acknowledged", &self.events.acknowledged),
            ("", "Waits no more", &self.events.released),
        ] {
            if !events.is_empty() {
                let named: Vec<&str> = events.iter().take(MOST_NAMED).copied().collect();
                let more = events.len() - named.len();
                let more = if more > 0 { format!(", and {more} more") } else { String::new() };
                line(&mut out, class, label, &format!("{}{more}", named.join(", ")));
            }
        }
        if let Some(waits) = run.waits.as_ref().filter(|waits| waits.count > 0) {
            line(&mut out, "", "Waiting", &count(waits.count as u64, "event"));
        }
        self.write_trace(&mut out);
        out.push_str("</div>");
        out
    }

    fn write_cause(&self, out: &mut String, causes: &Causes<'_>) {
        let Some(cause) = causes.cause(self.index) else { return };
        let (of, makers, said) = match cause {
            Cause::First(of, Some(maker)) => (of, vec![*maker], "seen for the first time, as left by "),
            Cause::First(of, None) => (of, Vec::new(), "seen for the first time"),
            Cause::Changed(of, makers) => (of, makers.clone(), "changed by "),
            Cause::Elsewhere(of) if causes.has_more => (of, Vec::new(), "changed by what is not on this page"),
            Cause::Elsewhere(of) => (of, Vec::new(), "changed, and not by a hook"),
            Cause::Unchanged(of) => (of, Vec::new(), "not changed: this hook follows relation-joined"),
        };
        let _ = write!(out, "<p class=\"out\"><b>Tells of</b> <span>{}, {said}", Safe(&self.name(of)));
        self.write_links(out, &makers);
        out.push_str("</span></p>");
    }

    fn write_effects(&self, out: &mut String, causes: &Causes<'_>) {
        if self.run.published.is_empty() {
            return;
        }
        let named: Vec<String> =
            self.run.published.iter().take(MOST_NAMED).map(|publication| self.name(&publication.of)).collect();
        let _ = write!(out, "<p class=\"out\"><b>Changed</b> <span>{}", Safe(&named.join(", ")));
        let effects = causes.effects(self.index);
        if !effects.is_empty() {
            out.push_str("; told by ");
            self.write_links(out, &effects[..effects.len().min(MOST_NAMED)]);
            if effects.len() > MOST_NAMED {
                let _ = write!(out, ", and {} more", grouped((effects.len() - MOST_NAMED) as u64));
            }
        }
        out.push_str("</span></p>");
    }

    fn write_links(&self, out: &mut String, indices: &[usize]) {
        for (nth, index) in indices.iter().enumerate() {
            let Some(run) = self.runs.get(*index) else { continue };
            let name = Bounded(&format!("{} {}", run.unit, run.hook), MOST_NAME).to_string();
            let comma = if nth > 0 { ", " } else { "" };
            let _ = write!(out, "{comma}<a href=\"#r{index}\">#{} {}</a>", run.sequence, Safe(&name));
        }
    }

    /// `databag of magpie/1 in magpie:0`.
    fn name(&self, of: &Content) -> String {
        let text = match (of, &self.run.relation) {
            (Content::Databag { relation, owner }, Some(name))
                if name.rsplit_once(':').is_some_and(|(_, id)| *id == relation.to_string()) =>
            {
                format!("databag of {owner} in {name}")
            }
            _ => of.to_string(),
        };
        Bounded(&text, MOST_NAME).to_string()
    }

    fn write_trace(&self, out: &mut String) {
        let trace = &self.run.trace;
        if self.run.forgotten {
            out.push_str("<p class=\"dim\">What it did is forgotten.</p>");
        }
        if trace.is_empty() {
            return;
        }
        out.push_str("<ol class=\"trace\">");
        let skipped = trace.len().saturating_sub(MOST_ENTRIES);
        for (nth, entry) in trace.iter().enumerate() {
            if skipped > 0 && nth == MOST_ENTRIES / 2 {
                let _ = write!(out, "<li class=\"dim\">… {} left out</li>", grouped(skipped as u64));
            }
            if skipped > 0 && (MOST_ENTRIES / 2..MOST_ENTRIES / 2 + skipped).contains(&nth) {
                continue;
            }
            write_entry(out, entry);
        }
        out.push_str("</ol>");
    }
}

fn write_entry(out: &mut String, entry: &Trace) {
    match entry {
        Trace::Command(command) => {
            let class = if command.code == 0 { "c" } else { "c warn" };
            let shown = Bounded(&command.to_string(), MOST_TEXT).to_string();
            let _ = write!(out, "<li class=\"{class}\">{}", Safe(&shown));
            // What a command says that was given values may quote them.
            if command.code != 0 && !command.is_about_values() && !command.stderr.is_empty() {
                let said = Bounded(command.stderr.trim_end(), MOST_TEXT).to_string();
                let _ = write!(out, "<span class=\"said\">{}</span>", Safe(&said));
            }
            out.push_str("</li>");
        }
        Trace::Log { level, text } => {
            let class = match level.as_str() {
                "ERROR" | "CRITICAL" => "l bad",
                "WARNING" => "l warn",
                "DEBUG" | "TRACE" if text.starts_with(FRAMEWORK) => "l dim",
                "DEBUG" | "TRACE" => "l",
                _ => "l info",
            };
            let (level, text) = (Bounded(level, 20).to_string(), Bounded(text, MOST_TEXT).to_string());
            let _ = write!(out, "<li class=\"{class}\"><em>{}</em> {}</li>", Safe(&level), Safe(&text));
        }
    }
}

fn line(out: &mut String, class: &str, label: &str, text: &str) {
    let _ = write!(out, "<p class=\"{class}\"><b>{label}</b> <span>{}</span></p>", Safe(text));
}
