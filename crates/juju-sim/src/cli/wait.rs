use std::time::Duration;

use super::failure::Failure;

/// A duration as Go writes it: `300ms`, `1.5h`, `2h45m`.
pub(super) fn duration(text: &str) -> Result<Duration, Failure> {
    let refuse = || Failure::Usage(format!("invalid duration {text:?}"));
    let mut rest = text;
    let mut seconds = 0.0;
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refuse)?;
        let number: f64 = rest[..end].parse().map_err(|_| refuse())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..end] {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return Err(refuse()),
            };
        rest = &rest[end..];
    }
    if text.is_empty() { Err(refuse()) } else { Duration::try_from_secs_f64(seconds).map_err(|_| refuse()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        for (text, seconds) in
            [("1s", 1.0), ("1m30s", 90.0), ("1.5h", 5400.0), ("250ms", 0.25), ("0", 0.0), ("30.0s", 30.0)]
        {
            assert_eq!(duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for text in ["", "1", "s", "1x", "-1s", "1e9s", "1..2s", "99999999999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
