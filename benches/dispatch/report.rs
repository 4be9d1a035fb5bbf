use std::fmt::Write as _;

use crate::figures::{Both, Dispatch, Figure, Figures, Spread};

const LABEL: usize = 29;
const RUST: usize = 22;
const PYTHON: usize = 22;
const RATIO: usize = 7;

/// A table of at most 80 columns.
pub(crate) fn table(figures: &Figures) -> String {
    let mut table = Table(String::new());
    table.text("The Magpie charm in Rust, and its like in Python");
    table.text(figures.python.as_deref().unwrap_or("(no Python here: nothing to compare with)"));
    table.text("");
    table.line("", "Rust", "Python", "ratio");
    let kinds = |dispatch: &Dispatch| label(dispatch.hook, dispatch.peers);

    table.text("hook commands of a dispatch");
    for dispatch in &figures.dispatches {
        table.row(&kinds(dispatch), &dispatch.commands, |commands| commands.to_string());
    }
    table.text(&format!("time of a dispatch in ms, median (quartiles) of {}", figures.runs));
    for dispatch in &figures.dispatches {
        table.row(&kinds(dispatch), &dispatch.milliseconds, spread);
    }
    table.text("peak memory of a dispatch in MiB");
    for dispatch in &figures.dispatches {
        match &dispatch.peak_memory_kib {
            Some(memory) => table.row(&kinds(dispatch), memory, |kib| format!("{:.1}", kib as f64 / 1024.0)),
            None => table.line(&kinds(dispatch), "-", "-", "-"),
        }
    }
    table.text("size in KiB: the executable; the Python packages");
    let kib = |bytes: u64| format!("{:.0}", bytes as f64 / 1024.0);
    table.row("  in the charm", &figures.sizes.packed, kib);
    table.row("  on a unit, with bytecode", &figures.sizes.on_unit, kib);
    table.text("dispatches in one process, per second");
    for in_process in &figures.in_process {
        let label = label(in_process.hook, in_process.peers);
        let Both { rust, python } = in_process.per_second;
        let ratio = python.map(|python| times(rust / python));
        let per_second = |rate: f64| format!("{rate:.0}");
        table.line(&label, &per_second(rust), &or_dash(python.map(per_second)), &or_dash(ratio));
    }

    table.text("");
    table.text("ratio: how many times less Rust needs, or how many times more it runs.");
    table.text(&format!(
        "The simulator's part of a time: {:.1} ms a dispatch, {:.1} ms a hook command.",
        figures.door.empty_dispatch_milliseconds, figures.door.command_milliseconds
    ));
    table.0
}

struct Table(String);

impl Table {
    fn text(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn line(&mut self, label: &str, rust: &str, python: &str, ratio: &str) {
        let _ = writeln!(self.0, "{label:LABEL$}{rust:>RUST$}{python:>PYTHON$}{ratio:>RATIO$}");
    }

    /// A figure of which less is better.
    fn row<T: Figure>(&mut self, label: &str, both: &Both<T>, show: impl Fn(T) -> String) {
        let python = or_dash(both.python.map(&show));
        self.line(label, &show(both.rust), &python, &or_dash(both.ratio().map(times)));
    }
}

fn label(hook: &str, peers: usize) -> String {
    format!("  {}, {peers} peers", hook.trim_start_matches("magpie-"))
}

fn spread(times: Spread) -> String {
    let Spread { lower_quartile, median, upper_quartile, .. } = times;
    // So that it fits its column.
    let digits = if upper_quartile < 100.0 { 1 } else { 0 };
    format!("{median:.digits$} ({lower_quartile:.digits$}..{upper_quartile:.digits$})")
}

fn times(ratio: f64) -> String {
    format!("{ratio:.1}")
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}
