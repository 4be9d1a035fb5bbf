use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime};

use crate::error::{BoxError, Error};
use crate::hook::Hook;
use crate::name::{AppName, RelationId, UnitName};
use crate::version::JujuVersion;

/// The environment that Juju gives to a charm, parsed once.
///
/// An empty variable counts as absent. What is malformed is an error when the environment is read; what is
/// missing is an error where it is asked for, and for the data of a hook when the environment is read. Both name
/// the variable. Variables that are not Juju's are not looked at.
///
/// ```
/// use juju_ops::{Dispatch, Env};
///
/// let env = Env::from_vars([("JUJU_DISPATCH_PATH", "actions/backup"), ("JUJU_UNIT_NAME", "web/0")])?;
/// assert_eq!(env.dispatch(), &Dispatch::Action("backup".into()));
/// assert_eq!(env.unit()?.number(), 0);
/// assert_eq!(env.model_name().unwrap_err().to_string(), "environment variable JUJU_MODEL_NAME is not set");
/// # Ok::<(), juju_ops::Error>(())
/// ```
#[derive(Clone)]
pub struct Env {
    dispatch: Dispatch,
    unit: Option<UnitName>,
    variables: Variables,
    /// The application at the other side, in the hook of a relation.
    remote: Option<(RelationId, Option<AppName>)>,
    args: Vec<String>,
    now: SystemTime,
    elapsed: Rc<dyn Fn() -> Duration>,
}

/// How the unit's machine reaches the outside, as the model's configuration says.
///
/// Juju sets the variables that most programs look at only for itself: a charm that downloads passes these on.
///
/// ```
/// use std::process::Command;
///
/// fn download(proxies: &juju_ops::Proxies) -> Command {
///     let mut curl = Command::new("curl");
///     curl.envs(proxies.https.iter().map(|proxy| ("https_proxy", proxy)));
///     curl.envs(proxies.no_proxy.iter().map(|hosts| ("no_proxy", hosts)));
///     curl
/// }
/// # let env = juju_ops::Env::from_vars([("JUJU_CHARM_HTTPS_PROXY", "http://proxy:3128")]).unwrap();
/// # assert_eq!(download(&env.proxies()).get_envs().count(), 1);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proxies {
    /// `JUJU_CHARM_HTTP_PROXY`.
    pub http: Option<String>,
    /// `JUJU_CHARM_HTTPS_PROXY`.
    pub https: Option<String>,
    /// `JUJU_CHARM_FTP_PROXY`.
    pub ftp: Option<String>,
    /// `JUJU_CHARM_NO_PROXY`: what is reached directly, separated by commas.
    pub no_proxy: Option<String>,
}

/// What kind of cloud the model is on.
///
/// ```
/// let env = juju_ops::Env::from_vars([("JUJU_MACHINE_ID", "0/lxd/1")])?;
/// assert_eq!(env.model_type(), juju_ops::ModelType::Machines);
/// # Ok::<(), juju_ops::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelType {
    /// Units run on machines: `iaas` in Juju's words.
    Machines,
    /// Units run in pods: `caas` in Juju's words.
    Kubernetes,
}

