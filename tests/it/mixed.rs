//! Charms of both kinds in one model: values of this process, and executables.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use juju_ops::{Observer, Observers, Status, hook, testing};
use juju_sim::{Charm, Revision, World};

/// A charm that shows the address that it is told.
struct Client;

impl Observer for Client {
    fn observe(&self, events: &mut Observers<Self>) {
        events.on(&hook::relation_changed("web"), |_, event, cx| {
            let relations = cx.relations("web")?;
            let relation = relations.iter().find(|relation| relation.id() == event.relation());
            let bag = relation.zip(event.unit()).map(|(relation, unit)| relation.bag(unit));
            let told = bag.map(|bag| bag.get("url")).transpose()?.flatten();
            let status = told.map_or(Status::waiting("no url yet"), Status::active);
            Ok(cx.unit().set_status(status)?)
        });
    }
}

/// A charm of shell that tells its address, and its version.
fn web(version: u32) -> Revision {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mixed-{version}"));
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("metadata.yaml"), "{name: web, summary: s, description: d, provides: {web: {interface: http}}}")
        .unwrap();
    let text = format!(
        "#!/bin/sh -e\nif [ -n \"$JUJU_RELATION_ID\" ]; then relation-set url=\"v{version} $JUJU_UNIT_NAME\"; fi\n"
    );
    fs::write(dir.join("dispatch"), text).unwrap();
    fs::set_permissions(dir.join("dispatch"), fs::Permissions::from_mode(0o755)).unwrap();
    Revision::executable(&dir).unwrap()
}

#[test]
fn a_value_and_an_executable_speak_over_a_relation() {
    let metadata = Charm::parse("{name: client, requires: {web: {interface: http}}}", None, None).unwrap();
    let mut juju = World::new(0);
    juju.deploy("web", web(1)).unwrap();
    juju.deploy("client", testing::revision(Client, metadata).unwrap()).unwrap();
    juju.integrate("client:web", "web:web").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("client/0"), ("active", "v1 web/0"));

    // A rolling upgrade: a new unit is of the new revision while the old one still stands.
    juju.hold("web/0", juju_sim::Observation::Upgrade).unwrap();
    juju.refresh("web", web(2)).unwrap();
    juju.add_unit("web").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.bag("client:web", "web/0").unwrap()["url"], "v1 web/0");
    assert_eq!(juju.bag("client:web", "web/1").unwrap()["url"], "v2 web/1");
}

/// The Magpie charm on `charms.reactive`, as far as others see it: openstack/charm-magpie 8b6ecb3. Its units other than the
/// leader start a server when they have a peer; the action `advertise` was run on all of them.
fn reactive() -> Revision {
    let metadata = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("metadata.yaml")).unwrap();
    Revision::in_process(Charm::parse(&metadata, None, None).unwrap(), |charm| {
        if charm.var("JUJU_HOOK_NAME") == Some("magpie-relation-joined") {
            let address = charm.tools.call(&["unit-get", "private-address"], None).stdout;
            let address = String::from_utf8(address).unwrap();
            let addresses = format!("iperf_addresses=[\"{}\", \"127.0.0.1\"]", address.trim());
            let output = charm.tools.call(&["relation-set", "iperf.server=True", &addresses], None);
            return juju_sim::ProgramEnd::Exit(output.code);
        }
        juju_sim::ProgramEnd::Exit(0)
    })
}

#[test]
fn a_deployment_of_the_reactive_charm_is_upgraded_one_unit_at_a_time() {
    let mut juju = World::of_one(reactive(), 0).unwrap();
    for _ in 0..3 {
        juju.add_unit("magpie").unwrap();
    }
    juju.settle().unwrap();
    let ours = Charm::from_project(env!("CARGO_MANIFEST_DIR")).unwrap();
    for unit in ["magpie/1", "magpie/2"] {
        juju.hold(unit, juju_sim::Observation::Upgrade).unwrap();
    }
    juju.refresh("magpie", testing::revision(magpie::Magpie::default(), ours).unwrap()).unwrap();
    for upgraded in 0..3 {
        let unit = format!("magpie/{upgraded}");
        juju.release(&unit).unwrap();
        juju.settle().unwrap();
        // Every peer was announced anew, and is known, of either kind.
        assert_eq!(juju.status(&unit), ("active", "Ready, with 2 peers"));
        for other in 0..3 {
            let bag = juju.bag("magpie", &format!("magpie/{other}")).unwrap();
            assert_eq!(bag.contains_key("iperf.server"), other > upgraded, "magpie/{other} after {unit}");
            assert!(bag["iperf_addresses"].contains(&format!("10.0.0.{}", other + 1)), "{bag:?}");
        }
    }
    // Lines that follow each other are one record.
    let announced: usize = juju.log().iter().map(|line| line.text.matches(": acknowledged; 2 peers").count()).sum();
    assert_eq!(announced, 6);
}
