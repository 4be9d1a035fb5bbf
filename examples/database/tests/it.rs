//! The database with clients that the test plays. The example `web` has the tests of both together.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use database::Database;
use database::interface::{ENCODING, Request, Server};
use juju_ops::testing;
use juju_sim::{Charm, Deployment, RelationId, World};

fn metadata() -> Charm {
    Charm::from_project(env!("CARGO_MANIFEST_DIR")).unwrap()
}

/// Two units, and a client that has asked for nothing.
fn world() -> (World, RelationId) {
    let mut juju = World::new(0);
    juju.deploy("database", Deployment::of(testing::revision(Database, metadata()).unwrap()).units(2)).unwrap();
    let client = juju.play("client", "database:database").unwrap();
    juju.settle().unwrap();
    (juju, client)
}

fn ask(juju: &mut World, client: RelationId) {
    let request = Request { database: "shop".into() };
    juju.write_bag(client, "client", &ENCODING.encode(&request).unwrap()).unwrap();
    juju.settle().unwrap();
}

fn answer(juju: &World, client: RelationId) -> Server {
    ENCODING.decode(&juju.bag(client, "database").unwrap()).unwrap()
}

#[test]
fn the_charm_uses_all_of_its_metadata() {
    testing::check(&Database, &metadata()).unwrap();
    assert!(testing::unused(&Database, &metadata()).unwrap().is_empty());
}

#[test]
fn who_asks_gets_a_secret_that_only_it_can_read() {
    let (mut juju, client) = world();
    assert_eq!(juju.app_status("database"), ("active", "0 of 1 clients asked"));
    assert!(juju.secrets().is_empty());
    ask(&mut juju, client);
    assert_eq!(juju.app_status("database"), ("active", "1 of 1 clients asked"));
    let server = answer(&juju, client);
    assert_eq!((server.host.as_str(), server.port), ("10.0.0.1", 5432));
    let secret = juju.secret(server.credentials.as_str()).unwrap();
    assert_eq!((secret.owner.as_str(), secret.label.as_str()), ("database", "client-0"));
    assert_eq!(secret.granted, ["client"]);
    assert_eq!(secret.content["username"], "client-0");
}

#[test]
fn nonsense_is_no_request_and_fails_no_hook() {
    let (mut juju, client) = world();
    juju.write_bag(client, "client", [("database", "{")]).unwrap();
    juju.settle().unwrap();
    assert!(juju.secrets().is_empty());
    ask(&mut juju, client);
    assert_eq!(juju.secrets().len(), 1);
}

#[test]
fn another_leader_goes_on_with_the_same_secret() {
    let (mut juju, client) = world();
    ask(&mut juju, client);
    let before = answer(&juju, client);
    juju.set_leader("database/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(answer(&juju, client), Server { host: "10.0.0.2".into(), ..before });
}

#[test]
fn what_is_asked_while_nobody_leads_is_answered_by_the_next_leader() {
    let (mut juju, client) = world();
    juju.pause("database/0").unwrap();
    ask(&mut juju, client);
    assert!(juju.secrets().is_empty());
    juju.set_leader("database/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(answer(&juju, client).host, "10.0.0.2");
}

#[test]
fn a_leader_that_is_removed_leaves_the_secret_to_the_next() {
    let (mut juju, client) = world();
    ask(&mut juju, client);
    juju.remove_unit("database/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.secret(answer(&juju, client).credentials.as_str()).unwrap().granted, ["client"]);
}

#[test]
fn the_secret_goes_with_the_relation() {
    let (mut juju, client) = world();
    ask(&mut juju, client);
    juju.remove_relation(client).unwrap();
    juju.settle().unwrap();
    assert!(juju.secrets().is_empty());
    assert_eq!(juju.app_status("database"), ("active", "0 of 0 clients asked"));
}

#[test]
fn a_client_that_never_asked_leaves_without_a_trace() {
    let (mut juju, client) = world();
    juju.remove_relation(client).unwrap();
    juju.settle().unwrap();
}
