//! What a unit tells the others of its results: a few numbers for each peer, for the report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::store::{Plan, Results};

/// The numbers of all peers of a unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The form.
    v: u32,
    /// When they were found, in seconds of Unix time.
    pub at: u64,
    /// By the number of the peer: percent of loss, mean round trip in microseconds, path MTU, Mbit/s, and whether DNS
    /// is in order. What was not tried is null; an MTU or a speed that was, and came to nothing, is 0.
    pub peers: BTreeMap<u32, Numbers>,
}

/// What is told of a peer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers(
    /// Percent of echo requests that did not come back.
    pub Option<u32>,
    /// Mean round trip, in microseconds.
    pub Option<u32>,
    /// Path MTU, in bytes.
    pub Option<u32>,
    /// Throughput, in Mbit/s.
    pub Option<u32>,
    /// Whether name and address stand for each other in DNS.
    pub Option<bool>,
);

/// The most peers that are told of, and the longest text that is read.
const PEERS: usize = 500;
const LONGEST: usize = 64 << 10;
/// What has not changed much is told again after this, in seconds.
const AGAIN: u64 = 60 * 60;
/// A unit that has told nothing for so long, in seconds, tells nothing any more: its hour is over, and some.
pub(crate) const SILENT: u64 = 90 * 60;

impl Summary {
    /// The key of the databag.
    pub const KEY: &str = "magpie-results";

    pub(crate) fn of(plan: &Plan, results: &Results) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded, and not negative")]
        let whole = |value: f64| value.clamp(0.0, 4e9).round() as u32;
        let mut peers = BTreeMap::new();
        for (unit, peer) in results.peers.iter().filter(|(unit, _)| plan.peers.contains_key(*unit)) {
            let Some(number) = unit.rsplit_once('/').and_then(|(_, number)| number.parse().ok()) else { continue };
            let loss = peer.loss().or(peer.error.as_ref().map(|_| 100));
            let numbers = Numbers(
                loss,
                peer.round_trip.map(|trip| whole(trip.avg * 1000.0)),
                peer.mtu.map(|(found, _)| found.unwrap_or(0)),
                peer.throughput.map(|(speed, _)| whole(speed / 1e6)).or(peer.throughput_error.as_ref().map(|_| 0)),
                peer.dns().map(|fault| fault.is_none()),
            );
            if peers.len() < PEERS {
                peers.insert(number, numbers);
            }
        }
        Self { v: 1, at: results.at, peers }
    }

    /// What a unit told; none where it cannot be read. A peer may say anything.
    ///
    /// ```
    /// use magpie::Summary;
    ///
    /// assert_eq!(Summary::read("[]"), None);
    /// let told = Summary::read(r#"{"v":1,"at":0,"peers":{"3":[0,120,1500,940,true]}}"#).unwrap();
    /// assert_eq!(told.peers[&3].2, Some(1500));
    /// ```
    pub fn read(text: &str) -> Option<Self> {
        let mut told: Self = if text.len() <= LONGEST { serde_json::from_str(text).ok()? } else { return None };
        // What cannot be is not known.
        for Numbers(loss, trip, mtu, speed, _) in told.peers.values_mut() {
            *loss = loss.filter(|loss| *loss <= 100);
            *trip = trip.filter(|micros| *micros <= 60_000_000);
            *mtu = mtu.filter(|mtu| *mtu <= 65_535);
            *speed = speed.filter(|mbits| *mbits <= 10_000_000);
        }
        (told.v == 1 && told.peers.len() <= PEERS).then_some(told)
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it is worth a hook at every other unit.
    pub(crate) fn is_news_to(&self, told: &Self) -> bool {
        if self.peers == told.peers {
            return false;
        }
        let differs = |(unit, numbers): (&u32, &Numbers)| {
            told.peers.get(unit).is_none_or(|before| {
                let (was, is) = (before, numbers);
                far(was.0, is.0, |was, is| was.abs_diff(is) >= 5 || (was == 0) != (is == 0))
                    || far(was.1, is.1, |was, is| was.max(is) > 1000 && was.max(is) > 2 * was.min(is))
                    || was.2 != is.2
                    || far(was.3, is.3, |was, is| was.abs_diff(is) > was / 4)
                    || was.4 != is.4
            })
        };
        self.peers.len() != told.peers.len() || self.peers.iter().any(differs) || self.at.abs_diff(told.at) > AGAIN
    }
}

fn far(was: Option<u32>, is: Option<u32>, far: impl Fn(u32, u32) -> bool) -> bool {
    match (was, is) {
        (Some(was), Some(is)) => far(was, is),
        (was, is) => was.is_some() != is.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(loss: u32, trip: u32, speed: u32) -> Summary {
        let numbers = Numbers(Some(loss), Some(trip), Some(1500), Some(speed), Some(true));
        Summary { v: 1, at: 1000, peers: BTreeMap::from([(3, numbers)]) }
    }

    #[test]
    fn small_changes_are_no_news() {
        let before = told(0, 150, 9000);
        for (after, is_news) in [
            (told(0, 150, 9000), false),
            (told(0, 300, 9900), false),
            (told(5, 150, 9000), true),
            (told(1, 150, 9000), true),
            (told(0, 20_000, 9000), true),
            (told(0, 150, 900), true),
        ] {
            assert_eq!(after.is_news_to(&before), is_news, "{after:?}");
        }
        let late = Summary { at: 10_000, ..told(0, 160, 9000) };
        assert!(late.is_news_to(&before));
    }

    #[test]
    fn two_hundred_peers_are_a_few_kilobytes() {
        let numbers = Numbers(Some(100), Some(2_000_000), Some(9000), Some(25_000), Some(false));
        let summary = Summary { v: 1, at: 1_800_000_000, peers: (0..200).map(|number| (number, numbers)).collect() };
        assert!(summary.text().len() < 8 << 10, "{}", summary.text().len());
        assert_eq!(Summary::read(&summary.text()), Some(summary));
    }

    #[test]
    fn what_cannot_be_is_not_known() {
        let told =
            Summary::read(r#"{"v":1,"at":0,"peers":{"3":[101,4294967295,4294967295,4294967295,true]}}"#).unwrap();
        assert_eq!(told.peers[&3], Numbers(None, None, None, None, Some(true)));
    }

    #[test]
    fn what_a_peer_makes_up_is_not_read() {
        for bad in [
            "",
            "{}",
            "null",
            r#"{"v":2,"at":0,"peers":{}}"#,
            r#"{"v":1,"at":0,"peers":{"3":[0]}}"#,
            &"[".repeat(1 << 20),
        ] {
            assert_eq!(Summary::read(bad), None);
        }
    }
}
