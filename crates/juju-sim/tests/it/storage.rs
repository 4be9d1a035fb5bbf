//! Storage that comes and goes.

use juju_sim::{Deployment, Fault, Observation, On, Retry, StorageKind, World};

use crate::support::{hooks, revision};

const METADATA: &str = "
name: pg
storage:
  data: {type: filesystem, location: /srv/pg}
  wal: {type: block, multiple: {range: 0-2}}
";

#[test]
fn storage_is_attached_before_install_and_detached_before_stop() {
    let mut juju = World::new(0);
    let charm = revision(METADATA, |hook| {
        if hook.name().ends_with("-storage-attached") {
            let vars =
                ["JUJU_STORAGE_ID", "JUJU_STORAGE_KIND", "JUJU_STORAGE_LOCATION"].map(|name| hook.var(name).unwrap());
            hook.0.tools.stdout(&format!("{} / {}", vars.join(" "), hook.call("storage-get location")));
        }
    });
    juju.deploy("pg", Deployment::of(charm).storage("wal", 1)).unwrap();
    juju.settle().unwrap();
    let first = hooks(&juju, "pg/0");
    assert_eq!(first[2..], ["install", "leader-elected", "config-changed", "start"]);
    assert!(first[..2].contains(&"data-storage-attached data/0".to_owned()), "{first:?}");
    let said: Vec<_> = juju.log().into_iter().map(|line| line.text).collect();
    assert!(said.contains(&"data/0 filesystem /srv/pg / /srv/pg".to_owned()), "{said:?}");
    let storage = juju.storage("pg/0");
    assert_eq!((storage[1].id.as_str(), storage[1].kind, storage[1].attached), ("wal/1", StorageKind::Block, true));

    juju.clear_transcript();
    juju.detach_storage("wal/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "pg/0"), ["wal-storage-detaching wal/1"]);
    juju.attach_storage("pg/0", "wal/1").unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    juju.remove_unit("pg/0").unwrap();
    juju.settle().unwrap();
    let mut last = hooks(&juju, "pg/0");
    last.retain(|hook| hook != "leader-settings-changed");
    last[..2].sort();
    assert_eq!(last, ["data-storage-detaching data/0", "wal-storage-detaching wal/1", "stop", "remove"]);
}

#[test]
fn storage_add_brings_more_at_the_end_of_the_hook_and_is_held_to_the_charms_range() {
    let mut juju = World::new(0);
    let charm = revision(METADATA, |hook| match hook.name() {
        "update-status" => drop(hook.call("storage-add wal=2")),
        "start" => hook.0.tools.stdout(&hook.call("storage-list --format=json")),
        _ => {}
    });
    juju.deploy("pg", charm).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.log().last().unwrap().text, r#"["data/0"]"#);
    juju.clear_transcript();
    juju.tick("pg/0").unwrap();
    juju.settle().unwrap();
    let mut ran = hooks(&juju, "pg/0");
    ran.sort();
    assert_eq!(ran, ["update-status", "wal-storage-attached wal/1", "wal-storage-attached wal/2"]);
    // Once more is too much: the hook fails when it ends.
    juju.tick("pg/0").unwrap();
    let error = juju.settle().unwrap_err().to_string();
    assert!(error.contains("adding storage wal for unit-pg-0: \"wal\" can have 2 instances at most"), "{error}");
    let error = juju.add_storage("pg/0", "tmp", 1).unwrap_err().to_string();
    assert_eq!(error, "add storage tmp: the charm has no storage of this name");
}

#[test]
fn install_waits_for_storage_that_is_not_provisioned() {
    let mut juju = World::new(0);
    juju.deploy("pg", Deployment::of(revision(METADATA, |_| {}))).unwrap();
    juju.set_storage_location("data/0", None).unwrap();
    juju.settle().unwrap();
    assert!(hooks(&juju, "pg/0").is_empty());
    let error = juju.run_hook("pg/0", On::storage_attached("data/0")).unwrap_err().to_string();
    assert_eq!(error, "run data-storage-attached on pg/0: it is not provisioned");
    juju.set_storage_location("data/0", Some("/mnt")).unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "pg/0")[..2], ["data-storage-attached data/0", "install"]);
}

