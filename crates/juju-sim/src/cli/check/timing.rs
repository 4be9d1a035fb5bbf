use std::time::Duration;

use serde::{Serialize, Serializer};

/// How long hooks and actions took, in the order in which they first ran.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Timings(Vec<Timing>);

/// How long one hook took.
#[derive(Debug, Serialize)]
pub(super) struct Timing {
    pub(super) hook: String,
    pub(super) runs: usize,
    #[serde(serialize_with = "seconds")]
    pub(super) slowest: Duration,
    #[serde(serialize_with = "seconds")]
    pub(super) total: Duration,
}

impl Timings {
    pub(super) fn push(&mut self, hook: &str, time: Duration) {
        match self.0.iter_mut().find(|known| known.hook == hook) {
            Some(known) => {
                known.runs += 1;
                known.slowest = known.slowest.max(time);
                known.total += time;
            }
            None => self.0.push(Timing { hook: hook.to_owned(), runs: 1, slowest: time, total: time }),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Timing> {
        self.0.iter()
    }
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}
