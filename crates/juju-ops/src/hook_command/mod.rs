//! Juju's hook commands, one function for each (two where a flag makes another command of it): the function builds the
//! command line, [`Command::run`] runs it and reads the answer. [`other`] is for those that are not here.
//!
//! Charms use [`Context`](crate::Context), which reads once, buffers writes and skips what changes nothing. These are
//! for what it does not cover, and go out at once, behind its back. The rules are those of the reference of hook
//! commands in Juju's documentation; the functions are named as in `ops.hookcmds` of Python.
//!
//! ```
//! use juju_ops::{BoxError, Context, hook, hook_command};
//! # use juju_ops::{Observer, Observers, testing};
//! # struct Web;
//! # impl Observer for Web {
//! #     fn observe(&self, events: &mut Observers<Self>) { events.on(&hook::start(), start); }
//! # }
//!
//! fn start(_: &Web, _: &hook::Start, cx: &Context) -> Result<(), BoxError> {
//!     if hook_command::is_leader().run(cx.transport())? {
//!         hook_command::juju_log(hook_command::LogLevel::Info, "leads").run(cx.transport())?;
//!     }
//!     Ok(())
//! }
//! # fn main() -> Result<(), BoxError> {
//! # let mut juju = testing::in_process(Web, juju_sim::Charm::parse("name: web", None, None)?)?;
//! # juju.add_unit("web")?;
//! # Ok(juju.settle()?)
//! # }
//! ```
//!
//! What Juju answers is untrusted: output that is not what the command is documented to print is an error that names
//! the command, never a panic.

mod action;
mod cloud;
mod command;
mod config;
mod goal_state;
mod leader;
mod log;
mod network;
mod port;
mod private_files;
mod reboot;
mod relation;
mod resource;
mod secret;
mod secret_content;
mod secret_grant;
mod secret_info;
mod state;
mod status;
mod storage;
mod time;
mod unit;
mod version;

pub use action::{action_fail, action_get, action_log, action_set};
pub use cloud::{CloudCredential, CloudSpec, credential_get};
pub use command::{Command, other};
pub use config::config_get;
pub use goal_state::{GoalState, GoalStatus, goal_state};
pub use leader::{is_leader, leader_get, leader_set};
pub use log::{LogLevel, juju_log};
pub use network::{BindAddress, BoundAddress, NetworkInfo, network_get};
pub(crate) use port::Ports;
pub use port::{
    OpenedPort, PortRange, Protocol, close_port, close_port_for, open_port, open_port_for, opened_ports,
    opened_ports_by_endpoint,
};
pub use reboot::{juju_reboot, juju_reboot_now};
pub use relation::{
    relation_get, relation_get_app, relation_get_own_app, relation_ids, relation_list, relation_list_app,
    relation_model_get, relation_set, relation_set_app,
};
pub use resource::resource_get;
pub use secret::{
    Expire, Rotation, SecretMetadata, SecretOwner, SecretRef, SecretRevision, secret_add, secret_get, secret_remove,
    secret_remove_revision, secret_set,
};
pub use secret_content::SecretContent;
pub use secret_grant::{secret_grant, secret_revoke, secret_revoke_app};
pub use secret_info::{SecretAccess, SecretInfo, secret_ids, secret_info_get};
pub use state::{state_delete, state_get, state_set};
pub use status::{AppStatus, ReportedStatus, status_get, status_get_app, status_set, status_set_app};
pub use storage::{StorageInfo, StorageKind, storage_add, storage_get, storage_list, storage_list_all};
pub(crate) use time::text as iso_8601;
pub use unit::{UnitAddress, unit_get};
pub use version::application_version_set;

use command::{argument, json, json_or_default, nothing, object};

use serde::{Deserialize, Deserializer};

/// Go prints a list or a map that was never made as `null`.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A text that Juju prints empty where there is none.
fn empty_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests;
