//! What a charm observes, against its metadata.

use juju_sim::{Charm, Endpoint, OptionKind};

use crate::observed::Observed;
use crate::shape::{Field, FieldKind};
use crate::source::Role;

/// Where the two do not fit, a line each.
pub(super) fn flaws(observed: &Observed, metadata: &Charm) -> Vec<String> {
    let mut flaws = Vec::new();
    let mut lacks = |what: &str, name: &str, there: bool| {
        if !there {
            flaws.push(format!("the charm observes {what} {name}, which its metadata lacks"));
        }
    };
    for endpoint in &observed.endpoints {
        lacks("endpoint", &endpoint.name, metadata.endpoint(&endpoint.name).is_some());
    }
    for name in &observed.storages {
        lacks("storage", name, metadata.storage(name).is_some());
    }
    for name in &observed.resources {
        lacks("resource", name, metadata.resource(name).is_some());
    }
    for action in &observed.actions {
        lacks("action", &action.name, metadata.action(&action.name).is_some());
    }
    for field in &observed.config {
        lacks("configuration option", field.name, metadata.options().contains_key(field.name));
    }
    for endpoint in &observed.endpoints {
        let Some(declared) = metadata.endpoint(&endpoint.name) else { continue };
        if let (Some(role), Some(interface)) = (endpoint.role, &endpoint.interface)
            && (role_of(declared) != role || declared.interface != *interface)
        {
            flaws.push(format!(
                "endpoint {} has to be a {role} of interface {interface}, and is a {} of {} in the metadata",
                endpoint.name,
                role_of(declared),
                declared.interface
            ));
        }
    }
    for name in metadata.action_names() {
        if !observed.actions.iter().any(|action| action.name == name) {
            flaws.push(format!("the metadata has an action {name}, which the charm does not handle"));
        }
    }
    for field in &observed.config {
        let Some(option) = metadata.options().get(field.name) else { continue };
        let (fits, kind) = match option.kind {
            OptionKind::String => (fits_text(field), "string"),
            OptionKind::Secret => (fits_text(field), "secret"),
            OptionKind::Int => (matches!(field.kind, FieldKind::Integer | FieldKind::Number | FieldKind::Any), "int"),
            OptionKind::Float => (matches!(field.kind, FieldKind::Number | FieldKind::Any), "float"),
            OptionKind::Boolean => (matches!(field.kind, FieldKind::Boolean | FieldKind::Any), "boolean"),
        };
        if !fits {
            flaws.push(format!(
                "configuration option {} is a {kind} in the metadata, and is read as {}",
                field.name,
                shown(field)
            ));
        }
        if field.required && option.default.is_none() {
            flaws.push(format!(
                "configuration option {} has no default in the metadata, and the charm cannot do without it: read it \
                 as an Option",
                field.name
            ));
        }
    }
    for action in &observed.actions {
        let Some(declared) = metadata.action(&action.name) else { continue };
        if action.params.is_empty() {
            continue;
        }
        for field in &action.params {
            let Some((_, kind)) = declared.params().find(|(name, _)| *name == field.name) else {
                flaws
                    .push(format!("action {} reads a parameter {}, which the metadata lacks", action.name, field.name));
                continue;
            };
            if field.required
                && !declared.has_default(field.name)
                && !declared.required().any(|name| name == field.name)
            {
                flaws.push(format!(
                    "parameter {} of action {} is neither required nor has a default in the metadata, and the charm \
                     cannot do without it: read it as an Option",
                    field.name, action.name
                ));
            }
            if let (Some(kind), Some(read)) = (kind, field.kind.as_str())
                && kind != read
                && (kind, read) != ("integer", "number")
            {
                flaws.push(format!(
                    "parameter {} of action {} is of type {kind} in the metadata, and is read as {read}",
                    field.name, action.name
                ));
            }
        }
        for (name, _) in declared.params() {
            if !action.params.iter().any(|field| field.name == name) {
                flaws.push(format!(
                    "action {} has a parameter {name} in the metadata, which the charm refuses",
                    action.name
                ));
            }
        }
    }
    flaws
}

/// What is declared and not used, a line each.
pub(super) fn unused(observed: &Observed, metadata: &Charm) -> Vec<String> {
    let mut unused: Vec<String> = Vec::new();
    let mut note = |what: &str, name: &str, used: bool| {
        if !used {
            unused.push(format!("{what} {name}"));
        }
    };
    for endpoint in metadata.endpoints() {
        note("endpoint", &endpoint.name, observed.endpoints.iter().any(|it| it.name == endpoint.name));
    }
    for storage in metadata.storages() {
        note("storage", &storage.name, observed.storages.contains(&storage.name));
    }
    for resource in metadata.resources() {
        note("resource", &resource.name, observed.resources.contains(&resource.name));
    }
    for option in metadata.config_keys() {
        note("configuration option", option, observed.config.iter().any(|field| field.name == option));
    }
    unused
}

fn role_of(endpoint: &Endpoint) -> Role {
    match endpoint.role {
        juju_sim::Role::Peer => Role::Peer,
        juju_sim::Role::Provides => Role::Provider,
        juju_sim::Role::Requires => Role::Requirer,
        #[allow(unreachable_patterns, reason = "the simulator's enumeration may grow")]
        _ => Role::Peer,
    }
}

fn fits_text(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Text | FieldKind::Any)
}

fn shown(field: &Field) -> &'static str {
    field.kind.as_str().unwrap_or("anything")
}
