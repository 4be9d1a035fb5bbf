//! The charm in the simulator, each unit on a host of its own: it names the links that are bad, and no other.

use std::fs;
use std::io::Read;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use juju_sim::{HookRun, World};
use lzma_rust2::XzReader;

use crate::model::{deploy, passes, until};
use crate::net::{self, Net};

#[test]
fn three_units_are_well_and_a_link_that_breaks_is_found_and_cleared() {
    if !net::is_possible("mesh::three_units_are_well_and_a_link_that_breaks_is_found_and_cleared") {
        return;
    }
    let mut net = Net::new(3);
    net.serve_names(None);
    let config = [("dns_server", "10.0.0.254".into()), ("ping_tries", 5.into()), ("ping_timeout", 1.into())];
    let mut juju = deploy(&net, "three", 3, &config);
    eprintln!("three units, each on a host of its own");
    assert_eq!(juju.status("magpie/0").current, "waiting");
    // Who has joined is held until it has been checked.
    let logged =
        |juju: &World, text: &str| juju.runs().iter().flat_map(HookRun::log).any(|(_, line)| line.contains(text));
    for peer in ["magpie/1", "magpie/2"] {
        assert!(logged(&juju, &format!("PeerJoined {peer}: held until it has been checked")), "{peer}");
    }

    let well = |it: &(String, String)| it.1.contains("speed ok");
    for unit in ["magpie/0", "magpie/1", "magpie/2"] {
        let shown = until(&mut juju, unit, well);
        assert!(shown.0 == "active" && shown.1.starts_with("icmp ok, dns ok, mtu ok: 1500, speed ok: "), "{shown:?}");
        eprintln!("  {unit}  {}: {}", shown.0, shown.1);
    }
    for peer in ["magpie/1", "magpie/2"] {
        assert!(logged(&juju, &format!("PeerJoined {peer}: acknowledged")), "{peer}");
    }
    let peers = juju.run_action("magpie/0", "peers", serde_json::json!({})).unwrap();
    assert_eq!(peers.results["pending"], "[]");
    assert!(juju.bag("magpie", "magpie/0").unwrap().contains_key("iperf.server"));
    assert!(juju.bag("magpie", "magpie/0").unwrap()["magpie-results"].len() < 200);

    // The observability stack is told as the Python library tells it.
    let agent = juju.play("grafana-agent", "magpie:cos-agent").unwrap();
    juju.settle().unwrap();
    observed(&juju.bag(agent, "magpie/0").unwrap()["config"]);

    net.cut(2);
    net.filter(1, true);
    let failed = until(&mut juju, "magpie/0", |it| it.1.starts_with("icmp failed: 1"));
    assert_eq!(failed.0, "blocked");
    assert!(failed.1.starts_with("icmp failed: 1 0/5 (udp ok), 2 0/5; dns ok, mtu ok: 1500"), "{failed:?}");
    eprintln!("magpie/2 is cut off, and magpie/1 lets no ping through\n  magpie/0  {}: {}", failed.0, failed.1);
    let failed = until(&mut juju, "magpie/2", |it| it.1.starts_with("icmp failed"));
    assert!(failed.1.starts_with("icmp failed: 0 0/5, 1 0/5"), "{failed:?}");
    eprintln!("  magpie/2  {}: {}", failed.0, failed.1);

    net.mend(2);
    net.filter(1, false);
    let shown = until(&mut juju, "magpie/0", |it| it.0 == "active");
    assert!(shown.1.starts_with("icmp ok, dns ok, mtu ok: 1500, speed ok: "), "{shown:?}");
    eprintln!("both are as they were\n  magpie/0  {}: {}", shown.0, shown.1);

    // Who leaves takes its results away, and its service with it.
    juju.remove_unit("magpie/2").unwrap();
    juju.settle().unwrap();
    let left = until(&mut juju, "magpie/0", |it| it.0 == "active");
    assert!(left.1.starts_with("icmp ok, dns ok, mtu ok: 1500, speed ok: "), "{left:?}");
    let report = juju.run_action("magpie/0", "report", serde_json::json!({})).unwrap();
    let found: serde_json::Value = serde_json::from_str(report.results["output"].as_str().unwrap()).unwrap();
    assert_eq!(found["0"].as_object().unwrap().keys().collect::<Vec<_>>(), ["1"], "{found}");
    assert!(net.is_empty_within(2, Duration::from_secs(15)), "its service goes on");
}

