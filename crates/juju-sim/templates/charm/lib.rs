//! The charm my-charm.
//!
//! Whatever hook runs, [`Operator`] brings its unit to what the configuration says: see
//! `reconcile`.

use juju_ops::action::{self, Action};
use juju_ops::hook::{self, AnyHook, Install};
use juju_ops::hook_command::PortRange;
use juju_ops::{BoxError, Context, Observer, Observers, Outcome, Status};
use serde::Deserialize;

/// The charm. It lives for one hook; what is to be remembered, Juju keeps.
#[derive(Debug)]
pub struct Operator;

/// The options of `charmcraft.yaml`. A value that does not fit its type blocks the unit.
#[derive(Debug, Deserialize)]
struct Config {
    port: u16,
}

/// The parameters of the action `url`.
#[derive(Debug, Deserialize)]
struct Url {
    scheme: String,
}

impl Observer for Operator {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.on(&hook::install(), Self::install);
        events.on(&hook::any(), Self::reconcile);
        events.on(&action::run::<Url>("url"), Self::url);
        events.status(Self::status);
    }
}

impl Operator {
    fn install(&self, _: &Install, cx: &Context) -> Result<(), BoxError> {
        // Shown at once, since it can take minutes.
        cx.unit().show_status(&Status::maintenance("installing"))?;
        log::info!("here the service is installed");
        Ok(())
    }

    /// Runs after every hook, so that one that was skipped is made good by the next.
    fn reconcile(&self, _: &AnyHook, cx: &Context) -> Result<(), BoxError> {
        let Config { port } = cx.config()?;
        cx.unit().set_ports([PortRange::tcp(port)]);
        if !cx.memory("port").unchanged(&port)? {
            log::info!("here the service is told to listen on port {port}");
        }
        Ok(())
    }

    fn url(&self, event: &Action<Url>, cx: &Context) -> Result<Outcome, BoxError> {
        let Config { port } = cx.config()?;
        // The binding that every charm has.
        let network = cx.network("juju-info", None)?;
        let Some(address) = network.ingress_addresses.first() else {
            return Ok(Outcome::failed("the unit has no address yet"));
        };
        let Url { scheme } = event.params();
        Ok(Outcome::completed().with("url", format!("{scheme}://{address}:{port}"))?)
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        let Config { port } = cx.config()?;
        Ok(Status::active(format!("on port {port}")))
    }
}
