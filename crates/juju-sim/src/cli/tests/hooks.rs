//! Hooks that mean harm, or do some.

use std::fs;
use std::io::Write as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::Bench;

/// One with a charm whose hooks do this.
fn charm(dispatch: &str) -> Bench {
    let bench = Bench::new();
    let dispatch = format!("#!/bin/bash\n{dispatch}\n");
    let metadata = "name: it\nsummary: s\ndescription: d\n";
    bench.charm("it", &[("metadata.yaml", metadata), ("actions.yaml", "act: {}\n"), ("dispatch", &dispatch)]);
    bench.ok("add-model web --config automatically-retry-hooks=false");
    bench
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

fn wait_until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..500 {
        if is() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{what} never was");
}

#[test]
fn a_hook_that_hangs_is_killed_at_the_limit_that_the_model_has() {
    let bench = charm(
        "[ $JUJU_DISPATCH_PATH = hooks/start ] || exit 0\n[ -e go ] && exit 0\necho $$ > pid; sleep 1000 & echo $! >> pid; wait",
    );
    bench.ok("model-config hook-time-limit=1s");
    let said = bench.told("deploy ./it");
    assert!(
        said.ends_with("it/0 is not settled: hook failed: \"start\": killed: it ran for more than 1 s\n"),
        "{said}"
    );
    let pids = bench.ok("ssh it/0 cat charm/pid");
    assert_eq!(pids.lines().count(), 2);
    wait_until("their end", || pids.lines().all(|pid| !is_alive(pid)));
    bench.ok("exec --unit it/0 -- touch go");
    assert_eq!(bench.told("resolved it/0"), "");
    assert_eq!(bench.ok("model-config hook-time-limit"), "1s\n");
    bench.ok("model-config --reset hook-time-limit");
    assert_eq!(bench.ok("model-config hook-time-limit"), "10m\n");
}

#[test]
fn an_action_may_have_less_time_than_the_hooks_after_it() {
    let bench = charm(
        "case $JUJU_DISPATCH_PATH in actions/act) touch acted; sleep 1000 ;; hooks/update-status) sleep 1.2 ;; esac",
    );
    bench.ok("deploy ./it");
    let said = bench.call("run it/0 act --wait 1s");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("timed out waiting for results"), "{said:?}");
    let said = bench.call("exec --unit it/0 --wait 1s -- sleep 1000");
    assert_eq!(said.code, 1);
    assert_eq!(bench.told("tick"), "");
    assert_eq!(bench.ok("ssh it/0 ls charm/acted"), "charm/acted\n");
}

#[test]
fn a_hook_may_print_without_end() {
    let bench = charm(
        "[ $JUJU_DISPATCH_PATH = hooks/start ] && yes 'much text that nobody reads' | head -c 3000000\n\
                       [ $JUJU_DISPATCH_PATH = hooks/install ] && head -c 3000000 /dev/zero >&2\nexit 0",
    );
    bench.ok("deploy ./it");
    assert!(bench.ok("status").contains("idle"));
    assert_eq!(bench.ok("debug-log -n 1").lines().count(), 1);
    for _ in 0..3 {
        bench.ok("remove-application it --no-prompt");
        bench.ok("deploy ./it");
    }
    let model = bench.kept().into_keys().find(|path| path.ends_with("model.jsonl")).unwrap();
    let size: u64 =
        fs::read_dir(model.parent().unwrap()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(size < 80_000_000, "{size}");
}

#[test]
fn what_a_hook_leaves_running_ends_with_the_command_and_can_do_nothing_meanwhile() {
    let bench = charm(
        "case $JUJU_DISPATCH_PATH in\n\
         hooks/install) for n in 1 2 3 4 5 6 7 8; do (sleep 1000 & echo $! >> pids); done\n\
           (sleep 0.3; status-set blocked late > late 2>&1; echo $? >> late; sleep 1000) >/dev/null 2>&1 & echo $! >> pids ;;\n\
         hooks/start) for n in $(seq 100); do [ -s late ] && break; sleep 0.1; done; sleep 0.1; status-set active fine ;;\n\
         esac",
    );
    bench.ok("deploy ./it");
    let late = bench.ok("ssh it/0 cat charm/late");
    assert!(!late.ends_with("\n0\n") && late != "0\n", "{late}");
    let status = bench.ok("status");
    assert!(status.contains("fine") && !status.contains("late"), "{status}");
    let pids = bench.ok("ssh it/0 cat charm/pids");
    assert_eq!(pids.lines().count(), 9);
    wait_until("their end", || pids.lines().all(|pid| !is_alive(pid)));
}

#[test]
fn rubbish_at_the_socket_of_a_hook_does_it_no_harm() {
    let bench = charm(
        "[ $JUJU_DISPATCH_PATH = hooks/install ] || exit 0\n\
         echo \"$JUJU_AGENT_SOCKET_ADDRESS\" > ../address.new; mv ../address.new ../address\n\
         for n in $(seq 500); do [ -e ../go ] && break; sleep 0.02; done\nstatus-set active survived",
    );
    bench.ok("deploy ./it --no-settle");
    let home = bench.kept().into_keys().find(|path| path.ends_with("model.jsonl")).unwrap();
    let home = home.parent().unwrap().join("agents/unit-it-0");
    let thrower = {
        let home = home.clone();
        thread::spawn(move || throw(&home))
    };
    bench.ok("step");
    assert_eq!(thrower.join().unwrap(), 8);
    bench.ok("resolved --all");
    assert!(bench.ok("status").contains("survived"), "{}", bench.ok("transcript"));
}

/// Sends rubbish to the socket of the hook that runs, then lets it go on. How many times.
fn throw(home: &Path) -> usize {
    wait_until("an address", || home.join("address").exists());
    let address = fs::read_to_string(home.join("address")).unwrap();
    let address = address.trim();
    let connect = || match address.strip_prefix('@') {
        Some(name) => UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap(),
        None => UnixStream::connect(address).unwrap(),
    };
    let rubbish: [&[u8]; 8] = [
        b"",
        b"\0",
        b"{}\n",
        b"{\"a\":",
        &[0xff; 100_000],
        b"GET / HTTP/1.0\r\n\r\n",
        &[0x7f, 0xff, 0xff, 0xff],
        b"\x03\xff\x81",
    ];
    let mut open = Vec::new();
    for bytes in rubbish {
        let mut stream = connect();
        // It may have been closed before all of it is there.
        let _ = stream.write_all(bytes);
        open.push(stream);
    }
    let count = open.len();
    fs::write(home.join("go"), "").unwrap();
    count
}
