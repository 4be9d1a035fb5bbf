//! Subordinates: their units are where their principals are.

use juju_sim::{HookRun, Revision, World};

use crate::support::{hooks, revision};

const PRINCIPAL: &str = "{name: web, provides: {logs: {interface: logging, scope: container}}}";
const SUBORDINATE: &str = "
name: agent
subordinate: true
requires:
  logs: {interface: logging, scope: container}
peers:
  all: {interface: agents}
";
const INFO: &str = "{name: agent, subordinate: true, requires: {host: {interface: juju-info, scope: container}}}";

fn agent() -> Revision {
    revision(SUBORDINATE, |hook| {
        if hook.name() == "logs-relation-changed" {
            hook.0.tools.stdout(&format!(
                "{} {}",
                hook.var("JUJU_PRINCIPAL_UNIT").unwrap(),
                hook.call("relation-list")
            ));
        }
    })
}

#[test]
fn each_principal_gets_a_unit_that_sees_only_it() {
    let mut juju = World::new(1);
    juju.deploy("web", revision(PRINCIPAL, |_| {})).unwrap();
    juju.add_unit("web").unwrap();
    assert!(juju.deploy("agent", agent()).unwrap().is_empty());
    assert!(juju.add_unit("agent").unwrap_err().to_string().contains("by its relations"));
    let logs = juju.integrate("agent:logs", "web:logs").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.units_of("agent"), ["agent/0", "agent/1"]);
    assert_eq!(juju.members("agent/0", logs).unwrap(), ["web/0"]);
    assert_eq!(juju.members("web/1", logs).unwrap(), ["agent/1"]);
    // Peers see all of their application.
    assert_eq!(juju.members("agent/0", "agent:all").unwrap(), ["agent/1"]);
    let said: Vec<String> = juju.log().into_iter().map(|line| format!("{} {}", line.unit, line.text)).collect();
    assert!(said.contains(&"agent/1 web/1 web/1".to_owned()), "{said:?}");
    // A new principal brings its own.
    juju.add_unit("web").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.members("web/2", logs).unwrap(), ["agent/2"]);
}

#[test]
fn a_principal_waits_for_its_subordinates_and_a_removed_relation_takes_them_along() {
    let mut juju = World::new(1);
    juju.deploy("web", revision(PRINCIPAL, |_| {})).unwrap();
    juju.add_unit("web").unwrap();
    juju.deploy("agent", agent()).unwrap();
    let logs = juju.integrate("agent", "web").unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    juju.remove_unit("web/0").unwrap();
    juju.settle().unwrap();
    assert_eq!((juju.units_of("web"), juju.units_of("agent")), (vec!["web/1".to_owned()], vec!["agent/1".to_owned()]));
    let last: Vec<_> = juju.runs().iter().map(HookRun::title).filter(|title| title.ends_with("remove")).collect();
    assert!(last.contains(&"agent/0 remove".to_owned()) && last.contains(&"web/0 remove".to_owned()), "{last:?}");
    juju.remove_relation(logs).unwrap();
    juju.settle().unwrap();
    assert!(juju.units_of("agent").is_empty());
    assert_eq!(juju.units_of("web"), ["web/1"]);
}

#[test]
fn the_implicit_endpoint_relates_any_charm_and_runs_no_hooks_there() {
    let mut juju = World::new(1);
    juju.deploy("web", revision("name: web", |_| {})).unwrap();
    juju.deploy("agent", revision(INFO, |_| {})).unwrap();
    let info = juju.integrate("agent:host", "web").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.members("agent/0", info).unwrap(), ["web/0"]);
    assert!(hooks(&juju, "web/0").iter().all(|hook| !hook.contains("juju-info")), "{}", juju.transcript());
    assert!(hooks(&juju, "agent/0").contains(&format!("host-relation-changed host:{info} web/0")));
    juju.remove_relation(info).unwrap();
    juju.settle().unwrap();
    assert!(juju.units_of("agent").is_empty());
    assert!(juju.relation("agent:host").is_err());
}

#[test]
fn either_side_can_be_played() {
    // The principal has no code, the subordinate has.
    let mut juju = World::new(1);
    juju.deploy("agent", agent()).unwrap();
    juju.play("web", "agent:logs").unwrap();
    juju.settle().unwrap();
    assert!(
        hooks(&juju, "agent/0").iter().any(|hook| hook == "logs-relation-joined logs:1 web/0"),
        "{:?}",
        hooks(&juju, "agent/0")
    );

    // Over the endpoint that every application has.
    let mut juju = World::new(1);
    juju.deploy("agent", revision(INFO, |_| {})).unwrap();
    let host = juju.play("web", "agent:host").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.members("agent/0", host).unwrap(), ["web/0"]);

    // The subordinate has no code, the principal has.
    let mut juju = World::new(1);
    juju.deploy("web", revision(PRINCIPAL, |_| {})).unwrap();
    let logs = juju.play("agent", "web:logs").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.members("web/0", logs).unwrap(), ["agent/0"]);
    assert!(juju.runs().iter().all(|run| run.unit == "web/0"));
}

#[test]
fn a_subordinates_unit_is_not_removed_by_itself_and_goes_with_a_principal_that_is_removed_by_force() {
    let mut juju = World::new(1);
    juju.deploy("web", revision(PRINCIPAL, |_| {})).unwrap();
    juju.add_unit("web").unwrap();
    juju.deploy("agent", agent()).unwrap();
    juju.integrate("agent", "web").unwrap();
    juju.settle().unwrap();
    for error in [juju.remove_unit("agent/0").unwrap_err(), juju.remove_unit_by_force("agent/0").unwrap_err()] {
        let why = "remove agent/0: it is a subordinate's, and goes with its relation or its principal";
        assert_eq!(error.to_string(), why);
    }
    juju.clear_transcript();
    juju.remove_unit_by_force("web/0").unwrap();
    assert_eq!(juju.units(), ["agent/1", "web/1"]);
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "agent/1").last().unwrap(), "all-relation-departed all:0 agent/0");
}

#[test]
fn a_relation_that_is_there_again_brings_its_subordinates_back() {
    let mut juju = World::new(1);
    juju.deploy("web", revision(PRINCIPAL, |_| {})).unwrap();
    juju.deploy("agent", agent()).unwrap();
    let logs = juju.integrate("agent", "web").unwrap();
    juju.settle().unwrap();
    juju.remove_relation_by_force(logs).unwrap();
    let logs = juju.integrate("agent", "web").unwrap();
    assert_eq!(juju.units_of("agent"), ["agent/0"]);
    juju.settle().unwrap();
    assert_eq!(juju.units_of("agent"), ["agent/1"]);
    assert_eq!(juju.members("web/0", logs).unwrap(), ["agent/1"]);
}

#[test]
fn a_principal_that_is_going_gets_no_subordinate() {
    let mut juju = World::new(1);
    juju.deploy("web", revision(PRINCIPAL, |_| {})).unwrap();
    juju.add_unit("web").unwrap();
    juju.settle().unwrap();
    juju.deploy("agent", agent()).unwrap();
    juju.remove_unit("web/0").unwrap();
    juju.integrate("agent", "web").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.units(), ["agent/0", "web/1"]);
}
