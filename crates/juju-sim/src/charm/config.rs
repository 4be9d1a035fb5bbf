use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::node::{Flaw, Flaws, Ignored, Node, get};
use crate::command::is_secret_uri;

const FORM: &str = "a map with type, default, description";
const KEYS: [&str; 3] = ["type", "default", "description"];

/// One option of a charm's configuration.
///
/// ```
/// use juju_sim::{Charm, OptionKind};
///
/// let charm = Charm::parse("name: m", Some("options: {mtu: {type: int, default: 1500}}"), None)?;
/// let mtu = &charm.options()["mtu"];
/// assert_eq!((mtu.kind, mtu.default.as_ref()), (OptionKind::Int, Some(&1500.into())));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConfigOption {
    /// What its values are.
    pub kind: OptionKind,
    /// Its value until somebody sets another; without one it is unset.
    pub default: Option<Value>,
    /// What the charm says of it.
    pub description: String,
}

/// What the values of an option are. It shows as Juju's word for it.
///
/// ```
/// use juju_sim::OptionKind;
///
/// assert_eq!(OptionKind::Int.to_string(), "int");
/// assert!(OptionKind::Float.admits(&1.into()) && !OptionKind::Int.admits(&1.5.into()));
/// assert!(OptionKind::Secret.admits(&"secret:9m4e2mr0ui3e8a215n4g".into()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptionKind {
    /// A text; also what an option without a type has.
    #[default]
    String,
    /// A whole number of 64 bits.
    Int,
    /// Any number.
    Float,
    /// True or false.
    Boolean,
    /// The URI of a secret, or an empty text.
    Secret,
}

impl OptionKind {
    const ALL: [OptionKind; 5] = [Self::String, Self::Int, Self::Float, Self::Boolean, Self::Secret];

    /// Whether an option of this kind can have a value.
    pub fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Int => value.is_i64(),
            Self::Float => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Secret => value.as_str().is_some_and(|text| text.is_empty() || is_secret_uri(text)),
        }
    }

    /// A default as Juju takes it: an int or a boolean may be written as a text.
    fn read(self, path: &str, node: &Node) -> Result<Value, Flaw> {
        let value = match self {
            Self::Int => node.integer(path).map(Value::from),
            Self::Boolean => node.boolean(path).map(Value::from),
            Self::String | Self::Float | Self::Secret => node.json(path),
        };
        let form = match self {
            Self::Secret => "expected a secret, which is the URI secret:… or an empty string".to_owned(),
            _ => format!("expected {self}"),
        };
        match value {
            Ok(value) if self.admits(&value) => Ok(value),
            _ => Err(node.flaw(format!("{path}: {form}, got {}", node.kind()))),
        }
    }
}

impl fmt::Display for OptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Secret => "secret",
        })
    }
}

/// Reads `config.yaml`, or the section of that name.
pub(super) fn read(root: &Node, ignored: &mut Ignored) -> Result<BTreeMap<String, ConfigOption>, Flaws> {
    let entries = root.map("config", "a map with options")?;
    ignored.others("", entries, &["options"]);
    let Some(options) = get(entries, "options") else {
        return Err(root.flaw("config: options is missing").into());
    };
    if options.is_null() {
        return Ok(BTreeMap::new());
    }
    let (mut read, mut flaws) = (BTreeMap::new(), Flaws::default());
    for entry in options.map("options", "a map of option names")? {
        if let Some(option) = flaws.take(ConfigOption::read(&entry.key, &entry.value, ignored)) {
            read.insert(entry.key.clone(), option);
        }
    }
    flaws.or(read)
}

impl ConfigOption {
    fn read(name: &str, node: &Node, ignored: &mut Ignored) -> Result<ConfigOption, Flaw> {
        let path = format!("option {name}");
        let entries = if node.is_null() { &[] } else { node.map(&path, FORM)? };
        ignored.others(&format!("options.{name}"), entries, &KEYS);
        let kind = match get(entries, "type") {
            None => OptionKind::String,
            Some(node) => {
                let word = node.written(&format!("{path}: type"))?;
                let kind = OptionKind::ALL.into_iter().find(|kind| word == kind.to_string());
                let kind = kind.or(word.is_empty().then_some(OptionKind::String));
                kind.ok_or_else(|| {
                    node.flaw(format!("{path}: type: expected string, int, float, boolean or secret, got {word:?}"))
                })?
            }
        };
        let default = get(entries, "default").filter(|default| !default.is_null());
        let default = default.map(|default| kind.read(&format!("{path}: default"), default)).transpose()?;
        let description =
            get(entries, "description").map_or(Ok(""), |text| text.written(&format!("{path}: description")))?;
        Ok(ConfigOption { kind, default, description: description.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Charm;

    fn parse(text: &str) -> Result<Charm, crate::SimError> {
        Charm::parse("name: m", Some(text), None)
    }

    #[test]
    fn defaults() {
        for (kind, default, value) in [
            ("string", "a", json!("a")),
            ("string", "'yes'", json!("yes")),
            ("string", "2001-01-01", json!("2001-01-01")),
            ("int", "5", json!(5)),
            ("int", "'5'", json!(5)),
            ("int", "0x10", json!(16)),
            ("float", "1.5", json!(1.5)),
            ("float", "1", json!(1)),
            ("boolean", "yes", json!(true)),
            ("boolean", "'false'", json!(false)),
            ("secret", "''", json!("")),
            ("secret", "secret:9m4e2mr0ui3e8a215n4g", json!("secret:9m4e2mr0ui3e8a215n4g")),
        ] {
            let charm = parse(&format!("options: {{a: {{type: {kind}, default: {default}}}}}")).unwrap();
            assert_eq!(charm.options()["a"].default, Some(value), "{kind} {default}");
            assert_eq!(charm.options()["a"].kind.to_string(), kind);
        }
        for text in ["options:", "options: {}", "options: {a: }", "options: {a: {default: }}", "options: {a: {type: }}"]
        {
            assert!(parse(text).unwrap().options().values().all(|option| option.default.is_none()), "{text}");
        }
        assert_eq!(
            parse("options: {a: {defualt: 5}}\nmore: 1").unwrap().ignored(),
            ["config.yaml: more", "config.yaml: options.a.defualt",]
        );
    }

    #[test]
    fn refuses() {
        for (text, wanted) in [
            ("", "config: expected a map with options, got nothing"),
            ("{}", "config: options is missing"),
            ("options: [a]", "options: expected a map of option names, got a list"),
            ("options: {a: 5}", "option a: expected a map with type, default, description, got an integer"),
            (
                "options: {a: {type: bool}}",
                "option a: type: expected string, int, float, boolean or secret, got \"bool\"",
            ),
            ("options: {a: {type: int, default: b}}", "option a: default: expected int, got a string"),
            ("options: {a: {type: int, default: 1.5}}", "option a: default: expected int, got a float"),
            ("options: {a: {type: int, default: 9223372036854775808}}", "expected int, got an integer"),
            ("options: {a: {default: no}}", "option a: default: expected string, got a boolean"),
            ("options: {a: {type: float, default: '1'}}", "option a: default: expected float, got a string"),
            ("options: {a: {type: float, default: .nan}}", "option a: default: expected float, got a float"),
            ("options: {a: {type: boolean, default: 1}}", "option a: default: expected boolean, got an integer"),
            ("options: {a: {type: secret, default: x}}", "option a: default: expected a secret, which is the URI"),
            ("options: {a: {description: []}}", "option a: description: expected a string, got a list"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("invalid charm: config.yaml:1: ") && error.contains(wanted), "{text}: {error}");
        }
    }
}
