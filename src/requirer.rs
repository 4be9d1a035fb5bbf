use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use juju_ops::hook::{self, Hook, RelationDeparted};
use juju_ops::{BoxError, Context, Observer, Observers, Read, RelationId, Source, UnitName, chain};

use crate::address::{Address, is_usable};
use crate::events::{Departing, PeerDeparted, PeerJoined};
use crate::iperf;
use crate::node::{self, Node, Selected};
use crate::own::{self, OwnAddresses};
use crate::seen::{Seen, area};
use crate::told::{self, Memory};

/// The peer relation with interface `magpie`, for a charm to own.
///
/// It observes the endpoint's hooks and emits [`PeerJoined`] and [`PeerDeparted`], each pending until its handler
/// answers [`Ack::Done`](juju_ops::Ack::Done). A charm includes it and handles both events; leaving one out fails at
/// registration, and an answer that is no `Ack` does not compile.
///
/// Besides the hooks it compares what it announced with what Juju lists, on the endpoint's own hooks, `start`,
/// `upgrade-charm`, `config-changed` and `update-status`: so a `relation-joined` that an operator resolved without
/// running it, a lost state, and an upgrade from the Python interface are made good.
///
/// Two objects for one endpoint in one charm are refused at registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MagpiePeersRequirer {
    endpoint: String,
}

/// Why the peers could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A hook command failed, or Juju's environment lacks something.
    #[error(transparent)]
    Juju(#[from] juju_ops::Error),
    /// The event was made from its stored form by hand: only one that a handler was given can be asked for nodes.
    #[error("peer event: asked for nodes outside of its delivery")]
    NotDelivered,
}

/// As in the Python interface. Another name would make Juju drop the relation in an upgrade.
const INTERFACE: &str = "magpie";

/// How much of Juju's reason for having no address is remembered.
const REASON: usize = 200;

