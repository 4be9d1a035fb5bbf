use juju_ops::{BoxError, Context, Observer, Observers, Status, hook};

/// One handler, for `start`.
#[derive(Debug)]
pub(crate) struct Bare;

impl Observer for Bare {
    fn observe(&self, events: &mut Observers<Self>) {
        events.on(&hook::start(), Self::start);
    }
}

impl Bare {
    fn start(&self, _: &hook::Start, cx: &Context) -> Result<(), BoxError> {
        cx.unit().set_workload_version("1.0");
        Ok(cx.unit().set_status(Status::active(""))?)
    }
}
