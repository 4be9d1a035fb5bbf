//! What Juju reads of a charm.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use self::metadata::{Metadata, Origin};
use self::parts::{Part, Parts};
use crate::SimError;

mod action;
mod config;
mod endpoint;
mod metadata;
mod names;
mod node;
mod parts;
mod pattern;
mod resource;
mod schema;
mod storage;
mod validator;
mod yaml;

pub use action::ActionSpec;
pub use config::{ConfigOption, OptionKind};
pub use endpoint::{Endpoint, Role, Scope};
pub use resource::{ResourceKind, ResourceSpec};
pub use storage::StorageSpec;

#[cfg(feature = "cli")]
pub(crate) use names::CHARM_RULE;

/// Whether Juju takes this for the name of an application.
pub(crate) fn is_application_name(name: &str) -> bool {
    names::is_charm_name(name)
}

/// What Juju knows of a charm: its names, endpoints, options, actions, storages and resources.
///
/// ```
/// let charm = juju_sim::Charm::parse("name: magpie\npeers: {magpie: {interface: magpie}}", None, None)?;
/// assert_eq!(charm.name(), "magpie");
/// assert_eq!(charm.endpoints().next().map(|e| e.interface.as_str()), Some("magpie"));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
///
/// The rules are those of Juju 3.6, and YAML is read as Juju's library does: a plain `yes` or `off` is a boolean. What
/// Juju refuses is an error that names file, line and rule, and so is what the simulator cannot do: Kubernetes charms,
/// devices, and lists of schemas under `items`. Keys that nobody reads are listed by [`ignored`](Charm::ignored). One
/// thing is stricter than in Juju: a key that is twice in a map is an error, as it is in charmcraft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Charm {
    name: String,
    summary: String,
    subordinate: bool,
    endpoints: BTreeMap<String, Endpoint>,
    extra_bindings: BTreeSet<String>,
    storages: BTreeMap<String, StorageSpec>,
    resources: BTreeMap<String, ResourceSpec>,
    options: BTreeMap<String, ConfigOption>,
    actions: BTreeMap<String, ActionSpec>,
    ignored: Vec<String>,
}

impl Charm {
    /// Reads a charm from the texts of `metadata.yaml`, `config.yaml` and `actions.yaml`.
    ///
    /// `summary` and `description` may be missing, which Juju requires of a charm's files: a test's charm is for
    /// nobody to choose.
    ///
    /// # Errors
    ///
    /// [`SimError::Charm`] for a text that is no YAML, is too big or breaks one of Juju's rules.
    pub fn parse(metadata: &str, config: Option<&str>, actions: Option<&str>) -> Result<Charm, SimError> {
        let parts = Parts {
            metadata: Part::parse("metadata.yaml", metadata)?,
            config: config.map(|text| Part::parse("config.yaml", text)).transpose()?,
            actions: actions.map(|text| Part::parse("actions.yaml", text)).transpose()?,
            ignored: Vec::new(),
        };
        first(Charm::read(parts, Origin::Text))
    }

    /// Reads an unpacked charm: `metadata.yaml` and, where they are, `config.yaml` and `actions.yaml`.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let dir = dir.path();
    /// std::fs::write(dir.join("metadata.yaml"), "{name: hello, summary: It greets., description: It greets.}")?;
    /// assert_eq!(juju_sim::Charm::from_dir(dir)?.name(), "hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SimError::Charm`] as for [`parse`](Charm::parse), and if there is no `metadata.yaml`; [`SimError::File`] for a file
    /// that cannot be read.
    pub fn from_dir(dir: impl AsRef<Path>) -> Result<Charm, SimError> {
        first(Charm::read(Parts::of_dir(dir.as_ref())?, Origin::File))
    }

    /// Reads a charm's project, as charmcraft would: files as in an unpacked charm, and for those that are missing the
    /// sections of `charmcraft.yaml`.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let dir = dir.path();
    /// let project = "{type: charm, name: hello, summary: s, description: d, config: {options: {greeting: {}}}}";
    /// std::fs::write(dir.join("charmcraft.yaml"), project)?;
    /// let charm = juju_sim::Charm::from_project(dir)?;
    /// assert_eq!(charm.config_keys().collect::<Vec<_>>(), ["greeting"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`from_dir`](Charm::from_dir), and [`SimError::Charm`] for what charmcraft refuses to pack or drops: a part
    /// that is in two files.
    pub fn from_project(dir: impl AsRef<Path>) -> Result<Charm, SimError> {
        first(Charm::read(Parts::of_project(dir.as_ref())?, Origin::File))
    }

