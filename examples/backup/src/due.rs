use std::borrow::Cow;

use juju_ops::{Ack, Durable, Event, Source};
use serde::{Deserialize, Serialize};

/// A backup is to be made. It says which, and not of what: that is read when it is made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupDue {
    /// How many are to remain.
    pub keep: usize,
    /// What it is for.
    pub note: Option<String>,
}

impl Event for BackupDue {
    type Response = Ack;
}

impl Durable for BackupDue {
    /// One subject for all: what is asked for twice before there was a backup is one backup.
    fn subject(&self) -> Cow<'_, str> {
        "backup".into()
    }
}

/// Where [`BackupDue`] comes from.
pub(crate) fn due() -> Source<BackupDue> {
    Source::new("backup", "due")
}
