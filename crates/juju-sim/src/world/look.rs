use std::time::Duration;

use super::{RelationName, World};
use crate::SimError;
use crate::command::{PortRange, Settings, StorageKind};
use crate::model::{LogLine, Status};

/// What a test looks at.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// # juju.play("pg", "web:db")?;
/// juju.settle()?;
/// assert_eq!(juju.applications(), ["pg", "web"]);
/// assert_eq!(juju.leader("web").as_deref(), Some("web/0"));
/// assert_eq!(juju.members("web/0", "db")?, ["pg/0"]);
/// assert_eq!(juju.bag("db", "web/0")?["private-address"], "10.0.0.1");
/// assert_eq!(juju.status("web/0"), ("unknown", "")); // it has set none
/// assert!(juju.ready().is_empty());
/// # Ok::<(), juju_sim::SimError>(())
/// ```
impl World {
    /// The names of the applications, sorted.
    pub fn applications(&self) -> Vec<String> {
        self.model().applications().map(str::to_owned).collect()
    }

    /// All units that exist, by application and number.
    pub fn units(&self) -> Vec<String> {
        self.model().units()
    }

    /// The units of an application, by number.
    pub fn units_of(&self, app: &str) -> Vec<String> {
        self.model().units_of(app)
    }

    /// The units that have a hook to run now, or the command of a timer, by name.
    pub fn ready(&self) -> Vec<String> {
        self.change(|model| model.ready().iter().cloned().collect())
    }

    /// The unit that leads an application.
    pub fn leader(&self, app: &str) -> Option<String> {
        self.model().leader(app).map(str::to_owned)
    }

    /// The members of a relation as `relation-list` gives them to a unit: joined and not departed.
    ///
    /// # Errors
    /// There is no such relation.
    pub fn members(&self, unit: &str, relation: impl Into<RelationName>) -> Result<Vec<String>, SimError> {
        let id = self.find(relation)?;
        Ok(self.model().members(unit, id.0))
    }

    /// What `juju status` shows of a unit's workload. `error: hook failed: …` while a hook has failed; `gone` when
    /// there is no such unit.
    pub fn status(&self, unit: &str) -> Status {
        self.model().status(unit).unwrap_or_else(|| Status::new("gone", ""))
    }

    /// What `juju status` shows of an application: what its leader has set, else the most pressing status of its units;
    /// `gone` when there is no such application.
    pub fn app_status(&self, app: &str) -> Status {
        let model = self.model();
        if model.application(app).is_err() {
            return Status::new("gone", "");
        }
        model.derived_app_status(app)
    }

    /// The version of an application's workload; empty where none was set.
    pub fn workload_version(&self, app: &str) -> String {
        self.model().application(app).map(|app| app.version.clone()).unwrap_or_default()
    }

    /// What `juju status` shows of a unit's agent.
    pub fn agent_status(&self, unit: &str) -> &'static str {
        self.model().agent_status(unit)
    }

    /// A unit's state as `state-set` kept it; empty when there is no such unit.
    pub fn state(&self, unit: &str) -> Settings {
        self.model().unit(unit).map(|unit| unit.state.clone()).unwrap_or_default()
    }

    /// The bag of a unit or of an application as it is published; empty where it has never been in the relation.
    ///
    /// # Errors
    /// There is no such relation.
    pub fn bag(&self, relation: impl Into<RelationName>, owner: &str) -> Result<Settings, SimError> {
        let id = self.find(relation)?;
        Ok(self.model().bag(id.0, owner).cloned().unwrap_or_default())
    }

    /// The settings that an application's leader has set.
    pub fn leader_settings(&self, app: &str) -> Settings {
        self.model().application(app).map(|app| Settings::clone(&app.leader_settings.settings)).unwrap_or_default()
    }

    /// The ports that a unit has open.
    pub fn open_ports(&self, unit: &str) -> OpenPorts {
        let ports = self.model().unit(unit).map(|unit| unit.ports.clone()).unwrap_or_default();
        OpenPorts(ports.into_iter().map(|port| (port.endpoint, port.range)).collect())
    }

    /// The storage of a unit, by number.
    pub fn storage(&self, unit: &str) -> Vec<StorageView> {
        let model = self.model();
        let owned = model.storage.iter().filter(|(_, storage)| storage.unit.as_deref() == Some(unit));
        let mut storage: Vec<_> = owned
            .map(|(id, storage)| {
                let attached = model.unit(unit).is_ok_and(|unit| unit.agent.attached.contains(id));
                let (kind, location) = (storage.kind, storage.location.clone());
                (storage.number, StorageView { id: id.clone(), kind, location, attached })
            })
            .collect();
        storage.sort_by_key(|(number, _)| *number);
        storage.into_iter().map(|(_, storage)| storage).collect()
    }

    /// The timers that wait for their time to run something on a unit: the name as `systemctl` has it, and how long it
    /// is until then.
    ///
    /// A charm makes one by `systemd-run`; of systemd the model has the transient timers that run `juju-exec`, on the
    /// unit's machine and by the model's clock. They are not taken back with a hook that fails, and are gone when they
    /// have fired, are stopped, or their machine reboots or goes.
    ///
    /// What a timer runs has its turn among the unit's hooks, by [`settle`](World::settle) and [`step`](World::step):
    /// soon, also while a hook has failed. In a unit whose agent is down or starts anew before its turn it is lost, as
    /// `juju-exec` does not wait for an agent.
    ///
    /// ```
    /// # use juju_sim::{Charm, Invocation, ProgramEnd, Revision, World};
    /// use std::time::Duration;
    ///
    /// # let charm = Charm::parse("name: hello", None, None)?;
    /// let hello = Revision::in_process(charm, |charm: Invocation| {
    ///     if charm.args == ["wake"] {
    ///         return ProgramEnd::Exit(charm.tools.call(&["status-set", "active", "woken"], None).code);
    ///     }
    ///     if charm.var("JUJU_HOOK_NAME") == Some("start") {
    ///         let later = ["systemd-run", "--quiet", "--collect", "--unit=nap", "--on-active=1min"];
    ///         let wake = ["--", "juju-exec", "hello/0", "./dispatch wake"];
    ///         return ProgramEnd::Exit(charm.tools.call(&[&later[..], &wake[..]].concat(), None).code);
    ///     }
    ///     ProgramEnd::Exit(0)
    /// });
    /// # let mut juju = World::new(0);
    /// # juju.deploy("hello", hello)?;
    /// juju.settle()?;
    /// assert_eq!(juju.timers("hello/0"), [("nap.timer".to_owned(), Duration::from_secs(60))]);
    ///
    /// juju.advance(Duration::from_secs(60));
    /// juju.settle()?;
    /// assert_eq!(juju.runs().last().map(|run| run.title()).as_deref(), Some("hello/0 juju-exec wake"));
    /// assert_eq!(juju.status("hello/0"), ("active", "woken"));
    /// assert!(juju.timers("hello/0").is_empty());
    /// # Ok::<(), juju_sim::SimError>(())
    /// ```
    pub fn timers(&self, unit: &str) -> Vec<(String, Duration)> {
        let timers = self.model().waiting_timers(unit);
        timers.into_iter().map(|(name, left)| (format!("{name}.timer"), Duration::from_secs(left))).collect()
    }

    /// What was logged, oldest first: the newest 200,000 lines.
    pub fn log(&self) -> Vec<LogLine> {
        self.model().log().cloned().collect()
    }
}

