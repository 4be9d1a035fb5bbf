//! What was recorded beside what happened.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::command::SecretChanges;
use crate::model::{Flush, OpenPort, Revisions};

/// Whether a text is the recorded one, of which a long one is kept by its hash.
pub(super) fn text_agrees(expected: &Value, text: &str) -> bool {
    match expected {
        Value::Null => text.is_empty(),
        Value::String(expected) => expected == text,
        Value::Object(map) => match map.get("$sha256").and_then(Value::as_str) {
            Some(hash) => {
                let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
                digest == hash
            }
            None => false,
        },
        _ => false,
    }
}

/// Whether a document is the recorded one.
pub(super) fn agrees(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(map), Value::String(text)) if map.contains_key("$sha256") => text_agrees(expected, text),
        (Value::Object(expected), Value::Object(found)) => {
            expected.len() == found.len()
                && expected.iter().all(|(key, value)| found.get(key).is_some_and(|found| agrees(value, found)))
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len() && expected.iter().zip(found).all(|(one, other)| agrees(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => expected == found,
    }
}

/// What is sent, in the recordings' form.
pub(super) fn flushed(unit: &str, flush: &Flush) -> Value {
    let mut sent = serde_json::Map::new();
    let mut put = |key: &str, items: Vec<Value>| {
        if !items.is_empty() {
            sent.insert(key.to_owned(), Value::Array(items));
        }
    };
    let relation = |(id, (unit_bag, app_bag)): (&u32, &(Option<_>, Option<_>))| {
        let mut entry = json!({"relation_id": id});
        if let Some(bag) = unit_bag {
            entry["unit_bag"] = json!(bag);
        }
        if let Some(bag) = app_bag {
            entry["app_bag"] = json!(bag);
        }
        entry
    };
    put("relation_settings", flush.relations.iter().map(relation).collect());
    let port = |port: &OpenPort| {
        json!({
            "unit": unit,
            "endpoint": port.endpoint,
            "protocol": port.range.protocol.to_string(),
            "from": port.range.from,
            "to": port.range.to,
        })
    };
    let ports = |ports: &[OpenPort]| {
        let mut ports: Vec<Value> = ports.iter().map(port).collect();
        ports.sort_by_key(|port| (port["protocol"].to_string(), port["endpoint"].to_string(), port["from"].as_i64()));
        ports
    };
    put("open_ports", ports(&flush.open_ports));
    put("close_ports", ports(&flush.close_ports));
    put("add_storage", flush.storage.iter().map(|(name, count)| json!({"name": name, "count": count})).collect());
    let changes = |entry: &mut Value, changes: &SecretChanges| {
        for (key, text) in [("label", &changes.label), ("description", &changes.description)] {
            if let Some(text) = text {
                entry[key] = json!(text);
            }
        }
        if let Some(rotate) = changes.rotate {
            entry["rotate"] = json!(rotate.to_string());
        }
        if let Some(expire) = changes.expire {
            let at = jiff::Timestamp::from_second(i64::try_from(expire).unwrap()).unwrap();
            entry["expire"] = json!(at.to_string());
        }
    };
    let uri = |id: &str| format!("secret:{id}");
    let creates = flush.secret_creates.iter().map(|(id, create)| {
        let mut entry = json!({
            "uri": uri(id),
            "owner": create.owner.to_string(),
            "content_base64": create.content.0,
        });
        changes(&mut entry, &create.changes);
        entry
    });
    put("secret_creates", creates.collect());
    let updates = flush.secret_updates.iter().map(|(id, update)| {
        let mut entry = json!({"uri": uri(id)});
        if let Some(content) = &update.content {
            entry["content_base64"] = json!(content.0);
        }
        changes(&mut entry, &update.changes);
        entry
    });
    put("secret_updates", updates.collect());
    let removes = flush.secret_removes.iter().map(|(id, revisions)| match revisions {
        Revisions::All => json!({"uri": uri(id)}),
        Revisions::Some(some) => json!({"uri": uri(id), "revisions": some}),
    });
    put("secret_deletes", removes.collect());
    let grants = flush.secret_grants.iter().map(
        |(id, grant)| json!({"uri": uri(id), "scope": grant.scope, "subjects": [grant.subject.tag()], "role": "view"}),
    );
    put("secret_grants", grants.collect());
    let revokes = flush
        .secret_revokes
        .iter()
        .map(|(id, subject)| json!({"uri": uri(id), "scope": subject.tag(), "subjects": [subject.tag()], "role": ""}));
    put("secret_revokes", revokes.collect());
    put("secret_track_latest", flush.secret_track_latest.iter().map(|id| json!(id)).collect());
    if let Some(state) = &flush.state {
        sent.insert("state".to_owned(), json!(state));
    }
    Value::Object(sent)
}
