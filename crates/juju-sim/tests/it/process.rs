//! The same world through the process door, with a charm that is a shell script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use expect_test::expect;
use juju_sim::{ActionResult, Fate, Fault, HookRun, ProgramEnd, Revision, Status, Target, ToolOutput, World};
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
    charm_of(&[("dispatch", dispatch, 0o755)])
}

/// A world whose charm has these files: path, text and mode.
fn charm_of(files: &[(&str, &str, u32)]) -> (World, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    write_charm(dir.path(), files);
    (World::of_one(Revision::executable_of(charm(), dir.path()).unwrap(), 1).unwrap(), dir)
}

fn write_charm(dir: &Path, files: &[(&str, &str, u32)]) {
    for (path, text, mode) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
    }
}

/// The one hook that a charm runs as its `install`.
fn install(dispatch: &str) -> HookRun {
    let (mut world, _dir) = world_of(dispatch);
    world.add_unit("magpie").unwrap();
    world.step_unit("magpie/0").unwrap().clone()
}

/// What an action of a charm gives whose hooks do nothing.
fn action(dispatch: &str) -> (World, ActionResult) {
    let only = "#!/bin/sh\ncase $JUJU_DISPATCH_PATH in hooks/*) exit 0;; esac\n";
    let (mut world, _dir) = world_of(&format!("{only}{dispatch}"));
    deploy(&mut world, 1);
    let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
    (world, result)
}

/// The lines that a hook logged, such as `DEBUG said`.
fn lines(run: &HookRun) -> Vec<String> {
    run.log().map(|(level, text)| format!("{level} {text}")).collect()
}

/// Where the unit's charm is, which it says itself in a line `charm: /path`.
fn said_dir(run: &HookRun) -> PathBuf {
    run.log().find_map(|(_, text)| text.strip_prefix("charm: ")).unwrap().into()
}

/// Waits until something holds.
fn wait_for(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: waited in vain");
}

