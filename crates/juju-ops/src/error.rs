mod fit;
mod juju_text;
mod misfit;

use std::error::Error as StdError;
use std::fmt;
use std::io;

pub(crate) use fit::{fit, fit_json};
pub(crate) use juju_text::{Denied, Meaning, denied, meaning};
pub(crate) use misfit::Misfit;

use crate::name::{NameError, RelationId};

/// What a handler may fail with; `?` turns any error into it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why something could not be had from Juju, or was refused by this library.
///
/// `Display` says what was attempted on what, and only that; the reason is in [`source`](StdError::source).
/// [`chain`] shows both, as does `Debug`, for tests that return it. Nothing that was read or written is ever quoted.
///
/// A caller that must tell failures apart asks the predicates, which do not depend on the wording: what Juju 3.6 and 4
/// say is read in one place of this crate. At most [`is_not_found`](Self::is_not_found) and
/// [`is_gone`](Self::is_gone), and [`is_permission_denied`](Self::is_permission_denied) and
/// [`is_not_leader`](Self::is_not_leader), hold of one error.
///
/// ```
/// use juju_ops::{BoxError, Call, Ending, Output, Transport, hook_command};
///
/// /// A Juju in which the relation was removed.
/// struct Gone;
/// # impl Transport for Gone {
/// #     fn call(&self, _: &Call) -> std::io::Result<Output> {
/// #         let stderr = b"ERROR invalid value \"db:3\" for option -r: relation not found\n".to_vec();
/// #         Ok(Output { ending: Ending::Exited(2), stdout: Vec::new(), stderr })
/// #     }
/// #     fn debug(&self, _: &str) {}
/// #     fn complain(&self, _: &str) {}
/// # }
///
/// # fn main() -> Result<(), BoxError> {
/// let error = hook_command::relation_list(&"db:3".parse()?).run(&Gone).unwrap_err();
/// assert!(error.is_gone() && !error.is_permission_denied());
/// assert!(juju_ops::chain(&error).to_string().starts_with("relation-list db:3: "));
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Kind>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("environment variable {0} is not set")]
    MissingVariable(&'static str),
    #[error("environment variable {name}")]
    BadVariable { name: String, source: BoxError },
    #[error("{subject}")]
    Command { subject: String, source: CommandError },
    #[error("{}", OfConfig(option.as_deref()))]
    Config { option: Option<String>, source: BoxError },
    #[error("{what}")]
    Parse { what: String, source: BoxError },
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    TooLarge(String),
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
    /// Its input could not be put in files.
    #[error("private files for it cannot be written")]
    Files(#[source] io::Error),
    /// The executable is not there, or the agent behind it does not know it.
    #[error("this Juju has no such hook command{}", History(*.known))]
    Missing { known: Option<&'static str> },
    #[error("killed by signal {0}")]
    Killed(i32),
    /// The text that the command printed after `ERROR `; without any, the exit code.
    #[error("{text}{}", Because(*.because))]
    Failed { text: String, meaning: Meaning, because: Option<&'static str> },
    #[error("unexpected output")]
    Output(#[source] Misfit),
    #[error("printed more than {} MiB", .0 >> 20)]
    TooLarge(usize),
}

struct OfConfig<'a>(Option<&'a str>);

impl fmt::Display for OfConfig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(option) => write!(f, "configuration option {option}"),
            None => f.write_str("the charm's configuration"),
        }
    }
}

struct History(Option<&'static str>);

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |known| write!(f, "; {known}"))
    }
}

