//! What is sent to Juju, in which order, and what is put back where Juju refuses it.
//!
//! Everything but a status waits in Juju until the hook has ended well. So a write that was sent can be taken back by
//! another one as long as the hook runs.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::writes::{BagWrites, Written};
use super::{Context, Member};
use crate::error::{Error, chain};
use crate::gather::gather;
use crate::hook_command::{self, Command, LogLevel, Ports};
use crate::name::RelationId;
use crate::status::{Of, Status};

type Changes = BTreeMap<String, String>;

/// Why the writes of one event were not sent.
pub(crate) enum Refused {
    /// Juju refused them; all is as it was before.
    TakenBack(Error),
    /// What had been sent before the refusal could not be taken back.
    HalfSent(Error),
}

impl Context {
    /// Sends all that is to change: databags, ports, an action's results and the state, together with what the log holds
    /// back, and last the statuses, which alone cannot be taken back when something else fails.
    pub(crate) fn flush(&self, results: &[BTreeMap<String, String>]) -> Result<(), Error> {
        let bags = std::mem::take(&mut self.inner.written.borrow_mut().bags);
        let mut commands = Vec::new();
        for (key, wanted) in &*bags {
            let changes = self.changes_of(key, wanted)?;
            if !changes.is_empty() {
                commands.push(relation_set(key, &changes));
            }
        }
        let ports = std::mem::take(&mut self.inner.written.borrow_mut().ports);
        for (endpoint, wanted) in &*ports {
            let open = self.open_ports(endpoint.as_deref())?;
            commands.extend(difference(endpoint.as_deref(), &open, wanted).into_iter().map(|(command, _)| command));
        }
        commands.extend(results.iter().map(hook_command::action_set));
        commands.extend(self.inner.written.borrow().version.as_deref().map(hook_command::application_version_set));
        let statuses = std::mem::take(&mut self.inner.written.borrow_mut().statuses);
        // The application's first: the answer of Juju says what the unit's is, too.
        let differs = |(of, status): &(Of, &Status)| !self.shows(*of, status);
        let unlike: Vec<(Of, &Status)> = statuses.iter().rev().filter(differs).collect();
        self.store_queue();
        commands.extend(self.state_commands());
        self.send_together(commands)?;
        for (of, status) in unlike.iter().rev() {
            match self.put_status(*of, status) {
                // It was held back from a delivery that has been answered, and is no fault of the hook's.
                Err(error) if self.inner.held.borrow().get(*of) == Some(status) => {
                    self.log(LogLevel::Error, &chain(&error).to_string());
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Sends what the delivery of one event has written since `before`, so that Juju's refusal is that event's alone.
    pub(crate) fn send_since(&self, before: &Written) -> Result<(), Refused> {
        let (bags, ports, version, statuses) = {
            let written = self.inner.written.borrow();
            if Rc::ptr_eq(&written.bags, &before.bags)
                && Rc::ptr_eq(&written.ports, &before.ports)
                && written.version == before.version
                && written.statuses == before.statuses
            {
                return Ok(());
            }
            let ports: Vec<_> = written.ports.iter().filter(|(at, it)| before.ports.get(*at) != Some(*it)).collect();
            let ports: Vec<_> = ports.into_iter().map(|(at, it)| (at.clone(), it.clone())).collect();
            let new = written.statuses.iter().filter(|(of, it)| before.statuses.get(*of) != Some(*it));
            // One that is evaluated at the end would only be seen for a moment.
            let (held, statuses): (Vec<_>, Vec<_>) =
                new.map(|(of, it)| (of, it.clone())).partition(|(of, _)| self.inner.evaluated.borrow().contains(of));
            for (of, status) in held {
                self.inner.held.borrow_mut().set(of, Some(status));
            }
            let version = written.version.clone().filter(|it| before.version.as_ref() != Some(it));
            (since(&before.bags, &written.bags), ports, version, statuses)
        };
        let mut sent: Vec<Command<()>> = Vec::new();
        let result = (|| {
            for (key, wanted) in &bags {
                let changes = self.changes_of(key, wanted)?;
                if changes.is_empty() {
                    continue;
                }
                let bag = self.read_bag(&key.0, &key.1)?;
                let back = gather(changes.keys().map(|at| (at.clone(), bag.get(at).cloned().unwrap_or_default())));
                relation_set(key, &changes).run(self.transport())?;
                sent.push(relation_set(key, &back));
                self.bag_was_sent(key, &changes);
            }
            for (endpoint, wanted) in &ports {
                let open = self.open_ports(endpoint.as_deref())?;
                // Each with its way back: a later one may be refused.
                for (command, back) in difference(endpoint.as_deref(), &open, wanted) {
                    self.inner.reads.forget_ports();
                    command.run(self.transport())?;
                    sent.push(back);
                }
            }
            if let Some(version) = &version {
                hook_command::application_version_set(version).run(self.transport())?;
                self.inner.written.borrow_mut().version = None;
            }
            for (of, status) in statuses.iter().filter(|(of, status)| !self.shows(*of, status)) {
                self.put_status(*of, status)?;
            }
            Ok(())
        })();
        let Err(error) = result else { return Ok(()) };
        for back in sent.iter().rev() {
            if let Err(worse) = back.run(self.transport()) {
                return Err(Refused::HalfSent(worse));
            }
        }
        self.inner.reads.forget(bags.keys());
        Err(Refused::TakenBack(error))
    }

    /// What of the wanted values is not in the bag yet.
    fn changes_of(&self, key: &(RelationId, Member), wanted: &Changes) -> Result<Changes, Error> {
        let bag = self.read_bag(&key.0, &key.1)?;
        let differs = |(key, value): &(&String, &String)| bag.get(*key).map_or("", String::as_str) != value.as_str();
        Ok(gather(wanted.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone()))))
    }

    /// Whether Juju shows a status already: as is known or noted, else as Juju says. What Juju cannot say is taken for no.
    fn shows(&self, of: Of, status: &Status) -> bool {
        if let Some(shows) = self.inner.transport.shows(of, status) {
            return shows;
        }
        let shown = self.read_status(of).unwrap_or_else(|error| {
            self.log(LogLevel::Warning, &format!("the status is set whatever it was: {}", chain(&error)));
            None
        });
        shown.as_ref() == Some(status)
    }

    /// Sets a status now, where Juju is not known to show it.
    pub(crate) fn show_status(&self, of: Of, status: &Status) -> Result<(), Error> {
        if self.inner.transport.is_known(of, status) {
            return Ok(());
        }
        self.put_status(of, status)
    }

    fn put_status(&self, of: Of, status: &Status) -> Result<(), Error> {
        match of {
            Of::Unit => hook_command::status_set(status),
            Of::Application => hook_command::status_set_app(status),
        }
        .run(self.transport())?;
        self.inner.transport.was_set(of, status);
        Ok(())
    }

    /// Sends commands of which none depends on another, and what the log holds back.
    fn send_together(&self, mut commands: Vec<Command<()>>) -> Result<(), Error> {
        let log = self.inner.logbook.take(self.transport());
        let count = commands.len();
        commands.extend(log.as_ref().map(|(level, text)| hook_command::juju_log(*level, text)));
        let mut failed: Option<(usize, Error)> = None;
        Command::run_each(&commands, self.transport(), |at, sent| match (sent, &log) {
            (Err(error), Some((level, text))) if at == count => {
                self.inner.logbook.complain(self.transport(), *level, text, &error);
            }
            (Err(error), _) if failed.as_ref().is_none_or(|(earlier, _)| at < *earlier) => failed = Some((at, error)),
            _ => {}
        });
        failed.map_or(Ok(()), |(_, error)| Err(error))
    }

    fn state_commands(&self) -> Vec<Command<()>> {
        let mut commands = Vec::new();
        if let (Some(areas), Some(stored)) = (&self.inner.written.borrow().areas, &*self.inner.stored.borrow()) {
            let changes = areas.changes(stored);
            if !changes.set.is_empty() {
                commands.push(hook_command::state_set(&changes.set));
            }
            commands.extend(changes.delete.iter().map(|key| hook_command::state_delete(key)));
        }
        commands
    }
}

/// What was written to bags after a savepoint.
fn since(before: &BagWrites, now: &BagWrites) -> BagWrites {
    let mut changed = BagWrites::new();
    for (key, values) in now {
        let earlier = before.get(key);
        let new = values.iter().filter(|(at, value)| earlier.and_then(|earlier| earlier.get(*at)) != Some(value));
        let new: Changes = gather(new.map(|(at, value)| (at.clone(), value.clone())));
        if !new.is_empty() {
            changed.insert(key.clone(), new);
        }
    }
    changed
}

fn relation_set((relation, member): &(RelationId, Member), changes: &Changes) -> Command<()> {
    match member {
        Member::Unit(_) => hook_command::relation_set(relation, changes),
        Member::App(_) => hook_command::relation_set_app(relation, changes),
    }
}

/// The commands between two sets of ports, each with the one that takes it back: what is open and not wanted is closed,
/// then what is wanted and not open is opened.
fn difference(endpoint: Option<&str>, open: &Ports, wanted: &Ports) -> Vec<(Command<()>, Command<()>)> {
    let endpoints = endpoint.as_slice();
    let closing = |ports| hook_command::close_port_for(ports, endpoints);
    let opening = |ports| hook_command::open_port_for(ports, endpoints);
    let closed = open.difference(wanted).map(|&ports| (closing(ports), opening(ports)));
    let opened = wanted.difference(open).map(|&ports| (opening(ports), closing(ports)));
    closed.chain(opened).collect()
}
