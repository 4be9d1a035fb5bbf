//! The hook commands one by one, as a charm author calls them, in the simulator.

use std::num::NonZeroU32;
use std::time::Duration;

use juju_ops::hook_command::{
    self, Expire, PortRange, Protocol, Rotation, SecretContent, SecretMetadata, SecretOwner, SecretRef, SecretRevision,
    StorageKind, UnitAddress,
};
use juju_ops::{BoxError, Context, Observer, Observers, Status, hook, testing};
use juju_sim::{Charm, World};

/// A charm of one function, which `update-status` runs.
struct Once(fn(&Context) -> Result<(), BoxError>);

impl Observer for Once {
    fn observe(&self, events: &mut Observers<Self>) {
        events.requires("db", "pg");
        events.peers("peers", "demo");
        events.on(&hook::update_status(), |this, _, cx| (this.0)(cx));
    }
}

const WEB: &str = "{name: web, summary: s, description: d, requires: {db: {interface: pg}}, \
                   peers: {peers: {interface: demo}}, storage: {data: {type: filesystem, multiple: {range: 0-}}}}";

/// Two units of a charm that runs the function once on the leader, related to a database without a unit of its own.
fn run(act: fn(&Context) -> Result<(), BoxError>) -> World {
    let mut juju = world(act);
    tick(&mut juju, "web/0");
    juju
}

fn world(act: fn(&Context) -> Result<(), BoxError>) -> World {
    let mut juju = World::new(0);
    juju.deploy("web", testing::revision(Once(act), Charm::parse(WEB, None, None).unwrap()).unwrap()).unwrap();
    juju.add_unit("web").unwrap();
    juju.play("pg", "web:db").unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    juju
}

fn tick(juju: &mut World, unit: &str) {
    juju.tick(unit).unwrap();
    juju.settle()
        .unwrap_or_else(|error| panic!("{error}: {:?}", juju.log().iter().map(|line| &line.text).collect::<Vec<_>>()));
}

#[test]
fn secrets_are_made_changed_read_shared_and_removed() {
    let juju = run(|cx| {
        let transport = cx.transport();
        let content = SecretContent::new().with("password", "hunter2 = \n\u{1f980}")?.with("empty", "")?;
        let metadata = SecretMetadata {
            label: Some("db".into()),
            description: Some("--the db".into()),
            expire: Some(Expire::After(Duration::from_secs(86_400))),
            rotate: Some(Rotation::Weekly),
        };
        let id = hook_command::secret_add(SecretOwner::Application, &content, &metadata).run(transport)?;
        let by_id = SecretRef::Id(id.clone());
        let tracked = SecretRevision::Tracked;
        assert_eq!(hook_command::secret_get(&by_id, tracked).run(transport)?, content);
        assert_eq!(hook_command::secret_get(&SecretRef::Label("db".into()), tracked).run(transport)?, content);
        let info = hook_command::secret_info_get(&by_id).run(transport)?;
        assert_eq!((info.id, info.label.as_deref(), info.revision), (id.clone(), Some("db"), 1));
        assert_eq!((info.owner, info.description.as_deref()), (SecretOwner::Application, Some("--the db")));
        assert_eq!(hook_command::secret_ids().run(transport)?, std::slice::from_ref(&id));
        let twice = hook_command::secret_add(SecretOwner::Unit, &content, &metadata).run(transport).unwrap_err();
        assert!(twice.is_already_exists(), "{twice:?}");

        let other = SecretContent::new().with("token", "hunter3")?;
        hook_command::secret_set(&id, Some(&other), &SecretMetadata::default()).run(transport)?;
        assert_eq!(hook_command::secret_get(&by_id, SecretRevision::Peek).run(transport)?, other);
        let relation = cx.relations("db")?.remove(0);
        hook_command::secret_grant(&id, relation.id(), None).run(transport)?;
        hook_command::secret_revoke(&id, relation.id(), None).run(transport)?;
        hook_command::secret_revoke_app(&id, &"pg".parse()?).run(transport)?;
        hook_command::secret_remove_revision(&id, NonZeroU32::MIN).run(transport)?;
        hook_command::secret_remove(&id).run(transport)?;

        let gone = SecretRef::Id("9m4e2mr0ui3e8a215nv0".parse()?);
        assert!(hook_command::secret_get(&gone, tracked).run(transport).unwrap_err().is_not_found());
        assert!(hook_command::secret_info_get(&gone).run(transport).unwrap_err().is_not_found());
        Ok(())
    });
    let commands: Vec<String> = juju.transcript().to_string().lines().map(str::to_owned).collect();
    assert!(commands.iter().any(|line| line.contains("secret-add")), "{commands:?}");
    assert!(commands.iter().all(|line| !line.contains("hunter")), "{commands:?}");
}

