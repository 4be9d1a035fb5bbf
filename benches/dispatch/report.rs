//! What was measured, as Markdown and as a chart.

use std::fmt::Write as _;

use crate::chart::{Panel, chart};
use crate::figures::{Cell, Figures, Growth, Row, Spread};
use crate::subject::{EXEC, GOOPS, OPS, SOCKET};

/// A target, and what came of it.
struct Target {
    dispatch: &'static str,
    target: &'static str,
    /// The figure, and whether it is met.
    found: Option<(String, bool)>,
}

pub(crate) fn markdown(figures: &Figures) -> String {
    let mut text = String::new();
    let machine = &figures.machine;
    let line = |text: &mut String, line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    line(&mut text, &format!("{}, {} processors, Linux {}", machine.processor, machine.processors, machine.kernel));
    for version in [&machine.python, &machine.go].into_iter().flatten() {
        line(&mut text, &format!("; {version}"));
    }
    line(&mut text, ".");
    for missing in &figures.missing {
        line(&mut text, &format!("\n**Not measured:** {missing}"));
    }
    let floor = &figures.floor;
    let _ = writeln!(
        text,
        "\n### The floor\n\n| | ms |\n| --- | ---: |\n\
         | one hook command as a process | {:.2} |\n\
         | one call on a connection that is there | {:.3} |",
        floor.command, floor.call
    );
    if let Some(row) = figures.fast.first() {
        let _ = writeln!(
            text,
            "| starting an empty static executable, in turns with {} | {} |\n\
             | the same as a charm's `dispatch`: what is more is the simulator's | {} |",
            row.event,
            spread(row.floor.start),
            spread(row.floor.dispatch)
        );
    }
    line(&mut text, "\n### Targets\n\n| dispatch | target | measured | |\n| --- | --- | --- | --- |");
    for Target { dispatch, target, found } in targets(figures) {
        let (found, is_met) = found.unwrap_or_else(|| ("not measured".to_owned(), false));
        let _ = writeln!(text, "| {dispatch} | {target} | {found} | {} |", if is_met { "met" } else { "**missed**" });
    }
    line(&mut text, "\n### Hook commands as fast as the simulator's");
    table(&mut text, &figures.fast);
    line(&mut text, "\n### Hook commands as slow as Juju's: each process is busy for 6 ms more");
    table(&mut text, &figures.slow);
    line(&mut text, "\n### Growth\n\n| cost of | against | charm | microseconds for one more | milliseconds at each |");
    line(&mut text, "| --- | --- | --- | ---: | --- |");
    for Growth { what, unit, lines } in &figures.growth {
        for it in lines {
            let points: Vec<String> = it.points.iter().map(|(x, y)| format!("{x}: {y:.1}")).collect();
            let _ = writeln!(text, "| {what} | {unit} | {} | {:.2} | {} |", it.subject, it.slope_us, points.join(", "));
        }
    }
    line(&mut text, "\n### Size\n\n| | KiB |\n| --- | ---: |");
    for size in &figures.sizes {
        let _ = writeln!(text, "| {} | {:.0} |", size.what, size.bytes as f64 / 1024.0);
    }
    line(
        &mut text,
        "\n### In one process\n\n| `update-status` | juju-ops, a second | ops-scenario, a second | ratio |",
    );
    line(&mut text, "| --- | ---: | ---: | ---: |");
    for it in &figures.in_process {
        let python = it.python.map_or("-".to_owned(), |python| format!("{python:.0}"));
        let ratio = it.python.map_or("-".to_owned(), |python| format!("{:.0}", it.rust / python));
        let _ = writeln!(text, "| {} peers | {:.0} | {python} | {ratio} |", it.peers, it.rust);
    }
    text
}

fn table(text: &mut String, rows: &[Row]) {
    text.push_str(
        "\n| event | charm | wall, ms (quartiles) | to juju-ops | CPU, ms | peak, MiB | hook commands | processes and threads |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let rust = row.of(SOCKET).map(|cell| cell.wall.median);
        for cell in &row.cells {
            let ratio = rust.map_or(f64::NAN, |rust| cell.wall.median / rust);
            let weight = cell.weight.map_or("- | -".to_owned(), |it| format!("{:.1} | {:.1}", it.cpu_ms, it.peak_mib));
            let tasks = cell.weight.map_or("-".to_owned(), |it| it.tasks.to_string());
            let (event, wall) = (&row.event, spread(cell.wall));
            let Cell { subject, commands, .. } = cell;
            let _ = writeln!(text, "| {event} | {subject} | {wall} | {ratio:.1} | {weight} | {commands} | {tasks} |");
        }
    }
}

