use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::name::{NameError, RelationId};

/// What a handler may fail with; `?` turns any error into it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why something could not be had from Juju, or was refused by this library.
///
/// `Display` says what was attempted on what, and only that; the reason is in [`source`](StdError::source).
/// [`chain`] shows both, as does `Debug`, for tests that return it. A caller that must tell failures apart asks the
/// predicates.
pub struct Error(Box<Kind>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("environment variable {0} is not set")]
    MissingVariable(&'static str),
    #[error("environment variable {name}")]
    BadVariable { name: String, source: BoxError },
    #[error("{subject}")]
    Command { subject: String, source: CommandError },
    #[error("{what}")]
    Parse { what: String, source: BoxError },
    #[error("{0}")]
    Refused(String),
    #[error("{event}")]
    Event { event: String, source: BoxError },
    #[error("{0}")]
    Registration(String),
    #[error(transparent)]
    Author(BoxError),
}

/// How one hook command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("cannot be run")]
    Start(#[source] io::Error),
    #[error("killed by signal {0}")]
    Killed(i32),
    /// The text that the command printed after `ERROR `; without any, the exit code.
    #[error("{text}")]
    Failed { text: String },
    #[error("unexpected output")]
    Output(#[source] BoxError),
}

impl Error {
    pub(crate) fn missing(variable: &'static str) -> Self {
        Self(Box::new(Kind::MissingVariable(variable)))
    }

    pub(crate) fn variable(name: &str, source: impl Into<BoxError>) -> Self {
        Self(Box::new(Kind::BadVariable { name: name.to_owned(), source: source.into() }))
    }

    pub(crate) fn command(subject: &str, source: CommandError) -> Self {
        Self(Box::new(Kind::Command { subject: subject.to_owned(), source }))
    }

    pub(crate) fn parse(what: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self(Box::new(Kind::Parse { what: what.into(), source: source.into() }))
    }

    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self(Box::new(Kind::Refused(text.into())))
    }

    pub(crate) fn event(event: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self(Box::new(Kind::Event { event: event.into(), source: source.into() }))
    }

    /// An error of the charm's author, with nothing to add.
    pub(crate) fn of_author(source: BoxError) -> Self {
        Self(Box::new(Kind::Author(source)))
    }

    pub(crate) fn registration(text: impl Into<String>) -> Self {
        Self(Box::new(Kind::Registration(text.into())))
    }

    /// Whether Juju does not know the thing asked for: a relation that is gone, a bag that never was.
    pub fn is_not_found(&self) -> bool {
        self.command_text().is_some_and(|text| text.contains("not found"))
    }

    /// Whether Juju refused for want of a right: another's bag, or an act of the leader by a follower.
    pub fn is_permission_denied(&self) -> bool {
        const TEXTS: [&str; 5] =
            ["permission denied", "access denied", "not the leader", "cannot write relation settings", "not leader of"];
        self.command_text().is_some_and(|text| TEXTS.iter().any(|part| text.contains(part)))
    }

    fn command_text(&self) -> Option<&str> {
        match &*self.0 {
            Kind::Command { source: CommandError::Failed { text }, .. } => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", chain(self))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl From<NameError> for Error {
    fn from(source: NameError) -> Self {
        Self::parse("name", source)
    }
}

/// Shows an error and its causes, outermost first, joined by `: `.
///
/// ```
/// let error = "magpie/x".parse::<juju_ops::UnitName>().unwrap_err();
/// assert_eq!(juju_ops::chain(&error).to_string(), r#""magpie/x" is not a unit name"#);
/// ```
pub fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl fmt::Display + 'a {
    Chain(error)
}

struct Chain<'a>(&'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// What serde says of an input that does not fit, without the value that it found there: it may be private, and huge.
pub(crate) fn misfit(error: &dyn fmt::Display) -> BoxError {
    let text = error.to_string();
    let found = ["invalid type: ", "invalid value: ", "unknown variant "].into_iter().find_map(|kind| {
        let (before, rest) = text.split_once(kind)?;
        let (value, expected) = rest.rsplit_once(", expected ")?;
        let value = value.split(['"', '`', '(']).next().unwrap_or_default().trim_end();
        Some(format!(
            "{before}{}{}{value}, expected {expected}",
            kind.trim_end(),
            if value.is_empty() { "" } else { " " }
        ))
    });
    bounded(found.as_deref().unwrap_or(&text), 400).into()
}

/// The text, or its beginning where it is longer than `most` bytes. Never cuts a character.
pub(crate) fn bounded(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

/// How a relation and its member are named in errors: `magpie:3 magpie/1`.
pub(crate) fn of_member(relation: &RelationId, member: &dyn fmt::Display) -> String {
    format!("{relation} {member}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_names_each_part_once() {
        let error =
            Error::command("relation-get magpie:3 magpie/1", CommandError::Failed { text: "permission denied".into() });
        assert_eq!(chain(&error).to_string(), "relation-get magpie:3 magpie/1: permission denied");
        assert!(error.is_permission_denied() && !error.is_not_found());
    }

    #[test]
    fn a_misfit_is_told_without_the_value() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Wanted {
            n: u8,
        }
        let said = |input: &str| misfit(&serde_json::from_str::<Wanted>(input).unwrap_err()).to_string();
        assert_eq!(said(r#"{"n": "hunter2, expected x"}"#), "invalid type: string, expected u8 at line 1 column 27");
        assert_eq!(said(r#"{"n": 4711}"#), "invalid value: integer, expected u8 at line 1 column 10");
        assert_eq!(said(r#"{"n": {}}"#), "invalid type: map, expected u8 at line 1 column 6");
        assert_eq!(said("{}"), "missing field `n` at line 1 column 2");
        assert!(said(&format!("\"{}\"", "x".repeat(8 << 20))).len() < 500);
    }

    #[test]
    fn bounding_keeps_characters_whole() {
        assert_eq!(bounded("añb", 2), "a");
        assert_eq!(bounded("añb", 4), "añb");
    }

    #[test]
    fn errors_cross_threads() {
        fn assert<T: Send + Sync + 'static>() {}
        assert::<Error>();
        assert::<NameError>();
    }
}
