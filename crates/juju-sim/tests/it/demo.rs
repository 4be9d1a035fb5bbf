//! The command line as a person calls it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::METADATA;

fn demo(dispatch: &str, arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    command(dir.path(), dispatch).args(arguments).output().unwrap()
}

fn command(dir: &Path, dispatch: &str) -> Command {
    let path = dir.join("dispatch");
    fs::write(&path, dispatch).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(dir.join("metadata.yaml"), METADATA).unwrap();
    fs::write(dir.join("actions.yaml"), "peers: {}").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_juju-sim"));
    command.arg("demo").arg("--charm").arg(dir);
    command
}

const ACTIVE: &str = "#!/bin/sh
case $JUJU_DISPATCH_PATH in
hooks/start) status-set active 'all is well';;
actions/peers) action-set count=$(relation-list -r magpie:0 | wc -l);;
esac
";

#[test]
fn the_account_ends_with_a_table() {
    let output = demo(ACTIVE, &["--units", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("\nmagpie/0 magpie-relation-joined magpie:0 magpie/1      "), "{text}");
    assert!(text.contains("  count: 1\n"), "{text}");
    let table: Vec<&str> = text.lines().rev().take(5).collect();
    assert_eq!(
        table[2..],
        [
            "magpie/2   active    idle   all is well",
            "magpie/0*  active    idle   all is well",
            "Unit       Workload  Agent  Message",
        ]
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80 && !line.contains('\u{1b}')), "{text}");
}

#[test]
fn json_is_one_document() {
    let output = demo(ACTIVE, &["--units", "1", "--seed", "5", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["seed"], &document["units"][0]["workload"]), (&5.into(), &"active".into()));
    assert_eq!(document["runs"][0]["hook"], "install");
    assert_eq!(document["action"]["results"]["return-code"], 0);
}

#[test]
fn a_unit_that_is_not_active_is_named() {
    let output = demo("#!/bin/sh\ncase $JUJU_DISPATCH_PATH in hooks/start) exit 1;; esac\n", &["--units", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("juju-sim: magpie/0 is not active but error: hook failed: \"start\""), "{text}");
    let missing = Command::new(env!("CARGO_BIN_EXE_juju-sim")).args(["demo", "--charm", "/nowhere"]).output().unwrap();
    let text = "juju-sim: open /nowhere: No such file or directory (os error 2)\n";
    assert_eq!((missing.status.code(), missing.stderr.as_slice()), (Some(1), text.as_bytes()));
}

#[test]
fn a_signal_that_ends_it_leaves_nothing_behind() {
    let (charm, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let number = charm.path().join("number");
    let dispatch = format!("#!/bin/sh\necho $$ > {0}.new\nmv {0}.new {0}\nexec sleep 100\n", number.display());
    let mut demo = command(charm.path(), &dispatch);
    let mut demo = demo.env("TMPDIR", temp.path()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    for _ in 0..1000 {
        if number.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let hook = fs::read_to_string(&number).unwrap();
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    assert!(Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap().success());
    assert_eq!(demo.wait().unwrap().signal(), Some(2));
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    // The hook held no pipe of the demonstration's open, and it has gone.
    let said: Vec<String> = BufReader::new(demo.stderr.take().unwrap()).lines().map_while(Result::ok).collect();
    assert_eq!(said, ["deploy magpie with 3 units…"]);
    let stat = || fs::read_to_string(format!("/proc/{}/stat", hook.trim())).unwrap_or_default();
    for _ in 0..1000 {
        if stat().is_empty() || stat().contains(") Z ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{}", stat());
}
