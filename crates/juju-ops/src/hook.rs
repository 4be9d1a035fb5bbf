//! The hooks that Juju runs, as events: one type for each kind, with the data that Juju gives, and one function for
//! each kind that names its source.
//!
//! ```
//! use juju_ops::{BoxError, Context, Observer, Observers, Status, hook};
//!
//! struct Demo;
//!
//! impl Observer for Demo {
//!     fn observe(&self, events: &mut Observers<Self>) {
//!         events.on(&hook::install(), Self::install);
//!         events.on(&hook::relation_joined("peers"), Self::joined);
//!     }
//! }
//!
//! impl Demo {
//!     fn install(&self, _: &hook::Install, cx: &Context) -> Result<(), BoxError> {
//!         Ok(cx.unit().set_status(Status::maintenance("installing"))?)
//!     }
//!
//!     fn joined(&self, event: &hook::RelationJoined, _: &Context) -> Result<(), BoxError> {
//!         log::info!("{} joined {}", event.unit(), event.relation());
//!         Ok(())
//!     }
//! }
//! ```
//!
//! Juju delivers hooks at least once: after a crash the same hook runs again, even where its effects are already
//! public. Handlers are idempotent.

use std::path::{Path, PathBuf};

use crate::env::Variables;
use crate::error::Error;
use crate::event::Event;
use crate::name::{AppName, RelationId, SecretId, StorageId, UnitName, is_endpoint};
use crate::source::{self, Source};