    /// As [`from_dir`](Self::from_dir), with every flaw that can be told apart in place of the first.
    #[cfg(any(feature = "cli", test))]
    pub(crate) fn from_dir_or_flaws(dir: &Path) -> Result<Charm, Vec<SimError>> {
        let mut flaws = Vec::new();
        let mut open = |name| {
            Part::open(dir, name).unwrap_or_else(|flaw| {
                flaws.push(flaw);
                None
            })
        };
        let (metadata, config, actions) = (open("metadata.yaml"), open("config.yaml"), open("actions.yaml"));
        let Some(metadata) = metadata else { return Err(flaws) };
        let parts = Parts { metadata, config, actions, ignored: Vec::new() };
        match (Charm::read(parts, Origin::File), flaws.is_empty()) {
            (Ok(charm), true) => Ok(charm),
            (Ok(_), false) => Err(flaws),
            (Err(more), _) => Err(flaws.into_iter().chain(more).collect()),
        }
    }

    /// The charm's name. Applications have names of their own.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The one-line description.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// Whether its units live beside those of another application.
    pub fn is_subordinate(&self) -> bool {
        self.subordinate
    }

    /// The endpoints of all roles, by name; not the one that [`implicit_or`](Charm::implicit_or) adds.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    /// A declared endpoint.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.get(name)
    }

    /// A declared endpoint, or `juju-info`, which every charm provides without declaring it.
    ///
    /// ```
    /// let charm = juju_sim::Charm::parse("name: m", None, None)?;
    /// assert!(charm.endpoint("juju-info").is_none());
    /// assert_eq!(charm.implicit_or("juju-info").map(|endpoint| endpoint.role), Some(juju_sim::Role::Provides));
    /// # Ok::<(), juju_sim::SimError>(())
    /// ```
    pub fn implicit_or(&self, name: &str) -> Option<Endpoint> {
        self.endpoint(name).cloned().or_else(|| (name == "juju-info").then(Endpoint::juju_info))
    }

    /// The names that may be bound to spaces beside those of endpoints, sorted.
    pub fn extra_bindings(&self) -> impl Iterator<Item = &str> {
        self.extra_bindings.iter().map(String::as_str)
    }

    /// The storages, by name.
    pub fn storages(&self) -> impl Iterator<Item = &StorageSpec> {
        self.storages.values()
    }

    /// A declared storage.
    pub fn storage(&self, name: &str) -> Option<&StorageSpec> {
        self.storages.get(name)
    }

    /// The resources, by name.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceSpec> {
        self.resources.values()
    }

    /// A declared resource.
    pub fn resource(&self, name: &str) -> Option<&ResourceSpec> {
        self.resources.get(name)
    }

    /// The names of the configuration options, sorted.
    pub fn config_keys(&self) -> impl Iterator<Item = &str> {
        self.options.keys().map(String::as_str)
    }

    /// The configuration options, by name.
    pub fn options(&self) -> &BTreeMap<String, ConfigOption> {
        &self.options
    }

    /// The names of the actions, sorted.
    pub fn action_names(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// A declared action.
    pub fn action(&self, name: &str) -> Option<&ActionSpec> {
        self.actions.get(name)
    }

    /// The keys that the charm has and neither Juju nor the simulator reads: most often slips of the pen.
    ///
    /// Each is a path of keys; those of other files than `metadata.yaml` have the file's name before it.
    ///
    /// ```
    /// let metadata = "{name: m, peer: {}, peers: {mesh: {interface: mesh, optoinal: true}}}";
    /// let charm = juju_sim::Charm::parse(metadata, None, Some("ping: {params: {to: {format: ipv4}}}"))?;
    /// assert_eq!(charm.ignored(), ["peer", "peers.mesh.optoinal", "actions.yaml: ping.params.to.format"]);
    /// # Ok::<(), juju_sim::SimError>(())
    /// ```
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    pub(crate) fn has_endpoint(&self, name: &str) -> bool {
        self.endpoints.contains_key(name)
    }

    /// Whether this is an endpoint or an extra binding.
    pub(crate) fn has_binding(&self, name: &str) -> bool {
        self.has_endpoint(name) || self.extra_bindings().any(|it| it == name)
    }

    /// All that is wrong is an error of its own; there is one at least.
    fn read(parts: Parts, origin: Origin) -> Result<Charm, Vec<SimError>> {
        let Parts { metadata: Part { file, root, mut ignored, others }, config, actions, ignored: unread } = parts;
        let mut flaws = Vec::new();
        let metadata = Metadata::read(&root, origin, others, &mut ignored);
        let metadata = metadata.map_err(|them| flaws.append(&mut them.of(&file))).ok();
        let mut paths = [ignored.paths, unread].concat();
        let mut options = BTreeMap::new();
        if let Some(Part { file, root, mut ignored, .. }) = config {
            match config::read(&root, &mut ignored) {
                Ok(read) => options = read,
                Err(them) => flaws.append(&mut them.of(&file)),
            }
            paths.append(&mut ignored.paths);
        }
        let mut specs = BTreeMap::new();
        if let Some(Part { file, root, mut ignored, .. }) = actions {
            let name = metadata.as_ref().map_or("", |metadata| metadata.name.as_str());
            match action::read(name, &root, &mut ignored) {
                Ok(read) => specs = read,
                Err(them) => flaws.append(&mut them.of(&file)),
            }
            paths.append(&mut ignored.paths);
        }
        let Some(metadata) = metadata.filter(|_| flaws.is_empty()) else { return Err(flaws) };
        let Metadata { name, summary, subordinate, endpoints, extra_bindings, storages, resources } = metadata;
        Ok(Charm {
            name,
            summary,
            subordinate,
            endpoints,
            extra_bindings,
            storages,
            resources,
            options,
            actions: specs,
            ignored: paths,
        })
    }
}

