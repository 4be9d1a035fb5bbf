//! The order of one dispatch.

use std::any::Any;
use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::rc::Rc;

use crate::action::Outcome;
use crate::context::Context;
use crate::env::{Dispatch, Env};
use crate::error::{BoxError, Error, bounded, chain};
use crate::event::{Ack, Answer};
use crate::hook::Hook;
use crate::hook_command::{self, LogLevel};
use crate::log;
use crate::model::Status;
use crate::observer::{Handler, Observer, Observers, Restored};
use crate::pending::Identity;
use crate::source::Key;
use crate::transport::{Processes, Transport};

/// How a dispatch ended, for Juju: 0 well, 1 the hook failed and is to be repeated, 2 the charm was not run by Juju.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(u8);

/// The most events that one dispatch may deliver for the first time; more is a handler that answers its own event.
const EMISSION_LIMIT: usize = 10_000;

const USAGE: &str = "this is the `dispatch` of a Juju charm: Juju runs it for each hook and action, \
                     and says which by JUJU_DISPATCH_PATH, which is not set";

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        self.0
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}

/// Runs a charm as the process that Juju started: the whole `main` of a charm's `dispatch`.
///
/// Reads the environment (here and nowhere else), sends the [`log`](::log) crate's records to Juju (INFO and above by
/// `juju-log`, below by standard output, which Juju logs at DEBUG for free), runs hook commands from `PATH`.
#[allow(clippy::needless_pass_by_value, reason = "the process ends with it, and `main(Charm)` reads best")]
pub fn main(charm: impl Observer) -> ExitCode {
    log::install();
    match Env::from_vars(std::env::vars_os()) {
        Ok(env) => dispatch(&charm, env, Processes::default()).into(),
        Err(error) => {
            Processes::default().complain(&chain(&error).to_string());
            ExitCode::FAILURE
        }
    }
}

/// Runs a charm for what `env` says, with hook commands run by `transport`: [`main`] for tests and other worlds.
///
/// # The order of one dispatch
/// 1. The observers of the hook, or the one of the action, in the order of their registration; after each, the
///    fleeting events that it emitted.
/// 2. The pending durable events, first in first out; each subject of a topic at most once in a dispatch. Not in an
///    action, `stop` or `remove`.
/// 3. The observers of [`hook::any`](crate::hook::any), then what they emitted. Not in an action, `stop` or `remove`.
/// 4. The functions that evaluate the status, in actions too. Not in `stop` or `remove`. A durable event that they emit
///    waits for the next hook.
/// 5. All writes are sent.
///
/// # Failures
/// An `Err` or a panic of a hook's own handler, of a first delivery, of an `any` observer or of a status function fails
/// the hook: nothing is sent, and Juju repeats it. One of a *re*delivery drops what that delivery wrote and counts as
/// an attempt; the event stays pending and the hook goes on. One of an action fails the action and sends nothing else.
/// What a failed hook emitted is lost only where Juju does not repeat the hook: actions, Pebble's hooks, `juju resolve
/// --no-retry`, and a hook that is replaced by the `stop` of a pod.
pub fn dispatch<O: Observer>(charm: &O, env: Env, transport: impl Transport + 'static) -> Exit {
    let cx = Context::new(env, Rc::new(transport));
    let _routed = log::route(&cx);
    let result = match cx.env().dispatch() {
        Dispatch::Nothing => {
            cx.transport().complain(USAGE);
            return Exit(2);
        }
        Dispatch::UnknownHook(name) => {
            cx.debug(format_args!("unknown hook {name}: nothing to do"));
            Ok(())
        }
        Dispatch::Hook(hook) => Run::new(charm, &cx).and_then(|mut run| run.hook(hook)),
        Dispatch::Action(name) => Run::new(charm, &cx).and_then(|mut run| run.action(name)),
    };
    cx.end();
    match result {
        Ok(()) => Exit(0),
        Err(error) => {
            cx.log(LogLevel::Error, &chain(&error).to_string());
            Exit(1)
        }
    }
}

/// One dispatch under way.
struct Run<'a, O> {
    charm: &'a O,
    register: Observers<O>,
    cx: &'a Context,
    /// Topics and subjects that had their delivery.
    delivered: BTreeSet<(String, String)>,
    /// The youngest generation that was looked at: what is older had its turn.
    looked_at: u64,
    drained: usize,
}

