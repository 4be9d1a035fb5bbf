//! How hook commands talk to Juju: the protocol, and the hook commands' own side of it.
//!
//! The hook commands are one small program, of which `main.rs` is the root. The build script compiles it by itself, and
//! this crate holds the executable: who has the library has hook commands that fit it. What both need is compiled for
//! both. It needs the standard library alone, and has no name of this crate in it.

/// The program of the hook commands as it is called.
#[cfg(test)]
mod called;
#[cfg(test)]
pub(crate) mod client_side;
#[cfg(test)]
pub(crate) mod corpus;
pub(crate) mod go;
pub(crate) mod gob;
pub(crate) mod rpc;
pub(crate) mod server_side;

/// Recordings of Go's own two sides, byte for byte.
#[cfg(test)]
mod sessions;

/// The program of the hook commands.
pub(crate) const EXECUTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/jujuc"));
