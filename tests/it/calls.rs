//! The hook commands of the charms in `benches/calls`, whose counts `docs/hook-commands.md` shows beside those of Python.

use std::fmt::Write as _;
use std::path::Path;

use juju_ops::{Observer, testing};
use juju_sim::{Charm, Revision};

#[path = "../../benches/calls/bare/charm.rs"]
mod bare;
#[path = "../../benches/calls/full/charm.rs"]
mod full;
#[path = "../../benches/calls/plain/charm.rs"]
mod plain;
#[path = "../../benches/calls/scenario.rs"]
mod scenario;

use scenario::{Charms, Row};

fn revision(name: &str, charm: impl Observer) -> Revision {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/calls").join(name);
    testing::revision(charm, Charm::from_dir(dir).unwrap()).unwrap()
}

fn rows() -> Vec<Row> {
    let charms = Charms {
        bare: revision("bare", bare::Bare),
        plain: revision("plain", plain::Plain),
        full: revision("full", full::Full),
    };
    scenario::rows(&charms).unwrap()
}

#[test]
fn each_event_costs_the_hook_commands_that_it_needs() {
    let mut shown = String::new();
    for row in rows() {
        assert!(!row.outcome.starts_with("error"), "{}: {}", row.event, row.outcome);
        let names = row.commands.iter().filter_map(|argv| argv.first());
        let line = names.fold(format!("{}: {}", row.event, row.commands.len()), |line, name| line + " " + name);
        writeln!(shown, "{line}").unwrap();
    }
    expect_test::expect![[r#"
        `start`: sets the version and a status: 3 status-get application-version-set status-set
        `update-status`, not observed, no status function: 0
        `install`: shows a status while it works: 6 status-set is-leader config-get status-get status-set status-set
        `config-changed`, the first: opens a port: 4 config-get is-leader opened-ports open-port
        `start`: sets the version: 4 is-leader config-get status-get application-version-set
        `update-status`: both statuses are as they were: 2 is-leader config-get
        `config-changed`: nothing to do: 3 config-get is-leader opened-ports
        `config-changed`: another port, another status: 6 config-get is-leader opened-ports close-port open-port status-set
        `stop`, not observed: 0
        `storage-attached`: logs where it is: 4 state-get relation-ids status-get status-set
        `relation-created`: writes a key: 4 state-get relation-ids relation-get relation-set
        `leader-elected`: writes a key of the application: 6 is-leader relation-ids state-get relation-ids relation-get relation-set
        `start`, not observed: 3 state-get relation-ids status-get
        `relation-joined`: logs at DEBUG: 2 state-get relation-ids
        `relation-changed`: reads two keys: 3 relation-get state-get relation-ids
        `relation-departed`: logs at DEBUG: 2 state-get relation-ids
        `relation-created`: the leader adds and grants a secret: 7 is-leader secret-add secret-grant state-get relation-ids relation-get relation-set
        `relation-joined`: the leader writes a key of the application: 6 is-leader config-get state-get relation-ids relation-get relation-set
        `relation-changed`: writes a key: 4 state-get relation-ids relation-get relation-set
        `relation-changed`: writes a key that is so already: 3 state-get relation-ids relation-get
        `relation-joined`: writes its address of the network: 5 network-get state-get relation-ids relation-get relation-set
        `relation-changed`: it is too early, the event is put off: 5 state-get relation-get relation-get relation-ids state-set
        `update-status`: an event is pending, and is put off again: 4 state-get relation-get relation-get relation-ids
        `relation-changed`: reads a key of the unit, one of the application, a secret: 6 state-get relation-get relation-get secret-get relation-ids juju-log
        `secret-changed`: reads the new content: 3 secret-get state-get relation-ids
        `update-status`: nothing is pending: 2 state-get relation-ids
        an action: parameters, progress, results: 4 action-get action-log relation-ids action-set
        `upgrade-charm`: logs three lines at INFO: 4 state-get relation-ids status-get juju-log
        `relation-broken`: logs a line at INFO: 4 state-get relation-ids juju-log status-set
        `stop`: closes the ports: 3 state-get opened-ports close-port
    "#]]
    .assert_eq(&shown);
}

#[test]
fn the_documented_table_is_what_is_called_and_nowhere_above_python() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hook-commands.md");
    let document = std::fs::read_to_string(document).unwrap();
    let counts = |line: &str| -> Option<(String, Vec<usize>)> {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let event = cells.next()?.to_owned();
        let counts: Vec<usize> = cells.map_while(|cell| cell.parse().ok()).collect();
        (counts.len() == 4).then_some((event, counts))
    };
    let documented: Vec<(String, Vec<usize>)> = document.lines().filter_map(counts).collect();
    for (event, counts) in &documented {
        assert!(counts[1] <= counts[0], "{event}: above Python");
    }
    let ours = documented.iter().map(|(event, counts)| (event.as_str(), counts[1], counts[3]));
    let rows = rows();
    let called = rows.iter().map(|row| (row.event, row.commands.len(), row.without_log()));
    let sum = called.clone().fold(("all of them", 0, 0), |sum, row| (sum.0, sum.1 + row.1, sum.2 + row.2));
    assert_eq!(ours.collect::<Vec<_>>(), called.chain([sum]).collect::<Vec<_>>());
}