/// What Juju runs the charm for: the content of `JUJU_DISPATCH_PATH`. See [`Env`].
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
        let remote = match variables.parsed("JUJU_RELATION_ID")? {
            Some(relation) => Some((relation, variables.parsed("JUJU_REMOTE_APP")?)),
            None => None,
        };
        let start = Instant::now();
        let elapsed = Rc::new(move || start.elapsed());
        Ok(Self { dispatch, unit, variables, remote, args: Vec::new(), now: SystemTime::now(), elapsed })
    }

    /// The same environment with arguments: what [`main`](crate::main) takes its subcommands from.
    #[must_use]
    pub fn with_args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
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

    /// The version of the agent: `JUJU_VERSION`; none where it is not set.
    ///
    /// # Errors
    /// The variable is no version.
    pub fn juju_version(&self) -> Result<Option<JujuVersion>, Error> {
        self.variables.parsed("JUJU_VERSION")
    }

    /// What kind of cloud the model is on. Juju has no variable for it: a unit on Kubernetes has no machine.
    pub fn model_type(&self) -> ModelType {
        if self.machine_id().is_some() { ModelType::Machines } else { ModelType::Kubernetes }
    }

    /// The unit that this one, of a subordinate charm, is beside: `JUJU_PRINCIPAL_UNIT`; none in a principal charm.
    ///
    /// # Errors
    /// The variable is no unit's name.
    pub fn principal_unit(&self) -> Result<Option<UnitName>, Error> {
        self.variables.parsed("JUJU_PRINCIPAL_UNIT")
    }

    /// The proxies that the model's configuration names for charms.
    pub fn proxies(&self) -> Proxies {
        let get = |name| self.variables.get(name).map(str::to_owned);
        Proxies {
            http: get("JUJU_CHARM_HTTP_PROXY"),
            https: get("JUJU_CHARM_HTTPS_PROXY"),
            ftp: get("JUJU_CHARM_FTP_PROXY"),
            no_proxy: get("JUJU_CHARM_NO_PROXY"),
        }
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

    /// How long this dispatch has run.
    pub(crate) fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }

    pub(crate) fn args(&self) -> &[String] {
        &self.args
    }

    /// Whether Juju runs this process, in a hook, an action or under `juju exec`.
    pub(crate) fn has_context(&self) -> bool {
        self.variables.get("JUJU_CONTEXT_ID").is_some()
    }

    /// A variable as it is.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.variables.get(name)
    }

    /// A variable that is read as something.
    pub(crate) fn variable<T: FromStr<Err: Into<BoxError>>>(&self, name: &'static str) -> Result<Option<T>, Error> {
        self.variables.parsed(name)
    }

    pub(crate) fn needed(&self, variable: &'static str) -> Result<&str, Error> {
        self.variables.needed(variable)
    }

    /// The relation of the hook, and the application at its other side.
    pub(crate) fn relation(&self) -> Option<(&RelationId, Option<&AppName>)> {
        self.remote.as_ref().map(|(relation, app)| (relation, app.as_ref()))
    }

    /// The names in `JUJU_DEBUG_AT`, with which `juju debug-code` says where to stop.
    pub(crate) fn debug_at(&self) -> impl Iterator<Item = &str> {
        self.variables.get("JUJU_DEBUG_AT").unwrap_or_default().split(',').map(str::trim)
    }

    #[cfg(test)]
    pub(crate) fn with_elapsed(mut self, elapsed: impl Fn() -> Duration + 'static) -> Self {
        self.elapsed = Rc::new(elapsed);
        self
    }
}

/// Shows which there are: an address may have a password in it.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |proxy: &Option<String>| proxy.as_ref().map(|_| "…");
        f.debug_struct("Proxies")
            .field("http", &shown(&self.http))
            .field("https", &shown(&self.https))
            .field("ftp", &shown(&self.ftp))
            .field("no_proxy", &shown(&self.no_proxy))
            .finish()
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
    fn a_proxys_address_is_not_shown() {
        let env = Env::from_vars([("JUJU_CHARM_HTTP_PROXY", "http://user:hunter2@proxy:3128")]).unwrap();
        assert_eq!(env.proxies().http.as_deref(), Some("http://user:hunter2@proxy:3128"));
        assert!(!format!("{:?} {env:?}", env.proxies()).contains("hunter2"));
    }

    #[test]
    fn a_missing_variable_is_an_error_where_it_is_used() {
        let env = Env::from_vars([("JUJU_DISPATCH_PATH", "hooks/start")]).unwrap();
        assert_eq!(env.unit().unwrap_err().to_string(), "environment variable JUJU_UNIT_NAME is not set");
    }
}
