//! The charm's executable: its `dispatch`.

use std::process::ExitCode;

fn main() -> ExitCode {
    juju_ops::main(my_charm::Operator)
}
