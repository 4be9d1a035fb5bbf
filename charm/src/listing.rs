//! What the action `peers` shows: as much as fits an action's results.

use juju_ops::Pending;
use magpie_peers::Selected;
use serde_json::{Value, json};

/// The most that the nodes take. Linux lets one argument of `action-set` have 128 KiB.
pub(crate) const NODES: usize = 64 << 10;
/// The most that the pending events take.
pub(crate) const PENDING: usize = 16 << 10;
/// How much of a text in a pending event is shown.
const SHOWN: usize = 200;

/// The beginning of a list, as JSON.
pub(crate) struct Part {
    /// A JSON array.
    pub(crate) text: String,
    /// How many it has.
    pub(crate) count: usize,
}

/// As many from the beginning as fit `most` bytes; always one where there is one.
pub(crate) fn beginning(values: impl IntoIterator<Item = Value>, most: usize) -> Part {
    let mut part = Part { text: "[".to_owned(), count: 0 };
    for value in values {
        let value = value.to_string();
        if part.count > 0 {
            if part.text.len() + value.len() + 2 > most {
                break;
            }
            part.text.push(',');
        }
        part.text.push_str(&value);
        part.count += 1;
    }
    part.text.push(']');
    part
}

pub(crate) fn selected(selected: &Selected) -> Value {
    json!({ "unit": selected.node.unit, "address": selected.node.address, "in-network": selected.inside })
}

pub(crate) fn pending(event: &Pending) -> Value {
    let cut = |text: &str| text.chars().take(SHOWN).collect::<String>();
    json!({
        "event": cut(&event.name),
        "unit": cut(&event.subject),
        "attempts": event.attempts,
        "last-error": event.last_error.as_deref().map(cut),
    })
}
