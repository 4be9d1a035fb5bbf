//! What is wrong with the network between this host and others: checks with plain input and output.
//!
//! Each check is a module. None knows of Juju, writes anything, or hangs past the time that it states; a host that cannot
//! be checked is a result of its own, with the reason, and hides no other's. The charm Magpie is made of them, and its
//! executable has each as a subcommand, `magpie check`.
//!
//! ```no_run
//! use magpie_checks::ping::{self, Options};
//!
//! for echo in ping::ping(&["10.0.0.2".parse()?, "10.0.0.3".parse()?], &Options::default()) {
//!     println!("{}: {} of {} came back", echo.address, echo.received, echo.sent);
//! }
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

pub mod bond;
pub mod dns;
pub mod echo;
pub mod hostname;
mod icmp;
pub mod lacp;
pub mod link;
pub mod lldp;
pub mod mtu;
pub mod ping;
mod program;
pub mod route;
pub mod throughput;