fn spread(Spread { lower_quartile, median, upper_quartile }: Spread) -> String {
    let digits = if upper_quartile < 10.0 { 2 } else { usize::from(upper_quartile < 100.0) };
    format!("{median:.digits$} ({lower_quartile:.digits$}–{upper_quartile:.digits$})")
}

fn targets(figures: &Figures) -> Vec<Target> {
    let row = |event: &str| figures.fast.iter().find(|row| row.event == event);
    let wall = |event: &str, subject: &str| Some(row(event)?.of(subject)?.wall.median);
    let commands = |event: &str, subject: &str| Some(row(event)?.of(subject)?.commands);
    let own = |event: &str, subject: &str| Some(row(event)?.floor.own(wall(event, subject)?));
    let to_floor = |event: &str, most: f64| {
        let ratio = own(event, SOCKET)? / row(event)?.floor.start.median;
        Some((format!("{ratio:.1} ×"), ratio <= most))
    };
    let to_ops = |event: &str, subject: &str, least: f64| {
        let ratio = own(event, OPS)? / own(event, subject)?;
        Some((format!("{ratio:.0} ×"), ratio >= least))
    };
    let to_two = |event: &str, most: f64| {
        let ratio = own(event, SOCKET)? / own(JOINED_2, SOCKET)?;
        Some((format!("{ratio:.1} ×"), ratio <= most))
    };
    let halves = || {
        let (rust, ops) = (commands(JOINED_2, SOCKET)?, commands(JOINED_2, OPS)?);
        Some((format!("{rust} : {ops}"), rust * 2 <= ops))
    };
    let goops = || {
        let beside = figures.fast.iter().filter_map(|row| Some((row, row.of(SOCKET)?, row.of(GOOPS)?)));
        let all: Vec<_> = beside.collect();
        let slower = all.iter().filter(|(_, rust, go)| rust.wall.median >= go.wall.median).count();
        let more: Vec<&str> =
            all.iter().filter(|(_, rust, go)| rust.commands > go.commands).map(|it| it.0.event.as_str()).collect();
        let least = all.iter().map(|(_, rust, go)| go.wall.median / rust.wall.median).fold(f64::INFINITY, f64::min);
        let found = format!(
            "at least {least:.1} × faster; {slower} slower; more hook commands: {}",
            if more.is_empty() { "none".to_owned() } else { more.join(", ") }
        );
        (!all.is_empty()).then_some((found, slower == 0 && more.is_empty()))
    };
    let in_process = || {
        let ratios = figures.in_process.iter().filter_map(|it| Some(it.rust / it.python?));
        let least = ratios.fold(f64::INFINITY, f64::min);
        least.is_finite().then(|| (format!("{least:.0} × at least"), least >= 200.0))
    };
    let target = |dispatch, target, found| Target { dispatch, target, found };
    vec![
        target(UNOBSERVED, "at most 2 × the floor", to_floor(UNOBSERVED, 2.0)),
        target(UNOBSERVED, "at least 100 × faster than ops", to_ops(UNOBSERVED, SOCKET, 100.0)),
        target(STATUS_100, "at most 4 × the floor", to_floor(STATUS_100, 4.0)),
        target(JOINED_2, "executables: at least 20 × faster than ops", to_ops(JOINED_2, EXEC, 20.0)),
        target(JOINED_2, "socket: at least 100 × faster than ops", to_ops(JOINED_2, SOCKET, 100.0)),
        target(JOINED_2, "hook commands at most half of ops's", halves()),
        target(JOINED_100, "at most 3 × that of 2 peers", to_two(JOINED_100, 3.0)),
        target(JOINED_1000, "at most 20 × that of 2 peers", to_two(JOINED_1000, 20.0)),
        target("any row", "faster than goops, with no more hook commands", goops()),
        target("in one process", "at least 200 × ops-scenario", in_process()),
    ]
}

pub(crate) const UNOBSERVED: &str = "`update-status`, unobserved";
pub(crate) const STATUS_100: &str = "`update-status`, 100 peers";
pub(crate) const JOINED_2: &str = "`relation-joined`, 2 peers";
pub(crate) const JOINED_100: &str = "`relation-joined`, 100 peers";
pub(crate) const JOINED_1000: &str = "`relation-joined`, 1000 peers";

pub(crate) fn svg(figures: &Figures) -> String {
    let panels: Vec<Panel> = figures
        .growth
        .iter()
        .map(|growth| Panel {
            title: format!("{}, ms", growth.what.replace('`', "")),
            below: growth.unit.to_owned(),
            x: (0, if growth.unit == "KiB" { 4 } else { 3 }),
            y: (0, 4),
            lines: growth.lines.iter().map(|line| (line.subject.to_owned(), line.points.clone())).collect(),
        })
        .collect();
    chart(&panels)
}
