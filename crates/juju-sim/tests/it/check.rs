//! `juju-sim check` as a person calls it.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use juju_sim::cargo::{self, Profile};
use serde_json::Value;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const METADATA: &str = "{name: shelly, summary: s, description: d, peers: {mesh: {interface: mesh}},
    requires: {db: {interface: pg}}}";
/// A charm that does nothing wrong.
const GOOD: &str = "#!/bin/sh\n[ \"$JUJU_DISPATCH_PATH\" = hooks/start ] && status-set active\nexit 0\n";

/// A directory with these files. Those whose text begins with `#!` can be run.
fn charm(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    dir
}

/// A charm of this metadata whose `dispatch` does this in the branches of a `case` over `$JUJU_DISPATCH_PATH`.
fn shell(metadata: &str, branches: &str) -> TempDir {
    let dispatch = format!(
        "#!/bin/sh\ncase $JUJU_DISPATCH_PATH in\nhooks/nothing) ;;\n{branches}\nhooks/start) status-set active ;;\nesac\n"
    );
    charm(&[("metadata.yaml", metadata), ("dispatch", &dispatch)])
}

/// What a check has said: its exit code, its standard output, and the last line of its standard error.
fn check(path: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_juju-sim")).arg("check").arg(path).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text, said.lines().last().unwrap_or_default().to_owned())
}

/// What is found in a charm with which something is wrong.
fn found(charm: &TempDir) -> String {
    found_with(charm, &[])
}

fn found_with(charm: &TempDir, arguments: &[&str]) -> String {
    let (code, text, said) = check(charm.path(), arguments);
    assert_eq!(code, Some(1), "{text}{said}");
    text
}

/// Looks for lines that follow each other.
fn assert_has(text: &str, lines: &str) {
    assert!(text.contains(lines), "not in it:\n{lines}\nbut:\n{text}");
}

#[test]
fn a_charm_that_does_nothing_wrong_passes_and_every_hook_has_its_turn() {
    let metadata = "
name: shelly
summary: s
description: d
peers: {mesh: mesh}
requires: {db: pg}
provides: {my_site: {interface: http}}
storage:
  data: {type: filesystem}
  more: {type: block, multiple: {range: 0+}}
";
    let config = "options: {mtu: {type: int, default: 5, description: d}, key: {type: secret, description: d}}";
    let actions = "ping: {description: d, params: {to: {type: string}}, required: [to]}";
    let dispatch = "#!/bin/sh -e
case $JUJU_DISPATCH_PATH in
hooks/leader-elected) secret-add --rotate daily token=t0 >/dev/null ;;
hooks/config-changed) key=$(config-get key); [ -z \"$key\" ] || secret-get \"$key\" --refresh >/dev/null ;;
hooks/data-storage-attached) touch \"$(storage-get location)/used\" ;;
hooks/start) status-set active ;;
actions/ping) action-set pong=\"$(action-get to)\" ;;
esac
";
    let charm = charm(&[
        ("metadata.yaml", metadata),
        ("config.yaml", config),
        ("actions.yaml", actions),
        ("dispatch", dispatch),
    ]);
    let (code, text, said) = check(charm.path(), &["--strict"]);
    assert_eq!(code, Some(0), "{text}{said}");
    assert_has(&text, "\nshelly: 0 problems, 0 warnings\n");
    assert_has(&text, &format!("\nThe same again: juju-sim check {} --seed 1", charm.path().display()));
    for hook in [
        "install",
        "leader-elected",
        "leader-settings-changed",
        "config-changed",
        "start",
        "update-status",
        "upgrade-charm",
        "stop",
        "remove",
        "secret-rotate",
        "secret-changed",
        "action ping",
    ] {
        assert_has(&format!("\n{text}"), &format!("\n{hook} "));
    }
    for endpoint in ["mesh", "db", "my_site"] {
        for kind in ["created", "joined", "changed", "departed", "broken"] {
            assert_has(&text, &format!("\n{endpoint}-relation-{kind} "));
        }
    }
    for storage in ["data", "more"] {
        assert_has(&text, &format!("\n{storage}-storage-attached "));
        assert_has(&text, &format!("\n{storage}-storage-detaching "));
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80 && !line.contains('\u{1b}')), "{text}");
}

