//! The executable as a person calls it, on models in a directory.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tempfile::TempDir;

/// A directory with a charm whose units are active once they are configured.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let charm = dir.path().join("small");
        fs::create_dir(&charm).unwrap();
        fs::write(charm.join("metadata.yaml"), "name: small\nsummary: s\ndescription: d\n").unwrap();
        fs::write(charm.join("config.yaml"), "options: {text: {type: string, default: fine}}\n").unwrap();
        let place = Place(dir);
        place.dispatch("");
        place
    }

    /// Lets the charm do something more, before what it does anyhow.
    fn dispatch(&self, more: &str) {
        let path = self.path().join("small/dispatch");
        let set = "[ $JUJU_DISPATCH_PATH = hooks/config-changed ] && status-set active \"$(config-get text)\"";
        fs::write(&path, format!("#!/bin/sh\n{more}\n{set}\nexit 0\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_juju-sim"));
        command.args(words).current_dir(self.path()).stdin(Stdio::null());
        command.env_remove("JUJU_MODEL").env_remove("JUJU_SIM_SEED").env("JUJU_DATA", self.path().join("data"));
        command
    }

    fn call(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What a command prints that succeeds.
    fn ok(&self, words: &[&str]) -> String {
        let output = self.call(words);
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.ok(&["status", "--format", "json"])).unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The statuses of the units of an application.
fn units(status: &Value) -> Vec<&str> {
    let units = status["applications"]["small"]["units"].as_object();
    units.into_iter().flatten().map(|(_, unit)| unit["workload-status"]["current"].as_str().unwrap()).collect()
}

#[test]
fn a_command_that_is_killed_at_any_moment_is_gone_on_with_by_the_next() {
    const UNITS: usize = 20;
    let seed = 11;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut place = Place::new();
    for round in 0..8 {
        let mut child = place
            .command(&["deploy", "./small", "-n", &UNITS.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let wait = Duration::from_millis(rng.random_range(0..400));
        std::thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        let what = format!("seed {seed}, round {round}, killed after {wait:?}");
        let models = place.call(&["models", "--format", "json"]);
        assert!(models.status.success(), "{what}: {}", text(&models.stderr));
        let models: Value = serde_json::from_slice(&models.stdout).unwrap();
        let is_there = !models["models"].as_array().unwrap().is_empty();
        if is_there && !place.status()["applications"]["small"].is_null() {
            place.ok(&["config", "small", "text=after"]);
        } else {
            place.ok(&["deploy", "./small", "-n", &UNITS.to_string()]);
        }
        let status = place.status();
        assert_eq!(units(&status), ["active"; UNITS], "{what}: {status}");
        place.ok(&["remove-application", "small", "--no-prompt"]);
        // Now and then all begins anew.
        if rng.random_bool(0.3) {
            place = Place::new();
        }
    }
}

/// What a file says that a charm writes, once it does.
fn written(path: &Path) -> String {
    loop {
        match fs::read_to_string(path) {
            Ok(text) => return text.trim().to_owned(),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Whether a process runs: one that has ended and was not waited for has no command line.
fn runs(pid: &str) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[test]
fn a_hook_of_a_killed_command_has_ended_before_it_is_run_again() {
    let place = Place::new();
    let again = "[ -e first ] && [ ! -e second ] && { tr -d '\\0' </proc/$(cat pid)/cmdline; } >second 2>&1\n";
    let first =
        "[ -e first ] || { echo $JUJU_AGENT_SOCKET_ADDRESS >socket; echo $$ >pid; touch first; exec sleep 600; }";
    place.dispatch(&format!("cd {}\n{again}{first}\ncd -", place.path().display()));
    let mut deploy = place.command(&["deploy", "./small"]).stderr(Stdio::null()).spawn().unwrap();
    written(&place.path().join("first"));
    let pid = written(&place.path().join("pid"));
    deploy.kill().unwrap();
    deploy.wait().unwrap();
    assert!(runs(&pid));
    let socket = written(&place.path().join("socket"));
    assert!(Path::new(&socket).parent().unwrap().exists(), "{socket}");
    place.ok(&["config", "small", "text=after"]);
    assert_eq!(units(&place.status()), ["active"]);
    let seen = written(&place.path().join("second"));
    assert!(!seen.contains("sleep"), "the first one still ran: {seen}");
    assert!(!Path::new(&socket).parent().unwrap().exists(), "{socket}");
}

#[test]
fn a_daemon_stays_as_long_as_its_unit() {
    let place = Place::new();
    place.dispatch(
        "[ $JUJU_DISPATCH_PATH = hooks/start ] && setsid sh -c 'echo $$ >../pid; exec sleep 600' </dev/null >/dev/null 2>&1 &",
    );
    place.ok(&["deploy", "./small", "-n", "2"]);
    let model = fs::read_dir(place.path().join("data/juju-sim/models")).unwrap().next().unwrap().unwrap().path();
    let pids: Vec<String> =
        (0..2).map(|number| written(&model.join(format!("agents/unit-small-{number}/pid")))).collect();
    place.ok(&["config", "small", "text=after"]);
    assert!(pids.iter().all(|pid| runs(pid)));
    place.ok(&["remove-unit", "small/0", "--no-prompt"]);
    assert_eq!([runs(&pids[0]), runs(&pids[1])], [false, true]);
    place.ok(&["destroy-model", "--no-prompt", "--force", "default"]);
    assert!(!runs(&pids[1]));
}

#[test]
fn commands_of_several_processes_are_done_one_after_another() {
    let place = Place::new();
    place.ok(&["deploy", "./small"]);
    let adds: Vec<_> =
        (0..4).map(|_| place.command(&["add-unit", "small"]).stderr(Stdio::null()).spawn().unwrap()).collect();
    for _ in 0..5 {
        assert!(!units(&place.status()).is_empty());
    }
    for mut add in adds {
        assert!(add.wait().unwrap().success());
    }
    assert_eq!(units(&place.status()), ["active"; 5]);
}

#[test]
fn words_and_directories_that_are_no_text_are_no_trouble() {
    let place = Place::new();
    let odd = OsStr::from_bytes(b"a\xffb");
    let output = place.command(&["deploy"]).arg(odd).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let output = place.command(&[]).arg(odd).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let data = place.path().join(odd);
    let output = place.command(&["deploy", "./small"]).env("JUJU_DATA", &data).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(data.join("juju-sim/index.json").exists());
    let output = place.command(&["status"]).env("JUJU_MODEL", odd).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    // The program's own name, which is noted where others may wait.
    let program = place.path().join(odd).join("juju-sim-copy");
    fs::copy(env!("CARGO_BIN_EXE_juju-sim"), &program).unwrap();
    let mut command = Command::new(&program);
    let output = command.args(["add-model", "web"]).env("JUJU_DATA", place.path().join("data")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn colours_go_where_they_were_asked_to_go() {
    let place = Place::new();
    place.ok(&["deploy", "./small"]);
    for (words, is_coloured) in
        [(&["status"][..], false), (&["status", "--color"], true), (&["--help"], false), (&["deploy", "--help"], false)]
    {
        let output = place.call(words);
        assert_eq!(text(&output.stdout).contains('\u{1b}'), is_coloured, "{words:?}");
        let output = place.command(words).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").output().unwrap();
        assert_eq!(text(&output.stdout).contains('\u{1b}'), is_coloured, "{words:?}");
    }
    assert!(!place.call(&["deploy", "./none"]).stderr.contains(&0x1b));
}

#[test]
fn a_command_ends_when_nobody_reads_any_more() {
    let place = Place::new();
    place.ok(&["deploy", "./small"]);
    for words in [&["status", "--watch", "100ms"][..], &["debug-log", "--tail", "--replay"]] {
        let mut child = place.command(words).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        if words[0] == "debug-log" {
            // It has to have something to say.
            std::thread::sleep(Duration::from_millis(10));
            place.ok(&["exec", "--unit", "small/0", "--", "juju-log hello"]);
        }
        assert!(ended(&mut child), "{words:?}");
    }
}

/// Whether a program ends well by itself. One that does not is killed, lest it be waited for without end.
fn ended(child: &mut Child) -> bool {
    for _ in 0..1200 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}
