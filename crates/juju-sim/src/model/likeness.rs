//! An application of another model, as far as a relation shows it: units without code that do as theirs do.

use std::collections::{BTreeMap, BTreeSet};

use super::{Application, Life, Model, NewUnit};
use crate::SimError;
use crate::charm::Charm;
use crate::command::Settings;

/// The machine of units that are in another model.
const ELSEWHERE: u32 = u32::MAX;

/// One side of a relation, as the other model is to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Likeness {
    /// The bags of the units that are in scope, by their numbers.
    pub(crate) units: BTreeMap<u32, Settings>,
    /// The application's bag.
    pub(crate) settings: Settings,
}

impl Model {
    /// Whether a relation is alive, and whether it is suspended; none where there is no such relation.
    pub(crate) fn relation_state(&self, id: u32) -> Option<(bool, bool)> {
        self.relations.get(&id).map(|relation| (relation.life == Life::Alive, relation.suspended))
    }

    /// What a relation shows of an application.
    pub(crate) fn likeness(&self, id: u32, app: &str) -> Option<Likeness> {
        let side = self.relations.get(&id)?.own(app)?;
        let unit = |name: &String| {
            let number = self.units.get(name)?.number;
            let bag = side.unit_bags.get(name).map(|bag| Settings::clone(&bag.settings)).unwrap_or_default();
            Some((number, bag))
        };
        let units = side.in_scope.keys().filter_map(unit).collect();
        Some(Likeness { units, settings: Settings::clone(&side.app_bag.settings) })
    }

    /// Adds an application of another model, without units yet.
    pub(crate) fn add_likeness(&mut self, app: &str, charm: Charm) -> Result<(), SimError> {
        self.deploy(app, Application { played: true, ..Application::new(charm) })
    }

    /// Lets an application of another model have the units that it has there. Whether anything differed.
    pub(crate) fn have_units(&mut self, app: &str, numbers: &BTreeSet<u32>) -> Result<bool, SimError> {
        let mut changed = false;
        for name in self.units_of(app) {
            if self.units.get(&name).is_some_and(|unit| !numbers.contains(&unit.number)) {
                self.remove_unit(&name, true)?;
                changed = true;
            }
        }
        for number in numbers {
            if !self.units.contains_key(&format!("{app}/{number}")) {
                self.counters.units.insert(app.to_owned(), *number);
                self.add_unit(app, NewUnit { played: true, machine: Some(ELSEWHERE), ..NewUnit::default() })?;
                changed = true;
            }
        }
        self.observe();
        Ok(changed)
    }

    /// Lets the bags of an application of another model be as they are there. Whether anything differed.
    pub(crate) fn take_after(&mut self, id: u32, app: &str, there: &Likeness) -> Result<bool, SimError> {
        let mut changed = self.write_likeness(id, app, &there.settings)?;
        for (number, settings) in &there.units {
            let unit = format!("{app}/{number}");
            if self.relations.get(&id).and_then(|it| it.own(app)).is_some_and(|it| it.unit_bags.contains_key(&unit)) {
                changed |= self.write_likeness(id, &unit, settings)?;
            }
        }
        Ok(changed)
    }

    /// Makes a bag what it is elsewhere.
    fn write_likeness(&mut self, id: u32, owner: &str, settings: &Settings) -> Result<bool, SimError> {
        let here = self.bag(id, owner).cloned().unwrap_or_default();
        let gone = here.keys().filter(|key| !settings.contains_key(*key)).map(|key| (key.clone(), String::new()));
        let new = settings.iter().filter(|(key, value)| here.get(*key) != Some(*value));
        let changes: Settings = gone.chain(new.map(|(key, value)| (key.clone(), value.clone()))).collect();
        if changes.is_empty() {
            return Ok(false);
        }
        self.write_bag(id, owner, &changes)?;
        Ok(true)
    }

    /// Removes an application of another model.
    pub(crate) fn remove_likeness(&mut self, app: &str) -> Result<(), SimError> {
        if self.applications.contains_key(app) { self.remove_application(app, true) } else { Ok(()) }
    }
}
