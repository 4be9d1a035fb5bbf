use std::fmt;

use serde::{Deserialize, Serialize};

use super::node::{Flaw, Ignored, Node, get};

const FORM: &str = "a map with type, filename, description";
const KEYS: [&str; 3] = ["type", "filename", "description"];

/// A resource that a charm declares.
///
/// ```
/// let charm = juju_sim::Charm::parse("{name: m, resources: {tool: {filename: tool.tgz}}}", None, None)?;
/// let tool = charm.resource("tool").expect("it is declared");
/// assert_eq!((tool.kind.to_string().as_str(), tool.filename.as_str()), ("file", "tool.tgz"));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceSpec {
    /// The name, such as `tool`.
    pub name: String,
    /// What it is.
    pub kind: ResourceKind,
    /// The name of the file on the unit; an image has none.
    pub filename: String,
    /// What the charm says of it.
    pub description: String,
}

/// What a resource is.
///
/// ```
/// let charm = juju_sim::Charm::parse("{name: m, resources: {app: {type: oci-image}}}", None, None)?;
/// assert_eq!(charm.resource("app").map(|app| app.kind), Some(juju_sim::ResourceKind::OciImage));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// A file.
    File,
    /// A container image.
    OciImage,
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ResourceKind::File => "file",
            ResourceKind::OciImage => "oci-image",
        })
    }
}

impl ResourceSpec {
    pub(super) fn read(name: &str, node: &Node, ignored: &mut Ignored) -> Result<ResourceSpec, Flaw> {
        let path = format!("resource {name}");
        if name.is_empty() {
            return Err(node.flaw("resources: a resource has no name"));
        }
        let entries = node.text_map(&path, FORM)?;
        ignored.others(&format!("resources.{name}"), entries, &KEYS);
        let text = |key: &str| {
            let text = get(entries, key).map(|value| value.text(&format!("{path}: {key}"))).transpose();
            text.map(Option::unwrap_or_default)
        };
        let kind = match (text("type")?, get(entries, "type")) {
            ("file", _) | (_, None) => ResourceKind::File,
            ("oci-image", _) => ResourceKind::OciImage,
            (_, Some(kind)) => return Err(kind.flaw(format!("{path}: type: expected file or oci-image"))),
        };
        let filename = text("filename")?;
        if kind == ResourceKind::File && filename.is_empty() {
            return Err(node.flaw(format!("{path}: filename is missing, which a resource of type file needs")));
        }
        if kind == ResourceKind::File && filename.contains('/') {
            return Err(node.flaw(format!("{path}: filename: expected the name of a file, without a slash")));
        }
        Ok(ResourceSpec {
            name: name.to_owned(),
            kind,
            filename: filename.to_owned(),
            description: text("description")?.to_owned(),
        })
    }
}
