//! Secrets: given over relations, changed, rotated, removed.

use std::time::Duration;

use juju_sim::{Charm, Deployment, Fault, On, ProgramEnd, Revision, World};
use serde_json::json;

use crate::support::{hooks, revision};

const DATABASE: &str = "{name: pg, provides: {database: {interface: postgresql_client, scope: global}}}";
const WEB: &str = "{name: web, requires: {db: {interface: postgresql_client}}}";

/// A database that gives its password to whoever is related.
fn database() -> Revision {
    revision(DATABASE, |hook| match hook.name() {
        "database-relation-created" => {
            let uri = hook.call("secret-add password=hunter2 --label db");
            hook.call(&format!("secret-grant {uri}"));
            hook.call(&format!("relation-set --app secret={uri}"));
        }
        "update-status" => {
            let uri = hook.call("secret-info-get --label db --format=json");
            let id = uri.split('"').nth(1).unwrap().to_owned();
            hook.call(&format!("secret-set {id} password=hunter3"));
        }
        _ => {}
    })
}

/// A client that logs what it reads.
fn web() -> Revision {
    revision(WEB, |hook| match hook.name() {
        "db-relation-changed" => {
            let uri = hook.call("relation-get --app secret pg");
            if !uri.is_empty() {
                hook.0.tools.stdout(&hook.call(&format!("secret-get {uri} --label pass --format=json")));
            }
        }
        "secret-changed" => {
            let tracked = hook.call("secret-get --label pass --format=json");
            let newest = hook.call("secret-get --label pass --refresh --format=json");
            let (id, label) = (hook.var("JUJU_SECRET_ID").unwrap(), hook.var("JUJU_SECRET_LABEL").unwrap());
            assert!(id.starts_with("secret:") && hook.var("JUJU_SECRET_REVISION").is_none());
            hook.0.tools.stdout(&format!("{label}: {tracked}, then {newest}"));
        }
        _ => {}
    })
}

