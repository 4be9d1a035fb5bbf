//! What an operator who watches over security wants to find in the log: one JSON object a line, at TRACE.
//!
//! Source: the logging specification that Python `ops` follows (`ops/_security` there): `sys_crash`, `sys_restart` and
//! `authz_fail`. None of them runs a hook command other than `juju-log`.

use serde_json::json;

use crate::context::Context;
use crate::error::Error;
use crate::hook_command::{self, LogLevel};

/// The charm's own code failed.
pub(crate) fn crash(cx: &Context, event: &str) {
    log(cx, "WARN", &format!("sys_crash:{event}"), "the charm failed");
}

/// The charm asked for a reboot of its machine.
pub(crate) fn restart(cx: &Context) {
    log(cx, "WARN", "sys_restart", "the charm reboots its machine");
}

/// A hook command was refused for want of a right, if the error says so.
pub(crate) fn refused(cx: &Context, error: &Error) {
    let Some(refused) = error.errors().find(|error| error.is_permission_denied()) else { return };
    let leader = match cx.known_leader() {
        Some(true) => "as the leader",
        Some(false) => "as no leader",
        None => "with leadership unknown",
    };
    log(cx, "CRITICAL", &format!("authz_fail:{refused}"), &format!("a hook command was refused {leader}"));
}

fn log(cx: &Context, level: &str, event: &str, description: &str) {
    let unit = cx.env().unit().map(ToString::to_string).unwrap_or_default();
    let line = json!({
        "datetime": hook_command::iso_8601(cx.env().now()),
        "level": level,
        "type": "security",
        "appid": format!("{}-{unit}", cx.env().model_uuid().unwrap_or_default()),
        "event": event,
        "description": description,
    });
    cx.log(LogLevel::Trace, &line.to_string());
}
