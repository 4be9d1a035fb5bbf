//! Relations between models of one store. Each of the two has a likeness of the other's application: units without code,
//! whose databags follow those of the other model whenever a command brings both to rest.

use std::collections::{BTreeMap, BTreeSet};

use super::call::Call;
use super::failure::Failure;
use super::records::{Link, Saas};
use super::session::Session;
use super::store::Store;
use crate::SimError;

/// How often models may go over to each other before it is taken for a loop.
const ROUNDS: usize = 200;

/// Brings a model to rest, together with those that it is related to.
pub(super) fn settle(call: &mut Call<'_, '_>, store: &Store, session: &mut Session) -> Result<(), Failure> {
    session.settle()?;
    if !is_tied(session) {
        return Ok(());
    }
    let mut others = Vec::new();
    for name in store.models().keys().filter(|name| **name != session.name) {
        let other = call.watched(Session::open(store, name)?);
        if is_tied(&other) {
            others.push(other);
        }
    }
    for _ in 0..ROUNDS {
        let mut all: Vec<&mut Session> = std::iter::once(&mut *session).chain(&mut others).collect();
        if !follow_all(&mut all)? {
            for other in &others {
                other.end()?;
            }
            return Ok(());
        }
        for session in all {
            session.settle()?;
        }
    }
    Err("models that are related never come to rest".into())
}

fn is_tied(session: &Session) -> bool {
    let settings = &session.records.settings;
    !settings.offers.is_empty() || !settings.saas.is_empty()
}

/// Lets every two models follow each other. Whether anything differed.
fn follow_all(all: &mut [&mut Session]) -> Result<bool, SimError> {
    let mut changed = false;
    for index in 0..all.len() {
        let (before, rest) = all.split_at_mut(index);
        let Some((one, after)) = rest.split_first_mut() else { continue };
        for other in before.iter_mut().chain(after) {
            changed |= follow(one, other)?;
        }
    }
    Ok(changed)
}

/// Lets a model and one whose offers it consumes follow each other. Whether anything differed.
fn follow(consumer: &mut Session, offerer: &mut Session) -> Result<bool, SimError> {
    let mut changed = false;
    let mut saas: BTreeMap<String, Saas> = consumer.records.settings.saas.clone();
    saas.retain(|_, saas| saas.model == offerer.name);
    for (alias, saas) in &saas {
        let mut units = BTreeSet::new();
        for (here, link) in &saas.links {
            if is_over(consumer, *here) || is_over(offerer, link.there) {
                changed |= end(consumer, offerer, alias, *here, link)?;
                continue;
            }
            let there = offerer.world.model().likeness(link.there, &link.offered);
            units.extend(there.iter().flat_map(|there| there.units.keys().copied()));
            changed |= follow_back(consumer, offerer, *here, link)?;
        }
        changed |= consumer.world.change(|model| model.have_units(alias, &units))?;
        for (here, link) in saas.links.iter().filter(|(here, _)| !is_over(consumer, **here)) {
            let there = offerer.world.model().likeness(link.there, &link.offered);
            let suspended = offerer.world.model().relation_state(link.there).is_some_and(|(_, suspended)| suspended);
            changed |= consumer.world.change(|model| {
                let mut changed = match &there {
                    Some(there) => model.take_after(*here, alias, there)?,
                    None => false,
                };
                if model.relation_state(*here).is_some_and(|(_, is)| is != suspended) {
                    model.suspend_relation(*here, suspended)?;
                    changed = true;
                }
                Ok::<bool, SimError>(changed)
            })?;
        }
    }
    Ok(changed)
}

/// Lets the offering model follow the consuming one in one relation.
fn follow_back(consumer: &Session, offerer: &Session, here: u32, link: &Link) -> Result<bool, SimError> {
    let Some(there) = consumer.world.model().likeness(here, &link.consumer) else { return Ok(false) };
    let units: BTreeSet<u32> = there.units.keys().copied().collect();
    offerer.world.change(|model| {
        let came = model.have_units(&link.remote, &units)?;
        Ok(model.take_after(link.there, &link.remote, &there)? || came)
    })
}

fn is_over(session: &Session, id: u32) -> bool {
    session.world.model().relation_state(id).is_none_or(|(alive, _)| !alive)
}

/// Ends a relation on both sides, as far as it has not ended. Whether anything was left to be done.
fn end(consumer: &mut Session, offerer: &mut Session, alias: &str, here: u32, link: &Link) -> Result<bool, SimError> {
    let mut changed = false;
    for (session, id) in [(&*consumer, here), (&*offerer, link.there)] {
        if session.world.model().relation_state(id).is_some_and(|(alive, _)| alive) {
            session.world.change(|model| model.remove_relation(id, false))?;
            changed = true;
        }
    }
    let gone = |session: &Session, id| session.world.model().relation_state(id).is_none();
    if gone(consumer, here) && gone(offerer, link.there) {
        offerer.world.change(|model| model.remove_likeness(&link.remote))?;
        if let Some(saas) = consumer.records.settings.saas.get_mut(alias) {
            saas.links.remove(&here);
        }
        changed = true;
    }
    Ok(changed)
}
