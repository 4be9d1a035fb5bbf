use std::collections::BTreeMap;

use ipnet::IpNet;
use juju_ops::{Context, Databag, Error, UnitName};
use serde::Serialize;

use crate::address::Address;
use crate::iperf;

/// A peer: another unit of the same application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Node {
    /// Its name.
    pub unit: UnitName,
    /// Where it can be reached: what Juju wrote as `ingress-address` in its bag, else as `private-address`; none when
    /// neither is an [`Address`]. Such a node is listed all the same.
    pub address: Option<Address>,
}

/// A peer with an address that was looked for in one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Selected {
    /// The peer. Its address is the first that it advertises inside the network, else that of [`Node`].
    pub node: Node,
    /// Whether the address is one that it advertises inside the network.
    pub inside: bool,
}

/// The current peers with their bags, by number; read in one batch for each relation of the endpoint. A unit with
/// several relations has several bags.
fn bags(cx: &Context, endpoint: &str) -> Result<BTreeMap<UnitName, Vec<Databag>>, Error> {
    let mut bags: BTreeMap<UnitName, Vec<Databag>> = BTreeMap::new();
    for relation in cx.relations(endpoint)? {
        let members = relation.members()?;
        relation.read_ahead(&members)?;
        for unit in members {
            let bag = relation.bag(&unit);
            bags.entry(unit).or_default().push(bag);
        }
    }
    let this = cx.env().unit()?;
    bags.remove(this);
    Ok(bags)
}

/// The current peers, each looked at through its bag; the first bag that gives something counts.
pub(crate) fn each<T>(
    cx: &Context,
    endpoint: &str,
    look: impl Fn(&Databag) -> Result<Option<T>, Error>,
) -> Result<Vec<(UnitName, Option<T>)>, Error> {
    let look_at = |(unit, bags): (UnitName, Vec<Databag>)| {
        let found = bags.iter().find_map(|bag| look(bag).transpose()).transpose()?;
        Ok((unit, found))
    };
    bags(cx, endpoint)?.into_iter().map(look_at).collect()
}

pub(crate) fn get_nodes(cx: &Context, endpoint: &str) -> Result<Vec<Node>, Error> {
    let nodes = each(cx, endpoint, address)?;
    Ok(nodes.into_iter().map(|(unit, address)| Node { unit, address }).collect())
}

pub(crate) fn get_nodes_in(cx: &Context, endpoint: &str, network: IpNet) -> Result<Vec<Selected>, Error> {
    let inside = |bag: &Databag| {
        let advertised = iperf::advertised(bag)?;
        Ok(advertised.into_iter().find(|ip| network.contains(ip)).map(Address::Ip))
    };
    let inside = each(cx, endpoint, inside)?;
    let fallback = get_nodes(cx, endpoint)?;
    let select = |((_, inside), node): ((UnitName, Option<Address>), Node)| match inside {
        Some(address) => Selected { node: Node { address: Some(address), ..node }, inside: true },
        None => Selected { node, inside: false },
    };
    Ok(inside.into_iter().zip(fallback).map(select).collect())
}

/// The address that Juju gives to a unit in its bag.
fn address(bag: &Databag) -> Result<Option<Address>, Error> {
    for key in ["ingress-address", "private-address"] {
        if let Some(address) = bag.get(key)?.and_then(|text| text.parse().ok()) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}
