//! The `juju-sim` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    juju_sim::cli::main()
}
