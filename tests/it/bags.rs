//! What units write for each other: the Python interface's words, and what a hostile or broken peer may write.

use std::cell::RefCell;
use std::rc::Rc;

use juju_ops::{BoxError, Context, Observer, Observers, hook, testing};
use juju_sim::{Charm, Network, World};
use magpie_peers::{MagpiePeersRequirer, Node, PeerDeparted, PeerJoined};

use crate::support::{ACTIONS, METADATA, Probe, tick};
use crate::tampered;

type Question = Box<dyn Fn(&MagpiePeersRequirer, &Context) -> String>;

/// A charm that asks its peers, at each `update-status`, what a test wants to know.
#[derive(Clone)]
struct Asker {
    peers: MagpiePeersRequirer,
    question: Rc<RefCell<Question>>,
    answer: Rc<RefCell<String>>,
}

impl Observer for Asker {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.peers);
        events.on(&self.peers.joined(), |_, _: &PeerJoined, _| Ok(juju_ops::Ack::Done));
        events.on(&self.peers.departed(), |_, _: &PeerDeparted, _| Ok(juju_ops::Ack::Done));
        events.on(&hook::update_status(), Self::ask);
    }
}

impl Asker {
    fn new() -> Self {
        Self {
            peers: MagpiePeersRequirer::new("magpie"),
            question: Rc::new(RefCell::new(Box::new(|_, _| String::new()))),
            answer: Rc::default(),
        }
    }

    fn deploy(units: usize) -> (Self, World) {
        let charm = Self::new();
        let mut juju = testing::in_process(charm.clone(), Charm::parse(METADATA, None, None).unwrap()).unwrap();
        for _ in 0..units {
            juju.add_unit("magpie").unwrap();
        }
        juju.settle().unwrap();
        (charm, juju)
    }

    fn ask(&self, _: &hook::UpdateStatus, cx: &Context) -> Result<(), BoxError> {
        *self.answer.borrow_mut() = (self.question.borrow())(&self.peers, cx);
        Ok(())
    }

    /// What `magpie/0` answers.
    fn answer(
        &self,
        juju: &mut World,
        question: impl Fn(&MagpiePeersRequirer, &Context) -> String + 'static,
    ) -> String {
        *self.question.borrow_mut() = Box::new(question);
        tick(juju, "magpie/0");
        assert_eq!(juju.status("magpie/0").current, "unknown", "{}", juju.transcript());
        self.answer.take()
    }
}

fn show(nodes: &[Node]) -> String {
    let show = |node: &Node| node.address.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    nodes.iter().map(|node| format!("{} {}", node.unit, show(node))).collect::<Vec<_>>().join(", ")
}

fn nodes(peers: &MagpiePeersRequirer, cx: &Context) -> String {
    show(&peers.get_nodes(cx).unwrap())
}

fn nodes_in(network: &'static str) -> impl Fn(&MagpiePeersRequirer, &Context) -> String {
    move |peers, cx| {
        let selected = peers.get_nodes_in(cx, network.parse().unwrap()).unwrap();
        let show = |it: &magpie_peers::Selected| format!("{} {}", show(std::slice::from_ref(&it.node)), it.inside);
        selected.iter().map(show).collect::<Vec<_>>().join(", ")
    }
}

/// Has a peer write to its bag, and lets `magpie/0` notice.
fn write(juju: &mut World, peer: &str, pairs: &[(&str, &str)]) {
    for (key, value) in pairs {
        juju.write_bag("magpie", peer, [(*key, *value)]).unwrap();
    }
    juju.settle().unwrap();
}

#[test]
fn an_address_is_the_ingress_address_else_the_private_one_else_none() {
    let (charm, mut juju) = Asker::deploy(4);
    write(&mut juju, "magpie/1", &[("ingress-address", "2001:db8::7")]);
    write(&mut juju, "magpie/2", &[("ingress-address", ""), ("private-address", "node-2.maas")]);
    write(&mut juju, "magpie/3", &[("ingress-address", "fe80::1%eth0"), ("private-address", "")]);
    assert_eq!(charm.answer(&mut juju, nodes), "magpie/1 2001:db8::7, magpie/2 node-2.maas, magpie/3 -");
}

