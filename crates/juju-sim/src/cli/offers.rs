//! Offers, and the applications of other models that are consumed.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::session::Session;
use super::store::Store;
use super::view::{EndpointView, OfferView, SaasView, StatusView, charm_url, role};

/// The offers of a model, as its status has them.
pub(super) fn offer_views(session: &Session) -> BTreeMap<String, OfferView> {
    let view = |(name, offer): (&String, &super::records::Offer)| {
        let model = session.world.model();
        let app = model.application(&offer.application).ok()?;
        let endpoints = offer.endpoints.iter().filter_map(|name| {
            let endpoint = app.charm().implicit_or(name)?;
            Some((name.clone(), EndpointView { interface: endpoint.interface.clone(), role: role(endpoint.role) }))
        });
        let connected = model.relations.values().filter(|relation| {
            let own = relation.own(&offer.application);
            own.is_some_and(|side| offer.endpoints.contains(&side.endpoint)) && relation.remote_model.is_some()
        });
        let count = connected.count();
        let view = OfferView {
            application: offer.application.clone(),
            charm: charm_url(session, &offer.application),
            total_connected_count: count,
            active_connected_count: count,
            endpoints: endpoints.collect(),
        };
        Some((name.clone(), view))
    };
    session.records.settings.offers.iter().filter_map(view).collect()
}

/// The applications of other models, as the status of the model has them that consumes them.
pub(super) fn saas_views(session: &Session) -> BTreeMap<String, SaasView> {
    let view = |(name, saas): (&String, &super::records::Saas)| {
        let model = session.world.model();
        let app = model.application(name).ok()?;
        let endpoints = app.charm().endpoints().map(|endpoint| {
            let view = EndpointView { interface: endpoint.interface.clone(), role: role(endpoint.role) };
            (endpoint.name.clone(), view)
        });
        let mut relations: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for relation in model.relations.values() {
            if let (Some(own), Some(remote)) = (relation.own(name), relation.remote(name)) {
                relations.entry(own.endpoint.clone()).or_default().push(remote.app.clone());
            }
        }
        let status = StatusView::new("active", "", 0);
        let endpoints = endpoints.collect();
        Some((name.clone(), SaasView { url: saas.url.clone(), endpoints, application_status: status, relations }))
    };
    session.records.settings.saas.iter().filter_map(view).collect()
}

/// The end of a relation that a command line names: an application, or an offer, which is consumed for it.
pub(super) fn end(_store: &Store, _session: &mut Session, end: &str) -> Result<String, Failure> {
    Ok(end.to_owned())
}
