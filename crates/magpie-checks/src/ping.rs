//! ICMP echo: whether hosts answer, how many requests are lost, and how long the others take.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::icmp::{Answer, Family, Probe, exchange};

/// How hosts are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many requests each host is sent.
    pub tries: u32,
    /// The time from one request to the next.
    pub interval: Duration,
    /// How long an answer is waited for after the last request.
    pub timeout: Duration,
    /// The size of the whole IP packet, in bytes; never fragmented.
    pub size: u16,
}

/// What one host answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    /// The host.
    pub address: IpAddr,
    /// How many requests there were, without those for which this host had no room.
    pub sent: u32,
    /// How many of them were answered in time.
    pub received: u32,
    /// The round trips in milliseconds; none where nothing came back.
    pub round_trip: Option<RoundTrip>,
    /// Why requests could not be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Round trips, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// The shortest.
    pub min: f64,
    /// The mean.
    pub avg: f64,
    /// The longest.
    pub max: f64,
    /// The mean difference between one and the next.
    pub jitter: f64,
}

/// The most requests to a host.
pub const MOST_TRIES: u32 = 1_000;

/// As `ping_tries`, `ping_interval` and `ping_timeout` of the charm by default, in packets of 84 bytes, as `ping` has.
impl Default for Options {
    fn default() -> Self {
        Self { tries: 20, interval: Duration::from_millis(50), timeout: Duration::from_secs(2), size: 84 }
    }
}

impl Options {
    /// How long a check takes at most, however many hosts there are.
    pub fn longest(&self) -> Duration {
        self.interval.saturating_mul(self.tries.min(MOST_TRIES)) + self.timeout
    }
}

impl Echo {
    /// The share of requests that was not answered, of 1.
    pub fn loss(&self) -> f64 {
        if self.sent == 0 { 1.0 } else { 1.0 - f64::from(self.received) / f64::from(self.sent) }
    }

    /// Whether every request was answered.
    pub fn is_ok(&self) -> bool {
        self.sent > 0 && self.received == self.sent
    }
}

/// Asks all hosts side by side. The answers are in the order of the hosts.
///
/// It takes [`Options::longest`] at most: a host that answers late, or not at all, delays no other. Needs a raw socket
/// (root, or `CAP_NET_RAW`), else one of the kernel's for unprivileged ping; where neither may be had, each [`Echo::error`]
/// says so.
pub fn ping(hosts: &[IpAddr], options: &Options) -> Vec<Echo> {
    let tries = options.tries.clamp(1, MOST_TRIES);
    let count = u32::try_from(hosts.len()).unwrap_or(u32::MAX).max(1);
    let mut probes = Vec::new();
    for round in 0..tries {
        // Those of one round are spread over the interval: what all of them answer at once may not fit anywhere.
        for (at, &to) in (0_u32..).zip(hosts) {
            let at = options.interval * round + (options.interval * at) / count;
            probes.push(Probe { to, at, size: usize::from(options.size).max(Family::of(to).smallest()) });
        }
    }
    let answers = exchange(&probes, options.timeout);
    let of = |host: usize| answers.iter().skip(host).step_by(hosts.len().max(1));
    hosts.iter().enumerate().map(|(at, &address)| summed(address, of(at))).collect()
}

fn summed<'a>(address: IpAddr, answers: impl Iterator<Item = &'a Answer>) -> Echo {
    let (mut trips, mut error, mut sent) = (Vec::new(), None, 0);
    for answer in answers {
        trips.extend(answer.trip.map(|trip| trip.as_secs_f64() * 1000.0));
        sent += u32::from(!answer.had_no_room);
        if let Some(refused) = &answer.refused {
            error.get_or_insert_with(|| refused.clone());
        }
    }
    if sent == 0 {
        error = Some("this host has no room to send anything".to_owned());
    }
    Echo { address, sent, received: u32::try_from(trips.len()).unwrap_or(u32::MAX), round_trip: of(&trips), error }
}

fn of(trips: &[f64]) -> Option<RoundTrip> {
    #[allow(clippy::cast_precision_loss, reason = "some thousands")]
    let mean = |all: &mut dyn Iterator<Item = f64>, count: usize| all.sum::<f64>() / count.max(1) as f64;
    let min = trips.iter().copied().reduce(f64::min)?;
    let max = trips.iter().copied().reduce(f64::max)?;
    let avg = mean(&mut trips.iter().copied(), trips.len());
    let jitter = mean(&mut trips.windows(2).map(|pair| (pair[1] - pair[0]).abs()), trips.len() - 1);
    // A sum of nothing is -0.
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0 + 0.0;
    Some(RoundTrip { min: rounded(min), avg: rounded(avg), max: rounded(max), jitter: rounded(jitter) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_are_summed_up() {
        let trip = of(&[1.0, 3.0, 2.0]).unwrap();
        assert_eq!((trip.min, trip.avg, trip.max, trip.jitter), (1.0, 2.0, 3.0, 1.5));
        assert_eq!(of(&[0.5]).unwrap().jitter.to_string(), "0");
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn what_could_not_be_sent_is_not_what_did_not_come_back() {
        let back = Answer { trip: Some(Duration::from_millis(1)), ..Answer::default() };
        let no_room = Answer { had_no_room: true, ..Answer::default() };
        let address = IpAddr::from([10, 0, 0, 1]);
        let echo = summed(address, [&back, &no_room, &back].into_iter());
        assert_eq!((echo.sent, echo.received, echo.is_ok(), &echo.error), (2, 2, true, &None));
        let echo = summed(address, [&back, &Answer::default()].into_iter());
        assert_eq!((echo.sent, echo.received, echo.is_ok()), (2, 1, false));
        let echo = summed(address, [&no_room; 2].into_iter());
        assert_eq!((echo.sent, echo.is_ok(), echo.error.is_some()), (0, false, true));
    }

    #[test]
    fn no_host_is_no_answer() {
        assert_eq!(ping(&[], &Options::default()), []);
    }

    #[test]
    fn the_longest_time_is_stated() {
        assert_eq!(Options::default().longest(), Duration::from_secs(3));
    }
}
