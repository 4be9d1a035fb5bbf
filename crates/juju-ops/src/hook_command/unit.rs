use super::{Command, json};
use crate::transport::Call;

/// Which address of this unit.
///
/// ```
/// use juju_ops::hook_command::{UnitAddress, unit_get};
/// assert_eq!(format!("{:?}", unit_get(UnitAddress::Public)), "unit-get --format=json public-address");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitAddress {
    /// The one at which the machine is reached inside its cloud.
    Private,
    /// The one at which it is reached from outside.
    Public,
}

/// An address of this unit: of its machine, whatever its bindings are. `unit-get`; mostly you want
/// [`network_get`](super::network_get). May be a host name. Where there is none, the error
/// [is "not found"](crate::Error::is_not_found).
pub fn unit_get(which: UnitAddress) -> Command<String> {
    let which = match which {
        UnitAddress::Private => "private-address",
        UnitAddress::Public => "public-address",
    };
    Command::new(Call::new("unit-get", ["--format=json", which]), which, json)
}
