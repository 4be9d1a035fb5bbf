use std::fmt;

use serde::Serialize;

use crate::error::Error;
use crate::observer::{Observer, Observers};
use crate::shape::Field;
use crate::source::Role;

/// What a charm observes and declares, for a comparison with its metadata and for people. See [`observed`].
///
/// `dispatch observed` prints it, and with `--format json` as an object with these fields.
///
/// ```
/// use juju_ops::{Observer, Observers, Role, hook};
///
/// struct Web;
///
/// impl Observer for Web {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.requires("db", "postgresql_client");
///         events.on(&hook::start(), |_, _, _| Ok(()));
///     }
/// }
///
/// let observed = juju_ops::observed(&Web)?;
/// assert_eq!(observed.hooks, ["start"]);
/// assert_eq!(observed.endpoints[0].role, Some(Role::Requirer));
/// # Ok::<(), juju_ops::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Observed {
    /// The hooks that are observed, by their full names, sorted; `*` for [`hook::any`](crate::hook::any).
    pub hooks: Vec<String>,
    /// The endpoints whose hooks are observed, or that are declared, sorted.
    pub endpoints: Vec<ObservedEndpoint>,
    /// The storages whose hooks are observed, or that are declared, sorted.
    pub storages: Vec<String>,
    /// The containers whose hooks are observed, sorted.
    pub containers: Vec<String>,
    /// The resources that are declared, sorted.
    pub resources: Vec<String>,
    /// The actions that are observed, sorted.
    pub actions: Vec<ObservedAction>,
    /// The configuration options that are read, sorted.
    pub config: Vec<Field>,
    /// The sources of durable events: topic and name, sorted.
    pub durable: Vec<String>,
}

/// One endpoint of a charm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ObservedEndpoint {
    /// Its name.
    pub name: String,
    /// Its role; none where it is not declared.
    pub role: Option<Role>,
    /// Its interface; none where it is not declared.
    pub interface: Option<String>,
}

/// One action of a charm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct ObservedAction {
    /// Its name.
    pub name: String,
    /// Its parameters, as far as the type that they are read as tells.
    pub params: Vec<Field>,
}

/// What a charm observes and declares: to be compared with its metadata, by one test for each charm. The harness of the
/// feature `testing` does so.
///
/// # Errors
/// The registration itself is unsound; see [`Observers`].
pub fn observed<O: Observer>(charm: &O) -> Result<Observed, Error> {
    Ok(Observers::of(charm)?.observed())
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = |fields: &[Field]| fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        section(f, "hooks", &self.hooks, ToString::to_string)?;
        section(f, "endpoints", &self.endpoints, |it| match (&it.role, &it.interface) {
            (Some(role), Some(interface)) => format!("{}: {role} of {interface}", it.name),
            _ => it.name.clone(),
        })?;
        section(f, "actions", &self.actions, |it| match it.params.as_slice() {
            [] => it.name.clone(),
            params => format!("{}: {}", it.name, fields(params)),
        })?;
        section(f, "configuration", &self.config, ToString::to_string)?;
        section(f, "storages", &self.storages, ToString::to_string)?;
        section(f, "containers", &self.containers, ToString::to_string)?;
        section(f, "resources", &self.resources, ToString::to_string)?;
        section(f, "durable events", &self.durable, ToString::to_string)
    }
}

fn section<T>(f: &mut fmt::Formatter<'_>, title: &str, lines: &[T], show: impl Fn(&T) -> String) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}:")?;
    lines.iter().try_for_each(|line| writeln!(f, "  {}", show(line)))
}
