//! Actions as events: `run::<P>("name")` is the source of one action, whose parameters are read as a `P`.
//!
//! ```
//! use juju_ops::action::{self, Action};
//! use juju_ops::{BoxError, Context, Observer, Observers, Outcome};
//!
//! struct Demo;
//!
//! #[derive(Debug, serde::Deserialize)]
//! struct Backup { target: String }
//!
//! impl Observer for Demo {
//!     fn observe(&self, events: &mut Observers<Self>) {
//!         events.on(&action::run::<Backup>("backup"), Self::backup);
//!     }
//! }
//!
//! impl Demo {
//!     fn backup(&self, event: &Action<Backup>, _: &Context) -> Result<Outcome, BoxError> {
//!         if event.params().target.is_empty() {
//!             return Ok(Outcome::failed("the target is empty"));
//!         }
//!         Ok(Outcome::completed().with("target", &event.params().target)?)
//!     }
//! }
//! ```
//!
//! Juju runs an action at most once. A handler's `Err` (or panic) drops everything that it wrote, fails the action
//! with the error and its causes, logs it, and leaves the unit well; [`Outcome::failed`] fails it and keeps what was written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::error::{Error, bounded, fit};
use crate::event::Event;
use crate::hook_command;
use crate::shape;
use crate::source::Source;

/// An action that runs, with its parameters read as a `P`: a struct that is `Deserialize`. The simulator and Juju
/// fill in defaults from the action's schema. The [module](self) has an example.
pub struct Action<P> {
    params: P,
    cx: Context,
}

/// The parameters of an action that takes none.
///
/// ```
/// # use juju_ops::{Observer, Observers, Outcome, action};
/// # struct Web;
/// # impl Observer for Web {
/// fn observe(&self, events: &mut Observers<Self>) {
///     events.on(&action::run::<action::NoParams>("ping"), |_, _, _| Ok(Outcome::completed().with("answer", "pong")?));
/// }
/// # }
/// # assert_eq!(juju_ops::observed(&Web).unwrap().actions[0].name, "ping");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct NoParams {}

/// What an action ends in: results, and maybe a failure.
///
/// ```
/// use juju_ops::Outcome;
/// use serde_json::json;
///
/// let outcome = Outcome::completed().with("size", 3)?.with_all(&json!({"disk": {"free": 10, "used": 5}}))?;
/// assert_eq!(outcome.result("disk.free"), Some("10"));
/// assert!(Outcome::completed().with("My_Key", 1).is_err());
/// # Ok::<(), juju_ops::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Outcome {
    results: BTreeMap<String, String>,
    pub(crate) failure: Option<String>,
}

/// The most bytes that one result may take: Linux takes 128 KiB for an argument, `key=` and the closing NUL in it.
const ONE: usize = 128 << 10;
/// The most bytes that all results may take.
const ALL: usize = 1 << 20;
/// The most bytes of results that one call of `action-set` carries.
const CALL: usize = 512 << 10;

/// The source of the action `name`, its parameters read as a `P`: a struct, [`NoParams`] for none, `serde_json::Value`
/// for any. (`()` is none of these: Juju gives an object.)
pub fn run<P: DeserializeOwned + fmt::Debug + 'static>(name: &str) -> Source<Action<P>> {
    let build = |cx: &Context| {
        let given = cx.action_params()?;
        let known = shape::names::<P>();
        let given_names = given.as_object().into_iter().flat_map(serde_json::Map::keys);
        if let Some(unknown) = given_names.into_iter().find(|name| !known.is_empty() && !known.contains(&name.as_str()))
        {
            return Err(Error::refused(format!(
                "the action's parameters: {:?} is none of them, which are {}",
                bounded(unknown, 64),
                known.join(", ")
            )));
        }
        let params = fit(Value::clone(&*given)).map_err(|misfit| Error::parse("the action's parameters", misfit))?;
        Ok(Action { params, cx: cx.clone() })
    };
    Source::action(name, build, shape::fields::<P>)
}

impl<P: fmt::Debug + 'static> Event for Action<P> {
    type Response = Outcome;
}

impl<P> Action<P> {
    /// The parameters.
    pub fn params(&self) -> &P {
        &self.params
    }

    /// The number of the task, as `juju show-task` takes it: `JUJU_ACTION_UUID`.
    ///
    /// # Errors
    /// The variable is not set.
    pub fn id(&self) -> Result<&str, Error> {
        self.cx.env().needed("JUJU_ACTION_UUID")
    }

    /// Shows a progress message to whoever waits for the action. Goes out at once.
    ///
    /// # Errors
    /// `action-log` fails.
    pub fn log(&self, message: impl fmt::Display) -> Result<(), Error> {
        hook_command::action_log(&message.to_string()).run(self.cx.transport())
    }
}

impl<P: fmt::Debug> fmt::Debug for Action<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Outcome {
    /// The action did what it is for.
    pub fn completed() -> Self {
        Self { results: BTreeMap::new(), failure: None }
    }

