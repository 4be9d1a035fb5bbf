use std::time::{Duration, Instant};

use clap::{Arg, Command};
use serde_json::{Value, json};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::view::{View, life};
use crate::cli::{duration, query};

pub(super) const VERB: Verb = Verb {
    name: "wait-for",
    aliases: &[],
    about: "Wait until an application, a unit, a machine or the model is as it should be",
    arguments,
    has_model: true,
    idle: &[("summary", "it tells nothing but why it gave up")],
    run,
};

const PAUSE: Duration = Duration::from_millis(200);
/// What can be waited for, and what it should be where nothing is said.
const KINDS: [(&str, &str); 4] = [
    ("application", "life==\"alive\" && status==\"active\""),
    ("unit", "life==\"alive\" && workload-status==\"active\""),
    ("machine", "life==\"alive\" && status==\"started\""),
    ("model", "life==\"alive\" && status==\"available\""),
];

fn arguments(command: Command) -> Command {
    let query = Arg::new("query").long("query").value_name("CONDITION");
    command
        .arg(Arg::new("kind").required(true).value_name("KIND").value_parser(KINDS.map(|(kind, _)| kind)).help("What"))
        .arg(Arg::new("name").value_name("NAME").help("Which"))
        .arg(query.help("Such as 'status==\"active\" && len(units) > 2'"))
        .arg(Arg::new("timeout").long("timeout").value_name("TIME").default_value("10m").help("How long to wait"))
        .arg(
            Arg::new("summary")
                .long("summary")
                .value_name("true|false")
                .num_args(0..=1)
                .require_equals(true)
                .hide(true),
        )
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (kind, name) = (call.text("kind"), call.text("name"));
    if name.is_empty() && kind != "model" {
        return Err(Failure::Usage(format!("the {kind} must be named")));
    }
    let default = KINDS.iter().find(|(it, _)| *it == kind).map_or("", |(_, query)| query);
    let query = call.matches.get_one::<String>("query").map_or(default, String::as_str);
    let timeout = duration::parse(call.text("timeout"))?;
    let started = Instant::now();
    // Each command brings a model to rest: what is not so now becomes so by another command alone.
    loop {
        let session = call.look()?;
        let entity = entity(&session, kind, name);
        if let Some(entity) = &entity {
            let holds = query::holds(query, entity).map_err(|why| Failure::Usage(format!("query {query:?}: {why}")))?;
            if holds {
                return Ok(());
            }
        }
        if started.elapsed() >= timeout {
            let is = entity.map_or_else(|| "it is not there".to_owned(), |it| format!("it is {}", it["status"]));
            return Err(format!("timed out waiting for {kind} {name:?}: {is}").into());
        }
        drop(session);
        std::thread::sleep(PAUSE.min(timeout));
    }
}

/// What a condition is asked of.
fn entity(session: &Session, kind: &str, name: &str) -> Option<Value> {
    let view = View::of(session);
    let model = session.world.model();
    let unit = |name: &str| {
        let it = model.unit(name).ok()?;
        let status = model.status(name)?;
        Some(json!({
            "name": name, "application": it.app, "life": life(it.dying), "machine-id": it.machine.to_string(),
            "workload-status": status.current, "workload-message": status.message, "status": status.current,
            "agent-status": model.agent_status(name), "leader": model.leader(&it.app) == Some(name),
            "public-address": it.public_address, "subordinate": it.principal.is_some(), "principal": it.principal,
        }))
    };
    let machine = |number: &str| {
        let it = view.machines.get(number)?;
        Some(json!({"id": number, "life": "alive", "status": it.juju_status.current, "instance-id": it.instance_id}))
    };
    let application = |name: &str| {
        let it = view.applications.get(name)?;
        let units: Vec<Value> = model.units_of(name).iter().filter_map(|name| unit(name)).collect();
        Some(json!({
            "name": name, "life": it.life.unwrap_or("alive"), "charm-url": it.charm, "exposed": it.exposed,
            "status": it.application_status.current, "status-message": it.application_status.message,
            "workload-version": it.version, "units": units, "scale": it.scale,
        }))
    };
    match kind {
        "unit" => unit(name),
        "machine" => machine(name),
        "application" => application(name),
        _ => {
            let applications: Vec<Value> = view.applications.keys().filter_map(|name| application(name)).collect();
            let units: Vec<Value> = model.units().iter().filter_map(|name| unit(name)).collect();
            let machines: Vec<Value> = view.machines.keys().filter_map(|name| machine(name)).collect();
            Some(json!({
                "name": model.name(), "life": "alive", "status": "available", "uuid": model.uuid(),
                "applications": applications, "units": units, "machines": machines,
            }))
        }
    }
}