struct Because(Option<&'static str>);

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |because| write!(f, ": {because}"))
    }
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

    /// The configuration does not fit the type that it is read as.
    pub(crate) fn config(misfit: Misfit) -> Self {
        let (option, misfit) = misfit.split();
        Self(Box::new(Kind::Config { option, source: misfit.into() }))
    }

    pub(crate) fn parse(what: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self(Box::new(Kind::Parse { what: what.into(), source: source.into() }))
    }

    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self(Box::new(Kind::Refused(text.into())))
    }

    /// Something, or all of its kind together, is larger than this library takes: it says what.
    pub(crate) fn too_large(text: impl Into<String>) -> Self {
        Self(Box::new(Kind::TooLarge(text.into())))
    }

    /// A relation is not listed any more, as was seen without asking about it.
    pub(crate) fn gone(relation: &RelationId) -> Self {
        let meaning = Meaning::Gone;
        let source =
            CommandError::Failed { text: "relation is not listed any more".to_owned(), meaning, because: None };
        Self::command(&relation.to_string(), source)
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

    /// Whether the relation that was asked about is gone, or this unit has no part in it any more: what was to be done
    /// for it need not be done.
    ///
    /// Juju says `permission denied` of a relation that was removed by force, or with its offer; here, as in Python
    /// `ops`, that is a relation that is gone. It is not where a follower reads its own application's bag, or writes
    /// it: that [is not the leader's act](Self::is_not_leader).
    pub fn is_gone(&self) -> bool {
        self.meaning() == Meaning::Gone
    }

    /// Whether Juju has nothing under the name that was asked for, or nothing yet: a secret, storage that is not
    /// provisioned, a binding without an address, a bag of a unit that never was in the relation.
    ///
    /// Not a relation, see [`is_gone`](Self::is_gone); and of hook commands see
    /// [`is_missing_command`](Self::is_missing_command).
    pub fn is_not_found(&self) -> bool {
        self.meaning() == Meaning::NotFound
    }

    /// Whether Juju refused because this unit does not lead its application.
    pub fn is_not_leader(&self) -> bool {
        self.meaning() == Meaning::NotLeader
    }

    /// Whether Juju refused for want of a right: a secret that was not granted, the cloud's credentials without
    /// `juju trust`, or what only the [leader](Self::is_not_leader) may do.
    pub fn is_permission_denied(&self) -> bool {
        matches!(self.meaning(), Meaning::Denied | Meaning::NotLeader)
    }

    /// Whether the name is taken: a secret's label.
    pub fn is_already_exists(&self) -> bool {
        self.meaning() == Meaning::Exists
    }

    /// Whether this Juju has no such hook command: it is older than the command, or newer than its end.
    pub fn is_missing_command(&self) -> bool {
        self.meaning() == Meaning::NoCommand
    }

    /// Whether something is larger than Juju stores, or than this library reads.
    pub fn is_too_large(&self) -> bool {
        self.meaning() == Meaning::TooLarge
    }

    /// Whether the charm's configuration does not fit the type that it is read as, or what the charm
    /// [wants of it](Self::of_option): something for the operator to set right.
    /// [`config_option`](Self::config_option) says where. So is an error that has such a one among its causes.
    pub fn is_config(&self) -> bool {
        self.config_error().is_some()
    }

    /// The configuration option that does not fit, where [it is one](Self::is_config) that is to blame.
    pub fn config_option(&self) -> Option<&str> {
        match &*self.config_error()?.0 {
            Kind::Config { option, .. } => option.as_deref(),
            _ => None,
        }
    }

    /// An option of the charm's configuration whose value fits its type and not the charm. Returned by a handler, it
    /// blocks the unit; see [`Context::config`](crate::Context::config).
    ///
    /// ```
    /// let error = juju_ops::Error::of_option("mode", "is neither fast nor thorough");
    /// assert!(error.is_config());
    /// assert_eq!(juju_ops::chain(&error).to_string(), "configuration option mode: is neither fast nor thorough");
    /// ```
    pub fn of_option(option: &str, why: impl Into<BoxError>) -> Self {
        Self(Box::new(Kind::Config { option: Some(option.to_owned()), source: why.into() }))
    }

    /// Whether what was read does not fit the type that it was read as: a databag, the state, parameters, the
    /// configuration, a hook command's answer. Of a databag, that is its writer's to mend.
    pub fn is_misfit(&self) -> bool {
        self.errors().any(|error| match &*error.0 {
            Kind::Parse { source, .. } | Kind::Config { source, .. } => source.is::<Misfit>(),
            Kind::Command { source, .. } => matches!(source, CommandError::Output(_)),
            _ => false,
        })
    }

    /// What of the configuration does not fit, in one line, without what it was wanted for.
    pub(crate) fn config_text(&self) -> String {
        self.config_error().map_or_else(String::new, |error| chain(error).to_string())
    }

    fn config_error(&self) -> Option<&Self> {
        self.errors().find(|error| matches!(*error.0, Kind::Config { .. }))
    }

    /// This error and those of its causes that are of this type.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Self> {
        let mut next: Option<&(dyn StdError + 'static)> = Some(self);
        std::iter::from_fn(move || {
            while let Some(error) = next {
                let own = error.downcast_ref::<Self>();
                // It shows and has for a source what its own cause does: that cause is not to be passed over.
                next = match own.map(|own| &*own.0) {
                    Some(Kind::Author(cause)) => Some(&**cause),
                    _ => error.source(),
                };
                if own.is_some() {
                    return own;
                }
            }
            None
        })
    }

    fn meaning(&self) -> Meaning {
        match &*self.0 {
            Kind::Command { source: CommandError::Failed { meaning, .. }, .. } => *meaning,
            Kind::Command { source: CommandError::Missing { .. }, .. } => Meaning::NoCommand,
            Kind::Command { source: CommandError::TooLarge(_), .. } | Kind::TooLarge(_) => Meaning::TooLarge,
            _ => Meaning::Other,
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

    fn failed(text: &str, meaning: Meaning, because: Option<&'static str>) -> CommandError {
        CommandError::Failed { text: text.to_owned(), meaning, because }
    }

    #[test]
    fn a_chain_names_each_part_once() {
        let error = Error::command("relation-get magpie:3 magpie/1", failed("permission denied", Meaning::Gone, None));
        assert_eq!(chain(&error).to_string(), "relation-get magpie:3 magpie/1: permission denied");
        assert!(error.is_gone() && !error.is_permission_denied() && !error.is_not_found());
        let error = failed("permission denied", Meaning::NotLeader, Some("only the leader may"));
        let error = Error::command("relation-get db:3 web", error);
        assert_eq!(chain(&error).to_string(), "relation-get db:3 web: permission denied: only the leader may");
        assert!(error.is_not_leader() && error.is_permission_denied() && !error.is_gone());
    }

    #[test]
    fn a_missing_command_says_where_it_is() {
        let error = |known| chain(&Error::command("x-get", CommandError::Missing { known })).to_string();
        assert_eq!(error(None), "x-get: this Juju has no such hook command");
        assert_eq!(error(Some("it came with 9")), "x-get: this Juju has no such hook command; it came with 9");
    }

    #[test]
    fn an_option_that_does_not_fit_is_named() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Config {
            port: u16,
        }
        let error = Error::config(fit::<Config>(serde_json::json!({"port": 70000})).unwrap_err());
        assert!(error.is_config() && error.config_option() == Some("port"));
        let text = "configuration option port: out of range for u16, which is 0 to 65535";
        assert_eq!(chain(&error).to_string(), text);
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
