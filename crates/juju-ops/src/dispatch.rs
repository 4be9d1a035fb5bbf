//! The order of one dispatch.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::rc::Rc;

use crate::action::Outcome;
use crate::context::{Context, Refused, digest};
use crate::env::{Dispatch, Env};
use crate::error::{BoxError, Error, bounded, chain};
use crate::event::{Ack, Answer};
use crate::hook::Hook;
use crate::hook_command::{self, LogLevel};
use crate::maintenance::{self, Dropped, Subcommand, USAGE};
use crate::observer::{Handler, Observer, Observers, Restored};
use crate::pending::{Identity, Queue};
use crate::source::Key;
use crate::status::{Of, Status};
use crate::transport::{AgentTransport, Processes, Transport, Via};
use crate::{log, security};

/// How a dispatch ended, for Juju: 0 well, 1 the hook failed and is to be repeated, 2 the charm was not run by Juju.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(u8);

/// The most events that one dispatch may deliver for the first time; more is a handler that answers its own event.
const EMISSION_LIMIT: usize = 10_000;
/// How many undeliverable events a warning names.
const NAMED: usize = 3;

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
/// Reads the environment and the arguments (here and nowhere else), sends the [`log`](::log) crate's records to Juju
/// (INFO and above by `juju-log`, below by standard output, which Juju logs at DEBUG for free), and has hook commands
/// reach the agent by an [`AgentTransport`]. A charm that wants fewer records calls
/// [`log::set_max_level`](::log::set_max_level) before; what lies below costs nothing.
///
/// Without a dispatch path it is a tool for the operator: `dispatch --help` says what it does.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// # use juju_ops::{Observer, Observers};
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, _: &mut Observers<Self>) {}
/// # }
/// fn main() -> ExitCode {
///     juju_ops::main(Web)
/// }
/// ```
#[allow(clippy::needless_pass_by_value, reason = "the process ends with it, and `main(Charm)` reads best")]
pub fn main(charm: impl Observer) -> ExitCode {
    main_via(charm, Via::Auto)
}

