use serde::{Deserialize, Serialize};

use crate::command::StorageKind;

use super::node::{Flaw, Ignored, Node, Plain, Yaml, get};
use super::{names, yaml};

const FORM: &str = "a map with type, description, shared, read-only, multiple, minimum-size, location, properties";
const KEYS: [&str; 8] =
    ["type", "description", "shared", "read-only", "multiple", "minimum-size", "location", "properties"];

/// A storage that a charm declares.
///
/// ```
/// let metadata = "{name: m, storage: {data: {type: filesystem, location: /srv, multiple: {range: 1-3}}}}";
/// let charm = juju_sim::Charm::parse(metadata, None, None)?;
/// let data = charm.storage("data").expect("it is declared");
/// assert_eq!((data.kind.to_string().as_str(), data.min, data.max), ("filesystem", 1, Some(3)));
/// assert_eq!(data.location.as_deref(), Some("/srv"));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StorageSpec {
    /// The name, such as `data`.
    pub name: String,
    /// What the charm gets.
    pub kind: StorageKind,
    /// How many a unit needs at least.
    pub min: u32,
    /// How many a unit may have at most; `None` has no end.
    pub max: Option<u32>,
    /// Where a filesystem is mounted; with several, the directory that has them.
    pub location: Option<String>,
    /// Whether it is mounted read-only where that can be.
    pub read_only: bool,
    /// Whether all units share one.
    pub shared: bool,
    /// The least size in MiB.
    pub minimum_size: Option<u64>,
    /// Whether it may lose its contents with the machine: the property `transient`.
    pub transient: bool,
    /// What the charm says of it.
    pub description: String,
}

impl StorageSpec {
    pub(super) fn read(name: &str, node: &Node, ignored: &mut Ignored) -> Result<StorageSpec, Flaw> {
        let path = format!("storage {name}");
        if !names::is_storage_name(name) {
            return Err(node.flaw(format!("{path}: bad name: {}", names::STORAGE_RULE)));
        }
        let entries = node.text_map(&path, FORM)?;
        ignored.others(&format!("storage.{name}"), entries, &KEYS);
        let kind = match get(entries, "type").map(|kind| &kind.value) {
            Some(Yaml::Scalar(text, Plain::Text)) if text == "filesystem" => StorageKind::Filesystem,
            Some(Yaml::Scalar(text, Plain::Text)) if text == "block" => StorageKind::Block,
            _ => return Err(node.flaw(format!("{path}: type: expected filesystem or block"))),
        };
        let text = |key: &str| get(entries, key).map(|value| value.text(&format!("{path}: {key}"))).transpose();
        let on = |key: &str| {
            let on = get(entries, key).map(|value| value.boolean(&format!("{path}: {key}"))).transpose();
            on.map(Option::unwrap_or_default)
        };
        let (min, max) = match get(entries, "multiple") {
            Some(multiple) => read_multiple(name, multiple, ignored)?,
            None => (1, Some(1)),
        };
        let location = text("location")?.filter(|location| !location.is_empty());
        if location.is_some() && kind != StorageKind::Filesystem {
            return Err(node.flaw(format!("{path}: location: only a storage of type filesystem has one")));
        }
        let minimum_size = match (text("minimum-size")?, get(entries, "minimum-size")) {
            (Some(text), Some(value)) => Some(read_size(text).ok_or_else(|| {
                let form = "expected a number and one of M, G, T, P, E, Z, Y, such as 1.5G";
                value.flaw(format!("{path}: minimum-size: {form}"))
            })?),
            _ => None,
        };
        let properties = match get(entries, "properties") {
            Some(properties) => properties.texts(&format!("{path}: properties"))?,
            None => Vec::new(),
        };
        if properties.iter().any(|property| *property != "transient") {
            return Err(node.flaw(format!("{path}: properties: Juju knows transient alone")));
        }
        Ok(StorageSpec {
            name: name.to_owned(),
            kind,
            min,
            max,
            location: location.map(str::to_owned),
            read_only: on("read-only")?,
            shared: on("shared")?,
            minimum_size,
            transient: !properties.is_empty(),
            description: text("description")?.unwrap_or_default().to_owned(),
        })
    }
}

fn read_multiple(name: &str, node: &Node, ignored: &mut Ignored) -> Result<(u32, Option<u32>), Flaw> {
    let path = format!("storage {name}: multiple");
    let entries = node.text_map(&path, "a map with range")?;
    ignored.others(&format!("storage.{name}.multiple"), entries, &["range"]);
    let Some(range) = get(entries, "range") else {
        return Err(node.flaw(format!("{path}: range is missing")));
    };
    let Yaml::Scalar(text, Plain::Int(_) | Plain::Text) = &range.value else {
        return Err(range.expected(&format!("{path}: range"), "m, m-n or m+"));
    };
    let (min, max) = read_range(text).ok_or_else(|| range.flaw(format!("{path}: range: expected m, m-n or m+")))?;
    if max == Some(0) || max.is_some_and(|max| max < min) {
        return Err(range.flaw(format!("{path}: range: no number of storages is within it")));
    }
    Ok((min, max))
}

/// `m`, `m-n`, `m+`, and `m-` for the same.
fn read_range(text: &str) -> Option<(u32, Option<u32>)> {
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    if let Some(min) = text.strip_suffix(['+', '-']) {
        return Some((number(min)?, None));
    }
    if let Some((min, max)) = text.split_once('-') {
        return Some((number(min)?, Some(number(max)?)));
    }
    let count = u32::try_from(yaml::integer(text)?).ok()?;
    Some((count, Some(count)))
}

/// A size in MiB, rounded up.
fn read_size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let factor = match unit.strip_suffix("iB").or_else(|| unit.strip_suffix('B')).unwrap_or(unit) {
        "" if unit.is_empty() => 1.0,
        "M" => 1.0,
        "G" => 1024.0,
        "T" => 1024_f64.powi(2),
        "P" => 1024_f64.powi(3),
        "E" => 1024_f64.powi(4),
        "Z" => 1024_f64.powi(5),
        "Y" => 1024_f64.powi(6),
        _ => return None,
    };
    let size = (number.parse::<f64>().ok()? * factor).ceil();
    (size < u64::MAX as f64).then_some(size as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, range) in [
            ("1", Some((1, Some(1)))),
            ("0x10", Some((16, Some(16)))),
            ("0-1", Some((0, Some(1)))),
            ("2-5", Some((2, Some(5)))),
            ("3+", Some((3, None))),
            ("3-", Some((3, None))),
            ("-1", None),
            ("+1+", None),
            ("1-2-3", None),
            ("", None),
            ("+", None),
            ("99999999999+", None),
            ("é-", None),
        ] {
            assert_eq!(read_range(text), range, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, size) in [
            ("100", Some(100)),
            ("100M", Some(100)),
            ("1.5G", Some(1536)),
            ("1GiB", Some(1024)),
            ("1TB", Some(1 << 20)),
            ("0.1M", Some(1)),
            ("G", None),
            ("1Q", None),
            ("1B", None),
            ("1iB", None),
            ("1.2.3", None),
            ("-1", None),
            ("", None),
            ("1é", None),
            ("999999Y", None),
        ] {
            assert_eq!(read_size(text), size, "{text}");
        }
    }
}
