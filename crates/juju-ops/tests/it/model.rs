//! Databags, leadership, status, configuration, as a handler sees them.

use std::collections::BTreeMap;

use juju_ops::action::{self, Outcome};
use juju_ops::{Ack, Status, hook, testing};
use juju_sim::{Charm, Fault, HookRun};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Made, lasting, tick};

#[test]
fn writes_are_read_back_and_sent_once_and_only_if_they_change_something() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |this, _, cx| {
            let relation = cx.relations("peers")?.remove(0);
            let bag = relation.own_bag()?;
            for value in ["1", "2", "3"] {
                bag.set("key", value)?;
            }
            bag.set("gone", "soon")?;
            bag.remove("gone")?;
            this.see(format!("{:?} {:?}", bag.get("key")?, bag.get("gone")?));
            let name = cx.unit().name()?.clone();
            this.see(format!("{:?}", relation.bag(&name).all()?.get("key")));
            cx.unit().set_status(Status::maintenance("for a moment"))?;
            Ok(cx.unit().set_status(Status::active("Ready"))?)
        });
    });
    let mut juju = charm.deploy();
    let run = tick(&mut juju);
    assert_eq!(charm.seen(), ["Some(\"3\") None", "Some(\"3\")"]);
    let commands: Vec<String> = run.commands().map(ToString::to_string).collect();
    assert_eq!(
        commands[1..],
        [
            "relation-get --format=json -r peers:0 - app/0",
            "status-get --format=json --include-data",
            "relation-set -r peers:0 --file - < {key}",
            "status-set active -- Ready",
        ]
    );
    assert_eq!(juju.bag("peers", "app/0").unwrap()["key"], "3");
    let again = tick(&mut juju);
    assert!(again.commands().all(|command| !command.argv[0].ends_with("-set")), "{again}");
}

/// The commands of a run by which statuses are read and set.
fn of_statuses(run: &HookRun) -> Vec<String> {
    run.commands().map(ToString::to_string).filter(|command| command.starts_with("status-")).collect()
}

#[test]
fn a_status_that_juju_has_replaced_before_install_is_set_again() {
    let charm = Made::new(|_, events| {
        events.status(|_, _| Ok(Status::blocked("needs a database")));
    });
    let metadata =
        "{name: app, peers: {peers: {interface: demo}}, storage: {data: {type: filesystem, location: /srv}}}";
    let mut juju = testing::in_process(charm, Charm::parse(metadata, None, None).unwrap()).unwrap();
    juju.add_unit("app").unwrap();
    let attached = juju.step_unit("app/0").unwrap();
    assert_eq!(attached.hook, "data-storage-attached");
    let set = "status-set blocked -- 'needs a database'";
    assert_eq!(of_statuses(attached), ["status-get --format=json --include-data", set]);
    // Juju says "installing charm software" before this hook runs.
    let install = juju.step_unit("app/0").unwrap();
    assert_eq!(install.hook, "install");
    assert_eq!(of_statuses(install), ["status-get --format=json --include-data", set]);
    assert_eq!(juju.status("app/0"), ("blocked", "needs a database"));
    juju.settle().unwrap();
    // Another one replaces it after `start`, where the charm has set none.
    assert_eq!(of_statuses(&tick(&mut juju)), ["status-get --format=json --include-data"]);
    assert_eq!(of_statuses(&tick(&mut juju)), [""; 0]);
}

#[test]
fn a_leader_asks_once_for_the_statuses_of_its_application_and_of_itself_where_it_has_to() {
    let charm = Made::new(|_, events| {
        events.app_status(|_, _| Ok(Status::active("all is well")));
        events.status(|_, _| Ok(Status::active("Ready")));
    });
    let mut juju = charm.deploy();
    juju.add_unit("app").unwrap();
    juju.settle().unwrap();
    let both = "status-get --format=json --include-data --application";
    let upgraded = testing::revision(charm, crate::support::charm()).unwrap();
    juju.refresh("app", upgraded).unwrap();
    assert_eq!(of_statuses(juju.step_unit("app/0").unwrap()), [both]);
    assert_eq!(of_statuses(juju.step_unit("app/1").unwrap()), ["status-get --format=json --include-data"]);
    juju.settle().unwrap();
    assert_eq!(of_statuses(&tick(&mut juju)), [""; 0]);
    for unit in ["app/0", "app/1"] {
        assert_eq!(juju.status(unit), ("active", "Ready"));
    }
    assert_eq!(juju.app_status("app"), ("active", "all is well"));
}

#[test]
fn a_follower_that_becomes_the_leader_may_write_for_the_application() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |this, _, cx| {
            let relation = cx.relations("peers")?.remove(0);
            let app = cx.app().name()?.clone();
            this.see(format!("{} {:?}", cx.unit().name()?, relation.app_bag(&app).get("by")?));
            if let Some(leader) = cx.app().leader()? {
                relation.own_app_bag(&leader)?.set("by", cx.unit().name()?.to_string())?;
            }
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    juju.add_unit("app").unwrap();
    juju.settle().unwrap();
    for (leader, expected) in [("app/0", "app/0"), ("app/1", "app/1")] {
        juju.set_leader(leader).unwrap();
        juju.settle().unwrap();
        for unit in ["app/0", "app/1"] {
            juju.tick(unit).unwrap();
        }
        juju.settle().unwrap();
        assert_eq!(juju.bag("peers", "app").unwrap()["by"], expected);
    }
    let seen = charm.seen();
    assert!(seen.contains(&"app/1 Some(\"app/0\")".to_owned()), "{seen:?}");
}

