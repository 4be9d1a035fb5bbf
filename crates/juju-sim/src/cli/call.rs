use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;

use super::failure::Failure;
use super::mirror;
use super::progress::Progress;
use super::session::Session;
use super::store::{Disk, Store};
use super::terminal::Terminal;
use crate::SimError;

/// The model that is made where a first charm is deployed and there is none.
const FIRST_MODEL: &str = "default";

/// One call of a command.
pub(super) struct Call<'a, 't> {
    pub(super) matches: &'a ArgMatches,
    pub(super) terminal: &'a mut Terminal<'t>,
    pub(super) around: &'a Around,
    /// Whether a model was made for it because there was none.
    pub(super) has_made: bool,
}

/// Where a command works.
#[derive(Debug, Clone)]
pub(super) struct Around {
    /// Where the models are.
    pub(super) store: PathBuf,
    /// What relative paths begin at.
    pub(super) dir: PathBuf,
    pub(super) disk: Disk,
    /// How long another command is waited for.
    pub(super) patience: Duration,
    /// The model that `JUJU_MODEL` names.
    pub(super) model: Option<String>,
    /// The seed of new models.
    pub(super) seed: u64,
    /// The command, without values that may be secret.
    pub(super) line: String,
}

impl<'a> Call<'a, '_> {
    /// An argument that must be there.
    pub(super) fn text(&self, name: &str) -> &'a str {
        self.matches.get_one::<String>(name).map_or("", String::as_str)
    }

    /// All values of an argument.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.matches.get_many::<String>(name).map(|all| all.cloned().collect()).unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.matches.get_flag(name)
    }

    /// A path of the arguments.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.around.dir.join(path)
    }

    /// The store, to be looked at.
    pub(super) fn store(&self) -> Result<Store, SimError> {
        Store::read(&self.around.store)
    }

    /// The store, to be changed.
    pub(super) fn open_store(&mut self) -> Result<Store, SimError> {
        let terminal = &mut *self.terminal;
        let mut waits = |holder: &str| terminal.say(&format!("waiting for {holder}"));
        Store::open(&self.around.store, &self.around.disk, self.around.patience, &mut waits)
    }

    /// The name of the model that this is about: what `--model` says, else `JUJU_MODEL`, else the current one.
    pub(super) fn model_name(&self, store: &Store) -> Result<String, Failure> {
        let given = self.matches.try_get_one::<String>("model").ok().flatten().or(self.around.model.as_ref());
        let name = match given {
            Some(name) => model_name(name)?,
            None => match store.current() {
                Some(name) => name.to_owned(),
                None if store.models().is_empty() => {
                    return Err("no model is there yet: make one with \"juju-sim add-model NAME\"".into());
                }
                None => return Err("no model is chosen: choose one with \"juju-sim switch NAME\"".into()),
            },
        };
        match store.models().contains_key(&name) {
            true => Ok(name),
            false => Err(format!("model juju-sim:admin/{name} not found").into()),
        }
    }

    /// The model that this is about, to be looked at.
    pub(super) fn look(&self) -> Result<Session, Failure> {
        let store = self.store()?;
        let name = self.model_name(&store)?;
        Ok(Session::open(&store, &name)?)
    }

    /// The model that this is about, to be changed.
    pub(super) fn open(&mut self) -> Result<(Store, Session), Failure> {
        let store = self.open_store()?;
        let name = self.model_name(&store)?;
        let session = Session::open(&store, &name)?;
        Ok((store, self.watched(session)))
    }

    /// As [`open`](Self::open); where there is no model yet, and none is named, one is made.
    pub(super) fn open_or_make(&mut self) -> Result<(Store, Session), Failure> {
        let mut store = self.open_store()?;
        let is_named = self.matches.try_get_one::<String>("model").ok().flatten().is_some();
        if is_named || self.around.model.is_some() || !store.models().is_empty() {
            let name = self.model_name(&store)?;
            let session = Session::open(&store, &name)?;
            return Ok((store, self.watched(session)));
        }
        let session = Session::create(&mut store, FIRST_MODEL, self.around.seed, BTreeMap::new(), true)?;
        self.has_made = true;
        self.terminal.say(&format!("Added {FIRST_MODEL:?} model, as there was none"));
        Ok((store, self.watched(session)))
    }

    /// Takes the model away again that was made for a command which was refused.
    pub(super) fn take_back(&mut self) -> Result<(), SimError> {
        if !self.has_made {
            return Ok(());
        }
        let mut store = self.open_store()?;
        let is_bare = Session::open(&store, FIRST_MODEL)?.is_bare();
        if is_bare { store.remove(FIRST_MODEL) } else { Ok(()) }
    }

    /// A model that this command changes, whose hooks are told of on a terminal as they run.
    pub(super) fn watched(&self, mut session: Session) -> Session {
        session.mark(self.around.line.clone());
        if self.terminal.watched {
            let progress = Progress::new();
            session.world.watch(move |title| progress.running(title));
        }
        session
    }

    /// Lets the hooks run that are due, also in models that this one is related to, keeps them, and tells what is not at
    /// rest.
    pub(super) fn settle(&mut self, store: &Store, session: &mut Session) -> Result<(), Failure> {
        if self.matches.try_get_one::<bool>("no-settle").ok().flatten() == Some(&true) {
            session.keep()?;
        } else {
            let settled = mirror::settle(self, store, session);
            self.terminal.unsay();
            settled?;
            for unsettled in session.unsettled() {
                self.terminal.say(&format!("juju-sim: {} is not settled: {}", unsettled.unit, unsettled.why));
            }
        }
        Ok(session.end()?)
    }
}

/// The model's own name in one that may have a controller and an owner: `juju-sim:admin/web`.
pub(super) fn model_name(given: &str) -> Result<String, Failure> {
    let name = match given.rsplit_once(':') {
        Some(("juju-sim", name)) => name,
        Some((controller, _)) => return Err(format!("controller {controller} not found").into()),
        None => given,
    };
    let name = match name.split_once('/') {
        Some(("admin", name)) => name,
        Some((owner, _)) => return Err(format!("user {owner:?} not found").into()),
        None => name,
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let named = !name.is_empty() && name.chars().all(plain) && !name.starts_with('-') && !name.ends_with('-');
    if named {
        return Ok(name.to_owned());
    }
    let rule = "model names may only contain lowercase letters, digits and hyphens";
    Err(format!("{name:?} is not a valid name: {rule}").into())
}
