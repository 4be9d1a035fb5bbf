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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RelationHook {
    pub(crate) kind: RelationKind,
    pub(crate) relation: u32,
    pub(crate) endpoint: String,
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

impl Hook {
    pub(crate) fn relation(&self) -> Option<&RelationHook> {
        match self {
            Hook::Relation(hook) => Some(hook),
            _ => None,
        }
    }

    /// Juju: what ranks before actions while nothing is in progress.
    pub(crate) fn precedes_actions(&self) -> bool {
        match self {
            Hook::LeaderElected | Hook::LeaderSettingsChanged => true,
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
            Hook::Relation(hook) => {
                let kind = match hook.kind {
                    RelationKind::Created => "created",
                    RelationKind::Joined => "joined",
                    RelationKind::Changed => "changed",
                    RelationKind::Departed => "departed",
                    RelationKind::Broken => "broken",
                };
                return write!(f, "{}-relation-{kind}", hook.endpoint);
            }
        })
    }
}