impl<'a, O: Observer> Run<'a, O> {
    fn new(charm: &'a O, cx: &'a Context) -> Result<Self, Error> {
        let register = guarded(|| Ok(Observers::of(charm)?)).map_err(|error| Error::event("registration", error))?;
        cx.declare(register.durable());
        Ok(Self { charm, register, cx, delivered: BTreeSet::new(), looked_at: 0, drained: 0 })
    }

    fn hook(&mut self, hook: &Hook) -> Result<(), Error> {
        for handler in self.register.hook_handlers(self.cx.env().hook_name()) {
            self.handle(handler)?;
            Self::drain(&self.register, self.charm, self.cx, &mut self.drained)?;
        }
        if hook.is_restricted() {
            return Ok(());
        }
        if !hook.is_last() {
            self.deliver_pending()?;
            for handler in self.register.handlers(&Key::AnyHook) {
                self.handle(handler)?;
                Self::drain(&self.register, self.charm, self.cx, &mut self.drained)?;
            }
            self.deliver_pending()?;
            self.evaluate_status()?;
        }
        self.cx.flush(&Outcome::completed().results)
    }

    fn action(&mut self, name: &str) -> Result<(), Error> {
        let before = self.cx.savepoint();
        let outcome = match self.run_action(name) {
            Ok(outcome) => outcome,
            Err(error) => {
                self.cx.return_to(before);
                let text = chain(&error).to_string();
                self.cx.log(LogLevel::Error, &format!("action {name}: {text}"));
                Outcome::failed(text)
            }
        };
        self.cx.flush(&outcome.results)?;
        match outcome.failure {
            Some(reason) => hook_command::action_fail(&reason).run(self.cx.transport()),
            None => Ok(()),
        }
    }

    fn run_action(&mut self, name: &str) -> Result<Outcome, Error> {
        let key = Key::Action(name.to_owned());
        let Some(handler) = self.register.handlers(&key).next() else {
            return Err(Error::refused(format!("action {name} is not implemented by this charm")));
        };
        let outcome = match guarded(|| self.run_handler(handler)).map_err(Error::of_author)? {
            Answer::Outcome(outcome) => outcome,
            Answer::Nothing | Answer::Ack(_) => Outcome::completed(),
        };
        Self::drain(&self.register, self.charm, self.cx, &mut self.drained)?;
        self.evaluate_status()?;
        Ok(outcome)
    }

    fn handle(&self, handler: &Handler<O>) -> Result<Answer, Error> {
        guarded(|| self.run_handler(handler)).map_err(|error| Error::event(handler.key.to_string(), error))
    }

    /// Makes the event that Juju told of, and has it handled.
    fn run_handler(&self, handler: &Handler<O>) -> Result<Answer, BoxError> {
        handler.handle(self.charm, &*handler.build(self.cx)?, self.cx)
    }

    /// Runs the observers of the fleeting events that wait, and of those that they emit.
    fn drain(register: &Observers<O>, charm: &O, cx: &Context, drained: &mut usize) -> Result<(), Error> {
        while let Some((key, event)) = cx.next_fleeting() {
            count(drained, &key)?;
            for handler in register.handlers(&key) {
                guarded(|| handler.handle(charm, &*event, cx)).map_err(|error| Error::event(key.to_string(), error))?;
            }
        }
        Ok(())
    }

    fn deliver_pending(&mut self) -> Result<(), Error> {
        if self.register.durable().next().is_none() {
            return Ok(());
        }
        self.cx.load_queue()?;
        self.report_undeliverable()?;
        while let Some((generation, id)) = self.next_pending() {
            self.delivered.insert((id.topic.clone(), id.subject.clone()));
            match self.cx.with_queue(|queue| queue.get(generation).and_then(|entry| entry.fresh.clone())) {
                Some(event) => {
                    count(&mut self.drained, &id)?;
                    let ack = self.deliver(&id, &*event)?;
                    self.settle(generation, &id, "delivered", ack);
                }
                None => self.redeliver(generation, &id),
            }
        }
        Ok(())
    }

    /// The oldest entry that had no turn yet and is to be delivered.
    fn next_pending(&mut self) -> Option<(u64, Identity)> {
        loop {
            let entry = self.cx.with_queue(|queue| queue.after(self.looked_at).cloned())?;
            self.looked_at = entry.generation;
            let key = (entry.identity.topic.clone(), entry.identity.subject.clone());
            if !self.delivered.contains(&key) && self.cx.is_deliverable(&entry) {
                return Some((entry.generation, entry.identity.clone()));
            }
        }
    }

