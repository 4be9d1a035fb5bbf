use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::action::Outcome;
use crate::context::Context;
use crate::error::BoxError;

/// Something that happened. `Response` is what a handler owes for it.
///
/// Hooks and actions are events of this crate. A library makes its own by a type, this trait, and a
/// [`Source`](crate::Source) that names where it comes from.
///
/// ```
/// /// The database can be used.
/// #[derive(Debug)]
/// struct Ready {
///     host: String,
/// }
///
/// impl juju_ops::Event for Ready {
///     type Response = (); // it is over when its handlers have run
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "an event is a `'static` type that implements `juju_ops::Event` and says which `Response` it wants"
)]
pub trait Event: fmt::Debug + 'static {
    /// `()` for what is over once it is handled, [`Ack`] for what stays until acknowledged, [`Outcome`] for an action.
    type Response: Response;
}

/// What a handler gives back: `()`, [`Ack`] or [`Outcome`]. Sealed.
pub trait Response: sealed::Response {}

impl Response for () {}
impl Response for Ack {}
impl Response for Outcome {}

/// The answer to a [`Durable`] event.
///
/// An `Err` instead fails the hook in the dispatch that emitted the event: the unit goes to error state and Juju
/// repeats the hook. `NotYet` waits quietly. Choose on purpose.
///
/// ```
/// # use juju_ops::{Ack, BoxError, Context, RelationId};
/// fn use_database(relation: &RelationId, cx: &Context) -> Result<Ack, BoxError> {
///     match cx.relation(relation).remote_app_bag()?.get("host")? {
///         Some(_) => Ok(Ack::Done),
///         None => Ok(Ack::NotYet), // the other side has not written yet: no error
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Ack {
    /// The event is dealt with and is not delivered again.
    Done,
    /// The event stays pending and is delivered again in the next hook of this unit, whichever that is: at worst
    /// `update-status`, some five minutes later.
    NotYet,
    /// The event stays pending, and the unit is woken for it after this time if no hook has dealt with it before: on a
    /// machine with systemd, by a transient timer that runs `dispatch wake` under `juju-exec`. Elsewhere it waits for
    /// the next hook, as for [`NotYet`](Self::NotYet), and the log says so once.
    ///
    /// Seconds count, not less: what lies below is rounded up. Juju runs one hook at a time, so it may be later.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let answer = juju_ops::Ack::After(Duration::from_secs(30));
    /// # assert_ne!(answer, juju_ops::Ack::NotYet);
    /// ```
    After(Duration),
}

/// An event that is delivered again, dispatch after dispatch, until its handler answers [`Ack::Done`].
///
/// # What is guaranteed
/// Once the emitting dispatch succeeded, the event is delivered at least once in later dispatches until it is
/// acknowledged, overtaken ([`refresh`](Self::refresh)), replaced by a newer event on the same subject and topic,
/// dropped by the charm, or the unit is removed. An acknowledgement commits together with the handler's writes or
/// not at all.
///
/// # What is assumed
/// Handlers are idempotent: a hook that fails after the handler ran is repeated, and so is the event.
///
/// # When not to use it
/// Juju keeps these events in the unit's state, 1 MiB for all of them. Keep *which* thing it is about in the event
/// and read *what* is true of that thing when it is handled: bags change while an event waits.
///
/// ```
/// use std::borrow::Cow;
///
/// use juju_ops::{Ack, BoxError, Context, Durable, Event, RelationId};
///
/// /// A relation wants a database made.
/// #[derive(Debug, serde::Serialize, serde::Deserialize)]
/// struct Wanted {
///     relation: RelationId,
/// }
///
/// impl Event for Wanted {
///     type Response = Ack;
/// }
///
/// impl Durable for Wanted {
///     fn subject(&self) -> Cow<'_, str> {
///         self.relation.to_string().into()
///     }
///
///     fn refresh(self, cx: &Context) -> Result<Option<Self>, BoxError> {
///         let listed = cx.relations(self.relation.endpoint())?.iter().any(|it| *it.id() == self.relation);
///         Ok(listed.then_some(self)) // overtaken where the relation is gone
///     }
/// }
/// ```
///
/// The first page of this crate has a whole charm with one.
pub trait Durable: Event<Response = Ack> + Serialize + DeserializeOwned {
    /// What the event is about, such as a unit's name. With the source's topic, its identity while it is pending: a
    /// newer event on the same subject replaces the older.
    fn subject(&self) -> Cow<'_, str>;

    /// Brings the event up to date before each delivery, except in the dispatch that emitted it. `None`: what
    /// happened since has overtaken it; it is dropped. What it adds to the event is never stored.
    ///
    /// # Errors
    /// The event could not be brought up to date; it stays pending, and the error counts as a failed attempt.
    fn refresh(self, cx: &Context) -> Result<Option<Self>, BoxError> {
        let _ = cx;
        Ok(Some(self))
    }
}

/// The answer of some handler, whatever its event.
#[derive(Debug)]
pub enum Answer {
    Nothing,
    Ack(Ack),
    Outcome(Outcome),
}

/// What an event wants of its observers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    Nothing,
    Ack,
    Outcome,
}

pub(crate) mod sealed {
    use super::{Ack, Answer, Outcome, Owed};

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not an answer to an event",
        note = "a handler answers with `()` for a hook, `juju_ops::Ack` for a durable event, `juju_ops::Outcome` for an action"
    )]
    pub trait Response: 'static {
        const OWED: Owed;
        fn answer(self) -> Answer;
    }

    impl Response for () {
        const OWED: Owed = Owed::Nothing;
        fn answer(self) -> Answer {
            Answer::Nothing
        }
    }

    impl Response for Ack {
        const OWED: Owed = Owed::Ack;
        fn answer(self) -> Answer {
            Answer::Ack(self)
        }
    }

    impl Response for Outcome {
        const OWED: Owed = Owed::Outcome;
        fn answer(self) -> Answer {
            Answer::Outcome(self)
        }
    }
}