#[test]
fn a_hook_that_fails_is_told_with_the_end_of_its_output_and_what_led_to_it() {
    let charm = shell(METADATA, "hooks/db-relation-joined) echo looking; relation-get host; echo boom >&2; exit 3 ;;");
    let text = found(&charm);
    assert_has(
        &text,
        "PROBLEM  db-relation-joined: failed: exit status 3\n         \
         10 times, first in shelly/",
    );
    assert_has(
        &text,
        "         after: relate shelly:db to an application that says nothing\n         \
         | DEBUG looking\n         \
         | > relation-get host\n         \
         | WARNING boom\n\n",
    );
    assert_has(&text, "\nshelly: 1 problem, 0 warnings\n");
}

#[test]
fn hooks_that_fail_alike_are_one_problem() {
    let text = found(&charm(&[("metadata.yaml", METADATA), ("dispatch", "#!/nowhere\n")]));
    assert_has(&text, "PROBLEM  install, mesh-relation-created, leader-");
    assert_has(&text, "could not be started");
    assert_eq!(text.matches("PROBLEM").count(), 1, "{text}");
}

#[test]
fn what_goes_wrong_in_a_shell_and_is_passed_over_is_a_warning() {
    let branches = "
hooks/install) no-such-set now; true ;;
hooks/config-changed) status-set happy; true ;;
hooks/update-status) relation-get -r nosuch:7 - pg/0; true ;;
hooks/stop) juju-log -l ERROR 'this is bad' ;;
hooks/remove) status-set happy 2>/dev/null; true ;;";
    let charm = shell(METADATA, branches);
    let (code, text, _) = check(charm.path(), &[]);
    assert_eq!(code, Some(0), "{text}");
    assert_has(&text, "WARNING  install: calls a command that is not there: no-such-set\n");
    assert_has(
        &text,
        "WARNING  config-changed: goes on after a hook command that failed: status-set\n         happy => 2\n",
    );
    assert_has(&text, "WARNING  update-status: goes on after a hook command that failed: relation-get");
    assert_has(&text, "WARNING  stop: logs an error and does not fail\n");
    // A charm that takes the error has seen it.
    assert_has(&text, "NOTE     remove: deals with a hook command that failed: status-set happy => 2\n");
    assert_has(&text, "shelly: 0 problems, 4 warnings\n");
    assert_eq!(check(charm.path(), &["--strict"]).0, Some(1));
}

#[test]
fn a_panic_an_exception_and_a_signal_are_told_apart() {
    let branches = "
hooks/install) echo \"thread 'main' panicked at src/main.rs:1:1:\" >&2; exit 101 ;;
hooks/config-changed) echo 'Traceback (most recent call last):' >&2; echo 'KeyError: x' >&2; exit 1 ;;
hooks/update-status) kill -SEGV $$ ;;";
    let text = found(&shell(METADATA, branches));
    assert_has(&text, "PROBLEM  install: panicked: exit status 101\n");
    assert_has(&text, "PROBLEM  config-changed: raised an exception: exit status 1\n");
    assert_has(&text, "         | WARNING KeyError: x\n");
    assert_has(&text, "PROBLEM  update-status: failed: signal: segmentation fault\n");
}

#[test]
fn hooks_that_hang_are_killed_and_after_three_the_rest_is_left_out() {
    let charm = shell(METADATA, "hooks/config-changed) sleep 1000 ;;");
    let text = found_with(&charm, &["--time-limit", "1"]);
    assert_has(
        &text,
        "PROBLEM  config-changed: ran out of time: it was killed after it ran for more\n         than 1 s\n",
    );
    assert_has(&text, "NOTE     3 hooks ran out of time or were killed: the rest was left out\n");
    assert!(!text.contains("\nstop "), "{text}");
}