    fn deliver(&mut self, id: &Identity, event: &dyn Any) -> Result<Ack, Error> {
        let key = Key::Custom { topic: id.topic.clone(), name: id.name.clone() };
        let mut ack = Ack::NotYet;
        for handler in self.register.handlers(&key) {
            let answer = guarded(|| handler.handle(self.charm, event, self.cx));
            if let Answer::Ack(answer) = answer.map_err(|error| Error::event(id.to_string(), error))? {
                ack = answer;
            }
            Self::drain(&self.register, self.charm, self.cx, &mut self.drained)?;
        }
        Ok(ack)
    }

    /// Delivers an event of an earlier dispatch. Nothing that goes wrong with it is the fault of the hook that runs.
    fn redeliver(&mut self, generation: u64, id: &Identity) {
        let (before, drained) = (self.cx.savepoint(), self.drained);
        match self.try_redeliver(generation, id) {
            Ok(Some(ack)) => self.settle(generation, id, "redelivered", ack),
            Ok(None) => {
                self.cx.with_queue(|queue| queue.remove(generation));
                self.cx.debug(format_args!("dropped {id}: overtaken"));
            }
            Err(error) => {
                self.cx.return_to(before);
                self.drained = drained;
                let text = chain(&error).to_string();
                self.cx.note_failure(generation, &text);
                self.cx.log(LogLevel::Error, &format!("{}; it stays pending", bounded(&text, 4096)));
            }
        }
    }

    fn try_redeliver(&mut self, generation: u64, id: &Identity) -> Result<Option<Ack>, Error> {
        let stored = self.cx.with_queue(|queue| queue.get(generation).and_then(|entry| entry.stored().cloned()));
        let (Some(stored), Some(restore)) = (stored, self.register.restore(&id.topic, &id.name)) else {
            return Ok(Some(Ack::NotYet));
        };
        match guarded(|| restore(&stored, self.cx)).map_err(|error| Error::event(id.to_string(), error))? {
            Restored::Event(event) => self.deliver(id, &*event).map(Some),
            Restored::Overtaken => Ok(None),
        }
    }

    /// Takes the answer for an event, if it is still that event which waits.
    fn settle(&self, generation: u64, id: &Identity, how: &str, ack: Ack) {
        let still = self.cx.with_queue(|queue| match ack {
            Ack::Done => queue.remove(generation),
            Ack::NotYet => queue.get(generation).is_some(),
        });
        let answer = match (still, ack) {
            (true, Ack::Done) => "acknowledged",
            (true, Ack::NotYet) => "not yet",
            (false, _) => "no longer pending",
        };
        self.cx.debug(format_args!("{how} {id}: {answer}"));
    }

    /// Says once of each entry that this charm cannot deliver it.
    fn report_undeliverable(&self) -> Result<(), Error> {
        let lines: Vec<(String, Identity)> = self.cx.with_queue(|queue| {
            let undeliverable = queue.entries().iter().filter(|entry| !self.cx.is_deliverable(entry));
            undeliverable.map(|entry| (entry.line().to_owned(), entry.identity.clone())).collect()
        });
        for id in self.cx.note_undeliverable(&lines)? {
            let text = format!("pending event {id}: not of this version of the charm; kept as it is, not delivered");
            self.cx.log(LogLevel::Warning, &text);
        }
        Ok(())
    }

    fn evaluate_status(&mut self) -> Result<(), Error> {
        let mut worst: Option<Status> = None;
        for evaluate in self.register.statuses() {
            let status = guarded(|| evaluate(self.charm, self.cx))
                .map_err(|error| Error::event("evaluating the status", error))?;
            if worst.as_ref().is_none_or(|worst| status.kind() > worst.kind()) {
                worst = Some(status);
            }
        }
        worst.map_or(Ok(()), |status| self.cx.set_status(status))?;
        Self::drain(&self.register, self.charm, self.cx, &mut self.drained)
    }
}

/// Counts one more first delivery; an error when it is one of too many.
fn count(drained: &mut usize, event: &impl ToString) -> Result<(), Error> {
    *drained += 1;
    if *drained > EMISSION_LIMIT { Err(Error::event(event.to_string(), "emitted without end")) } else { Ok(()) }
}

/// A panic of an author's code, as an error.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
struct Panicked(String);

/// Runs an author's code; a panic is an error with its message.
fn guarded<R>(run: impl FnOnce() -> Result<R, BoxError>) -> Result<R, Box<dyn StdError + Send + Sync>> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(Panicked(text.unwrap_or_else(|| "with no message".to_owned())).into())
    })
}
