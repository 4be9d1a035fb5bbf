//! The web application with its database, and with one that the test plays.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use database::Database;
use juju_ops::testing;
use juju_sim::cargo::{self, Profile};
use juju_sim::{Charm, Deployment, Explore, Revision, World};
use tempfile::TempDir;
use web::Web;
use web::interface::{ENCODING, Server};

fn metadata(name: &str) -> Charm {
    Charm::from_project(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The web application with its key, the secret of that, and where its environment is.
fn world() -> (World, String, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut juju = World::new(0);
    let key = juju.add_secret("", &[("key", "k0")]).unwrap();
    let web = testing::revision(Web { environment: dir.path().join("environment") }, metadata("web")).unwrap();
    juju.deploy("web", Deployment::of(web).config("session-key", key.as_str())).unwrap();
    juju.grant_secret(&key, "web").unwrap();
    juju.settle().unwrap();
    (juju, key, dir)
}

fn with_database(juju: &mut World, database: Revision) {
    juju.deploy("database", database).unwrap();
    juju.integrate("web", "database").unwrap();
    juju.settle().unwrap();
}

fn database() -> Revision {
    testing::revision(Database, metadata("database")).unwrap()
}

fn environment(dir: &TempDir) -> String {
    fs::read_to_string(dir.path().join("environment")).unwrap()
}

#[test]
fn the_charm_uses_all_of_its_metadata() {
    let charm = Web { environment: PathBuf::new() };
    testing::check(&charm, &metadata("web")).unwrap();
    assert!(testing::unused(&charm, &metadata("web")).unwrap().is_empty());
}

#[test]
fn it_serves_with_what_the_database_gives() {
    let (mut juju, _key, dir) = world();
    assert_eq!(juju.status("web/0"), ("blocked", "needs a database"));
    with_database(&mut juju, database());
    assert_eq!(juju.status("web/0"), ("active", "with database"));
    let password = &juju.secret(&juju.secrets()[1]).unwrap().content["password"];
    let url = format!("postgresql://client-0:{password}@10.0.0.2:5432/shop");
    assert_eq!(environment(&dir), format!("DATABASE_URL={url}\nSESSION_KEY=k0\n"));
    assert!(!juju.transcript().contains(password.as_str()));
}

#[test]
fn a_password_that_is_rotated_arrives_and_the_old_one_goes() {
    let (mut juju, _key, dir) = world();
    with_database(&mut juju, database());
    let before = environment(&dir);
    juju.advance(Duration::from_secs(32 * 24 * 3600));
    juju.settle().unwrap();
    let secret = juju.secret(&juju.secrets()[1]).unwrap();
    assert_ne!(environment(&dir), before);
    assert!(environment(&dir).contains(&secret.content["password"]));
    assert_eq!((secret.tracked["web/0"], secret.revisions), (2, vec![2]));
}

#[test]
fn the_operators_secret_is_followed() {
    let (mut juju, key, dir) = world();
    with_database(&mut juju, database());
    juju.update_secret(&key, &[("key", "k1")]).unwrap();
    juju.settle().unwrap();
    assert!(environment(&dir).ends_with("SESSION_KEY=k1\n"));
    juju.revoke_secret(&key, "web").unwrap();
    juju.tick("web/0").unwrap();
    juju.settle().unwrap();
    let why = "configuration option session-key: names a secret that is not granted to this application";
    assert_eq!(juju.status("web/0"), ("blocked", why));
    juju.set_config("web", "session-key", None).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("web/0"), ("blocked", "configuration option session-key: is not set"));
}

#[test]
fn the_database_can_leave_and_come_back() {
    let (mut juju, _key, dir) = world();
    with_database(&mut juju, database());
    let before = environment(&dir);
    juju.remove_relation("database").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("web/0"), ("blocked", "needs a database"));
    juju.integrate("web", "database").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("web/0"), ("active", "with database"));
    assert_ne!(environment(&dir), before);
}

