//! The actions of the charm, on three hosts of which one has the wrong name in DNS.

use std::time::{Duration, Instant};

use juju_sim::World;
use serde_json::{Value, json};

use crate::model::{deploy, passes, until};
use crate::net::{self, Net};

/// What an action answers, by key.
fn answer(juju: &mut World, name: &str, params: Value) -> Value {
    let result = juju.run_action("magpie/0", name, params).unwrap();
    assert_eq!(result.status, "completed", "{name}: {}", result.message);
    json!(result.results)
}

/// The JSON text under `output`.
fn output(answer: &Value) -> Value {
    serde_json::from_str(answer["output"].as_str().unwrap()).unwrap()
}

/// Why an action fails.
fn refusal(juju: &mut World, name: &str, params: Value) -> String {
    let result = juju.run_action("magpie/0", name, params).unwrap();
    assert_eq!(result.status, "failed", "{name}: {:?}", result.results);
    result.message
}

#[test]
fn each_action_says_what_is_there_and_refuses_what_cannot_be() {
    if !net::is_possible("actions::each_action_says_what_is_there_and_refuses_what_cannot_be") {
        return;
    }
    let mut net = Net::new(4);
    net.narrow(2, 1400);
    net.serve_names(Some(2));
    // The service measures nobody, so that what is measured below is never busy; it listens all the same.
    let mut juju = deploy(&net, "actions", 3, &[("check_iperf", false.into()), ("dns_server", "10.0.0.254".into())]);
    until(&mut juju, "magpie/0", |it| it.1.contains("dns failed: 2 match") && it.1.contains("mtu 1400 < 1500: 2"));

    let found = output(&answer(&mut juju, "info", json!({ "required-mtu": 9000 })));
    assert_eq!(found["primary iface"], "eth0", "{found}");
    assert_eq!(found["mtu"], json!({ "local mtu": 1500, "required": 9000, "ok": false }));
    assert_eq!(found["mac"].as_str().unwrap().split(':').count(), 6, "{found}");
    assert_eq!(found["routes"]["magpie/1"]["source"], "10.0.0.1", "{found}");
    assert!(found["lldp"]["port description"].as_str().unwrap().starts_with("unknown: "), "{found}");
    assert!(found["hostname"]["hostname"].as_str().is_some_and(|name| !name.is_empty()), "{found}");
    assert_eq!(found["bonds"]["checked"], false);
    let found = output(&answer(&mut juju, "info", json!({ "bonds-to-check": "bond7" })));
    assert_ne!(found["bonds"]["bonds"]["bond7"], "ok", "{found}");
    assert!(found["bonds"]["bonds"]["bond7"].is_string(), "{found}");

    let found = answer(&mut juju, "ping", json!({ "tries": 3, "timeout": 1 }));
    assert_eq!(output(&found), json!({ "magpie/1": "ok", "magpie/2": "ok" }));
    assert_eq!(found["failed"], "");
    let found = answer(&mut juju, "ping", json!({ "tries": 3, "timeout": 1, "required-mtu": 1500 }));
    assert_eq!(output(&found), json!({ "magpie/1": "ok", "magpie/2": "0/3 packets received" }));
    assert_eq!(found["failed"], "magpie/2");
    assert_eq!(found["path-mtu"], "{\"magpie/1\":1500,\"magpie/2\":1400}");
    assert_eq!(
        refusal(&mut juju, "ping", json!({ "timeout": 0 })),
        "parameter timeout: nothing can come back in no time"
    );
    // Juju itself holds numbers against the metadata.
    assert!(juju.run_action("magpie/0", "ping", json!({ "tries": 0 })).is_err());
    assert!(juju.run_action("magpie/0", "ping", json!({ "timeout": -1 })).is_err());

    let found = answer(&mut juju, "dns", json!({ "server": "10.0.0.254" }));
    assert_eq!(found["failed"], "magpie/2");
    let of = output(&found);
    assert_eq!(of["magpie/1"]["reverse"]["hostnames"], json!(["node-1.maas"]), "{of}");
    assert_eq!(of["magpie/1"]["forward"]["node-1.maas"]["match"], true, "{of}");
    assert_eq!(of["magpie/2"]["forward"]["node-3.maas"]["match"], false, "{of}");
    assert_eq!(refusal(&mut juju, "dns", json!({ "server": "no server" })).split(':').next(), Some("parameter server"));
    let silent = answer(&mut juju, "dns", json!({ "server": "10.0.0.99", "timeout": 1 }));
    assert_eq!(silent["failed"], "magpie/1 magpie/2");

    // What a parameter is not is refused before anything is measured.
    for (name, value) in [
        ("units", json!("magpie/9")),
        ("concurrency-progression", json!("2 x")),
        ("min-speed", json!("fast")),
        ("network-cidr", json!("10.0.0.0/99")),
    ] {
        let why = refusal(&mut juju, "iperf", json!({ name: value }));
        assert!(why.starts_with(&format!("parameter {name}: ")), "{why}");
    }
    let start = Instant::now();
    let measured = json!({
        "units": "magpie/1", "batch-time": 1, "total-run-time": 3, "concurrency-progression": "1 2",
        "min-speed": "1000000",
    });
    let found = answer(&mut juju, "iperf", measured);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert_eq!(found["failed"], "magpie/1", "nothing is that fast");
    let all = output(&found);
    let all = all.as_array().unwrap();
    let streams: Vec<u64> = all.iter().map(|it| it["concurrency"].as_u64().unwrap()).collect();
    assert!(streams.len() >= 2 && streams[0] == 1 && streams[streams.len() - 1] == 2, "{streams:?}");
    for it in all {
        assert_eq!((&it["dest_node"], &it["dest_ip"]), (&json!("magpie/1"), &json!("10.0.0.2")), "{it}");
        assert_eq!((&it["src_ip"], &it["src_interface"]), (&json!("10.0.0.1"), &json!("eth0")), "{it}");
        let (bits, bytes) = (it["bits_per_second"].as_f64().unwrap(), it["transferred_bytes"].as_f64().unwrap());
        assert!(bits > 1e6 && bytes > 1e5, "{it}");
        assert!((it["Mbits_per_second"].as_f64().unwrap() - bits / 1e6).abs() <= 0.5, "{it}");
        assert!(it["min_speed_check"]["message"].as_str().unwrap().starts_with("failed: "), "{it}");
    }
    let stalled = json!({ "units": "magpie/2", "batch-time": 1, "total-run-time": 1, "concurrency-progression": "1" });
    let found = answer(&mut juju, "iperf", stalled);
    assert_eq!((&found["failed"], &output(&found)[0]["error"]), (&json!("magpie/2"), &json!("stalls")));

    let found = answer(&mut juju, "listen", json!({}));
    assert_eq!((&found["addresses"], found["port"].to_string().trim_matches('"')), (&json!("10.0.0.1"), "5001"));
    assert_eq!(
        refusal(&mut juju, "listen", json!({ "network-cidr": "192.0.2.0/24" })),
        "this unit has no address to listen at there"
    );
    assert!(refusal(&mut juju, "listen", json!({ "network-cidr": "x" })).starts_with("parameter network-cidr: "));

    assert_eq!(answer(&mut juju, "advertise", json!({}))["addresses"], "10.0.0.1");
    assert_eq!(juju.bag("magpie", "magpie/0").unwrap()["iperf_addresses"], "[\"10.0.0.1\"]");

    // A server that is no longer there is no longer claimed.
    assert!(juju.bag("magpie", "magpie/0").unwrap().contains_key("iperf.server"));
    juju.set_config("magpie", "iperf_listen_cidr", Some("192.0.2.0/24".into())).unwrap();
    let bag =
        passes(&mut juju, |juju| juju.bag("magpie", "magpie/0").unwrap(), |bag| !bag.contains_key("iperf.server"));
    assert!(!bag.contains_key("iperf.server"));
}