macro_rules! hooks {
    ($($(#[$doc:meta])* $function:ident $name:literal $event:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $event(());

        event!($event);

        #[doc = concat!("The source of the hook `", $name, "`.")]
        pub fn $function() -> Source<$event> {
            source::hook($name)
        }
    )*

        fn plain(name: &str) -> Option<Hook> {
            match name {
                $($name => Some(Hook::$event($event(()))),)*
                _ => None,
            }
        }
    };
}

macro_rules! event {
    ($event:ident) => {
        impl Event for $event {
            type Response = ();
        }

        impl HookEvent for $event {
            fn from_hook(hook: &Hook) -> Option<&Self> {
                if let Hook::$event(event) = hook { Some(event) } else { None }
            }
        }
    };
}

/// An event that is one kind of hook.
pub(crate) trait HookEvent: Event<Response = ()> + Clone {
    fn from_hook(hook: &Hook) -> Option<&Self>;
}

/// One hook that Juju runs, of whatever kind.
///
/// ```
/// # use juju_ops::Context;
/// use juju_ops::hook::Hook;
///
/// fn is_new(cx: &Context) -> bool {
///     matches!(cx.hook(), Some(Hook::Install(_) | Hook::UpgradeCharm(_)))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is named for the type it holds, which is documented")]
pub enum Hook {
    Install(Install),
    Start(Start),
    ConfigChanged(ConfigChanged),
    UpdateStatus(UpdateStatus),
    UpgradeCharm(UpgradeCharm),
    LeaderElected(LeaderElected),
    LeaderSettingsChanged(LeaderSettingsChanged),
    Stop(Stop),
    Remove(Remove),
    PreSeriesUpgrade(PreSeriesUpgrade),
    PostSeriesUpgrade(PostSeriesUpgrade),
    RelationCreated(RelationCreated),
    RelationJoined(RelationJoined),
    RelationChanged(RelationChanged),
    RelationDeparted(RelationDeparted),
    RelationBroken(RelationBroken),
    StorageAttached(StorageAttached),
    StorageDetaching(StorageDetaching),
    SecretChanged(SecretChanged),
    SecretRotate(SecretRotate),
    SecretExpired(SecretExpired),
    SecretRemove(SecretRemove),
    PebbleReady(PebbleReady),
    PebbleCustomNotice(PebbleCustomNotice),
    PebbleCheckFailed(PebbleCheckFailed),
    PebbleCheckRecovered(PebbleCheckRecovered),
}

hooks! {
    /// The unit is new; nothing of Juju's but the charm is there. Runs first, once for each unit.
    install "install" Install;
    /// The unit's first configuration is in place; also after a reboot of the machine.
    start "start" Start;
    /// Charm configuration, trust or the unit's addresses changed.
    config_changed "config-changed" ConfigChanged;
    /// A periodic look, by default every five minutes; not in error state and not while other hooks keep coming.
    update_status "update-status" UpdateStatus;
    /// The charm's files, or a resource, were replaced.
    upgrade_charm "upgrade-charm" UpgradeCharm;
    /// This unit became the leader. There is no hook for losing leadership.
    leader_elected "leader-elected" LeaderElected;
    /// Leader settings changed, or this unit is not (or no longer) the leader; also after each restart of the agent.
    leader_settings_changed "leader-settings-changed" LeaderSettingsChanged;
    /// The unit is being removed, or its pod ends.
    stop "stop" Stop;
    /// The last hook of a unit.
    remove "remove" Remove;
    /// The machine is about to move to another base. Juju 3 only.
    pre_series_upgrade "pre-series-upgrade" PreSeriesUpgrade;
    /// The machine has moved to another base. Juju 3 only.
    post_series_upgrade "post-series-upgrade" PostSeriesUpgrade;
}

macro_rules! relation_hooks {
    ($($(#[$doc:meta])* $function:ident $suffix:literal $event:ident { $($field:ident: $type:ty),* };)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $event {
            relation: RelationId,
            app: Option<AppName>,
            $($field: $type,)*
        }

        event!($event);

        impl $event {
            /// The relation that the hook is about.
            pub fn relation(&self) -> &RelationId {
                &self.relation
            }

            /// The application at the other side, this one for a peer relation: `JUJU_REMOTE_APP`, else that of
            /// `JUJU_REMOTE_UNIT`. None where Juju leaves both empty, as it may in `relation-broken`.
            pub fn app(&self) -> Option<&AppName> {
                self.app.as_ref()
            }
        }

        #[doc = concat!("The source of the hook `<endpoint>-", $suffix, "`.")]
        pub fn $function(endpoint: &str) -> Source<$event> {
            source::endpoint_hook(endpoint, $suffix)
        }
    )*};
}

relation_hooks! {
    /// The relation exists, as far as this unit knows without any remote unit yet. May be lost with a restart of the agent.
    relation_created "relation-created" RelationCreated {};
    /// A remote unit is now a member; a `relation-changed` for it follows.
    relation_joined "relation-joined" RelationJoined { unit: UnitName };
    /// A remote unit's bag, or an application's, may have changed.
    relation_changed "relation-changed" RelationChanged { unit: Option<UnitName> };
    /// A remote unit is no longer a member, whether or not it still runs. Its bag stays readable.
    relation_departed "relation-departed" RelationDeparted { unit: UnitName, departing: Option<UnitName> };
    /// The relation is gone, after the departure of all members; or this unit is leaving it, because it is being removed
    /// itself, and the relation goes on for the other units. Juju does not say which: before undoing what others still
    /// need, ask [`Unit::is_dying`](crate::Unit::is_dying). For a peer relation only by a flaw of Juju's.
    relation_broken "relation-broken" RelationBroken {};
}

impl RelationJoined {
    /// The unit that joined.
    pub fn unit(&self) -> &UnitName {
        &self.unit
    }
}

impl RelationChanged {
    /// The unit whose bag changed; none when it was the application's.
    pub fn unit(&self) -> Option<&UnitName> {
        self.unit.as_ref()
    }
}

impl RelationDeparted {
    /// The unit that this unit no longer sees.
    pub fn unit(&self) -> &UnitName {
        &self.unit
    }

    /// The unit that leaves: [`unit`](Self::unit), or this unit itself when it, or its application, is being removed.
    /// `JUJU_DEPARTING_UNIT`; none where Juju does not say.
    pub fn departing(&self) -> Option<&UnitName> {
        self.departing.as_ref()
    }
}

macro_rules! data_hooks {
    ($($(#[$doc:meta])* $function:ident ($($scope:ident)?) $suffix:literal $event:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty => $shown:ty = $show:expr,)*
    };)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $event { $($field: $type,)* }

        event!($event);

        impl $event {
            $($(#[$field_doc])* pub fn $field(&self) -> $shown {
                let show: fn(&$type) -> $shown = $show;
                show(&self.$field)
            })*
        }

        data_hooks!(@source $function ($($scope)?) $suffix $event);
    )*};
    (@source $function:ident ($scope:ident) $suffix:literal $event:ident) => {
        #[doc = concat!("The source of the hook `<", stringify!($scope), ">-", $suffix, "`.")]
        pub fn $function($scope: &str) -> Source<$event> {
            source::scoped_hook(stringify!($scope), $scope, $suffix)
        }
    };
    (@source $function:ident () $suffix:literal $event:ident) => {
        #[doc = concat!("The source of the hook `", $suffix, "`.")]
        pub fn $function() -> Source<$event> {
            source::hook($suffix)
        }
    };
}