#[test]
fn a_hook_that_kills_itself_would_run_for_ever() {
    let text = found(&shell(METADATA, "hooks/stop) kill -KILL $$ ;;"));
    assert_has(&text, "PROBLEM  stop: was killed, and Juju runs it again: signal 9\n");
    assert_has(&text, "NOTE     3 hooks ran out of time or were killed: the rest was left out\n");
}

/// The numbers of the processes that hooks have written to a file.
fn written(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

/// Whether a process runs.
fn runs(number: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn processes_that_stay_are_told_and_none_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("numbers");
    // One in the group of the hook, one in a session of its own, and one that ends by itself.
    let branches = format!(
        "hooks/install) sleep 1001 & echo $! >>{0}; setsid sh -c 'echo $$ >>{0}; exec sleep 1002' & sleep 0.1 & sleep 0.01 ;;",
        file.display()
    );
    let charm = shell(METADATA, &branches);
    let (code, text, _) = check(charm.path(), &[]);
    assert_eq!(code, Some(0), "{text}");
    assert_has(&text, "WARNING  install: leaves a process running, also when the unit is removed: sleep\n");
    assert_eq!(text.matches("leaves a process").count(), 1, "{text}");
    let numbers = written(&file);
    assert_eq!(numbers.len(), 8);
    assert!(!numbers.iter().any(|number| runs(number)), "{numbers:?}");
}

#[test]
fn hooks_that_fork_and_flood_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("numbers");
    let branches = format!(
        "hooks/install) for i in 1 2 3 4 5 6 7 8 9; do (for j in 1 2 3 4 5; do sleep 1003 & echo $! >>{0}; done) & done; wait ;;
hooks/update-status) seq 1 150000 ;;",
        file.display()
    );
    let text = check(shell(METADATA, &branches).path(), &[]).1;
    assert_has(&text, "prints so much that not all of it was kept\n");
    assert_has(&text, "WARNING  install: leaves a process running");
    let numbers = written(&file);
    assert_eq!(numbers.len(), 4 * 45);
    assert!(!numbers.iter().any(|number| runs(number)), "{numbers:?}");
}

#[test]
fn a_hook_that_cannot_run_again_after_it_was_killed_is_a_problem() {
    let text =
        found(&shell(METADATA, "hooks/install) status-set maintenance; mkdir made || exit 1; status-set active ;;"));
    assert_has(
        &text,
        "PROBLEM  install: failed: exit status 1\n         in shelly/3 install\n         after: run again what was killed\n",
    );
}

#[test]
fn actions_are_run_with_what_their_schema_wants() {
    let actions = "
crash: {description: d}
fail: {description: d}
magic: {description: d, params: {word: {type: string, pattern: '^magic$'}}, required: [word]}
";
    let branches = "actions/crash) exit 7 ;;\nactions/fail) action-fail 'not today' ;;";
    let charm = shell(METADATA, branches);
    fs::write(charm.path().join("actions.yaml"), actions).unwrap();
    let text = found(&charm);
    assert_has(&text, "PROBLEM  action crash: failed: exit status 7\n");
    assert_has(&text, "NOTE     action fail: says that it failed: not today\n");
    assert_has(&text, "NOTE     action magic was not run: no value was found that its schema allows:\n");
}

#[test]
fn a_charm_of_hooks_without_dispatch_is_checked() {
    let charm = charm(&[
        ("metadata.yaml", METADATA),
        ("actions.yaml", "ping: {description: d}\npong: {description: d}"),
        ("actions/ping", "#!/bin/sh\naction-set ok=yes\n"),
        ("actions/old", "#!/bin/sh\n"),
        ("hooks/start", "#!/bin/sh\nstatus-set active\n"),
        ("hooks/gone-relation-joined", "#!/bin/sh\n"),
        ("hooks/gone-storage-attached", "#!/bin/sh\n"),
        ("hooks/common.sh", "#!/bin/sh\n"),
    ]);
    let text = found(&charm);
    assert_has(&text, "PROBLEM  action pong: the charm has no code for it\n");
    assert_has(&text, "WARNING  actions/old never runs: no action old is declared\n");
    assert_has(&text, "WARNING  hooks/gone-relation-joined never runs: no endpoint gone is declared\n");
    assert_has(&text, "WARNING  hooks/gone-storage-attached never runs: no storage gone is declared\n");
    assert_has(&text, "shelly: 1 problem, 3 warnings\n");
}

