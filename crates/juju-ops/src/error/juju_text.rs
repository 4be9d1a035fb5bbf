//! What Juju's error texts mean: the one place that reads them.
//!
//! A hook command that fails gives an exit code, which tells wrong arguments (2) from the rest (1), and an English
//! text. Each text below is in the recordings of Juju 3.6.28 that the simulator has, unless it says where else it is
//! from. They are compared in lower case, and without what they quote: a label may be `permission denied`.

/// What a failure means, as far as an author does something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The relation is gone, or going.
    Gone,
    /// Juju has nothing, or nothing yet, under the name.
    NotFound,
    /// Only the leader may.
    NotLeader,
    /// Juju refuses, whoever leads.
    Denied,
    /// The name is taken.
    Exists,
    /// More than Juju takes.
    TooLarge,
    /// Juju has no such hook command.
    NoCommand,
    /// Nothing that calls for a way of its own.
    Other,
}

/// What `permission denied` says of one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// What it says: a right is missing.
    Right,
    /// That the relation is gone. Juju, asked about a relation that was removed by force or with its offer, does not
    /// say that it is not there (Python `ops` 3.9 reads it in the same way, for the same commands).
    Gone,
    /// That only the leader may: a follower that reads its own application's bag.
    Leader,
}

/// What `permission denied` says of a command, unless it reads the own application's bag.
pub(crate) fn denied(command: &str) -> Denied {
    match command {
        "relation-ids" | "relation-list" | "relation-get" | "relation-set" | "relation-model-get" | "network-get" => {
            Denied::Gone
        }
        _ => Denied::Right,
    }
}

/// What a failed command's text means.
pub(crate) fn meaning(text: &str, denied: Denied) -> Meaning {
    let text = unquoted(&text.to_lowercase());
    let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    // The agent's server, for a command that Juju once had, or will have.
    if says(&["bad request: unknown command", "unknown hook command", "unknown action command"]) {
        Meaning::NoCommand
    } else if is_relation_not_found(&text) {
        Meaning::Gone
    } else if says(&[
        "not the leader",
        // `relation-set --app`, by the agent itself.
        "cannot write relation settings",
        "not leader of",
    ]) {
        Meaning::NotLeader
    } else if says(&["permission denied", "access denied", "unauthorized access"]) {
        match denied {
            Denied::Right => Meaning::Denied,
            Denied::Gone => Meaning::Gone,
            Denied::Leader => Meaning::NotLeader,
        }
    } else if says(&["already exists"]) {
        Meaning::Exists
    } else if says(&[
        "not found",
        // Storage whose machine is not ready with it.
        "not provisioned",
        // `network-get` of a binding that has, or is, nothing yet.
        "no network config found",
        "no addresses attached",
        // `secret-get` of a text that is no secret's, as may stand in anybody's bag.
        "secret uri \"\" not valid",
    ]) {
        Meaning::NotFound
    } else if says(&[
        "too large",
        // `state-set`: `max allowed value length (65536) exceeded`; at the end of the hook `max allowed size`.
        "max allowed",
    ]) {
        Meaning::TooLarge
    } else {
        Meaning::Other
    }
}

/// `relation not found` of Juju 3.6, and with a number, `relation 3 not found`, of Juju 4 (from Python `ops`).
fn is_relation_not_found(text: &str) -> bool {
    text.match_indices("relation").any(|(at, word)| {
        let rest = text[at + word.len()..].trim_start();
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '"').trim_start();
        rest.starts_with("not found")
    })
}

/// The text without what is between double quotes.
fn unquoted(text: &str) -> String {
    let mut parts = text.split('"');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    while parts.next().is_some() {
        plain.push_str("\"\"");
        plain.push_str(parts.next().unwrap_or_default());
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_mean_what_the_command_makes_of_them() {
        for (command, text, expected) in [
            ("relation-get", "permission denied", Meaning::Gone),
            ("network-get", "ERROR Permission Denied", Meaning::Gone),
            ("secret-get", "permission denied", Meaning::Denied),
            ("credential-get", "cannot access cloud credentials: permission denied", Meaning::Denied),
            ("relation-set", "cannot write relation settings", Meaning::NotLeader),
            ("relation-list", "invalid value \"99\" for option -r: relation not found", Meaning::Gone),
            ("relation-list", "relation 99 not found", Meaning::Gone),
            ("relation-list", "relation \"a:b\" not found", Meaning::Gone),
            ("relation-get", "unit \"a/0\" in relation \"a:b\": settings not found", Meaning::NotFound),
            ("secret-get", "secret \"permission denied\" not found", Meaning::NotFound),
            ("secret-get", "consumer label \"relation not found", Meaning::Other),
            ("secret-add", "secret with label \"x\" already exists", Meaning::Exists),
            ("state-set", "max allowed value length (65536) exceeded", Meaning::TooLarge),
            ("secret-add", "base64 encoded secret content too large: 1600000 bytes", Meaning::TooLarge),
            ("network-get", "no network config found for binding \"x\"", Meaning::NotFound),
            ("add-metric", "bad request: unknown command: add-metric", Meaning::NoCommand),
            ("goal-state", "connection is shut down", Meaning::Other),
            ("goal-state", "", Meaning::Other),
        ] {
            assert_eq!(meaning(text, denied(command)), expected, "{command}: {text}");
        }
        assert_eq!(meaning("permission denied", Denied::Leader), Meaning::NotLeader);
    }
}