data_hooks! {
    /// A storage instance is there. For storage asked for at deployment on machines, before `install`.
    storage_attached(storage) "storage-attached" StorageAttached {
        /// The instance. None when it is not, or no longer, provisioned.
        id: Option<StorageId> => Option<&StorageId> = |id| id.as_ref(),
        /// Where it is: a mount point or a device. None when it is not, or no longer, provisioned.
        location: Option<PathBuf> => Option<&Path> = |path| path.as_deref(),
        /// `filesystem` or `block`; none when it is not, or no longer, provisioned.
        kind: Option<String> => Option<&str> = |kind| kind.as_deref(),
    };
    /// A storage instance is about to go; comes before `stop`.
    storage_detaching(storage) "storage-detaching" StorageDetaching {
        /// The instance. None when it is not, or no longer, provisioned.
        id: Option<StorageId> => Option<&StorageId> = |id| id.as_ref(),
        /// Where it is: a mount point or a device. None when it is not, or no longer, provisioned.
        location: Option<PathBuf> => Option<&Path> = |path| path.as_deref(),
        /// `filesystem` or `block`; none when it is not, or no longer, provisioned.
        kind: Option<String> => Option<&str> = |kind| kind.as_deref(),
    };
    /// A secret that this unit reads has a new revision.
    secret_changed() "secret-changed" SecretChanged {
        /// The secret.
        id: SecretId => &SecretId = |id| id,
        /// The label that this unit gave it, if any.
        label: Option<String> => Option<&str> = |label| label.as_deref(),
    };
    /// A secret that this unit owns is due for a new revision.
    secret_rotate() "secret-rotate" SecretRotate {
        /// The secret.
        id: SecretId => &SecretId = |id| id,
        /// The label that this unit gave it, if any.
        label: Option<String> => Option<&str> = |label| label.as_deref(),
    };
    /// A revision of a secret that this unit owns has expired.
    secret_expired() "secret-expired" SecretExpired {
        /// The secret.
        id: SecretId => &SecretId = |id| id,
        /// The label that this unit gave it, if any.
        label: Option<String> => Option<&str> = |label| label.as_deref(),
        /// The revision.
        revision: u32 => u32 = |revision| *revision,
    };
    /// A revision of a secret that this unit owns has no reader left.
    secret_remove() "secret-remove" SecretRemove {
        /// The secret.
        id: SecretId => &SecretId = |id| id,
        /// The label that this unit gave it, if any.
        label: Option<String> => Option<&str> = |label| label.as_deref(),
        /// The revision.
        revision: u32 => u32 = |revision| *revision,
    };
    /// Pebble runs in a container; also after each restart of the container or of the agent.
    pebble_ready(container) "pebble-ready" PebbleReady {
        /// The container.
        workload: String => &str = |workload| workload,
    };
    /// Pebble recorded a custom notice.
    pebble_custom_notice(container) "pebble-custom-notice" PebbleCustomNotice {
        /// The container.
        workload: String => &str = |workload| workload,
        /// The notice, by Pebble's number.
        id: String => &str = |id| id,
        /// The kind of notice, such as `custom`.
        notice_type: String => &str = |notice_type| notice_type,
        /// The key, such as `example.com/backup`.
        key: String => &str = |key| key,
    };
    /// A Pebble check went down.
    pebble_check_failed(container) "pebble-check-failed" PebbleCheckFailed {
        /// The container.
        workload: String => &str = |workload| workload,
        /// The check.
        check: String => &str = |check| check,
    };
    /// A Pebble check is up again.
    pebble_check_recovered(container) "pebble-check-recovered" PebbleCheckRecovered {
        /// The container.
        workload: String => &str = |workload| workload,
        /// The check.
        check: String => &str = |check| check,
    };
}

