//! What a unit tells its peers of itself, and keeps telling whatever becomes of one hook.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use expect_test::expect;
use juju_ops::{Ack, Observer, Observers, Status, hook, testing};
use juju_sim::{Address, Charm, Fault, Network, Retry, World};
use magpie_peers::{MagpiePeersRequirer, OwnAddresses};

use crate::support::{METADATA, run_to, tick};

/// A charm that advertises its addresses, and has iperf or not.
#[derive(Clone)]
struct Teller {
    peers: MagpiePeersRequirer,
    iperf: Rc<Cell<bool>>,
}

impl Observer for Teller {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.peers);
        events.on(&self.peers.joined(), |_, _, _| Ok(Ack::Done));
        events.on(&self.peers.departed(), |_, _, _| Ok(Ack::Done));
        events.on(&hook::any(), |this, _, cx| {
            this.peers.advertise_own_addresses(cx)?;
            match this.iperf.get() {
                true => this.peers.set_iperf_server_ready(cx)?,
                false => this.peers.withdraw_iperf_claims(cx)?,
            }
            Ok(())
        });
        events.status(|this, cx| {
            let own = this.peers.own_addresses(cx)?;
            Ok(match own {
                OwnAddresses::Told(_) => Status::active(own.to_string()),
                _ => Status::waiting(own.to_string()),
            })
        });
    }
}

impl Teller {
    fn new() -> Self {
        Self { peers: MagpiePeersRequirer::new("magpie"), iperf: Rc::default() }
    }

    fn world(&self) -> World {
        testing::in_process(self.clone(), metadata()).unwrap()
    }

    fn deploy(&self) -> World {
        let mut juju = self.world();
        juju.add_unit("magpie").unwrap();
        juju.settle().unwrap();
        juju.clear_transcript();
        juju
    }
}

fn metadata() -> Charm {
    Charm::parse(METADATA, None, None).unwrap()
}

fn advertised(juju: &World) -> String {
    juju.bag("magpie", "magpie/0").unwrap().get("iperf_addresses").cloned().unwrap_or_default()
}

/// Lets one hook fail, and has it skipped.
fn skip(juju: &mut World, hook: &str) {
    juju.inject("magpie/0", Fault::Fail).unwrap();
    let run = juju.step_unit("magpie/0").unwrap();
    assert!(run.title().contains(hook), "{}", run.title());
    juju.resolve("magpie/0", Retry::NoRetry).unwrap();
}

