use std::time::Duration;

use super::failure::Failure;
use crate::command::go_duration;

/// In nanoseconds.
const SECOND: u128 = 1_000_000_000;

/// A duration as Go writes it: `300ms`, `1.5h`, `2h45m`. One before now is none.
pub(super) fn parse(text: &str) -> Result<Duration, Failure> {
    let nanoseconds = go_duration(text).and_then(|count| u128::try_from(count).ok());
    let duration = nanoseconds.and_then(|count| {
        let seconds = u64::try_from(count / SECOND).ok()?;
        Some(Duration::new(seconds, u32::try_from(count % SECOND).ok()?))
    });
    duration.ok_or_else(|| Failure::Usage(format!("invalid duration {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        for (text, seconds) in
            [("1s", 1.0), ("1m30s", 90.0), ("1.5h", 5400.0), ("250ms", 0.25), ("0", 0.0), ("30.0s", 30.0)]
        {
            assert_eq!(parse(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for text in ["", "1", "s", "1x", "-1s", "1e9s", "1..2s", "99999999999999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