/// [`main`] with hook commands that reach the agent in this way, unless `JUJU_OPS_TRANSPORT` (`auto`, `exec`, `socket`)
/// says another. For a charm that must not use the agent's socket.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use juju_ops::Via;
///
/// # use juju_ops::{Observer, Observers};
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, _: &mut Observers<Self>) {}
/// # }
/// fn main() -> ExitCode {
///     juju_ops::main_via(Web, Via::Exec)
/// }
/// ```
#[allow(clippy::needless_pass_by_value, reason = "as main")]
pub fn main_via(charm: impl Observer, via: Via) -> ExitCode {
    log::install();
    let args = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let env = Env::from_vars(std::env::vars_os()).and_then(|env| Ok((Via::of(&env, via)?, env)));
    match env {
        Ok((via, env)) => {
            let transport = AgentTransport::new(&env, via);
            let cx = Context::new(env.with_args(args), Rc::new(transport));
            let exit = dispatch_in(&charm, &cx);
            // The process ends: what it holds goes with it, piece by piece is slower.
            std::mem::forget(cx);
            exit.into()
        }
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
/// 4. The functions that evaluate the application's status, on the leader, and the unit's; in actions too. Not in
///    `stop` or `remove`. A durable event that they emit waits for the next hook.
/// 5. All writes are sent.
///
/// # Failures
/// An `Err` or a panic of a hook's own handler, of a first delivery, of an `any` observer or of a status function fails
/// the hook: nothing is sent, and Juju repeats it. The exception is an error of the [configuration](Context::config):
/// it drops what that one handler wrote, and the unit is blocked.
///
/// One of a *re*delivery drops what that delivery wrote and counts as an attempt; the event stays pending and the hook
/// goes on. So it does where Juju refuses what the delivery wrote, which is sent when its handler has returned. One of
/// an action fails the action and sends nothing else.
///
/// What a failed hook emitted is lost only where Juju does not repeat the hook: actions, Pebble's hooks, `juju resolve
/// --no-retry`, and a hook that is replaced by the `stop` of a pod.
pub fn dispatch<O: Observer>(charm: &O, env: Env, transport: impl Transport + 'static) -> Exit {
    dispatch_in(charm, &Context::new(env, Rc::new(transport)))
}

fn dispatch_in<O: Observer>(charm: &O, cx: &Context) -> Exit {
    cx.begin();
    let _routed = log::route(cx);
    let exit = run(charm, cx);
    cx.flush_log();
    cx.end();
    exit
}

fn run<O: Observer>(charm: &O, cx: &Context) -> Exit {
    let asked = match (Subcommand::read(cx.env().args()), cx.env().dispatch()) {
        (Ok(None), _) => None,
        (asked, Dispatch::Nothing) => Some(asked),
        (_, Dispatch::Hook(_) | Dispatch::UnknownHook(_) | Dispatch::Action(_)) => {
            cx.transport().complain("a hook or an action runs: subcommands are for `juju exec`");
            return Exit(2);
        }
    };
    let result = match (cx.env().dispatch(), asked) {
        (Dispatch::Nothing, None) => {
            cx.transport().complain(USAGE);
            return Exit(2);
        }
        (Dispatch::Nothing, Some(Err(why))) => {
            cx.transport().complain(&format!("{why}; see `dispatch --help`"));
            return Exit(2);
        }
        (Dispatch::Nothing, Some(Ok(Some(asked)))) if !asked.is_free() && !cx.env().has_context() => {
            cx.transport().complain("this needs the unit: `juju exec --unit UNIT -- ./dispatch …`");
            return Exit(2);
        }
        (Dispatch::Nothing, Some(Ok(Some(Subcommand::Help)))) => {
            cx.transport().debug(USAGE);
            Ok(())
        }
        (Dispatch::Nothing, Some(Ok(Some(Subcommand::Version)))) => {
            cx.transport().debug(&maintenance::version(cx));
            Ok(())
        }
        (Dispatch::Nothing, Some(Ok(asked))) => {
            Run::new(charm, cx).and_then(|mut run| run.maintain(&asked.unwrap_or(Subcommand::Help)))
        }
        (Dispatch::UnknownHook(name), _) => {
            cx.debug(format_args!("unknown hook {name}: nothing to do"));
            Ok(())
        }
        (Dispatch::Hook(hook), _) => Run::new(charm, cx)
            .and_then(|mut run| run.hook(hook))
            .map_err(|error| Error::event(format!("hook {}", cx.env().hook_name()), error)),
        (Dispatch::Action(name), _) => Run::new(charm, cx).and_then(|mut run| run.action(name)),
    };
    let Err(error) = result else { return Exit(0) };
    let text = chain(&error).to_string();
    match cx.env().dispatch() {
        // Whoever asked reads standard error.
        Dispatch::Nothing => cx.transport().complain(&text),
        _ => {
            security::refused(cx, &error);
            security::crash(cx, &error.to_string());
            cx.log(LogLevel::Error, &text);
        }
    }
    Exit(1)
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
    /// How many events were delivered for the first time; and how many of those in deliveries of earlier events.
    drained: usize,
    spared: usize,
    /// What the operator has to mend in the configuration.
    blocked: Option<Status>,
}

impl<'a, O: Observer> Run<'a, O> {
    fn new(charm: &'a O, cx: &'a Context) -> Result<Self, Error> {
        let register = guarded(|| Ok(Observers::of(charm)?)).map_err(|error| Error::event("registration", error))?;
        cx.declare(register.durable());
        cx.declare_endpoints(register.endpoints());
        let evaluated = [Of::Unit, Of::Application].into_iter().filter(|of| register.statuses(*of).next().is_some());
        cx.declare_evaluated(evaluated.collect());
        Ok(Self { charm, register, cx, delivered: BTreeSet::new(), looked_at: 0, drained: 0, spared: 0, blocked: None })
    }

    fn hook(&mut self, hook: &Hook) -> Result<(), Error> {
        self.pause("hook");
        if !hook.is_last() {
            self.read_together()?;
        }
        self.observe(|register| register.hook_handlers(self.cx.env().hook_name()).collect())?;
        if !hook.is_last() {
            self.deliver_pending()?;
            self.observe(|register| register.handlers(&Key::AnyHook).collect())?;
            self.deliver_pending()?;
            self.evaluate_statuses()?;
        }
        self.flush(&[])
    }

    /// Asks Juju for what will be read in any case.
    fn read_together(&self) -> Result<(), Error> {
        let wanted = guarded(|| Ok(self.register.wanted(self.charm, self.cx)));
        let wanted = wanted.map_err(|error| Error::event("what is read", error))?;
        self.cx.read_together(&wanted);
        Ok(())
    }

    fn action(&mut self, name: &str) -> Result<(), Error> {
        self.pause("hook");
        self.read_together()?;
        let before = self.cx.savepoint();
        let outcome = match self.run_action(name) {
            Ok(outcome) => outcome,
            Err(error) => {
                self.cx.return_to(before);
                let text = chain(&error).to_string();
                security::refused(self.cx, &error);
                self.cx.log(LogLevel::Error, &format!("action {name}: {text}"));
                Outcome::failed(text)
            }
        };
        self.cx.flush(&outcome.parts())?;
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
        self.evaluate_statuses()?;
        Ok(outcome)
    }

    /// What an operator asked for.
    fn maintain(&mut self, asked: &Subcommand) -> Result<(), Error> {
        let say = |text: &str| self.cx.transport().debug(text);
        match asked {
            // These need no register, and are answered before there is one.
            Subcommand::Help | Subcommand::Version => {}
            Subcommand::Observed(format) => say(&maintenance::show_observed(&self.register.observed(), *format)?),
            Subcommand::Pending(format) => {
                say(&maintenance::show_pending(&self.cx.pending()?, self.cx.env().now(), *format));
            }
            Subcommand::Drop(which) => {
                let mut dropped = 0;
                for event in self.cx.pending()? {
                    let is = |topic: &str, name: &str, subject: &str| {
                        (topic, name, subject) == (&*event.topic, &*event.name, &*event.subject)
                    };
                    let chosen = match which {
                        Dropped::All => true,
                        Dropped::One(topic, name, subject) => is(topic, name, subject),
                    };
                    dropped += usize::from(chosen && self.cx.drop_pending(&event)?);
                }
                if dropped == 0 && *which != Dropped::All {
                    return Err(Error::refused("no such event is pending"));
                }
                self.flush(&[])?;
                say(&format!("dropped {dropped}"));
            }
            Subcommand::Wake => {
                self.deliver_pending()?;
                self.evaluate_statuses()?;
                self.flush(&[])?;
            }
        }
        Ok(())
    }

    /// Has the observers of the hook that runs called, one by one.
    fn observe<'s>(&'s mut self, which: impl FnOnce(&'s Observers<O>) -> Vec<&'s Handler<O>>) -> Result<(), Error> {
        let Self { charm, register, cx, drained, blocked, .. } = self;
        for handler in which(register) {
            let before = cx.savepoint();
            let run = |handler: &Handler<O>| handler.handle(charm, &*handler.build(cx)?, cx);
            let result = guarded(|| run(handler)).map_err(|error| match &handler.key {
                Key::Hook { .. } => Error::of_author(error),
                key => Error::event(key.to_string(), error),
            });
            match result.and_then(|_| Self::drain(register, charm, cx, drained)) {
                Ok(()) => {}
                Err(error) if error.is_config() => {
                    cx.return_to(before);
                    block(cx, blocked, &error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
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
        self.report_queue()?;
        while let Some((generation, id)) = self.next_pending() {
            self.delivered.insert((id.topic.clone(), id.subject.clone()));
            let own = |queue: &mut Queue| {
                queue.get(generation).filter(|entry| !entry.spares_hook).and_then(|entry| entry.fresh.clone())
            };
            match self.cx.with_queue(own) {
                Some(event) => {
                    count(&mut self.drained, &id)?;
                    let before = self.cx.savepoint();
                    match self.deliver(&id, &*event) {
                        Ok(ack) => self.settle(generation, &id, "delivered", ack),
                        Err(error) if error.is_config() => {
                            self.cx.return_to(before);
                            self.cx.note_failure(generation, &chain(&error).to_string());
                            block(self.cx, &mut self.blocked, &error);
                        }
                        Err(error) => return Err(error),
                    }
                }
                None => self.redeliver(generation, &id)?,
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

    /// Delivers an event of an earlier dispatch. Nothing that goes wrong with it is the fault of the hook that runs, nor
    /// is what Juju refuses of what it wrote.
    fn redeliver(&mut self, generation: u64, id: &Identity) -> Result<(), Error> {
        let cx = self.cx;
        let before = cx.savepoint();
        // What it emits counts apart: it must not use up what the hook's own handlers may emit.
        let (own, spared) = (std::mem::replace(&mut self.drained, self.spared), self.spared);
        let delivered = cx.redelivering(|| self.try_redeliver(generation, id));
        self.spared = std::mem::replace(&mut self.drained, own);
        let error = match delivered {
            Ok(answer) => match cx.send_since(&before) {
                Ok(()) => {
                    match answer {
                        Some(ack) => self.settle(generation, id, "redelivered", ack),
                        None => {
                            cx.with_queue(|queue| queue.remove(generation));
                            cx.debug(format_args!("dropped {id}: overtaken"));
                        }
                    }
                    return Ok(());
                }
                Err(Refused::TakenBack(error)) => Error::event(id.to_string(), error),
                Err(Refused::HalfSent(error)) => {
                    return Err(Error::event(format!("{id}, taking back its writes"), error));
                }
            },
            Err(error) => error,
        };
        cx.return_to(before);
        self.spared = spared;
        let text = chain(&error).to_string();
        cx.note_failure(generation, &text);
        security::refused(cx, &error);
        cx.log(LogLevel::Error, &format!("{}; it stays pending", bounded(&text, 4096)));
        if error.is_config() {
            block(cx, &mut self.blocked, &error);
        }
        Ok(())
    }

    fn try_redeliver(&mut self, generation: u64, id: &Identity) -> Result<Option<Ack>, Error> {
        let entry = self.cx.with_queue(|queue| queue.get(generation).cloned());
        if let Some(event) = entry.as_ref().and_then(|entry| entry.fresh.clone()) {
            count(&mut self.drained, id)?;
            return self.deliver(id, &*event).map(Some);
        }
        let stored = entry.and_then(|entry| entry.stored().cloned());
        let (Some(stored), Some(restore)) = (stored, self.register.restore(&id.topic, &id.name)) else {
            return Ok(Some(Ack::NotYet));
        };
        match guarded(|| restore(&stored, self.cx)).map_err(|error| Error::event(id.to_string(), error))? {
            Restored::Event(event) => self.deliver(id, &*event).map(Some),
            Restored::Overtaken => Self::drain(&self.register, self.charm, self.cx, &mut self.drained).map(|()| None),
        }
    }

    /// Takes the answer for an event, if it is still that event which waits.
    fn settle(&self, generation: u64, id: &Identity, how: &str, ack: Ack) {
        let still = self.cx.with_queue(|queue| match ack {
            Ack::Done => queue.remove(generation),
            Ack::NotYet | Ack::After(_) => queue.get(generation).is_some(),
        });
        match ack {
            Ack::After(time) => self.cx.wake_for(generation, time),
            Ack::NotYet => self.cx.with_queue(|queue| queue.wake_no_more(generation)),
            Ack::Done => {}
        }
        let answer = match (still, ack) {
            (true, Ack::Done) => "acknowledged",
            (true, Ack::NotYet | Ack::After(_)) => "not yet",
            (false, _) => "no longer pending",
        };
        self.cx.debug(format_args!("{how} {id}: {answer}"));
    }

    /// Says once that this charm cannot deliver what waits, and once that more and more waits.
    fn report_queue(&self) -> Result<(), Error> {
        let (all, lines): (usize, Vec<(String, Identity)>) = self.cx.with_queue(|queue| {
            let undeliverable = queue.entries().iter().filter(|entry| !self.cx.is_deliverable(entry));
            let lines = undeliverable.map(|entry| (entry.line().to_owned(), entry.identity.clone()));
            (queue.entries().len(), lines.collect())
        });
        let state = (!lines.is_empty()).then(|| digest(lines.iter().map(|(line, _)| line.as_str())));
        if self.cx.is_news("undeliverable", state.as_deref())? {
            let named: Vec<String> = lines.iter().take(NAMED).map(|(_, id)| id.to_string()).collect();
            let more = if lines.len() > NAMED { ", …" } else { "" };
            let text = format!(
                "pending events that are not of this version of the charm: {} ({}{more}); kept as they are, not delivered",
                lines.len(),
                named.join(", ")
            );
            self.cx.log(LogLevel::Warning, &text);
        }
        let many = [100, 1_000, 10_000].into_iter().rev().find(|&many| all >= many).map(|many| many.to_string());
        if self.cx.is_news("many", many.as_deref())? {
            let text = format!("{all} events are pending: `juju exec --unit … -- ./dispatch pending` lists them");
            self.cx.log(LogLevel::Warning, &text);
        }
        Ok(())
    }

    fn evaluate_statuses(&mut self) -> Result<(), Error> {
        if self.register.statuses(Of::Application).next().is_some() && self.cx.is_leader()? {
            self.evaluate(Of::Application, None)?;
        }
        let blocked = self.blocked.take();
        self.evaluate(Of::Unit, blocked)?;
        Self::drain(&self.register, self.charm, self.cx, &mut self.drained)
    }

    /// Sets the most severe of all statuses, the first among equals.
    fn evaluate(&self, of: Of, mut worst: Option<Status>) -> Result<(), Error> {
        for evaluate in self.register.statuses(of) {
            let status = match guarded(|| evaluate(self.charm, self.cx)) {
                Ok(status) => status,
                Err(error) => {
                    let error = Error::event("evaluating the status", error);
                    if !error.is_config() {
                        return Err(error);
                    }
                    Some(to_mend(&error))
                }
            };
            worst = match (worst, status) {
                (Some(worst), Some(status)) if status.kind() > worst.kind() => Some(status),
                (None, status) => status,
                (worst, _) => worst,
            };
        }
        if let Some(status) = worst {
            self.cx.set_status(of, status);
        }
        Ok(())
    }

    fn flush(&self, results: &[BTreeMap<String, String>]) -> Result<(), Error> {
        if self.register.durable().next().is_some() {
            self.cx.arrange_wake()?;
        }
        self.cx.flush(results)
    }

    /// Stops here where `juju debug-code` asked for it.
    fn pause(&self, name: &str) {
        self.cx.pause(name);
    }
}

/// Remembers what the operator has to mend, unless something was found before.
fn block(cx: &Context, blocked: &mut Option<Status>, error: &Error) {
    cx.log(LogLevel::Warning, &chain(error).to_string());
    blocked.get_or_insert_with(|| to_mend(error));
}

/// The status of a unit whose configuration does not fit: what the error says of the option.
fn to_mend(error: &Error) -> Status {
    Status::blocked(bounded(&error.config_text(), 300))
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
