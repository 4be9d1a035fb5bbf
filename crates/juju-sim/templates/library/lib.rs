//! The requirer's side of the interface `my-library`: an object that charms own and include.
//!
//! ```
//! use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status};
//! use my_library::{Changed, Requirer};
//!
//! struct Proxy {
//!     servers: Requirer, // Requirer::new("servers"), an endpoint of the charm's metadata
//! }
//!
//! impl Observer for Proxy {
//!     fn observe(&self, events: &mut Observers<Self>) {
//!         events.include(&self.servers);
//!         events.on(&self.servers.changed(), Self::servers_changed);
//!         events.status(|charm, cx| Ok(charm.servers.status(cx)?));
//!         events.status(|_, _| Ok(Status::active("")));
//!     }
//! }
//!
//! impl Proxy {
//!     fn servers_changed(&self, event: &Changed, _: &Context) -> Result<Ack, BoxError> {
//!         println!("{} serves at {:?}", event.unit(), event.now());
//!         Ok(Ack::Done) // Ack::NotYet keeps it pending
//!     }
//! }
//! ```

mod changed;
mod requirer;

pub use changed::Changed;
pub use requirer::{Requirer, Server};
