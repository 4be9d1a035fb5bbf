use std::collections::{BTreeMap, BTreeSet};

use super::endpoint::{Endpoint, Role, Scope};
use super::names;
use super::node::{Entry, Flaw, Flaws, Ignored, Node, get};
use super::resource::ResourceSpec;
use super::storage::StorageSpec;

/// The keys of `metadata.yaml` that change what the simulator does.
const MODELLED: [&str; 9] =
    ["name", "subordinate", "peers", "provides", "requires", "extra-bindings", "storage", "resources", "summary"];
/// Those that tell people something. Some of them Juju does not read at all.
const TOLD: [&str; 16] = [
    "description",
    "display-name",
    "maintainer",
    "maintainers",
    "docs",
    "issues",
    "website",
    "source",
    "links",
    "tags",
    "categories",
    "terms",
    "series",
    "assumes",
    "min-juju-version",
    "charm-user",
];
/// Obsolete numbers that Juju reads for their type and forgets.
const OBSOLETE: [&str; 2] = ["revision", "format"];
/// Those that are refused where they say something.
const KUBERNETES: [&str; 2] = ["containers", "deployment"];

/// What the metadata of a charm says.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) subordinate: bool,
    pub(super) endpoints: BTreeMap<String, Endpoint>,
    pub(super) extra_bindings: BTreeSet<String>,
    pub(super) storages: BTreeMap<String, StorageSpec>,
    pub(super) resources: BTreeMap<String, ResourceSpec>,
}

/// Where metadata comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A text of a test, whose charm nobody describes.
    Text,
    /// A file, which Juju or charmcraft refuses without a summary and a description.
    File,
}

/// Whether a key belongs to the metadata and says more than what people read.
pub(super) fn is_modelled(key: &str) -> bool {
    MODELLED.contains(&key) || KUBERNETES.contains(&key) || key == "description" || key == "devices"
}

impl Metadata {
    pub(super) fn read(root: &Node, origin: Origin, others: &[&str], ignored: &mut Ignored) -> Result<Metadata, Flaws> {
        let entries = root.text_map("metadata", "a map with name, summary, description and more")?;
        let known = [&MODELLED[..], &TOLD, &OBSOLETE, &KUBERNETES, &["devices"], others].concat();
        ignored.others("", entries, &known);
        let mut flaws = Flaws::default();
        let name = flaws.take(read_name(root, entries)).unwrap_or_default();
        flaws.take(check_told(root, entries, origin));
        flaws.take(refuse_unmodelled(entries));
        let subordinate = get(entries, "subordinate").map_or(Ok(false), |on| on.boolean("subordinate"));
        let subordinate = flaws.take(subordinate).unwrap_or_default();
        let endpoints = match flaws.take(read_endpoints(name, subordinate, entries, ignored)) {
            Some(endpoints) => {
                flaws.take(check_subordinate(root, subordinate, &endpoints));
                endpoints
            }
            None => BTreeMap::new(),
        };
        let summary = get(entries, "summary").map_or(Ok(""), |summary| summary.text("summary"));
        let extra_bindings = flaws.take(read_bindings(&endpoints, entries)).unwrap_or_default();
        let storages = read_section(entries, "storage", "a map of storage names", |name, node| {
            StorageSpec::read(name, node, ignored)
        });
        let storages = flaws.take(storages).unwrap_or_default();
        let resources = read_section(entries, "resources", "a map of resource names", |name, node| {
            ResourceSpec::read(name, node, ignored)
        });
        let resources = flaws.take(resources).unwrap_or_default();
        flaws.or(Metadata {
            name: name.to_owned(),
            // That it is a text was checked with all that is told.
            summary: summary.unwrap_or_default().to_owned(),
            subordinate,
            endpoints,
            extra_bindings,
            storages,
            resources,
        })
    }
}

/// The name, by Juju's rule.
fn read_name<'a>(root: &Node, entries: &'a [Entry]) -> Result<&'a str, Flaw> {
    let name = get(entries, "name").ok_or_else(|| root.flaw("name is missing"))?.text("name")?;
    if !names::is_charm_name(name) {
        return Err(root.flaw(format!("bad charm name {name:?}: {}", names::CHARM_RULE)));
    }
    Ok(name)
}

fn check_subordinate(root: &Node, subordinate: bool, endpoints: &BTreeMap<String, Endpoint>) -> Result<(), Flaw> {
    let is_container = |endpoint: &Endpoint| endpoint.role == Role::Requires && endpoint.scope == Scope::Container;
    if subordinate && !endpoints.values().any(is_container) {
        return Err(root.flaw("subordinate: a subordinate charm needs an endpoint in requires with scope container"));
    }
    Ok(())
}

