//! A charm that waits for its peers' addresses and counts them.

use std::process::ExitCode;

use juju_ops::hook_command::BoundAddress;
use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status, hook};
use magpie_peers::{MagpiePeersRequirer, PeerJoined};

/// The charm.
#[derive(Debug)]
pub struct Demo {
    /// The peer relation.
    pub peers: MagpiePeersRequirer,
}

impl Observer for Demo {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.peers);
        events.on(&hook::config_changed(), Self::advertise);
        events.on(&self.peers.joined(), Self::peer_joined);
        events.on(&self.peers.departed(), |_, _, _| Ok(Ack::Done));
        events.status(Self::status);
    }
}

impl Demo {
    fn advertise(&self, _: &hook::ConfigChanged, cx: &Context) -> Result<(), BoxError> {
        let network = cx.network("magpie", None)?;
        let addresses = network.bind_addresses.iter().flat_map(|interface| &interface.addresses);
        Ok(self.peers.advertise_addresses(cx, addresses.filter_map(BoundAddress::ip))?)
    }

    fn peer_joined(&self, event: &PeerJoined, cx: &Context) -> Result<Ack, BoxError> {
        if self.peers.advertised_addresses(cx, event.unit())?.is_empty() {
            return Ok(Ack::NotYet); // stays pending, and is delivered again in the next hook
        }
        log::info!("{} joined; the peers are {:?}", event.unit(), event.get_nodes()?);
        Ok(Ack::Done)
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        Ok(match cx.pending()?.first() {
            Some(event) => Status::waiting(format!("for {}", event.subject)),
            None => Status::active(format!("Ready, with {} peers", self.peers.peers(cx)?.len())),
        })
    }
}

fn main() -> ExitCode {
    juju_ops::main(Demo { peers: MagpiePeersRequirer::new("magpie") })
}
