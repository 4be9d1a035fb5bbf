use std::borrow::Cow;

use juju_ops::{Ack, BoxError, Context, Durable, Event, UnitName};
use serde::{Deserialize, Serialize};

use crate::requirer::{Requirer, Server};

/// The server of a unit has come, changed or gone. It is pending until the charm answers
/// `Ack::Done`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Changed {
    endpoint: String,
    unit: UnitName,
    /// Read anew for each delivery, and never stored: what is stored grows old.
    #[serde(skip)]
    now: Option<Server>,
}

impl Changed {
    pub(crate) fn new(endpoint: &str, unit: UnitName, now: Option<Server>) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            unit,
            now,
        }
    }

    /// The unit.
    pub fn unit(&self) -> &UnitName {
        &self.unit
    }

    /// Its server as it is now; none when it is gone.
    pub fn now(&self) -> Option<&Server> {
        self.now.as_ref()
    }
}

impl Event for Changed {
    type Response = Ack;
}

impl Durable for Changed {
    /// One event for each unit: of two changes the newer is what counts.
    fn subject(&self) -> Cow<'_, str> {
        self.unit.to_string().into()
    }

    fn refresh(mut self, cx: &Context) -> Result<Option<Self>, BoxError> {
        self.now = Requirer::new(self.endpoint.as_str())
            .servers(cx)?
            .remove(&self.unit);
        Ok(Some(self))
    }
}
