use std::borrow::Cow;

use juju_ops::action::{self, Action};
use juju_ops::hook_command::{PortRange, SecretContent, SecretMetadata};
use juju_ops::{
    Ack, BoxError, Context, Durable, Event, Observer, Observers, Outcome, RelationId, SecretId, Source, Status,
    UnitName, hook,
};
use serde::{Deserialize, Serialize};

/// Relations of every role, secrets, storage, an action, and an event that waits.
#[derive(Debug)]
pub(crate) struct Full;

#[derive(Deserialize)]
struct Config {
    port: u16,
}

#[derive(Debug, Deserialize)]
struct Backup {
    target: String,
}

/// A unit of the database may have said how it is reached.
#[derive(Debug, Serialize, Deserialize)]
struct DatabaseChanged {
    relation: RelationId,
    unit: UnitName,
}

impl Event for DatabaseChanged {
    type Response = Ack;
}

impl Durable for DatabaseChanged {
    fn subject(&self) -> Cow<'_, str> {
        self.unit.to_string().into()
    }
}

fn database_changed() -> Source<DatabaseChanged> {
    Source::new("full", "database-changed")
}

impl Observer for Full {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.requires("db", "db");
        events.provides("web", "web");
        events.peers("cluster", "cluster");
        events.emits(&database_changed());
        events.on(&hook::storage_attached("data"), Self::data_attached);
        events.on(&hook::config_changed(), Self::config_changed);
        events.on(&hook::upgrade_charm(), Self::upgrade_charm);
        events.on(&hook::leader_elected(), Self::leader_elected);
        events.on(&hook::stop(), Self::stop);
        events.on(&hook::secret_changed(), Self::secret_changed);
        events.on(&action::run::<Backup>("backup"), Self::backup);
        events.on(&hook::relation_created("cluster"), Self::cluster_created);
        events.on(&hook::relation_joined("cluster"), Self::cluster_joined);
        events.on(&hook::relation_changed("cluster"), Self::cluster_changed);
        events.on(&hook::relation_departed("cluster"), Self::cluster_departed);
        events.on(&hook::relation_created("web"), Self::web_created);
        events.on(&hook::relation_joined("web"), Self::web_joined);
        events.on(&hook::relation_changed("web"), Self::web_changed);
        events.on(&hook::relation_joined("db"), Self::db_joined);
        events.on(&hook::relation_changed("db"), Self::db_changed);
        events.on(&database_changed(), Self::database_changed);
        events.on(&hook::relation_broken("db"), Self::db_broken);
        events.status(Self::status);
    }
}

impl Full {
    fn data_attached(&self, event: &hook::StorageAttached, _: &Context) -> Result<(), BoxError> {
        log::debug!("data is at {:?}", event.location());
        Ok(())
    }

    fn config_changed(&self, _: &hook::ConfigChanged, cx: &Context) -> Result<(), BoxError> {
        let config: Config = cx.config()?;
        cx.unit().set_ports([PortRange::tcp(config.port)]);
        Ok(())
    }

    fn upgrade_charm(&self, _: &hook::UpgradeCharm, _: &Context) -> Result<(), BoxError> {
        log::info!("stopping the workload");
        log::info!("replacing its files");
        log::info!("starting the workload");
        Ok(())
    }

    fn leader_elected(&self, _: &hook::LeaderElected, cx: &Context) -> Result<(), BoxError> {
        let Some(leader) = cx.app().leader()? else { return Ok(()) };
        for cluster in cx.relations("cluster")? {
            cluster.own_app_bag(&leader)?.set("leader", cx.unit().name()?.to_string())?;
        }
        Ok(())
    }

    fn stop(&self, _: &hook::Stop, cx: &Context) -> Result<(), BoxError> {
        cx.unit().set_ports([]);
        Ok(())
    }

    fn secret_changed(&self, event: &hook::SecretChanged, cx: &Context) -> Result<(), BoxError> {
        let content = cx.secret(event.id()).refresh()?;
        log::debug!("the password has {} characters now", content.get("password").unwrap_or_default().len());
        Ok(())
    }

