use std::fmt;
use std::str::FromStr;

use crate::charm::{CHARM_RULE, is_application_name};

/// What a package cannot be called: Rust's keywords and own crates, and what cargo keeps for itself in `target/`.
#[rustfmt::skip]
const KEPT: [&str; 61] = [
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "build", "const", "continue", "core",
    "crate", "deps", "do", "dyn", "else", "enum", "examples", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "incremental", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "proc-macro", "pub", "ref", "return", "self", "static", "std", "struct", "super", "test", "trait", "true", "try",
    "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];
/// What a new charm depends on.
const DEPENDENCIES: [&str; 6] = ["juju-ops", "juju-sim", "log", "serde", "serde-json", "tempfile"];

/// The name of a charm, which is that of its package too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    /// The package's name in Rust code.
    pub(super) fn in_rust(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(name: &str) -> Result<Name, String> {
        if !is_application_name(name) {
            return Err(CHARM_RULE.to_owned());
        }
        if KEPT.contains(&name) {
            return Err("Rust or cargo keeps this name for itself".to_owned());
        }
        if DEPENDENCIES.contains(&name) {
            return Err("it depends on a package of this name".to_owned());
        }
        Ok(Name(name.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_for_a_charm_and_for_a_package() {
        for good in ["a", "magpie", "my-charm", "a1-b2", "selfish"] {
            assert_eq!(good.parse::<Name>().map(|name| name.to_string()).as_deref(), Ok(good));
        }
        for (bad, why) in [
            ("", "a charm's name starts with a lower-case letter"),
            ("My-Charm", "a charm's name starts"),
            ("my_charm", "a charm's name starts"),
            ("charm-7", "of which each has a letter"),
            ("../charm", "a charm's name starts"),
            ("async", "keeps this name"),
            ("test", "keeps this name"),
            ("juju-ops", "depends on a package"),
        ] {
            let error = bad.parse::<Name>().unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
        assert_eq!("my-charm".parse::<Name>().map(|name| name.in_rust()).as_deref(), Ok("my_charm"));
    }
}
