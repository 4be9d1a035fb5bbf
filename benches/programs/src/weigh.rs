//! Runs a charm as its own child, and says on standard output what it took: the largest resident set of any process in
//! KiB, the processor time of all of them in microseconds, and how many processes and threads the machine started
//! meanwhile.

#![allow(clippy::print_stdout, reason = "Juju takes it for the log, in which it is looked for")]

use std::fs;
use std::process::{Command, ExitCode};

use nix::sys::resource::{UsageWho, getrusage};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let Some(program) = args.next() else { return ExitCode::from(2) };
    let before = started();
    let Ok(status) = Command::new(program).args(args).status() else { return ExitCode::from(127) };
    let tasks = started().saturating_sub(before);
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return ExitCode::from(126) };
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    println!("\nweighed {} {} {tasks}", usage.max_rss(), micros(usage.user_time()) + micros(usage.system_time()));
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(125))
}

/// How many were started since the machine was.
fn started() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("processes ")?.trim().parse().ok()).unwrap_or(0)
}