#[test]
fn storage_that_is_detached_while_its_attached_hook_has_failed_is_not_attached_by_it() {
    for retry in [Retry::Retry, Retry::NoRetry] {
        let mut juju = World::new(0);
        juju.deploy("pg", revision(METADATA, |_| {})).unwrap();
        juju.settle().unwrap();
        juju.inject("pg/0", Fault::Fail).unwrap();
        juju.add_storage("pg/0", "wal", 1).unwrap();
        juju.settle_without_retry().unwrap();
        assert_eq!(juju.status("pg/0"), ("error", "hook failed: \"wal-storage-attached\""));
        juju.clear_transcript();
        juju.detach_storage("wal/1").unwrap();
        juju.resolve("pg/0", retry).unwrap();
        juju.settle().unwrap();
        assert_eq!(juju.transcript(), "");
        assert_ne!(juju.status("pg/0").current, "error");
        // Attached again, it is told again.
        juju.attach_storage("pg/0", "wal/1").unwrap();
        juju.settle().unwrap();
        assert_eq!(hooks(&juju, "pg/0"), ["wal-storage-attached wal/1"]);
    }
}

#[test]
fn a_dying_unit_detaches_its_storage_before_it_stops_whatever_it_sees() {
    let mut juju = World::new(0);
    juju.deploy("pg", revision(METADATA, |_| {})).unwrap();
    juju.settle().unwrap();
    juju.hold("pg/0", Observation::Storage).unwrap();
    juju.clear_transcript();
    juju.remove_unit("pg/0").unwrap();
    juju.settle().unwrap();
    let mut last = hooks(&juju, "pg/0");
    last.retain(|hook| hook != "leader-settings-changed");
    assert_eq!(last, ["data-storage-detaching data/0", "stop", "remove"]);
}

#[test]
fn a_unit_gets_no_storage_that_its_charm_does_not_admit_and_gives_up_none_that_it_needs() {
    let mut juju = World::new(0);
    let deploy = |juju: &mut World, storage, count| {
        let deployment = Deployment::of(revision(METADATA, |_| {})).storage(storage, count);
        juju.deploy("pg", deployment).unwrap_err().to_string()
    };
    assert_eq!(deploy(&mut juju, "data", 0), "deploy pg: storage \"data\": 1 instances required, 0 specified");
    assert_eq!(deploy(&mut juju, "wal", 3), "deploy pg: storage \"wal\": at most 2 instances supported, 3 specified");
    assert!(juju.applications().is_empty());
    juju.deploy("pg", Deployment::of(revision(METADATA, |_| {})).units(2).storage("wal", 2)).unwrap();
    juju.deploy("web", revision("name: web", |_| {})).unwrap();
    juju.settle().unwrap();
    let refused = |juju: &mut World, id: &str| juju.detach_storage(id).unwrap_err().to_string();
    assert_eq!(refused(&mut juju, "data/0"), "detach storage data/0: pg/0 needs 1 of it");
    juju.detach_storage("wal/1").unwrap();
    juju.settle().unwrap();
    let refused = |juju: &mut World, unit: &str| juju.attach_storage(unit, "wal/1").unwrap_err().to_string();
    assert_eq!(refused(&mut juju, "web/0"), "attach storage wal/1: the charm has no storage of this name and kind");
    assert_eq!(refused(&mut juju, "pg/1"), "attach storage wal/1: pg/1 may have 2 at most");
    juju.remove_unit("pg/1").unwrap();
    assert_eq!(refused(&mut juju, "pg/1"), "attach storage wal/1: pg/1 is being removed");
    let error = juju.add_storage("pg/1", "wal", 1).unwrap_err().to_string();
    assert_eq!(error, "add storage wal: pg/1 is being removed");
    juju.attach_storage("pg/0", "wal/1").unwrap();
}

#[test]
fn storage_without_end_ends_before_memory_does() {
    let mut juju = World::new(0);
    let metadata = "{name: m, storage: {d: {type: filesystem, multiple: {range: 0+}}}}";
    juju.deploy(
        "m",
        revision(metadata, |hook| {
            if hook.name() == "update-status" {
                hook.call("storage-add d=4000000000");
                hook.call("storage-add d=9223372036854775807");
            }
        }),
    )
    .unwrap();
    juju.settle().unwrap();
    assert!(juju.add_storage("m/0", "d", u32::MAX).is_err());
    juju.tick("m/0").unwrap();
    let error = juju.settle().unwrap_err().to_string();
    assert!(error.ends_with("adding storage d for unit-m-0: \"d\" can have 10000 instances at most"), "{error}");
}

#[test]
fn a_dying_unit_adds_no_storage() {
    let mut juju = World::new(0);
    let charm = revision(METADATA, |hook| {
        if hook.name() == "stop" {
            hook.call("storage-add wal=1");
        }
    });
    juju.deploy("pg", charm).unwrap();
    juju.settle().unwrap();
    juju.remove_unit("pg/0").unwrap();
    let error = juju.settle().unwrap_err().to_string();
    assert!(error.ends_with("adding storage wal for unit-pg-0: unit is not found or not alive"), "{error}");
}