    fn backup(&self, event: &Action<Backup>, _: &Context) -> Result<Outcome, BoxError> {
        let target = &event.params().target;
        event.log(format!("copying to {target}"))?;
        Ok(Outcome::completed().with("target", target)?.with("files", 3)?)
    }

    fn cluster_created(&self, event: &hook::RelationCreated, cx: &Context) -> Result<(), BoxError> {
        Ok(cx.relation(event.relation()).own_bag()?.set("zone", "north")?)
    }

    fn cluster_joined(&self, event: &hook::RelationJoined, _: &Context) -> Result<(), BoxError> {
        log::debug!("{} joined", event.unit());
        Ok(())
    }

    fn cluster_changed(&self, event: &hook::RelationChanged, cx: &Context) -> Result<(), BoxError> {
        let Some(unit) = event.unit() else { return Ok(()) };
        let theirs = cx.relation(event.relation()).bag(unit);
        log::debug!("{unit} is in zone {:?} and rack {:?}", theirs.get("zone")?, theirs.get("rack")?);
        Ok(())
    }

    fn cluster_departed(&self, event: &hook::RelationDeparted, _: &Context) -> Result<(), BoxError> {
        log::debug!("{} departed", event.unit());
        Ok(())
    }

    fn web_created(&self, event: &hook::RelationCreated, cx: &Context) -> Result<(), BoxError> {
        let Some(leader) = cx.app().leader()? else { return Ok(()) };
        let relation = cx.relation(event.relation());
        let content = SecretContent::new().with("token", "hunter2")?;
        let label = Some(format!("web-{}", relation.id().number()));
        let secret = cx.app().add_secret(&leader, &content, &SecretMetadata { label, ..SecretMetadata::default() })?;
        secret.grant(&relation)?;
        Ok(relation.own_app_bag(&leader)?.set("token", secret.id()?.to_string())?)
    }

    fn web_joined(&self, event: &hook::RelationJoined, cx: &Context) -> Result<(), BoxError> {
        if let Some(leader) = cx.app().leader()? {
            let config: Config = cx.config()?;
            cx.relation(event.relation()).own_app_bag(&leader)?.set("port", config.port.to_string())?;
        }
        Ok(())
    }

    fn web_changed(&self, event: &hook::RelationChanged, cx: &Context) -> Result<(), BoxError> {
        Ok(cx.relation(event.relation()).own_bag()?.set("path", "/shop")?)
    }

    fn db_joined(&self, event: &hook::RelationJoined, cx: &Context) -> Result<(), BoxError> {
        let network = cx.network("db", Some(event.relation()))?;
        let bound = network.bind_addresses.iter().flat_map(|link| &link.addresses).next();
        let address = bound.ok_or("the endpoint db has no address")?;
        Ok(cx.relation(event.relation()).own_bag()?.set("address", &address.value)?)
    }

    fn db_changed(&self, event: &hook::RelationChanged, cx: &Context) -> Result<(), BoxError> {
        let Some(unit) = event.unit().cloned() else { return Ok(()) };
        let changed = DatabaseChanged { relation: event.relation().clone(), unit };
        Ok(cx.emit_durable(&database_changed(), changed)?)
    }

    fn database_changed(&self, event: &DatabaseChanged, cx: &Context) -> Result<Ack, BoxError> {
        let relation = cx.relation(&event.relation);
        let host = relation.bag(&event.unit).get("host")?;
        let password = relation.app_bag(event.unit.app()).get("password")?;
        let (Some(host), Some(password)) = (host, password) else { return Ok(Ack::NotYet) };
        let content = cx.secret(&password.parse::<SecretId>()?).content()?;
        let length = content.get("password").unwrap_or_default().len();
        log::info!("the database is at {host}, its password has {length} characters");
        Ok(Ack::Done)
    }

    fn db_broken(&self, _: &hook::RelationBroken, _: &Context) -> Result<(), BoxError> {
        log::info!("the database is gone");
        Ok(())
    }

    fn status(&self, cx: &Context) -> Result<Status, BoxError> {
        Ok(match cx.relations("db")?.first() {
            Some(_) => Status::active(""),
            None => Status::blocked("needs a database"),
        })
    }
}
