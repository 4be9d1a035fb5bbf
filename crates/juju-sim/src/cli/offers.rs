//! Offers, and the applications of other models that are consumed.

use std::collections::BTreeMap;

use super::call::model_name;
use super::failure::Failure;
use super::records::{Link, Offer, Saas};
use super::session::Session;
use super::store::Store;
use super::view::{EndpointView, OfferView, SaasView, StatusView, charm_url, role};
use crate::charm::Role;
use crate::model::Model;
use crate::world::RelationId;
use crate::{Charm, Endpoint, SimError};

/// An offer by its URL: `admin/db.pg`, `db.pg`, or with a controller.
pub(super) fn parse(url: &str) -> Result<(String, String), Failure> {
    let refuse = || Failure::Error(format!("offer URL {url:?} not valid: expected MODEL.OFFER"));
    let (model, offer) = url.rsplit_once('.').ok_or_else(refuse)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if offer.is_empty() || !offer.chars().all(plain) {
        return Err(refuse());
    }
    Ok((model_name(model)?, offer.to_owned()))
}

/// The URL of an offer.
pub(super) fn url(model: &str, offer: &str) -> String {
    format!("admin/{model}.{offer}")
}

/// The endpoints of an offer, as the charm declares them.
pub(super) fn endpoints(session: &Session, offer: &Offer) -> Result<Vec<Endpoint>, SimError> {
    let model = session.world.model();
    let charm = model.application(&offer.application)?.charm();
    Ok(offer.endpoints.iter().filter_map(|name| charm.implicit_or(name)).collect())
}

/// The endpoints, as they are shown.
pub(super) fn views(endpoints: &[Endpoint]) -> BTreeMap<String, EndpointView> {
    let view = |it: &Endpoint| EndpointView { interface: it.interface.clone(), role: role(it.role) };
    endpoints.iter().map(|it| (it.name.clone(), view(it))).collect()
}

/// Lets a model have an application of another one, by the URL of its offer. Its name here.
pub(super) fn consume(
    store: &Store,
    session: &mut Session,
    given: &str,
    alias: Option<&str>,
) -> Result<String, Failure> {
    let (model, name) = parse(given)?;
    let alias = alias.unwrap_or(&name).to_owned();
    let url = url(&model, &name);
    if let Some(saas) = session.records.settings.saas.get(&alias) {
        return if saas.url == url {
            Ok(alias)
        } else {
            Err(format!("saas application {alias:?} already exists").into())
        };
    }
    if model == session.name {
        return Err("an offer of this model: relate its application".into());
    }
    if !store.models().contains_key(&model) {
        return Err(format!("model juju-sim:admin/{model} not found").into());
    }
    let other = Session::open(store, &model)?;
    let offer =
        other.records.settings.offers.get(&name).ok_or_else(|| format!("application offer {url:?} not found"))?;
    let charm = charm_of(&alias, &endpoints(&other, offer)?)?;
    session.world.add_likeness(&alias, charm)?;
    let saas = Saas { url, model, offer: name, links: BTreeMap::new() };
    session.records.settings.saas.insert(alias.clone(), saas);
    Ok(alias)
}

/// A charm without code that has some endpoints.
fn charm_of(name: &str, endpoints: &[Endpoint]) -> Result<Charm, SimError> {
    let mut metadata = serde_json::json!({"name": name});
    for endpoint in endpoints {
        let section = match endpoint.role {
            Role::Provides => "provides",
            Role::Requires => "requires",
            Role::Peer => continue,
        };
        metadata[section][endpoint.name.as_str()] = serde_json::json!({"interface": endpoint.interface});
    }
    Charm::parse(&metadata.to_string(), None, None)
}

/// The end of a relation that a command line names: an application, or an offer, which is consumed for it.
pub(super) fn end(store: &Store, session: &mut Session, end: &str) -> Result<String, Failure> {
    let (place, endpoint) = match end.rsplit_once(':') {
        Some((place, endpoint)) if !endpoint.contains(['.', '/']) => (place, Some(endpoint)),
        _ => (end, None),
    };
    if !place.contains('.') {
        return Ok(end.to_owned());
    }
    let alias = consume(store, session, place, None)?;
    Ok(endpoint.map_or(alias.clone(), |endpoint| format!("{alias}:{endpoint}")))
}

