//! Time spans as systemd writes them.

/// The units, by their microseconds. Text without one is in seconds.
const UNITS: &[(&[&str], u128)] = &[
    (&["usec", "us", "µs", "μs"], 1),
    (&["msec", "ms"], 1_000),
    (&["seconds", "second", "sec", "s", ""], SECOND),
    (&["minutes", "minute", "min", "m"], 60 * SECOND),
    (&["hours", "hour", "hr", "h"], 3_600 * SECOND),
    (&["days", "day", "d"], 86_400 * SECOND),
    (&["weeks", "week", "w"], 7 * 86_400 * SECOND),
    (&["months", "month", "M"], 2_629_800 * SECOND),
    (&["years", "year", "y"], 31_557_600 * SECOND),
];
const SECOND: u128 = 1_000_000;
/// More digits than a number has that is meant.
const MAX_DIGITS: usize = 15;

/// The whole seconds of a span such as `90`, `1min 30s` or `1.5h`; what is left of a second counts as one.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (mut rest, mut sum) = (text.trim(), 0_u128);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after.trim_start(), char::is_alphabetic);
        let (_, scale) = UNITS.iter().find(|(names, _)| names.contains(&unit))?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + part.len() > MAX_DIGITS || (whole.is_empty() && part.is_empty()) {
            return None;
        }
        let digits: u128 = format!("{whole}{part}").parse().ok()?;
        sum += digits * scale / 10_u128.pow(u32::try_from(part.len()).ok()?);
        rest = after.trim_start();
    }
    u64::try_from(sum.div_ceil(SECOND)).ok()
}

fn split(text: &str, is: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn spans() {
        for (text, wanted) in [
            ("60", 60),
            ("60s", 60),
            ("1min", 60),
            (" 1 min 30 s ", 90),
            ("1h30m", 5400),
            ("1.5h", 5400),
            (".5d", 43_200),
            ("100ms", 1),
            ("1s 1us", 2),
            ("0", 0),
            ("2w", 1_209_600),
            ("1M", 2_629_800),
        ] {
            assert_eq!(seconds(text), Some(wanted), "{text}");
        }
        for bad in ["", " ", "s", "1x", "-1", "1..5", ".", "infinity", "1e3", "9999999999999999", "1 h !"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