/// Every hook, whatever its kind: the source of reconcilers, which bring the unit to what it should be by one
/// function. Runs once in each dispatch, after the hook's own observers and the pending events, with any change of
/// theirs in view. Not in actions, `stop` and `remove`.
///
/// ```
/// # use juju_ops::{BoxError, Observer, Observers, Status, hook, testing};
/// # use juju_sim::Charm;
/// # struct Web;
/// # impl Observer for Web {
/// fn observe(&self, events: &mut Observers<Self>) {
///     events.requires("db", "pg");
///     events.on(&hook::any(), |_, _, cx| {
///         let databases = cx.relations("db")?.len();
///         Ok(cx.unit().set_status(Status::active(format!("{databases} databases")))?)
///     });
/// }
/// # }
/// # fn main() -> Result<(), BoxError> {
/// # let metadata = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = testing::in_process(Web, metadata)?;
/// # juju.add_unit("web")?;
/// # juju.settle()?;
/// # let relation = juju.play("pg", "web:db")?;
/// # juju.settle()?;
/// assert_eq!(juju.status("web/0"), ("active", "1 databases"));
/// juju.remove_relation(relation)?;
/// juju.settle()?;
/// assert_eq!(juju.status("web/0"), ("active", "0 databases"));
/// # Ok(())
/// # }
/// ```
pub fn any() -> Source<AnyHook> {
    source::any_hook()
}

/// Some hook ran; see [`any`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyHook {
    pub(crate) hook: Hook,
}

impl Event for AnyHook {
    type Response = ();
}

impl AnyHook {
    /// The hook.
    pub fn hook(&self) -> &Hook {
        &self.hook
    }
}

impl Hook {
    /// The hook of this name with its data; none for a name that Juju had no hook for when this was written.
    pub(crate) fn read(name: &str, variables: &Variables) -> Result<Option<Self>, Error> {
        if let Some(hook) = plain(name).or(Self::secret(name, variables)?) {
            return Ok(Some(hook));
        }
        let scoped = |suffix: &str| name.strip_suffix(suffix)?.strip_suffix('-').filter(|scope| is_endpoint(scope));
        for suffix in
            ["relation-created", "relation-joined", "relation-changed", "relation-departed", "relation-broken"]
        {
            if let Some(endpoint) = scoped(suffix) {
                return Self::relation(suffix, endpoint, variables).map(Some);
            }
        }
        for suffix in ["storage-attached", "storage-detaching"] {
            if scoped(suffix).is_some() {
                return Self::storage(suffix, variables).map(Some);
            }
        }
        for suffix in ["pebble-ready", "pebble-custom-notice", "pebble-check-failed", "pebble-check-recovered"] {
            if scoped(suffix).is_some() {
                return Self::pebble(suffix, variables).map(Some);
            }
        }
        Ok(None)
    }

    fn relation(suffix: &str, endpoint: &str, variables: &Variables) -> Result<Self, Error> {
        let relation: RelationId = variables.parsed_needed("JUJU_RELATION_ID")?;
        if relation.endpoint() != endpoint {
            return Err(Error::variable("JUJU_RELATION_ID", "is not of the endpoint in JUJU_DISPATCH_PATH"));
        }
        let remote: Option<UnitName> = variables.parsed("JUJU_REMOTE_UNIT")?;
        let app = variables.parsed("JUJU_REMOTE_APP")?.or_else(|| remote.as_ref().map(|unit| unit.app().clone()));
        let unit = || remote.clone().ok_or_else(|| Error::missing("JUJU_REMOTE_UNIT"));
        Ok(match suffix {
            "relation-created" => Self::RelationCreated(RelationCreated { relation, app }),
            "relation-joined" => Self::RelationJoined(RelationJoined { relation, app, unit: unit()? }),
            "relation-changed" => Self::RelationChanged(RelationChanged { relation, app, unit: remote }),
            "relation-departed" => {
                let departing = variables.parsed("JUJU_DEPARTING_UNIT")?;
                Self::RelationDeparted(RelationDeparted { relation, app, unit: unit()?, departing })
            }
            _ => Self::RelationBroken(RelationBroken { relation, app }),
        })
    }

