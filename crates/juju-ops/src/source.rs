use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::context::Context;
use crate::error::Error;
use crate::event::{Durable, Event};
use crate::hook::{AnyHook, Hook, HookEvent};
use crate::name::is_endpoint;
use crate::shape::Field;

/// Where events of type `E` come from: a hook, an action, or an object that emits them. A name, not an object: make
/// it anew wherever it is wanted.
///
/// [`hook`](crate::hook) and [`action`](crate::action) have the sources of Juju's own events. A library gives its
/// own by a method: `peers.joined()`.
///
/// ```
/// use juju_ops::{Event, Source, hook};
///
/// #[derive(Debug)]
/// struct Ready;
///
/// impl Event for Ready {
///     type Response = ();
/// }
///
/// fn ready(endpoint: &str) -> Source<Ready> {
///     Source::new(format!("database.{endpoint}"), "ready")
/// }
///
/// assert_eq!(ready("db").to_string(), "database.db ready");
/// assert_eq!(hook::relation_joined("db").to_string(), "hook db-relation-joined");
/// ```
pub struct Source<E> {
    key: Key,
    build: Option<Build<E>>,
    params: Option<Fields>,
}

/// Gives the fields of the parameters of an action.
pub(crate) type Fields = fn() -> Vec<Field>;

/// Makes the event of the dispatch that runs.
pub(crate) type Build<E> = fn(&Context) -> Result<E, Error>;

/// The name of a source, without the type of its events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// A hook, by its full name; `wants` is what the metadata must have for it.
    Hook { name: Cow<'static, str>, wants: Wants },
    /// Any hook.
    AnyHook,
    /// An action, by its name.
    Action(String),
    /// An event of a library's or the charm's own.
    Custom { topic: String, name: String },
}

/// What the charm's metadata must declare for a hook to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wants {
    Nothing,
    /// An endpoint, whose name is that many bytes at the beginning of the hook's.
    Endpoint(usize),
    /// A storage, likewise.
    Storage(usize),
    /// A container, likewise.
    Container(usize),
}

/// At which side of a relation an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Under `provides` in the metadata.
    Provider,
    /// Under `requires` in the metadata.
    Requirer,
    /// Under `peers` in the metadata.
    Peer,
}

impl<E: Event> Source<E> {
    /// A source of events that an object emits by itself, with [`Context::emit`] or [`Context::emit_durable`].
    ///
    /// `topic` names the object, uniquely in the charm: by convention crate and endpoint, `magpie-peers.magpie`.
    /// `name` is what happened: `joined`. Durable events of one topic replace each other where they have the same
    /// subject.
    pub fn new(topic: impl Into<String>, name: impl Into<String>) -> Self {
        Self { key: Key::Custom { topic: topic.into(), name: name.into() }, build: None, params: None }
    }

    pub(crate) fn action(name: &str, build: Build<E>, params: Fields) -> Self {
        Self { key: Key::Action(name.to_owned()), build: Some(build), params: Some(params) }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn builder(&self) -> Option<Build<E>> {
        self.build
    }

    pub(crate) fn params(&self) -> Option<Fields> {
        self.params
    }
}

/// The source of a hook that every charm has.
pub(crate) fn hook<E: HookEvent>(name: &'static str) -> Source<E> {
    of_hook(name.into(), Wants::Nothing)
}

/// The source of a hook of one endpoint.
pub(crate) fn endpoint_hook<E: HookEvent>(endpoint: &str, suffix: &str) -> Source<E> {
    of_hook(format!("{endpoint}-{suffix}").into(), Wants::Endpoint(endpoint.len()))
}

/// The source of a hook of one storage or container.
pub(crate) fn scoped_hook<E: HookEvent>(scope: &str, name: &str, suffix: &str) -> Source<E> {
    let wants = if scope == "storage" { Wants::Storage(name.len()) } else { Wants::Container(name.len()) };
    of_hook(format!("{name}-{suffix}").into(), wants)
}

fn of_hook<E: HookEvent>(name: Cow<'static, str>, wants: Wants) -> Source<E> {
    let build = |cx: &Context| {
        let event = cx.hook().and_then(E::from_hook).cloned();
        event.ok_or_else(|| Error::registration("the hook that runs is of another kind than its name says"))
    };
    Source { key: Key::Hook { name, wants }, build: Some(build), params: None }
}

/// The source of all hooks.
pub(crate) fn any_hook() -> Source<AnyHook> {
    let build = |cx: &Context| {
        let hook: Option<&Hook> = cx.hook();
        hook.cloned().map(|hook| AnyHook { hook }).ok_or_else(|| Error::registration("no hook runs"))
    };
    Source { key: Key::AnyHook, build: Some(build), params: None }
}

impl Key {
    /// What is wrong with the name, if anything: a name that Juju can never use.
    pub(crate) fn flaw(&self) -> Option<String> {
        match self {
            Self::Hook { name, wants } => match wants {
                Wants::Endpoint(end) | Wants::Storage(end) | Wants::Container(end) => flaw_of_name(&name[..*end]),
                Wants::Nothing => None,
            },
            Self::Action(name) if !is_action(name) => Some(format!("{name:?} cannot be the name of an action")),
            Self::Custom { topic, name } if topic.is_empty() || name.is_empty() => {
                Some("a source needs a topic and a name".to_owned())
            }
            _ => None,
        }
    }
}

/// What is wrong with the name of an endpoint, a storage, a container or a resource.
pub(crate) fn flaw_of_name(name: &str) -> Option<String> {
    if is_endpoint(name) {
        return None;
    }
    Some(format!("{name:?} cannot be the name of an endpoint, a storage, a container or a resource"))
}

fn is_action(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty() && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hook { name, .. } => write!(f, "hook {name}"),
            Self::AnyHook => f.write_str("any hook"),
            Self::Action(name) => write!(f, "action {name}"),
            Self::Custom { topic, name } => write!(f, "{topic} {name}"),
        }
    }
}

impl<E: Event> fmt::Display for Source<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl<E> fmt::Debug for Source<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.key)
    }
}

impl<E> Clone for Source<E> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), build: self.build, params: self.params }
    }
}

/// The topic and name of a source of durable events. Such a source is always custom: hooks and actions answer with
/// something else than an [`Ack`](crate::Ack).
pub(crate) fn topic_and_name<E: Durable>(source: &Source<E>) -> (&str, &str) {
    match source.key() {
        Key::Custom { topic, name } => (topic, name),
        Key::Hook { .. } | Key::AnyHook | Key::Action(_) => ("", ""),
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provider => "provider",
            Self::Requirer => "requirer",
            Self::Peer => "peer",
        })
    }
}
