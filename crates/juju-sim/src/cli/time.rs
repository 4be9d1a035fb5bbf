//! The model's time as Juju writes times, in UTC.

use jiff::Timestamp;

use crate::model::EPOCH;

fn format(seconds: u64, form: &str) -> String {
    let unix = i64::try_from(EPOCH.saturating_add(seconds)).unwrap_or(i64::MAX);
    let stamp = Timestamp::from_second(unix).unwrap_or(Timestamp::MAX);
    stamp.strftime(form).to_string()
}

/// As in `juju status --format yaml`: `01 Jan 2026 00:00:05Z`.
pub(super) fn since(seconds: u64) -> String {
    format(seconds, "%d %b %Y %H:%M:%SZ")
}

/// As in `juju show-task`: `2026-01-01 00:00:05 +0000 UTC`.
pub(super) fn timing(seconds: u64) -> String {
    format(seconds, "%Y-%m-%d %H:%M:%S +0000 UTC")
}

/// As in `juju show-secret`: `2026-01-01T00:00:05Z`.
pub(super) fn rfc3339(seconds: u64) -> String {
    format(seconds, "%Y-%m-%dT%H:%M:%SZ")
}

/// As in `juju debug-log`: `00:00:05`, or with the date.
pub(super) fn log(seconds: u64, date: bool) -> String {
    format(seconds, if date { "%Y-%m-%d %H:%M:%S" } else { "%H:%M:%S" })
}

/// As in the heading of `juju status`: `00:00:05Z`.
pub(super) fn clock(seconds: u64) -> String {
    format(seconds, "%H:%M:%SZ")
}
