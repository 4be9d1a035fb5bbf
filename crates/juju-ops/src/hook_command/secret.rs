use std::fmt;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::{Command, SecretContent, argument, json, nothing, time};
use crate::error::{CommandError, Misfit};
use crate::name::SecretId;
use crate::transport::Call;

/// Whom a secret belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SecretOwner {
    /// The application: its leader changes it.
    Application,
    /// This unit.
    Unit,
}

/// How often Juju asks for a new revision of a secret, with the hook `secret-rotate`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is named as Juju names it")]
pub enum Rotation {
    #[default]
    Never,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Yearly,
}

/// When a secret's revision expires, with the hook `secret-expired`.
///
/// ```
/// use juju_ops::hook_command::Expire;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// assert_eq!(Expire::At(UNIX_EPOCH).to_string(), "1970-01-01T00:00:00Z");
/// assert_eq!(Expire::After(Duration::from_secs(3600)).to_string(), "3600s");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expire {
    /// Then.
    At(SystemTime),
    /// So long after Juju takes the command, in whole seconds.
    After(Duration),
}

/// What is said of a secret, apart from its content. What is `None` is not said, or stays as it is.
///
/// ```
/// use juju_ops::hook_command::{Rotation, SecretMetadata};
///
/// let metadata = SecretMetadata { rotate: Some(Rotation::Monthly), ..SecretMetadata::default() };
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretMetadata {
    /// The owner's name for it.
    pub label: Option<String>,
    /// What it is for. Not private.
    pub description: Option<String>,
    /// When its revision expires.
    pub expire: Option<Expire>,
    /// How often it is to be changed.
    pub rotate: Option<Rotation>,
}

/// How a secret is named to Juju.
///
/// ```
/// use juju_ops::hook_command::{SecretRef, SecretRevision, secret_get};
///
/// let by_label = secret_get(&SecretRef::Label("db".into()), SecretRevision::Refresh);
/// assert_eq!(format!("{by_label:?}"), "secret-get --format=json --refresh --label db");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// By its URI.
    Id(SecretId),
    /// By the label that its owner, or this unit, gave it.
    Label(String),
    /// By its URI; [`secret_get`] gives it this label, at once.
    Labelled(SecretId, String),
}

/// Which revision of a secret is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SecretRevision {
    /// The one that this unit read before; the first time, the latest.
    #[default]
    Tracked,
    /// The latest, this once.
    Peek,
    /// The latest, from now on. The move is not taken back when the hook fails.
    Refresh,
}

/// Makes a secret; only the leader may make the application's. `secret-add`.
///
/// The id is there at once; Juju keeps the content when the hook has succeeded. Each value goes through a file that only
/// this process and Juju's agent can read, and that is gone when the command has run: never through an argument. A
/// process that is killed meanwhile leaves it behind, in a directory `juju-ops-…` of the directory for temporary files.
///
/// ```
/// use juju_ops::{BoxError, Context, hook};
/// use juju_ops::hook_command::{self, SecretContent, SecretMetadata, SecretOwner, SecretRef, SecretRevision};
/// # use juju_ops::{Observer, Observers, testing};
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, events: &mut Observers<Self>) { events.on(&hook::start(), start); }
/// # }
///
/// fn start(_: &Web, _: &hook::Start, cx: &Context) -> Result<(), BoxError> {
///     let content = SecretContent::new().with("password", "hunter2")?;
///     let metadata = SecretMetadata { label: Some("db".into()), ..SecretMetadata::default() };
///     let id = hook_command::secret_add(SecretOwner::Unit, &content, &metadata).run(cx.transport())?;
///     let read = hook_command::secret_get(&SecretRef::Id(id), SecretRevision::Tracked).run(cx.transport())?;
///     assert_eq!(read.get("password"), Some("hunter2"));
///     Ok(())
/// }
/// # fn main() -> Result<(), BoxError> {
/// # let mut juju = testing::in_process(Web, juju_sim::Charm::parse("name: web", None, None)?)?;
/// # juju.add_unit("web")?;
/// # Ok(juju.settle()?)
/// # }
/// ```
pub fn secret_add(owner: SecretOwner, content: &SecretContent, metadata: &SecretMetadata) -> Command<SecretId> {
    let owner = match owner {
        SecretOwner::Application => "application",
        SecretOwner::Unit => "unit",
    };
    let mut call = Call::new("secret-add", ["--owner", owner]);
    call.args.extend(metadata.args());
    call.args.push("--".to_owned());
    let read = |stdout: &[u8]| {
        let text = std::str::from_utf8(stdout).ok().map(str::trim_ascii).filter(|text| text.starts_with("secret:"));
        let id = text.and_then(|text| text.parse().ok());
        id.ok_or(CommandError::Output(Misfit::no_answer("a secret URI")))
    };
    Command::new(call, format_args!("--owner {owner}"), read)
        .with_content(content)
        .of_leader("only the leader makes secrets of its application")
}

