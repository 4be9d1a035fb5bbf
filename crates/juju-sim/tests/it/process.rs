//! The same world through the process door, with a charm that is a shell script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use expect_test::expect;
use juju_sim::{Ending, Fault, Outcome, Target, ToolOutput, World};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{charm, deploy, run_to};

const DISPATCH: &str = r#"#!/bin/sh
set -e
case "$JUJU_DISPATCH_PATH" in
hooks/install)
    relation-set -r magpie:0 a=b 2>/dev/null || echo "relation-set: $?"
    ;;
hooks/magpie-relation-created)
    printf '{"name": "%s"}' "$JUJU_UNIT_NAME" | relation-set --file -
    ;;
hooks/magpie-relation-joined)
    echo "members $(relation-list --format=json), read $(relation-get name)"
    ;;
hooks/start)
    status-set active "from $(basename "$PWD"), HOME=${HOME:-unset}"
    echo "to stderr" >&2
    ;;
actions/ping)
    action-set "host=$(action-get host)"
    ;;
esac
"#;

fn world() -> (World, TempDir) {
    world_of(DISPATCH)
}

fn world_of(dispatch: &str) -> (World, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dispatch");
    fs::write(&path, dispatch).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let tools = Path::new(env!("CARGO_BIN_EXE_juju-sim"));
    (World::process_with_tools(charm(), 1, dir.path(), tools).unwrap(), dir)
}

