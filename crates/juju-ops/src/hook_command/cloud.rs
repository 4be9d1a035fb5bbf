use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{Command, json, null_is_empty};
use crate::transport::Call;

/// The cloud that the model is in, and the credential to act in it. Its `Debug` hides the credential's values.
///
/// ```
/// use juju_ops::hook_command::CloudSpec;
///
/// let cloud: CloudSpec = serde_json::from_str(
///     r#"{"type": "lxd", "name": "localhost", "credential": {"auth-type": "certificate", "attrs": {"client-key": "K"}}}"#,
/// )?;
/// let credential = cloud.credential.as_ref().unwrap();
/// assert_eq!(credential.attributes["client-key"], "K");
/// assert_eq!(format!("{credential:?}"), r#"CloudCredential { auth_type: "certificate", attributes: {"client-key"} }"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct CloudSpec {
    /// The kind of cloud, such as `lxd`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The region, where it has regions.
    #[serde(default)]
    pub region: Option<String>,
    /// Where its API is.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Where its API for identities is.
    #[serde(default)]
    pub identity_endpoint: Option<String>,
    /// Where its API for storage is.
    #[serde(default)]
    pub storage_endpoint: Option<String>,
    /// What to act in it with.
    #[serde(default)]
    pub credential: Option<CloudCredential>,
    /// The certificates that its API is trusted by, each as PEM.
    #[serde(default, rename = "cacertificates", deserialize_with = "null_is_empty")]
    pub ca_certificates: Vec<String>,
    /// Whether certificates are not to be checked.
    #[serde(default)]
    pub skip_tls_verify: bool,
    /// Whether the controller is in this cloud too.
    #[serde(default)]
    pub is_controller_cloud: bool,
}

/// What a cloud is used with. Its `Debug` shows the names of the attributes alone.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct CloudCredential {
    /// The kind of credential, such as `certificate`.
    pub auth_type: String,
    /// Its values, by their names in that kind. Private.
    #[serde(default, rename = "attrs", deserialize_with = "null_is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The names of values that Juju keeps to itself.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub redacted: Vec<String>,
}

/// The cloud that the model is in. `credential-get`, which wants `juju trust`: without it, the error
/// [is "permission denied"](crate::Error::is_permission_denied).
pub fn credential_get() -> Command<CloudSpec> {
    Command::new(Call::new("credential-get", ["--format=json"]), "", json)
}

impl fmt::Debug for CloudCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The names of the attributes.
        struct Names<'a>(&'a BTreeMap<String, String>);
        impl fmt::Debug for Names<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries(self.0.keys()).finish()
            }
        }
        f.debug_struct("CloudCredential")
            .field("auth_type", &self.auth_type)
            .field("attributes", &Names(&self.attributes))
            .finish()
    }
}