/// The ports that a unit has open: the endpoint, `""` for all, and the range.
///
/// It compares with texts: a range, and the endpoint where it is not for all.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("{name: web, provides: {site: {interface: http}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::in_process(charm, |charm| {
/// #     let open = |line: &str| charm.tools.call(&line.split(' ').collect::<Vec<_>>(), None).code;
/// #     ProgramEnd::Exit(open("open-port 80 --endpoints site") + open("open-port 9000-9010/udp"))
/// # }))?;
/// # juju.settle()?;
/// assert_eq!(juju.open_ports("web/0"), ["80/tcp (site)", "9000-9010/udp"]);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPorts(pub Vec<(String, PortRange)>);

impl PartialEq<&[&str]> for OpenPorts {
    fn eq(&self, other: &&[&str]) -> bool {
        let texts: Vec<String> = self.texts();
        texts.iter().map(String::as_str).eq(other.iter().copied())
    }
}

impl<const N: usize> PartialEq<[&str; N]> for OpenPorts {
    fn eq(&self, other: &[&str; N]) -> bool {
        *self == other.as_slice()
    }
}

impl OpenPorts {
    /// Each range with its endpoint: `80/tcp`, `8080/tcp (web)`.
    pub fn texts(&self) -> Vec<String> {
        let text = |(endpoint, range): &(String, PortRange)| {
            if endpoint.is_empty() { range.to_string() } else { format!("{range} ({endpoint})") }
        };
        self.0.iter().map(text).collect()
    }
}

/// A storage instance of a unit.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("{name: pg, storage: {data: {type: filesystem, location: /srv}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("pg", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// # juju.settle()?;
/// let data = &juju.storage("pg/0")[0];
/// assert_eq!((data.id.as_str(), data.location.as_deref(), data.attached), ("data/0", Some("/srv"), true));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageView {
    /// The id, such as `data/0`.
    pub id: String,
    /// The kind.
    pub kind: StorageKind,
    /// The mount point or device; none before it is provisioned.
    pub location: Option<String>,
    /// Whether `storage-attached` is done.
    pub attached: bool,
}

/// A secret as the controller keeps it. Its `Debug` shows the keys of the content alone.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: web", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// let token = juju.add_secret("", &[("token", "t0")])?;
/// juju.grant_secret(&token, "web")?;
/// juju.update_secret(&token, &[("token", "t1")])?;
/// let secret = juju.secret(&token)?;
/// assert_eq!((secret.revision, secret.content["token"].as_str()), (2, "t1"));
/// assert_eq!(secret.granted, ["web"]);
/// assert!(secret.tracked.is_empty()); // nobody has read it
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretView {
    /// The owner: an application, a unit, or `""` for the model's operator.
    pub owner: String,
    /// The owner's label.
    pub label: String,
    /// The newest revision.
    pub revision: u64,
    /// The revisions that are kept.
    pub revisions: Vec<u64>,
    /// The applications and units that may read it.
    pub granted: Vec<String>,
    /// The newest revision's content.
    pub content: Settings,
    /// Which revision each unit that reads it has.
    pub tracked: std::collections::BTreeMap<String, u64>,
}

impl std::fmt::Debug for SecretView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretView")
            .field("owner", &self.owner)
            .field("label", &self.label)
            .field("revision", &self.revision)
            .field("revisions", &self.revisions)
            .field("granted", &self.granted)
            .field("keys", &self.content.keys().collect::<Vec<_>>())
            .field("tracked", &self.tracked)
            .finish()
    }
}
