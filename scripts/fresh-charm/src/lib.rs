//! A charm that greets, and counts its peers.

use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status, hook};
use magpie_peers::{MagpiePeersRequirer, PeerDeparted, PeerJoined};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    greeting: String,
}

/// The charm.
#[derive(Debug)]
pub struct Fresh {
    peers: MagpiePeersRequirer,
}

impl Default for Fresh {
    fn default() -> Self {
        Self { peers: MagpiePeersRequirer::new("magpie") }
    }
}

impl Observer for Fresh {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.peers);
        events.config::<Config>();
        events.on(&self.peers.joined(), |_, event: &PeerJoined, _| {
            log::info!("{} joined", event.unit());
            Ok(Ack::Done)
        });
        events.on(&self.peers.departed(), |_, event: &PeerDeparted, _| {
            log::info!("{} left", event.unit());
            Ok(Ack::Done)
        });
        events.on(&hook::any(), Self::advertise);
        events.status(Self::status);
    }
}

impl Fresh {
    fn advertise(&self, _: &hook::AnyHook, cx: &Context) -> Result<(), BoxError> {
        self.peers.advertise_own_addresses(cx)?;
        Ok(())
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        let config: Config = cx.config()?;
        Ok(Status::active(format!("{}, {} peers", config.greeting, self.peers.peers(cx)?.len())))
    }
}
