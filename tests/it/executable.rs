//! The charm's executable in surroundings that are not Juju's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use juju_sim::cargo::{self, Profile};

/// Runs the charm with these variables and nothing else.
fn run(path: &Path, vars: &[(&str, &str)]) -> Output {
    let charm = cargo::binary("magpie-charm", Profile::Dev).unwrap();
    Command::new(charm).env_clear().env("PATH", path).envs(vars.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

fn empty() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn in_a_shell_it_says_what_it_is() {
    let (code, text) = said(&run(&empty(), &[]));
    assert_eq!(code, Some(2));
    assert!(text.starts_with("The `dispatch` of a Juju charm"), "{text}");
}

#[test]
fn a_malformed_environment_is_told_by_name() {
    for (vars, expected) in [
        (&[("JUJU_DISPATCH_PATH", "install")][..], "JUJU_DISPATCH_PATH: is neither hooks/<name> nor actions/<name>"),
        (
            &[("JUJU_DISPATCH_PATH", "hooks/install"), ("JUJU_UNIT_NAME", "../../etc")],
            "JUJU_UNIT_NAME: \"../../etc\" is not a unit name",
        ),
        (&[("JUJU_DISPATCH_PATH", "hooks/magpie-relation-joined")], "JUJU_RELATION_ID is not set"),
    ] {
        assert_eq!(said(&run(&empty(), vars)), (Some(1), format!("environment variable {expected}\n")));
    }
}

#[test]
fn hook_commands_that_are_absent_are_told_by_name() {
    let vars = [("JUJU_DISPATCH_PATH", "hooks/start"), ("JUJU_UNIT_NAME", "magpie/0")];
    let (code, text) = said(&run(&empty(), &vars));
    assert_eq!(code, Some(1));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "juju-log: this Juju has no such hook command");
    // What an operator who watches over security looks for.
    assert!(lines[1].starts_with("TRACE {") && lines[1].contains("sys_crash:hook start"), "{}", lines[1]);
    assert_eq!(lines[2..], ["ERROR hook start: state-get: this Juju has no such hook command"]);
}

#[test]
fn an_unknown_hook_of_a_later_juju_is_passed_over() {
    let output = run(&empty(), &[("JUJU_DISPATCH_PATH", "hooks/moon-rose"), ("JUJU_UNIT_NAME", "magpie/0")]);
    assert_eq!(said(&output), (Some(0), String::new()));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "juju-ops: unknown hook moon-rose: nothing to do\n");
}