/// What `CosAgentProviderUnitData` of `charms.grafana_agent.v0.cos_agent` has.
fn observed(text: &str) {
    let config: serde_json::Value = serde_json::from_str(text).unwrap();
    let keys: Vec<&String> = config.as_object().unwrap().keys().collect();
    let known =
        ["dashboards", "log_alert_rules", "log_slots", "metrics_alert_rules", "metrics_scrape_jobs", "subordinate"];
    assert_eq!(keys, known);
    let job = &config["metrics_scrape_jobs"][0];
    assert_eq!((&job["job_name"], &job["metrics_path"]), (&"magpie_0".into(), &"/metrics".into()));
    assert!(job["static_configs"][0]["targets"][0].as_str().unwrap().starts_with("localhost:80"), "{job}");
    let group = &config["metrics_alert_rules"]["groups"][0];
    assert_eq!(group["name"], "default_5e1f0c4e_magpie_magpie_network");
    let labels = &group["rules"][0]["labels"];
    assert_eq!((&labels["severity"], &labels["juju_application"]), (&"critical".into(), &"magpie".into()));
    let packed = STANDARD.decode(config["dashboards"][0].as_str().unwrap()).unwrap();
    let mut dashboard = String::new();
    XzReader::new(packed.as_slice(), false).read_to_string(&mut dashboard).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert_eq!(dashboard["title"], "Magpie Network Benchmarking");
}

#[test]
fn each_faulty_link_is_named_and_no_other() {
    if !net::is_possible("mesh::each_faulty_link_is_named_and_no_other") {
        return;
    }
    let mut net = Net::new(7);
    net.narrow(2, 1400);
    net.lose(3, 30);
    net.delay(4, 10);
    net.limit(5, 100);
    net.serve_names(Some(6));
    let config = [("dns_server", "10.0.0.254".into()), ("min_speed", "400".into()), ("max_latency", 15.0.into())];
    let mut juju = deploy(&net, "seven", 7, &config);
    let done =
        |it: &(String, String)| it.1.contains(" 5 9") && it.1.contains("dns failed") && it.1.contains("mtu 1400");
    let (current, message) = until(&mut juju, "magpie/0", done);
    assert_eq!(current, "blocked");
    let parts: Vec<&str> = message.split("; ").collect();
    let part = |begins: &str| {
        let found = parts.iter().find_map(|part| part.strip_prefix(begins));
        found.unwrap_or_else(|| panic!("{begins} is not in {message}")).to_owned()
    };
    let lost = part("icmp failed: ");
    assert!(lost.starts_with("3 ") && lost.ends_with("/20") && !lost.contains(','), "{message}");
    let slow = part("latency failed: ");
    let trip: f64 = slow.strip_prefix("4 ").and_then(|it| it.strip_suffix(" ms")).unwrap_or(&slow).parse().unwrap();
    assert!((20.0..200.0).contains(&trip), "{message}");
    assert_eq!(part("dns failed: "), "6 match", "{message}");
    assert_eq!(part("mtu 1400 < 1500: "), "2", "{message}");
    // Loss and delay slow a link down too, and where large packets are lost unseen nothing gets through.
    let units = part("speed failed: ");
    let units: Vec<&str> = units.split(", ").filter_map(|of| of.split(' ').next()).collect();
    assert!(units.contains(&"5") && units.iter().all(|unit| ["2", "3", "4", "5"].contains(unit)), "{message}");
    eprintln!("magpie/0: {message}");

    // What all of them found, drawn by one, when all have told it.
    let report = passes(
        &mut juju,
        |juju| juju.run_action("magpie/0", "report", serde_json::json!({})).unwrap(),
        |report| {
            let table = report.results["table"].as_str().unwrap();
            table.contains("7 units, 42 links checked") && table.contains("\n6 -> 2 ")
        },
    );
    let table = report.results["table"].as_str().unwrap();
    assert!(table.contains("\n0 -> 2 "), "{table}");
    assert!(!table.contains("\n0 -> 1 ") && !table.contains("\n1 -> 0 "), "{table}");
    let page = fs::read_to_string(report.results["html"].as_str().unwrap()).unwrap();
    assert!(page.contains("title=\"0 to 4: ") && page.contains("<h2>Path MTU, bytes</h2>"));
    eprintln!("{table}");
}
