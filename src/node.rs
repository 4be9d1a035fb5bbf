use std::collections::BTreeMap;
use std::rc::Rc;

use ipnet::IpNet;
use juju_ops::{Context, Error, UnitName};
use serde::Serialize;

use crate::address::Address;
use crate::iperf;

/// A peer: another unit of the same application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Node {
    /// Its name.
    pub unit: UnitName,
    /// Where it can be reached: what Juju wrote as `ingress-address` in its bag, else as `private-address`. None when
    /// neither is an [`Address`] that another unit can reach (a loopback address is none), or the bag cannot be read.
    /// Such a node is listed all the same.
    pub address: Option<Address>,
}

/// A peer with an address that was looked for in one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Selected {
    /// The peer. Its address is one inside the network, where it has one, else that of [`Node`].
    pub node: Node,
    /// Whether the address is inside the network.
    pub inside: bool,
}

/// A bag as far as it can be read: what is wrong with it is its peer's loss only.
pub(crate) type Bag = Rc<BTreeMap<String, String>>;

/// The current peers with their bags, by number; read in one batch for each relation of the
/// endpoint. A unit with several relations has several bags.
fn bags(cx: &Context, endpoint: &str) -> Result<BTreeMap<UnitName, Vec<Bag>>, Error> {
    let this = cx.env().unit()?;
    let mut bags: BTreeMap<UnitName, Vec<Bag>> = BTreeMap::new();
    for relation in cx.relations(endpoint)? {
        let mut members = relation.members()?;
        members.retain(|unit| unit != this);
        relation.read_ahead(&members);
        for unit in members {
            let bag = relation.bag(&unit).readable();
            bags.entry(unit).or_default().push(bag);
        }
    }
    Ok(bags)
}

/// The current peers, each looked at through its bags.
pub(crate) fn each<T>(cx: &Context, endpoint: &str, look: impl Fn(&[Bag]) -> T) -> Result<Vec<(UnitName, T)>, Error> {
    Ok(bags(cx, endpoint)?.into_iter().map(|(unit, bags)| (unit, look(&bags))).collect())
}

/// One peer's bags; `None` when it is no peer. No other bag is read.
pub(crate) fn of(cx: &Context, endpoint: &str, peer: &UnitName) -> Result<Option<Vec<Bag>>, Error> {
    let mut found = None;
    for relation in cx.relations(endpoint)? {
        if relation.members()?.contains(peer) {
            found.get_or_insert_with(Vec::new).push(relation.bag(peer).readable());
        }
    }
    Ok(found)
}

pub(crate) fn get_nodes(cx: &Context, endpoint: &str) -> Result<Vec<Node>, Error> {
    let nodes = each(cx, endpoint, address)?;
    Ok(nodes.into_iter().map(|(unit, address)| Node { unit, address }).collect())
}

pub(crate) fn get_nodes_in(cx: &Context, endpoint: &str, network: IpNet) -> Result<Vec<Selected>, Error> {
    let select = |bags: &[Bag]| {
        let address = address(bags);
        match inside(bags, address.as_ref(), &network) {
            Some(found) => (Some(found), true),
            None => (address, false),
        }
    };
    let selected = each(cx, endpoint, select)?;
    Ok(selected
        .into_iter()
        .map(|(unit, (address, inside))| Selected { node: Node { unit, address }, inside })
        .collect())
}

/// An address of a unit inside a network: the one that Juju gives it, else the first that it advertises. A unit advertises
/// in Juju's order with the aliases last, whose own network is a host network: that they are cannot be seen from here.
fn inside(bags: &[Bag], address: Option<&Address>, network: &IpNet) -> Option<Address> {
    let given = address.and_then(Address::ip);
    let advertised = || bags.iter().flat_map(iperf::advertised);
    let found = given.into_iter().chain(advertised()).find(|ip| network.contains(&ip.to_canonical()));
    found.map(Address::Ip)
}

/// The address that Juju gives to a unit in its bag; the first bag that has one counts.
pub(crate) fn address(bags: &[Bag]) -> Option<Address> {
    let of_key = |bag: &Bag, key: &str| bag.get(key)?.parse().ok().filter(Address::is_usable);
    bags.iter().find_map(|bag| ["ingress-address", "private-address"].iter().find_map(|key| of_key(bag, key)))
}
