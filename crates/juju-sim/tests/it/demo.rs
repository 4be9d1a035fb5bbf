//! The command line as a person calls it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use expect_test::expect;
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
fn the_account_is_short_and_ends_with_a_table() {
    let output = demo(ACTIVE, &["--units", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let (account, seconds) = text.rsplit_once("hook commands, ").unwrap();
    expect![[r#"
        The charm magpie in a simulated Juju, seed 1

        deploy magpie with 2 units                                  14 hooks, 2 commands
          status  2 units active: all is well
        add a unit                                                   13 hooks, 1 command
          status  3 units active: all is well
        remove magpie/1                                              6 hooks, 0 commands
          status  2 units active: all is well
        run action peers on magpie/0                                  1 hook, 2 commands
          result  completed, count=1, return-code=0

        Unit       Workload  Agent  Message
        magpie/0*  active    idle   all is well
        magpie/2   active    idle   all is well

        34 hooks and actions, 5 "#]]
    .assert_eq(account);
    assert!(seconds.ends_with(" s; --verbose shows each\n"), "{seconds}");
}

#[test]
fn the_account_fits_a_screen_whatever_the_charm_does() {
    let failing = "#!/bin/sh
case $JUJU_DISPATCH_PATH in
hooks/start) juju-log -l ERROR \"no disk on $JUJU_UNIT_NAME, and a long account of what could be done about it\"; exit 1;;
hooks/install) status-set blocked \"a message that is longer than a line of the screen has room for, of $JUJU_UNIT_NAME\";;
actions/peers) action-set a.b=1 c=\"$(seq 1 100)\"; exit 1;;
esac
";
    for (dispatch, units) in [(failing, "1"), (failing, "6"), (ACTIVE, "6")] {
        let output = demo(dispatch, &["--units", units]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().count() <= 23, "{}:\n{text}", text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= 80 && line == line.trim_end()), "{text}");
    }
}

#[test]
fn a_hook_that_fails_over_and_over_is_told_once_with_a_count() {
    let failing = "#!/bin/sh
case $JUJU_DISPATCH_PATH in hooks/start) juju-log -l ERROR 'no disk'; exit 1;; esac
";
    let short = demo(failing, &["--units", "1"]);
    let text = String::from_utf8(short.stdout).unwrap();
    assert!(text.contains("  failed  magpie/0 start 5 times: exit status 1: no disk\n"), "{text}");
    let whole = demo(failing, &["--units", "1", "--verbose"]);
    let text = String::from_utf8(whole.stdout).unwrap();
    let first = text.split("── add a unit").next().unwrap();
    assert_eq!(first.matches("ERROR   no disk").count(), 1, "{first}");
    assert!(first.contains("\nmagpie/0 start: 5 times in all, each the same\n"), "{first}");
}

#[test]
fn each_hook_is_told_where_that_is_asked_for() {
    let output = demo(ACTIVE, &["--units", "2", "--verbose"]);
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
fn there_are_no_colours_where_they_are_not_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let told = |variables: &[(&str, &str)]| {
        let mut command = command(dir.path(), ACTIVE);
        command.args(["--units", "1"]).env_remove("NO_COLOR").envs(variables.iter().copied());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(told(&[("CLICOLOR_FORCE", "1")]).contains("\u{1b}["));
    assert!(!told(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!told(&[]).contains('\u{1b}'));
}

#[test]
fn the_page_has_the_acts_and_the_hooks() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("page.html");
    let output = demo(ACTIVE, &["--units", "1", "--page", file.to_str().unwrap()]);
    assert!(output.status.success());
    let html = fs::read_to_string(&file).unwrap();
    assert!(html.contains("<title>juju-sim demo of magpie, seed 1</title>"));
    for mark in ["deploy magpie with one unit", "add a unit", "remove magpie/1", "run action peers on magpie/0"] {
        assert!(html.contains(&format!("<span>{mark}</span></h2>")), "{mark}");
    }
    assert!(html.contains("<b>action peers</b>") && html.contains("status-set active &#39;all is well&#39;"));
    let nowhere = demo(ACTIVE, &["--units", "1", "--page", "/nowhere/page.html"]);
    let text = String::from_utf8(nowhere.stderr).unwrap();
    assert!(text.ends_with("ERROR write /nowhere/page.html: No such file or directory (os error 2)\n"), "{text}");
    assert_eq!(nowhere.status.code(), Some(1));
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
    assert!(text.contains("ERROR magpie/0 is not active but error: hook failed: \"start\""), "{text}");
    let missing = Command::new(env!("CARGO_BIN_EXE_juju-sim")).args(["demo", "--charm", "/nowhere"]).output().unwrap();
    let text = "ERROR open /nowhere: No such file or directory (os error 2)\n";
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
