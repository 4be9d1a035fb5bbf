//! The hook commands, and the commands of systemd that charms find beside them: one program, called by their names.
//!
//! It does what Juju's own client does: it asks the agent that the environment names, and prints the answer. So it
//! works with whatever speaks Juju's protocol.

#![allow(dead_code, unreachable_pub, reason = "what it shares with the library is compiled for both")]

mod client;
mod client_side;
mod dial;
mod go;
mod gob;
mod machine;
mod rpc;

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

/// For who measures charms: how long each hook command is busy before it asks, in microseconds, as slower ones are.
const BUSY: &str = "JUJUC_BUSY_MICROSECONDS";

fn main() {
    if let Some(busy) = std::env::var(BUSY).ok().and_then(|busy| busy.parse().ok()) {
        let until = Instant::now() + Duration::from_micros(busy);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
    }
    let mut argv = std::env::args_os();
    let called = argv.next().unwrap_or_default();
    let name = Path::new(&called).file_name().unwrap_or(&called).to_owned();
    let args: Vec<OsString> = argv.collect();
    let code = match client::ask(&name, &args) {
        Ok(response) => client::give(&response),
        Err(why) if machine::has(&name) => machine::run(&name, &args, &why),
        Err(why) => client::complain(&why),
    };
    std::process::exit(code)
}