#[test]
fn a_unit_whose_first_hooks_were_skipped_advertises_in_the_next_one() {
    let mut juju = Teller::new().world();
    juju.add_unit("magpie").unwrap();
    run_to(&mut juju, "magpie/0", "install");
    for hook in ["relation-created", "leader-elected", "config-changed", "start"] {
        skip(&mut juju, hook);
    }
    assert_eq!(advertised(&juju), "");
    tick(&mut juju, "magpie/0");
    assert_eq!(advertised(&juju), r#"["10.0.0.1"]"#);
    assert_eq!(juju.status("magpie/0"), ("active", "10.0.0.1"));
}

#[test]
fn a_change_of_addresses_whose_hook_was_skipped_is_found_within_the_hour() {
    let mut juju = Teller::new().deploy();
    juju.set_network("magpie/0", Network::of("10.7.0.7", "10.7.0.0/24")).unwrap();
    skip(&mut juju, "config-changed");
    tick(&mut juju, "magpie/0");
    assert_eq!(advertised(&juju), r#"["10.0.0.1"]"#);
    juju.advance(Duration::from_secs(3600));
    tick(&mut juju, "magpie/0");
    assert_eq!(advertised(&juju), r#"["10.7.0.7"]"#);
    assert_eq!(juju.status("magpie/0"), ("active", "10.7.0.7"));
}

#[test]
fn a_changed_address_is_advertised_in_the_hook_that_tells_of_it() {
    let mut juju = Teller::new().deploy();
    juju.set_network("magpie/0", Network::of("10.7.0.7", "10.7.0.0/24")).unwrap();
    run_to(&mut juju, "magpie/0", "config-changed");
    assert_eq!(advertised(&juju), r#"["10.7.0.7"]"#);
}

#[test]
fn what_is_told_already_costs_no_hook_command_and_no_look_at_the_own_bag() {
    let mut juju = Teller::new().deploy();
    tick(&mut juju, "magpie/0");
    // A look at the network once an hour, and then not the next time.
    juju.advance(Duration::from_secs(3600));
    tick(&mut juju, "magpie/0");
    tick(&mut juju, "magpie/0");
    juju.set_network("magpie/0", Network::of("10.0.0.1", "10.0.0.0/16")).unwrap();
    run_to(&mut juju, "magpie/0", "config-changed");
    expect![[r#"
        magpie/0 update-status
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > status-get --format=json --include-data
        magpie/0 update-status
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > network-get --format=json -- magpie
          > state-set --file - < {juju-ops.magpie-peers.magpie.told.0}
        magpie/0 update-status
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
        magpie/0 config-changed
          > state-get --format=json
          > relation-ids --format=json -- magpie
          > relation-list --format=json -r magpie:0
          > network-get --format=json -- magpie
    "#]]
    .assert_eq(&juju.transcript());
}

#[test]
fn a_bag_that_was_lost_is_made_good_by_upgrade_charm_and_start() {
    let charm = Teller::new();
    let mut juju = charm.deploy();
    juju.write_bag("magpie", "magpie/0", [("iperf_addresses", "")]).unwrap();
    juju.refresh("magpie", testing::revision(charm, metadata()).unwrap()).unwrap();
    juju.settle().unwrap();
    assert_eq!(advertised(&juju), r#"["10.0.0.1"]"#);
    juju.write_bag("magpie", "magpie/0", [("iperf_addresses", r#"["10.9.9.9"]"#)]).unwrap();
    juju.reboot("magpie/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(advertised(&juju), r#"["10.0.0.1"]"#);
}

#[test]
fn a_second_relation_is_told_too() {
    let mut juju = Teller::new().deploy();
    let second = juju.add_peer_relation("magpie", "magpie").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.bag(second, "magpie/0").unwrap()["iperf_addresses"], r#"["10.0.0.1"]"#);
}

#[test]
fn a_memory_that_cannot_be_read_is_told_anew() {
    let mut juju = Teller::new().deploy();
    juju.write_bag("magpie", "magpie/0", [("iperf_addresses", "")]).unwrap();
    for unreadable in ["rubbish", r#"{"v":2,"relations":{}}"#, r#"{"v":1,"relations":{"magpie:0":7}}"#] {
        juju.set_state("magpie/0", "juju-ops.magpie-peers.magpie.told.0", unreadable).unwrap();
        tick(&mut juju, "magpie/0");
        assert_eq!(advertised(&juju), r#"["10.0.0.1"]"#);
    }
}

#[test]
fn the_stored_form_is_pinned() {
    let juju = Teller::new().deploy();
    expect![[r#"{"v":1,"relations":{"magpie:0":{"iperf.checked":"","iperf.server":"","iperf.server.checked":"","iperf_addresses":"[\"10.0.0.1\"]"}},"ingress":["10.0.0.1"],"looked":1767225602}"#]]
        .assert_eq(&juju.state("magpie/0")["juju-ops.magpie-peers.magpie.told.0"]);
}

#[test]
fn addresses_are_advertised_in_jujus_order_with_aliases_last() {
    let mut juju = Teller::new().deploy();
    let network = Network::of("10.20.0.80", "10.20.0.80/32")
        .with_address("127.0.0.1", "127.0.0.0/8")
        .with_address("fe80::7", "fe80::/64")
        .with_address("10.20.0.90", "10.20.0.0/24")
        .with_address("2001:db8::80", "2001:db8::80/128")
        .with_address("10.194.12.85", "")
        .with_address("10.20.0.9", "10.20.0.0/24")
        .with_address("node-7.maas", "");
    juju.set_network("magpie/0", network).unwrap();
    juju.settle().unwrap();
    assert_eq!(advertised(&juju), r#"["10.20.0.90","10.194.12.85","10.20.0.9","10.20.0.80","2001:db8::80"]"#);
}

#[test]
fn a_unit_without_an_address_says_so_and_goes_on_asking() {
    let mut juju = Teller::new().world();
    juju.add_unit("magpie").unwrap();
    juju.set_network("magpie/0", Network::none()).unwrap();
    juju.settle().unwrap();
    let status = juju.status("magpie/0");
    assert_eq!(status.current, "waiting");
    assert!(status.message.starts_with("network-get magpie: "), "{}", status.message);
    assert_eq!(advertised(&juju), "");

    // The hook that would tell of the address is skipped.
    juju.set_network("magpie/0", Network::of("10.0.0.1", "10.0.0.0/24")).unwrap();
    skip(&mut juju, "config-changed");
    tick(&mut juju, "magpie/0");
    assert_eq!(juju.status("magpie/0"), ("active", "10.0.0.1"));
    assert_eq!(advertised(&juju), r#"["10.0.0.1"]"#);

    // Only addresses that nobody else can reach are as good as none; the old ones are taken back.
    juju.set_network("magpie/0", Network::of("127.0.0.1", "127.0.0.0/8")).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("waiting", "Juju knows no address of this unit that others can reach"));
    assert_eq!(advertised(&juju), "[]");
}

#[test]
fn a_refused_look_at_the_network_takes_nothing_back() {
    let mut juju = Teller::new().deploy();
    let refusal = Fault::Refuse { call: "Uniter.NetworkInfo".to_owned(), text: "try later".to_owned() };
    juju.set_network("magpie/0", Network::of("10.0.0.1", "10.0.0.0/16")).unwrap();
    juju.inject("magpie/0", refusal).unwrap();
    run_to(&mut juju, "magpie/0", "config-changed");
    assert_eq!(juju.status("magpie/0").current, "waiting");
    assert!(juju.status("magpie/0").message.contains("try later"));
    assert_eq!(advertised(&juju), r#"["10.0.0.1"]"#);
    tick(&mut juju, "magpie/0");
    assert_eq!(juju.status("magpie/0"), ("active", "10.0.0.1"));
}

#[test]
fn a_unit_that_is_known_by_name_only_lacks_nothing() {
    let mut juju = Teller::new().world();
    juju.add_unit("magpie").unwrap();
    let mut network = Network::of("node-3.maas", "").with_ingress("node-3.maas.");
    network.interfaces[0].addresses = vec![Address::new("node-3.maas", "")];
    juju.set_network("magpie/0", network).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("magpie/0"), ("active", "node-3.maas"));
    assert_eq!(advertised(&juju), "[]");
}

#[test]
fn claims_of_the_charm_before_are_withdrawn_and_own_ones_are_kept() {
    let charm = Teller::new();
    let mut juju = charm.deploy();
    let claims = |juju: &World| {
        let bag = juju.bag("magpie", "magpie/0").unwrap();
        bag.keys().filter(|key| key.starts_with("iperf.")).cloned().collect::<Vec<_>>().join(" ")
    };
    // A unit that was Python until now: its bag has claims, and its state nothing of ours.
    juju.delete_state("magpie/0", "juju-ops.magpie-peers.magpie.told.0").unwrap();
    let python = [("iperf.server", "True"), ("iperf.checked", "['None magpie/1']"), ("iperf.server.checked", "True")];
    juju.write_bag("magpie", "magpie/0", python).unwrap();
    juju.refresh("magpie", testing::revision(charm.clone(), metadata()).unwrap()).unwrap();
    // Even where the hook that is meant for it is skipped.
    skip(&mut juju, "upgrade-charm");
    juju.settle().unwrap();
    assert_eq!(claims(&juju), "");

    charm.iperf.set(true);
    tick(&mut juju, "magpie/0");
    assert_eq!(claims(&juju), "iperf.server");
    charm.iperf.set(false);
    tick(&mut juju, "magpie/0");
    assert_eq!(claims(&juju), "");
}
