//! The executable of the charm.

use std::process::ExitCode;

fn main() -> ExitCode {
    juju_ops::main(fresh::Fresh::default())
}
