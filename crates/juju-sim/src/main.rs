//! The `juju-sim` command, and, under the names of the hook commands, these.

use std::process::ExitCode;

fn main() -> ExitCode {
    juju_sim::cli::main()
}
