//! Whole numbers as Go reads them with any base.

use super::quote::quote;

/// Reads a number of 64 bits: `16`, `0x10`, `0o20`, `020`, `0b1_0000`.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    let fault = |reason: &str| format!("strconv.ParseInt: parsing {}: {reason}", quote(text));
    let number = read(text).ok_or_else(|| fault("invalid syntax"))?;
    number.and_then(|number| i64::try_from(number).ok()).ok_or_else(|| fault("value out of range"))
}

/// Whether this is a number of 64 bits, with a sign or without.
pub(super) fn is_whole(text: &str) -> bool {
    let number = read(text).flatten();
    number.is_some_and(|number| i64::try_from(number).is_ok() || u64::try_from(number).is_ok())
}

/// The number, none where it is very large; and none of both where it is no number.
fn read(text: &str) -> Option<Option<i128>> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match unsigned.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &unsigned[2..]),
        Some("0o") => (8, &unsigned[2..]),
        Some("0b") => (2, &unsigned[2..]),
        Some(_) if unsigned.starts_with('0') => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // A single underscore may stand between digits, and after what tells the base.
    let grouped = digits.strip_prefix('_').filter(|_| digits.len() < unsigned.len()).unwrap_or(digits);
    if !grouped.split('_').all(|group| !group.is_empty() && group.chars().all(|digit| digit.is_digit(radix))) {
        return None;
    }
    let number = i128::from_str_radix(&grouped.replace('_', ""), radix).ok();
    Some(number.map(|number| if negative { -number } else { number }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_go_reads_them() {
        for (text, number) in [
            ("0", 0),
            ("16", 16),
            ("-1", -1),
            ("+5", 5),
            ("0x10", 16),
            ("-0X8", -8),
            ("0o7", 7),
            ("017", 15),
            ("0_7", 7),
            ("0b1", 1),
            ("0x_1", 1),
            ("1_0", 10),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse(text), Ok(number), "{text}");
        }
        for text in ["", "-", "+-1", "x", " 1", "1.5", "08", "0x", "0_", "_1", "1_", "1__0", "0b2", "é", "0é"] {
            assert_eq!(parse(text), Err(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax")));
        }
        for text in ["99999999999999999999", "0x8000000000000000"] {
            assert_eq!(parse(text), Err(format!("strconv.ParseInt: parsing \"{text}\": value out of range")));
        }
    }
}
