#![doc = include_str!("../README.md")]

mod client_side;
mod dial;
mod go;
mod gob;
mod rpc;
#[cfg(feature = "server")]
mod server_side;

#[cfg(test)]
#[cfg(feature = "server")]
mod corpus;
#[cfg(test)]
#[cfg(feature = "server")]
mod robust;

pub use client_side::{Answer, Broken, ClientSide, NoResponse};
pub use dial::{connect, current_dir};
pub use go::words;
pub use rpc::{Request, Response, STDIN_WANTED};
#[cfg(feature = "server")]
pub use server_side::{Call, ServerSide, Ticket};

/// The hook commands: one program, statically linked where that is possible, that asks the agent for whatever it is
/// called by the name of, and prints the answer. Put it in a file, and links with the commands' names beside it.
#[cfg(feature = "executable")]
pub const EXECUTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/jujuc"));