    /// The action did not do what it is for. Results and writes are kept all the same.
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self { results: BTreeMap::new(), failure: Some(reason.to_string()) }
    }

    /// Adds a result. `key` is one or more parts joined by dots (`disk.free`), which Juju shows as nested maps; each
    /// part has lower-case letters, digits and inner hyphens.
    ///
    /// # Errors
    /// The key is none that Juju takes (`stdout`, `stderr` and their `-encoding` are Juju's own), is there already, or
    /// is one of a map where there is a value (`disk` and `disk.free`); the value is above the 128 KiB that fit one
    /// argument of a command, or all results above 1 MiB. Say less, or say where the whole is.
    pub fn with(mut self, key: &str, value: impl fmt::Display) -> Result<Self, Error> {
        self.add(key, value.to_string())?;
        Ok(self)
    }

    /// Adds the fields of a struct, or of a map, as results: nested ones with their keys joined by dots, lists and what
    /// else is no text in JSON. What is null, and an empty map, is left out.
    ///
    /// Matches `set_results` of Python `ops`.
    ///
    /// # Errors
    /// It is no struct and no map, has no JSON form, or as [`with`](Self::with).
    pub fn with_all(mut self, results: &impl Serialize) -> Result<Self, Error> {
        let results = serde_json::to_value(results).map_err(|error| Error::parse("action results", error))?;
        match results {
            Value::Object(results) => self.add_map("", results)?,
            _ => return Err(Error::refused("action results: neither a struct nor a map")),
        }
        Ok(self)
    }

    /// A result that was added.
    pub fn result(&self, key: &str) -> Option<&str> {
        self.results.get(key).map(String::as_str)
    }

    /// Why the action failed, if it did.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    fn add_map(&mut self, prefix: &str, map: serde_json::Map<String, Value>) -> Result<(), Error> {
        for (key, value) in map {
            let key = format!("{prefix}{key}");
            match value {
                Value::Null => {}
                Value::Object(map) => self.add_map(&format!("{key}."), map)?,
                Value::String(text) => self.add(&key, text)?,
                other => self.add(&key, other.to_string())?,
            }
        }
        Ok(())
    }

    fn add(&mut self, key: &str, value: String) -> Result<(), Error> {
        let refuse = |why: String| Err(Error::refused(format!("action result {:?}: {why}", bounded(key, 64))));
        if !key.split('.').all(is_result_key) {
            return refuse(
                "a key has parts of lower-case letters, digits and inner hyphens, joined by dots, none of which is \
                 stdout, stderr, stdout-encoding or stderr-encoding"
                    .to_owned(),
            );
        }
        let within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
        if let Some(other) = self.results.keys().find(|other| *other == key || within(other, key) || within(key, other))
        {
            return refuse(format!("conflicts with {other:?}"));
        }
        if key.len() + value.len() + 2 > ONE {
            return refuse(format!("{} bytes, above the {} KiB of an argument", value.len(), ONE >> 10));
        }
        if value.contains('\0') {
            return refuse("has a NUL character".to_owned());
        }
        let all: usize = self.results.iter().map(|(key, value)| key.len() + value.len()).sum();
        if all + key.len() + value.len() > ALL {
            return refuse(format!("brings all results above {} KiB", ALL >> 10));
        }
        self.results.insert(key.to_owned(), value);
        Ok(())
    }

    /// The results in as many parts as calls of `action-set` they take.
    pub(crate) fn parts(&self) -> Vec<BTreeMap<String, String>> {
        let mut parts: Vec<BTreeMap<String, String>> = Vec::new();
        let mut size = CALL;
        for (key, value) in &self.results {
            size += key.len() + value.len() + 16;
            if size > CALL {
                parts.push(BTreeMap::new());
                size = key.len() + value.len() + 16;
            }
            if let Some(part) = parts.last_mut() {
                part.insert(key.clone(), value.clone());
            }
        }
        parts
    }
}

/// Juju: hook command `action-set`.
fn is_result_key(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().copied().is_some_and(plain)
        && bytes.last().copied().is_some_and(plain)
        && bytes.iter().all(|&b| plain(b) || b == b'-')
        && !matches!(part, "stdout" | "stderr" | "stdout-encoding" | "stderr-encoding")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_keys_are_those_that_juju_takes() {
        for good in ["peers", "a.b-c.d1", "0"] {
            assert!(Outcome::completed().with(good, "").is_ok(), "{good}");
        }
        for bad in ["", "Peers", "a_b", "-a", "a-", "a..b", "stdout", "a.stderr", "a b"] {
            assert!(Outcome::completed().with(bad, "").is_err(), "{bad}");
        }
        assert!(Outcome::completed().with("big", "x".repeat(128 << 10)).is_err());
        assert!(Outcome::completed().with("nul", "a\0b").is_err());
    }

    #[test]
    fn results_are_flattened_and_must_not_conflict() {
        let results = serde_json::json!({"a": {"b": [1, 2], "c": null, "d": {}}, "e": "text", "f": true});
        let outcome = Outcome::completed().with_all(&results).unwrap();
        let shown: Vec<String> = outcome.results.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(shown, ["a.b=[1,2]", "e=text", "f=true"]);
        for conflicting in ["a.b", "a", "a.b.c"] {
            let error = outcome.clone().with(conflicting, 1).unwrap_err().to_string();
            assert!(error.ends_with("conflicts with \"a.b\""), "{error}");
        }
        assert!(Outcome::completed().with_all(&[1]).is_err() && Outcome::completed().with_all(&3).is_err());
        let error = Outcome::completed().with_all(&serde_json::json!({"My_Key": 1})).unwrap_err().to_string();
        assert!(error.contains("lower-case letters, digits and inner hyphens"), "{error}");
    }

    #[test]
    fn many_results_go_out_in_several_calls() {
        let mut outcome = Outcome::completed();
        for n in 0..9 {
            outcome = outcome.with(&format!("k{n}"), "x".repeat(100 << 10)).unwrap();
        }
        let parts = outcome.parts();
        assert_eq!((parts.len(), parts.iter().map(BTreeMap::len).sum::<usize>()), (2, 9));
        assert!(outcome.clone().with("k9", "x".repeat(126 << 10)).is_err());
        assert!(Outcome::completed().parts().is_empty());
    }
}
