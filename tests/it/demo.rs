//! The README's first command, with this repository's charm.

use std::path::Path;
use std::process::Command;

use juju_sim::cargo::{self, Profile};

/// What `juju-sim demo` says of the charm in this repository.
fn demo(name: &str, arguments: &[&str]) -> String {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(cargo::binary("magpie-charm", Profile::Dev).unwrap(), dir.join("dispatch")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(root.join("metadata.yaml"), dir.join("metadata.yaml")).unwrap();
    let config = "options:\n  network: {type: string, description: d}\n";
    std::fs::write(dir.join("config.yaml"), config).unwrap();
    std::fs::write(dir.join("actions.yaml"), "peers: {description: d}\n").unwrap();
    let sim = cargo::binary("juju-sim", Profile::Dev).unwrap();
    let mut command = Command::new(sim);
    command.args(["demo", "--charm"]).arg(&dir).args(arguments).env("NO_COLOR", "1");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    text
}

#[test]
fn the_readme_shows_what_the_demonstration_says() {
    let told = demo("demo-short", &[]);
    assert!(told.lines().count() < 24, "{told}");
    // The seconds are those of another machine.
    let (account, _) = told.rsplit_once(", ").unwrap();
    let shown = format!("\n$ cargo run --release -p juju-sim -- demo\n{account}, ");
    assert!(include_str!("../../README.md").contains(&shown), "{told}");
}

#[test]
fn the_demonstration_shows_events_held_and_acknowledged_and_ends_with_active_units() {
    let text = demo("demo", &["--verbose"]);
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in:\n{text}"));
    let held = place("PeerJoined magpie/3: held until its relation-changed");
    let acknowledged = place("redelivered magpie-peers.magpie joined magpie/3:");
    assert!(held < acknowledged);
    place("PeerJoined magpie/1: acknowledged; 2 peers");
    place("PeerDeparted magpie/1 from 10.0.0.2: acknowledged; 2 peers");
    place("called  state-get relation-ids relation-list");
    let table = &text[place("Unit       Workload")..];
    assert_eq!(table.matches(" active    idle   Ready, with 2 peers").count(), 3, "{table}");
}