/// Juju checks the form of what it keeps for people.
fn check_told(root: &Node, entries: &[Entry], origin: Origin) -> Result<(), Flaws> {
    let mut flaws = Flaws::default();
    for key in ["summary", "description"] {
        match get(entries, key) {
            Some(text) => drop(flaws.take(text.text(key))),
            None if origin == Origin::File => drop(flaws.take::<()>(Err(root.flaw(format!("{key} is missing"))))),
            None => {}
        }
    }
    for key in ["tags", "categories", "terms", "series"] {
        flaws.take(get(entries, key).map(|list| list.texts(key)).transpose());
    }
    for key in OBSOLETE {
        flaws.take(get(entries, key).map(|number| number.integer(key)).transpose());
    }
    flaws.take(get(entries, "min-juju-version").map(|version| version.text("min-juju-version")).transpose());
    flaws.take(get(entries, "assumes").map(|assumes| assumes.list("assumes", "a list of features")).transpose());
    if let Some(user) = get(entries, "charm-user") {
        flaws.take(user.text("charm-user").and_then(|name| match name {
            "root" | "sudoer" | "non-root" => Ok(()),
            _ => Err(user.flaw("charm-user: expected root, sudoer or non-root")),
        }));
    }
    // Each of the two formats of metadata has keys that the other lacks.
    let first = |keys: &[&str]| entries.iter().find(|entry| keys.contains(&entry.key.as_str()));
    let (old, new) =
        (first(&["series", "deployment", "min-juju-version"]), first(&["containers", "assumes", "charm-user"]));
    if let (Some(old), Some(new)) = (old, new) {
        let why = format!("{} cannot be used with {}", new.key, old.key);
        flaws.take::<()>(Err(Flaw::new(new.line, why)));
    }
    flaws.or(())
}

fn refuse_unmodelled(entries: &[Entry]) -> Result<(), Flaw> {
    let named = |key: &str| match get(entries, key) {
        Some(node) => node.text_map(key, "a map").map(|map| (!map.is_empty()).then_some(node)),
        None => Ok(None),
    };
    for key in KUBERNETES {
        if let Some(node) = named(key)? {
            return Err(node.flaw(format!("{key}: Kubernetes charms are not simulated")));
        }
    }
    let is_kubernetes = |series: &&Node| matches!(series.texts("series").as_deref(), Ok(["kubernetes", ..]));
    if let Some(series) = get(entries, "series").filter(is_kubernetes) {
        return Err(series.flaw("series: Kubernetes charms are not simulated"));
    }
    if let Some(node) = named("devices")? {
        return Err(node.flaw("devices: charms that need devices are not simulated"));
    }
    Ok(())
}

/// Reads each entry of a section.
fn read_section<T>(
    entries: &[Entry],
    key: &str,
    form: &str,
    mut read: impl FnMut(&str, &Node) -> Result<T, Flaw>,
) -> Result<BTreeMap<String, T>, Flaws> {
    let Some(section) = get(entries, key) else { return Ok(BTreeMap::new()) };
    let (mut all, mut flaws) = (BTreeMap::new(), Flaws::default());
    for entry in section.text_map(key, form)? {
        if let Some(value) = flaws.take(read(&entry.key, &entry.value)) {
            all.insert(entry.key.clone(), value);
        }
    }
    flaws.or(all)
}

fn read_endpoints(
    charm: &str,
    subordinate: bool,
    entries: &[Entry],
    ignored: &mut Ignored,
) -> Result<BTreeMap<String, Endpoint>, Flaws> {
    let (mut endpoints, mut flaws) = (BTreeMap::<String, Endpoint>::new(), Flaws::default());
    for role in Role::ALL {
        let section = role.section();
        let form = "a map of endpoint names, each with its interface";
        let read = read_section(entries, section, form, |name, node| {
            let endpoint = Endpoint::read(role, name, node, ignored)?;
            check_endpoint(charm, subordinate, &endpoint).map_err(|why| node.flaw(why))?;
            Ok((endpoint, node.line))
        });
        for (name, (endpoint, line)) in flaws.take(read).into_iter().flatten() {
            if let Some(other) = endpoints.get(&name) {
                let why = format!("endpoint {name} is in both {} and {section}", other.role.section());
                flaws.take::<()>(Err(Flaw::new(line, why)));
                continue;
            }
            endpoints.insert(name, endpoint);
        }
    }
    flaws.or(endpoints)
}

