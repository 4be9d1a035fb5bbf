//! What has changed since it was last dealt with; and a configuration that does not fit.

use juju_ops::{Ack, Encoding, Status, hook, testing};
use juju_sim::{Charm, Fault, World};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{Lasting, Made, lasting, tick};

#[derive(Debug, Clone, Deserialize)]
struct Config {
    size: u8,
    name: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Server {
    host: String,
    #[serde(default)]
    port: Option<u16>,
}

fn set(juju: &mut World, key: &str, value: serde_json::Value) {
    juju.set_config("app", key, Some(value)).unwrap();
}

#[test]
fn a_change_is_there_until_a_dispatch_that_dealt_with_it_succeeds() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |this, _, cx| {
            let change = cx.memory("size").config::<Config>()?;
            let keys: Vec<&str> = change.keys().collect();
            let before = change.before().map(|config| config.size);
            this.see(format!("{before:?} to {} {:?}: {keys:?}", change.after().size, change.after().name));
            if change.after().size == 7 { Ok(()) } else { Ok(change.handled()?) }
        });
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    tick(&mut juju);
    assert_eq!(charm.seen(), ["None to 3 None: [\"size\"]", "Some(3) to 3 None: []"]);
    set(&mut juju, "size", json!(4));
    set(&mut juju, "name", json!("x"));
    juju.settle().unwrap();
    juju.inject("app/0", Fault::Fail).unwrap();
    tick(&mut juju);
    juju.settle().unwrap();
    let of_four = "Some(3) to 4 Some(\"x\"): [\"name\", \"size\"]";
    // The hook that failed had seen it, and so has its repetition.
    assert_eq!(charm.seen(), [of_four, of_four]);
    set(&mut juju, "size", json!(7));
    juju.settle().unwrap();
    tick(&mut juju);
    tick(&mut juju);
    // Not dealt with, it is there again.
    assert_eq!(charm.seen(), ["Some(4) to 7 Some(\"x\"): [\"size\"]"; 2]);
}

#[test]
fn a_bag_is_compared_with_what_it_was() {
    let charm = Made::new(|_, events| {
        events.on(&hook::relation_changed("peers"), |this, event, cx| {
            let Some(unit) = event.unit() else { return Ok(()) };
            let bag = cx.relation(event.relation()).bag(unit);
            let Ok(change) = cx.memory("peers").bag::<Server>(&bag, Encoding::Json) else { return Ok(()) };
            this.see(format!("{:?} {:?}", change.keys().collect::<Vec<_>>(), change.after().port));
            Ok(change.handled()?)
        });
    });
    let mut juju = charm.deploy();
    juju.add_played_unit("app").unwrap();
    juju.settle().unwrap();
    for (host, port) in [("a", None), ("a", Some(80)), ("b", None)] {
        let mut bag = Encoding::Json.encode(&Server { host: host.into(), port }).unwrap();
        // An absent port is a key that is deleted.
        bag.entry("port".into()).or_default();
        juju.write_bag("peers", "app/1", &bag).unwrap();
        juju.settle().unwrap();
    }
    assert_eq!(charm.seen(), ["[\"host\"] None", "[\"port\"] Some(80)", "[\"host\", \"port\"] None"]);
}

