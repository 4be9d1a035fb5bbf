//! A model of the store, with the code behind it, while a command is at work on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use super::NO_NETWORK;
use super::charms;
use super::failure::Failure;
use super::records::{AppRecord, CharmRecord, Progress, Records, Settings};
use super::store::{Disk, Documents, Entry, History, Store};
use crate::model::{Changes, differing, documents_of};
use crate::process::ground::{AGENTS, CHARMS, Ground};
use crate::process::orphans;
use crate::run::HookRun;
use crate::{Charm, LogLine, Mark, Model, Revision, SimError, World};

/// The file of a model's documents.
const DOCUMENTS: &str = "model.jsonl";
/// How many operations are kept.
const OPERATIONS: usize = 1000;

/// A model while a command is at work on it.
pub(super) struct Session {
    pub(super) name: String,
    pub(super) world: World,
    pub(super) records: Records,
    /// Storage that is destroyed when no unit has it any more.
    pub(super) doomed: Vec<String>,
    dir: PathBuf,
    disk: Disk,
    documents: Documents,
    log: History,
    history: History,
    /// The commands that changed the model, between the hooks.
    marks: History,
    /// The one that is at work, until it is kept.
    mark: Option<Mark>,
    ground: Rc<Ground>,
    /// What is kept, as it was kept last.
    kept: Kept,
}

struct Kept {
    model: Model,
    records: Records,
    /// How many of the world's runs.
    runs: usize,
}

/// A unit that is not at rest, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsettled {
    pub(super) unit: String,
    pub(super) why: String,
}

impl Session {
    /// A new model with some options.
    pub(super) fn create(
        store: &mut Store,
        name: &str,
        seed: u64,
        config: BTreeMap<String, Value>,
        switch: bool,
    ) -> Result<Session, SimError> {
        let entry = store.make(seed)?;
        let dir = store.model_dir(&entry);
        for inner in [AGENTS, CHARMS] {
            let inner = dir.join(inner);
            store.disk().create_dir(&inner).map_err(SimError::file("create", inner))?;
        }
        let mut model = Model::new(seed);
        name.clone_into(&mut model.name);
        model.uuid.clone_from(&entry.uuid);
        let settings = Settings { config, ..Settings::default() };
        model.proxies = settings.proxies();
        let documents = Changes::from([
            ("progress".to_owned(), raw(&Progress::default())?),
            ("settings".to_owned(), raw(&settings)?),
        ]);
        let documents = model.changes_since(&mut Model::new(seed)).map_err(unwritable)?.into_iter().chain(documents);
        Documents::create(&dir.join(DOCUMENTS), store.disk(), documents.collect())?;
        store.add(name, entry, switch)?;
        Session::open(store, name)
    }

    /// A model of the store, to be changed where the store is.
    pub(super) fn open(store: &Store, name: &str) -> Result<Session, SimError> {
        let no_such = || SimError::Store { path: PathBuf::from(name), why: "there is no such model".to_owned() };
        let entry: &Entry = store.models().get(name).ok_or_else(no_such)?;
        let (dir, disk) = (store.model_dir(entry), store.disk().clone());
        let path = dir.join(DOCUMENTS);
        let documents = if store.is_open() { Documents::open(&path, &disk) } else { Documents::read(&path) }?;
        let refuse = |why| SimError::Store { path: path.clone(), why };
        let model = Model::of_documents(documents.all()).map_err(refuse)?;
        let records = Records {
            apps: documents_of("app", documents.all()).map_err(refuse)?,
            operations: documents_of("operation", documents.all()).map_err(refuse)?,
            settings: documents.get("settings")?.unwrap_or_default(),
        };
        let progress: Progress = documents.get("progress")?.unwrap_or_default();
        let ground = Rc::new(Ground::kept(&dir)?);
        let revisions = model.applications.iter().map(|(app, application)| {
            let records = records.apps.get(app).map(|record| record.charms.as_slice()).unwrap_or_default();
            let revision = |(index, charm): (usize, &Charm)| match records.get(index) {
                Some(record) => Revision::deployed(charm.clone(), &dir.join(CHARMS).join(&record.id), &ground),
                None => Revision::played(charm.clone()),
            };
            (app.clone(), application.charms.iter().enumerate().map(revision).collect())
        });
        let revisions: Vec<(String, Vec<Revision>)> = revisions.collect();
        let mut world = World::restore(model.clone(), revisions)?;
        world.go_on(progress.faults, progress.runs);
        world.set_time_limit(records.settings.hook_time_limit());
        world.set_variable(NO_NETWORK.0, NO_NETWORK.1);
        Ok(Session {
            name: name.to_owned(),
            log: History::new(&dir, "log", &disk, progress.log),
            history: History::new(&dir, "runs", &disk, progress.history),
            marks: History::new(&dir, "marks", &disk, progress.marks),
            mark: None,
            kept: Kept { model, records: records.clone(), runs: 0 },
            world,
            records,
            doomed: progress.doomed,
            dir,
            disk,
            documents,
            ground,
        })
    }

