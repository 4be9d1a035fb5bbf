use super::Model;
use super::hook::Hook;
use super::running::{Running, Work};
use super::unit::Status;
use crate::command::Settings;

/// Juju's default for `max-charm-state-size`.
const STATE_QUOTA: usize = 2 * 1024 * 1024;

impl Model {
    /// Publishes what a hook has buffered: all of it, or on `Err` nothing.
    pub(super) fn flush(&mut self, running: &Running) -> Result<(), String> {
        let name = &running.unit;
        if !running.app_writes.is_empty() && self.leader.as_ref() != Some(name) {
            return Err(format!("checking leadership continuity: {name:?} is not leader of {:?}", self.app));
        }
        if running.state.as_ref().is_some_and(|state| bson_size(state) > STATE_QUOTA) {
            return Err(format!("persisting charm state: max allowed size ({STATE_QUOTA}) exceeded"));
        }
        let Some(unit) = self.units.get_mut(name) else { return Ok(()) };
        if let Some(state) = &running.state {
            unit.state = state.clone();
        }
        let addresses = matches!(running.work, Work::Hook(Hook::ConfigChanged)).then(|| unit.network.bag_keys());
        for (id, relation) in &mut self.relations {
            if let Some(bag) = relation.unit_bags.get_mut(name) {
                let mut changes = addresses.clone().unwrap_or_default();
                changes.extend(running.unit_writes.get(id).cloned().unwrap_or_default());
                bag.write(&changes);
            }
            if let Some(changes) = running.app_writes.get(id) {
                relation.app_bag.write(changes);
            }
        }
        Ok(())
    }

    /// The application's status; the most pressing one of its units while the charm has set none.
    pub(super) fn derived_app_status(&self) -> Status {
        const PRESSING: [&str; 5] = ["error", "blocked", "waiting", "maintenance", "active"];
        let rank = |word: &str| PRESSING.iter().position(|p| *p == word).unwrap_or(PRESSING.len());
        let of_units = || self.units.values().map(|unit| &unit.status).min_by_key(|status| rank(&status.status));
        self.app_status.as_ref().or_else(of_units).cloned().unwrap_or(Status::new("unknown", ""))
    }
}

/// The size of a map of strings as the controller's database measures it.
fn bson_size(settings: &Settings) -> usize {
    5 + settings.iter().map(|(key, value)| 1 + key.len() + 1 + 4 + value.len() + 1).sum::<usize>()
}
