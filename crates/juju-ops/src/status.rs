use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose status it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Unit,
    Application,
}

/// Something of the unit, of the application, of both or neither.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfEach<T> {
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    unit: Option<T>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    application: Option<T>,
}

impl<T> OfEach<T> {
    pub(crate) fn get(&self, of: Of) -> Option<&T> {
        match of {
            Of::Unit => self.unit.as_ref(),
            Of::Application => self.application.as_ref(),
        }
    }

    pub(crate) fn set(&mut self, of: Of, value: Option<T>) -> Option<T> {
        let place = match of {
            Of::Unit => &mut self.unit,
            Of::Application => &mut self.application,
        };
        std::mem::replace(place, value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unit.is_none() && self.application.is_none()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Of, &T)> {
        [Of::Unit, Of::Application].into_iter().filter_map(|of| Some((of, self.get(of)?)))
    }

    /// Keeps what is to be kept, which may be changed on the way.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        for place in [&mut self.unit, &mut self.application] {
            if place.as_mut().is_some_and(|value| !keep(value)) {
                *place = None;
            }
        }
    }
}

impl<T> Default for OfEach<T> {
    fn default() -> Self {
        Self { unit: None, application: None }
    }
}

fn none<T>() -> Option<T> {
    None
}

/// A workload status and its message.
///
/// ```
/// let status = juju_ops::Status::waiting("for magpie/2");
/// assert_eq!(status.to_string(), r#"waiting "for magpie/2""#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    kind: StatusKind,
    message: String,
}

/// The statuses that a charm can set, from the least to the most severe.
///
/// The order is that of `collect_unit_status` in Python `ops`: where several speak, the most severe is shown.
///
/// ```
/// use juju_ops::StatusKind;
///
/// assert!(StatusKind::Blocked > StatusKind::Waiting);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusKind {
    /// The unit does what it is for.
    Active,
    /// The unit waits for something outside it.
    Waiting,
    /// The unit is at work on itself.
    Maintenance,
    /// The unit needs a person.
    Blocked,
}

impl Status {
    /// A status of a kind that is known only at run time.
    pub fn new(kind: StatusKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The unit does what it is for.
    pub fn active(message: impl Into<String>) -> Self {
        Self::new(StatusKind::Active, message)
    }

    /// The unit waits for something outside it.
    pub fn waiting(message: impl Into<String>) -> Self {
        Self::new(StatusKind::Waiting, message)
    }

    /// The unit is at work on itself.
    pub fn maintenance(message: impl Into<String>) -> Self {
        Self::new(StatusKind::Maintenance, message)
    }

    /// The unit needs a person.
    pub fn blocked(message: impl Into<String>) -> Self {
        Self::new(StatusKind::Blocked, message)
    }

    /// The word.
    pub fn kind(&self) -> StatusKind {
        self.kind
    }

    /// The message; may be empty.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl StatusKind {
    /// The word as Juju spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Maintenance => "maintenance",
            Self::Blocked => "blocked",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Waiting, Self::Maintenance, Self::Blocked].into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind.as_str(), self.message)
    }
}
