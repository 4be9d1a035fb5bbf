use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

use crate::error::{BoxError, Error};
use crate::hook::Hook;
use crate::name::UnitName;

/// The environment that Juju gives to a charm, parsed once.
///
/// An empty variable counts as absent. What is malformed is an error when the environment is read; what is
/// missing is an error where it is asked for, and for the data of a hook when the environment is read. Both name
/// the variable. Variables that are not Juju's are not looked at.
#[derive(Clone)]
pub struct Env {
    dispatch: Dispatch,
    unit: Option<UnitName>,
    variables: Variables,
    now: SystemTime,
}

/// What Juju runs the charm for: the content of `JUJU_DISPATCH_PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dispatch {
    /// A hook that this crate knows.
    Hook(Hook),
    /// A hook that this crate does not know, by its name: of a later Juju, or of a charm before a rollback.
    UnknownHook(String),
    /// An action, by its name.
    Action(String),
    /// Nothing: `juju exec`, or a shell.
    Nothing,
}

/// The `JUJU_*` variables that are set and not empty.
#[derive(Clone)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl Env {
    /// Reads an environment given as pairs, at the present time.
    ///
    /// # Errors
    /// A variable of Juju's is not UTF-8 or malformed, or one that the hook needs is missing.
    pub fn from_vars<K: AsRef<OsStr>, V: Into<OsString>>(
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, Error> {
        let variables = Variables::read(vars)?;
        let dispatch = Dispatch::read(&variables)?;
        let unit = variables.parsed("JUJU_UNIT_NAME")?;
        Ok(Self { dispatch, unit, variables, now: SystemTime::now() })
    }

    /// The same environment at another time: one dispatch happens at one instant.
    #[must_use]
    pub fn with_now(mut self, now: SystemTime) -> Self {
        self.now = now;
        self
    }

    /// What Juju runs the charm for.
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// The unit that the charm runs as: `JUJU_UNIT_NAME`.
    ///
    /// # Errors
    /// The variable is not set.
    pub fn unit(&self) -> Result<&UnitName, Error> {
        self.unit.as_ref().ok_or_else(|| Error::missing("JUJU_UNIT_NAME"))
    }

    /// The directory of the charm's files: `JUJU_CHARM_DIR`.
    ///
    /// # Errors
    /// The variable is not set.
    pub fn charm_dir(&self) -> Result<&Path, Error> {
        self.variables.needed("JUJU_CHARM_DIR").map(Path::new)
    }

    /// The name of the model: `JUJU_MODEL_NAME`.
    ///
    /// # Errors
    /// The variable is not set.
    pub fn model_name(&self) -> Result<&str, Error> {
        self.variables.needed("JUJU_MODEL_NAME")
    }

    /// The UUID of the model: `JUJU_MODEL_UUID`.
    ///
    /// # Errors
    /// The variable is not set.
    pub fn model_uuid(&self) -> Result<&str, Error> {
        self.variables.needed("JUJU_MODEL_UUID")
    }

    /// The version of the agent, as Juju writes it (`3.6.14`, `3.6-beta2`): `JUJU_VERSION`.
    pub fn juju_version(&self) -> Option<&str> {
        self.variables.get("JUJU_VERSION")
    }

    /// The machine, such as `0` or `0/lxd/1`: `JUJU_MACHINE_ID`; none on Kubernetes.
    pub fn machine_id(&self) -> Option<&str> {
        self.variables.get("JUJU_MACHINE_ID")
    }

    /// The availability zone, where the cloud has them: `JUJU_AVAILABILITY_ZONE`.
    pub fn availability_zone(&self) -> Option<&str> {
        self.variables.get("JUJU_AVAILABILITY_ZONE")
    }

    /// The last part of `JUJU_DISPATCH_PATH`: the name of the hook or action; empty without one.
    pub(crate) fn hook_name(&self) -> &str {
        let path = self.variables.get("JUJU_DISPATCH_PATH").unwrap_or("");
        path.rsplit('/').next().unwrap_or(path)
    }

    /// The instant of this dispatch.
    pub fn now(&self) -> SystemTime {
        self.now
    }
}

/// Shows what is dispatched, and no variable: a proxy's address may have a password in it.
impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("dispatch", &self.dispatch).field("unit", &self.unit).finish_non_exhaustive()
    }
}

impl Dispatch {
    fn read(variables: &Variables) -> Result<Self, Error> {
        let Some(path) = variables.get("JUJU_DISPATCH_PATH") else { return Ok(Self::Nothing) };
        let (kind, name) = path.rsplit_once('/').unwrap_or(("", path));
        let clean = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        match kind.rsplit('/').next().unwrap_or(kind) {
            "actions" if clean => Ok(Self::Action(name.to_owned())),
            "hooks" if clean => {
                Ok(Hook::read(name, variables)?.map_or_else(|| Self::UnknownHook(name.to_owned()), Self::Hook))
            }
            _ => Err(Error::variable("JUJU_DISPATCH_PATH", "is neither hooks/<name> nor actions/<name>")),
        }
    }
}

