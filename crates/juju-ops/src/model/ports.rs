use super::Unit;
use crate::error::Error;
use crate::gather::gather;
use crate::hook_command::PortRange;

/// Ports: what is open to the outside once the application is exposed.
///
/// ```
/// use juju_ops::hook_command::PortRange;
/// use juju_ops::{BoxError, Observer, Observers, hook, testing};
/// use juju_sim::Charm;
///
/// struct Web;
///
/// impl Observer for Web {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.on(&hook::any(), |_, _, cx| {
///             cx.unit().set_ports([PortRange::tcp(80), PortRange::tcp(443)]);
///             Ok(())
///         });
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let mut juju = testing::in_process(Web, Charm::parse("name: web", None, None)?)?;
/// juju.add_unit("web")?;
/// juju.settle()?;
/// assert_eq!(juju.open_ports("web/0"), ["80/tcp", "443/tcp"]);
/// # Ok(())
/// # }
/// ```
impl Unit {
    /// Has exactly these ports open for all endpoints: what else is open for all of them is closed first. Held in the
    /// process and sent when the dispatch succeeds, as far as something has to change; Juju acts on it when the hook
    /// has.
    ///
    /// Ports that are open for one endpoint alone are another set; see [`set_ports_for`](Self::set_ports_for).
    ///
    /// Matches `Unit.set_ports` of Python `ops`, which calls at once.
    pub fn set_ports(&self, ports: impl IntoIterator<Item = PortRange>) {
        self.cx.set_ports(None, gather(ports));
    }

    /// Has exactly these ports open for one endpoint, beside those that are open for all.
    pub fn set_ports_for(&self, endpoint: &str, ports: impl IntoIterator<Item = PortRange>) {
        self.cx.set_ports(Some(endpoint), gather(ports));
    }

    /// The ports that are open for all endpoints, sorted, with what this dispatch declared.
    ///
    /// # Errors
    /// `opened-ports` fails.
    pub fn ports(&self) -> Result<Vec<PortRange>, Error> {
        self.ports_of(None)
    }

    /// The ports that are open for one endpoint alone, sorted, with what this dispatch declared.
    ///
    /// # Errors
    /// `opened-ports` fails.
    pub fn ports_for(&self, endpoint: &str) -> Result<Vec<PortRange>, Error> {
        self.ports_of(Some(endpoint))
    }

    fn ports_of(&self, endpoint: Option<&str>) -> Result<Vec<PortRange>, Error> {
        let ports = match self.cx.wanted_ports(endpoint) {
            Some(ports) => ports,
            None => self.cx.open_ports(endpoint)?,
        };
        Ok(ports.into_iter().collect())
    }
}
