use std::time::Duration;

use serde::Serialize;

use crate::scene::{Sample, Weight};

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) machine: Machine,
    /// What there was no charm of, and why.
    pub(crate) missing: Vec<String>,
    pub(crate) floor: Floor,
    /// With hook commands as fast as those of the simulator.
    pub(crate) fast: Vec<Row>,
    /// With hook commands as slow as Juju's.
    pub(crate) slow: Vec<Row>,
    pub(crate) growth: Vec<Growth>,
    pub(crate) sizes: Vec<Size>,
    pub(crate) in_process: Vec<InProcess>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) processors: usize,
    pub(crate) kernel: String,
    pub(crate) python: Option<String>,
    pub(crate) go: Option<String>,
}

/// What nothing is faster than, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Floor {
    /// One hook command as a process.
    pub(crate) command: f64,
    /// One on a connection that is there.
    pub(crate) call: f64,
}

/// One event, of all charms.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) event: String,
    /// What nothing is faster than, measured in the same turns.
    pub(crate) floor: RowFloor,
    pub(crate) cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct RowFloor {
    /// Starting an empty static executable and waiting for it.
    pub(crate) start: Spread,
    /// The same as the `dispatch` of a charm: what is more is the simulator's.
    pub(crate) dispatch: Spread,
}

/// One event of one charm.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cell {
    pub(crate) subject: &'static str,
    /// The median, should they differ.
    pub(crate) commands: usize,
    /// Milliseconds from the start of the process until the simulator has taken its end.
    pub(crate) wall: Spread,
    pub(crate) weight: Option<Weighed>,
    /// Each measured time, in milliseconds.
    pub(crate) samples: Vec<f64>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Weighed {
    pub(crate) peak_mib: f64,
    pub(crate) cpu_ms: f64,
    /// How many processes and threads there were, the first one too.
    pub(crate) tasks: u64,
}

/// How measured times are spread, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) lower_quartile: f64,
    pub(crate) median: f64,
    pub(crate) upper_quartile: f64,
}

/// Cost against a size.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) subject: &'static str,
    /// Size and median milliseconds.
    pub(crate) points: Vec<(f64, f64)>,
    /// Microseconds for each one more, by least squares.
    pub(crate) slope_us: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Size {
    pub(crate) what: String,
    pub(crate) bytes: u64,
}

/// Dispatches for which no process is started, in a second.
#[derive(Debug, Serialize)]
pub(crate) struct InProcess {
    pub(crate) peers: usize,
    pub(crate) rust: f64,
    pub(crate) python: Option<f64>,
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Spread {
    pub(crate) fn of(times: &[Duration]) -> Spread {
        let mut times: Vec<f64> = times.iter().map(|time| ms(*time)).collect();
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times.get((times.len().saturating_sub(1) * part + 2) / 4).copied().unwrap_or(f64::NAN);
        Spread { lower_quartile: at(1), median: at(2), upper_quartile: at(3) }
    }
}

impl Cell {
    pub(crate) fn of(subject: &'static str, samples: &[Sample], weighed: &[Weight]) -> Cell {
        let times: Vec<Duration> = samples.iter().map(|sample| sample.time).collect();
        let mut commands: Vec<usize> = samples.iter().map(|sample| sample.commands).collect();
        commands.sort_unstable();
        let commands = commands.get(commands.len() / 2).copied().unwrap_or(0);
        // What else the machine starts is more of it, never less.
        let tasks = weighed.iter().map(|weight| weight.tasks).min();
        let cpu = Spread::of(&weighed.iter().map(|weight| weight.cpu).collect::<Vec<_>>()).median;
        let peak = weighed.iter().map(|weight| weight.peak_kib).max();
        let weight = peak.zip(tasks);
        let weight = weight.map(|(peak, tasks)| Weighed { peak_mib: peak as f64 / 1024.0, cpu_ms: cpu, tasks });
        Cell { subject, commands, wall: Spread::of(&times), weight, samples: times.iter().map(|it| ms(*it)).collect() }
    }
}

impl RowFloor {
    /// What a dispatch takes by itself, of what it takes in the simulator: never less than starting a process does.
    pub(crate) fn own(&self, wall: f64) -> f64 {
        (wall - self.dispatch.median + self.start.median).max(self.start.median)
    }
}

impl Row {
    pub(crate) fn of(&self, subject: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.subject == subject)
    }
}

impl Line {
    pub(crate) fn new(subject: &'static str, points: Vec<(f64, f64)>) -> Line {
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|it| it.0), mean(|it| it.1));
        let (up, down) = points
            .iter()
            .fold((0.0, 0.0), |(up, down), it| (up + (it.0 - x) * (it.1 - y), down + (it.0 - x) * (it.0 - x)));
        Line { subject, points, slope_us: if down > 0.0 { up / down * 1e3 } else { 0.0 } }
    }
}