/// What the running hook itself says of the endpoint.
#[derive(Clone, Copy)]
enum Told<'a> {
    Nothing,
    Created(&'a RelationId),
    Joined(&'a RelationId, &'a UnitName),
    Departed(&'a RelationDeparted),
    Broken(&'a RelationId),
}

impl MagpiePeersRequirer {
    /// The relation of one peer endpoint of the charm's metadata.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: endpoint.into() }
    }

    /// The name of the endpoint.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where [`PeerJoined`] events come from.
    pub fn joined(&self) -> Source<PeerJoined> {
        Source::new(area(&self.endpoint), "joined")
    }

    /// Where [`PeerDeparted`] events come from.
    pub fn departed(&self) -> Source<PeerDeparted> {
        Source::new(area(&self.endpoint), "departed")
    }

    /// The current peers, sorted by number; never this unit. Reads their bags, once in a dispatch. A peer whose bag
    /// cannot be read is listed without an address, and a warning is logged, once in a dispatch.
    ///
    /// # Errors
    /// `relation-ids` or `relation-list` fails.
    pub fn get_nodes(&self, cx: &Context) -> Result<Vec<Node>, Error> {
        Ok(node::get_nodes(cx, &self.endpoint)?)
    }

    /// One of the current peers; none when it is no peer. Reads that peer's bag only.
    ///
    /// # Errors
    /// `relation-ids` or `relation-list` fails.
    pub fn get_node(&self, cx: &Context, peer: &UnitName) -> Result<Option<Node>, Error> {
        let bags = node::of(cx, &self.endpoint, peer)?;
        Ok(bags.map(|bags| Node { unit: peer.clone(), address: node::address(&bags) }))
    }

    /// The current peers, each with an address inside `network`: its ordinary one when that is inside, else the first
    /// there that it advertises. It is the ordinary one also when there is none inside; [`Selected::inside`] says which.
    ///
    /// # Errors
    /// `relation-ids` or `relation-list` fails.
    pub fn get_nodes_in(&self, cx: &Context, network: IpNet) -> Result<Vec<Selected>, Error> {
        Ok(node::get_nodes_in(cx, &self.endpoint, network)?)
    }

    /// The names of the current peers, sorted by number. Reads no bags.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn peers(&self, cx: &Context) -> Result<Vec<UnitName>, Error> {
        let (own, relations) = (cx.env().unit()?, cx.relations(&self.endpoint)?);
        let mut peers = Vec::new();
        for relation in &relations {
            peers.extend(relation.members()?);
        }
        // Those of one relation are sorted, and each is there once.
        if relations.len() > 1 {
            peers.sort_unstable();
            peers.dedup();
        }
        peers.retain(|peer| peer != own);
        Ok(peers)
    }

    /// Takes every pending [`PeerJoined`] as acknowledged; gives back how many there were.
    ///
    /// # Errors
    /// The unit's state cannot be read.
    pub fn dismiss_joined(&self, cx: &Context) -> Result<usize, Error> {
        Ok(cx.dismiss(&self.joined())?)
    }

    /// Takes every pending [`PeerDeparted`] as acknowledged; gives back how many there were.
    ///
    /// # Errors
    /// The unit's state cannot be read.
    pub fn dismiss_departed(&self, cx: &Context) -> Result<usize, Error> {
        Ok(cx.dismiss(&self.departed())?)
    }

    /// Tells the peers the addresses that Juju knows of this unit's side of the endpoint, where they do not know them: in
    /// Juju's order, and those last whose own network is a host network. Gives back what they were told.
    ///
    /// It is to be called in [`hook::any`](juju_ops::hook::any), since what the peers should know has to hold whatever
    /// becomes of one hook. `network-get` runs in the endpoint's `relation-created`, in `config-changed` (which tells of
    /// changed addresses), `start` and `upgrade-charm`; in every hook as long as there is nothing to tell; and in
    /// `update-status` once an hour. Elsewhere it costs no hook command.
    ///
    /// That Juju has no address for this unit, or refuses to say, fails no hook: [`OwnAddresses::Missing`] has the reason.
    ///
    /// ```
    /// use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status, hook};
    /// use magpie_peers::{MagpiePeersRequirer, OwnAddresses};
    ///
    /// struct Demo {
    ///     peers: MagpiePeersRequirer,
    /// }
    ///
    /// impl Observer for Demo {
    ///     fn observe(&self, events: &mut Observers<Self>) {
    ///         events.include(&self.peers);
    ///         events.on(&self.peers.joined(), |_, _, _| Ok(Ack::Done));
    ///         events.on(&self.peers.departed(), |_, _, _| Ok(Ack::Done));
    ///         events.on(&hook::any(), |demo, _, cx| {
    ///             demo.peers.advertise_own_addresses(cx)?;
    ///             Ok(())
    ///         });
    ///         events.status(Self::status);
    ///     }
    /// }
    ///
    /// impl Demo {
    ///     fn status(&self, cx: &Context) -> Result<Status, BoxError> {
    ///         let own = self.peers.own_addresses(cx)?;
    ///         Ok(match own {
    ///             OwnAddresses::Told(_) => Status::active(format!("at {own}")),
    ///             _ => Status::waiting(own.to_string()),
    ///         })
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let metadata = "{name: demo, summary: s, description: d, peers: {magpie: {interface: magpie}}}";
    /// # let charm = Demo { peers: MagpiePeersRequirer::new("magpie") };
    /// # let mut juju = juju_ops::testing::in_process(charm, juju_sim::Charm::parse(metadata, None, None)?)?;
    /// let unit = juju.add_unit("demo")?;
    /// juju.settle()?;
    /// assert_eq!(juju.status(&unit), ("active", "at 10.0.0.1"));
    /// assert_eq!(juju.bag("magpie", &unit)?["iperf_addresses"], r#"["10.0.0.1"]"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `relation-ids` or `state-get` fails.
    pub fn advertise_own_addresses(&self, cx: &Context) -> Result<OwnAddresses, Error> {
        let relations = cx.relations(&self.endpoint)?;
        let before = Memory::load(cx, &self.endpoint)?;
        if relations.is_empty() || !before.is_due(cx, &relations, iperf::ADDRESSES) {
            return self.own_addresses(cx);
        }
        let (ingress, lacks) = match cx.network(&self.endpoint, None) {
            Ok(network) => {
                let (bound, ingress) = (own::bound(&network), own::ingress(&network));
                let nothing = !bound.iter().any(is_usable) && ingress.is_empty();
                self.advertise_addresses(cx, bound)?;
                let texts = ingress.iter().map(ToString::to_string).collect();
                (texts, nothing.then(|| "Juju knows no address of this unit that others can reach".to_owned()))
            }
            Err(error) => {
                (before.ingress.clone(), Some(chain(&error).to_string().chars().take(REASON).collect::<String>()))
            }
        };
        let told = Memory::load(cx, &self.endpoint)?;
        let mut after = told.clone();
        after.ingress = ingress;
        after.lacks = lacks;
        after.look(cx, after != before);
        if after != told {
            after.store(cx, &self.endpoint, &relations);
        }
        self.own_addresses(cx)
    }

    /// What [`advertise_own_addresses`](Self::advertise_own_addresses) told last, as this unit remembers it: for a status
    /// function, and for actions. Asks Juju for nothing but what the dispatch asks anyhow.
    ///
    /// # Errors
    /// `relation-ids` or `state-get` fails.
    pub fn own_addresses(&self, cx: &Context) -> Result<OwnAddresses, Error> {
        let relations = cx.relations(&self.endpoint)?;
        let told = Memory::load(cx, &self.endpoint)?;
        if relations.is_empty() {
            return Ok(OwnAddresses::NoRelation);
        }
        if let Some(why) = told.lacks {
            return Ok(OwnAddresses::Missing(why));
        }
        let mut addresses: Vec<Address> = told.ingress.iter().filter_map(|text| text.parse().ok()).collect();
        for relation in &relations {
            let Some(text) = told.value(relation.id(), iperf::ADDRESSES) else {
                return Ok(OwnAddresses::Missing("the peers do not know this unit's addresses yet".to_owned()));
            };
            for address in iperf::parse_addresses(text).into_iter().map(Address::Ip) {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
        Ok(match addresses.as_slice() {
            [] => OwnAddresses::Missing("this unit advertises no address".to_owned()),
            _ => OwnAddresses::Told(addresses),
        })
    }

    /// Tells the peers at which addresses this unit can be reached, in this order, each once. Loopback, link-local,
    /// unspecified, multicast and broadcast addresses are left out. For a charm that knows better than Juju; others have
    /// [`advertise_own_addresses`](Self::advertise_own_addresses).
    ///
    /// Costs no hook command when that is what this unit told them before.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn advertise_addresses(&self, cx: &Context, addresses: impl IntoIterator<Item = IpAddr>) -> Result<(), Error> {
        self.write(cx, iperf::ADDRESSES, &iperf::addresses_text(addresses))
    }

    /// The addresses that one peer advertises, in its order; empty when it advertises none, its bag cannot be read, or it
    /// is no peer. Reads that peer's bag only.
    ///
    /// # Errors
    /// `relation-ids` or `relation-list` fails.
    pub fn advertised_addresses(&self, cx: &Context, peer: &UnitName) -> Result<Vec<IpAddr>, Error> {
        let bags = node::of(cx, &self.endpoint, peer)?.unwrap_or_default();
        Ok(bags.iter().map(iperf::advertised).find(|addresses| !addresses.is_empty()).unwrap_or_default())
    }

    /// Tells the peers that this unit's iperf server listens.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn set_iperf_server_ready(&self, cx: &Context) -> Result<(), Error> {
        self.write(cx, iperf::SERVER, iperf::TRUE)
    }

    /// Takes back that this unit's iperf server listens. Like every `clear_`, it can be called in each hook: what this unit
    /// remembers having withdrawn costs no hook command.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn clear_iperf_server_ready(&self, cx: &Context) -> Result<(), Error> {
        self.write(cx, iperf::SERVER, "")
    }

    /// Tells the peers that this unit's iperf server was checked. The Python interface means to, and deletes the key.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn set_iperf_server_checked(&self, cx: &Context) -> Result<(), Error> {
        self.write(cx, iperf::SERVER_CHECKED, iperf::TRUE)
    }

    /// Takes back that this unit's iperf server was checked.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn clear_iperf_server_checked(&self, cx: &Context) -> Result<(), Error> {
        self.write(cx, iperf::SERVER_CHECKED, "")
    }

    /// The current peers whose iperf server listens.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn check_ready_iperf_servers(&self, cx: &Context) -> Result<Vec<Node>, Error> {
        let nodes = node::each(cx, &self.endpoint, |bags| {
            let is_ready = |bag: &node::Bag| bag.get(iperf::SERVER).is_some_and(|it| it.trim() == iperf::TRUE);
            bags.iter().any(is_ready).then(|| node::address(bags))
        })?;
        Ok(nodes.into_iter().filter_map(|(unit, ready)| Some(Node { unit, address: ready? })).collect())
    }

    /// Tells the peers that this unit has checked all current ones.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn set_iperf_checked(&self, cx: &Context) -> Result<(), Error> {
        self.write(cx, iperf::CHECKED, &iperf::checked_text(&self.peers(cx)?))
    }

    /// Takes back that this unit has checked any.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn clear_iperf_checked(&self, cx: &Context) -> Result<(), Error> {
        self.write(cx, iperf::CHECKED, "")
    }

    /// Takes back all that is claimed of iperf in this unit's name, by this charm or by the one before it: a unit that was
    /// Python goes on publishing that its server listens. For a charm that has no iperf, in
    /// [`hook::any`](juju_ops::hook::any); costs no hook command once it is done.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn withdraw_iperf_claims(&self, cx: &Context) -> Result<(), Error> {
        self.write_all(cx, &[iperf::SERVER, iperf::SERVER_CHECKED, iperf::CHECKED].map(|key| (key, "")))
    }

    /// Which units each of the current peers has checked.
    ///
    /// # Errors
    /// A hook command fails.
    pub fn get_iperf_checked(&self, cx: &Context) -> Result<BTreeMap<UnitName, BTreeSet<UnitName>>, Error> {
        let checked = node::each(cx, &self.endpoint, |bags| {
            let text = bags.iter().find_map(|bag| bag.get(iperf::CHECKED));
            text.map(|text| iperf::parse_checked(text)).unwrap_or_default()
        })?;
        Ok(checked.into_iter().collect())
    }

    /// Has one key of this unit's bag be as it should, in every relation of the endpoint; an empty value for none.
    fn write(&self, cx: &Context, key: &str, value: &str) -> Result<(), Error> {
        self.write_all(cx, &[(key, value)])
    }

    /// The same for several keys. What is remembered as told is not told again, but for the hooks in which the memory is
    /// doubtful.
    fn write_all(&self, cx: &Context, pairs: &[(&str, &str)]) -> Result<(), Error> {
        let relations = cx.relations(&self.endpoint)?;
        let before = Memory::load(cx, &self.endpoint)?;
        let mut told = before.clone();
        for (relation, &(key, value)) in
            relations.iter().flat_map(|relation| pairs.iter().map(move |it| (relation, it)))
        {
            if told.value(relation.id(), key) != Some(value) || told::is_doubtful(cx) {
                relation.own_bag()?.set(key, value)?;
                // It names every peer, and changes with each: too long to be read with the state in every hook.
                if key == iperf::CHECKED && !value.is_empty() {
                    told.forget(relation.id(), key);
                } else {
                    told.remember(relation.id(), key, value);
                }
            }
        }
        if told != before {
            told.store(cx, &self.endpoint, &relations);
        }
        Ok(())
    }

    /// Compares what was announced with what Juju lists and the hook says, and announces the difference.
    fn reconcile(&self, cx: &Context, told: Told<'_>) -> Result<(), BoxError> {
        let before = Seen::load(cx, &self.endpoint)?;
        // What the relations say that say anything.
        let mut listed: BTreeMap<RelationId, BTreeSet<UnitName>> = BTreeMap::new();
        for relation in cx.relations(&self.endpoint)? {
            match told {
                // No member was announced yet by Juju's rules: an empty list is no evidence that one departed.
                Told::Created(id) if id == relation.id() => {}
                Told::Broken(id) if id == relation.id() => {}
                _ => drop(listed.insert(relation.id().clone(), relation.members()?.into_iter().collect())),
            }
        }
        if matches!(told, Told::Nothing) && listed == before.0 {
            // As it was, which is what it mostly is.
            return self.read_ahead(cx);
        }
        let known = |id: &RelationId| before.0.get(id).cloned().unwrap_or_default();
        match told {
            Told::Nothing | Told::Created(_) => {}
            Told::Joined(id, unit) => drop(listed.entry(id.clone()).or_insert_with(|| known(id)).insert(unit.clone())),
            Told::Departed(hook) => {
                let id = hook.relation();
                listed.entry(id.clone()).or_insert_with(|| known(id)).remove(hook.unit());
            }
            Told::Broken(id) => drop(listed.insert(id.clone(), BTreeSet::new())),
        }
        // A relation that says nothing is believed what it said, but for a unit that another one knew and knows no more.
        let current: BTreeSet<&UnitName> = listed.values().flatten().collect();
        let knew = listed.keys().filter_map(|id| before.0.get(id)).flatten();
        let gone: BTreeSet<&UnitName> = knew.filter(|unit| !current.contains(unit)).collect();
        let mut after = before.clone();
        for units in after.0.values_mut() {
            units.retain(|unit| !gone.contains(unit));
        }
        after.0.extend(listed);

        let this = cx.env().unit()?;
        for units in after.0.values_mut() {
            units.remove(this);
        }
        after.0.retain(|_, units| !units.is_empty());

        let (were, are) = (before.union(), after.union());
        for &unit in were.difference(&are) {
            let address = last_address(cx, told, unit);
            let event = PeerDeparted::new(cx, &self.endpoint, unit.clone(), departing(told, unit, this), address);
            cx.emit_durable(&self.departed(), event)?;
        }
        for &unit in are.difference(&were) {
            cx.emit_durable(&self.joined(), PeerJoined::new(cx, &self.endpoint, unit.clone()))?;
        }
        if after != before {
            after.store(cx, &self.endpoint)?;
        }
        self.read_ahead(cx)
    }

    /// Has the bags of all peers whose joining is to be handled read together: one by one each would be waited for.
    fn read_ahead(&self, cx: &Context) -> Result<(), BoxError> {
        let pending = cx.pending_of(&self.joined())?;
        if pending.len() < 2 {
            return Ok(());
        }
        let subjects: BTreeSet<UnitName> = pending.iter().filter_map(|event| event.subject.parse().ok()).collect();
        for relation in cx.relations(&self.endpoint)? {
            let mut members = relation.members()?;
            members.retain(|unit| subjects.contains(unit));
            relation.read_ahead(&members);
        }
        Ok(())
    }
}

