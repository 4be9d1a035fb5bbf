//! The charm's executable: its `dispatch`.

use std::process::ExitCode;

fn main() -> ExitCode {
    juju_ops::main(backup::Backup)
}
