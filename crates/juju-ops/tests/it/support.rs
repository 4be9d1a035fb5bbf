//! A charm that a test makes of closures.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use juju_ops::{
    Ack, BoxError, Call, Context, Durable, Ending, Event, Observer, Observers, Output, Source, Transport, observed,
    testing,
};
use juju_sim::{Charm, HookRun, World};
use serde::{Deserialize, Serialize};

pub const METADATA: &str = "{name: app, summary: s, description: d, peers: {peers: {interface: demo}}}";
pub const CONFIG: &str =
    "options:\n  size: {type: int, default: 3, description: d}\n  name: {type: string, description: d}";
pub const ACTIONS: &str = "go: {description: d, params: {'n': {type: integer, default: 1}}}";

type Observe = Rc<dyn Fn(&Made, &mut Observers<Made>)>;

/// A charm of one closure that registers more of them. A copy is the same charm.
#[derive(Clone)]
pub struct Made {
    observe: Observe,
    /// What happened, in the order it did.
    pub seen: Rc<RefCell<Vec<String>>>,
}

impl Made {
    pub fn new(observe: impl Fn(&Made, &mut Observers<Made>) + 'static) -> Self {
        Self { observe: Rc::new(observe), seen: Rc::default() }
    }

    pub fn see(&self, what: impl Into<String>) {
        self.seen.borrow_mut().push(what.into());
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.take()
    }

    pub fn world(&self) -> World {
        let goes = observed(self).is_ok_and(|observed| observed.actions.iter().any(|action| action.name == "go"));
        testing::in_process(self.clone(), if goes { charm_with_action() } else { charm() }).unwrap()
    }

    /// A world with one unit that has settled.
    pub fn deploy(&self) -> World {
        let mut juju = self.world();
        juju.add_unit("app").unwrap();
        juju.settle().unwrap();
        self.seen();
        juju.clear_transcript();
        juju
    }
}

impl Observer for Made {
    fn observe(&self, events: &mut Observers<Self>) {
        events.peers("peers", "demo");
        (self.observe)(self, events);
    }
}

pub fn charm() -> Charm {
    Charm::parse(METADATA, Some(CONFIG), None).unwrap()
}

/// The same with the action `go`.
pub fn charm_with_action() -> Charm {
    Charm::parse(METADATA, Some(CONFIG), Some(ACTIONS)).unwrap()
}

/// Has `app/0` run `update-status`.
pub fn tick(juju: &mut World) -> HookRun {
    juju.tick("app/0").unwrap();
    loop {
        let run = juju.step_unit("app/0").expect("a hook to run").clone();
        if run.hook == "update-status" {
            return run;
        }
    }
}

/// An event that is over once it is handled.
#[derive(Debug)]
pub struct Fleeting(pub u32);

impl Event for Fleeting {
    type Response = ();
}

pub fn fleeting() -> Source<Fleeting> {
    Source::new("test", "fleeting")
}

/// An event that stays; `Lasting("gone")` is overtaken when it is looked at again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lasting {
    pub about: String,
    #[serde(skip)]
    pub refreshed: bool,
}

impl Lasting {
    pub fn new(about: &str) -> Self {
        Self { about: about.to_owned(), refreshed: false }
    }
}

impl Event for Lasting {
    type Response = Ack;
}

impl Durable for Lasting {
    fn subject(&self) -> Cow<'_, str> {
        self.about.split('#').next().unwrap_or_default().into()
    }

    fn refresh(self, _: &Context) -> Result<Option<Self>, BoxError> {
        match self.about.as_str() {
            "gone" => Ok(None),
            "broken" => Err("cannot be looked at".into()),
            _ => Ok(Some(Self { refreshed: true, ..self })),
        }
    }
}

pub fn lasting() -> Source<Lasting> {
    Source::new("test", "lasting")
}

/// Hook commands that print nothing.
pub struct Silent;

impl Transport for Silent {
    fn call(&self, _: &Call) -> io::Result<Output> {
        Ok(Output { ending: Ending::Exited(0), stdout: Vec::new(), stderr: Vec::new() })
    }

    fn debug(&self, _: &str) {}

    fn complain(&self, _: &str) {}
}
