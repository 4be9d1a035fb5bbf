//! The parts of a charm, and which file has which.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::metadata;
use super::node::{Flaw, Ignored, Node, Yaml};
use super::yaml;
use crate::SimError;

/// The keys of `charmcraft.yaml` that are about packing, or tell people something.
const PACKING: [&str; 17] = [
    "type",
    "title",
    "base",
    "build-base",
    "bases",
    "platforms",
    "parts",
    "charm-libs",
    "charmhub",
    "analysis",
    "config",
    "actions",
    "extensions",
    "contact",
    "license",
    "version",
    "adopt-info",
];

/// A part of a charm and the file that has it.
#[derive(Debug)]
pub(super) struct Part {
    /// The file, with its directory where it has one.
    pub(super) file: String,
    pub(super) root: Node,
    pub(super) ignored: Ignored,
    /// Keys of the file that are no business of this part.
    pub(super) others: &'static [&'static str],
}

impl Part {
    /// Reads a text that stands for a file.
    pub(super) fn parse(name: &str, text: &str) -> Result<Part, SimError> {
        Part::read(name, name.to_owned(), text)
    }

    fn read(name: &str, file: String, text: &str) -> Result<Part, SimError> {
        let document = yaml::read(text).map_err(|flaw| flaw.of(&file))?;
        let mut ignored = Ignored::of(name);
        if document.more {
            ignored.push("documents after the first");
        }
        Ok(Part { file, root: document.root, ignored, others: &[] })
    }

    /// Reads a file of a directory, if it is there.
    pub(super) fn open(dir: &Path, name: &str) -> Result<Option<Part>, SimError> {
        let path = dir.join(name);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SimError::file("read", path)(error)),
        }
        let file = path.display().to_string();
        let text = String::from_utf8(bytes).map_err(|_| SimError::Charm(format!("{file}: the text is not UTF-8")))?;
        Part::read(name, file, &text).map(Some)
    }
}

/// The parts of a charm.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) metadata: Part,
    pub(super) config: Option<Part>,
    pub(super) actions: Option<Part>,
    /// Keys of other files that nobody reads.
    pub(super) ignored: Vec<String>,
}

impl Parts {
    /// Of an unpacked charm.
    pub(super) fn of_dir(dir: &Path) -> Result<Parts, SimError> {
        let metadata = Part::open(dir, "metadata.yaml")?;
        let missing = || SimError::Charm(format!("metadata.yaml is not in {}", dir.display()));
        Ok(Parts {
            metadata: metadata.ok_or_else(missing)?,
            config: Part::open(dir, "config.yaml")?,
            actions: Part::open(dir, "actions.yaml")?,
            ignored: Vec::new(),
        })
    }

    /// Of a project: its files, and for those that are missing the sections of `charmcraft.yaml`.
    pub(super) fn of_project(dir: &Path) -> Result<Parts, SimError> {
        let Some(mut charmcraft) = Part::open(dir, "charmcraft.yaml")? else {
            if fs::exists(dir.join("metadata.yaml")).map_err(SimError::file("look at", dir))? {
                return Parts::of_dir(dir);
            }
            let why = format!("neither charmcraft.yaml nor metadata.yaml is in {}", dir.display());
            return Err(SimError::Charm(why));
        };
        let file = charmcraft.file.clone();
        let refuse = |flaw: Flaw| flaw.of(&file);
        let root = without_nulls(std::mem::take(&mut charmcraft.root)).map_err(refuse)?;
        check(&root).map_err(refuse)?;
        let config = section("config", Part::open(dir, "config.yaml")?, &root, &file)?;
        let actions = section("actions", Part::open(dir, "actions.yaml")?, &root, &file)?;
        let Some(metadata) = Part::open(dir, "metadata.yaml")? else {
            let metadata = Part { root, others: &PACKING, ..charmcraft };
            return Ok(Parts { metadata, config, actions, ignored: Vec::new() });
        };
        let entries = root.map("charmcraft.yaml", "a map").map_err(refuse)?;
        if let Some(entry) = entries.iter().find(|entry| metadata::is_modelled(&entry.key)) {
            let why = "metadata.yaml is there too, and charmcraft packs that";
            return Err(refuse(Flaw::new(entry.line, format!("{}: {why}", entry.key))));
        }
        charmcraft.ignored.others("", entries, &PACKING);
        Ok(Parts { metadata, config, actions, ignored: charmcraft.ignored.paths })
    }
}

/// A project as charmcraft takes it: it leaves out the keys without a value.
fn without_nulls(root: Node) -> Result<Node, Flaw> {
    let Node { line, value: Yaml::Map(mut entries) } = root else {
        return Err(root.expected("charmcraft.yaml", "a map"));
    };
    entries.retain(|entry| !entry.value.is_null());
    Ok(Node { line, value: Yaml::Map(entries) })
}