fn first(read: Result<Charm, Vec<SimError>>) -> Result<Charm, SimError> {
    read.map_err(|flaws| flaws.into_iter().next().expect("what is not read has a flaw"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    const METADATA: &str = "
name: magpie
summary: checks
unknown: [1, 2]
peers:
  magpie: {interface: magpie, optional: true}
requires:
  db: mysql
extra-bindings:
  public:
storage:
  data: {type: filesystem, multiple: {range: 2+}}
resources:
  tool: {filename: tool.tgz}
";

    #[test]
    fn reads_all_three_texts() {
        let config = "options: {cidr: {type: string, default: ''}, mtu: {type: int}}";
        let actions = "ping: {params: {count: {type: integer, default: 4}}}\npeers:\n";
        let charm = Charm::parse(METADATA, Some(config), Some(actions)).unwrap();
        assert_eq!(charm.name(), "magpie");
        assert_eq!(charm.summary(), "checks");
        assert!(!charm.is_subordinate());
        let endpoints: Vec<_> = charm.endpoints().map(|e| (e.name.as_str(), e.role, e.interface.as_str())).collect();
        assert_eq!(endpoints, [("db", Role::Requires, "mysql"), ("magpie", Role::Peer, "magpie")]);
        assert_eq!(charm.config_keys().collect::<Vec<_>>(), ["cidr", "mtu"]);
        assert_eq!(charm.action_names().collect::<Vec<_>>(), ["peers", "ping"]);
        assert_eq!(charm.extra_bindings().collect::<Vec<_>>(), ["public"]);
        let storages: Vec<_> = charm.storages().map(|s| (s.name.as_str(), s.kind, s.min, s.max)).collect();
        assert_eq!(storages, [("data", crate::StorageKind::Filesystem, 2, None)]);
        assert_eq!(charm.resources().map(|r| r.filename.as_str()).collect::<Vec<_>>(), ["tool.tgz"]);
        assert_eq!(charm.ignored(), ["unknown"]);
    }

    #[test]
    fn is_kept_as_json() {
        let actions = "ping: {params: {count: {type: integer, maximum: 4, pattern: '^a'}}}";
        let charm = Charm::parse(METADATA, Some("options: {mtu: {type: int, default: 5}}"), Some(actions)).unwrap();
        let text = serde_json::to_string(&charm).unwrap();
        assert_eq!(serde_json::from_str::<Charm>(&text).unwrap(), charm);
    }

    #[test]
    fn an_error_is_one_line_that_says_where() {
        let error = Charm::parse("name: m", Some("options:\n  mtu:\n    type: integer"), None).unwrap_err().to_string();
        let wanted = "invalid charm: config.yaml:3: option mtu: type: \
                      expected string, int, float, boolean or secret, got \"integer\"";
        assert_eq!(error, wanted);
        let error = Charm::parse(&format!("{{name: m, peers: {{\"a\\n{}\": x}}}}", "b".repeat(9999)), None, None);
        let error = error.unwrap_err().to_string();
        assert!(error.len() < 600 && error.contains(r"a\n") && !error.contains('\n'), "{error}");
        for text in ["a: b: c", "[", "\"", "a\n\tb: c", "&a", "*a", "%"] {
            let error = Charm::parse(text, None, None).unwrap_err().to_string();
            assert!(error.starts_with("invalid charm: metadata.yaml:") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn all_flaws_are_told_and_the_first_is_the_error() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write(
            "metadata.yaml",
            "name: M\nsummary: 5\npeers: {a: {}, b: i}\nrequires: {b: i, juju: i}\nstorage: {s: {}}\n",
        );
        write("config.yaml", "options: {a: {type: x}, b: {}, c: {type: int, default: x}}");
        write("actions.yaml", "{A: {}, b: {params: {c: {type: x}}}, c: {}}");
        let flaws = Charm::from_dir_or_flaws(dir.path()).unwrap_err();
        let texts: Vec<String> = flaws.iter().map(ToString::to_string).collect();
        let wanted = [
            "metadata.yaml:1: bad charm name \"M\"",
            "metadata.yaml:2: summary: expected a string",
            "metadata.yaml:1: description is missing",
            "metadata.yaml:3: endpoint a of peers: interface is missing",
            "metadata.yaml:4: bad endpoint name \"juju\"",
            "metadata.yaml:5: storage s: type",
            "config.yaml:1: option a: type",
            "config.yaml:1: option c: default",
            "actions.yaml:1: bad action name \"A\"",
            "actions.yaml:1: action b: params.c.type",
        ];
        assert_eq!(texts.len(), wanted.len(), "{texts:#?}");
        for (text, wanted) in texts.iter().zip(wanted) {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert_eq!(Charm::from_dir(dir.path()).unwrap_err().to_string(), texts[0]);
        write("config.yaml", "[");
        assert_eq!(Charm::from_dir_or_flaws(dir.path()).unwrap_err().len(), wanted.len() - 1);
    }

    /// Pieces that YAML and a charm are made of.
    fn soup() -> impl Strategy<Value = String> {
        let words = "name m peers requires a interface scope container limit storage type block multiple range 1-2 \
            options int default 5 1.5 yes ~ params pattern ^[a (?i) enum items required properties $ref << é ' \" \
            { } [ ] , : - ? & &a *a !!int | > # %";
        let pieces = words.split(' ').chain([": ", "- ", "? ", " ", "\n", "\n  ", "\n    "]).collect::<Vec<_>>();
        let piece = prop::sample::select(pieces);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_panics(text in prop_oneof![any::<String>(), soup()], rest in soup()) {
            let _ = Charm::parse(&text, None, None);
            let _ = Charm::parse("name: m", Some(&text), None);
            let _ = Charm::parse("name: m", None, Some(&text));
            let _ = Charm::parse(&format!("name: m\npeers: {rest}"), None, None);
            let _ = Charm::parse(&format!("name: m\nstorage: {rest}"), None, None);
            let _ = Charm::parse("name: m", Some(&format!("options: {{a: {rest}}}")), None);
            if let Ok(charm) = Charm::parse("name: m", None, Some(&format!("a: {{params: {rest}}}"))) {
                let _ = charm.action("a").map(|action| action.check(serde_json::json!({"a": 1, "m": "x", "int": []})));
            }
        }
    }
}
