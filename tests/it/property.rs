//! Whatever happens, in whatever order: at rest every unit knows exactly its peers.
//!
//! `JUJU_SIM_CASES` is the number of cases (200 unless set), `JUJU_SIM_SEED` the number they follow from. A failing
//! case is made small, and printed with what repeats it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use juju_ops::action::{self, Action};
use juju_ops::{Ack, BoxError, Context, Observer, Observers, Outcome, testing};
use juju_sim::{Charm, Explore, Fate, HookRun, Kind, RelationId, Revision, Settings, World};
use magpie_peers::{MagpiePeersRequirer, Node, PeerDeparted, PeerJoined};
use serde_json::{Value, json};

use crate::support::METADATA;

const UNITS: usize = 8;
const CONFIG: &str = "options: {mtu: {type: int}}";
const ACTIONS: &str = "{dismiss: {description: d}, complain: {description: d}}";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Reply {
    Done,
    NotYet,
    Err,
    Panic,
}

/// A charm that believes its events: it learns a peer when it acknowledges that it joined, and forgets it when it
/// acknowledges that it departed. What an operator dismisses it takes as acknowledged.
#[derive(Clone)]
struct Believer {
    peers: MagpiePeersRequirer,
    /// What it answers, in turn.
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
        self.write(turn, cx)?;
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

    /// Writes, of which what fails must leave nothing; for the application too, which needs leadership to the end.
    fn write(&self, turn: usize, cx: &Context) -> Result<(), BoxError> {
        let leader = cx.app().leader()?;
        for relation in cx.relations("magpie")? {
            relation.own_bag()?.set("turn", turn.to_string())?;
            if let Some(leader) = &leader {
                relation.own_app_bag(leader)?.set("turn", turn.to_string())?;
            }
        }
        Ok(())
    }

    fn dismiss(&self, _: &Action<Value>, cx: &Context) -> Result<Outcome, BoxError> {
        let unit = cx.unit().name()?.to_string();
        for event in cx.pending()? {
            let learnt = Learnt {
                unit: unit.clone(),
                peer: event.subject.clone(),
                joined: event.name.ends_with("joined"),
                nodes: Vec::new(),
            };
            self.learnt.borrow_mut().push(learnt);
        }
        let dismissed = self.peers.dismiss_joined(cx)? + self.peers.dismiss_departed(cx)?;
        Ok(Outcome::completed().with("dismissed", dismissed)?)
    }

    fn complain(&self, _: &Action<Value>, cx: &Context) -> Result<Outcome, BoxError> {
        self.peers.dismiss_joined(cx)?;
        self.write(self.turn.get(), cx)?;
        Err("as the test wants it".into())
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
        events.on(&action::run::<Value>("dismiss"), Self::dismiss);
        events.on(&action::run::<Value>("complain"), Self::complain);
    }
}

/// The world, and what each unit of it believes.
struct Case {
    charm: Believer,
    revision: Revision,
    juju: World,
    believed: BTreeMap<String, BTreeSet<String>>,
    /// Whose departure a unit's hooks have told it of, in all relations.
    parted: BTreeSet<(String, String)>,
}

impl AsMut<World> for Case {
    fn as_mut(&mut self) -> &mut World {
        &mut self.juju
    }
}

/// All that a hook can publish: states, and bags by relation and owner.
#[derive(Debug, PartialEq)]
struct Public {
    states: BTreeMap<String, Settings>,
    bags: BTreeMap<(RelationId, String), Settings>,
}

impl Case {
    fn new(seed: u64) -> Self {
        let charm = Believer {
            peers: MagpiePeersRequirer::new("magpie"),
            replies: Rc::default(),
            turn: Rc::default(),
            learnt: Rc::default(),
            delivered: Rc::default(),
        };
        let metadata = Charm::parse(METADATA, Some(CONFIG), Some(ACTIONS)).unwrap();
        let revision = testing::revision(charm.clone(), metadata).unwrap();
        let juju = World::of_one(revision.clone(), seed).unwrap();
        Self { charm, revision, juju, believed: BTreeMap::new(), parted: BTreeSet::new() }
    }

    /// Lets the charm answer by a pattern of two from now on.
    fn answer(&mut self, number: u16) -> String {
        use Reply::{Done, Err, NotYet, Panic};
        const REPLIES: [Reply; 8] = [Done, NotYet, Done, NotYet, Done, NotYet, Err, Panic];
        let replies = [number, number / 8].map(|number| REPLIES[usize::from(number) % 8]);
        *self.charm.replies.borrow_mut() = replies.to_vec();
        self.charm.turn.set(0);
        format!("the charm answers {replies:?}")
    }

