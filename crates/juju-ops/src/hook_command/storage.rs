use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Command, json, json_or_default, nothing};
use crate::gather::sort;
use crate::name::StorageId;
use crate::transport::Call;

/// One storage instance that is there.
///
/// ```
/// use juju_ops::hook_command::{StorageInfo, StorageKind};
///
/// let storage: StorageInfo = serde_json::from_str(r#"{"kind": "filesystem", "location": "/srv/data"}"#)?;
/// assert_eq!(storage.kind, StorageKind::Filesystem);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct StorageInfo {
    /// What it is.
    pub kind: StorageKind,
    /// Where it is: a mount point or a device.
    pub location: PathBuf,
}

/// What a storage instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StorageKind {
    /// A directory in which a filesystem is mounted.
    Filesystem,
    /// A block device.
    Block,
}

/// The instances of one storage of the metadata, sorted by number. `storage-list`.
pub fn storage_list(name: &str) -> Command<Vec<StorageId>> {
    Command::new(Call::new("storage-list", ["--format=json", "--", name]), name, sorted)
}

/// All storage instances of this unit, sorted. `storage-list`.
pub fn storage_list_all() -> Command<Vec<StorageId>> {
    Command::new(Call::new("storage-list", ["--format=json"]), "", sorted)
}

/// What and where a storage instance is. `storage-get`. Where it is not there, or not yet, the error
/// [is "not found"](crate::Error::is_not_found).
pub fn storage_get(id: &StorageId) -> Command<StorageInfo> {
    Command::new(Call::new("storage-get", ["--format=json", "-s", &id.to_string()]), id, json)
}

/// Asks for more instances of a storage of the metadata; each comes with its `storage-attached`. `storage-add`.
///
/// Juju acts on it when the hook has succeeded, and fails the hook then if there is no such storage.
///
/// ```
/// let command = juju_ops::hook_command::storage_add("data", std::num::NonZeroU32::MIN);
/// assert_eq!(format!("{command:?}"), "storage-add -- data=1");
/// ```
pub fn storage_add(name: &str, count: NonZeroU32) -> Command<()> {
    Command::new(Call::new("storage-add", ["--", &format!("{name}={count}")]), name, nothing)
}

fn sorted(stdout: &[u8]) -> Result<Vec<StorageId>, crate::error::CommandError> {
    let mut ids: Vec<StorageId> = json_or_default(stdout)?;
    sort(&mut ids);
    Ok(ids)
}
