//! Points in time, in seconds of Unix, and their texts.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The text of RFC 3339, in UTC.
pub(super) fn rfc3339(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
        .to_string()
}

/// The text of RFC 3339 with a space between date and time, as `goal-state` has it.
pub(super) fn spaced(seconds: u64) -> String {
    rfc3339(seconds).replace('T', " ")
}

/// Reads a text of RFC 3339 as Go does: without a zone it is in UTC, and fractions of a second count for nothing.
/// A time before the first second counts as that.
pub(super) fn parse(text: &str) -> Option<u64> {
    let rest = &mut &*text;
    let date = [number(rest, 4)?, after("-", rest, exactly_two)?, after("-", rest, exactly_two)?];
    // Go takes an hour of one digit as well.
    let clock = [after("T", rest, one_or_two)?, after(":", rest, exactly_two)?, after(":", rest, exactly_two)?];
    fraction(rest);
    let offset = if rest.is_empty() { 0 } else { offset(rest)? };
    let local = date_time(date, clock)?;
    let seconds = Offset::UTC.to_timestamp(local).ok()?.as_second() - offset;
    Some(u64::try_from(seconds).unwrap_or(0))
}

/// Whether yaml.v2 takes a plain text for a time: a date, alone, or with a time of day and a zone, or with a space and
/// a time of day.
pub(super) fn is_yaml(text: &str) -> bool {
    yaml(text).is_some()
}

fn yaml(text: &str) -> Option<DateTime> {
    let rest = &mut &*text;
    let date = [number(rest, 4)?, after("-", rest, one_or_two)?, after("-", rest, one_or_two)?];
    let mark = rest.get(..1).unwrap_or_default();
    let clock = match mark {
        "" if rest.is_empty() => [0, 0, 0],
        "T" | "t" | " " => {
            [after(mark, rest, one_or_two)?, after(":", rest, one_or_two)?, after(":", rest, one_or_two)?]
        }
        _ => return None,
    };
    fraction(rest);
    let zoned = matches!(mark, "T" | "t");
    let ended = if zoned { offset(rest).is_some() } else { rest.is_empty() };
    date_time(date, clock).filter(|_| ended)
}

fn date_time([year, month, day]: [i16; 3], clock: [i16; 3]) -> Option<DateTime> {
    let [month, day] = [month, day].map(|part| i8::try_from(part).ok());
    let [hour, minute, second] = clock.map(|part| i8::try_from(part).ok());
    DateTime::new(year, month?, day?, hour?, minute?, second?, 0).ok()
}

/// A number of so many digits; where there are fewer nothing is taken.
fn number(rest: &mut &str, digits: usize) -> Option<i16> {
    let text = rest.get(..digits).filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()))?;
    *rest = &rest[digits..];
    text.parse().ok()
}

fn exactly_two(rest: &mut &str) -> Option<i16> {
    number(rest, 2)
}

fn one_or_two(rest: &mut &str) -> Option<i16> {
    number(rest, 2).or_else(|| number(rest, 1))
}

fn after(mark: &str, rest: &mut &str, number: fn(&mut &str) -> Option<i16>) -> Option<i16> {
    *rest = rest.strip_prefix(mark)?;
    number(rest)
}

fn fraction(rest: &mut &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    if let Some(digits) = rest.strip_prefix(['.', ',']).filter(|digits| digits.starts_with(is_digit)) {
        *rest = digits.trim_start_matches(is_digit);
    }
}

/// The zone that ends the text, in seconds. Go lets it be 24 hours and 60 minutes.
fn offset(rest: &mut &str) -> Option<i64> {
    if *rest == "Z" {
        return Some(0);
    }
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    *rest = rest.strip_prefix(['+', '-'])?;
    let hours = exactly_two(rest).filter(|hours| *hours <= 24)?;
    let minutes = after(":", rest, exactly_two).filter(|minutes| *minutes <= 60)?;
    rest.is_empty().then(|| sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_927_857_906), "2031-02-03T04:05:06Z");
        assert_eq!(spaced(1_767_323_045), "2026-01-02 03:04:05Z");
        assert!(rfc3339(u64::MAX).starts_with("9999-12-30"));
    }

    #[test]
    fn times_as_go_reads_them() {
        for (text, utc) in [
            ("2030-01-02T03:04:05Z", "2030-01-02T03:04:05Z"),
            ("2030-01-02T03:04:05+02:00", "2030-01-02T01:04:05Z"),
            ("2030-01-02T03:04:05-00:30", "2030-01-02T03:34:05Z"),
            ("2030-01-02T03:04:05", "2030-01-02T03:04:05Z"),
            ("2030-01-02T3:04:05", "2030-01-02T03:04:05Z"),
            ("2030-01-02T03:04:05.999999999999Z", "2030-01-02T03:04:05Z"),
            ("2030-01-02T03:04:05,5+00:00", "2030-01-02T03:04:05Z"),
            ("2030-01-02T03:04:05+24:60", "2030-01-01T02:04:05Z"),
            ("0001-02-03T04:05:06Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(parse(text).map(rfc3339).as_deref(), Some(utc), "{text}");
        }
        for text in [
            "",
            "2030-01-02",
            "2030-01-02 03:04:05",
            "2030-01-02T03:04",
            "2030-1-2T03:04:05Z",
            "2030-01-02T13:4:05Z",
            "2030-01-02T03:04:05.Z",
            "2030-01-02T03:04:05z",
            "2030-01-02t03:04:05Z",
            "2030-01-02T03:04:05+25:00",
            "2030-01-02T03:04:05+2:00",
            "2030-01-02T03:04:05+0200",
            "2030-01-02T03:04:05Zx",
            "2030-01-02T03:04:05+02:00 ",
            "2030-01-02T03:04:60Z",
            "2030-01-02T24:00:00Z",
            "2030-02-30T03:04:05Z",
            "2030-01-0é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_in_yaml() {
        for text in [
            "2001-01-02",
            "2001-1-2",
            "2001-01-02T10:00:00Z",
            "2001-1-2t1:2:3.5+01:00",
            "2001-01-02 10:00:00",
            "2001-01-02 10:00:00.123",
        ] {
            assert!(is_yaml(text), "{text}");
        }
        for text in [
            "",
            "2001",
            "2001-13-02",
            "2001-02-30",
            "2001-01-02 ",
            "2001-01-02 10:00:00Z",
            "2001-01-02T10:00:00",
            "2001-01-02T10:00:00 Z",
            "2001-01-02.5",
            "2001-01-02é",
        ] {
            assert!(!is_yaml(text), "{text}");
        }
    }
}