impl Variables {
    fn read<K: AsRef<OsStr>, V: Into<OsString>>(vars: impl IntoIterator<Item = (K, V)>) -> Result<Self, Error> {
        let mut kept = BTreeMap::new();
        for (name, value) in vars {
            let Some(name) = name.as_ref().to_str().filter(|name| name.starts_with("JUJU_")) else { continue };
            let value = value.into().into_string().map_err(|_| Error::variable(name, "is not UTF-8"))?;
            if !value.is_empty() {
                kept.insert(name.to_owned(), value);
            }
        }
        Ok(Self(kept))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn needed(&self, name: &'static str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| Error::missing(name))
    }

    pub(crate) fn parsed<T: FromStr<Err: Into<BoxError>>>(&self, name: &'static str) -> Result<Option<T>, Error> {
        self.get(name).map(|text| text.parse().map_err(|error| Error::variable(name, error))).transpose()
    }

    pub(crate) fn parsed_needed<T: FromStr<Err: Into<BoxError>>>(&self, name: &'static str) -> Result<T, Error> {
        self.parsed(name)?.ok_or_else(|| Error::missing(name))
    }

    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::error::chain;

    fn dispatch(vars: &[(&str, &str)]) -> Result<Dispatch, String> {
        Env::from_vars(vars.iter().copied()).map(|env| env.dispatch).map_err(|error| chain(&error).to_string())
    }

    #[test]
    fn the_dispatch_path_names_the_event() {
        assert_eq!(
            dispatch(&[("JUJU_DISPATCH_PATH", "hooks/install")]),
            Ok(Dispatch::Hook(Hook::read_plain("install")))
        );
        assert_eq!(dispatch(&[("JUJU_DISPATCH_PATH", "actions/peers")]), Ok(Dispatch::Action("peers".into())));
        assert_eq!(dispatch(&[("JUJU_DISPATCH_PATH", "")]), Ok(Dispatch::Nothing));
        assert_eq!(dispatch(&[("JUJU_DISPATCH_PATH", "hooks/dance")]), Ok(Dispatch::UnknownHook("dance".into())));
    }

    #[test]
    fn what_is_malformed_or_missing_is_named() {
        let relation = [("JUJU_DISPATCH_PATH", "hooks/magpie-relation-joined"), ("JUJU_RELATION_ID", "magpie:0")];
        let with = |extra: &[(&'static str, &'static str)]| dispatch(&[&relation[..], extra].concat()).unwrap_err();
        for (found, expected) in [
            (dispatch(&[("JUJU_DISPATCH_PATH", "install")]).unwrap_err(), "JUJU_DISPATCH_PATH: is neither"),
            (dispatch(&[("JUJU_DISPATCH_PATH", "hooks/")]).unwrap_err(), "JUJU_DISPATCH_PATH: is neither"),
            (dispatch(&[("JUJU_DISPATCH_PATH", "hooks/a b")]).unwrap_err(), "JUJU_DISPATCH_PATH: is neither"),
            (dispatch(&[("JUJU_UNIT_NAME", "magpie")]).unwrap_err(), "JUJU_UNIT_NAME: \"magpie\" is not a unit name"),
            (dispatch(&relation[..1]).unwrap_err(), "JUJU_RELATION_ID is not set"),
            (with(&[]), "JUJU_REMOTE_UNIT is not set"),
            (with(&[("JUJU_REMOTE_UNIT", "-rf/x")]), "JUJU_REMOTE_UNIT: \"-rf/x\" is not a unit name"),
            (with(&[("JUJU_RELATION_ID", "other:0"), ("JUJU_REMOTE_UNIT", "magpie/1")]), "JUJU_RELATION_ID: is not of"),
            (
                dispatch(&[("JUJU_DISPATCH_PATH", "hooks/data-storage-attached"), ("JUJU_STORAGE_ID", "data")])
                    .unwrap_err(),
                "JUJU_STORAGE_ID: \"data\" is not a storage id",
            ),
            (
                dispatch(&[
                    ("JUJU_DISPATCH_PATH", "hooks/secret-expired"),
                    ("JUJU_SECRET_ID", "secret:9m4e2mr0ui3e8a215n4g"),
                    ("JUJU_SECRET_REVISION", "-1"),
                ])
                .unwrap_err(),
                "JUJU_SECRET_REVISION: ",
            ),
        ] {
            assert!(found.starts_with(&format!("environment variable {expected}")), "{found}");
        }
    }

    #[test]
    fn storage_that_is_not_provisioned_has_no_data() {
        assert!(dispatch(&[("JUJU_DISPATCH_PATH", "hooks/data-storage-detaching")]).is_ok());
    }

    #[test]
    fn foreign_variables_are_not_looked_at() {
        let bad = OsString::from_vec(vec![0xff]);
        assert!(Env::from_vars([(OsString::from("HOME"), bad.clone())]).is_ok());
        let error = Env::from_vars([(OsString::from("JUJU_MODEL_NAME"), bad)]).unwrap_err();
        assert_eq!(chain(&error).to_string(), "environment variable JUJU_MODEL_NAME: is not UTF-8");
    }

    #[test]
    fn a_missing_variable_is_an_error_where_it_is_used() {
        let env = Env::from_vars([("JUJU_DISPATCH_PATH", "hooks/start")]).unwrap();
        assert_eq!(env.unit().unwrap_err().to_string(), "environment variable JUJU_UNIT_NAME is not set");
    }
}
