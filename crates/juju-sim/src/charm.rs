//! What Juju reads of a charm.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Error;

/// What Juju knows of a charm: its names, endpoints, options and actions.
///
/// ```
/// let charm = juju_sim::Charm::parse("name: magpie\npeers: {magpie: {interface: magpie}}", None, None)?;
/// assert_eq!(charm.name(), "magpie");
/// assert_eq!(charm.endpoints().next().map(|e| e.interface.as_str()), Some("magpie"));
/// # Ok::<(), juju_sim::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Charm {
    name: String,
    summary: String,
    endpoints: BTreeMap<String, Endpoint>,
    options: BTreeMap<String, ConfigOption>,
    actions: BTreeMap<String, ActionSpec>,
}

/// One side of a relation, as a charm declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The name, such as `magpie`.
    pub name: String,
    /// Which section declares it.
    pub role: Role,
    /// The interface it speaks.
    pub interface: String,
}

/// The section of `metadata.yaml` that declares an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Between the units of one application.
    Peer,
    /// Offers the interface.
    Provides,
    /// Needs the interface.
    Requires,
}

/// One option of `config.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConfigOption {
    #[serde(rename = "type", default)]
    pub(crate) kind: OptionKind,
    #[serde(default)]
    pub(crate) default: Option<Value>,
    #[serde(default)]
    pub(crate) description: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OptionKind {
    #[default]
    String,
    Int,
    Float,
    Boolean,
    Secret,
}

impl OptionKind {
    pub(crate) fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Int => value.is_i64(),
            Self::Float => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Secret => value.as_str().is_some_and(|text| text.is_empty() || text.starts_with("secret:")),
        }
    }
}

/// One action of `actions.yaml`: the part of its JSON schema that is checked here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActionSpec {
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) params: Map<String, Value>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    #[serde(default = "yes")]
    pub(crate) additional_properties: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    peers: Option<BTreeMap<String, EndpointText>>,
    #[serde(default)]
    provides: Option<BTreeMap<String, EndpointText>>,
    #[serde(default)]
    requires: Option<BTreeMap<String, EndpointText>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum EndpointText {
    Short(String),
    Long { interface: String },
}

#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    options: Option<BTreeMap<String, ConfigOption>>,
}

type Actions = BTreeMap<String, Option<ActionSpec>>;

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    config: Option<Config>,
    #[serde(default)]
    actions: Option<Actions>,
}

impl Charm {
    /// Reads a charm from the texts of its files.
    pub fn parse(metadata: &str, config: Option<&str>, actions: Option<&str>) -> Result<Charm, Error> {
        let config = config.map(|text| yaml::<Option<Config>>("config.yaml", text)).transpose()?.flatten();
        let actions = actions.map(|text| yaml::<Option<Actions>>("actions.yaml", text)).transpose()?.flatten();
        Charm::check(yaml("metadata.yaml", metadata)?, config.unwrap_or_default(), actions.unwrap_or_default())
    }

    /// Reads an unpacked charm: `metadata.yaml`, `config.yaml`, `actions.yaml`.
    pub fn from_dir(dir: impl AsRef<Path>) -> Result<Charm, Error> {
        let dir = dir.as_ref();
        let (config, actions) = (text(dir, "config.yaml")?, text(dir, "actions.yaml")?);
        Charm::parse(&required_text(dir, "metadata.yaml")?, config.as_deref(), actions.as_deref())
    }

    /// Reads a charm's project, as charmcraft would: files as in an unpacked charm, and for those that are
    /// missing the sections of `charmcraft.yaml`.
    pub fn from_project(dir: impl AsRef<Path>) -> Result<Charm, Error> {
        let dir = dir.as_ref();
        let charmcraft = text(dir, "charmcraft.yaml")?.unwrap_or_else(|| "{}".to_owned());
        let project: Project = yaml("charmcraft.yaml", &charmcraft)?;
        let metadata = match text(dir, "metadata.yaml")? {
            Some(text) => yaml("metadata.yaml", &text)?,
            None => yaml("charmcraft.yaml", &charmcraft)?,
        };
        let config = match text(dir, "config.yaml")? {
            Some(text) => yaml("config.yaml", &text)?,
            None => project.config,
        };
        let actions = match text(dir, "actions.yaml")? {
            Some(text) => yaml("actions.yaml", &text)?,
            None => project.actions,
        };
        Charm::check(metadata, config.unwrap_or_default(), actions.unwrap_or_default())
    }

    /// The charm's name; the simulated application has the same.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The one-line description.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The endpoints of all roles, by name.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    /// The names of the configuration options, sorted.
    pub fn config_keys(&self) -> impl Iterator<Item = &str> {
        self.options.keys().map(String::as_str)
    }

