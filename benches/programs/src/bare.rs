//! The smallest charm: one handler, which no benchmark runs.

use std::process::ExitCode;

use juju_ops::{Observer, Observers, Status, hook};

struct Bare;

impl Observer for Bare {
    fn observe(&self, events: &mut Observers<Self>) {
        events.on(&hook::install(), |_, _, cx| Ok(cx.unit().set_status(Status::active("Ready"))?));
    }
}

fn main() -> ExitCode {
    juju_ops::main(Bare)
}
