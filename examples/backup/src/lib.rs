//! Actions with parameters, progress, results and failures; storage and a resource; and an event that waits until what
//! it needs is there.

mod due;
mod store;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use juju_ops::action::{self, Action, NoParams};
use juju_ops::hook::{self, UpdateStatus};
use juju_ops::{Ack, BoxError, Context, Observer, Observers, Outcome, Status, chain};
use serde::{Deserialize, Serialize};

pub use due::BackupDue;
use due::due;
use store::Store;

/// The charm.
#[derive(Debug)]
pub struct Backup;

const STORAGE: &str = "backups";
const RESOURCE: &str = "sources";
const DAY: Duration = Duration::from_secs(24 * 3600);
const AGAIN: Duration = Duration::from_secs(600);

/// The parameters of the action `create`. Juju has filled in the defaults and checked the bounds.
#[derive(Debug, Deserialize)]
struct Create {
    when: When,
    keep: usize,
    note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum When {
    Now,
    NextHook,
}

/// What the action `create` shows: `size.files` and `size.bytes` are nested as Juju nests them.
#[derive(Debug, Serialize)]
struct Made {
    name: String,
    size: Size,
    removed: usize,
}

#[derive(Debug, Serialize)]
struct Size {
    files: u64,
    bytes: u64,
}

/// What the action `list` shows.
#[derive(Debug, Serialize)]
struct Listing {
    count: usize,
    /// The notes by the names.
    backups: BTreeMap<String, String>,
    /// A list is shown as JSON.
    waiting: Vec<String>,
}

impl Observer for Backup {
    fn observe(&self, events: &mut Observers<Self>) {
        events.storage(STORAGE);
        events.resource(RESOURCE);
        events.emits(&due());
        events.on(&due(), Self::backup_due);
        events.on(&hook::update_status(), Self::update_status);
        events.on(&action::run::<Create>("create"), Self::create);
        events.on(&action::run::<NoParams>("list"), Self::list);
        events.status(Self::status);
    }
}

impl Backup {
    fn create(&self, action: &Action<Create>, cx: &Context) -> Result<Outcome, BoxError> {
        let Create { when, keep, note } = action.params();
        let wanted = BackupDue { keep: *keep, note: note.clone() };
        if *when == When::NextHook {
            cx.emit_durable(&due(), wanted)?;
            return Ok(Outcome::completed().with("waiting", cx.pending_of(&due())?.len())?);
        }
        let Some(store) = store(cx)? else {
            return Ok(Outcome::failed("no storage: juju add-storage UNIT backups"));
        };
        if store.is_locked() {
            return Ok(Outcome::failed("the backups are locked: another machine is at work on them"));
        }
        // An error in here fails the action as well, with its causes, and leaves the unit well.
        let made = make(cx, &store, &wanted, |source| {
            action.log(format!("copying {}", source.display()))?; // shown while the action runs
            Ok(())
        })?;
        Ok(Outcome::completed().with_all(&made)?)
    }

    fn list(&self, _: &Action<NoParams>, cx: &Context) -> Result<Outcome, BoxError> {
        let waiting: Vec<String> =
            cx.pending()?.iter().map(|event| format!("{} {}", event.name, event.subject)).collect();
        let backups = match store(cx)? {
            Some(store) => store.list()?,
            None => BTreeMap::new(),
        };
        Ok(Outcome::completed().with_all(&Listing { count: backups.len(), backups, waiting })?)
    }

    /// Once a day. The unit remembers when, as the storage may be away.
    fn update_status(&self, _: &UpdateStatus, cx: &Context) -> Result<(), BoxError> {
        let asked = cx.state("asked");
        let now = unix_seconds(cx)?;
        if asked.get::<u64>()?.is_none_or(|before| now >= before + DAY.as_secs()) {
            cx.emit_durable(&due(), BackupDue { keep: 7, note: Some("daily".to_owned()) })?;
            asked.set(&now)?;
        }
        Ok(())
    }

    fn backup_due(&self, event: &BackupDue, cx: &Context) -> Result<Ack, BoxError> {
        let Some(store) = store(cx)? else {
            return Ok(Ack::NotYet); // storage comes with a hook of its own
        };
        if store.is_locked() {
            return Ok(Ack::After(AGAIN)); // no hook tells the end of that
        }
        match make(cx, &store, event, |_| Ok(())) {
            Ok(made) => {
                log::info!("made backup {}", made.name);
                Ok(Ack::Done)
            }
            // An Err would fail the hook that emits the event, and put the unit in error: a backup is not worth that.
            Err(error) => {
                log::error!("backup: {}", chain(&*error));
                Ok(Ack::After(AGAIN))
            }
        }
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        if cx.pending_of(&due())?.is_empty() {
            return Ok(Status::active(""));
        }
        Ok(match store(cx)? {
            None => Status::blocked("a backup is due, and there is no storage for it"),
            Some(store) if store.is_locked() => Status::waiting("for the backups to be unlocked"),
            Some(_) => Status::waiting("for a backup"),
        })
    }
}

/// Where the backups are; none without storage, or before it is provisioned.
fn store(cx: &Context) -> Result<Option<Store>, BoxError> {
    let Some(storage) = cx.storages(STORAGE)?.into_iter().next() else { return Ok(None) };
    match storage.info() {
        Ok(info) => Ok(Some(Store::new(info.location))),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes a backup, and says of each file that it is next.
fn make(
    cx: &Context,
    store: &Store,
    wanted: &BackupDue,
    next: impl Fn(&Path) -> Result<(), BoxError>,
) -> Result<Made, BoxError> {
    // The time is the dispatch's, which a test sets; the names sort by it.
    let name = format!("at-{}", unix_seconds(cx)?);
    let mut size = Size { files: 0, bytes: 0 };
    for source in std::fs::read_to_string(cx.resource(RESOURCE)?)?.lines().map(Path::new) {
        next(source)?;
        size.bytes += store.copy(&name, source)?;
        size.files += 1;
    }
    let removed = store.finish(&name, wanted.note.as_deref(), wanted.keep)?;
    Ok(Made { name, size, removed })
}

fn unix_seconds(cx: &Context) -> Result<u64, BoxError> {
    Ok(cx.env().now().duration_since(UNIX_EPOCH)?.as_secs())
}