#[test]
fn a_subordinate_lives_beside_its_principals() {
    let metadata = "{name: agent, summary: s, description: d, subordinate: true,
        requires: {host: {interface: juju-info, scope: container}}, provides: {logs: syslog}}";
    let (code, text, said) = check(shell(metadata, "").path(), &["--strict"]);
    assert_eq!(code, Some(0), "{text}{said}");
    for hook in ["install", "host-relation-joined", "logs-relation-broken", "host-relation-broken", "remove"] {
        assert_has(&format!("\n{text}"), &format!("\n{hook} "));
    }
}

#[test]
fn all_flaws_of_the_files_are_told_and_nothing_runs() {
    let dir = charm(&[
        ("metadata.yaml", "name: Shelly\nsummary: s\npeers: {a: {}}\n"),
        ("config.yaml", "options: {a: {type: x}, b: {type: int, default: x}}"),
        ("actions.yaml", "{A: {}}"),
        ("dispatch", "#!/bin/sh\nexit 1\n"),
    ]);
    let text = found(&dir);
    for flaw in [
        "metadata.yaml:1: bad charm name \"Shelly\": ",
        "metadata.yaml:1: description is missing\n",
        "metadata.yaml:3: endpoint a of peers: interface is missing\n",
        "config.yaml:1: option a: type: ",
        "config.yaml:1: option b: default: expected int, got a string\n",
        "actions.yaml:1: bad action name \"A\": ",
    ] {
        assert_has(&text, &format!("PROBLEM  {flaw}"));
    }
    assert_has(&text, "the charm: 6 problems, 0 warnings\n0 hooks and actions ");
}

#[test]
fn what_juju_takes_and_somebody_will_wonder_about_is_a_warning() {
    let charm = charm(&[
        ("metadata.yaml", "{name: shelly, summary: '', description: d, peer: {}}"),
        ("config.yaml", "options: {mtu: {type: int}}"),
        ("actions.yaml", "ping: {required: [to]}"),
        ("dispatch", "#!/bin/sh\n"),
    ]);
    let (code, text, _) = check(charm.path(), &[]);
    assert_eq!(code, Some(0), "{text}");
    for warning in [
        "no unit has set a status: juju status shows them as unknown",
        "the summary is empty",
        "key peer: neither Juju nor charmcraft reads it",
        "option mtu has no description",
        "action ping has no description",
        "action ping: parameter to is required and not declared",
    ] {
        assert_has(&text, &format!("WARNING  {warning}\n"));
    }
}

#[test]
fn a_charm_whose_hooks_cannot_run_is_not_run() {
    let text = found(&charm(&[("metadata.yaml", METADATA)]));
    assert_has(&text, "PROBLEM  there is neither dispatch nor anything in hooks/");
    let text = found(&charm(&[("metadata.yaml", METADATA), ("dispatch", "exit 1")]));
    assert_has(&text, "PROBLEM  dispatch is not executable");
    assert_has(&text, "\n0 hooks and actions ");
}

