use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Deserialize;

use super::{Command, json, null_is_empty, time};
use crate::name::UnitName;
use crate::transport::Call;

/// What the model is to become: the units and relations that there are or will be, whether this unit was told of them
/// or not.
///
/// ```
/// use juju_ops::hook_command::GoalState;
///
/// fn units_to_come(goal: &GoalState) -> usize {
///     goal.units.values().filter(|unit| unit.status != "dying").count()
/// }
/// # let goal = serde_json::from_str(r#"{"units": {"a/0": {"status": "dying"}}, "relations": {}}"#);
/// # assert_eq!(units_to_come(&goal.unwrap()), 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct GoalState {
    /// The units of the own application, this one among them, with their workload status or `dying`.
    #[serde(deserialize_with = "null_is_empty")]
    pub units: BTreeMap<UnitName, GoalStatus>,
    /// By endpoint of this side, peers left out: the remote applications (of another model: the URL of the offer) with
    /// the status of the relation, and their units with their workload status.
    #[serde(deserialize_with = "null_is_empty")]
    pub relations: BTreeMap<String, BTreeMap<String, GoalStatus>>,
}

/// A status in the [`GoalState`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct GoalStatus {
    /// The word, such as `active`, `joined` or `dying`.
    pub status: String,
    /// Since when, where Juju knows it.
    #[serde(default, deserialize_with = "time::optional")]
    pub since: Option<SystemTime>,
}

/// What the model is to become. `goal-state`.
pub fn goal_state() -> Command<GoalState> {
    Command::new(Call::new("goal-state", ["--format=json"]), "", json)
}
