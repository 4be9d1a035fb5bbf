//! Collecting into a map or a set one by one, and sorting.
//!
//! The standard library's sorts, by which `collect` begins too, are fast and large, once for each type: larger than all
//! that is done here with the type. A charm is started for each event, and read from disk.

use std::collections::BinaryHeap;

pub(crate) fn gather<T, C: Default + Extend<T>>(all: impl IntoIterator<Item = T>) -> C {
    let mut gathered = C::default();
    gathered.extend(all);
    gathered
}

/// Sorts; what is equal stands in any order.
pub(crate) fn sort<T: Ord>(all: &mut Vec<T>) {
    *all = BinaryHeap::from(std::mem::take(all)).into_sorted_vec();
}
