use std::sync::Arc;

use super::Context;
use crate::command::Settings;
use crate::model::RelationKind;
use crate::model::flush::with_writes;

impl Context<'_> {
    /// The endpoint of a relation in the unit's context. Juju: a relation that is over can still be named.
    pub(super) fn endpoint(&self, id: u32) -> Option<&str> {
        let unit = self.model.units.get(&self.running.unit)?;
        unit.agent.relations.get(&id)?;
        Some(self.model.relations.get(&id)?.own(&self.running.app)?.endpoint.as_str())
    }

    fn known(&self, id: u32) -> Result<(), String> {
        if self.endpoint(id).is_some() { Ok(()) } else { Err("relation not found".to_owned()) }
    }

    /// Juju: what is over, without members and neither alive nor active, is not listed, unless it is a peer relation.
    pub(super) fn listed_relations(&self, endpoint: &str) -> Vec<u32> {
        let Some(unit) = self.model.units.get(&self.running.unit) else { return Vec::new() };
        let listed = |id: &&u32| {
            self.endpoint(**id) == Some(endpoint) && {
                let relation = &self.model.relations[*id];
                // The unit that this hook says is departing was a member when the hook began.
                let departs = self.running.hook_of(**id).is_some_and(|hook| hook.kind == RelationKind::Departed);
                let empty = !departs && self.members(**id).is_ok_and(|members| members.is_empty());
                let over = !relation.is_alive() && empty;
                relation.is_peer() || !(over || self.running.is_broken(**id))
            }
        };
        unit.agent.relations.keys().filter(listed).copied().collect()
    }

    /// The members that this hook lists.
    pub(super) fn members(&self, id: u32) -> Result<Vec<String>, String> {
        self.known(id)?;
        let unit = &self.model.units[&self.running.unit];
        Ok(unit.agent.relations.get(&id).map(|state| state.listed(self.running.hook_of(id))).unwrap_or_default())
    }

    fn is_member(&self, id: u32, other: &str) -> bool {
        let state = self.model.units.get(&self.running.unit).and_then(|unit| unit.agent.relations.get(&id));
        state.is_some_and(|state| state.lists(other, self.running.hook_of(id)))
    }

    fn first_read(&self, id: u32, owner: &str) -> Option<&Arc<Settings>> {
        self.running.reads.get(&id)?.get(owner)
    }

    fn keep_read(&mut self, id: u32, owner: &str, settings: &Arc<Settings>) {
        self.running.reads.entry(id).or_default().insert(owner.to_owned(), settings.clone());
    }

    pub(super) fn read_unit_bag(&mut self, id: u32, unit: &str) -> Result<Arc<Settings>, String> {
        self.known(id)?;
        if unit == self.running.unit {
            return Ok(self.own_unit_bag(id));
        }
        if let Some(settings) = self.first_read(id, unit) {
            return Ok(settings.clone());
        }
        self.running.refusal("Uniter.ReadRemoteSettings")?;
        let app = unit.split_once('/').map_or("", |(app, _)| app);
        let relation = &self.model.relations[&id];
        let Some(side) = relation.own(app) else { return Err("permission denied".to_owned()) };
        let published = side.unit_bags.get(unit).map(|bag| &bag.settings);
        let not_found = || {
            let key = relation.key();
            format!("cannot read settings for unit {unit:?} in relation {key:?}: unit {unit:?}: settings not found")
        };
        if !self.is_member(id, unit) {
            let settings = published.cloned().ok_or_else(not_found)?;
            self.keep_read(id, unit, &settings);
            return Ok(settings);
        }
        // Juju: members' bags are kept from hook to hook until their next joined or changed.
        let reader = self.model.units.get_mut(&self.running.unit).ok_or("unit not found")?;
        let kept = reader.agent.memory.bags.entry(id).or_default();
        if let Some(settings) = kept.get(unit) {
            return Ok(settings.clone());
        }
        let settings = published.cloned().ok_or_else(not_found)?;
        kept.insert(unit.to_owned(), settings.clone());
        Ok(settings)
    }

    /// The own unit's bag as first read, with this hook's writes. Once looked at, it is sent again.
    fn own_unit_bag(&mut self, id: u32) -> Arc<Settings> {
        let unit = self.running.unit.clone();
        self.running.touched.insert(id);
        if self.first_read(id, &unit).is_none() {
            let side = self.model.relations.get(&id).and_then(|relation| relation.own(&self.running.app));
            let settings = side.and_then(|side| side.unit_bags.get(&unit)).map(|bag| bag.settings.clone());
            self.keep_read(id, &unit, &settings.unwrap_or_default());
        }
        let settings = self.first_read(id, &unit).cloned().unwrap_or_default();
        with_writes(settings, self.running.unit_writes.get(&id))
    }

    pub(super) fn read_app_bag(&mut self, id: u32, app: &str) -> Result<Arc<Settings>, String> {
        self.known(id)?;
        let leads = self.leads();
        let relation = &self.model.relations[&id];
        let Some(side) = relation.own(app) else { return Err("permission denied".to_owned()) };
        // Juju: of a relation with another application, only the leader reads the own application's bag.
        if app == self.running.app && !leads && !relation.is_peer() {
            return Err("permission denied".to_owned());
        }
        let settings = match self.first_read(id, app) {
            Some(settings) => settings.clone(),
            None => {
                let settings = side.app_bag.settings.clone();
                self.keep_read(id, app, &settings);
                settings
            }
        };
        let writes = self.running.app_writes.get(&id).filter(|_| leads && app == self.running.app);
        Ok(with_writes(settings, writes))
    }

    pub(super) fn buffer_unit_bag(&mut self, id: u32, changes: Settings) -> Result<(), String> {
        self.known(id)?;
        self.own_unit_bag(id);
        self.running.unit_writes.entry(id).or_default().extend(changes);
        Ok(())
    }

    pub(super) fn buffer_app_bag(&mut self, id: u32, changes: Settings) -> Result<(), String> {
        self.known(id)?;
        if !self.leads() {
            return Err("cannot write relation settings".to_owned());
        }
        let app = self.running.app.clone();
        let failed = |text| format!("cannot read relation application settings: {text}");
        self.running.refusal("Uniter.ReadLocalApplicationSettings").map_err(failed)?;
        self.read_app_bag(id, &app)?;
        if !changes.is_empty() {
            self.running.app_writes.entry(id).or_default().extend(changes);
        }
        Ok(())
    }
}