#[test]
fn a_charm_of_any_language_lives_its_life() {
    let (mut world, _dir) = world();
    world.add_unit();
    world.settle().unwrap();
    expect![[r#"
        magpie/0 install
          > relation-set -r magpie:0 a=b => 2
          | DEBUG relation-set: 2
          = maintenance "installing charm software"
        magpie/0 magpie-relation-created magpie:0
          > relation-set --file - < {"name": "magpie/0"}
        magpie/0 leader-elected
        magpie/0 config-changed
        magpie/0 start
          > status-set active 'from charm, HOME=unset'
          | WARNING to stderr
          = active "from charm, HOME=unset"
    "#]]
    .assert_eq(&world.transcript());
    world.add_unit();
    world.clear_transcript();
    world.settle().unwrap();
    let joined = world.runs().iter().find(|run| run.unit == "magpie/1" && run.hook == "magpie-relation-joined");
    expect![[r#"
        magpie/1 magpie-relation-joined magpie:0 magpie/0
          > relation-list --format=json
          > relation-get name
          | DEBUG members ["magpie/0"], read magpie/0
    "#]]
    .assert_eq(&joined.unwrap().to_string());
    assert_eq!(world.bag(0, "magpie/1")["name"], "magpie/1");
    let result = world.run_action("magpie/1", "ping", json!({"host": "earth"})).unwrap();
    assert_eq!((result.status.as_str(), result.results), ("completed", json!({"host": "earth", "return-code": 0})));
    world.remove_unit("magpie/0").unwrap();
    world.settle().unwrap();
    assert_eq!(world.units(), ["magpie/1"]);
    assert_eq!(world.model().leader(), Some("magpie/1"));
}

#[test]
fn a_kill_is_real_and_the_hook_runs_again() {
    let (mut world, _dir) = world_of("#!/bin/sh\nstate-set a=1\nstate-set b=2\n");
    world.add_unit();
    world.inject("magpie/0", Fault::KillAt(1)).unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!((run.ending, run.outcome.clone()), (Ending::Signal(9), Outcome::Rerun));
    assert_eq!(run.commands().count(), 1);
    assert!(world.state("magpie/0").is_empty());
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!((run.hook.as_str(), run.outcome.clone()), ("install", Outcome::Committed));
    assert_eq!(world.state("magpie/0").len(), 2);
}

#[test]
fn commands_can_be_absent_answered_and_out_of_context() {
    let (mut world, _dir) = world_of(
        "#!/bin/sh\nis-leader; echo $?\nstate-get; echo $?\nJUJU_CONTEXT_ID=no status-get; echo $?\nunset JUJU_CONTEXT_ID
status-get || exit 0\n",
    );
    world.add_unit();
    world.inject("magpie/0", Fault::Absent("state-get".to_owned())).unwrap();
    let output = ToolOutput { code: 7, stdout: b"maybe\n".to_vec(), stderr: Vec::new() };
    world.inject("magpie/0", Fault::Answer { to: Target::Command("is-leader".to_owned()), output }).unwrap();
    let run = run_to(&mut world, "magpie/0", "install");
    let lines: Vec<String> = run.log().map(|(level, text)| format!("{level} {text}")).collect();
    let (errors, lines): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.starts_with("WARNING"));
    assert_eq!(lines, ["DEBUG maybe", "DEBUG 7", "DEBUG 127", "DEBUG 1"]);
    assert!(errors[0].contains("state-get"), "{errors:?}");
    assert_eq!(errors[1], "WARNING ERROR bad request: wrong context ID; got \"no\"");
    assert_eq!(errors[2], "WARNING ERROR JUJU_CONTEXT_ID not set");
    let run = world.step_unit("magpie/0").unwrap();
    assert!(run.log().all(|(_, text)| text != "127"), "{run}");
}

#[test]
fn charms_that_cannot_run_are_refused_or_fail() {
    let dir = tempfile::tempdir().unwrap();
    let tools = Path::new(env!("CARGO_BIN_EXE_juju-sim"));
    let open = || World::process_with_tools(charm(), 1, dir.path(), tools).map(drop).map_err(|e| e.to_string());
    assert!(open().unwrap_err().starts_with("find "));
    fs::write(dir.path().join("dispatch"), "").unwrap();
    assert!(open().unwrap_err().contains("not an executable file"));
    let (mut world, _dir) = world_of("#!/nowhere/at/all\n");
    world.add_unit();
    world.settle().unwrap_err();
    assert_eq!(world.status("magpie/0"), ("error".to_owned(), "hook failed: \"install\"".to_owned()));
}

#[test]
fn output_of_an_action_that_is_no_text_is_encoded() {
    let (mut world, _dir) = world_of("#!/bin/sh\nprintf '\\377'; printf é >&2\n");
    deploy(&mut world, 1);
    let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
    let results = json!({"return-code": 0, "stdout": "/w==", "stdout-encoding": "base64", "stderr": "é"});
    assert_eq!(result.results, results);
}

#[test]
fn a_background_process_that_keeps_pipes_and_a_connection_holds_nothing_up() {
    // The hook command waits for its standard input, which never ends.
    let (mut world, _dir) =
        world_of("#!/bin/sh\n(sleep 20; echo late) &\nsleep 20 | state-set --file - &\nsleep 0.2\nstate-set a=1\n");
    world.add_unit();
    let started = Instant::now();
    let run = world.step_unit("magpie/0").unwrap();
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_eq!((run.outcome.clone(), run.commands().count()), (Outcome::Committed, 1));
}

#[test]
fn a_charm_that_never_ends_is_killed_and_fails() {
    let (mut world, _dir) = world_of("#!/bin/sh\nstate-set a=1\necho before\nexec sleep 60\n");
    world.set_time_limit(Duration::from_secs(1));
    world.add_unit();
    let run = world.step_unit("magpie/0").unwrap();
    expect![[r#"
        magpie/0 install
          > state-set a=1
          | DEBUG before
          | WARNING juju-sim: killed: it ran for more than 1 s
          = error "hook failed: \"install\""
          ! failed: killed: it ran for more than 1 s
    "#]]
    .assert_eq(&run.to_string());
    assert!(world.state("magpie/0").is_empty());
}

#[test]
fn output_is_kept_up_to_a_limit() {
    let (mut world, _dir) = world_of("#!/bin/sh\nyes 0123456789 | head -n 300000\nstate-set a=1\n");
    world.add_unit();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!((run.log().count(), run.outcome.clone()), (100_000, Outcome::Committed));
    assert_eq!(run.log().last(), Some(("DEBUG", "juju-sim: further output of install is dropped")));
}

#[test]
fn megabytes_on_one_line_and_on_standard_input_are_taken() {
    let (mut world, _dir) = world_of(
        "#!/bin/sh\nbig() { head -c 1000000 /dev/zero | tr '\\0' x; }\nbig\nbig >&2\ncase $JUJU_DISPATCH_PATH in
*created) (printf 'k: '; big) | relation-set --file -; relation-get k \"$JUJU_UNIT_NAME\" | wc -c;;\nesac\n",
    );
    world.add_unit();
    world.settle().unwrap();
    assert_eq!(world.bag(0, "magpie/0")["k"].len(), 1_000_000);
    let run = world.runs().iter().find(|run| run.hook == "magpie-relation-created").unwrap();
    assert!(run.log().any(|(level, text)| level == "DEBUG" && text.ends_with("1000001")), "no count");
    assert!(run.log().all(|(_, text)| text.len() <= 4096));
}