/// Whether the process whose number is in a file is alive. A zombie is not.
fn is_alive(file: &Path) -> bool {
    let number = fs::read_to_string(file).unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", number.trim())).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

#[test]
fn a_charm_of_any_language_lives_its_life() {
    let (mut world, _dir) = world();
    world.add_unit("magpie").unwrap();
    world.settle().unwrap();
    expect![[r#"
        magpie/0 install
          > relation-set -r magpie:0 a=… => 2
          | DEBUG relation-set: 2
          = maintenance "installing charm software"
        magpie/0 magpie-relation-created magpie:0
          > relation-set --file - < {name}
        magpie/0 leader-elected
        magpie/0 config-changed
        magpie/0 start
          > status-set active 'from charm, HOME=unset'
          | WARNING to stderr
          = active "from charm, HOME=unset"
    "#]]
    .assert_eq(&world.transcript());
    world.add_unit("magpie").unwrap();
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
    assert_eq!(world.bag("magpie", "magpie/1").unwrap()["name"], "magpie/1");
    let result = world.run_action("magpie/1", "ping", json!({"host": "earth"})).unwrap();
    assert_eq!((result.status.as_str(), result.results), ("completed", json!({"host": "earth", "return-code": 0})));
    world.remove_unit("magpie/0").unwrap();
    world.settle().unwrap();
    assert_eq!(world.units(), ["magpie/1"]);
    assert_eq!(world.model().leader("magpie"), Some("magpie/1"));
}

#[test]
fn a_kill_is_real_and_the_hook_runs_again() {
    let (mut world, _dir) = world_of("#!/bin/sh\nstate-set a=1\nstate-set b=2\n");
    world.add_unit("magpie").unwrap();
    world.inject("magpie/0", Fault::KillAt(1)).unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!((&run.end, &run.fate), (&ProgramEnd::Signal(9), &Fate::Rerun));
    assert_eq!(run.commands().count(), 1);
    assert!(world.state("magpie/0").is_empty());
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!((run.hook.as_str(), run.fate.clone()), ("install", Fate::Committed));
    assert_eq!(world.state("magpie/0").len(), 2);
}

#[test]
fn commands_can_be_absent_answered_and_out_of_context() {
    let (mut world, _dir) = world_of(
        "#!/bin/sh\nis-leader; echo $?\nstate-get; echo $?\nJUJU_CONTEXT_ID=no status-get; echo $?\nunset JUJU_CONTEXT_ID
status-get || exit 0\n",
    );
    world.add_unit("magpie").unwrap();
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
fn a_charm_without_code_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Revision::executable_of(charm(), dir.path()).map(drop).map_err(|e| e.to_string());
    assert_eq!(open(), Err("invalid charm \"magpie\": has no hooks nor dispatch file".to_owned()));
    write_charm(dir.path(), &[("dispatch", "", 0o644)]);
    assert_eq!(open(), Ok(()));
    let missing = Revision::executable_of(charm(), Path::new("/nowhere")).unwrap_err();
    assert_eq!(missing.to_string(), "find /nowhere: No such file or directory (os error 2)");
}

#[test]
fn a_charm_that_cannot_be_started_fails_in_gos_words() {
    for (text, mode, why) in [
        ("#!/no/such\n", 0o755, "fork/exec $CHARM/dispatch: no such file or directory"),
        ("#!/\n", 0o755, "fork/exec $CHARM/dispatch: permission denied"),
        ("echo no shebang\n", 0o755, "fork/exec $CHARM/dispatch: exec format error"),
        ("#!/bin/sh\n", 0o644, "exec: \"$CHARM/dispatch\": permission denied"),
    ] {
        // The files in `hooks` do not count beside it.
        let hook = ("hooks/install", "#!/bin/sh\n", 0o755);
        let (mut world, _dir) = charm_of(&[("dispatch", text, mode), hook]);
        world.add_unit("magpie").unwrap();
        let run = world.step_unit("magpie/0").unwrap();
        let (ProgramEnd::Unstarted(said), Fate::Failed(failed)) = (&run.end, &run.fate) else {
            panic!("{run:?}");
        };
        assert_eq!(said, failed);
        let start = said.find('/').filter(|_| said.starts_with("exec")).or(said.find(" /").map(|at| at + 1)).unwrap();
        let charm = &said[start..said.find("/dispatch").unwrap()];
        assert!(charm.ends_with("/unit-magpie-0/charm"), "{charm}");
        assert_eq!(said.replace(charm, "$CHARM"), why);
        assert_eq!(run.trace, []);
        assert_eq!(world.status("magpie/0"), ("error", "hook failed: \"install\""));
    }
}

#[test]
fn without_dispatch_hooks_and_actions_have_files_of_their_own() {
    let (mut world, _dir) = charm_of(&[
        // Juju makes the files of hooks executable.
        ("hooks/start", "#!/bin/sh\nstate-set via=hooks\nstatus-set active \"$(basename $0)\"\n", 0o644),
        ("actions/ping", "#!/bin/sh\naction-set via=actions\n", 0o755),
    ]);
    deploy(&mut world, 1);
    assert_eq!(world.status("magpie/0"), ("active", "start"));
    assert_eq!(world.state("magpie/0")["via"], "hooks");
    let result = world.run_action("magpie/0", "ping", json!({"host": "h"})).unwrap();
    assert_eq!(result.results, json!({"via": "actions", "return-code": 0}));
    let run = &world.runs()[0];
    assert_eq!((run.hook.as_str(), &run.end, &run.fate), ("install", &ProgramEnd::Missing, &Fate::Committed));

    let result = world.run_action("magpie/0", "fail", json!({})).unwrap();
    assert_eq!((result.status.as_str(), result.results), ("failed", json!({})));
    assert_eq!(result.message, "action not implemented on unit \"magpie/0\"");
    assert_eq!(world.runs().last().unwrap().end, ProgramEnd::Missing);
}

#[test]
fn a_hook_without_a_file_is_done_and_flushes_nothing() {
    let (mut world, _dir) = charm_of(&[("hooks/start", "#!/bin/sh\n", 0o755)]);
    deploy(&mut world, 1);
    let before = world.bag("magpie", "magpie/0").unwrap();
    let mut network = juju_sim::Network::default();
    network.ingress_addresses.push("10.9.9.9".to_owned());
    world.set_network("magpie/0", network).unwrap();
    // Nothing is refused where nothing is sent.
    world.inject("magpie/0", Fault::RejectFlush).unwrap();
    world.settle().unwrap();
    assert_eq!(world.runs().last().unwrap().title(), "magpie/0 config-changed");
    assert_eq!(world.bag("magpie", "magpie/0").unwrap(), before);
}

#[test]
fn a_charm_that_removes_itself_is_missing_from_disk() {
    for what in ["$JUJU_CHARM_DIR", "$JUJU_CHARM_DIR/metadata.yaml"] {
        let dispatch = format!("#!/bin/sh\nrm -r \"{what}\"\n");
        let (mut world, _dir) = charm_of(&[("dispatch", &dispatch, 0o755), ("metadata.yaml", "", 0o644)]);
        world.add_unit("magpie").unwrap();
        assert_eq!(world.step_unit("magpie/0").unwrap().fate, Fate::Committed);
        let outcome = world.step_unit("magpie/0").unwrap().fate.clone();
        assert_eq!(outcome, Fate::Failed("charm missing from disk".to_owned()));
    }
}

#[test]
fn the_process_is_started_as_juju_starts_it() {
    let run = install(
        "#!/bin/bash\necho argc=$# argv0=$0\npwd\necho stdin=$(readlink /proc/$$/fd/0) bytes=$(cat | wc -c)
env | cut -d= -f1 | grep -v '^JUJU_OPS_' | sort | tr '\\n' ' '\necho\necho HOME=${HOME-absent} USER=${USER-absent}\necho to stderr >&2\n",
    );
    let log: Vec<(&str, &str)> = run.log().collect();
    let charm = log[1].1;
    assert!(charm.starts_with('/') && charm.ends_with("/unit-magpie-0/charm"), "{charm}");
    let said: Vec<String> =
        log.iter().map(|(level, text)| format!("{level} {}", text.replace(charm, "$CHARM"))).collect();
    expect![[r#"
        DEBUG argc=0 argv0=$CHARM/dispatch
        DEBUG $CHARM
        DEBUG stdin=/dev/null bytes=0
        DEBUG APT_LISTCHANGES_FRONTEND CHARM_DIR CLOUD_API_VERSION DEBIAN_FRONTEND JUJU_AGENT_SOCKET_ADDRESS JUJU_AGENT_SOCKET_NETWORK JUJU_API_ADDRESSES JUJU_AVAILABILITY_ZONE JUJU_CHARM_DIR JUJU_CHARM_FTP_PROXY JUJU_CHARM_HTTPS_PROXY JUJU_CHARM_HTTP_PROXY JUJU_CHARM_NO_PROXY JUJU_CONTEXT_ID JUJU_DISPATCH_PATH JUJU_HOOK_NAME JUJU_MACHINE_ID JUJU_MODEL_NAME JUJU_MODEL_UUID JUJU_PRINCIPAL_UNIT JUJU_SLA JUJU_UNIT_NAME JUJU_VERSION LANG PATH PWD SHLVL TERM _ 
        DEBUG HOME=absent USER=absent
        WARNING to stderr"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn the_ends_of_hooks_are_worded_as_go_words_them() {
    for (line, ending, why) in [
        ("exit 143", ProgramEnd::Exit(143), Some("exit status 143")),
        ("kill -INT $$", ProgramEnd::Signal(2), Some("signal: interrupt")),
        ("kill -SEGV $$", ProgramEnd::Signal(11), Some("signal: segmentation fault")),
        ("kill -TERM $$", ProgramEnd::Signal(15), None),
        ("kill -KILL $$", ProgramEnd::Signal(9), None),
    ] {
        let run = install(&format!("#!/bin/bash\n{line}\nsleep 1\n"));
        let outcome = why.map_or(Fate::Rerun, |why| Fate::Failed(why.to_owned()));
        assert_eq!((run.end, run.fate), (ending, outcome), "{line}");
    }
    let (_, result) = action("kill -TERM $$\nsleep 2\n");
    assert_eq!((result.status.as_str(), result.message.as_str()), ("failed", "terminated"));
    assert_eq!(result.results, json!({"return-code": -1}));
}

#[test]
fn a_last_line_without_a_newline_is_lost() {
    let run = install("#!/bin/sh\necho kept\nprintf lost\nprintf 'kept too\\nlost' >&2\n");
    assert_eq!(lines(&run), ["DEBUG kept", "WARNING kept too"]);
    let (_, result) = action("printf 'kept\\nlost'; printf lost >&2");
    assert_eq!(result.results, json!({"return-code": 0, "stdout": "kept\n"}));
}

#[test]
fn long_lines_come_in_parts_and_carriage_returns_go() {
    let run = install("#!/bin/bash\nprintf 'x%.0s' $(seq 10000)\necho\n");
    assert_eq!(run.log().map(|(_, text)| text.len()).collect::<Vec<_>>(), [4096, 4096, 1808]);
    let (world, result) = action("printf 'a\\r\\n\\nb\\n'");
    assert_eq!(result.results, json!({"return-code": 0, "stdout": "a\n\nb\n"}));
    assert_eq!(lines(world.runs().last().unwrap()), ["DEBUG a", "DEBUG ", "DEBUG b"]);
    // The parts are one line in what an action gives.
    let (_, result) = action("head -c 10000 /dev/zero | tr '\\0' x; echo");
    assert_eq!(result.results["stdout"], format!("{}\n", "x".repeat(10_000)));
}

#[test]
fn output_of_an_action_that_is_no_text_is_encoded() {
    let (world, result) = action("printf '\\377\\376\\n'; echo é >&2\n");
    let results = json!({"return-code": 0, "stdout": "//4K", "stdout-encoding": "base64", "stderr": "é\n"});
    assert_eq!(result.results, results);
    let lines = lines(world.runs().last().unwrap());
    assert_eq!(lines, ["DEBUG \u{fffd}\u{fffd}", "WARNING é"]);
}

#[test]
fn what_is_printed_before_a_hook_command_is_logged_before_it() {
    let run = install("#!/bin/sh\nfor i in 1 2 3 4 5; do echo $i; state-set a=$i; echo e$i >&2; is-leader; done\n");
    let order: Vec<String> = run.with_values().to_string().lines().skip(1).take(25).map(str::to_owned).collect();
    let expected = (1..=5).flat_map(|i| {
        let leader = "  > is-leader".to_owned();
        [
            format!("  | DEBUG {i}"),
            format!("  > state-set a={i}"),
            format!("  | WARNING e{i}"),
            leader,
            "  | DEBUG True".to_owned(),
        ]
    });
    assert_eq!(order, expected.collect::<Vec<_>>());
}

#[test]
fn hook_commands_can_be_called_at_once() {
    let (mut world, _dir) = world_of("#!/bin/bash\nfor i in $(seq 20); do state-set k$i=$i & done\nwait\n");
    world.add_unit("magpie").unwrap();
    world.step_unit("magpie/0").unwrap();
    assert_eq!(world.state("magpie/0").len(), 20);
}

/// Starts a child that leaves its number in `child` and then sleeps.
const CHILD: &str = "#!/bin/sh\necho charm: $PWD\nsleep 100 >/dev/null 2>&1 &\necho $! > child\n";

#[test]
fn at_the_time_limit_the_whole_process_group_ends() {
    let (mut world, _dir) = world_of(&format!("{CHILD}wait\n"));
    world.set_time_limit(Duration::from_secs(1));
    world.add_unit("magpie").unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!(run.fate, Fate::Failed("killed: it ran for more than 1 s".to_owned()));
    let child = said_dir(run).join("child");
    wait_for("the end of the child", || !is_alive(&child));
}

#[test]
fn a_kill_ends_the_whole_process_group() {
    let (mut world, _dir) = world_of(&format!("{CHILD}state-set a=1\nstate-set b=2\n"));
    world.add_unit("magpie").unwrap();
    world.inject("magpie/0", Fault::KillAt(1)).unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!(run.fate, Fate::Rerun);
    let child = said_dir(run).join("child");
    wait_for("the end of the child", || !is_alive(&child));
}

#[test]
fn what_a_hook_leaves_behind_goes_on_until_the_end_of_the_world() {
    let (mut world, dir) = world_of(CHILD);
    world.add_unit("magpie").unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!(run.fate, Fate::Committed);
    let child = said_dir(run).join("child");
    let number = fs::read_to_string(&child).unwrap();
    world.step_unit("magpie/0").unwrap();
    let copy = dir.path().join("copy");
    fs::write(&copy, number).unwrap();
    assert!(is_alive(&copy));
    drop(world);
    wait_for("the end of the child", || !is_alive(&copy));
    assert!(!child.exists());
}

#[test]
fn a_hook_command_after_the_end_of_its_hook_gets_no_answer() {
    let (mut world, _dir) = world_of(
        r#"#!/bin/sh
echo charm: $PWD
wait_for() { until [ -e $1 ]; do sleep 0.02; done; }
# Calls a hook command once a file is there.
late() { (wait_for $1; is-leader; echo rc=$?) > $1.txt 2>&1 < /dev/null & }
case $JUJU_DISPATCH_PATH in
hooks/install)
    late during
    late between
    # One that was served and waits for its input when the hook ends.
    (wait_for between | state-set --file -; echo rc=$?) > held.txt 2>&1 &
    sleep 0.3
    ;;
hooks/leader-elected)
    touch during
    until grep -q rc= during.txt; do sleep 0.02; done
    ;;
esac
"#,
    );
    world.set_time_limit(Duration::from_secs(60));
    world.add_unit("magpie").unwrap();
    let dir = said_dir(world.step_unit("magpie/0").unwrap());
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    // While another hook runs, one of the hook before is refused.
    let run = run_to(&mut world, "magpie/0", "leader-elected");
    assert_eq!((run.commands().count(), &run.fate), (0, &Fate::Committed), "{run}");
    let during = text("during.txt");
    assert!(during.starts_with("ERROR bad request: wrong context ID; got \"magpie/0-install-"), "{during}");
    assert!(during.ends_with("\"\nrc=1\n"), "{during}");
    // Between hooks there is nobody.
    fs::write(dir.join("between"), "").unwrap();
    for name in ["between.txt", "held.txt"] {
        wait_for(name, || text(name).contains("rc="));
    }
    let socket = dir.with_file_name("agent.socket").display().to_string();
    let nobody = format!("ERROR dial unix {socket}: connect: no such file or directory\nrc=1\n");
    assert_eq!(text("between.txt"), nobody);
    assert!(text("held.txt").starts_with("ERROR ") && text("held.txt").ends_with("\nrc=1\n"), "{}", text("held.txt"));
    assert!(world.state("magpie/0").is_empty());
}

#[test]
fn a_charm_may_run_a_program_that_floods_and_never_ends() {
    let (mut world, _dir) = world_of("#!/bin/sh\nstate-set a=1\nyes & yes >&2 & cat /dev/zero & wait\n");
    world.set_time_limit(Duration::from_secs(1));
    world.add_unit("magpie").unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!(run.fate, Fate::Failed("killed: it ran for more than 1 s".to_owned()));
    let kept: usize = run.log().map(|(_, text)| text.len()).sum();
    assert!(run.log().count() <= 100_001 && kept <= 33 * 1024 * 1024, "{kept}");
}

#[test]
fn a_line_without_an_end_is_kept_up_to_a_limit() {
    let run = install("#!/bin/sh\nhead -c 40000000 /dev/zero | tr '\\0' x\nstate-set a=1\n");
    let kept: usize = run.log().map(|(_, text)| text.len()).sum();
    assert!((32_000_000..34_000_000).contains(&kept), "{kept}");
    assert_eq!((run.fate.clone(), run.commands().count()), (Fate::Committed, 1));
    assert_eq!(run.log().last(), Some(("DEBUG", "juju-sim: further output of install is dropped")));
}

#[test]
fn rubbish_and_silence_on_the_socket_hold_nothing_up() {
    let (mut world, _dir) = world_of(
        r#"#!/usr/bin/env python3
import os, socket, subprocess
def connect():
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.environ["JUJU_AGENT_SOCKET_ADDRESS"])
    return client
silent = [connect() for _ in range(50)]
for rubbish in [b"", b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"\x0f\xff\x82half", b"\xfc\x3f\xff\xff\xff"]:
    client = connect()
    client.sendall(rubbish)
    silent.append(client)
subprocess.run(["state-set", "a=1"], check=True)
"#,
    );
    world.add_unit("magpie").unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!((run.fate.clone(), run.commands().count()), (Fate::Committed, 1), "{run}");
}

#[test]
fn an_upgrade_brings_each_unit_the_new_code_in_its_own_time() {
    let dispatch = |version: u32| {
        format!(
            "#!/bin/sh\necho charm: $PWD\n[ -e own ] || echo {version} > own\nstatus-set active \"{version} $(cat own)\"\n"
        )
    };
    let (mut world, _dir) = charm_of(&[("dispatch", &dispatch(1), 0o755), ("old", "", 0o644)]);
    deploy(&mut world, 2);
    let dir = said_dir(world.runs().last().unwrap());
    assert!(dir.join("old").exists());
    let new = tempfile::tempdir().unwrap();
    write_charm(new.path(), &[("dispatch", &dispatch(2), 0o755)]);
    world.refresh("magpie", Revision::executable_of(charm(), new.path()).unwrap()).unwrap();
    world.step_unit("magpie/0").unwrap();
    let active = |message: &str| Status::new("active", message);
    assert_eq!([world.status("magpie/0"), world.status("magpie/1")], [active("2 1"), active("1 1")]);
    world.settle().unwrap();
    assert_eq!(world.status("magpie/1"), active("2 1"));
    assert!(dir.exists() && !dir.join("old").exists());
    let empty = tempfile::tempdir().unwrap();
    let refused = Revision::executable_of(charm(), empty.path()).unwrap_err().to_string();
    assert_eq!(refused, "invalid charm \"magpie\": has no hooks nor dispatch file");
}

#[test]
fn a_background_process_that_keeps_pipes_and_a_connection_holds_nothing_up() {
    // The hook command waits for its standard input, which never ends.
    let (mut world, _dir) =
        world_of("#!/bin/sh\n(sleep 20; echo late) &\nsleep 20 | state-set --file - &\nsleep 0.2\nstate-set a=1\n");
    world.add_unit("magpie").unwrap();
    let started = Instant::now();
    let run = world.step_unit("magpie/0").unwrap();
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_eq!((run.fate.clone(), run.commands().count()), (Fate::Committed, 1));
}

#[test]
fn a_charm_that_never_ends_is_killed_and_fails() {
    let (mut world, _dir) = world_of("#!/bin/sh\nstate-set a=1\necho before\nexec sleep 60\n");
    world.set_time_limit(Duration::from_secs(1));
    world.add_unit("magpie").unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    expect![[r#"
        magpie/0 install
          > state-set a=…
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
    world.add_unit("magpie").unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    assert_eq!((run.log().count(), run.fate.clone()), (100_000, Fate::Committed));
    assert_eq!(run.log().last(), Some(("DEBUG", "juju-sim: further output of install is dropped")));
}

#[test]
fn megabytes_on_one_line_and_on_standard_input_are_taken() {
    let (mut world, _dir) = world_of(
        "#!/bin/sh\nbig() { head -c 1000000 /dev/zero | tr '\\0' x; }\nbig\nbig >&2\ncase $JUJU_DISPATCH_PATH in
*created) (printf 'k: '; big) | relation-set --file -; relation-get k \"$JUJU_UNIT_NAME\" | wc -c;;\nesac\n",
    );
    world.add_unit("magpie").unwrap();
    world.settle().unwrap();
    assert_eq!(world.bag("magpie", "magpie/0").unwrap()["k"].len(), 1_000_000);
    let run = world.runs().iter().find(|run| run.hook == "magpie-relation-created").unwrap();
    assert!(run.log().any(|(level, text)| level == "DEBUG" && text.ends_with("1000001")), "no count");
    assert!(run.log().all(|(_, text)| text.len() <= 4096));
}

#[test]
fn a_request_that_is_too_large_is_refused() {
    let run = install("#!/bin/sh\nhead -c 40000000 /dev/zero | state-set --file - || echo rc=$?\n");
    // Of two streams the order is not always known.
    let mut lines = lines(&run);
    lines.sort();
    assert_eq!(lines, ["DEBUG rc=1", "WARNING ERROR bad request: message too large"]);
    assert_eq!(run.fate, Fate::Committed);
}

#[test]
fn hook_commands_without_end_do_not_outlast_the_time_limit() {
    // They go on after the hook's process has ended, too.
    for wait in ["wait", "sleep 0.3"] {
        let call = "(while :; do is-leader; done) > /dev/null 2>&1 &\n";
        let (mut world, _dir) = world_of(&format!("#!/bin/sh\n{}{wait}\n", call.repeat(8)));
        world.set_time_limit(Duration::from_secs(1));
        world.add_unit("magpie").unwrap();
        let started = Instant::now();
        let failed = matches!(world.step_unit("magpie/0").unwrap().fate, Fate::Failed(_));
        assert_eq!(failed, wait == "wait");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
}
