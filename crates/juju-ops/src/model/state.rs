use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::error::{Error, fit_json};

/// A value that this unit remembers from one dispatch to the next: one area of the unit's state in Juju.
///
/// It is read with all of the unit's state, by one hook command in a dispatch, and written with it. A write is held in
/// the process, commits together with the hook's relation writes or not at all, survives a replaced container, and
/// ends with the unit. All areas together may hold 1 MiB.
///
/// Use it for what cannot be read elsewhere; for what others should see, use a databag.
///
/// ```
/// # use juju_ops::{BoxError, Observer, Observers, Status, hook, testing};
/// # use juju_sim::Charm;
/// # struct Web;
/// # impl Observer for Web {
/// fn observe(&self, events: &mut Observers<Self>) {
///     events.on(&hook::update_status(), |_, _, cx| {
///         let looks = cx.state("looks").get::<u32>()?.unwrap_or_default() + 1;
///         cx.state("looks").set(&looks)?;
///         Ok(cx.unit().set_status(Status::active(format!("looked {looks} times")))?)
///     });
/// }
/// # }
/// # fn main() -> Result<(), BoxError> {
/// # let mut juju = testing::in_process(Web, Charm::parse("name: web", None, None)?)?;
/// # juju.add_unit("web")?;
/// # juju.settle()?;
/// # for _ in 0..2 {
/// #     juju.tick("web/0")?;
/// #     juju.settle()?;
/// # }
/// assert_eq!(juju.status("web/0"), ("active", "looked 2 times"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct State {
    cx: Context,
    area: String,
}

impl State {
    fn new(cx: &Context, area: &str) -> Self {
        Self { cx: cx.clone(), area: area.to_owned() }
    }

    /// The value; none when nothing was stored.
    ///
    /// # Errors
    /// `state-get` fails, or what is stored cannot be read as a `T`.
    pub fn get<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        let read = |text: String| {
            fit_json(text.as_bytes()).map_err(|misfit| Error::parse(format!("state area {}", self.area), misfit))
        };
        self.text()?.map(read).transpose()
    }

    /// The value's stored text, whatever it is.
    ///
    /// # Errors
    /// `state-get` fails.
    pub fn text(&self) -> Result<Option<String>, Error> {
        self.cx.area(&self.area)
    }

    /// Stores a value, as JSON.
    ///
    /// # Errors
    /// `state-get` fails, the value has no JSON form, the area's name is none (lower-case letters, digits, `.`, `-`
    /// and `_`) or one of the framework's own, or the limit is reached.
    pub fn set<T: Serialize>(&self, value: &T) -> Result<(), Error> {
        let text =
            serde_json::to_string(value).map_err(|error| Error::parse(format!("state area {}", self.area), error))?;
        self.set_text(text)
    }

    /// Stores a text as it is; an empty one removes the area.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_text(&self, text: String) -> Result<(), Error> {
        self.cx.set_area(&self.area, text)
    }

    /// Forgets the value.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn remove(&self) -> Result<(), Error> {
        self.set_text(String::new())
    }
}

impl Context {
    /// A value that this unit remembers from one dispatch to the next. `area` is its name. Charm and libraries share the
    /// names: a library begins its own with its crate's (`magpie-peers.magpie`), a charm's have no dot.
    pub fn state(&self, area: &str) -> State {
        State::new(self, area)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({})", self.area)
    }
}