/// Gives a secret a new revision, new metadata, or both. `secret-set`. The content is given as a whole: keys that it
/// does not have are gone.
///
/// Juju acts on it when the hook has succeeded, and fails the hook then if this unit may not. Content that is the same
/// makes no revision. Where it goes meanwhile, see [`secret_add`].
pub fn secret_set(id: &SecretId, content: Option<&SecretContent>, metadata: &SecretMetadata) -> Command<()> {
    let mut call = Call::new("secret-set", metadata.args());
    call.args.extend(["--".to_owned(), id.to_string()]);
    let command = Command::new(call, id, nothing).of_leader("only the leader changes secrets of its application");
    content.iter().fold(command, |command, content| command.with_content(content))
}

/// What a secret holds. `secret-get`. Where it is not there, the error [is "not found"](crate::Error::is_not_found);
/// without a grant, [is "permission denied"](crate::Error::is_permission_denied).
///
/// Juju's JSON has no bytes: content that is not UTF-8, of another charm, comes with `U+FFFD` in it.
pub fn secret_get(secret: &SecretRef, revision: SecretRevision) -> Command<SecretContent> {
    let mut call = Call::new("secret-get", ["--format=json"]);
    call.args.extend(match revision {
        SecretRevision::Tracked => None,
        SecretRevision::Peek => Some("--peek".to_owned()),
        SecretRevision::Refresh => Some("--refresh".to_owned()),
    });
    if let SecretRef::Label(label) | SecretRef::Labelled(_, label) = secret {
        call.args.extend(["--label".to_owned(), argument(label)]);
    }
    if let SecretRef::Id(id) | SecretRef::Labelled(id, _) = secret {
        call.args.extend(["--".to_owned(), id.to_string()]);
    }
    Command::new(call, secret, |stdout| json(stdout).map(SecretContent::read))
}

/// Removes a secret with all its revisions. `secret-remove`. Juju acts on it when the hook has succeeded.
pub fn secret_remove(id: &SecretId) -> Command<()> {
    removal(id, None)
}

/// Removes one revision of a secret, as `secret-remove` and `secret-expired` ask for. `secret-remove --revision`.
///
/// Not zero: Juju would take that for all revisions.
pub fn secret_remove_revision(id: &SecretId, revision: NonZeroU32) -> Command<()> {
    removal(id, Some(revision))
}

fn removal(id: &SecretId, revision: Option<NonZeroU32>) -> Command<()> {
    let mut call = Call::new("secret-remove", [""; 0]);
    call.args.extend(revision.into_iter().flat_map(|revision| ["--revision".to_owned(), revision.to_string()]));
    call.args.extend(["--".to_owned(), id.to_string()]);
    Command::new(call, id, nothing).of_leader("only the leader removes secrets of its application")
}

impl SecretMetadata {
    fn args(&self) -> Vec<String> {
        let flags = [
            ("--label", self.label.clone()),
            ("--description", self.description.clone()),
            ("--expire", self.expire.map(|expire| expire.to_string())),
            ("--rotate", self.rotate.map(|rotate| rotate.as_str().to_owned())),
        ];
        let given = flags.into_iter().filter_map(|(flag, value)| Some((flag, value?)));
        given.flat_map(|(flag, value)| [flag.to_owned(), argument(&value)]).collect()
    }
}

impl Rotation {
    /// The word as Juju spells it.
    ///
    /// ```
    /// assert_eq!(juju_ops::hook_command::Rotation::Quarterly.as_str(), "quarterly");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
            Self::Yearly => "yearly",
        }
    }
}

impl fmt::Display for Expire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => f.write_str(&time::text(*time)),
            Self::After(duration) => write!(f, "{}s", duration.as_secs()),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) | Self::Labelled(id, _) => id.fmt(f),
            Self::Label(label) => write!(f, "--label {label:?}"),
        }
    }
}
