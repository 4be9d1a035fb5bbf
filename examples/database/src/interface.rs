//! The interface `example_database`: what the two sides of a relation tell each other. Both charms have these types, so
//! that neither can misspell what the other reads.

use juju_ops::{Encoding, SecretId};
use serde::{Deserialize, Serialize};

/// The name of the interface in the metadata of both.
pub const NAME: &str = "example_database";
/// How both write their bags.
pub const ENCODING: Encoding = Encoding::Json;
/// The keys of the secret that [`Server::credentials`] names.
pub const USERNAME: &str = "username";
/// See [`USERNAME`].
pub const PASSWORD: &str = "password";

/// What the client's application asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The name of the database.
    pub database: String,
}

/// What the server's application answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// An address or a name.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// A secret that is granted over the relation.
    pub credentials: SecretId,
}
