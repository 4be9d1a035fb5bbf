//! `docs/parity.md` has each row of the inventory of Python's `ops` once, and names what there is.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use juju_ops::{Observer, Observers, hook, testing};
use juju_sim::{Charm, On};

const PAGE: &str = include_str!("../../docs/parity.md");

/// The rows of the inventory, by area: `ops` 3.9.0.
const ROWS: [(&str, RangeInclusive<u32>); 25] = [
    ("main", 1..=20),
    ("ctx", 1..=18),
    ("ver", 1..=7),
    ("ev", 1..=24),
    ("fw", 1..=22),
    ("st", 1..=7),
    ("mod", 1..=11),
    ("rel", 1..=21),
    ("ty", 1..=8),
    ("sta", 1..=8),
    ("sec", 1..=19),
    ("net", 1..=5),
    ("stg", 1..=4),
    ("res", 1..=1),
    ("prt", 1..=4),
    ("rbt", 1..=1),
    ("cld", 1..=1),
    ("pod", 1..=1),
    ("act", 1..=9),
    ("hc", 1..=27),
    ("err", 1..=9),
    ("log", 1..=8),
    ("dbg", 1..=4),
    ("md", 1..=12),
    ("q", 1..=17),
];

/// The cells of each row of the page that has a name.
fn rows() -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>();
    let lines = PAGE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |") && !line.contains("---"));
    lines.map(cells).collect()
}

#[test]
fn each_row_is_there_once_and_says_something() {
    let mut found: BTreeMap<&str, u32> = BTreeMap::new();
    for row in rows() {
        let [name, there, here] = row[..] else { panic!("{row:?} has not three cells") };
        assert!(!there.is_empty() && !here.is_empty(), "{name} says nothing");
        *found.entry(name).or_default() += 1;
    }
    let wanted = ROWS.into_iter().flat_map(|(area, numbers)| numbers.map(move |number| format!("{area}-{number:02}")));
    for name in wanted {
        assert_eq!(found.remove(name.as_str()), Some(1), "{name}");
    }
    assert!(found.is_empty(), "rows that the inventory lacks: {found:?}");
}

#[test]
fn each_name_of_ours_is_defined() {
    let mut files = Vec::new();
    for dir in ["crates/juju-ops/src", "crates/juju-sim/src"] {
        read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut files);
    }
    let mut seen = 0;
    for line in PAGE.lines() {
        for name in names(line) {
            assert!(is_defined(name, &files), "{name} is not defined: {line}");
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen} names found");
    assert!(!is_defined("Context::no_such", &files) && !is_defined("NoSuch::config", &files));
}

/// The names in code of the form `a::b`, of these crates; Python has none of that form.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_name =
        |code: &&str| code.contains("::") && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
    text.split('`').skip(1).step_by(2).filter(is_name).filter(|code| !code.starts_with("serde_json::"))
}

fn read_sources(dir: &Path, files: &mut Vec<String>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_sources(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.push(text.lines().filter(|line| !line.trim().starts_with("//")).collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Whether some file defines the last part of a name, and names the part before it: cheap, and enough to find what
/// was renamed or never there.
fn is_defined(name: &str, files: &[String]) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    let (last, owner) = (parts[parts.len() - 1], parts[parts.len() - 2]);
    // Modules and crates are names of files and directories.
    let is_type = owner.starts_with(|first: char| first.is_ascii_uppercase());
    files.iter().any(|file| (!is_type || file.contains(owner)) && defines(last, file))
}

fn defines(name: &str, file: &str) -> bool {
    let keywords = ["fn", "struct", "enum", "trait", "type"];
    file.lines().any(|line| {
        if !line.contains(name) {
            return false;
        }
        let mut words = words(line);
        let after_keyword = words.any(|word| keywords.contains(&word)) && words.next() == Some(name);
        // A variant, a field, or an entry of the tables that `hook` makes its types of.
        let rest = line.trim().strip_prefix("pub ").unwrap_or(line.trim()).strip_prefix(name);
        after_keyword || rest.is_some_and(|rest| rest.starts_with([',', '(', ':']) || rest.starts_with(" \""))
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Row main-19.
#[test]
fn a_bare_dispatch_asks_nothing_and_a_write_costs_two_hook_commands() {
    struct Writes;

    impl Observer for Writes {
        fn observe(&self, events: &mut Observers<Self>) {
            events.on(&hook::relation_changed("db"), |_, event, cx| {
                Ok(cx.relation(event.relation()).own_bag()?.set("user", "web")?)
            });
        }
    }

    let charm = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None).unwrap();
    let mut juju = testing::in_process(Writes, charm).unwrap();
    juju.add_unit("web").unwrap();
    juju.play("pg", "web:db").unwrap();
    juju.settle_without_running().unwrap();
    let commands = |run: &juju_sim::HookRun| run.commands().map(|it| it.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(commands(juju.run_hook("web/0", On::update_status()).unwrap()), [""; 0]);
    let changed = juju.run_hook("web/0", On::relation_changed("db", "pg/0")).unwrap();
    assert_eq!(commands(changed), ["relation-get", "relation-set"]);
}

/// Row rel-20.
#[test]
fn a_peer_relation_is_not_listed_in_install_and_is_gone_when_asked_for() {
    struct Early;

    impl Observer for Early {
        fn observe(&self, events: &mut Observers<Self>) {
            events.peers("mesh", "mesh");
            events.on(&hook::install(), |_, _, cx| {
                assert!(cx.relations("mesh")?.is_empty());
                assert!(cx.relation(&"mesh:0".parse()?).own_bag()?.get("x").unwrap_err().is_gone());
                Ok(())
            });
        }
    }

    let charm = Charm::parse("{name: web, peers: {mesh: {interface: mesh}}}", None, None).unwrap();
    let mut juju = testing::in_process(Early, charm).unwrap();
    juju.add_unit("web").unwrap();
    juju.settle().unwrap();
}

/// Row md-12.
#[test]
fn an_empty_file_is_one_without_actions_or_no_file_of_options() {
    Charm::parse("name: web", None, Some("")).unwrap();
    let error = Charm::parse("name: web", Some(""), None).unwrap_err().to_string();
    assert!(error.contains("config.yaml:1: config: expected a map with options, got nothing"), "{error}");
}