/// The part of a file of its own, else of a section of the project.
fn section(name: &str, own: Option<Part>, root: &Node, file: &str) -> Result<Option<Part>, SimError> {
    let Some(section) = root.get(name) else { return Ok(own) };
    if own.is_some() {
        let why = format!("{name}: {name}.yaml is there too, and charmcraft packs no such project");
        return Err(section.flaw(why).of(file));
    }
    // An empty section makes no file.
    if matches!(&section.value, Yaml::Map(entries) if entries.is_empty()) {
        return Ok(None);
    }
    let ignored = Ignored::of("charmcraft.yaml");
    Ok(Some(Part { file: file.to_owned(), root: section.clone(), ignored, others: &[] }))
}

fn check(root: &Node) -> Result<(), Flaw> {
    if let Some(kind) = root.get("type")
        && kind.text("type")? != "charm"
    {
        return Err(kind.flaw("type: only charms are simulated"));
    }
    match root.get("extensions") {
        Some(node) if !matches!(&node.value, Yaml::List(items) if items.is_empty()) => {
            Err(node.flaw("extensions: what charmcraft's extensions add is not simulated"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use crate::Charm;

    const METADATA: &str = "{name: m, summary: s, description: d}";

    fn dir(files: &[(&str, &str)]) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn reads_files_and_sections() {
        let sections = "type: charm\nconfig: {options: {a: {}}}\nactions: {b: {}}\nlinks:\nparst: {}";
        let mixed = dir(&[("metadata.yaml", METADATA), ("charmcraft.yaml", sections)]);
        let charm = Charm::from_project(mixed.path()).unwrap();
        assert_eq!(charm.config_keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(charm.action_names().collect::<Vec<_>>(), ["b"]);
        assert_eq!(charm.ignored(), ["charmcraft.yaml: parst"]);
        let charm = Charm::from_dir(mixed.path()).unwrap();
        assert_eq!(charm.config_keys().count(), 0);

        let whole =
            "{type: charm, name: m, summary: s, description: d, title: M, peers: {x: i}, requires: , config: {}}";
        let charm = Charm::from_project(dir(&[("charmcraft.yaml", whole)]).path()).unwrap();
        assert_eq!(charm.endpoints().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["x"]);
        assert!(charm.ignored().is_empty(), "{:?}", charm.ignored());

        let files = dir(&[
            ("metadata.yaml", METADATA),
            ("config.yaml", "options: {a: {}}"),
            ("actions.yaml", "b:"),
            ("manifest.yaml", "bases: []"),
        ]);
        assert_eq!(Charm::from_project(files.path()).unwrap(), Charm::from_dir(files.path()).unwrap());
        assert_eq!(Charm::from_dir(files.path()).unwrap().action_names().count(), 1);
    }

    #[test]
    fn refuses() {
        for (files, wanted) in [
            (&[][..], "neither charmcraft.yaml nor metadata.yaml is in /"),
            (&[("charmcraft.yaml", "type: charm")], "/charmcraft.yaml:1: name is missing"),
            (&[("charmcraft.yaml", "[a]")], "/charmcraft.yaml:1: charmcraft.yaml: expected a map, got a list"),
            (&[("charmcraft.yaml", "type: bundle")], "/charmcraft.yaml:1: type: only charms are simulated"),
            (&[("charmcraft.yaml", "extensions: [flask-framework]")], "extensions: what charmcraft's extensions add"),
            (&[("metadata.yaml", "name: m")], "/metadata.yaml:1: summary is missing"),
            (&[("metadata.yaml", METADATA), ("charmcraft.yaml", "peers: {x: i}")], "peers: metadata.yaml is there too"),
            (
                &[("metadata.yaml", METADATA), ("config.yaml", "options:"), ("charmcraft.yaml", "config: {options: }")],
                "config: config.yaml is there too",
            ),
            (
                &[("metadata.yaml", METADATA), ("charmcraft.yaml", "actions: {A: {}}")],
                "/charmcraft.yaml:1: bad action name \"A\"",
            ),
        ] {
            let dir = dir(files);
            let error = Charm::from_project(dir.path()).unwrap_err().to_string();
            assert!(error.contains(wanted), "{files:?}: {error}");
            assert!(error.contains(&dir.path().display().to_string()), "{error}");
        }
        let error = Charm::from_dir(dir(&[("charmcraft.yaml", METADATA)]).path()).unwrap_err().to_string();
        assert!(error.contains("metadata.yaml is not in /"), "{error}");
        let binary = tempfile::tempdir().unwrap();
        fs::write(binary.path().join("metadata.yaml"), b"name: \xff").unwrap();
        let error = Charm::from_dir(binary.path()).unwrap_err().to_string();
        assert!(error.contains("/metadata.yaml: the text is not UTF-8"), "{error}");
        fs::write(binary.path().join("metadata.yaml"), vec![b'['; 5 << 20]).unwrap();
        let error = Charm::from_dir(binary.path()).unwrap_err().to_string();
        assert!(error.contains("more than 4194304 bytes"), "{error}");
    }
}