/// The address of a unit whose departure the hook tells: Juju keeps its bag readable there.
fn last_address(cx: &Context, told: Told<'_>, unit: &UnitName) -> Option<Address> {
    match told {
        Told::Departed(hook) if hook.unit() == unit => {
            node::address(&[cx.relation(hook.relation()).bag(unit).readable()])
        }
        _ => None,
    }
}

/// Who leaves when `unit` is no longer a peer, as far as the hook tells.
fn departing(told: Told<'_>, unit: &UnitName, this: &UnitName) -> Departing {
    match told {
        Told::Departed(hook) if hook.unit() == unit => match hook.departing() {
            Some(departing) if departing == this => Departing::ThisUnit,
            Some(departing) if departing == unit => Departing::ThatUnit,
            Some(_) | None => Departing::Unknown,
        },
        _ => Departing::Unknown,
    }
}

impl MagpiePeersRequirer {
    /// What the observed hooks read.
    fn reads(&self, cx: &Context) -> Vec<Read> {
        let ours = |id: &RelationId| id.endpoint() == self.endpoint;
        let more = match cx.hook() {
            Some(Hook::RelationCreated(hook)) if ours(hook.relation()) => vec![],
            Some(Hook::RelationBroken(hook)) if ours(hook.relation()) => vec![],
            Some(Hook::RelationJoined(hook)) if ours(hook.relation()) => {
                let id = hook.relation();
                vec![Read::Members(id.clone()), Read::Bag(id.clone(), hook.unit().clone())]
            }
            Some(Hook::RelationChanged(hook)) if ours(hook.relation()) => vec![Read::Members(hook.relation().clone())],
            Some(Hook::RelationDeparted(hook)) if ours(hook.relation()) => {
                let id = hook.relation();
                vec![Read::Members(id.clone()), Read::Bag(id.clone(), hook.unit().clone())]
            }
            Some(Hook::Start(_) | Hook::UpgradeCharm(_) | Hook::ConfigChanged(_) | Hook::UpdateStatus(_)) => vec![],
            _ => return Vec::new(),
        };
        [vec![Read::State, Read::Relations(self.endpoint.clone())], more].concat()
    }
}

