//! Whose turn it is to measure whom.
//!
//! Two measurements on one link would measure each other. So time is cut into turns, and in each turn the units are paired,
//! each with one other at most, as in a tournament where each plays each. All units make the same pairs: from the units of the
//! peer relation, sorted by number, and the clock. Where two disagree, since one has not seen a third yet or its clock
//! is wrong, the one that is asked while it is busy says so (see [`throughput`](magpie_checks::throughput)).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::store::Plan;

/// What a turn takes beside the measurement: connecting, the last answer, and clocks that differ.
const MARGIN: u64 = 4;

/// When all that was sent in a measurement has arrived, after its end.
const SETTLED: Duration = Duration::from_millis(1200);
/// What is to be left of a turn for pings to begin in it, by default a second's.
const PINGS: Duration = Duration::from_millis(1200);
/// The longest that pings wait.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a turn is, with measurements of so many seconds.
pub(crate) fn length(duration: u32) -> Duration {
    Duration::from_secs(u64::from(duration) + MARGIN)
}

/// The turn that it is, and how long it goes on.
pub(crate) fn now(length: Duration) -> (u64, Duration) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let slot = since.as_nanos() / length.as_nanos().max(1);
    let next = length.as_nanos() * (slot + 1) - since.as_nanos();
    (u64::try_from(slot).unwrap_or(0), Duration::from_nanos(u64::try_from(next).unwrap_or(u64::MAX)))
}

/// How long until the part of a turn in which nobody measures: pings beside a measurement tell of the queues that it makes.
/// None where that is too long to be waited for.
pub(crate) fn until_quiet(duration: u32) -> Duration {
    let length = length(duration);
    quiet_in(length.saturating_sub(now(length).1), duration)
}

fn quiet_in(elapsed: Duration, duration: u32) -> Duration {
    let length = length(duration);
    let begins = Duration::from_secs(duration.into()) + SETTLED;
    let wait = match length.saturating_sub(elapsed) {
        _ if elapsed < begins => begins - elapsed,
        left if left < PINGS => left + begins,
        _ => Duration::ZERO,
    };
    if wait > PATIENCE { Duration::ZERO } else { wait }
}

/// Whom a unit measures in a turn; none where it is measured, or rests.
pub(crate) fn measures(plan: &Plan, slot: u64) -> Option<String> {
    let mut units: Vec<&str> = plan.peers.keys().map(String::as_str).chain([plan.unit.as_str()]).collect();
    units.sort_by_key(|unit| number(unit));
    let own = units.iter().position(|unit| *unit == plan.unit)?;
    let other = partner(own, units.len(), slot / 2)?;
    // In the second turn of a pair the other way round.
    ((own < other) == slot.is_multiple_of(2)).then(|| units[other].to_owned())
}

fn number(unit: &str) -> u64 {
    unit.rsplit_once('/').and_then(|(_, number)| number.parse().ok()).unwrap_or(u64::MAX)
}

/// The other one of the pair that a place is in, of so many, in a round: the circle method, in which the last place stands
/// still and the others go round.
fn partner(place: usize, count: usize, round: u64) -> Option<usize> {
    let even = count + count % 2;
    if count < 2 {
        return None;
    }
    let circle = even - 1;
    let round = usize::try_from(round % u64::try_from(circle).ok()?).ok()?;
    // Places of a round that add up to it, around the circle, are a pair; the one that is its own meets the last.
    let other = if place == circle {
        (0..circle).find(|it| (it + it) % circle == round)?
    } else {
        let other = (round + circle - place) % circle;
        if other == place { circle } else { other }
    };
    (other < count).then_some(other)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_meets_each_and_none_two_at_a_time() {
        for count in 0..12 {
            let mut met = BTreeSet::new();
            let rounds = u64::try_from(count + count % 2).unwrap().saturating_sub(1);
            for round in 0..rounds {
                for place in 0..count {
                    let Some(other) = partner(place, count, round) else { continue };
                    assert_ne!(place, other);
                    assert_eq!(partner(other, count, round), Some(place), "{place} of {count} in round {round}");
                    met.insert((place, other));
                }
            }
            assert_eq!(met.len(), count * count.saturating_sub(1), "{count}");
        }
    }

    #[test]
    fn pings_wait_until_nobody_measures() {
        let millis = Duration::from_millis;
        for (elapsed, wait) in [(0, 2200), (1000, 1200), (2200, 0), (3800, 0), (3900, 1100 + 2200), (4900, 100 + 2200)]
        {
            assert_eq!(quiet_in(millis(elapsed), 1), millis(wait), "{elapsed}");
        }
        assert_eq!(quiet_in(millis(0), 600), Duration::ZERO, "not for ten minutes");
        assert!(until_quiet(1) <= length(1));
    }

    #[test]
    fn a_turn_has_an_end() {
        let (slot, left) = now(length(1));
        assert!(slot > 0 && left <= length(1));
    }
}
