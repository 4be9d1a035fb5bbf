//! Bundles: applications with their relations, in one YAML file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::call::Call;
use super::failure::Failure;
use super::session::Session;
use super::store::Store;
use super::view::plain;
use super::{constraints, machines, offers, options};
use crate::{Charm, Deployment};

/// The most units of an application in a bundle.
const MOST_UNITS: u32 = 1000;

/// What a bundle says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Bundle {
    #[serde(default, alias = "services")]
    applications: BTreeMap<String, Option<App>>,
    #[serde(default)]
    machines: BTreeMap<String, Option<IgnoredMachine>>,
    #[serde(default)]
    relations: Vec<Vec<Ends>>,
    #[serde(default)]
    saas: BTreeMap<String, Option<SaasEntry>>,
    #[serde(default)]
    default_base: Option<String>,
    // What says nothing of a model.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default, rename = "description")]
    _description: Option<String>,
    #[serde(default, rename = "bundle")]
    _bundle: Option<String>,
    #[serde(default, rename = "series")]
    _series: Option<String>,
    #[serde(default, rename = "tags")]
    _tags: Option<Value>,
    #[serde(default, rename = "docs")]
    _docs: Option<Value>,
    #[serde(default, rename = "variables")]
    _variables: Option<Value>,
}

/// A machine, of which the name alone counts.
#[derive(Debug, Deserialize)]
struct IgnoredMachine {}

/// One end of a relation, or in the long form several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Ends {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct SaasEntry {
    url: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct App {
    charm: Option<String>,
    #[serde(default, alias = "num_units", alias = "scale")]
    num_units: Option<u32>,
    #[serde(default)]
    options: Map<String, Value>,
    #[serde(default)]
    resources: BTreeMap<String, Value>,
    #[serde(default)]
    storage: BTreeMap<String, Value>,
    #[serde(default)]
    bindings: BTreeMap<String, String>,
    #[serde(default)]
    constraints: Option<String>,
    #[serde(default)]
    to: Option<Places>,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    expose: bool,
    #[serde(default)]
    trust: bool,
    #[serde(default)]
    offers: BTreeMap<String, OfferEntry>,
    #[serde(default, rename = "annotations")]
    _annotations: Option<Value>,
    #[serde(default, rename = "series")]
    _series: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    revision: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct OfferEntry {
    endpoints: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Places {
    Many(Vec<Value>),
    One(Value),
}

/// Whether a path is a bundle: a YAML file, or a directory with `bundle.yaml`. Its file.
pub(super) fn file_of(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.join("bundle.yaml")).filter(|file| file.is_file() && !path.join("metadata.yaml").exists());
    }
    let is_yaml = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
    is_yaml.then(|| path.to_owned())
}

/// Reads a bundle, with overlays that come over it.
pub(super) fn read(file: &Path, overlays: &[PathBuf]) -> Result<Bundle, Failure> {
    let read = |file: &Path| -> Result<Value, Failure> {
        let map = options::read_yaml(&options::read_text(file)?, &file.display().to_string())?;
        Ok(Value::Object(map))
    };
    let mut bundle = read(file)?;
    for overlay in overlays {
        lay_over(&mut bundle, read(overlay)?, 0)?;
    }
    let refuse = |error: serde_json::Error| Failure::Error(format!("cannot read bundle {}: {error}", file.display()));
    let bundle: Bundle = serde_json::from_value(bundle).map_err(refuse)?;
    bundle.check()?;
    Ok(bundle)
}

/// Lays one document over another: maps are laid over each other, lists of relations are added, `null` removes.
fn lay_over(under: &mut Value, over: Value, depth: usize) -> Result<(), Failure> {
    let Value::Object(over) = over else {
        *under = over;
        return Ok(());
    };
    if depth > 20 {
        return Err("the overlay is nested too deep".into());
    }
    if !under.is_object() {
        *under = Value::Object(Map::new());
    }
    let Value::Object(under) = under else { return Ok(()) };
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (_, Value::Null) => _ = under.remove(&key),
            (Some(Value::Array(all)), Value::Array(more)) if key == "relations" && depth == 0 => all.extend(more),
            (Some(inner), value) => lay_over(inner, value, depth + 1)?,
            (None, value) => _ = under.insert(key, value),
        }
    }
    Ok(())
}