#[test]
fn a_database_that_writes_rubbish_blocks_and_fails_no_hook() {
    let (mut juju, ..) = world();
    let database = juju.play("pg", "web:database").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("web/0"), ("waiting", "for pg"));
    let good = Server { host: "h".into(), port: 1, credentials: "secret:9m4e2mr0ui3e8a215n4g".parse().unwrap() };
    let good = ENCODING.encode(&good).unwrap();
    for (key, rubbish) in [("port", "70000"), ("host", "{"), ("credentials", "5"), ("port", "")] {
        juju.write_bag(database, "pg", &good).unwrap();
        juju.write_bag(database, "pg", [(key, rubbish)]).unwrap();
        juju.settle().unwrap();
        let status = juju.status("web/0");
        assert!(status.current == "blocked" && status.message.contains(key), "{status}");
    }
    // A secret that is not there, and what is none.
    for secret in [good["credentials"].as_str(), "\"rubbish\""] {
        juju.write_bag(database, "pg", &good).unwrap();
        juju.write_bag(database, "pg", [("credentials", secret)]).unwrap();
        juju.settle().unwrap();
        let status = juju.status("web/0");
        assert!(status.current == "waiting" && status.message.starts_with("for pg: secret-get"), "{status}");
    }
}

/// The database is its executable, with real hook commands: the other side of a relation can be anything.
#[test]
fn the_database_can_be_an_executable() {
    let dispatch = tempfile::tempdir().unwrap();
    let executable = cargo::binary("example-database", Profile::Dev).unwrap();
    std::os::unix::fs::symlink(executable, dispatch.path().join("dispatch")).unwrap();
    let (mut juju, _key, dir) = world();
    with_database(&mut juju, Revision::executable_of(metadata("database"), dispatch.path()).unwrap());
    assert_eq!(juju.status("web/0"), ("active", "with database"));
    assert!(environment(&dir).contains("@10.0.0.2:5432/shop"));
}

/// A model in which anything may happen, and its files.
struct Case {
    juju: World,
    _dir: TempDir,
}

impl AsMut<World> for Case {
    fn as_mut(&mut self) -> &mut World {
        &mut self.juju
    }
}

/// With two units of the database, before any hook has run.
fn case(seed: u64) -> Case {
    let dir = tempfile::tempdir().unwrap();
    let mut juju = World::new(seed);
    let key = juju.add_secret("", &[("key", "k0")]).unwrap();
    let web = testing::revision(Web { environment: dir.path().join("environment") }, metadata("web")).unwrap();
    juju.deploy("web", Deployment::of(web).config("session-key", key.as_str())).unwrap();
    juju.grant_secret(&key, "web").unwrap();
    juju.deploy("database", Deployment::of(database()).units(2)).unwrap();
    juju.integrate("web", "database").unwrap();
    Case { juju, _dir: dir }
}

/// In whatever order hooks run, with faults, and with leaders, units and passwords that change.
#[test]
fn in_the_end_every_unit_has_the_latest_password() {
    let has_the_latest_password = |case: &mut Case| {
        let Case { juju, .. } = case;
        let secrets: Vec<_> = juju.secrets().iter().map(|id| juju.secret(id).unwrap()).collect();
        let secret = secrets.iter().find(|secret| secret.owner == "database").ok_or("there is none")?;
        let has = |unit: &String| {
            juju.status(unit) == ("active", "with database") && secret.tracked.get(unit) == Some(&secret.revision)
        };
        match juju.units_of("web").iter().find(|unit| !has(unit)) {
            Some(unit) => Err(format!("{unit} has not: {}, {secret:?}", juju.status(unit))),
            None => Ok(()),
        }
    };
    Explore::new(case)
        .cases(40)
        .step(|case, _| {
            case.juju.advance(Duration::from_secs(32 * 24 * 3600));
            Ok("let a month pass".to_owned())
        })
        .before_rest(|case| {
            // Random steps may have removed all of them; and what a skipped hook has missed comes with the next one.
            for app in ["database", "web"] {
                case.juju.add_unit(app).map_err(|error| error.to_string())?;
            }
            case.juju.units().iter().try_for_each(|unit| case.juju.tick(unit)).map_err(|error| error.to_string())
        })
        .in_the_end("every unit has the latest password", has_the_latest_password)
        .run()
        .unwrap();
}