    fn storage(suffix: &str, variables: &Variables) -> Result<Self, Error> {
        let id = variables.parsed("JUJU_STORAGE_ID")?;
        let location = variables.path("JUJU_STORAGE_LOCATION");
        let kind = variables.get("JUJU_STORAGE_KIND").map(str::to_owned);
        Ok(match suffix {
            "storage-attached" => Self::StorageAttached(StorageAttached { id, location, kind }),
            _ => Self::StorageDetaching(StorageDetaching { id, location, kind }),
        })
    }

    fn secret(name: &str, variables: &Variables) -> Result<Option<Self>, Error> {
        let id = || variables.parsed_needed("JUJU_SECRET_ID");
        let label = variables.get("JUJU_SECRET_LABEL").map(str::to_owned);
        let revision = || variables.parsed_needed("JUJU_SECRET_REVISION");
        Ok(Some(match name {
            "secret-changed" => Self::SecretChanged(SecretChanged { id: id()?, label }),
            "secret-rotate" => Self::SecretRotate(SecretRotate { id: id()?, label }),
            "secret-expired" => Self::SecretExpired(SecretExpired { id: id()?, label, revision: revision()? }),
            "secret-remove" => Self::SecretRemove(SecretRemove { id: id()?, label, revision: revision()? }),
            _ => return Ok(None),
        }))
    }

    fn pebble(suffix: &str, variables: &Variables) -> Result<Self, Error> {
        let needed = |name| variables.needed(name).map(str::to_owned);
        let workload = needed("JUJU_WORKLOAD_NAME")?;
        let check = || needed("JUJU_PEBBLE_CHECK_NAME");
        Ok(match suffix {
            "pebble-ready" => Self::PebbleReady(PebbleReady { workload }),
            "pebble-custom-notice" => Self::PebbleCustomNotice(PebbleCustomNotice {
                workload,
                id: needed("JUJU_NOTICE_ID")?,
                notice_type: needed("JUJU_NOTICE_TYPE")?,
                key: needed("JUJU_NOTICE_KEY")?,
            }),
            "pebble-check-failed" => Self::PebbleCheckFailed(PebbleCheckFailed { workload, check: check()? }),
            _ => Self::PebbleCheckRecovered(PebbleCheckRecovered { workload, check: check()? }),
        })
    }

    /// Whether the unit is on its way out, so that nothing is worth delivering but the hook itself.
    pub(crate) fn is_last(&self) -> bool {
        matches!(self, Self::Stop(_) | Self::Remove(_))
    }

    #[cfg(test)]
    pub(crate) fn read_plain(name: &str) -> Self {
        plain(name).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Dispatch, Env};

    const DATA: [(&str, &str); 14] = [
        ("JUJU_RELATION_ID", "my-peers_2:7"),
        ("JUJU_REMOTE_UNIT", "other/3"),
        ("JUJU_DEPARTING_UNIT", "app/0"),
        ("JUJU_STORAGE_ID", "data/4"),
        ("JUJU_STORAGE_LOCATION", "/srv/data"),
        ("JUJU_STORAGE_KIND", "filesystem"),
        ("JUJU_SECRET_ID", "9m4e2mr0ui3e8a215n4g"),
        ("JUJU_SECRET_LABEL", "password"),
        ("JUJU_SECRET_REVISION", "5"),
        ("JUJU_WORKLOAD_NAME", "web"),
        ("JUJU_NOTICE_ID", "12"),
        ("JUJU_NOTICE_TYPE", "custom"),
        ("JUJU_NOTICE_KEY", "example.com/x"),
        ("JUJU_PEBBLE_CHECK_NAME", "up"),
    ];

    fn read(name: &str) -> Option<Hook> {
        let path = format!("hooks/{name}");
        let vars = DATA.into_iter().chain([("JUJU_DISPATCH_PATH", path.as_str())]);
        match Env::from_vars(vars).unwrap().dispatch() {
            Dispatch::Hook(hook) => Some(hook.clone()),
            _ => None,
        }
    }

