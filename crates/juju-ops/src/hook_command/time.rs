//! Points in time as Juju reads and prints them: RFC 3339, and in `goal-state` with a space for the `T`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

const DAY: i64 = 24 * 60 * 60;

/// The text of a point in time, in UTC.
pub(crate) fn text(time: SystemTime) -> String {
    let (seconds, nanos) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
        // A fraction before 1970 is left out.
        Err(before) => (i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX).saturating_neg(), 0),
    };
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if nanos == 0 { String::new() } else { format!(".{nanos:09}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads a point in time.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let digits = rest.strip_prefix('.').map_or("", |rest| &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]);
    let zone = if digits.is_empty() { rest } else { &rest[1 + digits.len()..] };
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
            let offset = hours * 3600 + minutes * 60;
            match zone.as_bytes()[0] {
                b'+' if hours < 24 && minutes < 60 => offset,
                b'-' if hours < 24 && minutes < 60 => -offset,
                _ => return None,
            }
        }
    };
    let good = (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 61;
    let days = good.then(|| days(year, month, day)).filter(|&days| self::date(days) == (year, month, day))?;
    let seconds = days * DAY + hour * 3600 + minute * 60 + second - offset;
    let nanos: u32 = format!("{digits:0<9}").get(..9)?.parse().ok()?;
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    time?.checked_add(Duration::from_nanos(nanos.into()))
}

/// Reads a point in time that may be absent, `null` or empty.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => {
            let time = parse(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Other("text"), &"a time"))?;
            Ok(Some(time))
        }
    }
}

fn numbers<const N: usize>(text: &str, between: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// The date of a day counted from 1970, in the calendar that is used now. The count is by years that begin in March,
/// and by the 400 years after which all of it repeats.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// The day of a date, counted from 1970.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = if month > 2 { month - 3 } else { month + 9 };
    era * 146_097 + 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for (seconds, written) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_323_045, "2026-01-02T03:04:05Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!((text(time).as_str(), parse(written)), (written, Some(time)));
        }
        let half = UNIX_EPOCH + Duration::from_millis(1500);
        assert_eq!(
            (text(half).as_str(), parse("1970-01-01T00:00:01.5Z")),
            ("1970-01-01T00:00:01.500000000Z", Some(half))
        );
        assert_eq!(parse("1970-01-01 02:00:01.5+02:00"), Some(half));
        assert_eq!(parse("1969-12-31T23:59:59Z"), Some(UNIX_EPOCH - Duration::from_secs(1)));
        assert_eq!(text(UNIX_EPOCH - Duration::from_secs(1)), "1969-12-31T23:59:59Z");
        for bad in [
            "",
            "2026",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05+2",
            "2026-01-02T03:04:05+99:00",
            "2026-01-02T03:04:05é",
            "é026-01-02T03:04:05Z",
            "2026-01-02T03:04:05Zx",
            "-026-01-02T03:04:05Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