#[test]
fn what_is_no_charm_is_refused_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let refused = |path: &Path| {
        let (code, text, said) = check(path, &[]);
        assert_eq!((code, text.as_str()), (Some(2), ""), "{said}");
        said.replace(&dir.path().display().to_string(), "DIR")
    };
    assert_eq!(refused(&path("none")), "ERROR open DIR/none: No such file or directory (os error 2)");
    assert_eq!(refused(dir.path()), "ERROR invalid charm: DIR: there is no metadata.yaml in it");
    fs::write(path("charmcraft.yaml"), "name: x").unwrap();
    let project = "it is a charm's project: pack it, and check what charmcraft makes of it";
    assert_eq!(refused(dir.path()), format!("ERROR invalid charm: DIR: {project}"));
    fs::write(path("text.charm"), "nothing").unwrap();
    assert!(refused(&path("text.charm")).starts_with("ERROR read charm archive DIR/text.charm: "));
    let zipped = |name: &str, entries: &[&str]| {
        let mut zip = ZipWriter::new(File::create(path(name)).unwrap());
        for entry in entries {
            zip.start_file(*entry, SimpleFileOptions::default()).unwrap();
            zip.write_all(&[0; 12_345]).unwrap();
        }
        zip.finish().unwrap();
        path(name)
    };
    let out = zipped("out.charm", &["metadata.yaml", "../../out"]);
    assert_eq!(refused(&out), "ERROR unpack charm archive: entry \"../../out\" leaves the archive");
    let empty = zipped("empty.charm", &["dispatch"]);
    assert_eq!(refused(&empty), "ERROR invalid charm: DIR/empty.charm: there is no metadata.yaml in it");
    // One that says itself that it becomes a gibibyte.
    let bomb = zipped("bomb.charm", &["metadata.yaml"]);
    let mut bytes = fs::read(&bomb).unwrap();
    let size = 12_345_u32.to_le_bytes();
    for at in (0..bytes.len() - 4).filter(|at| bytes[*at..at + 4] == size).collect::<Vec<_>>() {
        bytes[at..at + 4].copy_from_slice(&(1_u32 << 30).to_le_bytes());
    }
    fs::write(&bomb, bytes).unwrap();
    assert_eq!(refused(&bomb), "ERROR unpack charm archive: it has more than 536870912 bytes");
    let kubernetes =
        charm(&[("metadata.yaml", "{name: k, summary: s, description: d, containers: {k: {resource: r}}}")]);
    let (code, _, said) = check(kubernetes.path(), &[]);
    assert!(code == Some(2) && said.ends_with("containers: Kubernetes charms are not simulated"), "{said}");
    assert_eq!(check(kubernetes.path(), &["--time-limit", "0"]).0, Some(2));
}

#[test]
fn a_packed_charm_is_checked_and_json_is_one_document_that_a_seed_repeats() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shelly.charm");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    let options = SimpleFileOptions::default();
    zip.start_file("metadata.yaml", options).unwrap();
    zip.write_all(METADATA.as_bytes()).unwrap();
    zip.start_file("dispatch", options.unix_permissions(0o755)).unwrap();
    zip.write_all(b"#!/bin/sh\necho $PWD; [ $JUJU_DISPATCH_PATH != hooks/mesh-relation-departed ]\n").unwrap();
    zip.finish().unwrap();
    let document = |seed: &str| {
        let (code, text, said) = check(&path, &["--format", "json", "--seed", seed]);
        assert_eq!(code, Some(1), "{text}{said}");
        let mut document: Value = serde_json::from_str(&text).unwrap();
        // What takes time takes another time each time.
        document["seconds"].take();
        for hook in document["hooks"].as_array_mut().unwrap() {
            assert!(hook["total"].as_f64() >= hook["slowest"].as_f64());
            hook["slowest"].take();
            hook["total"].take();
        }
        document
    };
    let first = document("5");
    assert_eq!(first, document("5"));
    let finding = &first["findings"][0];
    assert_eq!((&finding["severity"], &finding["what"]), (&"problem".into(), &"failed: exit status 1".into()));
    assert_eq!(finding["hooks"], serde_json::json!(["mesh-relation-departed"]));
    let output = finding["first"]["output"][0].as_str().unwrap();
    assert!(output.starts_with("DEBUG unit-shelly-") && output.ends_with("/charm"), "{output}");
    assert_eq!((&first["charm"], &first["seed"]), (&"shelly".into(), &5.into()));
    assert!(first["runs"].as_u64() > Some(50) && first["again"].as_str().unwrap().contains("--seed 5"));
}