/// Lets the offering model have its part of a relation, where one side is an application of that model.
pub(super) fn tie(store: &Store, session: &mut Session, id: RelationId) -> Result<(), Failure> {
    let found = {
        let model = session.world.model();
        let relation = model.relation(id.0)?;
        let sides: Vec<(String, String)> =
            relation.sides.iter().map(|side| (side.app.clone(), side.endpoint.clone())).collect();
        let is_saas = |(app, _): &&(String, String)| session.records.settings.saas.contains_key(app);
        let saas = sides.iter().find(is_saas).cloned();
        let own = sides.iter().find(|side| !is_saas(side)).cloned();
        saas.zip(own)
    };
    let Some(((alias, offered_endpoint), (consumer, endpoint))) = found else { return Ok(()) };
    let Some(saas) = session.records.settings.saas.get(&alias).cloned() else { return Ok(()) };
    let own = {
        let model = session.world.model();
        model.application(&consumer)?.charm().implicit_or(&endpoint)
    };
    let own = own.ok_or_else(|| format!("application {consumer:?} has no endpoint {endpoint:?}"))?;
    let mut other = Session::open(store, &saas.model)?;
    let offer = other.records.settings.offers.get(&saas.offer);
    let offered = offer.ok_or_else(|| format!("application offer {:?} not found", saas.url))?.application.clone();
    let remote = loop {
        // A name has a letter in each of its parts.
        let name = format!("remote-{}", other.world.change(Model::random_id));
        if crate::charm::is_application_name(&name) {
            break name;
        }
    };
    other.world.add_likeness(&remote, charm_of(&remote, &[own])?)?;
    let there = other.world.integrate(&format!("{offered}:{offered_endpoint}"), &format!("{remote}:{endpoint}"))?;
    let uuid = session.world.model().uuid().to_owned();
    other.world.set_remote_model(there, &uuid)?;
    let uuid = other.world.model().uuid().to_owned();
    session.world.set_remote_model(id, &uuid)?;
    let link = Link { there: there.0, remote, offered, consumer };
    if let Some(saas) = session.records.settings.saas.get_mut(&alias) {
        saas.links.insert(id.0, link);
    }
    // The consuming model last: what breaks off before leaves a relation that nobody follows, and no link to nothing.
    other.keep()?;
    Ok(other.end()?)
}

/// How many relations with other models the offers of a model have, or those of one of its applications.
pub(super) fn connections(session: &Session, app: Option<&str>) -> usize {
    let views = offer_views(session).into_values();
    let of_app = views.filter(|view| app.is_none_or(|app| view.application == app));
    of_app.map(|view| view.total_connected_count).max().unwrap_or(0)
}

/// The offers of a model, as its status has them.
pub(super) fn offer_views(session: &Session) -> BTreeMap<String, OfferView> {
    let view = |(name, offer): (&String, &Offer)| {
        let endpoints = views(&endpoints(session, offer).ok()?);
        let model = session.world.model();
        let connected = model.relations.values().filter(|relation| {
            let own = relation.own(&offer.application);
            own.is_some_and(|side| offer.endpoints.contains(&side.endpoint)) && relation.remote_model.is_some()
        });
        let all: Vec<_> = connected.collect();
        let view = OfferView {
            application: offer.application.clone(),
            charm: charm_url(session, &offer.application),
            total_connected_count: all.len(),
            active_connected_count: all.iter().filter(|relation| !relation.suspended).count(),
            endpoints,
        };
        Some((name.clone(), view))
    };
    session.records.settings.offers.iter().filter_map(view).collect()
}

/// The applications of other models, as the status of the model has them that consumes them.
pub(super) fn saas_views(session: &Session) -> BTreeMap<String, SaasView> {
    let view = |(name, saas): (&String, &Saas)| {
        let model = session.world.model();
        let app = model.application(name).ok()?;
        let mut relations: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for relation in model.relations.values() {
            if let (Some(own), Some(remote)) = (relation.own(name), relation.remote(name)) {
                relations.entry(own.endpoint.clone()).or_default().push(remote.app.clone());
            }
        }
        let endpoints: Vec<Endpoint> = app.charm().endpoints().cloned().collect();
        let application_status = StatusView::new("active", "", 0);
        let (url, endpoints) = (saas.url.clone(), views(&endpoints));
        Some((name.clone(), SaasView { url, endpoints, application_status, relations }))
    };
    session.records.settings.saas.iter().filter_map(view).collect()
}
