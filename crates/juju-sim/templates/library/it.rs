//! The object in a charm as small as can be, with an application that the test plays.

use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status, testing};
use juju_sim::{Charm, RelationId, World};

use my_library::{Changed, Requirer};

struct Proxy {
    servers: Requirer,
}

impl Observer for Proxy {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.servers);
        events.on(&self.servers.changed(), Self::servers_changed);
        events.status(|charm, cx| Ok(charm.servers.status(cx)?));
        events.status(|_, _| Ok(Status::active("")));
    }
}

impl Proxy {
    fn servers_changed(&self, event: &Changed, _: &Context) -> Result<Ack, BoxError> {
        match event.now() {
            Some(server) => log::info!("unit {} at {}:{}", event.unit(), server.host, server.port),
            None => log::info!("unit {} is gone", event.unit()),
        }
        Ok(Ack::Done)
    }
}

const METADATA: &str = "
name: proxy
requires:
  servers: {interface: my-library}
";

/// A proxy whose server, `app/0`, has written nothing.
fn world() -> (World, RelationId) {
    let proxy = Proxy {
        servers: Requirer::new("servers"),
    };
    let metadata = Charm::parse(METADATA, None, None).unwrap();
    let mut juju = testing::in_process(proxy, metadata).unwrap();
    juju.add_unit("proxy").unwrap();
    let app = juju.play("app", "proxy:servers").unwrap();
    juju.settle().unwrap();
    (juju, app)
}

fn write(juju: &mut World, app: RelationId, host: &str, port: &str) {
    juju.write_bag(app, "app/0", [("host", host), ("port", port)])
        .unwrap();
    juju.settle().unwrap();
}

/// What the charm was told, which it logs.
fn told(juju: &World) -> Vec<String> {
    let log = juju.log().into_iter();
    log.filter_map(|line| Some(line.text.split_once("unit ")?.1.to_owned()))
        .collect()
}

#[test]
fn a_server_is_told_of_when_it_comes_when_it_changes_and_when_it_goes() {
    let (mut juju, app) = world();
    assert_eq!(
        juju.status("proxy/0"),
        ("waiting", "for a server at servers")
    );
    write(&mut juju, app, "10.0.0.9", "80");
    assert_eq!(juju.status("proxy/0"), ("active", ""));
    write(&mut juju, app, "10.0.0.9", "8080");
    juju.remove_unit("app/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(
        told(&juju),
        [
            "app/0 at 10.0.0.9:80",
            "app/0 at 10.0.0.9:8080",
            "app/0 is gone"
        ]
    );
}

#[test]
fn a_relation_that_ends_takes_its_servers_along() {
    let (mut juju, app) = world();
    write(&mut juju, app, "10.0.0.9", "80");
    juju.remove_relation(app).unwrap();
    juju.settle().unwrap();
    assert_eq!(told(&juju), ["app/0 at 10.0.0.9:80", "app/0 is gone"]);
    assert_eq!(
        juju.status("proxy/0"),
        ("blocked", "needs a relation at servers")
    );
}

#[test]
fn rubbish_fails_no_hook() {
    let (mut juju, app) = world();
    for (host, port) in [("rubbish", "80"), ("10.0.0.9", "70000"), ("", "80")] {
        write(&mut juju, app, host, port);
        assert_eq!(
            juju.status("proxy/0"),
            ("waiting", "for a server at servers")
        );
    }
    assert!(told(&juju).is_empty());
}