fn check_endpoint(charm: &str, subordinate: bool, endpoint: &Endpoint) -> Result<(), String> {
    let Endpoint { name, role, interface, scope, .. } = endpoint;
    let section = role.section();
    if !names::is_endpoint_name(name) {
        return Err(format!("bad endpoint name {name:?} of {section}: {}", names::ENDPOINT_RULE));
    }
    // A subordinate may name the endpoint of its principal as Juju does.
    let may_reserve = subordinate && *role == Role::Requires && *scope == Scope::Container;
    if !may_reserve && names::is_reserved(charm, name) {
        return Err(format!("bad endpoint name {name:?} of {section}: Juju keeps juju and juju-… for itself"));
    }
    if interface.is_empty() {
        return Err(format!("endpoint {name} of {section}: bad interface \"\": it has no name"));
    }
    if *role != Role::Requires && names::is_reserved(charm, interface) {
        let why = "Juju keeps juju and juju-… for itself";
        return Err(format!("endpoint {name} of {section}: bad interface {interface:?}: {why}"));
    }
    Ok(())
}

fn read_bindings(endpoints: &BTreeMap<String, Endpoint>, entries: &[Entry]) -> Result<BTreeSet<String>, Flaw> {
    let Some(section) = get(entries, "extra-bindings") else { return Ok(BTreeSet::new()) };
    let bindings = section.text_map("extra-bindings", "a map of names without values")?;
    if bindings.is_empty() {
        return Err(section.flaw("extra-bindings: there is no name in it"));
    }
    let read = bindings.iter().map(|Entry { key, value, line, .. }| {
        let refuse = |why: &str| Err(Flaw::new(*line, format!("extra-bindings: {key}: {why}")));
        match () {
            () if key.is_empty() => refuse("a name is empty"),
            () if !value.is_null() => refuse("expected no value"),
            () if endpoints.contains_key(key) => refuse("an endpoint has that name"),
            () => Ok(key.clone()),
        }
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use crate::{Charm, Role, Scope};

    #[test]
    fn endpoints() {
        let text = "
name: m
subordinate: yes
provides:
  web: http
requires:
  host: {interface: juju-info, scope: container}
  juju-info: {interface: juju-info, scope: container, limit: }
  db: {interface: mysql, limit: 2, optional: true}
peers:
  mesh: {interface: mesh, limit: -1}
";
        let charm = Charm::parse(text, None, None).unwrap();
        let found: Vec<_> =
            charm.endpoints().map(|e| (e.name.as_str(), e.role, e.scope, e.limit, e.optional)).collect();
        assert_eq!(
            found,
            [
                ("db", Role::Requires, Scope::Global, Some(2), true),
                ("host", Role::Requires, Scope::Container, None, false),
                ("juju-info", Role::Requires, Scope::Container, None, false),
                ("mesh", Role::Peer, Scope::Global, None, false),
                ("web", Role::Provides, Scope::Global, None, false),
            ]
        );
        assert!(charm.is_subordinate());
        assert_eq!(charm.implicit_or("juju-info").map(|e| e.role), Some(Role::Requires));
        assert_eq!(charm.implicit_or("other"), None);
    }

    #[test]
    fn what_only_people_read_has_no_effect() {
        let text =
            "{name: m, description: d, display-name: M, maintainers: [a], docs: x, issues: x, website: x, source: x,
            tags: [a], categories: [a], terms: [some-term], min-juju-version: 3.6.0, series: [noble], revision: 1,
            devices: {}, payloads: {a: {type: b}}}";
        let charm = Charm::parse(text, None, None).unwrap();
        assert_eq!(charm.ignored(), ["payloads"]);
        Charm::parse("{name: m, assumes: [juju >= 3.6], charm-user: non-root, containers: {}}", None, None).unwrap();
        Charm::parse("{name: juju-m, peers: {juju-x: juju-y}}", None, None).unwrap();
    }

    #[test]
    fn refuses() {
        for (metadata, wanted) in [
            ("", "metadata: expected a map with name, summary, description and more, got nothing"),
            ("- a", "metadata: expected a map with name, summary, description and more, got a list"),
            ("summary: s", "name is missing"),
            ("name: 5", "name: expected a string, got an integer"),
            ("name: Magpie", "bad charm name \"Magpie\": a charm's name starts with a lower-case letter"),
            ("name: magpie-7", "bad charm name"),
            ("{name: m, summary: yes}", "summary: expected a string, got a boolean"),
            ("{name: m, 1: 2}", "metadata: key 1 is no string; quote it"),
            ("{name: m, peers: }", "peers: expected a map of endpoint names, each with its interface, got nothing"),
            ("{name: m, peers: x}", "peers: expected a map of endpoint names, each with its interface, got a string"),
            (
                "{name: m, peers: {a: 5}}",
                "endpoint a of peers: expected an interface name or a map with interface, limit, optional, scope, got an integer",
            ),
            ("{name: m, peers: {a: {}}}", "endpoint a of peers: interface is missing"),
            ("{name: m, peers: {a: {interface: 5}}}", "endpoint a of peers: interface: expected a string"),
            ("{name: m, peers: {a: {interface: i, limit: 1.5}}}", "endpoint a of peers: limit: expected an integer"),
            ("{name: m, peers: {a: {interface: i, optional: 1}}}", "endpoint a of peers: optional: expected a boolean"),
            (
                "{name: m, peers: {a: {interface: i, scope: x}}}",
                "endpoint a of peers: scope: expected global or container",
            ),
            ("{name: m, peers: {on: {interface: i}}}", "peers: key on is no string; quote it"),
            ("{name: m, peers: {juju-x: {interface: i}}}", "bad endpoint name \"juju-x\" of peers: Juju keeps"),
            ("{name: m, peers: {x-: {interface: i}}}", "bad endpoint name \"x-\" of peers: an endpoint's name"),
            ("{name: m, peers: {x: {interface: juju}}}", "endpoint x of peers: bad interface \"juju\": Juju keeps"),
            ("{name: m, peers: {x: ''}}", "endpoint x of peers: bad interface \"\": it has no name"),
            ("{name: m, peers: {x: i}, provides: {x: i}}", "endpoint x is in both peers and provides"),
            ("{name: m, subordinate: true}", "subordinate: a subordinate charm needs an endpoint in requires"),
            (
                "{name: m, subordinate: true, provides: {a: {interface: i, scope: container}}}",
                "subordinate: a subordinate",
            ),
            ("{name: m, subordinate: maybe}", "subordinate: expected a boolean, got a string"),
            ("{name: m, extra-bindings: [a]}", "extra-bindings: expected a map of names without values, got a list"),
            ("{name: m, extra-bindings: {}}", "extra-bindings: there is no name in it"),
            ("{name: m, extra-bindings: {a: 1}}", "extra-bindings: a: expected no value"),
            ("{name: m, extra-bindings: {a: }, peers: {a: i}}", "extra-bindings: a: an endpoint has that name"),
            ("{name: m, storage: {a: }}", "storage a: expected a map with type, description"),
            ("{name: m, storage: {A: {type: block}}}", "storage A: bad name"),
            ("{name: m, storage: {a: {}}}", "storage a: type: expected filesystem or block"),
            (
                "{name: m, storage: {a: {type: block, location: /a}}}",
                "storage a: location: only a storage of type filesystem",
            ),
            ("{name: m, storage: {a: {type: block, multiple: 3}}}", "storage a: multiple: expected a map with range"),
            ("{name: m, storage: {a: {type: block, multiple: {}}}}", "storage a: multiple: range is missing"),
            ("{name: m, storage: {a: {type: block, multiple: {range: x}}}}", "range: expected m, m-n or m+"),
            (
                "{name: m, storage: {a: {type: block, multiple: {range: 3-1}}}}",
                "range: no number of storages is within it",
            ),
            (
                "{name: m, storage: {a: {type: block, multiple: {range: 0}}}}",
                "range: no number of storages is within it",
            ),
            (
                "{name: m, storage: {a: {type: block, minimum-size: 10}}}",
                "minimum-size: expected a string, got an integer",
            ),
            (
                "{name: m, storage: {a: {type: block, minimum-size: 10Q}}}",
                "minimum-size: expected a number and one of M, G",
            ),
            (
                "{name: m, storage: {a: {type: block, properties: [x]}}}",
                "storage a: properties: Juju knows transient alone",
            ),
            (
                "{name: m, resources: {a: x}}",
                "resource a: expected a map with type, filename, description, got a string",
            ),
            ("{name: m, resources: {a: {}}}", "resource a: filename is missing"),
            ("{name: m, resources: {a: {filename: b/c}}}", "resource a: filename: expected the name of a file"),
            ("{name: m, resources: {a: {type: x}}}", "resource a: type: expected file or oci-image"),
            ("{name: m, containers: {a: {}}}", "containers: Kubernetes charms are not simulated"),
            ("{name: m, deployment: {type: stateful}}", "deployment: Kubernetes charms are not simulated"),
            ("{name: m, series: [kubernetes]}", "series: Kubernetes charms are not simulated"),
            ("{name: m, devices: {gpu: {type: gpu}}}", "devices: charms that need devices are not simulated"),
            ("{name: m, tags: a}", "tags: expected a list of strings, got a string"),
            ("{name: m, charm-user: me}", "charm-user: expected root, sudoer or non-root"),
            ("{name: m, series: [noble], assumes: [juju]}", "assumes cannot be used with series"),
        ] {
            let error = Charm::parse(metadata, None, None).unwrap_err().to_string();
            assert!(
                error.starts_with("invalid charm: metadata.yaml:1: ") && error.contains(wanted),
                "{metadata}: {error}"
            );
        }
    }
}
