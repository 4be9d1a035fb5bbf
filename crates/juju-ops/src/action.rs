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

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::error::{Error, misfit};
use crate::event::Event;
use crate::hook_command;
use crate::source::Source;

/// An action that runs, with its parameters read as a `P`: a struct that is `Deserialize`. The simulator and Juju
/// fill in defaults from the action's schema.
pub struct Action<P> {
    params: P,
    cx: Context,
}

/// The parameters of an action that takes none: `action::run::<NoParams>("ping")`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct NoParams {}

/// What an action ends in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Outcome {
    pub(crate) results: BTreeMap<String, String>,
    pub(crate) failure: Option<String>,
}

/// The source of the action `name`, its parameters read as a `P`: a struct, [`NoParams`] for none, `serde_json::Value`
/// for any. (`()` is none of these: Juju gives an object.)
pub fn run<P: DeserializeOwned + fmt::Debug + 'static>(name: &str) -> Source<Action<P>> {
    Source::action(name, |cx| {
        let params = cx.action_params()?;
        let params = serde_path_to_error::deserialize(&*params)
            .map_err(|error| Error::parse("the action's parameters", misfit(&error)))?;
        Ok(Action { params, cx: cx.clone() })
    })
}

impl<P: fmt::Debug + 'static> Event for Action<P> {
    type Response = Outcome;
}

impl<P> Action<P> {
    /// The parameters.
    pub fn params(&self) -> &P {
        &self.params
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
    /// The key is none that Juju takes (`stdout`, `stderr` and their `-encoding` are Juju's own), or the value is
    /// above the 128 KiB that fit one argument of a command.
    pub fn with(mut self, key: &str, value: impl fmt::Display) -> Result<Self, Error> {
        if !key.split('.').all(is_result_key) {
            return Err(Error::refused(format!("action result {key:?}: not a key that Juju takes")));
        }
        let value = value.to_string();
        // Linux: MAX_ARG_STRLEN, with `key=` and the closing NUL in it.
        if key.len() + value.len() + 2 > 128 << 10 {
            return Err(Error::refused(format!("action result {key:?}: {} bytes, above Linux's 128 KiB", value.len())));
        }
        if value.contains('\0') {
            return Err(Error::refused(format!("action result {key:?}: has a NUL character")));
        }
        self.results.insert(key.to_owned(), value);
        Ok(self)
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
}
