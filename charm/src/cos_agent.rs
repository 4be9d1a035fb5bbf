//! The relation `cos-agent`: what Canonical's observability stack is told, in the form of the Python library
//! `charms.grafana_agent.v0.cos_agent` (one key, `config`, of JSON; dashboards as xz in base64).

use juju_ops::{BoxError, Context};
use serde_json::{Value, json};

use crate::store::{Plan, Results};

/// The endpoint.
pub(crate) const ENDPOINT: &str = "cos-agent";
/// Its interface.
pub(crate) const INTERFACE: &str = "cos_agent";
const KEY: &str = "config";
/// The dashboard, packed when this was built.
const DASHBOARD: &str = include_str!(concat!(env!("OUT_DIR"), "/dashboard.xz.b64"));
/// The alert rules, as they are without a model.
const RULES: &str = include_str!("../observability/alerts.json");

/// Tells the agent where the metrics are, what to warn of, and how to draw them; nothing as long as no metrics are served.
pub(crate) fn publish(cx: &Context, plan: &Plan, results: Option<&Results>) -> Result<(), BoxError> {
    let Some(port) = results.and_then(|results| results.metrics).map(|at| at.port()) else { return Ok(()) };
    for relation in cx.relations(ENDPOINT)? {
        relation.own_bag()?.set(KEY, config(plan, port)?)?;
    }
    Ok(())
}

fn config(plan: &Plan, port: u16) -> Result<String, BoxError> {
    let app = plan.unit.split('/').next().unwrap_or_default();
    let (model, uuid) = (&plan.model.0, &plan.model.1);
    let topology = json!({
        "juju_model": model, "juju_model_uuid": uuid, "juju_application": app, "juju_charm": "magpie",
    });
    let mut rules: Value = serde_json::from_str(RULES)?;
    for group in rules["groups"].as_array_mut().into_iter().flatten() {
        // As the library names them, so that no two applications have one group.
        let name =
            format!("{model}_{}_{app}_{}", &uuid[..uuid.len().min(8)], group["name"].as_str().unwrap_or_default());
        group["name"] = json!(name);
        for rule in group["rules"].as_array_mut().into_iter().flatten() {
            if let (Some(labels), Some(topology)) = (rule["labels"].as_object_mut(), topology.as_object()) {
                labels.extend(topology.clone());
            }
        }
    }
    let config = json!({
        "metrics_alert_rules": rules,
        "log_alert_rules": {},
        "dashboards": [DASHBOARD.trim()],
        "subordinate": null,
        "metrics_scrape_jobs": [{
            "job_name": format!("{app}_0"),
            "metrics_path": "/metrics",
            "static_configs": [{"targets": [format!("localhost:{port}")]}],
        }],
        "log_slots": [],
    });
    Ok(config.to_string())
}