impl Bundle {
    /// Refuses what cannot be deployed, before anything is.
    fn check(&self) -> Result<(), Failure> {
        let refuse = |why: String| Err(Failure::Error(format!("the provided bundle has an error: {why}")));
        for (name, app) in self.apps() {
            if app.charm.is_none() {
                return refuse(format!("application {name:?} has no charm"));
            }
            if app.num_units.unwrap_or(0) > MOST_UNITS {
                return refuse(format!("application {name:?} has more than {MOST_UNITS} units"));
            }
            for place in app.places() {
                let of = place.split('/').next().unwrap_or_default();
                if place.contains(':') {
                    return Err(Failure::Unsupported(format!("placement {place:?}")));
                }
                if place != "new" && !self.machines.contains_key(&place) && !self.applications.contains_key(of) {
                    return refuse(format!("application {name:?} is placed on {place:?}, which is not in the bundle"));
                }
            }
        }
        for relation in self.relations() {
            for end in relation? {
                let app = end.split(':').next().unwrap_or_default();
                if !self.applications.contains_key(app) && !self.saas.contains_key(app) {
                    return refuse(format!("relation with {end:?}, which is not in the bundle"));
                }
            }
        }
        self.order().map(drop)
    }

    fn apps(&self) -> impl Iterator<Item = (&String, &App)> {
        self.applications.iter().filter_map(|(name, app)| Some((name, app.as_ref()?)))
    }

    /// The two ends of each relation.
    fn relations(&self) -> impl Iterator<Item = Result<[String; 2], Failure>> + '_ {
        let refuse = || Failure::Error("the provided bundle has an error: a relation has two ends".to_owned());
        self.relations.iter().flat_map(move |ends| match ends.as_slice() {
            [Ends::One(one), Ends::One(other)] => vec![Ok([one.clone(), other.clone()])],
            [Ends::One(one), Ends::Many(others)] | [Ends::Many(others), Ends::One(one)] => {
                others.iter().map(|other| Ok([one.clone(), other.clone()])).collect()
            }
            _ => vec![Err(refuse())],
        })
    }

    /// The applications in an order in which each comes after those whose machines it is placed on.
    fn order(&self) -> Result<Vec<&str>, Failure> {
        let mut order: Vec<&str> = Vec::new();
        let mut left: BTreeSet<&str> = self.apps().map(|(name, _)| name.as_str()).collect();
        while !left.is_empty() {
            let waits = |name: &&&str| {
                let app = self.applications.get(**name).and_then(Option::as_ref);
                let on = app.map(App::places).unwrap_or_default();
                on.iter().any(|place| {
                    let of = place.split('/').next().unwrap_or_default();
                    !self.machines.contains_key(place) && left.contains(of)
                })
            };
            let next: Vec<&str> = left.iter().filter(|name| !waits(name)).copied().collect();
            if next.is_empty() {
                let names: Vec<&str> = left.into_iter().collect();
                let why = format!("the placements of {} go round in a circle", names.join(", "));
                return Err(format!("the provided bundle has an error: {why}").into());
            }
            left.retain(|name| !next.contains(name));
            order.extend(next);
        }
        Ok(order)
    }
}

impl App {
    fn places(&self) -> Vec<String> {
        match &self.to {
            None => Vec::new(),
            Some(Places::Many(places)) => places.iter().map(plain).collect(),
            Some(Places::One(place)) => vec![plain(place)],
        }
    }
}

/// Deploys a bundle. An application that is there gets the units and options that it lacks.
pub(super) fn deploy(
    call: &mut Call<'_, '_>,
    store: &Store,
    session: &mut Session,
    bundle: &Bundle,
    dir: &Path,
) -> Result<(), Failure> {
    call.terminal.say("Executing changes:");
    let mut placed: BTreeMap<String, u32> = BTreeMap::new();
    for name in bundle.order()? {
        let Some(app) = bundle.applications.get(name).and_then(Option::as_ref) else { continue };
        let mut on = Vec::new();
        for place in app.places() {
            on.push(machine(session, bundle, &mut placed, &place)?);
        }
        if session.world.applications().iter().any(|it| it == name) {
            let charm = session.world.model().application(name)?.charm().clone();
            for (key, value) in settings(app, &charm, dir)? {
                session.world.set_config(name, &key, Some(value))?;
            }
            let there = u32::try_from(session.world.units_of(name).len()).unwrap_or(u32::MAX);
            let wanted = app.num_units.unwrap_or(0);
            for index in there..wanted {
                call.terminal.say(&format!("- add unit {name}/{index}"));
                let machine = on.get(usize::try_from(index).unwrap_or(usize::MAX)).copied().flatten();
                session.world.add_unit_on(name, machine)?;
            }
            continue;
        }
        new_app(call, session, bundle, name, app, dir, &on)?;
    }
    for (alias, saas) in &bundle.saas {
        let Some(saas) = saas else { continue };
        call.terminal.say(&format!("- consume offer {alias} at {}", saas.url));
        offers::consume(store, session, &saas.url, Some(alias))?;
    }
    for relation in bundle.relations() {
        let [one, other] = relation?;
        if super::relations::find(session, &[one.clone(), other.clone()]).is_ok() {
            continue;
        }
        call.terminal.say(&format!("- add relation {one} - {other}"));
        let id = session.world.integrate(&one, &other)?;
        offers::tie(store, session, id)?;
    }
    for (name, app) in bundle.apps() {
        for (offer, entry) in &app.offers {
            let (application, endpoints) = (name.clone(), entry.endpoints.clone());
            let offered = super::records::Offer { application, endpoints };
            session.records.settings.offers.insert(offer.clone(), offered);
        }
    }
    Ok(())
}