    fn public(&self) -> Public {
        let units = self.juju.units();
        let states = units.iter().map(|unit| (unit.clone(), self.juju.state(unit))).collect();
        let owners = || units.iter().map(String::as_str).chain(["magpie"]);
        let bag = |id, owner: &str| ((id, owner.to_owned()), self.juju.bag(id, owner).unwrap());
        let relations = self.juju.relations("magpie");
        let bags = relations.into_iter().flat_map(|id| owners().map(move |owner| bag(id, owner))).collect();
        Public { states, bags }
    }

    /// Whether a unit has another one for a member of a relation other than that of a hook.
    fn lists_elsewhere(&self, unit: &str, peer: &str, run: &HookRun) -> bool {
        let relations = self.juju.relations("magpie");
        let others = relations.into_iter().filter(|id| run.relation != Some(format!("magpie:{id}")));
        others.into_iter().any(|id| self.juju.members(unit, id).unwrap().iter().any(|member| member == peer))
    }

    /// What a hook or action left.
    fn check_run(&mut self, before: &Public, run: &HookRun) -> Result<(), String> {
        let after = self.public();
        let unit = &run.unit;
        // An action that is cut off tells by its writes when that was; it has no others than what it dismissed.
        let cut_off = run.fate == Fate::ActionFailed("action terminated".to_owned());
        let flushed = run.fate == Fate::Failed("agent died after the flush".to_owned())
            || (cut_off && run.hook == "action dismiss" && *before != after);
        let public = run.fate == Fate::Committed || flushed;
        let peer = run.remote_unit.clone().unwrap_or_default();
        let about = (unit.clone(), peer.clone());
        // Of several relations one may be late to tell what another one has told.
        if run.hook.ends_with("-relation-joined") {
            self.parted.remove(&about);
        }
        let parts = run.hook.ends_with("-relation-departed") && !self.lists_elsewhere(unit, &peer, run);

        for Learnt { unit, peer: about, joined, nodes } in self.charm.delivered.take() {
            if nodes.contains(&unit) {
                return Err(format!("{unit} is its own peer"));
            }
            let gone = self.parted.contains(&(unit.clone(), about.clone())) || (parts && about == peer);
            if joined && gone {
                return Err(format!("{unit} heard that {about} joined, after its departure"));
            }
            if joined != nodes.contains(&about) {
                return Err(format!("{about} joined={joined}, and the nodes of {unit}: {nodes:?}"));
            }
        }
        let learnt = self.charm.learnt.take();
        if public {
            let believed = self.believed.entry(unit.clone()).or_default();
            for Learnt { peer, joined, .. } in learnt {
                let _ = if joined { believed.insert(peer) } else { believed.remove(&peer) };
            }
            if parts {
                self.parted.insert(about);
            }
        } else if self.juju.units().contains(unit) && *before != after {
            return Err(format!("what came to nothing left something:\n{run}\n{before:?}\n{after:?}"));
        }
        Ok(())
    }

    /// The reference: everyone who is there knows everyone else who is there.
    fn check_beliefs(&mut self) -> Result<(), String> {
        let ready = self.juju.ready();
        if !ready.is_empty() {
            return Err(format!("{ready:?} have hooks to run at rest"));
        }
        let units: BTreeSet<String> = self.juju.units().into_iter().collect();
        for unit in &units {
            let mut peers = units.clone();
            peers.remove(unit);
            let believed = self.believed.get(unit).cloned().unwrap_or_default();
            if believed != peers {
                return Err(format!("{unit} believes in {believed:?}, where {peers:?} are"));
            }
            let state = self.juju.state(unit);
            if state.contains_key("juju-ops.pending.0") {
                return Err(format!("{unit} has pending events at rest: {state:?}"));
            }
        }
        Ok(())
    }
}

#[test]
fn at_rest_every_unit_knows_exactly_its_peers() {
    let explored = Explore::new(Case::new)
        .cases(200)
        .units(UNITS)
        .weight(Kind::Hook, 60)
        // Units that hold events and write with each delivery never come to rest.
        .without(Kind::Settle)
        .step(|case, number| Ok(case.answer(number)))
        .step(|case, _| {
            case.juju.refresh("magpie", case.revision.clone()).map_err(|error| error.to_string())?;
            Ok("refresh magpie".to_owned())
        })
        .config("magpie", "mtu", vec![1.into(), 2.into()])
        .peer_relations("magpie", "magpie", 3)
        .action("magpie", "dismiss", json!({}))
        .action("magpie", "complain", json!({}))
        .around("a hook leaves what it may", |case| case.public(), |case, before, run| case.check_run(&before, run))
        .before_rest(|case| {
            case.charm.replies.borrow_mut().clear();
            Ok(())
        })
        // What was held when its last hook ran waits for the next one, at worst this.
        .before_rest(|case| {
            let units = case.juju.units();
            units.iter().try_for_each(|unit| case.juju.tick(unit)).map_err(|error| error.to_string())
        })
        .in_the_end("every unit knows exactly its peers", Case::check_beliefs)
        .run()
        .unwrap();
    assert!(explored.hooks > 10 * explored.cases, "{explored:?}");
}
