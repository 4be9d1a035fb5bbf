//! The backups, in the simulator.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use std::fs;
use std::time::Duration;

use backup::Backup;
use juju_ops::testing;
use juju_sim::{Charm, Deployment, World};
use serde_json::json;
use tempfile::TempDir;

fn metadata() -> Charm {
    Charm::from_project(env!("CARGO_MANIFEST_DIR")).unwrap()
}

/// One unit without storage, and a directory with the file that it backs up.
fn world() -> (World, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("backups")).unwrap();
    fs::write(dir.path().join("data"), "12345").unwrap();
    let sources = format!("{}\n", dir.path().join("data").display());
    let mut juju = World::new(0);
    let revision = testing::revision(Backup, metadata()).unwrap();
    juju.deploy("backup", Deployment::of(revision).resource("sources", sources)).unwrap();
    juju.settle().unwrap();
    (juju, dir)
}

fn add_storage(juju: &mut World, dir: &TempDir) {
    let id = juju.add_storage("backup/0", "backups", 1).unwrap().remove(0);
    juju.set_storage_location(&id, dir.path().join("backups").to_str()).unwrap();
    juju.settle().unwrap();
}

fn with_storage() -> (World, TempDir) {
    let (mut juju, dir) = world();
    add_storage(&mut juju, &dir);
    (juju, dir)
}

#[test]
fn the_charm_uses_all_of_its_metadata() {
    testing::check(&Backup, &metadata()).unwrap();
    assert!(testing::unused(&Backup, &metadata()).unwrap().is_empty());
}

#[test]
fn a_backup_shows_its_progress_and_its_results() {
    let (mut juju, dir) = with_storage();
    let done = juju.run_action("backup/0", "create", json!({"note": "before the upgrade"})).unwrap();
    assert_eq!(done.status, "completed", "{done:?}");
    assert_eq!(done.log, [format!("copying {}", dir.path().join("data").display())]);
    assert_eq!(done.results["size"]["bytes"], json!("5"));
    let name = done.results["name"].as_str().unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("backups").join(name).join("data")).unwrap(), "12345");

    let list = juju.run_action("backup/0", "list", json!({})).unwrap();
    assert_eq!(list.results["backups"], json!({ name: "before the upgrade" }));
}

#[test]
fn no_more_remain_than_are_to_be_kept() {
    let (mut juju, _dir) = with_storage();
    for _ in 0..3 {
        juju.run_action("backup/0", "create", json!({"keep": 2})).unwrap();
        juju.advance(Duration::from_secs(60));
    }
    let list = juju.run_action("backup/0", "list", json!({})).unwrap();
    assert_eq!(list.results["count"], json!("2"));
}

#[test]
fn juju_refuses_parameters_that_the_action_does_not_take() {
    let (mut juju, _dir) = with_storage();
    for params in [json!({"keep": 0}), json!({"keep": 31}), json!({"when": "soon"}), json!({"kepe": 1})] {
        juju.run_action("backup/0", "create", params).unwrap_err();
    }
}

#[test]
fn an_action_that_cannot_be_done_says_why() {
    let (mut juju, dir) = world();
    let failed = juju.run_action("backup/0", "create", json!({})).unwrap();
    let said = (failed.status.as_str(), failed.message.as_str());
    assert_eq!(said, ("failed", "no storage: juju add-storage UNIT backups"));

    add_storage(&mut juju, &dir);
    fs::remove_file(dir.path().join("data")).unwrap();
    let failed = juju.run_action("backup/0", "create", json!({})).unwrap();
    assert!(failed.message.contains("data: No such file or directory"), "{failed:?}");
    let list = juju.run_action("backup/0", "list", json!({})).unwrap();
    assert_eq!(list.results["count"], json!("0"));
    assert_eq!(juju.status("backup/0"), ("active", "")); // an action that fails leaves the unit well
}

#[test]
fn a_backup_that_is_due_waits_for_storage() {
    let (mut juju, dir) = world();
    juju.tick("backup/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("backup/0"), ("blocked", "a backup is due, and there is no storage for it"));
    assert_eq!(testing::pending(&juju, "backup/0")[0].name, "due");
    let list = juju.run_action("backup/0", "list", json!({})).unwrap();
    assert_eq!(list.results["waiting"], json!(r#"["due backup"]"#));

    add_storage(&mut juju, &dir);
    assert_eq!(juju.status("backup/0"), ("active", ""));
    assert!(testing::pending(&juju, "backup/0").is_empty());
    let list = juju.run_action("backup/0", "list", json!({})).unwrap();
    assert_eq!(list.results["count"], json!("1"));

    juju.advance(Duration::from_secs(3600)); // not again on the same day
    juju.settle().unwrap();
    assert_eq!(juju.run_action("backup/0", "list", json!({})).unwrap().results["count"], json!("1"));
}

#[test]
fn a_backup_for_the_next_hook_is_one_however_often_it_is_asked_for() {
    let (mut juju, dir) = with_storage();
    for _ in 0..2 {
        let asked = juju.run_action("backup/0", "create", json!({"when": "next-hook"})).unwrap();
        assert_eq!(asked.results["waiting"], json!("1"));
    }
    assert_eq!(juju.status("backup/0"), ("waiting", "for a backup"));
    fs::write(dir.path().join("backups/LOCK"), "").unwrap();
    juju.tick("backup/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("backup/0"), ("waiting", "for the backups to be unlocked"));
    assert!(testing::pending(&juju, "backup/0")[0].due.is_some()); // Ack::After: the unit is to be woken

    fs::remove_file(dir.path().join("backups/LOCK")).unwrap();
    juju.tick("backup/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("backup/0"), ("active", ""));
}

#[test]
fn a_backup_that_fails_is_tried_again_and_fails_no_hook() {
    let (mut juju, dir) = with_storage();
    fs::remove_file(dir.path().join("data")).unwrap();
    juju.tick("backup/0").unwrap();
    juju.settle().unwrap();
    assert!(juju.log().iter().any(|line| line.text.contains("data: No such file or directory")));
    fs::write(dir.path().join("data"), "1").unwrap();
    juju.tick("backup/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("backup/0"), ("active", ""));
}
