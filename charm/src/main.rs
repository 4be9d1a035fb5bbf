//! The Magpie charm. Its one executable is the charm's `dispatch`.

use std::process::ExitCode;

fn main() -> ExitCode {
    juju_ops::main(magpie::Magpie::default())
}