#[test]
fn leadership_lost_before_the_flush_fails_the_hook() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |_, _, cx| {
            let relation = cx.relations("peers")?.remove(0);
            if let Some(leader) = cx.app().leader()? {
                relation.own_app_bag(&leader)?.set("key", "value")?;
            }
            relation.own_bag()?.set("key", "value").map_err(Into::into)
        });
    });
    let mut juju = charm.deploy();
    juju.inject("app/0", Fault::RejectFlush).unwrap();
    tick(&mut juju);
    assert_eq!(juju.status("app/0").current, "error");
    assert!(juju.bag("peers", "app").unwrap().is_empty() && !juju.bag("peers", "app/0").unwrap().contains_key("key"));
}

#[derive(Debug, Deserialize)]
struct Config {
    size: u32,
    name: Option<String>,
}

#[test]
fn configuration_is_typed_and_its_errors_name_the_option() {
    let charm = Made::new(|_, events| {
        events.config::<Config>();
        events.on(&hook::update_status(), |this, _, cx| {
            let config: Config = cx.config()?;
            this.see(format!("{} {:?}", config.size, config.name));
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    juju.set_config("app", "name", Some(json!("x"))).unwrap();
    juju.set_config("app", "size", Some(json!(1_000_000))).unwrap();
    juju.settle().unwrap();
    tick(&mut juju);
    assert_eq!(charm.seen(), ["3 None", "1000000 Some(\"x\")"]);
    juju.set_config("app", "size", Some(json!(-1))).unwrap();
    juju.settle().unwrap();
    let run = tick(&mut juju);
    let why = "configuration option size: out of range for u32, which is 0 to 4294967295";
    assert_eq!(run.log().last(), Some(("WARNING", why)));
    assert_eq!(juju.status("app/0"), ("blocked", why));
}

#[test]
fn a_configuration_option_that_the_metadata_lacks_is_refused_by_the_test_helper() {
    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Wrong {
        colour: String,
    }
    let charm = Made::new(|_, events| events.config::<Wrong>());
    let error = juju_ops::testing::check(&charm, &crate::support::charm()).unwrap_err();
    assert_eq!(error.to_string(), "the charm observes configuration option colour, which its metadata lacks");
}

#[test]
fn a_storage_that_the_metadata_lacks_and_an_action_that_nobody_handles_are_refused_by_the_test_helper() {
    let charm = Made::new(|_, events| {
        events.on(&hook::storage_attached("data"), |_, _, _| Ok(()));
        events.on(&action::run::<Value>("backup"), |_, _, _| Ok(Outcome::completed()));
    });
    let actions = "{backup: {description: d}, restore: {description: d}}";
    let metadata = |text| Charm::parse(text, None, Some(actions)).unwrap();
    let error = juju_ops::testing::check(&charm, &metadata("name: app")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the charm observes endpoint peers, which its metadata lacks; the charm observes storage data, which its \
         metadata lacks; the metadata has an action restore, which the charm does not handle"
    );
    let with_storage = metadata("{name: app, peers: {peers: {interface: demo}}, storage: {data: {type: filesystem}}}");
    let error = juju_ops::testing::check(&charm, &with_storage).unwrap_err();
    assert_eq!(error.to_string(), "the metadata has an action restore, which the charm does not handle");
}

#[test]
fn a_value_is_remembered_until_it_is_removed() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |this, _, cx| {
            let state = cx.state("test");
            let map: Option<BTreeMap<String, u32>> = state.get()?;
            this.see(format!("{map:?}"));
            match map {
                None => state.set(&BTreeMap::from([("a", 1)]))?,
                Some(_) => state.remove()?,
            }
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    for _ in 0..3 {
        tick(&mut juju);
    }
    assert_eq!(charm.seen(), ["None", "Some({\"a\": 1})", "None"]);
    juju.set_state("app/0", "juju-ops.test.0", "{half").unwrap();
    let run = tick(&mut juju);
    assert!(run.log().last().unwrap().1.contains("state area test: "), "{run}");
    assert_eq!(juju.state("app/0")["juju-ops.test.0"], "{half");
}

#[test]
fn a_status_that_somebody_else_has_set_is_put_right() {
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&lasting(), |_, _, _| Ok(Ack::Done));
        events.status(|_, _| Ok(Status::active("well")));
    });
    let mut juju = charm.deploy();
    let by_hand = Status::blocked("by hand");
    let set = move |cx: &juju_ops::Context| Ok(juju_ops::hook_command::status_set(&by_hand).run(cx.transport())?);
    testing::with_context(&mut juju, "app/0", set).unwrap();
    assert_eq!(juju.status("app/0").current, "blocked");
    tick(&mut juju);
    assert_eq!(juju.status("app/0"), ("active", "well"));
}
