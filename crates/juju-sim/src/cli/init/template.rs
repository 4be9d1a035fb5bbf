use super::Kind;
use super::name::Name;

/// A file of a new charm, whose text has words that stand for what is not known yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template {
    /// Where it goes.
    pub(super) path: &'static str,
    text: &'static str,
}

/// The file at `$path` is the template `$file`.
macro_rules! template {
    ($path:literal, $file:literal) => {
        Template { path: $path, text: include_str!(concat!("../../../templates/", $file)) }
    };
}

/// A charm has these, of whatever kind it is.
const SHARED: [Template; 6] = [
    template!("Cargo.toml", "shared/Cargo.toml.template"),
    template!("README.md", "shared/README.md"),
    template!(".gitignore", "shared/gitignore"),
    template!(".github/workflows/check.yaml", "shared/check.yaml"),
    template!(".github/workflows/pack.yaml", "shared/pack.yaml"),
    template!("src/main.rs", "shared/main.rs"),
];
const CHARM: [Template; 3] = [
    template!("charmcraft.yaml", "charm/charmcraft.yaml"),
    template!("src/lib.rs", "charm/lib.rs"),
    template!("tests/it.rs", "charm/it.rs"),
];
const PEER: [Template; 3] = [
    template!("charmcraft.yaml", "peer/charmcraft.yaml"),
    template!("src/lib.rs", "peer/lib.rs"),
    template!("tests/it.rs", "peer/it.rs"),
];
const LIBRARY: [Template; 8] = [
    template!("Cargo.toml", "library/Cargo.toml.template"),
    template!("README.md", "library/README.md"),
    template!(".gitignore", "library/gitignore"),
    template!(".github/workflows/check.yaml", "shared/check.yaml"),
    template!("src/lib.rs", "library/lib.rs"),
    template!("src/changed.rs", "library/changed.rs"),
    template!("src/requirer.rs", "library/requirer.rs"),
    template!("tests/it.rs", "library/it.rs"),
];

/// The files of a kind.
pub(super) fn all(kind: Kind) -> Vec<Template> {
    match kind {
        Kind::Charm => [&SHARED[..], &CHARM].concat(),
        Kind::Peer => [&SHARED[..], &PEER].concat(),
        Kind::Library => LIBRARY.to_vec(),
    }
}

impl Template {
    /// The text for a charm of this name. The crates are of this one's version, since they are released together.
    pub(super) fn text(self, name: &Name) -> String {
        let (own, in_rust) = (name.to_string(), name.in_rust());
        let words = [
            ("JUJU_OPS_VERSION", env!("CARGO_PKG_VERSION")),
            ("RUST_VERSION", env!("CARGO_PKG_RUST_VERSION")),
            ("my-charm", &own),
            ("my-library", &own),
            ("my_charm", &in_rust),
            ("my_library", &in_rust),
        ];
        // From left to right, so that nothing is replaced in what was put in place of a word.
        let mut text = String::new();
        let mut rest = self.text;
        loop {
            let first = words.iter().filter_map(|word| Some((rest.find(word.0)?, word))).min_by_key(|(at, _)| *at);
            let Some((at, (word, value))) = first else { break };
            text.push_str(&rest[..at]);
            text.push_str(value);
            rest = &rest[at + word.len()..];
        }
        text + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_template_is_left() {
        let name: Name = "my-charming-my-library".parse().unwrap();
        for template in [Kind::Charm, Kind::Peer, Kind::Library].into_iter().flat_map(all) {
            let text = template.text(&name);
            let others = text.replace("my-charming-my-library", "").replace("my_charming_my_library", "");
            for word in ["my-charm", "my_charm", "my-library", "my_library", "_VERSION"] {
                assert!(!others.contains(word), "{}: {word}", template.path);
            }
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{}", template.path);
        }
    }
}
