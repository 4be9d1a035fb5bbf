//! One unit among two hundred, of which all but two are away.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::model::{deploy, until};
use crate::net::{self, Net};

#[test]
fn two_hundred_peers_of_which_two_are_there() {
    if !net::is_possible("many::two_hundred_peers_of_which_two_are_there") {
        return;
    }
    let net = Net::new(3);
    let mut juju = deploy(&net, "many", 1, &[("check_dns", false.into())]);
    for _ in 0..200 {
        juju.add_played_unit("magpie").unwrap();
    }
    // No hook waits for any of them.
    let start = Instant::now();
    juju.settle().unwrap();
    let hooks = start.elapsed();
    let (current, message) = until(&mut juju, "magpie/0", |it| it.1.starts_with("icmp failed: "));
    let shown = start.elapsed();
    assert_eq!(current, "blocked");
    assert!(message.starts_with("icmp failed: 3 ") && message.contains(" and 193 more"), "{message}");
    assert!(message.len() < 400, "{message}");
    eprintln!("200 peers: hooks in {hooks:.1?}, the status says what is wrong after {shown:.1?}: {message}");
    assert!(shown < Duration::from_secs(120), "{shown:?}");

    // What the peers are told of them stays small, and the report has all.
    let bag = juju.bag("magpie", "magpie/0").unwrap();
    let told: usize = bag.iter().map(|(key, value)| key.len() + value.len()).sum();
    assert!(told < 16 << 10, "{told} bytes");
    let report = juju.run_action("magpie/0", "report", json!({})).unwrap();
    assert_eq!(report.status, "completed");
    let table = report.results["table"].as_str().unwrap();
    assert!(table.contains("201 units, 200 links checked, 198 with something wrong"), "{table}");
}
