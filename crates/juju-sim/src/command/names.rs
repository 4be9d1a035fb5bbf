//! The spelling of application and unit names.

/// Whether this can be an application's name.
pub(super) fn is_application(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && name.split('-').all(|part| part.bytes().any(|c| c.is_ascii_lowercase()))
}

/// The application of a unit's name; none where it is not a unit's name.
pub(super) fn unit_application(name: &str) -> Option<&str> {
    let (application, number) = name.rsplit_once('/')?;
    let digits = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
    let canonical = digits && (number == "0" || !number.starts_with('0'));
    (canonical && is_application(application)).then_some(application)
}

/// Whether this can be a storage instance's id: it is spelled as a unit's name.
pub(super) fn is_storage(id: &str) -> bool {
    unit_application(id).is_some()
}

/// The storage's name in a storage instance's id.
pub(super) fn storage_name(id: &str) -> &str {
    id.split_once('/').map_or(id, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["mysql", "a", "my-sql2", "a1-2b-c", "remote-0a"] {
            assert!(is_application(name), "{name}");
            assert_eq!(unit_application(&format!("{name}/10")), Some(name));
        }
        for name in ["", "1a", "a-", "a-1", "a--b", "A", "a_b", "é", "-a"] {
            assert!(!is_application(name), "{name}");
            assert_eq!(unit_application(&format!("{name}/0")), None);
        }
        for unit in ["a/", "a/00", "a/01", "a//0", "a/-1", "a/0/", "a/x", "/0", "a"] {
            assert_eq!(unit_application(unit), None, "{unit}");
        }
        assert!(is_storage("data/0") && !is_storage("data") && !is_storage("Data/0"));
        assert_eq!(storage_name("multi-data/10"), "multi-data");
    }
}