    #[test]
    fn every_hook_is_read_with_its_data() {
        let shown: Vec<String> = [
            "install",
            "start",
            "config-changed",
            "update-status",
            "upgrade-charm",
            "leader-elected",
            "leader-settings-changed",
            "stop",
            "remove",
            "pre-series-upgrade",
            "post-series-upgrade",
            "my-peers_2-relation-created",
            "my-peers_2-relation-joined",
            "my-peers_2-relation-changed",
            "my-peers_2-relation-departed",
            "my-peers_2-relation-broken",
            "data-storage-attached",
            "data-storage-detaching",
            "secret-changed",
            "secret-rotate",
            "secret-expired",
            "secret-remove",
            "web-pebble-ready",
            "web-pebble-custom-notice",
            "web-pebble-check-failed",
            "web-pebble-check-recovered",
        ]
        .into_iter()
        .map(|name| format!("{:?}", read(name).unwrap()))
        .collect();
        expect_test::expect![[r#"
            Install(Install(()))
            Start(Start(()))
            ConfigChanged(ConfigChanged(()))
            UpdateStatus(UpdateStatus(()))
            UpgradeCharm(UpgradeCharm(()))
            LeaderElected(LeaderElected(()))
            LeaderSettingsChanged(LeaderSettingsChanged(()))
            Stop(Stop(()))
            Remove(Remove(()))
            PreSeriesUpgrade(PreSeriesUpgrade(()))
            PostSeriesUpgrade(PostSeriesUpgrade(()))
            RelationCreated(RelationCreated { relation: RelationId { endpoint: "my-peers_2", number: 7 }, app: Some(AppName("other")) })
            RelationJoined(RelationJoined { relation: RelationId { endpoint: "my-peers_2", number: 7 }, app: Some(AppName("other")), unit: UnitName { app: AppName("other"), number: 3 } })
            RelationChanged(RelationChanged { relation: RelationId { endpoint: "my-peers_2", number: 7 }, app: Some(AppName("other")), unit: Some(UnitName { app: AppName("other"), number: 3 }) })
            RelationDeparted(RelationDeparted { relation: RelationId { endpoint: "my-peers_2", number: 7 }, app: Some(AppName("other")), unit: UnitName { app: AppName("other"), number: 3 }, departing: Some(UnitName { app: AppName("app"), number: 0 }) })
            RelationBroken(RelationBroken { relation: RelationId { endpoint: "my-peers_2", number: 7 }, app: Some(AppName("other")) })
            StorageAttached(StorageAttached { id: Some(StorageId { name: "data", index: 4 }), location: Some("/srv/data"), kind: Some("filesystem") })
            StorageDetaching(StorageDetaching { id: Some(StorageId { name: "data", index: 4 }), location: Some("/srv/data"), kind: Some("filesystem") })
            SecretChanged(SecretChanged { id: SecretId("9m4e2mr0ui3e8a215n4g"), label: Some("password") })
            SecretRotate(SecretRotate { id: SecretId("9m4e2mr0ui3e8a215n4g"), label: Some("password") })
            SecretExpired(SecretExpired { id: SecretId("9m4e2mr0ui3e8a215n4g"), label: Some("password"), revision: 5 })
            SecretRemove(SecretRemove { id: SecretId("9m4e2mr0ui3e8a215n4g"), label: Some("password"), revision: 5 })
            PebbleReady(PebbleReady { workload: "web" })
            PebbleCustomNotice(PebbleCustomNotice { workload: "web", id: "12", notice_type: "custom", key: "example.com/x" })
            PebbleCheckFailed(PebbleCheckFailed { workload: "web", check: "up" })
            PebbleCheckRecovered(PebbleCheckRecovered { workload: "web", check: "up" })"#]].assert_eq(&shown.join("\n"));
    }

    #[test]
    fn the_longest_known_suffix_is_the_kind_and_anything_else_is_unknown() {
        assert_eq!(read("relation-joined"), None);
        assert_eq!(read("-relation-joined"), None);
        assert_eq!(read("a-relation-renamed"), None);
        assert!(read("my-peers_2-storage-attached").is_some());
    }
}