    /// Keeps the model as it is now: all of it or, where that fails, nothing.
    pub(super) fn keep(&mut self) -> Result<(), SimError> {
        let lines = self.world.change(Model::take_log);
        self.log.append(&lines)?;
        self.history.append(&self.world.runs()[self.kept.runs..])?;
        self.marks.append(self.mark.take())?;
        while self.records.operations.len() > OPERATIONS {
            self.records.operations.pop_first();
        }
        let progress = Progress {
            runs: self.world.ran(),
            faults: self.world.faults().clone(),
            log: self.log.extent(),
            history: self.history.extent(),
            marks: self.marks.extent(),
            doomed: self.doomed.clone(),
        };
        let mut changes = self.world.model().changes_since(&mut self.kept.model).map_err(unwritable)?;
        let kept = &mut self.kept.records;
        differing("app", &mut kept.apps, &self.records.apps, &mut changes).map_err(unwritable)?;
        differing("operation", &mut kept.operations, &self.records.operations, &mut changes).map_err(unwritable)?;
        if kept.settings != self.records.settings {
            changes.insert("settings".to_owned(), raw(&self.records.settings)?);
            kept.settings = self.records.settings.clone();
        }
        changes.insert("progress".to_owned(), raw(&progress)?);
        self.documents.put(changes)?;
        self.kept.runs = self.world.runs().len();
        self.log.forget()?;
        self.history.forget()?;
        self.marks.forget()
    }

    /// Runs hooks until nothing is due, and keeps the model after each. Failed ones are tried again a few times, unless
    /// the model's configuration says that they are not to be.
    pub(super) fn settle(&mut self) -> Result<(), SimError> {
        self.keep()?;
        let from = self.world.runs().len();
        self.world.begin_retries();
        let retries = self.records.settings.config.get("automatically-retry-hooks") != Some(&false.into());
        loop {
            let most = self.world.most_hooks();
            while self.world.runs().len() - from < most && self.world.step().is_some() {
                self.keep()?;
            }
            if !retries || self.world.runs().len() - from >= most || !self.world.retry_failed() {
                break;
            }
        }
        for id in std::mem::take(&mut self.doomed) {
            self.world.change(|model| model.destroy_storage(&id));
        }
        self.world.change(|model| model.secrets.values_mut().for_each(crate::model::Secret::prune));
        self.tidy()?;
        self.keep()
    }

    /// Ends a command: what was written outlives the machine.
    pub(super) fn end(&self) -> Result<(), SimError> {
        self.documents.sync()
    }

    /// Whether nothing was ever done to the model.
    pub(super) fn is_bare(&self) -> bool {
        self.world.applications().is_empty()
            && self.world.model().spaces.is_empty()
            && self.records.settings == Settings::default()
    }

    /// The units that are not at rest.
    pub(super) fn unsettled(&self) -> Vec<Unsettled> {
        let ready: BTreeSet<String> = self.world.ready().into_iter().collect();
        let say = |unit: String| {
            let status = self.world.status(&unit);
            let why = if status.current == "error" {
                match self.world.last_failure(&unit) {
                    Some(reason) => format!("{}: {reason}", status.message),
                    None => status.message,
                }
            } else if self.world.agent_status(&unit) == "lost" {
                "its agent is down".to_owned()
            } else if ready.contains(&unit) {
                "it has hooks to run".to_owned()
            } else {
                return None;
            };
            Some(Unsettled { unit, why })
        };
        self.world.units().into_iter().filter_map(say).collect()
    }

