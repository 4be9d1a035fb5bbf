use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Databag;
use crate::context::Context;
use crate::encoding::Encoding;
use crate::error::{Error, fit};
use crate::gather::gather;

/// What was seen when it was last dealt with, so that the next dispatch can tell what has changed since.
///
/// It is kept with the unit's state in Juju and committed with the dispatch that dealt with it, or not at all: what a
/// failed hook saw has not been seen. Kept is what is compared; so do not use it for bags that are large or private,
/// of which [`unchanged`](Self::unchanged) keeps a digest alone.
///
/// ```
/// use juju_ops::{BoxError, Observer, Observers, Status, hook, testing};
/// use juju_sim::Charm;
///
/// #[derive(serde::Deserialize)]
/// struct Config {
///     port: u16,
///     colour: String,
/// }
///
/// struct Web;
///
/// impl Observer for Web {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.config::<Config>();
///         events.on(&hook::config_changed(), |_, _, cx| {
///             let change = cx.memory("web").config::<Config>()?;
///             if change.is_of("port") {
///                 let before = change.before().map_or(0, |config| config.port);
///                 log::info!("moves from port {before} to {}", change.after().port);
///             }
///             Ok(change.handled()?)
///         });
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let options = "options: {port: {type: int, default: 80}, colour: {type: string, default: red}}";
/// let mut juju = testing::in_process(Web, Charm::parse("name: web", Some(options), None)?)?;
/// juju.add_unit("web")?;
/// juju.settle()?;
/// juju.set_config("web", "port", Some(8080.into()))?;
/// juju.settle()?;
/// juju.set_config("web", "colour", Some("blue".into()))?;
/// juju.settle()?;
/// let log = juju.log();
/// let moves: Vec<_> = log.iter().map(|line| &line.text).filter(|text| text.starts_with("moves")).collect();
/// assert_eq!(moves, ["moves from port 0 to 80", "moves from port 80 to 8080"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory {
    cx: Context,
    name: String,
}

