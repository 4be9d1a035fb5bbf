//! The charm's executable: its `dispatch`.

use std::process::ExitCode;

fn main() -> ExitCode {
    juju_ops::main(reconciler::Proxy { file: "/etc/proxy/backends.conf".into() })
}
