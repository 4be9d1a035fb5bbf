use std::fmt;

use serde::{Deserialize, Serialize};

/// One hook, with all that its repetition needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hook {
    Install,
    LeaderElected,
    LeaderSettingsChanged,
    ConfigChanged,
    Start,
    UpgradeCharm,
    UpdateStatus,
    Stop,
    Remove,
    Relation(RelationHook),
    Storage(StorageHook),
    Secret(SecretHook),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RelationHook {
    pub(crate) kind: RelationKind,
    pub(crate) relation: u32,
    pub(crate) endpoint: String,
    pub(crate) remote_app: String,
    pub(crate) remote_unit: Option<String>,
    /// The version of the subject's bag when the hook was chosen.
    pub(crate) version: u64,
    pub(crate) departing: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RelationKind {
    Created,
    Joined,
    Changed,
    Departed,
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StorageHook {
    pub(crate) kind: StorageHookKind,
    /// The storage's name in the metadata.
    pub(crate) name: String,
    /// The instance, such as `data/0`.
    pub(crate) id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StorageHookKind {
    Attached,
    Detaching,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretHook {
    pub(crate) kind: SecretHookKind,
    /// The bare id.
    pub(crate) id: String,
    pub(crate) label: String,
    /// The revision that is meant, or for a change the newest.
    pub(crate) revision: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SecretHookKind {
    Changed,
    Rotate,
    Expired,
    Remove,
}

impl Hook {
    pub(crate) fn relation(&self) -> Option<&RelationHook> {
        match self {
            Hook::Relation(hook) => Some(hook),
            _ => None,
        }
    }

    /// The storage or secret that it is about.
    pub(crate) fn subject(&self) -> Option<String> {
        match self {
            Hook::Storage(hook) => Some(hook.id.clone()),
            Hook::Secret(hook) => Some(format!("secret:{}", hook.id)),
            _ => None,
        }
    }

    /// Juju: what ranks before actions while nothing is in progress.
    pub(crate) fn precedes_actions(&self) -> bool {
        match self {
            Hook::LeaderElected | Hook::LeaderSettingsChanged | Hook::Secret(_) => true,
            Hook::Relation(hook) => hook.kind == RelationKind::Created,
            _ => false,
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hook::Install => "install",
            Hook::LeaderElected => "leader-elected",
            Hook::LeaderSettingsChanged => "leader-settings-changed",
            Hook::ConfigChanged => "config-changed",
            Hook::Start => "start",
            Hook::UpgradeCharm => "upgrade-charm",
            Hook::UpdateStatus => "update-status",
            Hook::Stop => "stop",
            Hook::Remove => "remove",
            Hook::Relation(hook) => return write!(f, "{}-relation-{}", hook.endpoint, hook.kind),
            Hook::Storage(hook) => {
                let kind = match hook.kind {
                    StorageHookKind::Attached => "attached",
                    StorageHookKind::Detaching => "detaching",
                };
                return write!(f, "{}-storage-{kind}", hook.name);
            }
            Hook::Secret(hook) => match hook.kind {
                SecretHookKind::Changed => "secret-changed",
                SecretHookKind::Rotate => "secret-rotate",
                SecretHookKind::Expired => "secret-expired",
                SecretHookKind::Remove => "secret-remove",
            },
        })
    }
}

impl fmt::Display for RelationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RelationKind::Created => "created",
            RelationKind::Joined => "joined",
            RelationKind::Changed => "changed",
            RelationKind::Departed => "departed",
            RelationKind::Broken => "broken",
        })
    }
}
