//! Bags that cannot be read: a peer's bag is untrusted, and what is wrong with it is that peer's loss only.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use juju_ops::{Databag, Error, Relation, RelationId, UnitName, chain};

thread_local! {
    /// The bags that could not be read in the dispatch that runs: neither asked for nor told of again. A dispatch is one
    /// thread's, and begins with the registration of its observers.
    static UNREADABLE: RefCell<BTreeSet<(RelationId, UnitName)>> = const { RefCell::new(BTreeSet::new()) };
}

/// How many units the warning names.
const NAMED: usize = 5;
/// How much of Juju's reason the warning repeats.
const REASON: usize = 200;

/// A dispatch begins.
pub(crate) fn begin() {
    UNREADABLE.with_borrow_mut(BTreeSet::clear);
}

/// The bags of some units, read in one batch, but for those that cannot be read.
pub(crate) fn read(relation: &Relation, units: &[UnitName]) -> BTreeMap<UnitName, Databag> {
    let is_known = |unit: &UnitName| UNREADABLE.with_borrow(|all| all.contains(&(relation.id().clone(), unit.clone())));
    let mut bags: BTreeMap<UnitName, Databag> =
        units.iter().filter(|unit| !is_known(unit)).map(|unit| (unit.clone(), relation.bag(unit))).collect();
    let wanted: Vec<UnitName> = bags.keys().cloned().collect();
    // A batch is for many; where one of it cannot be read, each is looked at.
    if wanted.len() < 2 || relation.read_ahead(&wanted).is_err() {
        let mut failed: Vec<(UnitName, Error)> = Vec::new();
        bags.retain(|unit, bag| match bag.get("ingress-address") {
            Ok(_) => true,
            Err(error) => {
                failed.push((unit.clone(), error));
                false
            }
        });
        tell(&failed);
        UNREADABLE.with_borrow_mut(|all| all.extend(failed.into_iter().map(|(unit, _)| (relation.id().clone(), unit))));
    }
    bags
}

/// The value of one key of a bag that [`read`] has read.
pub(crate) fn get(bag: &Databag, key: &str) -> Option<String> {
    bag.get(key).ok().flatten()
}

/// One line, whatever their number. The reason is Juju's, of the first; it has no values in it.
fn tell(failed: &[(UnitName, Error)]) {
    let Some((_, error)) = failed.first() else { return };
    let named: Vec<String> = failed.iter().take(NAMED).map(|(unit, _)| unit.to_string()).collect();
    let more = match failed.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let reason: String = chain(error).to_string().chars().take(REASON).collect();
    log::warn!(
        "peers without a readable databag, taken to be without an address: {}{more}: {reason}",
        named.join(", ")
    );
}