fn new_app(
    call: &mut Call<'_, '_>,
    session: &mut Session,
    bundle: &Bundle,
    name: &str,
    app: &App,
    dir: &Path,
    on: &[Option<u32>],
) -> Result<(), Failure> {
    let given = app.charm.as_deref().unwrap_or_default();
    let is_local = given.starts_with('.') || given.starts_with('/') || given.starts_with("local:");
    if !is_local || app.channel.is_some() || app.revision.is_some() {
        return Err(Failure::Unsupported(format!("charm {given:?} of Charmhub")));
    }
    let (revision, record) = session.take_charm(&dir.join(given.trim_start_matches("local:")))?;
    let charm = revision.charm().clone();
    let mut deployment = Deployment::of(revision);
    if !charm.is_subordinate() {
        deployment = deployment.units(app.num_units.unwrap_or(0));
    }
    for (key, value) in settings(app, &charm, dir)? {
        deployment = deployment.config(&key, value);
    }
    for (resource, file) in &app.resources {
        let Some(file) = file.as_str() else {
            return Err(Failure::Unsupported(format!("resource {resource:?} of Charmhub")));
        };
        let path = dir.join(file);
        let content = options::read_resource(&path)?;
        deployment = deployment.resource(resource, content);
    }
    for (storage, directive) in &app.storage {
        deployment = deployment.storage(storage, super::verb::count(&plain(directive))?);
    }
    for (binding, space) in &app.bindings {
        deployment = deployment.bind(binding, space);
    }
    if app.trust {
        deployment = deployment.trust(machines::cloud());
    }
    // The machines of the first units; of the others those that are new.
    let machines: Vec<u32> = on.iter().map_while(|machine| *machine).collect();
    session.world.deploy(name, deployment.on_machines(machines))?;
    let revision = record.revision;
    call.terminal.say(&format!("- deploy application {name} from local charm {:?}, revision {revision}", charm.name()));
    let words = app.constraints.as_deref().unwrap_or_default();
    let constraints = constraints::parse(words.split_whitespace())?;
    let entry = session.app_mut(name);
    entry.charms.push(record);
    entry.constraints = constraints;
    entry.exposed = app.expose;
    entry.base = app.base.clone().or_else(|| bundle.default_base.clone()).unwrap_or_default();
    Ok(())
}

fn settings(app: &App, charm: &Charm, dir: &Path) -> Result<Vec<(String, Value)>, Failure> {
    let setting = |(key, value): (&String, &Value)| {
        let included = value.as_str().and_then(|text| text.strip_prefix("include-file://"));
        let value = match included {
            Some(file) => Value::from(options::read_text(&dir.join(file))?),
            None => value.clone(),
        };
        Ok((key.clone(), options::typed(charm, key, &value)?))
    };
    app.options.iter().map(setting).collect()
}

/// The machine of a placement; none is a new one.
fn machine(
    session: &mut Session,
    bundle: &Bundle,
    placed: &mut BTreeMap<String, u32>,
    place: &str,
) -> Result<Option<u32>, Failure> {
    if place == "new" {
        return Ok(None);
    }
    if bundle.machines.contains_key(place) {
        let new = || session.world.change(crate::Model::take_machine);
        return Ok(Some(*placed.entry(place.to_owned()).or_insert_with(new)));
    }
    let (app, number) = place.split_once('/').unwrap_or((place, "0"));
    let units = session.world.units_of(app);
    let unit = number.parse::<usize>().ok().and_then(|number| units.get(number)).or(units.first());
    let unit = unit.ok_or_else(|| format!("placement {place:?}: {app} has no unit"))?;
    Ok(session.world.model().units.get(unit).map(|unit| unit.machine))
}
