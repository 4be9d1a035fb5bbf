//! The names that Juju allows.

/// What a charm's name may be, for an error about one that is not.
pub(crate) const CHARM_RULE: &str = "a charm's name starts with a lower-case letter and has lower-case letters and digits, in parts joined by \
     dashes of which each has a letter";
/// The same for endpoints.
pub(super) const ENDPOINT_RULE: &str = "an endpoint's name starts with a lower-case letter and has lower-case letters and digits, in parts joined by \
     dashes or underscores";
/// The same for actions.
pub(super) const ACTION_RULE: &str = "an action's name has lower-case letters, digits and, not at its ends, dashes";
/// The same for storage.
pub(super) const STORAGE_RULE: &str = "a storage's name starts with a lower-case letter and has lower-case letters and digits, in parts joined by \
     dashes of which each has a letter";

/// Juju's rule for the names of applications. It is taken for charms too, which applications are mostly named for.
pub(super) fn is_charm_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split('-').all(|part| is_alnum(part) && part.bytes().any(|b| b.is_ascii_lowercase()))
}

pub(super) fn is_endpoint_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split(['-', '_']).all(is_alnum)
}

pub(super) fn is_action_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name.split('-').all(|part| part.is_empty() || is_alnum(part))
}

/// Juju checks a storage's name when an application is made of the charm; the rule is that for applications.
pub(super) fn is_storage_name(name: &str) -> bool {
    is_charm_name(name)
}

/// Whether Juju keeps a name for itself. A charm that is Juju's own may use such names.
pub(super) fn is_reserved(charm: &str, name: &str) -> bool {
    !charm.starts_with("juju-") && (name == "juju" || name.starts_with("juju-"))
}

fn is_alnum(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (rule, good, bad) in [
            (
                is_charm_name as fn(&str) -> bool,
                &["a", "magpie", "a1-b2", "a-1b"][..],
                &["", "A", "1a", "a-", "-a", "a--b", "a-7", "a_b", "é"][..],
            ),
            (is_endpoint_name, &["a", "my-db", "my_db", "a-1", "a_1-b"], &["", "1", "x-", "x__y", "-x", "X"]),
            (is_action_name, &["a", "7", "a--b", "do-it"], &["", "-a", "a-", "a_b", "A", "a.b"]),
            (is_storage_name, &["data", "data-2a"], &["data-2", "data_2", "Data"]),
        ] {
            for name in good {
                assert!(rule(name), "{name:?}");
            }
            for name in bad {
                assert!(!rule(name), "{name:?}");
            }
        }
        for (charm, name, reserved) in
            [("m", "juju", true), ("m", "juju-x", true), ("m", "jujuly", false), ("juju-controller", "juju-x", false)]
        {
            assert_eq!(is_reserved(charm, name), reserved, "{charm} {name}");
        }
    }
}
