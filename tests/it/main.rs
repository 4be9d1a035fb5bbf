//! What a charm author or an operator can see of the peers, in the simulator of Juju.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod advertising;
mod bags;
mod calls;
mod charm;
mod compile;
mod delivery;
mod demo;
mod executable;
mod failures;
mod fake;
mod many;
mod mixed;
mod parity;
mod property;
mod readme;
mod relation;
mod stored;
mod support;
mod tampered;