#[test]
fn a_reconciler_is_skipped_by_one_line_and_repeated_after_a_failure() {
    let charm = Made::new(|_, events| {
        events.on(&hook::any(), |this, _, cx| {
            let config: serde_json::Value = cx.config()?;
            if cx.memory("all").unchanged(&config)? {
                return Ok(());
            }
            this.see("reconciled");
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    tick(&mut juju);
    assert!(charm.seen().is_empty());
    set(&mut juju, "size", json!(9));
    juju.inject("app/0", Fault::Fail).unwrap();
    juju.settle().unwrap();
    assert_eq!(charm.seen(), ["reconciled", "reconciled"]);
    assert!(juju.state("app/0").values().all(|value| !value.contains('9') || value.len() == 64), "a digest alone");
}

/// A charm whose handlers read the configuration in each place where they can.
fn strict() -> Made {
    Made::new(|_, events| {
        events.config::<Config>();
        events.emits(&lasting());
        events.on(&hook::update_status(), |_, _, cx| {
            cx.state("before").set(&1)?;
            cx.emit_durable(&lasting(), Lasting::new("a"))?;
            Ok(())
        });
        events.on(&hook::update_status(), |this, _, cx| {
            cx.state("dropped").set(&1)?;
            let config: Config = cx.config()?;
            this.see(format!("size {}", config.size));
            Ok(())
        });
        events.on(&lasting(), |this, _, cx| {
            let config: Config = cx.config()?;
            this.see(format!("event {}", config.size));
            Ok(Ack::Done)
        });
        events.on(&hook::any(), |this, _, _| {
            this.see("any");
            Ok(())
        });
        events.status(|_, _| Ok(Status::active("well")));
    })
}

#[test]
fn a_configuration_that_does_not_fit_blocks_the_unit_and_loses_nothing() {
    let charm = strict();
    let mut juju = charm.deploy();
    set(&mut juju, "size", json!(300));
    juju.settle().unwrap();
    charm.seen();
    let run = tick(&mut juju);
    assert_eq!(juju.status("app/0"), ("blocked", "configuration option size: out of range for u8, which is 0 to 255"));
    assert_eq!(charm.seen(), ["any"], "{run}");
    let state = juju.state("app/0");
    assert!(state.contains_key("juju-ops.before.0") && !state.contains_key("juju-ops.dropped.0"), "{state:?}");
    assert_eq!(testing::pending(&juju, "app/0").len(), 1);
    // The next hook brings it again, and it is the operator's to mend.
    tick(&mut juju);
    assert_eq!(juju.status("app/0").current, "blocked");
    set(&mut juju, "size", json!(30));
    juju.settle().unwrap();
    tick(&mut juju);
    assert_eq!(juju.status("app/0"), ("active", "well"));
    assert!(testing::pending(&juju, "app/0").is_empty());
}

#[test]
fn a_failing_config_get_is_an_error_of_the_hook_and_no_misfit() {
    let mut juju = strict().deploy();
    juju.inject("app/0", Fault::Absent("config-get".into())).unwrap();
    tick(&mut juju);
    assert_eq!(juju.status("app/0").current, "error");
}

#[test]
fn a_secret_option_is_read_as_a_secret() {
    #[derive(Deserialize)]
    struct WithSecret {
        token: Option<juju_ops::SecretId>,
    }
    let charm = Made::new(|_, events| {
        events.config::<WithSecret>();
        events.on(&hook::config_changed(), |this, _, cx| {
            let Some(id) = cx.config::<WithSecret>()?.token else { return Ok(()) };
            match cx.secret(&id).content() {
                Ok(content) => this.see(format!("{content:?}")),
                Err(error) => {
                    this.see(format!("denied {}, gone {}", error.is_permission_denied(), error.is_not_found()));
                }
            }
            Ok(())
        });
    });
    let config = "options: {token: {type: secret}}";
    let metadata = Charm::parse(crate::support::METADATA, Some(config), None).unwrap();
    let mut juju = testing::in_process(charm.clone(), metadata).unwrap();
    juju.add_unit("app").unwrap();
    juju.settle().unwrap();
    let secret = juju.add_secret("", &[("token", "hunter2")]).unwrap();
    set(&mut juju, "token", json!(secret));
    juju.settle().unwrap();
    assert_eq!(charm.seen(), ["denied true, gone false"]);
    juju.grant_secret(&secret, "app").unwrap();
    juju.settle().unwrap();
    assert!(charm.seen().iter().all(|seen| seen == r#"SecretContent {"token"}"#));
}
