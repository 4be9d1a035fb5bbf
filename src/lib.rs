//! The peer relation of the Magpie charm, for Juju charms in Rust: units learn of each other, and what they learnt stays
//! pending until the charm acknowledges it.
//!
//! ```
//! use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status};
//! use magpie_peers::{MagpiePeersRequirer, PeerDeparted, PeerJoined};
//!
//! struct Demo {
//!     peers: MagpiePeersRequirer,
//! }
//!
//! impl Observer for Demo {
//!     fn observe(&self, events: &mut Observers<Self>) {
//!         events.include(&self.peers);
//!         events.on(&self.peers.joined(), Self::peer_joined);
//!         events.on(&self.peers.departed(), Self::peer_departed);
//!     }
//! }
//!
//! impl Demo {
//!     fn peer_joined(&self, event: &PeerJoined, cx: &Context) -> Result<Ack, BoxError> {
//!         let nodes = event.get_nodes()?;
//!         cx.unit().set_status(Status::active(format!("Ready, with {} peers", nodes.len())))?;
//!         // A node without an address is not of use yet: the event stays, and comes again with the next hook.
//!         let found = nodes.iter().any(|node| node.unit == *event.unit() && node.address.is_some());
//!         Ok(if found { Ack::Done } else { Ack::NotYet })
//!     }
//!
//!     fn peer_departed(&self, event: &PeerDeparted, _: &Context) -> Result<Ack, BoxError> {
//!         log::info!("{} left, {} remain", event.unit(), event.get_nodes()?.len());
//!         Ok(Ack::Done)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metadata = "{name: demo, summary: s, description: d, peers: {magpie: {interface: magpie}}}";
//! let charm = Demo { peers: MagpiePeersRequirer::new("magpie") };
//! let mut juju = juju_ops::testing::in_process(charm, juju_sim::Charm::parse(metadata, None, None)?)?;
//! let first = juju.add_unit("demo")?;
//! juju.add_unit("demo")?;
//! juju.settle()?;
//! assert_eq!(juju.status(&first), ("active", "Ready, with 1 peers"));
//! # Ok(())
//! # }
//! ```
//!
//! [`MagpiePeersRequirer`] is the object that a charm owns. It has the meaning of OpenStack's
//! `charm-interface-magpie`: `joined` and `departed` stay set for each remote unit until the charm dismisses them, and
//! each clears the other. Here they are events, and dismissing is an acknowledgement.
//!
//! # What to expect
//!
//! - **Delivery is at least once.** A hook that fails after a handler ran is repeated, and so is the event. Handlers are
//!   idempotent.
//! - **A held event waits for the next hook** of this unit, whichever it is: at worst `update-status`, by default some
//!   five minutes later.
//! - **Nodes are as of now.** [`PeerJoined::get_nodes`] and [`PeerDeparted::get_nodes`] read the current peers when they
//!   are called, not those of the time the event was emitted. The bag of a peer that the running hook is not about may
//!   be stale, by Juju's rules.
//! - **A changed address is no event here.** Observe [`relation_changed`](juju_ops::hook::relation_changed) for that.
//! - **A departed peer may still run**, and a joined one need not be up: Juju tells of membership, not of health.
//! - **What peers write is untrusted.** An address that is none, or that only the peer itself can reach, is no address. A
//!   bag that cannot be read (refused, malformed, beyond the limits) makes its peer one without an address, with one
//!   warning a dispatch; it fails no hook, and the other peers are as they were.
//! - **What this unit tells is reconciled**: [`advertise_own_addresses`](MagpiePeersRequirer::advertise_own_addresses)
//!   belongs in [`hook::any`](juju_ops::hook::any), and costs hook commands only where there may be something new.
//!
//! # Units with a Python charm
//!
//! There are two kinds, and this library reads the bags of both:
//!
//! - The reactive charm (openstack/charm-magpie 8b6ecb3 and before) with openstack/charm-interface-magpie. The interface is
//!   `magpie`, and keys and texts are the same here. A deployment is upgraded one unit at a time: after each upgrade every
//!   current peer is announced anew and has its address, whichever charm it runs, and addresses that are advertised here
//!   are in the form that Python reads. What the unit claimed of iperf stays in its bag until it is
//!   [withdrawn](MagpiePeersRequirer::withdraw_iperf_claims).
//! - The rewrite on `ops` (5acbc4e), which writes nothing: its units have the address that Juju gives them, and claim
//!   nothing. Its endpoint has the interface `magpie2`; what Juju makes of a refresh from there is not tested here.
//!
//! A reactive leader checks nothing until every peer's iperf server listens: the units of a charm without iperf keep it
//! waiting until it is upgraded itself.
//!
//! # What it cannot see
//!
//! Juju 4.0 and 4.1 keep listing peers that were removed (Juju issue 23326): a departure that Juju hides is hidden here
//! too. On Kubernetes a unit name stands for one pod after another; a pod that is replaced between two looks of this
//! unit is not announced as new.

mod address;
mod events;
mod iperf;
mod node;
mod own;
mod requirer;
mod seen;
mod told;

pub use address::{Address, AddressError, HostName};
pub use events::{Departing, PeerDeparted, PeerJoined};
pub use ipnet::IpNet;
pub use node::{Node, Selected};
pub use own::OwnAddresses;
pub use requirer::{Error, MagpiePeersRequirer};

/// The example of this crate's README, run.
#[cfg(doctest)]
#[doc = include_str!("README.md")]
struct Readme;

/// The examples of the repository's README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Repository;

/// The examples of `docs/testing.md`, run.
#[cfg(doctest)]
#[doc = include_str!("../docs/testing.md")]
struct Testing;

/// The examples of `docs/from-ops.md`, run.
#[cfg(doctest)]
#[doc = include_str!("../docs/from-ops.md")]
struct FromOps;