impl Observer for MagpiePeersRequirer {
    fn observe(&self, events: &mut Observers<Self>) {
        events.reads(Self::reads);
        events.peers(&self.endpoint, INTERFACE);
        events.emits(&self.joined());
        events.emits(&self.departed());
        let endpoint = self.endpoint.as_str();
        events.on(&hook::relation_created(endpoint), |peers, hook, cx| {
            peers.reconcile(cx, Told::Created(hook.relation()))
        });
        events.on(&hook::relation_joined(endpoint), |peers, hook, cx| {
            peers.reconcile(cx, Told::Joined(hook.relation(), hook.unit()))
        });
        events.on(&hook::relation_changed(endpoint), |peers, _, cx| peers.reconcile(cx, Told::Nothing));
        events.on(&hook::relation_departed(endpoint), |peers, hook, cx| peers.reconcile(cx, Told::Departed(hook)));
        events
            .on(&hook::relation_broken(endpoint), |peers, hook, cx| peers.reconcile(cx, Told::Broken(hook.relation())));
        events.on(&hook::start(), |peers, _, cx| peers.reconcile(cx, Told::Nothing));
        events.on(&hook::upgrade_charm(), |peers, _, cx| peers.reconcile(cx, Told::Nothing));
        events.on(&hook::config_changed(), |peers, _, cx| peers.reconcile(cx, Told::Nothing));
        events.on(&hook::update_status(), |peers, _, cx| peers.reconcile(cx, Told::Nothing));
    }
}