#[test]
fn a_follower_is_told_that_leadership_is_wanted() {
    let mut juju = world(|cx| {
        let transport = cx.transport();
        let content = SecretContent::new().with("password", "hunter2")?;
        let made = hook_command::secret_add(SecretOwner::Application, &content, &SecretMetadata::default());
        let error = made.run(transport).unwrap_err();
        assert!(error.is_not_leader() && format!("{error:?}").contains("only the leader makes secrets"), "{error:?}");
        let db = cx.relations("db")?.remove(0);
        let own = cx.app().name()?.clone();
        let error = hook_command::relation_get_own_app(db.id(), &own).run(transport).unwrap_err();
        assert!(error.is_not_leader() && !error.is_gone(), "{error:?}");
        let values = [("a".to_owned(), "b".to_owned())].into();
        let error = hook_command::relation_set_app(db.id(), &values).run(transport).unwrap_err();
        assert!(error.is_not_leader(), "{error:?}");
        assert!(hook_command::status_set_app(&Status::active("")).run(transport).unwrap_err().is_not_leader());
        assert!(hook_command::status_get_app().run(transport).unwrap_err().is_not_leader());
        assert!(hook_command::leader_set(&values)?.run(transport).unwrap_err().is_not_leader());
        let peers = cx.relations("peers")?.remove(0);
        assert_eq!(hook_command::relation_get_own_app(peers.id(), &own).run(transport)?.len(), 0);
        Ok(())
    });
    juju.set_leader("web/0").unwrap();
    tick(&mut juju, "web/1");
}

#[test]
fn ports_are_opened_shown_and_closed() {
    run(|cx| {
        let transport = cx.transport();
        let range = PortRange::new(Protocol::Udp, 1000, 1010)?;
        for ports in [PortRange::tcp(443), PortRange::tcp(80), range, PortRange::icmp()] {
            hook_command::open_port(ports).run(transport)?;
        }
        hook_command::open_port_for(PortRange::tcp(22), &["db", "peers"]).run(transport)?;
        hook_command::close_port(PortRange::tcp(443)).run(transport)?;
        let expected = [PortRange::icmp(), PortRange::tcp(22), PortRange::tcp(80), range];
        assert_eq!(hook_command::opened_ports().run(transport)?, expected);
        let opened = hook_command::opened_ports_by_endpoint().run(transport)?;
        let shown: Vec<_> =
            opened.iter().map(|it| (it.ports, it.endpoints.as_ref().map(|names| names.join(" ")))).collect();
        assert_eq!(shown[0], (PortRange::icmp(), None));
        assert_eq!(shown[1], (PortRange::tcp(22), Some("db peers".to_owned())));
        hook_command::close_port_for(PortRange::tcp(22), &["db"]).run(transport)?;
        Ok(())
    });
}

#[test]
fn relations_storage_status_and_the_rest() {
    run(|cx| {
        let transport = cx.transport();
        let db = cx.relations("db")?.remove(0);
        assert_eq!(hook_command::relation_list_app(db.id()).run(transport)?.as_str(), "pg");
        let peers = cx.relations("peers")?.remove(0);
        assert_eq!(hook_command::relation_list_app(peers.id()).run(transport)?.as_str(), "web");
        assert_eq!(hook_command::relation_model_get(db.id()).run(transport)?.len(), 36);
        let gone = hook_command::relation_list(&"db:99".parse()?).run(transport).unwrap_err();
        assert!(gone.is_gone() && !gone.is_not_found());

        hook_command::storage_add("data", NonZeroU32::MIN).run(transport)?;
        for id in hook_command::storage_list("data").run(transport)? {
            let storage = hook_command::storage_get(&id).run(transport)?;
            assert!(storage.kind == StorageKind::Filesystem && storage.location.is_absolute());
        }
        assert!(hook_command::storage_list("other").run(transport)?.is_empty());
        assert!(hook_command::storage_get(&"data/99".parse()?).run(transport).unwrap_err().is_not_found());

        hook_command::application_version_set("-1.2").run(transport)?;
        hook_command::status_set_app(&Status::blocked("no db")).run(transport)?;
        let status = hook_command::status_get_app().run(transport)?;
        assert_eq!((status.app.status.as_str(), status.app.message.as_str()), ("blocked", "no db"));
        assert_eq!(status.units.len(), 2);
        let goal = hook_command::goal_state().run(transport)?;
        assert!(goal.units.len() == 2 && goal.relations.contains_key("db"), "{goal:?}");
        assert!(!hook_command::unit_get(UnitAddress::Private).run(transport)?.is_empty());
        hook_command::leader_set(&[("a".to_owned(), "b = c".to_owned())].into())?.run(transport)?;
        assert_eq!(hook_command::leader_get().run(transport)?["a"], "b = c");
        assert!(hook_command::credential_get().run(transport).unwrap_err().is_permission_denied());
        assert!(hook_command::resource_get("none").run(transport).is_err());
        assert!(hook_command::other("no-such-command", ["a", "b"]).run(transport).unwrap_err().is_missing_command());
        let text = hook_command::other("storage-list", ["--format=json"]).text().run(transport)?;
        assert!(text.starts_with('[') && text.ends_with(']'), "{text}");
        Ok(())
    });
}
