use std::borrow::Cow;

use ipnet::IpNet;
use juju_ops::{Ack, BoxError, Context, Durable, Event, UnitName};
use serde::{Deserialize, Deserializer, Serialize};

use crate::address::Address;
use crate::node::{self, Node, Selected};
use crate::requirer::Error;
use crate::seen;

/// A unit joined the peers of this one. Pending until it is acknowledged, the unit departs, or the charm dismisses it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PeerJoined {
    unit: UnitName,
    endpoint: String,
    #[serde(skip)]
    cx: Option<Context>,
}

/// A unit is no longer among the peers of this one. Pending until it is acknowledged, the unit joins again, or the
/// charm dismisses it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PeerDeparted {
    unit: UnitName,
    endpoint: String,
    #[serde(default)]
    departing: Departing,
    /// The address last known. An entry of an earlier version has none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "address_or_none")]
    address: Option<Address>,
    #[serde(skip)]
    cx: Option<Context>,
}

/// Which of the two units leaves, when two peers part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Departing {
    /// This unit: it, or the whole application, is being removed.
    ThisUnit,
    /// The unit that the event names.
    ThatUnit,
    /// Not known: the departure was found by a comparison, not told by a hook.
    #[default]
    #[serde(other)]
    Unknown,
}

macro_rules! peer_event {
    ($event:ident, $current:literal) => {
        impl $event {
            /// The unit that the event is about.
            pub fn unit(&self) -> &UnitName {
                &self.unit
            }

            #[doc = concat!("The current peers", $current, ", sorted by number; never this unit.")]
            ///
            /// Read of Juju at the first call in a dispatch, in one batch; further calls ask nothing more.
            ///
            /// # Errors
            /// A hook command fails, or the event is not the one that a handler was given.
            pub fn get_nodes(&self) -> Result<Vec<Node>, Error> {
                Ok(node::get_nodes(self.context()?, &self.endpoint)?)
            }

            /// As [`get_nodes`](Self::get_nodes), with the addresses that the peers advertise inside a network where
            /// they do.
            ///
            /// # Errors
            /// As [`get_nodes`](Self::get_nodes).
            pub fn get_nodes_in(&self, network: IpNet) -> Result<Vec<Selected>, Error> {
                Ok(node::get_nodes_in(self.context()?, &self.endpoint, network)?)
            }

            fn context(&self) -> Result<&Context, Error> {
                self.cx.as_ref().ok_or(Error::NotDelivered)
            }
        }

        impl Event for $event {
            type Response = Ack;
        }

        impl Durable for $event {
            fn subject(&self) -> Cow<'_, str> {
                self.unit.to_string().into()
            }

            fn refresh(self, cx: &Context) -> Result<Option<Self>, BoxError> {
                let current = self.is_current(cx)?;
                Ok(current.then(|| Self { cx: Some(cx.clone()), ..self }))
            }
        }
    };
}
peer_event!(PeerJoined, "");
peer_event!(PeerDeparted, ", those that remain");

impl PeerJoined {
    pub(crate) fn new(cx: &Context, endpoint: &str, unit: UnitName) -> Self {
        Self { unit, endpoint: endpoint.to_owned(), cx: Some(cx.clone()) }
    }

    /// Whether the unit is still a peer: its departure may not have been told yet.
    fn is_current(&self, cx: &Context) -> Result<bool, juju_ops::Error> {
        seen::is_peer(cx, &self.endpoint, &self.unit)
    }
}

impl PeerDeparted {
    pub(crate) fn new(
        cx: &Context,
        endpoint: &str,
        unit: UnitName,
        departing: Departing,
        address: Option<Address>,
    ) -> Self {
        Self { unit, endpoint: endpoint.to_owned(), departing, address, cx: Some(cx.clone()) }
    }

    /// It departed, whatever came after.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "as of the other event")]
    fn is_current(&self, _: &Context) -> Result<bool, juju_ops::Error> {
        Ok(true)
    }

    /// Which unit leaves. When it is this one, it is on its way out: think before deleting what the others share.
    pub fn departing(&self) -> Departing {
        self.departing
    }

    /// Where the unit could last be reached, to take it out of a monitor or an access list: the address that
    /// [`Node`](crate::Node) had for it.
    ///
    /// It is kept from the hook that told of the departure, where the unit's bag can still be read, and comes again with
    /// every redelivery. None when the departure was found by a comparison, or the unit had none.
    ///
    /// ```
    /// # use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status};
    /// # use magpie_peers::{MagpiePeersRequirer, PeerDeparted};
    /// # struct Monitor { peers: MagpiePeersRequirer }
    /// # impl Observer for Monitor {
    /// #     fn observe(&self, events: &mut Observers<Self>) {
    /// #         events.include(&self.peers);
    /// #         events.on(&self.peers.joined(), |_, _, _| Ok(Ack::Done));
    /// #         events.on(&self.peers.departed(), Self::peer_departed);
    /// #     }
    /// # }
    /// # impl Monitor {
    /// fn peer_departed(&self, event: &PeerDeparted, cx: &Context) -> Result<Ack, BoxError> {
    ///     let Some(address) = event.address() else { return Ok(Ack::Done) };
    ///     cx.unit().set_status(Status::active(format!("no longer watches {address}")))?;
    ///     Ok(Ack::Done)
    /// }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let metadata = "{name: demo, summary: s, description: d, peers: {magpie: {interface: magpie}}}";
    /// # let charm = Monitor { peers: MagpiePeersRequirer::new("magpie") };
    /// # let mut juju = juju_ops::testing::in_process(charm, juju_sim::Charm::parse(metadata, None, None)?)?;
    /// # juju.add_unit("demo")?;
    /// # juju.add_unit("demo")?;
    /// # juju.settle()?;
    /// juju.remove_unit("demo/1")?;
    /// juju.settle()?;
    /// assert_eq!(juju.status("demo/0"), ("active", "no longer watches 10.0.0.2"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }
}

/// What is stored and is none is no reason to lose the event.
fn address_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    let stored = serde_json::Value::deserialize(deserializer)?;
    Ok(stored.as_str().and_then(|text| text.parse().ok()))
}
