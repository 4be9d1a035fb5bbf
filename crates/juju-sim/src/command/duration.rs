//! Durations as Go spells them: `1h30m`.

/// Reads a duration, in nanoseconds: of those that Go's type holds.
pub(super) fn parse(text: &str) -> Option<i64> {
    nanoseconds(text).and_then(|count| i64::try_from(count).ok())
}

/// Reads a duration, in nanoseconds, however long.
pub(crate) fn nanoseconds(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (part, after) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.is_empty() && part.is_empty() {
            return None;
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = of_unit(unit)?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(i128::from(whole) * unit)?.checked_add(fraction(part) * unit / FRACTION)?;
        rest = after;
    }
    Some(sign * total)
}

/// What a fraction is counted in: more digits than a nanosecond of an hour has.
const FRACTION: i128 = 1_000_000_000_000_000_000;

fn fraction(digits: &str) -> i128 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(18).fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'))
}

/// The digits that a text starts with, and the rest.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn of_unit(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        // The micro sign, and the Greek letter that looks like it.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_reads_them() {
        for (text, nanoseconds) in [
            ("1h", 3_600_000_000_000),
            ("1h30m5.25s", 5_405_250_000_000),
            ("-.5s", -500_000_000),
            ("+1.ms", 1_000_000),
            ("0", 0),
            ("-0", 0),
            ("00h", 0),
            ("1us1\u{b5}s1\u{3bc}s", 3_000),
            ("0.0000000000000000000001h", 0),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(parse(text), Some(nanoseconds), "{text}");
        }
        for text in [
            "",
            "+",
            "h",
            ".h",
            "1",
            "1d",
            "1H",
            "1 h",
            "1h 1m",
            "1h-1m",
            "1e3s",
            "é",
            "9223372036854775808ns",
            "99999999999999999999h",
            "2562047h47m16.854775808s",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
