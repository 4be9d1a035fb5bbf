use juju_ops::hook_command::PortRange;
use juju_ops::{BoxError, Context, Observer, Observers, Status, hook};
use serde::Deserialize;

/// A port, a version and two statuses.
#[derive(Debug)]
pub(crate) struct Plain;

#[derive(Deserialize)]
struct Config {
    port: u16,
}

impl Observer for Plain {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.on(&hook::install(), Self::install);
        events.on(&hook::start(), Self::start);
        events.on(&hook::config_changed(), Self::config_changed);
        events.app_status(|_, _| Ok(Status::active("")));
        events.status(Self::status);
    }
}

impl Plain {
    fn install(&self, _: &hook::Install, cx: &Context) -> Result<(), BoxError> {
        Ok(cx.unit().show_status(&Status::maintenance("installing"))?)
    }

    fn start(&self, _: &hook::Start, cx: &Context) -> Result<(), BoxError> {
        cx.unit().set_workload_version("1.0");
        Ok(())
    }

    fn config_changed(&self, _: &hook::ConfigChanged, cx: &Context) -> Result<(), BoxError> {
        let config: Config = cx.config()?;
        cx.unit().set_ports([PortRange::tcp(config.port)]);
        Ok(())
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        let config: Config = cx.config()?;
        Ok(Status::active(format!("serving on {}", config.port)))
    }
}
