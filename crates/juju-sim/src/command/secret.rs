//! The parts of a secret, save for its content.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::quote::quote;

/// Who owns a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecretOwner {
    /// The application: its leader manages the secret.
    Application,
    /// The unit.
    Unit,
}

impl fmt::Display for SecretOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecretOwner::Application => "application",
            SecretOwner::Unit => "unit",
        })
    }
}

/// How often the owner of a secret is told to change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RotatePolicy {
    /// Not at all.
    Never,
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// Every three months.
    Quarterly,
    /// Every year.
    Yearly,
}

impl RotatePolicy {
    const ALL: [RotatePolicy; 7] = [
        RotatePolicy::Never,
        RotatePolicy::Hourly,
        RotatePolicy::Daily,
        RotatePolicy::Weekly,
        RotatePolicy::Monthly,
        RotatePolicy::Quarterly,
        RotatePolicy::Yearly,
    ];

    fn name(self) -> &'static str {
        match self {
            RotatePolicy::Never => "never",
            RotatePolicy::Hourly => "hourly",
            RotatePolicy::Daily => "daily",
            RotatePolicy::Weekly => "weekly",
            RotatePolicy::Monthly => "monthly",
            RotatePolicy::Quarterly => "quarterly",
            RotatePolicy::Yearly => "yearly",
        }
    }
}

impl fmt::Display for RotatePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RotatePolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = RotatePolicy::ALL.into_iter().find(|policy| policy.name() == text);
        found.ok_or_else(|| format!("rotate policy {} not valid", quote(text)))
    }
}

/// What `secret-add` and `secret-set` say about a secret besides its content. Nothing can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct SecretChanges {
    /// The owner's label.
    pub(crate) label: Option<String>,
    /// The description.
    pub(crate) description: Option<String>,
    /// How often to change it.
    pub(crate) rotate: Option<RotatePolicy>,
    /// When it expires, in seconds of Unix.
    pub(crate) expire: Option<u64>,
}

/// Which revision of a secret `secret-get` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The one that the reader tracks; the first read makes it the latest.
    Tracked,
    /// The latest, this once.
    Peek,
    /// The latest, tracked from now on.
    Refresh,
}

/// The answer of `secret-info-get`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretInfo {
    /// The latest revision.
    pub(crate) revision: u64,
    /// The owner's label, may be empty.
    pub(crate) label: String,
    /// Who owns it.
    pub(crate) owner: SecretOwner,
    /// The description, may be empty.
    pub(crate) description: String,
    /// How often to change it; none where that was never told.
    pub(crate) rotation: Option<RotatePolicy>,
    /// When it expires, in seconds of Unix.
    pub(crate) expiry: Option<u64>,
    /// When it is to be changed next, in seconds of Unix.
    pub(crate) rotates: Option<u64>,
    /// Who else may read it.
    pub(crate) access: Vec<SecretAccess>,
}

/// One grant, in Juju's tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretAccess {
    /// Who may read, such as `application-mysql`.
    pub(crate) target: String,
    /// For how long, such as `relation-wordpress.db#mysql.server`.
    pub(crate) scope: String,
    /// What for: `view`.
    pub(crate) role: String,
}

/// Whom `secret-revoke` takes a secret from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SecretTarget {
    /// The remote application of a relation.
    Relation(u32),
    /// One unit, named together with a relation.
    RelationUnit(u32, String),
    /// An application.
    Application(String),
    /// A unit.
    Unit(String),
}
