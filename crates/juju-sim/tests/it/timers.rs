//! Timers that run `juju-exec`, made by a charm in this process and by one that is a shell script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use expect_test::expect;
use juju_sim::{Fate, Fault, ProgramEnd, Revision, Target, ToolOutput, World};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{charm, deploy, hooks, world_with};

const WAKE: &str = "systemd-run --quiet --collect --unit=nap --on-active=60s -- juju-exec magpie/0 './dispatch wake'";

/// Runs what the action `ping` is given for its host, and says by a status that it was woken.
const DISPATCH: &str = r#"#!/bin/bash
if [ "$1" = wake ]; then
    status-set active "woken as $JUJU_UNIT_NAME$JUJU_DISPATCH_PATH"
    exit
fi
case "$JUJU_DISPATCH_PATH" in
actions/ping)
    eval "$(action-get host)"
    action-set "code=$?"
    ;;
esac
"#;

/// A charm through one of the doors. What it keeps on disk goes with it.
struct Door {
    juju: World,
    _dir: Option<TempDir>,
}

impl Door {
    fn in_process() -> Door {
        let juju = world_with(1, |hook| {
            if hook.0.args == ["wake"] {
                let dispatch = hook.var("JUJU_DISPATCH_PATH").unwrap_or_default();
                let woken = format!("woken as {}{dispatch}", hook.unit());
                return ProgramEnd::Exit(hook.0.tools.call(&["status-set", "active", &woken], None).code);
            }
            if hook.var("JUJU_DISPATCH_PATH") == Some("actions/ping") {
                let output = hook.0.tools.call(&words(&hook.call("action-get host")), None);
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
                for (out, print) in [(output.stdout, false), (output.stderr, true)] {
                    match (text(&out), print) {
                        (line, _) if line.is_empty() => {}
                        (line, false) => hook.0.tools.stdout(&line),
                        (line, true) => hook.0.tools.stderr(&line),
                    }
                }
                hook.call(&format!("action-set code={}", output.code));
            }
            ProgramEnd::Exit(0)
        });
        Door { juju, _dir: None }.deployed()
    }

    fn process() -> Door {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dispatch");
        fs::write(&path, DISPATCH).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let revision = Revision::executable_of(charm(), dir.path()).unwrap();
        Door { juju: World::of_one(revision, 1).unwrap(), _dir: Some(dir) }.deployed()
    }

    fn both() -> [Door; 2] {
        [Door::in_process(), Door::process()]
    }

    fn deployed(mut self) -> Door {
        deploy(&mut self.juju, 1);
        self
    }

    /// Has the charm run a command: its exit code, standard output and standard error.
    fn run(&mut self, line: &str) -> (i32, String, String) {
        let result = self.juju.run_action("magpie/0", "ping", json!({"host": line})).unwrap();
        let text = |key: &str| result.results[key].as_str().unwrap_or_default().to_owned();
        (text("code").parse().unwrap(), text("stdout"), text("stderr"))
    }

    fn code(&mut self, line: &str) -> i32 {
        self.run(line).0
    }

    fn advance(&mut self, seconds: u64) {
        self.juju.advance(Duration::from_secs(seconds));
    }

    /// What has run since it was last asked.
    fn ran(&mut self) -> Vec<String> {
        self.juju.settle().unwrap();
        let ran = hooks(&self.juju, "magpie/0");
        self.juju.clear_transcript();
        ran
    }

    fn timers(&self) -> Vec<(String, u64)> {
        self.juju.timers("magpie/0").into_iter().map(|(name, left)| (name, left.as_secs())).collect()
    }
}

/// The words of a line, of which some are in single quotes.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(index, part)| match index % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

#[test]
fn a_timer_runs_the_charm_once_it_is_due() {
    for mut door in Door::both() {
        assert_eq!(door.run(WAKE), (0, String::new(), String::new()));
        assert_eq!(door.timers(), [("nap.timer".to_owned(), 60)]);
        assert_eq!(door.run("systemctl is-active nap.timer"), (0, "active\n".to_owned(), String::new()));
        assert_eq!(door.run("systemctl is-active --quiet nap.timer"), (0, String::new(), String::new()));
        assert_eq!(door.timers(), [("nap.timer".to_owned(), 58)]);
        door.ran();
        door.advance(57);
        assert!(door.juju.ready().is_empty());
        assert!(door.ran().is_empty());
        door.advance(1);
        assert_eq!((door.juju.ready(), door.timers()), (vec!["magpie/0".to_owned()], vec![]));
        assert_eq!(door.ran(), ["juju-exec wake"]);
        assert_eq!(door.juju.status("magpie/0"), ("active", "woken as magpie/0"));
        door.advance(200);
        assert!(door.ran().is_empty());
        assert_eq!(door.run("systemctl is-active nap.timer"), (3, "inactive\n".to_owned(), String::new()));
        // The name is free again, and one large step fires what is due once.
        assert_eq!(door.code(WAKE), 0);
        door.ran();
        door.advance(299);
        assert_eq!(door.ran(), ["juju-exec wake"]);
    }
}