#[test]
fn an_advertised_address_inside_the_network_is_preferred() {
    let (charm, mut juju) = Asker::deploy(4);
    write(&mut juju, "magpie/1", &[("iperf_addresses", r#"["192.168.0.9","172.16.0.5","172.16.0.6"]"#)]);
    write(&mut juju, "magpie/2", &[("iperf_addresses", r#"["192.168.0.9","2001:db8::1"]"#)]);
    assert_eq!(
        charm.answer(&mut juju, nodes_in("172.16.0.0/24")),
        "magpie/1 172.16.0.5 true, magpie/2 10.0.0.3 false, magpie/3 10.0.0.4 false"
    );
    assert_eq!(
        charm.answer(&mut juju, nodes_in("2001:db8::/32")),
        "magpie/1 10.0.0.2 false, magpie/2 2001:db8::1 true, magpie/3 10.0.0.4 false"
    );
}

#[test]
fn the_ingress_address_comes_before_the_others_inside_the_network() {
    let (charm, mut juju) = Asker::deploy(2);
    let advertised = ("iperf_addresses", r#"["10.194.12.85","10.194.2.7"]"#);
    write(&mut juju, "magpie/1", &[("ingress-address", "10.194.2.7"), advertised]);
    assert_eq!(charm.answer(&mut juju, nodes_in("10.194.0.0/16")), "magpie/1 10.194.2.7 true");
    // Outside of it, the peer's own order counts.
    write(&mut juju, "magpie/1", &[("ingress-address", "192.168.0.7")]);
    assert_eq!(charm.answer(&mut juju, nodes_in("10.194.0.0/16")), "magpie/1 10.194.12.85 true");
}

#[test]
fn a_unit_that_is_known_by_name_only_has_an_address_all_the_same() {
    let (charm, mut juju) = Asker::deploy(4);
    write(&mut juju, "magpie/1", &[("ingress-address", "node-3.maas")]);
    write(&mut juju, "magpie/2", &[("ingress-address", "node-3.maas.")]);
    write(&mut juju, "magpie/3", &[("ingress-address", "node_3.maas")]);
    assert_eq!(charm.answer(&mut juju, nodes), "magpie/1 node-3.maas, magpie/2 node-3.maas, magpie/3 node_3.maas");
}

#[test]
fn what_only_the_peer_itself_can_reach_is_no_address_whoever_wrote_it() {
    let (charm, mut juju) = Asker::deploy(3);
    write(&mut juju, "magpie/1", &[("iperf_addresses", r#"["127.0.0.1","::1","0.0.0.0","169.254.7.7","fe80::7"]"#)]);
    write(&mut juju, "magpie/2", &[("ingress-address", "127.0.1.1"), ("private-address", "localhost")]);
    assert_eq!(charm.answer(&mut juju, nodes), "magpie/1 10.0.0.2, magpie/2 -");
    for network in ["0.0.0.0/0", "::/0"] {
        let inside = charm.answer(&mut juju, nodes_in(network));
        assert_eq!(inside, format!("magpie/1 10.0.0.2 {}, magpie/2 - false", network == "0.0.0.0/0"));
    }
    let advertised = |peers: &MagpiePeersRequirer, cx: &Context| {
        format!("{:?}", peers.advertised_addresses(cx, &"magpie/1".parse().unwrap()).unwrap())
    };
    assert_eq!(charm.answer(&mut juju, advertised), "[]");
}

#[test]
fn a_bag_that_cannot_be_read_is_that_peers_loss_and_told_once_a_dispatch() {
    let huge = format!("{{\"x\":\"{}\"", "<".repeat(1 << 20));
    let unreadable = [
        tampered::denied(),
        tampered::printed(b"[1]"),
        tampered::printed(b"\xff\xff"),
        tampered::printed(huge.as_bytes()),
    ];
    for answer in unreadable {
        let charm = Asker::new();
        let (mut juju, answers) = tampered::world(charm.clone(), Charm::parse(METADATA, None, None).unwrap());
        for _ in 0..4 {
            juju.add_unit("magpie").unwrap();
        }
        juju.settle().unwrap();
        write(&mut juju, "magpie/1", &[("iperf_addresses", r#"["172.16.0.2"]"#), ("iperf.server", "True")]);
        answers.borrow_mut().insert("magpie/2".to_owned(), answer);
        juju.clear_transcript();
        let all = |peers: &MagpiePeersRequirer, cx: &Context| {
            let (bad, good) = ("magpie/2".parse().unwrap(), "magpie/1".parse().unwrap());
            assert!(peers.advertised_addresses(cx, &bad).unwrap().is_empty());
            assert_eq!(peers.advertised_addresses(cx, &good).unwrap().len(), 1);
            assert_eq!(peers.get_node(cx, &bad).unwrap().unwrap().address, None);
            assert_eq!(show(&peers.check_ready_iperf_servers(cx).unwrap()), "magpie/1 10.0.0.2");
            assert_eq!(peers.get_iperf_checked(cx).unwrap().len(), 3);
            let inside = nodes_in("172.16.0.0/24")(peers, cx);
            assert_eq!(inside, "magpie/1 172.16.0.2 true, magpie/2 - false, magpie/3 10.0.0.4 false");
            nodes(peers, cx)
        };
        for _ in 0..2 {
            juju.clear_transcript();
            assert_eq!(charm.answer(&mut juju, all), "magpie/1 10.0.0.2, magpie/2 -, magpie/3 10.0.0.4");
            let run = juju.runs().last().unwrap();
            let warned: Vec<&str> = run.log().filter(|(level, _)| *level == "WARNING").map(|(_, text)| text).collect();
            let [warned] = warned[..] else { panic!("{warned:?}") };
            let said =
                "databags that cannot be read and count as empty: magpie:0 magpie/2: relation-get magpie:0 magpie/2: ";
            assert!(warned.starts_with(said) && warned.len() < 400 && !warned.contains('<'), "{warned}");
            assert_eq!(run.commands().filter(|command| command.argv.last().unwrap() == "magpie/2").count(), 1);
        }
    }
}

#[test]
fn a_peer_that_joins_is_met_though_the_bag_of_another_cannot_be_read() {
    let probe = Probe::new();
    let (mut juju, answers) = tampered::world(probe.clone(), Charm::parse(METADATA, None, Some(ACTIONS)).unwrap());
    juju.add_unit("magpie").unwrap();
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    probe.deliveries();
    answers.borrow_mut().insert("magpie/1".to_owned(), tampered::denied());
    juju.add_unit("magpie").unwrap();
    juju.settle().unwrap();
    let of_first: Vec<String> = probe.deliveries().into_iter().filter(|it| it.starts_with("magpie/0")).collect();
    assert_eq!(of_first, ["magpie/0 joined magpie/2 [magpie/1 -, magpie/2 10.0.0.3]"]);
}

fn ready(peers: &MagpiePeersRequirer, cx: &Context) -> String {
    show(&peers.check_ready_iperf_servers(cx).unwrap())
}

fn checked(peers: &MagpiePeersRequirer, cx: &Context) -> String {
    let checked = peers.get_iperf_checked(cx).unwrap();
    let show = |units: &std::collections::BTreeSet<juju_ops::UnitName>| {
        units.iter().map(|unit| format!(" {unit}")).collect::<String>()
    };
    checked.iter().map(|(unit, units)| format!("{unit}:{}", show(units))).collect::<Vec<_>>().join("; ")
}

/// The bags as openstack/charm-interface-magpie 3cba94a fills them in openstack/charm-magpie 8b6ecb3 and before, on
/// `charms.reactive`: `json.dumps` of the sorted addresses of all interfaces, loopback too, written by the action
/// `advertise`; `str(True)`; and the `str` of a list, written by the leader.
#[test]
fn units_with_the_reactive_python_interface_are_understood() {
    let (charm, mut juju) = Asker::deploy(3);
    let addresses = ("iperf_addresses", r#"["10.0.0.2", "127.0.0.1", "172.16.0.2"]"#);
    write(&mut juju, "magpie/1", &[addresses, ("iperf.server", "True")]);
    write(&mut juju, "magpie/2", &[("iperf.checked", "['None magpie/1', 'None magpie/10']")]);
    let advertised = |peers: &MagpiePeersRequirer, cx: &Context| {
        format!("{:?}", peers.advertised_addresses(cx, &"magpie/1".parse().unwrap()).unwrap())
    };
    assert_eq!(charm.answer(&mut juju, nodes), "magpie/1 10.0.0.2, magpie/2 10.0.0.3");
    assert_eq!(charm.answer(&mut juju, advertised), "[10.0.0.2, 172.16.0.2]");
    let inside = charm.answer(&mut juju, nodes_in("172.16.0.0/24"));
    assert_eq!(inside, "magpie/1 172.16.0.2 true, magpie/2 10.0.0.3 false");
    assert_eq!(charm.answer(&mut juju, nodes_in("127.0.0.0/8")), "magpie/1 10.0.0.2 false, magpie/2 10.0.0.3 false");
    assert_eq!(charm.answer(&mut juju, ready), "magpie/1 10.0.0.2");
    assert_eq!(charm.answer(&mut juju, checked), "magpie/1:; magpie/2: magpie/1 magpie/10");
}

/// The bags of openstack/charm-magpie 5acbc4e, the rewrite on `ops`: it writes nothing, and reads `ingress-address`.
#[test]
fn units_of_the_python_charm_on_ops_have_the_address_that_juju_gives_them_and_claim_nothing() {
    let (charm, mut juju) = Asker::deploy(1);
    juju.add_played_unit("magpie").unwrap();
    juju.settle().unwrap();
    let bag: Vec<String> = juju.bag("magpie", "magpie/1").unwrap().into_keys().collect();
    assert_eq!(bag, ["egress-subnets", "ingress-address", "private-address"]);
    assert_eq!(charm.answer(&mut juju, nodes), "magpie/1 10.0.0.2");
    assert_eq!(charm.answer(&mut juju, nodes_in("10.0.0.0/24")), "magpie/1 10.0.0.2 true");
    assert_eq!(charm.answer(&mut juju, nodes_in("10.9.0.0/24")), "magpie/1 10.0.0.2 false");
    assert_eq!(charm.answer(&mut juju, ready), "");
    assert_eq!(charm.answer(&mut juju, checked), "magpie/1:");
}

#[test]
fn what_this_unit_writes_is_what_the_python_interface_reads() {
    let (charm, mut juju) = Asker::deploy(3);
    charm.answer(&mut juju, |peers, cx| {
        let addresses = ["172.16.0.1", "127.0.0.1", "fe80::1", "10.0.0.1"].map(|ip| ip.parse().unwrap());
        peers.advertise_addresses(cx, addresses).unwrap();
        peers.set_iperf_server_ready(cx).unwrap();
        peers.set_iperf_server_checked(cx).unwrap();
        peers.set_iperf_checked(cx).unwrap();
        String::new()
    });
    let bag = juju.bag("magpie", "magpie/0").unwrap();
    let written: Vec<String> =
        bag.iter().filter(|(key, _)| key.starts_with("iperf")).map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        written,
        [
            "iperf.checked=['magpie/1', 'magpie/2']",
            "iperf.server=True",
            "iperf.server.checked=True",
            r#"iperf_addresses=["172.16.0.1","10.0.0.1"]"#,
        ]
    );
    // The same again changes nothing, so nothing is sent.
    juju.clear_transcript();
    charm.answer(&mut juju, |peers, cx| {
        peers.set_iperf_server_ready(cx).unwrap();
        String::new()
    });
    assert!(!juju.transcript().contains("relation-set"), "{}", juju.transcript());
}

#[test]
fn a_hostile_bag_is_no_address_and_no_failure() {
    let huge = "9".repeat(1 << 20);
    let hostile = [
        "not JSON",
        "{}",
        "[[[[",
        "[1, true, null, {}, \"x\"]",
        "[\"fe80::1%eth0\", \"-oProxyCommand=id\", \"10.0.0.0/8\", \"010.0.0.1\"]",
        "a\0b",
        "\u{7f}\u{85}\u{2028}\u{feff}😀",
        "$(id)",
        &huge,
    ];
    for text in hostile {
        let (charm, mut juju) = Asker::deploy(2);
        let keys = ["iperf_addresses", "iperf.server", "iperf.checked", "ingress-address", "private-address"];
        write(&mut juju, "magpie/1", &keys.map(|key| (key, text)));
        let all = |peers: &MagpiePeersRequirer, cx: &Context| {
            let one = "magpie/1".parse().unwrap();
            assert_eq!(peers.get_nodes_in(cx, "10.0.0.0/8".parse().unwrap()).unwrap()[0].node.address, None);
            assert!(peers.advertised_addresses(cx, &one).unwrap().is_empty());
            assert!(peers.check_ready_iperf_servers(cx).unwrap().is_empty());
            assert!(peers.get_iperf_checked(cx).unwrap()[&one].is_empty());
            nodes(peers, cx)
        };
        assert_eq!(charm.answer(&mut juju, all), "magpie/1 -", "{}", &text[..text.len().min(40)]);
    }
}

#[test]
fn the_addresses_of_another_network_come_with_the_unit() {
    let (charm, mut juju) = Asker::deploy(2);
    let network = Network::of("2001:db8::9", "2001:db8::/64");
    juju.set_network("magpie/1", network).unwrap();
    juju.settle().unwrap();
    assert_eq!(charm.answer(&mut juju, nodes), "magpie/1 2001:db8::9");
}

#[test]
fn a_bag_of_another_unit_may_be_stale_by_jujus_rules() {
    let (charm, mut juju) = Asker::deploy(2);
    assert_eq!(charm.answer(&mut juju, nodes), "magpie/1 10.0.0.2");
    juju.write_bag("magpie", "magpie/1", [("ingress-address", "10.9.9.9")]).unwrap();
    juju.tick("magpie/0").unwrap();
    // The change is told by `relation-changed`, which comes before `update-status`.
    crate::support::run_to(&mut juju, "magpie/0", "relation-changed");
    assert_eq!(charm.answer(&mut juju, nodes), "magpie/1 10.9.9.9");
}
