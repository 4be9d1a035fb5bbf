//! Whatever happens, in whatever order: at rest every unit knows exactly its peers.
//!
//! `PEERS_CASES` is the number of cases (200 unless set), `PEERS_SEED` the number they follow from. A failing case is
//! made small, and printed with the seed.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use juju_ops::{Ack, BoxError, Context, Observer, Observers, testing};
use juju_sim::{Charm, Fate, Fault, ProgramEnd, Retry, World};
use magpie_peers::{MagpiePeersRequirer, Node, PeerDeparted, PeerJoined};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::support::METADATA;

const UNITS: usize = 8;

/// Something that happens. A unit is meant by its place among those that are there.
#[derive(Debug, Clone)]
enum Event {
    Add,
    Remove(usize),
    /// A unit runs one hook; with something that goes wrong in it.
    Run(usize, Option<Wrong>),
    Restart(usize),
    Tick(usize),
    Resolve(usize, bool),
}

#[derive(Debug, Clone, Copy)]
enum Wrong {
    Fail,
    KillAt(usize),
    CrashBeforeFlush,
    CrashAfterFlush,
    RejectFlush,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Reply {
    Done,
    NotYet,
    Err,
    Panic,
}

/// A charm that believes its events: it learns a peer when it acknowledges that it joined, and forgets it when it
/// acknowledges that it departed.
#[derive(Clone)]
struct Believer {
    peers: MagpiePeersRequirer,
    replies: Rc<RefCell<Vec<Reply>>>,
    turn: Rc<Cell<usize>>,
    /// What was acknowledged in the dispatch that runs: who learnt what of whom.
    learnt: Rc<RefCell<Vec<Learnt>>>,
    /// What was delivered in it, acknowledged or not.
    delivered: Rc<RefCell<Vec<Learnt>>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Learnt {
    unit: String,
    peer: String,
    joined: bool,
    nodes: Vec<String>,
}

impl Believer {
    fn hear(&self, peer: String, joined: bool, nodes: &[Node], cx: &Context) -> Result<Ack, BoxError> {
        let unit = cx.unit().name()?.to_string();
        let learnt = Learnt { unit, peer, joined, nodes: nodes.iter().map(|node| node.unit.to_string()).collect() };
        self.delivered.borrow_mut().push(learnt.clone());
        let replies = self.replies.borrow();
        let turn = self.turn.replace(self.turn.get() + 1);
        let reply = if replies.is_empty() { Reply::Done } else { replies[turn % replies.len()] };
        // Writes, of which a failed delivery must leave nothing.
        for relation in cx.relations("magpie")? {
            relation.own_bag()?.set("turn", turn.to_string())?;
        }
        match reply {
            Reply::Done => {
                self.learnt.borrow_mut().push(learnt);
                Ok(Ack::Done)
            }
            Reply::NotYet => Ok(Ack::NotYet),
            Reply::Err => Err("as the test wants it".into()),
            Reply::Panic => std::panic::resume_unwind(Box::new("as the test wants it")),
        }
    }
}

impl Observer for Believer {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.peers);
        events.on(&self.peers.joined(), |this, event: &PeerJoined, cx| {
            this.hear(event.unit().to_string(), true, &event.get_nodes()?, cx)
        });
        events.on(&self.peers.departed(), |this, event: &PeerDeparted, cx| {
            this.hear(event.unit().to_string(), false, &event.get_nodes()?, cx)
        });
    }
}

/// The world, and what each unit of it believes.
struct Case {
    charm: Believer,
    juju: World,
    believed: BTreeMap<String, BTreeSet<String>>,
    /// Whose departure a unit's hook has told it of.
    parted: BTreeSet<(String, String)>,
}

impl Case {
    fn new(seed: u64, replies: Vec<Reply>) -> Self {
        let charm = Believer {
            peers: MagpiePeersRequirer::new("magpie"),
            replies: Rc::new(RefCell::new(replies)),
            turn: Rc::default(),
            learnt: Rc::default(),
            delivered: Rc::default(),
        };
        let metadata = Charm::parse(METADATA, None, None).unwrap();
        let juju = testing::in_process_seeded(charm.clone(), metadata, seed).unwrap();
        Self { charm, juju, believed: BTreeMap::new(), parted: BTreeSet::new() }
    }

    fn unit(&self, place: usize) -> Option<String> {
        let units = self.juju.units();
        if units.is_empty() { None } else { Some(units[place % units.len()].clone()) }
    }

    fn happen(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match *event {
            Event::Add if self.juju.units().len() < UNITS => {
                self.juju.add_unit("magpie").unwrap();
            }
            Event::Add => {}
            Event::Remove(place) => {
                if let Some(unit) = self.unit(place) {
                    self.juju.remove_unit(&unit).unwrap();
                }
            }
            Event::Run(place, wrong) => {
                if let Some(unit) = self.unit(place) {
                    self.run(&unit, wrong)?;
                }
            }
            Event::Restart(place) => {
                if let Some(unit) = self.unit(place) {
                    self.juju.restart_agent(&unit).unwrap();
                }
            }
            Event::Tick(place) => {
                if let Some(unit) = self.unit(place) {
                    self.juju.tick(&unit).unwrap();
                }
            }
            Event::Resolve(place, retry) => {
                if let Some(unit) = self.unit(place).filter(|unit| self.juju.status(unit).current == "error") {
                    self.juju.resolve(&unit, if retry { Retry::Retry } else { Retry::NoRetry }).unwrap();
                }
            }
        }
        Ok(())
    }

