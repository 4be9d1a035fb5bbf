//! A model as named documents: what one hook has changed can be kept without all the rest.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Counters, Model, Timers};
use rand_chacha::ChaCha8Rng;

/// The name of the document that has what is one of a kind.
const HEAD: &str = "model";

/// Documents by name: new contents, or none for what is gone.
pub(crate) type Changes = BTreeMap<String, Option<Box<RawValue>>>;

/// What a model has one of.
#[derive(Serialize, Deserialize)]
struct Head {
    seed: u64,
    rng: ChaCha8Rng,
    seconds: u64,
    name: String,
    uuid: String,
    spaces: BTreeMap<String, String>,
    timers: BTreeMap<u32, Timers>,
    counters: Counters,
    given_secret_ids: Vec<String>,
    departures_are_lost: bool,
    proxies: [String; 4],
}

impl Model {
    /// What differs from an earlier model, which then is as this one. The log is not in it.
    ///
    /// # Errors
    /// Something cannot be written as JSON.
    pub(crate) fn changes_since(&self, before: &mut Model) -> serde_json::Result<Changes> {
        let mut changes = Changes::new();
        differing("application", &mut before.applications, &self.applications, &mut changes)?;
        differing("unit", &mut before.units, &self.units, &mut changes)?;
        differing("relation", &mut before.relations, &self.relations, &mut changes)?;
        differing("secret", &mut before.secrets, &self.secrets, &mut changes)?;
        differing("storage", &mut before.storage, &self.storage, &mut changes)?;
        // It is small, and some of it changes with all that happens.
        changes.insert(HEAD.to_owned(), Some(self.head()?));
        Ok(changes)
    }

    fn head(&self) -> serde_json::Result<Box<RawValue>> {
        serde_json::value::to_raw_value(&Head {
            seed: self.seed,
            rng: self.rng.clone(),
            seconds: self.seconds,
            name: self.name.clone(),
            uuid: self.uuid.clone(),
            spaces: self.spaces.clone(),
            timers: self.timers.clone(),
            counters: self.counters.clone(),
            given_secret_ids: self.given_secret_ids.clone(),
            departures_are_lost: self.departures_are_lost,
            proxies: self.proxies.clone(),
        })
    }

    /// The model of such documents; others are passed over.
    ///
    /// # Errors
    /// One is missing or is not what its name says: which, and why.
    pub(crate) fn of_documents(documents: &BTreeMap<String, Box<RawValue>>) -> Result<Model, String> {
        let head = documents.get(HEAD).ok_or_else(|| format!("document {HEAD:?} is missing"))?;
        let head: Head = serde_json::from_str(head.get()).map_err(|error| format!("document {HEAD:?}: {error}"))?;
        let mut model = Model::new(head.seed);
        model.rng = head.rng;
        model.seconds = head.seconds;
        model.name = head.name;
        model.uuid = head.uuid;
        model.spaces = head.spaces;
        model.timers = head.timers;
        model.counters = head.counters;
        model.given_secret_ids = head.given_secret_ids;
        model.departures_are_lost = head.departures_are_lost;
        model.proxies = head.proxies;
        model.applications = documents_of("application", documents)?;
        model.units = documents_of("unit", documents)?;
        model.relations = documents_of("relation", documents)?;
        model.secrets = documents_of("secret", documents)?;
        model.storage = documents_of("storage", documents)?;
        if let Some((name, unit)) = model.units.iter().find(|(_, unit)| !model.applications.contains_key(&unit.app)) {
            return Err(format!("unit {name} has no application {}", unit.app));
        }
        model.wake_all();
        Ok(model)
    }
}

fn document(kind: &str, name: &impl ToString) -> String {
    format!("{kind} {}", name.to_string())
}

/// Notes what differs, under names that begin with a kind; then the earlier is as the later.
pub(crate) fn differing<K: Clone + Ord + ToString, T: Clone + PartialEq + Serialize>(
    kind: &str,
    before: &mut BTreeMap<K, T>,
    after: &BTreeMap<K, T>,
    changes: &mut Changes,
) -> serde_json::Result<()> {
    for (name, value) in after {
        if before.get(name) != Some(value) {
            changes.insert(document(kind, name), Some(serde_json::value::to_raw_value(value)?));
            before.insert(name.clone(), value.clone());
        }
    }
    before.retain(|name, _| {
        let stays = after.contains_key(name);
        if !stays {
            changes.insert(document(kind, name), None);
        }
        stays
    });
    Ok(())
}

/// Those of one kind.
pub(crate) fn documents_of<K: Ord + std::str::FromStr, T: DeserializeOwned>(
    kind: &str,
    documents: &BTreeMap<String, Box<RawValue>>,
) -> Result<BTreeMap<K, T>, String> {
    let prefix = format!("{kind} ");
    let of_kind = documents.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
    let read = |(name, text): (&String, &RawValue)| {
        let key = name[prefix.len()..].parse().map_err(|_| format!("document {name:?} has no name of its kind"))?;
        let value = serde_json::from_str(text.get()).map_err(|error| format!("document {name:?}: {error}"))?;
        Ok((key, value))
    };
    of_kind.map(|(name, text)| read((name, text))).collect()
}