#[test]
fn the_transcript_has_the_calls_and_the_run() {
    for mut door in Door::both() {
        door.code(WAKE);
        door.code("systemctl stop nap.timer");
        door.code(WAKE);
        door.advance(60);
        door.juju.settle().unwrap();
        let text = door.juju.transcript();
        let wanted = expect![[r#"
            magpie/0 action ping
              > action-get host
              > systemd-run --quiet --collect --unit=nap --on-active=60s -- juju-exec magpie/0 './dispatch wake'
              > action-set code=0
            magpie/0 action ping
              > action-get host
              > systemctl stop nap.timer
              > action-set code=0
            magpie/0 action ping
              > action-get host
              > systemd-run --quiet --collect --unit=nap --on-active=60s -- juju-exec magpie/0 './dispatch wake'
              > action-set code=0
            magpie/0 juju-exec wake
              > status-set active 'woken as magpie/0'
              = active "woken as magpie/0"
        "#]];
        wanted.assert_eq(&text);
    }
}

#[test]
fn what_systemd_refuses() {
    let taken = |suffix: &str| {
        let text = "was already loaded or has a fragment file.\n";
        (1, String::new(), format!("Failed to start transient timer unit: Unit nap.{suffix} {text}"))
    };
    for mut door in Door::both() {
        let unknown = (5, String::new(), "Failed to stop nap.timer: Unit nap.timer not loaded.\n".to_owned());
        assert_eq!(door.code(WAKE), 0);
        assert_eq!(door.run(WAKE), taken("timer"));
        assert_eq!(door.code("systemctl stop nap.timer"), 0);
        assert_eq!(door.run("systemctl stop nap.timer"), unknown);
        assert!(door.timers().is_empty());
        let (code, out, said) = door.run("systemd-run --unit nap.service --on-active=1h juju-exec magpie/0 true");
        let running = "Running timer as unit: nap.timer\nWill run service as unit: nap.service\n";
        assert_eq!((code, out.as_str(), said.as_str()), (0, "", running));
        assert_eq!(door.timers(), [("nap.timer".to_owned(), 3600)]);
        let (code, _, said) = door.run("systemd-run --on-calendar=daily juju-exec magpie/0 true");
        assert_eq!((code, said.as_str()), (1, "systemd-run: --on-calendar is not supported by juju-sim\n"));
        assert_eq!(door.code("systemd-run -q --on-active=1 juju-exec magpie/0 true"), 0);
        assert!(door.timers().iter().any(|(name, left)| name.starts_with("run-r") && *left == 1));
    }
}

#[test]
fn a_name_is_in_use_until_what_it_runs_has_ended() {
    let juju = world_with(1, |hook| {
        if hook.0.args == ["wake"] {
            assert_eq!(hook.try_call("systemctl is-active -q nap.timer").code, 0);
            let again = |wanted: &str| {
                let output = hook.0.tools.call(&words(WAKE), None);
                assert_eq!(output.code, 1);
                let said = String::from_utf8(output.stderr).unwrap();
                assert!(said.contains(&format!("Unit {wanted} was already loaded")), "{said}");
            };
            again("nap.timer");
            // The timer goes, and its service is what runs.
            hook.call("systemctl stop nap.timer");
            assert_eq!(hook.try_call("systemctl is-active -q nap.timer").code, 3);
            again("nap.service");
            let other = WAKE.replace("nap", "other");
            assert_eq!(hook.0.tools.call(&words(&other), None).code, 0);
        } else if hook.name() == "start" {
            hook.0.tools.call(&words(WAKE), None);
        }
        ProgramEnd::Exit(0)
    });
    let mut door = Door { juju, _dir: None }.deployed();
    door.advance(60);
    assert_eq!(door.ran(), ["juju-exec wake"]);
    assert_eq!(door.timers(), [("other.timer".to_owned(), 60)]);
}

#[test]
fn other_uses_of_systemd_are_the_machines() {
    let mut door = Door::in_process();
    for line in
        ["systemctl restart mysql", "systemd-run --on-active=5 /bin/true", "systemctl is-active mysql", "systemctl"]
    {
        let name = line.split(' ').next().unwrap();
        assert_eq!(door.run(line), (127, String::new(), format!("{name}: command not found\n")), "{line}");
    }
    // Of timers the model knows that it has none.
    assert_eq!(door.code("systemctl is-active -q mine.timer"), 3);

    let mut door = Door::process();
    let real = tempfile::tempdir().unwrap();
    for name in ["systemctl", "systemd-run"] {
        let path = real.path().join(name);
        fs::write(&path, "#!/bin/sh\necho \"real $(basename $0) $*\"\nexit 9\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("PATH=\"${{PATH%%:*}}:{}:/usr/bin:/bin\" ", real.path().display());
    for line in ["systemctl restart mysql", "systemctl stop mine.timer", "systemd-run --on-active=5 /bin/true 'a  b'"] {
        let said = format!("real {}\n", line.replace('\'', ""));
        assert_eq!(door.run(&format!("{path}{line}")), (9, said, String::new()));
    }
    let trace = door.juju.runs().last().unwrap().commands().map(|it| it.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(trace, ["action-get", "action-set"]);
    let (code, _, said) = door.run("PATH=\"${PATH%%:*}\" systemctl restart mysql");
    assert_eq!(code, 127);
    assert!(said.starts_with("systemctl: command not found: juju-sim has it for timers"), "{said}");
    // No real timer is made of what runs juju-exec, in whatever way.
    for line in ["sh -c 'juju-exec magpie/0 true'", "--on-boot=5 juju-exec magpie/0 true"] {
        let (code, _, said) = door.run(&format!("{path}systemd-run --on-active=5 {line}"));
        assert!(code == 1 && said.ends_with("not supported by juju-sim\n"), "{code} {said}");
    }
    let lost = door.run(&format!("JUJU_AGENT_SOCKET_ADDRESS=/nowhere {path}{WAKE}"));
    assert!(lost.0 == 1 && lost.2.starts_with("ERROR dial unix /nowhere"), "{lost:?}");
}

#[test]
fn a_machine_may_lack_systemd() {
    for mut door in Door::both() {
        for name in ["systemd-run", "systemctl"] {
            door.juju.inject("magpie/0", Fault::Absent(name.to_owned())).unwrap();
            let line = if name == "systemctl" { "systemctl stop nap.timer" } else { WAKE };
            assert_eq!(door.run(line), (127, String::new(), format!("{name}: command not found\n")));
        }
        assert!(door.timers().is_empty());
        let output = ToolOutput { code: 4, ..ToolOutput::default() };
        door.juju.inject("magpie/0", Fault::Answer { to: Target::Command("systemd-run".to_owned()), output }).unwrap();
        assert_eq!(door.code(WAKE), 4);
        assert_eq!(door.code(WAKE), 0);
    }
}

#[test]
fn a_timer_is_not_taken_back_with_its_hook() {
    for mut door in Door::both() {
        door.juju.inject("magpie/0", Fault::Fail).unwrap();
        door.juju.run_action("magpie/0", "ping", json!({"host": WAKE})).unwrap();
        assert_eq!(door.timers(), [("nap.timer".to_owned(), 60)]);
    }
}

#[test]
fn what_a_timer_runs_has_its_turn_also_in_error() {
    for mut door in Door::both() {
        door.code(WAKE);
        door.juju.tick("magpie/0").unwrap();
        door.juju.inject("magpie/0", Fault::Fail).unwrap();
        door.juju.step();
        assert_eq!(door.juju.status("magpie/0").current, "error");
        door.juju.clear_transcript();
        door.advance(60);
        door.juju.settle_without_retry().unwrap();
        assert_eq!(hooks(&door.juju, "magpie/0"), ["juju-exec wake"]);
        assert_eq!(door.juju.status("magpie/0").current, "error");
        assert_eq!(door.ran()[1..], ["update-status"]);
        assert_eq!(door.juju.status("magpie/0"), ("active", "woken as magpie/0"));
    }
}

#[test]
fn what_a_timer_runs_comes_before_a_chained_hook_and_after_leadership() {
    let mut door = Door::in_process();
    door.juju.add_unit("magpie").unwrap();
    door.juju.settle().unwrap();
    door.code(WAKE);
    door.ran();
    door.juju.set_leader("magpie/1").unwrap();
    door.juju.set_config("magpie", "mtu", Some(9000.into())).unwrap();
    door.advance(60);
    assert_eq!(door.ran(), ["leader-settings-changed", "juju-exec wake", "config-changed"]);
}

#[test]
fn an_agent_that_is_down_hears_no_timer() {
    for mut door in Door::both() {
        door.code(WAKE);
        door.juju.pause("magpie/0").unwrap();
        door.advance(60);
        door.juju.resume("magpie/0").unwrap();
        assert!(!door.ran().contains(&"juju-exec wake".to_owned()));
        assert!(door.timers().is_empty());
        // Down and up again before the time does not matter.
        door.code(WAKE);
        door.juju.pause("magpie/0").unwrap();
        door.juju.resume("magpie/0").unwrap();
        door.ran();
        door.advance(60);
        assert_eq!(door.ran(), ["juju-exec wake"]);
        // What waits for its turn is lost with the agent.
        door.code(WAKE);
        door.advance(60);
        door.juju.restart_agent("magpie/0").unwrap();
        assert!(!door.ran().contains(&"juju-exec wake".to_owned()));
    }
}

#[test]
fn timers_go_with_their_machine() {
    let mut door = Door::in_process();
    door.code(WAKE);
    door.juju.reboot("magpie/0").unwrap();
    assert!(door.timers().is_empty());
    assert_eq!(door.ran()[1..], ["start"]);
    assert_eq!(door.code("systemctl is-active -q nap.timer"), 3);

    door.code(WAKE);
    let beside = door.juju.add_unit_beside("magpie", "magpie/0").unwrap();
    door.code(&WAKE.replace("nap", "other").replace("magpie/0", &beside));
    door.juju.settle().unwrap();
    assert_eq!(door.juju.timers(&beside)[0].0, "other.timer");
    door.juju.remove_unit_by_force(&beside).unwrap();
    door.advance(60);
    door.juju.clear_transcript();
    // The other's had nobody to run on.
    let ran = door.ran();
    assert!(ran.contains(&"juju-exec wake".to_owned()));
    assert!(!door.juju.runs().iter().any(|run| run.unit == beside && run.hook == "juju-exec"));
    door.code(WAKE);
    door.juju.remove_unit("magpie/0").unwrap();
    door.juju.settle().unwrap();
    door.advance(60);
    assert!(door.juju.ready().is_empty());
}

#[test]
fn other_commands_run_in_a_shell_where_there_is_one() {
    let line =
        "systemd-run -q --on-active=1 juju-exec magpie/0 'is-leader > out; status-set active \"in $(basename $PWD)\"'";
    let mut door = Door::process();
    door.code(line);
    door.advance(1);
    assert_eq!(door.ran()[1], "juju-exec is-leader > out; status-set active \"in $(basename $PWD)\"");
    assert_eq!(door.juju.status("magpie/0"), ("active", "in charm"));

    let mut door = Door::in_process();
    door.code(line);
    door.advance(1);
    door.juju.settle().unwrap();
    let fate = &door.juju.runs().last().unwrap().fate;
    let why = "juju-sim: a charm in this process has no shell for it";
    assert_eq!(*fate, Fate::ActionFailed(why.to_owned()));
}

#[test]
fn a_kept_model_and_a_fork_go_on_with_their_timers() {
    let mut door = Door::in_process();
    door.code(WAKE);
    let mut fork = door.juju.fork();
    let kept = serde_json::to_string(&*door.juju.model()).unwrap();
    let model: juju_sim::Model = serde_json::from_str(&kept).unwrap();
    let code = Revision::in_process(charm(), |_| ProgramEnd::Exit(0));
    let mut again = World::restore(model, [("magpie".to_owned(), vec![code])]).unwrap();
    for juju in [&mut fork, &mut again] {
        assert_eq!(juju.timers("magpie/0"), [("nap.timer".to_owned(), Duration::from_secs(60))]);
        juju.advance(Duration::from_secs(60));
        assert_eq!(juju.step().map(juju_sim::HookRun::title).as_deref(), Some("magpie/0 juju-exec wake"));
    }
    let mut still = door.juju.fork();
    still.advance(Duration::from_secs(60));
    still.settle_without_running().unwrap();
    assert_eq!((still.ready(), still.timers("magpie/0")), (vec![], vec![]));
}
