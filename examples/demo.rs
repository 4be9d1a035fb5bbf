//! A charm that waits for its peers' addresses and counts them.

use std::process::ExitCode;

use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status, hook};
use magpie_peers::{MagpiePeersRequirer, OwnAddresses, PeerDeparted, PeerJoined};

/// The charm.
#[derive(Debug)]
pub struct Demo {
    /// The peer relation.
    pub peers: MagpiePeersRequirer,
}

impl Observer for Demo {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.peers);
        events.on(&self.peers.joined(), Self::peer_joined);
        events.on(&self.peers.departed(), Self::peer_departed);
        events.on(&hook::any(), Self::advertise);
        events.status(Self::status);
    }
}

impl Demo {
    fn peer_joined(&self, event: &PeerJoined, _: &Context) -> Result<Ack, BoxError> {
        let nodes = event.get_nodes()?;
        let reachable = nodes.iter().any(|node| node.unit == *event.unit() && node.address.is_some());
        if !reachable {
            return Ok(Ack::NotYet); // stays pending, and is delivered again in the next hook
        }
        log::info!("{} joined; the peers are {nodes:?}", event.unit());
        Ok(Ack::Done)
    }

    fn peer_departed(&self, event: &PeerDeparted, _: &Context) -> Result<Ack, BoxError> {
        log::info!("{} left, from {:?}", event.unit(), event.address());
        Ok(Ack::Done)
    }

    /// After every hook: the peers know this unit's addresses, whatever became of the hooks before.
    fn advertise(&self, _: &hook::AnyHook, cx: &Context) -> Result<(), BoxError> {
        self.peers.advertise_own_addresses(cx)?;
        Ok(())
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        let own = self.peers.own_addresses(cx)?;
        Ok(match (&own, cx.pending()?.first()) {
            (OwnAddresses::Told(_), None) => {
                Status::active(format!("Ready, with {} peers", self.peers.peers(cx)?.len()))
            }
            (OwnAddresses::Told(_), Some(event)) => Status::waiting(format!("for {}", event.subject)),
            _ => Status::waiting(own.to_string()), // no relation or no address yet
        })
    }
}

fn main() -> ExitCode {
    juju_ops::main(Demo { peers: MagpiePeersRequirer::new("magpie") })
}
