//! One chosen dispatch on a chosen state.

use juju_sim::{Charm, Fault, On, ProgramEnd, Revision, Target, World};
use serde_json::json;

use crate::support::{Hook, hooks, revision};

const WEB: &str = "{name: web, requires: {db: {interface: pg}}, peers: {web: {interface: web}}}";

/// A charm that writes what it reads.
fn web() -> Revision {
    revision(WEB, |hook| match hook.name() {
        "db-relation-changed" => {
            let host = hook.call("relation-get host");
            hook.call(&format!("state-set host={host}"));
            hook.call("status-set active connected");
        }
        "db-relation-broken" => drop(hook.call("status-set blocked no-database")),
        _ => {}
    })
}

/// A state in a few lines: nothing of the charm has run.
fn related() -> World {
    let mut juju = World::new(0);
    juju.deploy("web", web()).unwrap();
    juju.play("pg", "web:db").unwrap();
    juju.settle_without_running().unwrap();
    juju
}

#[test]
fn a_hook_is_run_on_a_state_that_was_built_without_running_any() {
    let mut juju = related();
    juju.write_bag("db", "pg/0", [("host", "10.0.0.9")]).unwrap();
    let run = juju.run_hook("web/0", On::relation_changed("db", "pg/0")).unwrap();
    let answers: Vec<_> = run.commands().map(|it| (it.name(), it.stdout.trim_end())).collect();
    assert_eq!(answers, [("relation-get", "10.0.0.9"), ("state-set", ""), ("status-set", "")]);
    assert_eq!(juju.state("web/0")["host"], "10.0.0.9");
    assert_eq!(juju.status("web/0"), ("active", "connected"));
    assert_eq!(juju.runs().len(), 1);
}

#[test]
fn several_things_are_tried_from_one_state() {
    let juju = related();
    let mut goes = juju.fork();
    goes.remove_relation("db").unwrap();
    goes.settle().unwrap();
    assert_eq!(goes.status("web/0"), ("blocked", "no-database"));
    let mut fails = juju.fork();
    fails.inject("web/0", Fault::Fail).unwrap();
    fails.run_hook("web/0", On::config_changed()).unwrap();
    assert_eq!(fails.status("web/0"), ("error", "hook failed: \"config-changed\""));
    assert_eq!(fails.status("web/0").data["hook"], json!("config-changed"));
    assert_eq!(juju.runs().len(), 0);
}

#[test]
fn a_state_is_kept_and_gone_on_from() {
    let juju = related();
    let text = serde_json::to_string(&*juju.model()).unwrap();
    let model: juju_sim::Model = serde_json::from_str(&text).unwrap();
    let pg = Charm::parse("{name: pg, provides: {db: {interface: pg}}}", None, None).unwrap();
    let code = [("web".to_owned(), vec![web()]), ("pg".to_owned(), vec![Revision::played(pg)])];
    let mut again = World::restore(model.clone(), code).unwrap();
    again.write_bag("db", "pg/0", [("host", "h")]).unwrap();
    again.settle().unwrap();
    assert_eq!(hooks(&again, "web/0"), ["db-relation-changed db:1 pg/0"]);
    let error = World::restore(model, []).unwrap_err().to_string();
    assert_eq!(error, "deploy pg: the model is restored with 0 of its 1 revisions");
}

