use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Command, argument, json, nothing, null_is_empty};
use crate::name::UnitName;
use crate::status::{Status, StatusKind};
use crate::transport::Call;

/// A status as Juju shows it: one that a charm sets, or one that only Juju does.
///
/// ```
/// use juju_ops::{StatusKind, hook_command::ReportedStatus};
///
/// let shown: ReportedStatus = serde_json::from_str(r#"{"status": "waiting", "message": "for db"}"#)?;
/// assert_eq!(shown.kind(), Some(StatusKind::Waiting));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ReportedStatus {
    /// The word, such as `active` or `unknown`.
    pub status: String,
    /// The message; may be empty.
    #[serde(default)]
    pub message: String,
}

/// The status of the own application and of its units.
///
/// ```
/// use juju_ops::hook_command::AppStatus;
///
/// fn all_active(app: &AppStatus) -> bool {
///     app.units.values().all(|unit| unit.status == "active")
/// }
/// # assert!(all_active(&serde_json::from_str(r#"{"status": "blocked", "units": {"a/0": {"status": "active"}}}"#).unwrap()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Shown")]
#[non_exhaustive]
pub struct AppStatus {
    /// That of the application.
    pub app: ReportedStatus,
    /// Those of its units.
    pub units: BTreeMap<UnitName, ReportedStatus>,
}

/// As Juju has it: the application's own beside the units. Serde's `flatten` does the same, and is 15 KiB of a charm.
#[derive(Deserialize)]
struct Shown {
    status: String,
    #[serde(default)]
    message: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    units: BTreeMap<UnitName, ReportedStatus>,
}

impl From<Shown> for AppStatus {
    fn from(shown: Shown) -> Self {
        Self { app: ReportedStatus { status: shown.status, message: shown.message }, units: shown.units }
    }
}

impl ReportedStatus {
    /// The kind of a status that a charm can set; none for one that only Juju sets (`unknown`, `error`, `terminated`).
    pub fn kind(&self) -> Option<StatusKind> {
        StatusKind::parse(&self.status)
    }

    /// The status, where it is of a kind that a charm can set.
    pub(crate) fn into_status(self) -> Option<Status> {
        self.kind().map(|kind| Status::new(kind, self.message))
    }
}

/// Sets the unit's workload status, at once. A message above 100 KiB is cut, a NUL in it replaced. `status-set`.
pub fn status_set(status: &Status) -> Command<()> {
    let call = Call::new("status-set", [status.kind().as_str(), "--", &argument(status.message())]);
    Command::new(call, status.kind().as_str(), nothing)
}

/// Sets the application's status, at once, which only the leader may. `status-set --application`.
pub fn status_set_app(status: &Status) -> Command<()> {
    let args = ["--application", status.kind().as_str(), "--", &argument(status.message())];
    let about = format_args!("--application {}", status.kind().as_str());
    Command::new(Call::new("status-set", args), about, nothing)
        .of_leader("only the leader sets its application's status")
}

/// The unit's workload status; none when it is one that only Juju sets (`unknown`, `error`, `terminated`).
/// `status-get`.
pub fn status_get() -> Command<Option<Status>> {
    Command::new(Call::new("status-get", ["--format=json", "--include-data"]), "", |stdout| {
        json(stdout).map(ReportedStatus::into_status)
    })
}

/// The status of the application and its units, which only the leader may ask for. `status-get --application`.
pub fn status_get_app() -> Command<AppStatus> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Answer {
        application_status: AppStatus,
    }
    let call = Call::new("status-get", ["--format=json", "--include-data", "--application"]);
    let command =
        Command::new(call, "--application", |stdout| json(stdout).map(|shown: Answer| shown.application_status));
    command.of_leader("only the leader reads its application's status")
}