/// The charm of a package of this workspace as it is packed: its executable, and the parts of `charmcraft.yaml` in files
/// of their own.
fn workspace_charm(package: &str, project: &Path) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let read = |file: &str| fs::read_to_string(project.join(file)).ok();
    let mut sections: serde_json::Map<String, Value> = serde_yaml::from_str(&read("charmcraft.yaml").unwrap()).unwrap();
    for section in ["config", "actions"] {
        if let Some(value) = sections.remove(section) {
            fs::write(dir.path().join(format!("{section}.yaml")), value.to_string()).unwrap();
        }
    }
    sections.retain(|key, _| !["type", "base", "platforms", "parts"].contains(&key.as_str()));
    let metadata = read("metadata.yaml").unwrap_or_else(|| Value::Object(sections).to_string());
    fs::write(dir.path().join("metadata.yaml"), metadata).unwrap();
    let executable = cargo::binary(package, Profile::Dev).unwrap();
    fs::copy(executable, dir.path().join("dispatch")).unwrap();
    dir
}

#[test]
fn nothing_is_wrong_with_the_charms_of_this_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let examples = ["backup", "database", "reconciler", "web"].map(|name| (name, root.join("examples").join(name)));
    let examples = examples.map(|(name, project)| (name, format!("example-{name}"), project));
    for (name, package, project) in [("magpie", "magpie-charm".to_owned(), root.clone())].into_iter().chain(examples) {
        let (code, text, said) = check(workspace_charm(&package, &project).path(), &["--strict"]);
        assert_eq!(code, Some(0), "{text}{said}");
        assert_has(&text, &format!("{name}: 0 problems, 0 warnings\n"));
    }
}

/// A Python that has `ops`, which `.ci/run` installs and names.
fn python_with_ops() -> Option<PathBuf> {
    let python = std::env::var_os("JUJU_SIM_OPS_PYTHON").map(PathBuf::from);
    if python.is_none() {
        let why = "JUJU_SIM_OPS_PYTHON names no Python with ops: a charm on ops was not checked";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
    }
    python
}

#[test]
fn a_charm_on_pythons_ops_that_raises_in_one_hook_is_told_with_its_traceback() {
    let Some(python) = python_with_ops() else { return };
    let dispatch = format!("#!/bin/sh\nexec {} src/charm.py\n", python.display());
    let source = |db_created: &str| {
        format!(
            "import ops


class Charm(ops.CharmBase):
    def __init__(self, framework):
        super().__init__(framework)
        framework.observe(self.on.start, self._start)
        framework.observe(self.on['db'].relation_created, self._db_created)

    def _start(self, _):
        self.unit.status = ops.ActiveStatus()

    def _db_created(self, event):
        {db_created}


ops.main(Charm)
"
        )
    };
    let bad = source("event.relation.data[self.unit]['port'] = 80");
    let text = found(&charm(&[("metadata.yaml", METADATA), ("dispatch", &dispatch), ("src/charm.py", &bad)]));
    assert_has(&text, "PROBLEM  db-relation-created: raised an exception: exit status 1\n");
    assert_has(&text, "RelationDataTypeError: ");
    assert_has(&text, "shelly: 1 problem, 0 warnings\n");
    let good = source("event.relation.data[self.unit]['port'] = '80'");
    let good = charm(&[("metadata.yaml", METADATA), ("dispatch", &dispatch), ("src/charm.py", &good)]);
    let (code, text, said) = check(good.path(), &["--strict"]);
    assert_eq!(code, Some(0), "{text}{said}");
}

#[test]
fn a_good_charm_of_a_few_lines_is_good() {
    let good = charm(&[("metadata.yaml", METADATA), ("dispatch", GOOD)]);
    let (code, text, said) = check(good.path(), &["--strict"]);
    assert_eq!(code, Some(0), "{text}{said}");
}