    /// What was logged, oldest first.
    pub(super) fn log(&self) -> Vec<LogLine> {
        self.log.read()
    }

    /// What ran, oldest first: what is kept of it.
    pub(super) fn history(&self) -> Vec<HookRun> {
        self.history.read()
    }

    /// The commands that changed the model, oldest first.
    pub(super) fn marks(&self) -> Vec<Mark> {
        self.marks.read()
    }

    /// Says which command changes the model.
    pub(super) fn mark(&mut self, text: String) {
        self.mark = Some(Mark { before: self.world.ran() + 1, text });
    }

    /// Takes a charm into the model: an archive or a directory.
    pub(super) fn take_charm(&mut self, path: &Path) -> Result<(Revision, CharmRecord), Failure> {
        let number = self.records.settings.charms;
        let place = self.dir.join(CHARMS).join(format!("charm-{number}"));
        let new = place.with_extension("new");
        self.disk.remove(&new).map_err(SimError::file("remove", &new))?;
        self.disk.remove(&place).map_err(SimError::file("remove", &place))?;
        let models = self.dir.parent().unwrap_or(&self.dir);
        charms::bring(path, &new, models)?;
        let charm = Charm::from_dir(&new)?;
        // Refuses one without code.
        Revision::executable(&new)?;
        self.disk.rename(&new, &place).map_err(SimError::file("move", &new))?;
        self.records.settings.charms += 1;
        let next = self.records.settings.revisions.entry(charm.name().to_owned()).or_default();
        let record = CharmRecord {
            id: format!("charm-{number}"),
            revision: *next,
            origin: path.display().to_string(),
            version: fs::read_to_string(place.join("version")).map(|it| it.trim().to_owned()).unwrap_or_default(),
        };
        *next += 1;
        Ok((Revision::deployed(charm, &place, &self.ground), record))
    }

    /// Removes what no unit needs any more.
    fn tidy(&mut self) -> Result<(), SimError> {
        let apps: BTreeSet<String> = self.world.applications().into_iter().collect();
        self.records.apps.retain(|app, _| apps.contains(app));
        for (app, record) in &mut self.records.apps {
            let gone = self.world.forget_revisions(app).min(record.charms.len());
            record.charms.drain(..gone);
        }
        let units = self.world.units();
        let dirs: BTreeSet<String> = units.iter().map(|unit| crate::model::Place::tag(unit)).collect();
        let agents = self.dir.join(AGENTS);
        for name in fs::read_dir(&agents).into_iter().flatten().flatten().map(|entry| entry.file_name()) {
            if !name.to_str().is_some_and(|name| dirs.contains(name)) {
                orphans::kill_charms_in(&agents.join(name));
            }
        }
        self.disk.clear(&agents, |name| dirs.contains(name))?;
        let ids: BTreeSet<&str> = self.records.apps.values().flat_map(AppRecord::ids).collect();
        self.disk.clear(&self.dir.join(CHARMS), |name| ids.contains(name))
    }

    /// Lets the model's options do what they do: the proxies are what hooks are told of.
    pub(super) fn apply_config(&mut self) {
        let proxies = self.records.settings.proxies();
        self.world.change(|model| model.proxies = proxies);
        self.world.set_time_limit(self.records.settings.hook_time_limit());
    }

    /// The directory in which a unit's charm is, where one was laid.
    pub(super) fn charm_dir(&self, unit: &str) -> PathBuf {
        self.dir.join(AGENTS).join(crate::model::Place::tag(unit)).join("charm")
    }

    pub(super) fn app(&self, name: &str) -> AppRecord {
        self.records.apps.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn app_mut(&mut self, name: &str) -> &mut AppRecord {
        self.records.apps.entry(name.to_owned()).or_default()
    }
}

impl AppRecord {
    fn ids(&self) -> impl Iterator<Item = &str> {
        self.charms.iter().map(|charm| charm.id.as_str())
    }
}

fn raw(value: &impl serde::Serialize) -> Result<Option<Box<serde_json::value::RawValue>>, SimError> {
    serde_json::value::to_raw_value(value).map(Some).map_err(unwritable)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unwritable(error: serde_json::Error) -> SimError {
    SimError::Store { path: PathBuf::from(DOCUMENTS), why: format!("the model cannot be written: {error}") }
}