#[test]
fn what_juju_could_not_run_is_refused_with_the_reason() {
    let mut juju = related();
    let why = |juju: &mut World, on: On| juju.run_hook("web/0", on).unwrap_err().to_string();
    for (on, wanted) in [
        (On::install(), "run install on web/0: the unit is installed"),
        (On::stop(), "run stop on web/0: the unit is not being removed"),
        (On::leader_settings_changed(), "run leader-settings-changed on web/0: the unit leads"),
        (On::relation_joined("db", "pg/0"), "run db-relation-joined on web/0: pg/0 has joined already"),
        (On::relation_joined("db", "pg/7"), "run db-relation-joined on web/0: pg/7 is not in the relation"),
        (On::relation_changed("db", "pg/7"), "run db-relation-changed on web/0: pg/7 has not joined"),
        (On::relation_departed("db", "pg/0"), "run db-relation-departed on web/0: pg/0 is still there"),
        (
            On::relation_broken("db"),
            "run db-relation-broken on web/0: cannot run relation-broken while units still present",
        ),
        (On::relation_joined("web", "web/0"), "run web-relation-joined on web/0: a unit does not join itself"),
        (On::relation_created("none"), "no relation web:none"),
        (On::storage_attached("data/0"), "run data-storage-attached on web/0: it has no storage data/0"),
        (On::secret_changed("secret:x"), "no secret \"secret:x\""),
    ] {
        assert_eq!(why(&mut juju, on), wanted);
    }
    let secret = juju.add_secret("pg", &[("key", "value")]).unwrap();
    for (on, wanted) in [
        (On::secret_changed(&secret), "run secret-changed on web/0: the unit does not read the secret"),
        (On::secret_rotate(&secret), "run secret-rotate on web/0: the unit does not own the secret"),
    ] {
        assert_eq!(why(&mut juju, on), wanted);
    }
    let error = juju.run_hook("pg/0", On::start()).unwrap_err().to_string();
    assert_eq!(error, "run start on pg/0: the test plays this unit: it has no code");
    juju.add_unit("web").unwrap();
    let error = juju.run_hook("web/1", On::start()).unwrap_err().to_string();
    assert_eq!(error, "run start on web/1: the unit is not installed");
    assert_eq!(
        juju.run_action("web/0", "none", json!({})).unwrap_err().to_string(),
        "run action \"none\" on web/0: not defined"
    );
}

#[test]
fn a_hook_command_hangs_or_is_refused_by_the_controller() {
    let mut juju = related();
    juju.inject("web/0", Fault::Hang(Target::Command("relation-get".to_owned()))).unwrap();
    let run = juju.run_hook("web/0", On::relation_changed("db", "pg/0")).unwrap();
    assert_eq!(run.end, ProgramEnd::Signal(9));
    assert!(run.log().any(|(_, text)| text.contains("it ran for more than 600 s")), "{run}");
    assert_eq!(juju.status("web/0").current, "error");
    let mut juju = related();
    let refused = Fault::Refuse { call: "Uniter.SetUnitStatus".to_owned(), text: "connection is shut down".to_owned() };
    juju.inject("web/0", refused).unwrap();
    let charm = juju.fork();
    drop(charm);
    let mut seen = World::new(0);
    seen.deploy(
        "m",
        revision("name: m", |hook: &Hook| {
            let set = hook.try_call("status-set active");
            hook.0.tools.stdout(String::from_utf8_lossy(&set.stderr).trim_end());
        }),
    )
    .unwrap();
    let refused = Fault::Refuse { call: "Uniter.SetUnitStatus".to_owned(), text: "connection is shut down".to_owned() };
    seen.inject("m/0", refused).unwrap();
    seen.settle().unwrap();
    assert_eq!(seen.log()[0].text, "ERROR connection is shut down");
    assert_ne!(seen.log()[1].text, "ERROR connection is shut down");
}

#[test]
fn a_played_application_does_what_the_test_lets_it() {
    let mut juju = World::new(0);
    juju.deploy("web", web()).unwrap();
    // A database that is not there yet, sends rubbish, and goes away.
    let db = juju.play("pg", "web:db").unwrap();
    juju.remove_unit("pg/0").unwrap();
    juju.settle().unwrap();
    assert!(juju.members("web/0", db).unwrap().is_empty());
    let unit = juju.add_unit("pg").unwrap();
    juju.write_bag(db, &unit, [("host", "\u{0}\u{1F600}")]).unwrap();
    juju.write_bag(db, "pg", [("ready", "true")]).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.state("web/0")["host"], "\u{0}\u{1F600}");
    juju.remove_application("pg").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("web/0"), ("blocked", "no-database"));
    // A unit among the charm's own can be played too.
    let peer = juju.add_played_unit("web").unwrap();
    juju.write_bag("web", &peer, [("x", "y")]).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.members("web/0", "web").unwrap(), std::slice::from_ref(&peer));
    let error = juju.write_bag("web", "web/9", [("x", "y")]).unwrap_err().to_string();
    assert_eq!(error, "web/9 has no bag in relation 0");
    let error = juju.run_action(&peer, "x", json!({})).unwrap_err().to_string();
    assert!(error.contains("the test plays this unit"), "{error}");
}
