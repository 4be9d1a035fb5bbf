//! A charm that does what a test tells it, and records what it was given.

use std::cell::RefCell;
use std::rc::Rc;

use juju_ops::action::{self, Action};
use juju_ops::{Ack, BoxError, Context, Observer, Observers, Outcome, testing};
use juju_sim::{Charm, HookRun, World};
use magpie_peers::{Departing, MagpiePeersRequirer, Node, PeerDeparted, PeerJoined};
use serde_json::{Value, json};

pub const METADATA: &str = "{name: magpie, summary: s, description: d, peers: {magpie: {interface: magpie}}}";
pub const ACTIONS: &str = "dismiss: {description: d}";

/// A delivery as the handler sees it.
pub struct Delivery<'a> {
    pub cx: &'a Context,
    pub peers: &'a MagpiePeersRequirer,
    /// The unit that runs, the name of the event and the unit that it is about: `magpie/0 joined magpie/1`.
    pub what: String,
    pub departing: Option<Departing>,
    /// The address that a departed unit had.
    pub address: Option<String>,
    nodes: &'a dyn Fn() -> Vec<Node>,
}

type Handler = Box<dyn FnMut(&Delivery<'_>) -> Result<Ack, BoxError>>;

/// A charm that answers by a closure. A copy is the same charm.
#[derive(Clone)]
pub struct Probe {
    peers: MagpiePeersRequirer,
    handler: Rc<RefCell<Handler>>,
    deliveries: Rc<RefCell<Vec<String>>>,
}

impl Delivery<'_> {
    /// The nodes that the event carries: `magpie/1 10.0.0.2, magpie/2 -`.
    pub fn nodes(&self) -> String {
        let show = |node: &Node| match &node.address {
            Some(address) => format!("{} {address}", node.unit),
            None => format!("{} -", node.unit),
        };
        (self.nodes)().iter().map(show).collect::<Vec<_>>().join(", ")
    }
}

impl Probe {
    pub fn new() -> Self {
        Self {
            peers: MagpiePeersRequirer::new("magpie"),
            handler: Rc::new(RefCell::new(Box::new(|_| Ok(Ack::Done)))),
            deliveries: Rc::default(),
        }
    }

    /// From now on, answers by `handler`.
    pub fn answer(&self, handler: impl FnMut(&Delivery<'_>) -> Result<Ack, BoxError> + 'static) {
        *self.handler.borrow_mut() = Box::new(handler);
    }

    /// What was delivered since the last call, in order.
    pub fn deliveries(&self) -> Vec<String> {
        self.deliveries.take()
    }

    /// A world of this charm with units that have settled and acknowledged each other.
    pub fn deploy(&self, units: usize) -> World {
        let mut juju = self.world();
        for _ in 0..units {
            juju.add_unit("magpie").unwrap();
        }
        juju.settle().unwrap();
        self.deliveries();
        juju.clear_transcript();
        juju
    }

    /// A world of this charm without units.
    pub fn world(&self) -> World {
        testing::in_process(self.clone(), Charm::parse(METADATA, None, Some(ACTIONS)).unwrap()).unwrap()
    }

    fn deliver(
        &self,
        what: &str,
        departed: Option<&PeerDeparted>,
        cx: &Context,
        nodes: &dyn Fn() -> Vec<Node>,
    ) -> Result<Ack, BoxError> {
        let what = format!("{} {what}", cx.unit().name()?);
        let departing = departed.map(PeerDeparted::departing);
        let address = departed.and_then(|event| event.address().map(ToString::to_string));
        let delivery = Delivery { cx, peers: &self.peers, what, departing, address, nodes };
        self.deliveries.borrow_mut().push(format!("{} [{}]", delivery.what, delivery.nodes()));
        (self.handler.borrow_mut())(&delivery)
    }

    fn joined(&self, event: &PeerJoined, cx: &Context) -> Result<Ack, BoxError> {
        self.deliver(&format!("joined {}", event.unit()), None, cx, &|| event.get_nodes().unwrap())
    }

    fn departed(&self, event: &PeerDeparted, cx: &Context) -> Result<Ack, BoxError> {
        self.deliver(&format!("departed {}", event.unit()), Some(event), cx, &|| event.get_nodes().unwrap())
    }

    fn dismiss(&self, _: &Action<Value>, cx: &Context) -> Result<Outcome, BoxError> {
        let joined = self.peers.dismiss_joined(cx)?;
        let departed = self.peers.dismiss_departed(cx)?;
        Ok(Outcome::completed().with("joined", joined)?.with("departed", departed)?)
    }
}

impl Observer for Probe {
    fn observe(&self, events: &mut Observers<Self>) {
        events.include(&self.peers);
        events.on(&self.peers.joined(), Self::joined);
        events.on(&self.peers.departed(), Self::departed);
        events.on(&action::run::<Value>("dismiss"), Self::dismiss);
    }
}

/// One result of an action that completes.
pub fn run(juju: &mut World, unit: &str, action: &str, result: &str) -> String {
    let done = juju.run_action(unit, action, json!({})).unwrap();
    assert_eq!(done.status, "completed", "{}", done.message);
    done.results[result].as_str().unwrap_or_default().to_owned()
}

/// What a unit has pending: `joined magpie/1, departed magpie/2`.
pub fn pending(juju: &World, unit: &str) -> String {
    let pending = testing::pending(juju, unit);
    pending.iter().map(|event| format!("{} {}", event.name, event.subject)).collect::<Vec<_>>().join(", ")
}

/// Runs a unit's hooks up to and including one; other units stand still.
pub fn run_to<'a>(juju: &'a mut World, unit: &str, hook: &str) -> &'a HookRun {
    for _ in 0..100 {
        let run = juju.step_unit(unit).expect("the unit has something to run");
        if run.title().contains(hook) {
            return juju.runs().last().unwrap();
        }
    }
    panic!("{unit} did not run {hook}:\n{}", juju.transcript());
}

/// Has a unit run `update-status`.
pub fn tick(juju: &mut World, unit: &str) {
    juju.tick(unit).unwrap();
    run_to(juju, unit, "update-status");
}