/// What something was when it was last dealt with, and what it is; see [`Memory`].
///
/// ```
/// # use juju_ops::{BoxError, Change, Context, Encoding, hook};
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Server {
///     host: String,
/// }
///
/// fn changed(_: &(), event: &hook::RelationChanged, cx: &Context) -> Result<(), BoxError> {
///     let Some(unit) = event.unit() else { return Ok(()) };
///     let bag = cx.relation(event.relation()).bag(unit);
///     let server: Change<Server> = cx.memory("servers").bag(&bag, Encoding::Json)?;
///     if server.is_of("host") {
///         log::info!("now at {}", server.after().host);
///     }
///     Ok(server.handled()?)
/// }
/// ```
pub struct Change<T> {
    cx: Context,
    area: String,
    before: Option<T>,
    after: T,
    keys: BTreeSet<String>,
    stored: Value,
}

impl Memory {
    fn new(cx: &Context, name: &str) -> Self {
        Self { cx: cx.clone(), name: name.to_owned() }
    }

    /// What has changed in the configuration, as far as a `C` has fields for it.
    ///
    /// # Errors
    /// As [`Context::config`], or the unit's state cannot be read.
    pub fn config<C: DeserializeOwned>(&self) -> Result<Change<C>, Error> {
        let read = self.cx.read_config()?;
        let wanted = crate::shape::names::<C>();
        let all = read.as_object().cloned().unwrap_or_default();
        let kept: Map<String, Value> =
            all.into_iter().filter(|(key, _)| wanted.is_empty() || wanted.contains(&key.as_str())).collect();
        self.change("config", Value::Object(kept), self.cx.config_as()?)
    }

    /// What has changed in a databag, as far as a `T` has fields for it.
    ///
    /// # Errors
    /// As [`Databag::load`], or the unit's state cannot be read.
    pub fn bag<T: DeserializeOwned + Serialize>(&self, bag: &Databag, encoding: Encoding) -> Result<Change<T>, Error> {
        let after: T = bag.load(encoding)?;
        let stored = serde_json::to_value(&after).map_err(|_| Error::refused("databag: the value has no JSON form"))?;
        self.change(&bag.area(), stored, after)
    }

    /// Whether something is as it was when it was last asked about under this name, in a dispatch that succeeded: the
    /// one line by which a reconciler skips what need not be done again. `what` is all that its work follows from.
    ///
    /// ```
    /// # use juju_ops::{BoxError, Context, hook};
    /// # fn write_files(_: &serde_json::Value) {}
    /// fn reconcile(_: &(), _: &hook::AnyHook, cx: &Context) -> Result<(), BoxError> {
    ///     let config: serde_json::Value = cx.config()?;
    ///     if cx.memory("files").unchanged(&config)? {
    ///         return Ok(());
    ///     }
    ///     write_files(&config);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// A digest is kept, nothing else. What a handler does after a `false` is done again where its dispatch fails.
    ///
    /// # Errors
    /// It has no JSON form, or the unit's state cannot be read or has no room.
    pub fn unchanged(&self, what: &impl Serialize) -> Result<bool, Error> {
        // By way of a value, which sorts the keys of maps that have no order.
        let text = serde_json::to_value(what)
            .map_err(|_| Error::refused(format!("memory {}: the value has no JSON form", self.name)))?
            .to_string();
        let (area, digest) = (self.area("digest"), hex(&Sha256::digest(text.as_bytes())));
        if self.cx.area(&area)?.as_deref() == Some(digest.as_str()) {
            return Ok(true);
        }
        self.cx.set_area(&area, digest)?;
        Ok(false)
    }

    /// Forgets what was seen: everything is new to the next look.
    ///
    /// # Errors
    /// The unit's state cannot be read.
    pub fn forget(&self) -> Result<(), Error> {
        let prefix = self.area("");
        for area in self.cx.areas_of(&prefix)? {
            // `lib.web` is another name than `lib`.
            if is_what(&area[prefix.len()..]) {
                self.cx.set_area(&area, String::new())?;
            }
        }
        Ok(())
    }

    fn change<T: DeserializeOwned>(&self, what: &str, stored: Value, after: T) -> Result<Change<T>, Error> {
        let area = self.area(what);
        // What cannot be read, or does not fit this version of the type, was never seen.
        let old: Option<Value> = self.cx.area(&area)?.and_then(|text| serde_json::from_str(&text).ok());
        let before = old.as_ref().and_then(|old| fit(old.clone()).ok());
        let fields = |value: Option<&Value>| -> BTreeMap<String, Value> {
            let fields = value.and_then(Value::as_object).cloned().unwrap_or_default();
            gather(fields.into_iter().filter(|(_, value)| !value.is_null()))
        };
        let (was, is) = (fields(old.as_ref()), fields(Some(&stored)));
        let all: BTreeSet<&String> = gather(was.keys().chain(is.keys()));
        let keys = gather(all.into_iter().filter(|key| was.get(*key) != is.get(*key)).cloned());
        Ok(Change { cx: self.cx.clone(), area, before, after, keys, stored })
    }

    fn area(&self, what: &str) -> String {
        format!("memory.{}.{what}", self.name)
    }
}

impl<T> Change<T> {
    /// What it was; none where it was never dealt with.
    pub fn before(&self) -> Option<&T> {
        self.before.as_ref()
    }

    /// What it is.
    pub fn after(&self) -> &T {
        &self.after
    }

    /// The options or keys that were added, removed or changed, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// Whether one option or key has changed.
    pub fn is_of(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Takes the change as dealt with, when the dispatch succeeds.
    ///
    /// # Errors
    /// The unit's state has no room.
    pub fn handled(self) -> Result<(), Error> {
        if self.keys.is_empty() {
            return Ok(());
        }
        self.cx.set_area(&self.area, self.stored.to_string())
    }
}

impl Context {
    /// What was seen of something when it was last dealt with, under a name that the charm gives; see [`Memory`].
    pub fn memory(&self, name: &str) -> Memory {
        Memory::new(self, name)
    }
}

/// Whether the rest of an area's name is what a memory has under its own, and no part of another's.
fn is_what(rest: &str) -> bool {
    let bag = |rest: &str| matches!(rest.split('.').count(), 3 | 4) && !rest.ends_with(".config");
    matches!(rest, "config" | "digest") || rest.strip_prefix("bag.").is_some_and(bag)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Shows what has changed, by its keys alone.
impl<T> fmt::Debug for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({})", self.name)
    }
}