    /// Runs one hook of a unit, if it has one to run, and checks what it left.
    fn run(&mut self, unit: &str, wrong: Option<Wrong>) -> Result<(), TestCaseError> {
        if !self.juju.ready().iter().any(|ready| ready == unit) {
            return Ok(());
        }
        if let Some(wrong) = wrong {
            let fault = match wrong {
                Wrong::Fail => Fault::Fail,
                Wrong::KillAt(count) => Fault::KillAt(count),
                Wrong::CrashBeforeFlush => Fault::CrashBeforeFlush,
                Wrong::CrashAfterFlush => Fault::CrashAfterFlush,
                Wrong::RejectFlush => Fault::RejectFlush,
            };
            self.juju.inject(unit, fault).unwrap();
        }
        let before = (self.juju.state(unit), self.juju.bag("magpie", unit).unwrap());
        let Some(run) = self.juju.step_unit(unit) else { return Ok(()) };
        let run = run.clone();
        let after = (self.juju.state(unit), self.juju.bag("magpie", unit).unwrap());
        let flushed = matches!(wrong, Some(Wrong::CrashAfterFlush)) && run.end == ProgramEnd::Exit(0);
        let public = run.fate == Fate::Committed || flushed;
        let departed = run.hook.ends_with("-relation-departed");
        let peer = run.remote_unit.clone().unwrap_or_default();

        for Learnt { unit, peer: about, joined, nodes } in self.charm.delivered.take() {
            prop_assert!(!nodes.contains(&unit), "{unit} is its own peer");
            let gone = self.parted.contains(&(unit.clone(), about.clone())) || (departed && about == peer);
            prop_assert!(!(joined && gone), "{unit} heard that {about} joined, after its departure");
            prop_assert!(
                joined == nodes.contains(&about),
                "{about} joined={joined}, and the nodes of {unit}: {nodes:?}"
            );
        }
        let learnt = self.charm.learnt.take();
        if public {
            let believed = self.believed.entry(unit.to_owned()).or_default();
            for Learnt { peer, joined, .. } in learnt {
                let _ = if joined { believed.insert(peer) } else { believed.remove(&peer) };
            }
            if departed {
                self.parted.insert((unit.to_owned(), peer));
            }
        } else if self.juju.units().iter().any(|there| there == unit) {
            prop_assert_eq!(&before, &after, "a hook that came to nothing left something");
        }
        Ok(())
    }

    /// Lets everything come to rest, with a charm that acknowledges.
    fn rest(&mut self) -> Result<(), TestCaseError> {
        self.charm.replies.borrow_mut().clear();
        for round in 0..2 {
            for _ in 0..10_000 {
                let failed = self.juju.units().into_iter().find(|unit| self.juju.status(unit).current == "error");
                if let Some(unit) = failed {
                    self.juju.resolve(&unit, Retry::Retry).unwrap();
                    self.run(&unit, None)?;
                } else if let Some(unit) = self.juju.ready().first().cloned() {
                    self.run(&unit, None)?;
                } else {
                    break;
                }
            }
            if round == 0 {
                self.juju.units().iter().for_each(|unit| self.juju.tick(unit).unwrap());
            }
        }
        prop_assert_eq!(self.juju.ready(), Vec::<String>::new());
        Ok(())
    }

    /// The reference: everyone who is there knows everyone else who is there.
    fn check(&self) -> Result<(), TestCaseError> {
        let units: BTreeSet<String> = self.juju.units().into_iter().collect();
        for unit in &units {
            let mut peers = units.clone();
            peers.remove(unit);
            let believed = self.believed.get(unit).cloned().unwrap_or_default();
            prop_assert_eq!(&believed, &peers, "what {} believes", unit);
            let state = self.juju.state(unit);
            prop_assert!(!state.contains_key("juju-ops.pending.0"), "{} has pending events at rest: {:?}", unit, state);
        }
        Ok(())
    }
}

fn event() -> impl Strategy<Value = Event> {
    let place = 0..UNITS;
    let wrong = prop_oneof![
        Just(Wrong::Fail),
        (0_usize..8).prop_map(Wrong::KillAt),
        Just(Wrong::CrashBeforeFlush),
        Just(Wrong::CrashAfterFlush),
        Just(Wrong::RejectFlush),
    ];
    prop_oneof![
        3 => Just(Event::Add),
        2 => place.clone().prop_map(Event::Remove),
        24 => (place.clone(), prop::option::weighted(0.15, wrong)).prop_map(|(unit, wrong)| Event::Run(unit, wrong)),
        1 => place.clone().prop_map(Event::Restart),
        2 => place.clone().prop_map(Event::Tick),
        3 => (place, any::<bool>()).prop_map(|(unit, retry)| Event::Resolve(unit, retry)),
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![4 => Just(Reply::Done), 4 => Just(Reply::NotYet), 1 => Just(Reply::Err), 1 => Just(Reply::Panic)]
}

fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
        Err(_) => otherwise,
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "the seed, for whoever wants the same run again")]
fn at_rest_every_unit_knows_exactly_its_peers() {
    let (cases, seed) = (number("PEERS_CASES", 200), number("PEERS_SEED", 1));
    println!("PEERS_CASES={cases} PEERS_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: u32::try_from(cases).unwrap(), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let strategy = (any::<u64>(), prop::collection::vec(event(), 0..120), prop::collection::vec(reply(), 0..12));
    let result = runner.run(&strategy, |(seed, events, replies)| {
        let mut case = Case::new(seed, replies);
        for event in &events {
            case.happen(event)?;
        }
        case.rest()?;
        case.check()
    });
    if let Err(error) = result {
        panic!("PEERS_SEED={seed}: {error}");
    }
}
