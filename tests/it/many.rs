//! The charm's actions where there are more peers than fit one answer of Juju's.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use juju_ops::{Call, Ending, Env, Output, Transport, dispatch};
use magpie::Magpie;
use serde_json::{Value, json};

const PEERS: usize = 2500;
/// A host name as long as it may be.
const LABEL: &str = "a-very-long-label-of-a-host-that-somebody-has-given-a-long-name";

/// Juju for `magpie/0`, with many peers that have long names.
#[derive(Clone, Default)]
struct Crowd {
    params: BTreeMap<String, Value>,
    state: BTreeMap<String, String>,
    results: Rc<RefCell<Vec<String>>>,
}

impl Crowd {
    /// Runs the action `peers`; gives back its results and the longest argument it made.
    fn peers(mut self, offset: usize) -> (BTreeMap<String, String>, usize) {
        self.params.insert("offset".to_owned(), json!(offset));
        let vars = [("JUJU_DISPATCH_PATH", "actions/peers"), ("JUJU_UNIT_NAME", "magpie/0")];
        let exit = dispatch(&Magpie::default(), Env::from_vars(vars).unwrap(), self.clone());
        assert_eq!(exit.code(), 0);
        let arguments = self.results.take();
        let whole: usize = arguments.iter().map(String::len).sum();
        let pairs = arguments.iter().filter_map(|argument| argument.split_once('='));
        (pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(), whole)
    }
}

impl Transport for Crowd {
    fn call(&self, call: &Call) -> io::Result<Output> {
        let stdout = match &*call.command {
            "relation-ids" => json!(["magpie:0"]).to_string(),
            "relation-list" => json!((1..=PEERS).map(|unit| format!("magpie/{unit}")).collect::<Vec<_>>()).to_string(),
            "relation-get" => json!({"ingress-address": format!("{LABEL}.{LABEL}.{LABEL}.example")}).to_string(),
            "config-get" => json!({"network": ""}).to_string(),
            "state-get" => json!(self.state).to_string(),
            "status-get" => json!({"status": "active", "message": ""}).to_string(),
            "action-get" => json!(self.params).to_string(),
            "action-set" => {
                self.results.borrow_mut().extend(call.args.iter().cloned());
                String::new()
            }
            "status-set" | "state-set" => String::new(),
            other => panic!("{other} {:?} is not expected", call.args),
        };
        Ok(Output { ending: Ending::Exited(0), stdout: stdout.into_bytes(), stderr: Vec::new() })
    }

    fn debug(&self, _: &str) {}

    fn complain(&self, line: &str) {
        panic!("{line}");
    }
}

fn list(results: &BTreeMap<String, String>, key: &str) -> Vec<Value> {
    serde_json::from_str(&results[key]).unwrap()
}

#[test]
fn the_action_peers_shows_as_many_as_fit_and_says_where_the_next_are() {
    let (mut offset, mut shown) = (0, Vec::new());
    for _ in 0..PEERS {
        let (results, whole) = Crowd::default().peers(offset);
        assert!(whole < 100 << 10, "{whole}");
        assert_eq!(results["count"], PEERS.to_string());
        shown.extend(list(&results, "nodes").iter().map(|node| node["unit"].as_str().unwrap().to_owned()));
        match results.get("next-offset") {
            Some(next) => offset = next.parse().unwrap(),
            None => break,
        }
        assert_eq!(offset, shown.len());
    }
    let all: Vec<String> = (1..=PEERS).map(|unit| format!("magpie/{unit}")).collect();
    assert_eq!(shown, all);
    // Past the end there is nothing, and no error.
    let (results, _) = Crowd::default().peers(PEERS * 2);
    assert_eq!((results["nodes"].as_str(), results.get("next-offset")), ("[]", None));
}

#[test]
fn the_action_peers_shows_as_many_pending_events_as_fit() {
    let event = |unit: usize| {
        let (subject, error) = (format!("magpie/{unit}"), "\u{1}".repeat(1000));
        let (topic, name) = ("magpie-peers.magpie", "joined");
        let event = json!({"unit": subject, "endpoint": "magpie"});
        json!({"v": 1, "topic": topic, "name": name, "subject": subject, "since": 1, "attempts": 3, "error": error, "event": event})
            .to_string()
    };
    let text: Vec<String> = (1..=40).map(event).collect();
    let state = BTreeMap::from([("juju-ops.pending.0".to_owned(), text.join("\n"))]);
    let (results, whole) = Crowd { state, ..Crowd::default() }.peers(0);
    assert!(whole < 100 << 10, "{whole}");
    let pending = list(&results, "pending");
    assert_eq!((pending[0]["unit"].as_str(), pending[0]["attempts"].as_u64()), (Some("magpie/1"), Some(3)));
    let more: usize = results.get("more-pending").map_or(0, |more| more.parse().unwrap());
    assert!(more > 0, "{more}");
    assert_eq!(pending.len() + more, 40);
}