#[test]
fn a_requirer_reads_the_providers_secret_and_hears_of_its_change() {
    let mut juju = World::new(3);
    juju.deploy("pg", database()).unwrap();
    juju.deploy("web", web()).unwrap();
    let db = juju.integrate("web:db", "pg").unwrap();
    juju.settle().unwrap();
    let secret = juju.bag(db, "pg").unwrap()["secret"].clone();
    assert!(juju.log().iter().any(|line| line.unit == "web/0" && line.text == r#"{"password":"hunter2"}"#));
    let view = juju.secret(&secret).unwrap();
    assert_eq!((view.owner.as_str(), view.label.as_str(), view.revision), ("pg", "db", 1));
    assert_eq!((view.granted, view.tracked["web/0"]), (vec!["web".to_owned()], 1));

    juju.clear_transcript();
    juju.tick("pg/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "web/0"), [format!("secret-changed {secret}")]);
    assert_eq!(juju.log().last().unwrap().text, r#"pass: {"password":"hunter2"}, then {"password":"hunter3"}"#);
    // The revision that nobody reads any more can be removed.
    assert_eq!(hooks(&juju, "pg/0"), ["update-status".to_owned(), format!("secret-remove {secret}")]);
    assert!(!juju.transcript().contains("hunter3\n  >"), "{}", juju.transcript());

    // The grant ends with the relation.
    juju.remove_relation(db).unwrap();
    juju.settle().unwrap();
    assert!(juju.secret(&secret).unwrap().granted.is_empty());
}

#[test]
fn values_are_not_in_transcripts() {
    let mut juju = World::new(3);
    juju.deploy("pg", database()).unwrap();
    juju.play("web", "pg:database").unwrap();
    juju.settle().unwrap();
    assert!(!juju.transcript().contains("hunter2"), "{}", juju.transcript());
    assert!(juju.transcript_with_values().contains("hunter2"));
}

#[test]
fn a_secret_without_a_grant_is_refused_and_an_operators_grant_helps() {
    let mut juju = World::new(0);
    let config = "options: {token: {type: secret}}";
    let charm = Charm::parse("name: web", Some(config), None).unwrap();
    let program = |invocation: juju_sim::Invocation| {
        let hook = crate::support::Hook(invocation);
        if hook.name() == "config-changed" {
            let uri = hook.call("config-get token");
            let read = hook.try_call(&format!("secret-get {uri} token"));
            hook.0.tools.stdout(&format!("{} {}", read.code, String::from_utf8_lossy(&read.stderr).trim_end()));
        }
        ProgramEnd::Exit(0)
    };
    let token = juju.add_secret("", &[("token", "t")]).unwrap();
    let web = Revision::in_process(charm, program);
    juju.deploy("web", Deployment::of(web).config("token", token.as_str())).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.log().last().unwrap().text, "1 ERROR permission denied");
    juju.grant_secret(&token, "web").unwrap();
    juju.run_hook("web/0", On::config_changed()).unwrap();
    assert_eq!(juju.log().last().unwrap().text, "0 ");
    juju.revoke_secret(&token, "web").unwrap();
    juju.run_hook("web/0", On::config_changed()).unwrap();
    assert_eq!(juju.log().last().unwrap().text, "1 ERROR permission denied");
    // An option of type secret takes nothing else.
    let error = juju.set_config("web", "token", Some(json!("plain"))).unwrap_err().to_string();
    assert_eq!(error, "set option \"token\": expected secret");
}

#[test]
fn rotation_and_expiry_follow_the_models_time() {
    let mut juju = World::new(0);
    let owner = revision("name: owner", |hook| match hook.name() {
        "install" => {
            hook.call("secret-add key=value --rotate daily --expire 36h --owner unit --label mine");
        }
        "secret-rotate" => {
            hook.call(&format!("secret-set {} key=newer", hook.var("JUJU_SECRET_ID").unwrap()));
        }
        "secret-expired" => {
            let revision = hook.var("JUJU_SECRET_REVISION").unwrap().to_owned();
            hook.call(&format!("secret-remove {} --revision {revision}", hook.var("JUJU_SECRET_ID").unwrap()));
        }
        _ => {}
    });
    juju.deploy("owner", owner).unwrap();
    juju.settle().unwrap();
    let secret = juju.secrets().remove(0);
    juju.clear_transcript();
    juju.advance(Duration::from_secs(25 * 60 * 60));
    juju.settle().unwrap();
    assert!(hooks(&juju, "owner/0").contains(&format!("secret-rotate {secret}")), "{}", juju.transcript());
    assert_eq!(juju.secret(&secret).unwrap().revision, 2);
    // The new revision does not expire, so nothing more is due but the next rotation.
    juju.clear_transcript();
    juju.advance(Duration::from_secs(10 * 60 * 60));
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "owner/0"), ["update-status"]);
}

#[test]
fn a_secret_that_was_added_and_removed_in_one_hook_leaves_nothing() {
    let mut juju = World::new(0);
    let charm = revision("name: m", |hook| {
        if hook.name() == "start" {
            let uri = hook.call("secret-add key=value");
            hook.call(&format!("secret-remove {uri}"));
        }
    });
    juju.deploy("m", charm).unwrap();
    juju.settle().unwrap();
    assert!(juju.secrets().is_empty());
}

#[test]
fn a_hook_of_a_secret_that_is_gone_is_not_run_again() {
    for fault in [Fault::Fail, Fault::KillAt(0)] {
        let mut juju = World::new(3);
        juju.deploy("pg", database()).unwrap();
        juju.deploy("web", web()).unwrap();
        let db = juju.integrate("web:db", "pg").unwrap();
        juju.settle().unwrap();
        let secret = juju.bag(db, "pg").unwrap()["secret"].clone();
        juju.update_secret(&secret, &[("password", "new")]).unwrap();
        juju.inject("web/0", fault).unwrap();
        assert_eq!(juju.step_unit("web/0").unwrap().hook, "secret-changed");
        juju.remove_secret(&secret).unwrap();
        juju.clear_transcript();
        juju.settle().unwrap();
        assert_eq!(juju.transcript(), "");
        assert_ne!(juju.status("web/0").current, "error");
    }
}

#[test]
fn a_failed_hook_of_an_applications_secret_is_the_new_leaders() {
    let mut juju = World::new(0);
    let owner = revision("name: owner", |hook| match hook.name() {
        "start" => drop(hook.try_call("secret-add key=value --rotate hourly")),
        "secret-rotate" => {
            hook.call(&format!("secret-set {} key=newer", hook.var("JUJU_SECRET_ID").unwrap()));
        }
        _ => {}
    });
    juju.deploy("owner", Deployment::of(owner).units(2)).unwrap();
    juju.settle().unwrap();
    let secret = juju.secrets().remove(0);
    juju.advance(Duration::from_secs(60 * 60));
    juju.inject("owner/0", Fault::Fail).unwrap();
    juju.settle_without_retry().unwrap();
    assert_eq!(juju.status("owner/0"), ("error", "hook failed: \"secret-rotate\""));
    juju.set_leader("owner/1").unwrap();
    juju.clear_transcript();
    juju.settle().unwrap();
    assert!(hooks(&juju, "owner/1").contains(&format!("secret-rotate {secret}")), "{}", juju.transcript());
    assert!(!juju.transcript().contains("owner/0 secret-rotate"), "{}", juju.transcript());
    assert_eq!(juju.secret(&secret).unwrap().revision, 2);
}

#[test]
fn a_revision_that_its_last_reader_leaves_by_being_removed_can_be_removed() {
    let mut juju = World::new(3);
    juju.deploy("pg", database()).unwrap();
    // Keeps to what it read first.
    let charm = revision(WEB, |hook| {
        if hook.name() == "db-relation-changed" {
            let uri = hook.call("relation-get --app secret pg");
            if !uri.is_empty() {
                hook.call(&format!("secret-get {uri}"));
            }
        }
    });
    juju.deploy("web", Deployment::of(charm).units(2)).unwrap();
    let db = juju.integrate("web:db", "pg").unwrap();
    juju.settle().unwrap();
    let secret = juju.bag(db, "pg").unwrap()["secret"].clone();
    juju.tick("pg/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.secret(&secret).unwrap().tracked["web/1"], 1);
    juju.remove_unit("web/0").unwrap();
    juju.settle().unwrap();
    assert!(!juju.transcript().contains("secret-remove"), "{}", juju.transcript());
    juju.remove_unit("web/1").unwrap();
    juju.settle().unwrap();
    assert!(hooks(&juju, "pg/0").contains(&format!("secret-remove {secret}")), "{}", juju.transcript());
}

#[test]
fn leave_to_read_goes_with_the_one_that_had_it() {
    let mut juju = World::new(0);
    juju.deploy("web", Deployment::of(web()).units(2)).unwrap();
    juju.settle().unwrap();
    let secret = juju.add_secret("", &[("key", "value")]).unwrap();
    juju.grant_secret(&secret, "web/1").unwrap();
    juju.remove_unit("web/1").unwrap();
    juju.settle().unwrap();
    assert!(juju.secret(&secret).unwrap().granted.is_empty());
    juju.grant_secret(&secret, "web").unwrap();
    juju.remove_application("web").unwrap();
    juju.settle().unwrap();
    // Another application of this name does not inherit it.
    juju.deploy("web", web()).unwrap();
    assert!(juju.secret(&secret).unwrap().granted.is_empty());
}

#[test]
fn secrets_of_a_flush_that_is_refused_stay() {
    // Juju applies them before all else.
    let mut juju = World::new(0);
    let charm = revision("{name: m, peers: {m: {interface: m}}}", |hook| {
        if hook.name() == "update-status" {
            hook.call("secret-add key=value --owner unit");
            hook.call(&format!("state-set --file {}", big_state(hook)));
        }
    });
    juju.deploy("m", charm).unwrap();
    juju.settle().unwrap();
    for n in 0..40 {
        juju.set_state("m/0", &format!("k{n}"), &"x".repeat(65_000)).unwrap();
    }
    juju.tick("m/0").unwrap();
    let error = {
        juju.settle_without_retry().unwrap();
        juju.settle().unwrap_err().to_string()
    };
    assert!(error.ends_with("persisting charm state: max allowed size (2097152) exceeded"), "{error}");
    assert!(!juju.secrets().is_empty());
}

/// A file with one small pair: the state that is there is too large already.
fn big_state(hook: &crate::support::Hook) -> String {
    let path =
        std::env::temp_dir().join(format!("juju-sim-state-{}-{}", std::process::id(), hook.unit().replace('/', "-")));
    std::fs::write(&path, "one: more").unwrap();
    path.to_string_lossy().into_owned()
}
