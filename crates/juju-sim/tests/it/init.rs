//! `juju-sim init` as a person calls it. That what it makes builds and passes its tests, `scripts/check-fresh-charm`
//! shows.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use juju_sim::{Charm, Role};
use tempfile::TempDir;

fn init(dir: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_juju-sim"));
    command.current_dir(dir.path()).arg("init").args(arguments).output().unwrap()
}

/// Makes something that can be made; what it tells.
fn made(dir: &TempDir, arguments: &[&str]) -> String {
    let output = init(dir, arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The exit code and the last line of what is refused.
fn refused(dir: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let output = init(dir, arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The files under a directory, sorted.
fn files(dir: &Path) -> Vec<String> {
    fn walk(top: &Path, dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(top, &path, found),
                false => found.push(path.strip_prefix(top).unwrap().display().to_string()),
            }
        }
    }
    let mut found = Vec::new();
    walk(dir, dir, &mut found);
    found.sort();
    found
}

#[test]
fn a_new_charm_has_what_an_author_needs_and_the_next_steps_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let told = made(&dir, &["hello"]);
    assert_eq!(
        files(&dir.path().join("hello")),
        [
            ".github/workflows/check.yaml",
            ".github/workflows/pack.yaml",
            ".gitignore",
            "Cargo.toml",
            "README.md",
            "charmcraft.yaml",
            "src/lib.rs",
            "src/main.rs",
            "tests/it.rs"
        ]
    );
    for step in ["cd hello", "cargo test ", "charmcraft pack", "juju-sim check hello_amd64.charm", "juju deploy "] {
        assert!(told.contains(&format!("\n  {step}")), "{step}: {told}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    let charm = Charm::from_project(dir.path().join("hello")).unwrap();
    assert_eq!((charm.name(), charm.ignored()), ("hello", &[][..]));
    assert_eq!(charm.config_keys().chain(charm.action_names()).collect::<Vec<_>>(), ["port", "url"]);
    let cargo = fs::read_to_string(dir.path().join("hello/Cargo.toml")).unwrap();
    assert!(cargo.contains("name = \"hello\"\n") && cargo.contains("juju-ops = \"0."), "{cargo}");
    assert!(!cargo.contains("[patch"), "{cargo}");
}

#[test]
fn a_charm_with_peers_declares_them_and_a_library_is_no_charm() {
    let dir = tempfile::tempdir().unwrap();
    made(&dir, &["crowd", "--kind", "peer"]);
    let charm = Charm::from_project(dir.path().join("crowd")).unwrap();
    let peers: Vec<_> = charm.endpoints().map(|it| (it.role, it.interface.as_str())).collect();
    assert_eq!(peers, [(Role::Peer, "crowd-cluster")]);
    made(&dir, &["my-lib", "--kind", "library", "--path", "some/where"]);
    assert!(files(&dir.path().join("some/where")).iter().all(|file| !file.contains("charmcraft")));
    let test = fs::read_to_string(dir.path().join("some/where/tests/it.rs")).unwrap();
    assert!(test.contains("\nuse my_lib::{Changed, Requirer};\n"), "{test}");
}

#[test]
fn nothing_is_overwritten_and_nothing_half_written() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("hello/.git")).unwrap();
    fs::write(dir.path().join("hello/README.md"), "mine").unwrap();
    let text = "ERROR make hello: hello/README.md is there already; nothing was written\n".to_owned();
    assert_eq!(refused(&dir, &["hello"]), (Some(1), text));
    assert_eq!(files(&dir.path().join("hello")), ["README.md"]);
    fs::remove_file(dir.path().join("hello/README.md")).unwrap();
    // Other files may be there.
    fs::write(dir.path().join("hello/notes"), "mine").unwrap();
    made(&dir, &["hello", "--path", "hello"]);
    assert!(!init(&dir, &["hello"]).status.success());
    // A link to nowhere is not written through.
    fs::create_dir(dir.path().join("linked")).unwrap();
    std::os::unix::fs::symlink("/nowhere", dir.path().join("linked/Cargo.toml")).unwrap();
    assert!(refused(&dir, &["linked"]).1.contains("linked/Cargo.toml is there already"));
}

#[test]
fn a_name_that_juju_or_rust_does_not_take_is_wrong_usage() {
    let dir = tempfile::tempdir().unwrap();
    for (name, why) in [
        ("Hello", "a charm's name starts with a lower-case letter"),
        ("../hello", "a charm's name starts with"),
        ("async", "Rust or cargo keeps this name"),
        ("serde", "it depends on a package of this name"),
    ] {
        let (code, text) = refused(&dir, &[name]);
        assert!(code == Some(2) && text.contains(why), "{name}: {text}");
    }
    assert!(files(dir.path()).is_empty());
}

#[test]
fn the_crates_can_come_from_a_checkout_or_from_packages() {
    let dir = tempfile::tempdir().unwrap();
    let make = |path: &str| {
        fs::create_dir_all(dir.path().join(path)).unwrap();
        fs::write(dir.path().join(path).join("Cargo.toml"), "").unwrap();
    };
    let version = env!("CARGO_PKG_VERSION");
    for name in ["juju-ops", "juju-sim", "jujuc"] {
        make(&format!("checkout/crates/{name}"));
        make(&format!("within/vendor/{name}-{version}"));
    }
    let outside = made(&dir, &["out", "--crates", "checkout"]);
    let cargo = fs::read_to_string(dir.path().join("out/Cargo.toml")).unwrap();
    let path = dir.path().canonicalize().unwrap().join("checkout/crates/juju-ops");
    assert!(cargo.contains(&format!("\njuju-ops = {{ path = \"{}\" }}\n", path.display())), "{cargo}");
    assert!(outside.contains("which charmcraft does not see"), "{outside}");
    // What is within the project is packed with it, and named so that both can be moved.
    let inside = made(&dir, &["within", "--crates", "within/vendor"]);
    let cargo = fs::read_to_string(dir.path().join("within/Cargo.toml")).unwrap();
    assert!(cargo.contains(&format!("\njuju-ops = {{ path = \"vendor/juju-ops-{version}\" }}\n")), "{cargo}");
    assert!(!inside.contains("which charmcraft does not see"), "{inside}");
    let (code, text) = refused(&dir, &["x", "--crates", "within"]);
    assert!(code == Some(1) && text.contains("it has no juju-ops"), "{text}");
}
