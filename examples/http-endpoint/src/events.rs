use std::borrow::Cow;

use juju_ops::{Ack, BoxError, Context, Durable, Event, UnitName};
use serde::{Deserialize, Serialize};

use crate::requirer::{HttpEndpoint, find};

/// The endpoint of a unit has come, changed or gone. It is pending until the charm answers `Ack::Done`.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndpointChanged {
    endpoint: String,
    unit: UnitName,
    /// Read anew for each delivery, and never stored: what is stored grows old.
    #[serde(skip)]
    now: Option<HttpEndpoint>,
}

/// What a unit wrote is no endpoint. It is over with its hook; `HttpEndpointRequirer::status` says the same for as long
/// as it is so.
#[derive(Debug)]
pub struct EndpointRefused {
    /// The unit.
    pub unit: UnitName,
    /// What is wrong. It names the key, and quotes nothing.
    pub reason: String,
}

impl EndpointChanged {
    pub(crate) fn new(endpoint: &str, unit: UnitName, now: Option<HttpEndpoint>) -> Self {
        Self { endpoint: endpoint.to_owned(), unit, now }
    }

    /// The unit.
    pub fn unit(&self) -> &UnitName {
        &self.unit
    }

    /// Its endpoint as it is now; none when it is gone.
    pub fn now(&self) -> Option<&HttpEndpoint> {
        self.now.as_ref()
    }
}

impl Event for EndpointRefused {
    type Response = ();
}

impl Event for EndpointChanged {
    type Response = Ack;
}

impl Durable for EndpointChanged {
    /// One event for each unit: of two changes the newer is what counts.
    fn subject(&self) -> Cow<'_, str> {
        self.unit.to_string().into()
    }

    fn refresh(mut self, cx: &Context) -> Result<Option<Self>, BoxError> {
        self.now = find(cx, &self.endpoint, &self.unit)?;
        Ok(Some(self))
    }
}