    /// The names of the actions, sorted.
    pub fn action_names(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    pub(crate) fn has_endpoint(&self, name: &str) -> bool {
        self.endpoints.contains_key(name)
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = &str> {
        self.endpoints.values().filter(|e| e.role == Role::Peer).map(|e| e.name.as_str())
    }

    pub(crate) fn options(&self) -> &BTreeMap<String, ConfigOption> {
        &self.options
    }

    pub(crate) fn action(&self, name: &str) -> Option<&ActionSpec> {
        self.actions.get(name)
    }

    fn check(metadata: Metadata, config: Config, actions: Actions) -> Result<Charm, Error> {
        let refuse = |what: String| Err(Error::Charm(what));
        if !is_charm_name(&metadata.name) {
            return refuse(format!("bad charm name {:?}", metadata.name));
        }
        let mut endpoints = BTreeMap::new();
        let sections =
            [(Role::Peer, metadata.peers), (Role::Provides, metadata.provides), (Role::Requires, metadata.requires)];
        for (role, section) in sections {
            for (name, text) in section.unwrap_or_default() {
                let interface = match text {
                    EndpointText::Short(interface) | EndpointText::Long { interface } => interface,
                };
                if !is_endpoint_name(&name) || is_reserved(&name) {
                    return refuse(format!("bad endpoint name {name:?}"));
                }
                if interface.is_empty() || (role != Role::Requires && is_reserved(&interface)) {
                    return refuse(format!("bad interface {interface:?} of endpoint {name:?}"));
                }
                let endpoint = Endpoint { name: name.clone(), role, interface };
                if endpoints.insert(name.clone(), endpoint).is_some() {
                    return refuse(format!("endpoint {name:?} is declared twice"));
                }
            }
        }
        let options = config.options.unwrap_or_default();
        for (key, option) in &options {
            if option.default.as_ref().is_some_and(|default| !option.kind.admits(default)) {
                return refuse(format!("option {key:?} has a default of another type"));
            }
        }
        let actions: BTreeMap<_, _> = actions
            .into_iter()
            .map(|(name, spec)| {
                let empty = || ActionSpec {
                    description: String::new(),
                    params: Map::new(),
                    required: Vec::new(),
                    additional_properties: true,
                };
                (name, spec.unwrap_or_else(empty))
            })
            .collect();
        if let Some(name) = actions.keys().find(|name| !is_action_name(name) || is_reserved(name)) {
            return refuse(format!("bad action name {name:?}"));
        }
        Ok(Charm { name: metadata.name, summary: metadata.summary, endpoints, options, actions })
    }
}

fn yaml<T: for<'de> Deserialize<'de>>(what: &'static str, text: &str) -> Result<T, Error> {
    serde_yaml::from_str(text).map_err(|source| Error::Yaml { what, source })
}

fn text(dir: &Path, name: &str) -> Result<Option<String>, Error> {
    match fs::read_to_string(dir.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", dir.join(name))(error)),
    }
}

fn required_text(dir: &Path, name: &str) -> Result<String, Error> {
    fs::read_to_string(dir.join(name)).map_err(Error::file("read", dir.join(name)))
}

fn is_reserved(name: &str) -> bool {
    name == "juju" || name.starts_with("juju-")
}

fn is_alnum(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// The rule for charm names and that for application names, as the application is named for the charm.
fn is_charm_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split('-').all(|part| is_alnum(part) && part.bytes().any(|b| b.is_ascii_lowercase()))
}

fn is_endpoint_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split(['-', '_']).all(is_alnum)
}

fn is_action_name(name: &str) -> bool {
    name.split('-').all(|part| part.is_empty() || is_alnum(part))
        && !name.is_empty()
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = "
name: magpie
summary: checks
unknown: [1, 2]
peers:
  magpie: {interface: magpie, optional: true}
requires:
  db: mysql
";

    #[test]
    fn reads_all_three_texts() {
        let config = "options: {cidr: {type: string, default: ''}, mtu: {type: int}}";
        let actions = "ping: {params: {count: {type: integer, default: 4}}}\npeers:\n";
        let charm = Charm::parse(METADATA, Some(config), Some(actions)).unwrap();
        assert_eq!(charm.name(), "magpie");
        assert_eq!(charm.summary(), "checks");
        let endpoints: Vec<_> = charm.endpoints().map(|e| (e.name.as_str(), e.role, e.interface.as_str())).collect();
        assert_eq!(endpoints, [("db", Role::Requires, "mysql"), ("magpie", Role::Peer, "magpie")]);
        assert_eq!(charm.config_keys().collect::<Vec<_>>(), ["cidr", "mtu"]);
        assert_eq!(charm.action_names().collect::<Vec<_>>(), ["peers", "ping"]);
    }

    #[test]
    fn refuses_bad_names() {
        for (metadata, wanted) in [
            ("name: Magpie", "bad charm name"),
            ("name: magpie-7", "bad charm name"),
            ("{name: m, peers: {juju-x: {interface: i}}}", "bad endpoint name"),
            ("{name: m, peers: {x-: {interface: i}}}", "bad endpoint name"),
            ("{name: m, peers: {x: {interface: juju}}}", "bad interface"),
            ("{name: m, peers: {x: {interface: i}}, provides: {x: {interface: i}}}", "declared twice"),
        ] {
            let error = Charm::parse(metadata, None, None).unwrap_err().to_string();
            assert!(error.contains(wanted), "{metadata}: {error}");
        }
        let error = Charm::parse("name: m", Some("options: {a: {type: int, default: b}}"), None).unwrap_err();
        assert!(error.to_string().contains("another type"), "{error}");
        let error = Charm::parse("name: m", None, Some("juju-run: {}")).unwrap_err();
        assert!(error.to_string().contains("bad action name"), "{error}");
        assert!(Charm::parse("- a", None, None).is_err());
    }

    #[test]
    fn reads_a_project() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("metadata.yaml"), METADATA).unwrap();
        fs::write(dir.path().join("charmcraft.yaml"), "type: charm\nconfig: {options: {a: {}}}\nactions: {b: {}}")
            .unwrap();
        let charm = Charm::from_project(dir.path()).unwrap();
        assert_eq!(charm.config_keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(charm.action_names().collect::<Vec<_>>(), ["b"]);
        let charm = Charm::from_dir(dir.path()).unwrap();
        assert_eq!(charm.config_keys().count(), 0);
    }
}
