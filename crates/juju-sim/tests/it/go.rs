//! A charm in Go, which calls hook commands over the socket with Go's own `net/rpc`.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use expect_test::expect;
use juju_sim::{Fate, Revision, World};

use crate::support::charm;

/// Compiles the charm's program to a path. Without Go, a person is told and goes on; where everything must pass it
/// fails.
fn compile(to: &Path) -> bool {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut go = Command::new("go");
    go.arg("build").arg("-o").arg(to).arg(package.join("tests/go/charm.go")).current_dir(package.join("tests/go"));
    // Nothing of the network, of the machine's settings or of a C compiler; what Go keeps is kept with the target.
    go.env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GO111MODULE", "off").env("CGO_ENABLED", "0");
    go.env("GOFLAGS", "").env("GOENV", "off").env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"));
    match go.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => panic!("go: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            let what = format!("run go, to compile a charm that speaks Juju's protocol: {error}");
            assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{what}");
            // Not by a macro, whose output the test harness keeps to itself.
            let note = "=== SKIPPED: no Go program was tried against the simulator's socket";
            let text = format!("\n{note}\n=== {what}\n=== Install Go: golang-go in Debian.\n\n");
            std::io::stderr().write_all(text.as_bytes()).unwrap();
            false
        }
    }
}

#[test]
fn a_charm_calls_hook_commands_by_gos_own_client() {
    let dir = tempfile::tempdir().unwrap();
    if !compile(&dir.path().join("dispatch")) {
        return;
    }
    let mut world = World::of_one(Revision::executable_of(charm(), dir.path()).unwrap(), 1).unwrap();
    world.add_unit("magpie").unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    let log: Vec<String> = run.log().map(|(level, text)| format!("{level} {text}")).collect();
    expect![[r#"
        DEBUG 0 "true\n" ""
        DEBUG 2 "" "ERROR unrecognized args: [\"more\"]\n"
        DEBUG error: hook tool requires stdin, none supplied
        DEBUG 0 "" ""
        DEBUG 0 "" ""
        DEBUG 0 "" ""
        DEBUG 0 "" ""
        DEBUG <nil> yes
        DEBUG 
        DEBUG error: gob: wrong type (string) for received field Wrong.ContextId
        DEBUG error: gob: type mismatch: no fields matched compiling decoder for Request
        DEBUG error: gob: type mismatch in decoder: want struct type Request; got non-struct
        DEBUG error: rpc: can't find method Jujuc.Nope
        DEBUG error: rpc: can't find service Nope.Main
        DEBUG error: rpc: service/method request ill-formed: Nope
        DEBUG error: bad request: wrong context ID; got "other\n"
        DEBUG error: bad request: token does not match
        DEBUG error: bad request: unknown command: nosuch
        DEBUG 0 "True\n" ""
        DEBUG 100 pipelined calls answered
        DEBUG 160 calls of eight clients answered"#]]
    .assert_eq(&log.join("\n"));
    assert_eq!(run.fate, Fate::Committed);
    let calls = |name: &str| run.commands().filter(|command| command.argv[0] == name).count();
    assert_eq!((calls("state-set"), calls("is-leader")), (104, 162));
    let set = run.commands().filter(|command| command.argv.last().is_some_and(|it| it.starts_with("pipelined-")));
    let order: Vec<String> = set.map(|command| command.argv[1].clone()).collect();
    assert_eq!(order, (0..100).map(|number| format!("pipelined-{number}=x")).collect::<Vec<_>>());
    assert_eq!(world.state("magpie/0").len(), 102);
}
