//! What the compiler and the registration refuse, and what they say.

use std::path::Path;
use std::process::Command;

use expect_test::expect;
use juju_ops::{Ack, Observer, Observers, chain, hook, testing};
use juju_sim::Charm;
use magpie_peers::MagpiePeersRequirer;

use crate::support::METADATA;

const CHARM: &str = r"
use juju_ops::{Ack, BoxError, Context, Observer, Observers};
use magpie_peers::{MagpiePeersRequirer, PeerJoined};

pub struct Demo { peers: MagpiePeersRequirer }

impl Observer for Demo {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.peers);
        events.on(&self.peers.joined(), Self::peer_joined);
    }
}

impl Demo {
    fn peer_joined(&self, event: &PeerJoined, _: &Context) -> ANSWER {
        event.get_nodes()?;
        GIVEN
    }
}
";

/// Compiles the charm with an answer; what the compiler says.
fn compile(name: &str, answer: &str, given: &str) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target/compile");
    let dir = target.join(name);
    std::fs::create_dir_all(dir.join("src")).unwrap();
    let root_text = root.to_str().unwrap();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         juju-ops = {{ path = \"{root_text}/crates/juju-ops\" }}\nmagpie-peers = {{ path = \"{root_text}\" }}\n"
    );
    std::fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(dir.join("src/lib.rs"), CHARM.replace("ANSWER", answer).replace("GIVEN", given)).unwrap();
    std::fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["check", "--quiet", "--offline", "--color=never"])
        .env("CARGO_TARGET_DIR", target.join("target"))
        .env_remove("RUSTFLAGS")
        .current_dir(&dir)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn a_handler_that_forgets_the_acknowledgement_does_not_compile() {
    compile("acknowledging", "Result<Ack, BoxError>", "Ok(Ack::Done)").unwrap();
    let said = compile("forgetful", "Result<(), BoxError>", "Ok(())").unwrap_err();
    // The compiler's words differ from one version to the next; the types it names do not.
    for part in ["peer_joined", "events.on(&self.peers.joined(), Self::peer_joined)", "Result<Ack,", "Result<(),"] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
}

/// A charm that observes as a function says.
struct Observing(fn(&mut Observers<Observing>));

impl Observer for Observing {
    fn observe(&self, events: &mut Observers<Self>) {
        (self.0)(events);
    }
}

fn refused(observe: fn(&mut Observers<Observing>)) -> String {
    refused_with(METADATA, observe)
}

fn refused_with(metadata: &str, observe: fn(&mut Observers<Observing>)) -> String {
    let error = testing::in_process(Observing(observe), Charm::parse(metadata, None, None).unwrap()).unwrap_err();
    chain(&error).to_string()
}

fn peers() -> MagpiePeersRequirer {
    MagpiePeersRequirer::new("magpie")
}

#[test]
fn a_missing_handler_is_refused_at_registration() {
    expect!["durable event magpie-peers.magpie departed (magpie_peers::events::PeerDeparted) has no handler: register one with `events.on`"]
        .assert_eq(&refused(|events| {
            events.include(&peers());
            events.on(&peers().joined(), |_, _, _| Ok(Ack::Done));
        }));
}

#[test]
fn a_library_that_is_not_included_is_refused_at_registration() {
    expect![
        "magpie-peers.magpie joined is observed, and nothing declares that it emits it: its library object is not included"
    ]
    .assert_eq(&refused(|events| events.on(&peers().joined(), |_, _, _| Ok(Ack::Done))));
}

#[test]
fn an_endpoint_that_the_metadata_lacks_is_refused_by_the_test_helper() {
    expect!["the charm observes endpoint database, which its metadata lacks"]
        .assert_eq(&refused(|events| events.on(&hook::relation_joined("database"), |_, _, _| Ok(()))));
    expect![[r#""Not an endpoint" cannot be the name of an endpoint, a storage, a container or a resource"#]]
        .assert_eq(&refused(|events| events.on(&hook::relation_joined("Not an endpoint"), |_, _, _| Ok(()))));
}

#[test]
fn another_role_or_interface_is_refused_by_the_test_helper() {
    for (endpoint, is) in [
        ("peers: {magpie: {interface: magpie2}}", "peer of magpie2"),
        ("requires: {magpie: {interface: magpie}}", "requirer of magpie"),
    ] {
        let metadata = format!("{{name: magpie, summary: s, description: d, {endpoint}}}");
        let said = refused_with(&metadata, |events| {
            events.include(&peers());
            events.on(&peers().joined(), |_, _, _| Ok(Ack::Done));
            events.on(&peers().departed(), |_, _, _| Ok(Ack::Done));
        });
        assert_eq!(
            said,
            format!("endpoint magpie has to be a peer of interface magpie, and is a {is} in the metadata")
        );
    }
}
