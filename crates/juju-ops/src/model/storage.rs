use std::fmt;
use std::num::NonZeroU32;

use crate::context::Context;
use crate::error::Error;
use crate::hook_command::{self, StorageInfo};
use crate::name::StorageId;

/// One storage instance that this unit has.
///
/// ```
/// use juju_ops::{BoxError, Observer, Observers, Status, hook, testing};
/// use juju_sim::{Charm, Deployment, World};
///
/// struct Database;
///
/// impl Observer for Database {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.storage("data");
///         events.on(&hook::start(), |_, _, cx| {
///             let places: Result<Vec<_>, _> = cx.storages("data")?.iter().map(|it| it.info()).collect();
///             Ok(cx.unit().set_status(Status::active(format!("{} disk", places?.len())))?)
///         });
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let metadata = Charm::parse("{name: pg, storage: {data: {type: filesystem, location: /srv}}}", None, None)?;
/// let mut juju = World::new(0);
/// juju.deploy("pg", testing::revision(Database, metadata)?)?;
/// juju.settle()?;
/// assert_eq!(juju.status("pg/0"), ("active", "1 disk"));
/// # Ok(())
/// # }
/// ```
///
/// Matches `Storage` of Python `ops`.
#[derive(Clone)]
pub struct Storage {
    cx: Context,
    id: StorageId,
}

impl Storage {
    /// Its identity.
    pub fn id(&self) -> &StorageId {
        &self.id
    }

    /// Where it is, and of which kind.
    ///
    /// # Errors
    /// `storage-get` fails: it is not, or no longer, provisioned ([`is_not_found`](Error::is_not_found)).
    pub fn info(&self) -> Result<StorageInfo, Error> {
        hook_command::storage_get(&self.id).run(self.cx.transport())
    }
}

impl Context {
    /// The instances of a storage that this unit has.
    ///
    /// # Errors
    /// `storage-list` fails.
    pub fn storages(&self, name: &str) -> Result<Vec<Storage>, Error> {
        let ids = hook_command::storage_list(name).run(self.transport())?;
        Ok(ids.into_iter().map(|id| Storage { cx: self.clone(), id }).collect())
    }

    /// Asks for more instances of a storage. Goes out at once; they come, when the hook has succeeded, with a
    /// `storage-attached` each.
    ///
    /// # Errors
    /// `storage-add` fails, or the count is 0.
    pub fn add_storage(&self, name: &str, count: u32) -> Result<(), Error> {
        let count = NonZeroU32::new(count).ok_or_else(|| Error::refused(format!("storage {name}: a count of 0")))?;
        hook_command::storage_add(name, count).run(self.transport())
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({})", self.id)
    }
}
