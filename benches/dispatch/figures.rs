use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::Result;
use crate::scene::Sample;

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// The interpreter and the packages; none: there was no Python charm.
    pub(crate) python: Option<String>,
    /// How many dispatches of each kind were measured.
    pub(crate) runs: usize,
    pub(crate) dispatches: Vec<Dispatch>,
    pub(crate) door: Door,
    pub(crate) sizes: Sizes,
    pub(crate) in_process: Vec<InProcess>,
}

/// A figure of the Rust charm, and that of the Python charm if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Both<T> {
    pub(crate) rust: T,
    pub(crate) python: Option<T>,
}

/// A dispatch of one kind.
#[derive(Debug, Serialize)]
pub(crate) struct Dispatch {
    pub(crate) hook: &'static str,
    pub(crate) peers: usize,
    /// The median, should they differ.
    pub(crate) commands: Both<usize>,
    pub(crate) milliseconds: Both<Spread>,
    pub(crate) peak_memory_kib: Option<Both<u64>>,
}

/// How measured times are spread.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) lower_quartile: f64,
    pub(crate) median: f64,
    pub(crate) upper_quartile: f64,
    pub(crate) max: f64,
}

/// What the simulator itself takes.
#[derive(Debug, Serialize)]
pub(crate) struct Door {
    /// For a dispatch that is an empty shell script.
    pub(crate) empty_dispatch_milliseconds: f64,
    /// For one hook command, called by a shell script.
    pub(crate) command_milliseconds: f64,
}

/// Bytes.
#[derive(Debug, Serialize)]
pub(crate) struct Sizes {
    pub(crate) packed: Both<u64>,
    pub(crate) on_unit: Both<u64>,
}

/// Dispatches for which no process is started.
#[derive(Debug, Serialize)]
pub(crate) struct InProcess {
    pub(crate) hook: &'static str,
    pub(crate) peers: usize,
    pub(crate) per_second: Both<f64>,
}

/// A figure that can be put in relation to another.
pub(crate) trait Figure: Copy + Serialize {
    fn amount(self) -> f64;
}

impl Figure for f64 {
    fn amount(self) -> f64 {
        self
    }
}

impl Figure for u64 {
    fn amount(self) -> f64 {
        self as f64
    }
}

impl Figure for usize {
    fn amount(self) -> f64 {
        self as f64
    }
}

impl Figure for Spread {
    fn amount(self) -> f64 {
        self.median
    }
}

impl<T: Figure> Both<T> {
    /// The figure of Python divided by that of Rust.
    pub(crate) fn ratio(&self) -> Option<f64> {
        Some(self.python?.amount() / self.rust.amount())
    }
}

impl<T: Figure> Serialize for Both<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut both = serializer.serialize_struct("Both", 3)?;
        both.serialize_field("rust", &self.rust)?;
        both.serialize_field("python", &self.python)?;
        both.serialize_field("python_per_rust", &self.ratio())?;
        both.end()
    }
}

impl Dispatch {
    /// Of the samples and the peak memory of the Rust charm and, if there is one, the Python charm.
    pub(crate) fn new(
        hook: &'static str,
        peers: usize,
        samples: &[Vec<Sample>],
        memory: &[Option<u64>],
    ) -> Result<Dispatch> {
        let commands: Vec<usize> = samples.iter().map(|samples| commands(samples)).collect();
        let spreads: Vec<Spread> = samples.iter().map(|samples| Spread::of(samples)).collect();
        let memory: Option<Vec<u64>> = memory.iter().copied().collect();
        let peak_memory_kib = memory.map(|memory| both(&memory)).transpose()?;
        Ok(Dispatch { hook, peers, commands: both(&commands)?, milliseconds: both(&spreads)?, peak_memory_kib })
    }
}

fn both<T: Copy>(figures: &[T]) -> Result<Both<T>> {
    let rust = *figures.first().ok_or("nothing was measured")?;
    Ok(Both { rust, python: figures.get(1).copied() })
}

fn commands(samples: &[Sample]) -> usize {
    let mut commands: Vec<usize> = samples.iter().map(|sample| sample.commands).collect();
    commands.sort_unstable();
    commands[commands.len() / 2]
}

impl Spread {
    pub(crate) fn of(samples: &[Sample]) -> Spread {
        let mut times: Vec<f64> = samples.iter().map(|sample| sample.time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let last = times.len() - 1;
        let at = |part: usize| times[(last * part + 2) / 4];
        Spread { min: at(0), lower_quartile: at(1), median: at(2), upper_quartile: at(3), max: at(4) }
    }
}

impl Door {
    /// Of dispatches that do nothing, and dispatches that call so many commands.
    pub(crate) fn new(empty: &[Sample], calling: &[Sample], commands: u32) -> Door {
        let (empty, calling) = (Spread::of(empty).median, Spread::of(calling).median);
        Door { empty_dispatch_milliseconds: empty, command_milliseconds: (calling - empty) / f64::from(commands) }
    }
}
