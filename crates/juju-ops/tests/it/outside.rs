//! Dispatches that Juju's own agent would hardly make: a shell, restricted hooks, hooks of the future.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use juju_ops::{Ack, Call, Ending, Env, Exit, Output, Status, Transport, dispatch, hook};

use crate::support::{Lasting, Made, lasting};

/// Hook commands that print nothing and are recorded.
#[derive(Clone, Default)]
struct Recorder(Rc<RefCell<Vec<String>>>);

impl Transport for Recorder {
    fn call(&self, call: &Call) -> io::Result<Output> {
        self.0.borrow_mut().push(format!("{call:?}"));
        Ok(Output { ending: Ending::Exited(0), stdout: Vec::new(), stderr: Vec::new() })
    }

    fn debug(&self, line: &str) {
        self.0.borrow_mut().push(format!("debug {line}"));
    }

    fn complain(&self, line: &str) {
        self.0.borrow_mut().push(format!("stderr {line}"));
    }
}

fn run(charm: &Made, vars: &[(&str, &str)]) -> (Exit, Vec<String>) {
    let recorder = Recorder::default();
    let exit = dispatch(charm, Env::from_vars(vars.iter().copied()).unwrap(), recorder.clone());
    (exit, recorder.0.take())
}

fn charm() -> Made {
    Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&lasting(), |this, _, _| {
            this.see("lasting");
            Ok(Ack::Done)
        });
        events.on(&hook::any(), |this, _, _| {
            this.see("any");
            Ok(())
        });
        events.status(|this, _| {
            this.see("status");
            Ok(Status::active(""))
        });
    })
}

#[test]
fn an_unknown_hook_is_passed_over() {
    let charm = charm();
    // Those of the past are no longer known.
    for hook in ["quantum-entangled", "collect-metrics", "meter-status-changed"] {
        let (exit, calls) = run(&charm, &[("JUJU_DISPATCH_PATH", &format!("hooks/{hook}"))]);
        assert_eq!(exit.code(), 0);
        assert_eq!(calls, [format!("debug juju-ops: unknown hook {hook}: nothing to do")]);
        assert_eq!(charm.seen(), [""; 0]);
    }
}

#[test]
fn without_a_dispatch_path_there_is_usage_and_exit_2() {
    let (exit, calls) = run(&charm(), &[("JUJU_UNIT_NAME", "app/0")]);
    assert_eq!(exit.code(), 2);
    assert!(calls.len() == 1 && calls[0].starts_with("stderr The `dispatch` of a Juju charm"), "{calls:?}");
}

#[test]
fn a_killed_command_is_told_by_its_signal() {
    struct Killed;
    impl Transport for Killed {
        fn call(&self, call: &Call) -> io::Result<Output> {
            match &*call.command {
                "juju-log" => Err(io::ErrorKind::NotFound.into()),
                _ => Ok(Output { ending: Ending::Killed(9), stdout: Vec::new(), stderr: Vec::new() }),
            }
        }
        fn debug(&self, _: &str) {}
        fn complain(&self, line: &str) {
            SAID.with(|said| said.borrow_mut().push(line.to_owned()));
        }
    }
    thread_local!(static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });
    let env = Env::from_vars([("JUJU_DISPATCH_PATH", "hooks/start"), ("JUJU_UNIT_NAME", "app/0")]).unwrap();
    assert_eq!(dispatch(&charm(), env, Killed).code(), 1);
    let said = SAID.with(RefCell::take);
    assert_eq!(said[0], "juju-log: this Juju has no such hook command");
    assert!(said[1].starts_with("TRACE {") && said[1].contains("sys_crash:hook start"), "{}", said[1]);
    assert_eq!(said[2..], ["ERROR hook start: state-get: killed by signal 9"]);
}

#[test]
fn a_missing_unit_name_is_an_error_where_it_is_used() {
    let charm = Made::new(|_, events| {
        events.on(&hook::start(), |_, _, cx| {
            cx.unit().name()?;
            Ok(())
        });
    });
    let (exit, calls) = run(&charm, &[("JUJU_DISPATCH_PATH", "hooks/start")]);
    assert_eq!(exit.code(), 1);
    let text = "juju-log --log-level ERROR -- hook start: environment variable JUJU_UNIT_NAME is not set";
    assert_eq!(calls[1..], [text]);
    assert!(calls[0].starts_with("juju-log --log-level TRACE -- {"), "{calls:?}");
}

#[test]
fn the_unsound_registration_fails_every_hook_and_says_why() {
    let charm = Made::new(|_, events| events.emits(&lasting()));
    let (exit, calls) = run(&charm, &[("JUJU_DISPATCH_PATH", "hooks/start")]);
    assert_eq!(exit.code(), 1);
    assert!(calls[1].contains("durable event test lasting (it::support::Lasting) has no handler"), "{calls:?}");
}

#[test]
fn a_unit_that_stops_keeps_what_is_pending_and_is_woken_for_nothing_any_more() {
    /// A machine with systemd, and a Juju that keeps state.
    #[derive(Clone, Default)]
    struct Machine(Rc<RefCell<(String, Vec<String>)>>);
    impl Transport for Machine {
        fn call(&self, call: &Call) -> io::Result<Output> {
            let (state, called) = &mut *self.0.borrow_mut();
            let stdout = match &*call.command {
                "state-get" if state.is_empty() => "{}".to_owned(),
                "state-get" => state.clone(),
                _ => String::new(),
            };
            match &call.stdin {
                // A line each, as in JSON but for the braces and commas around them.
                Some(stdin) => {
                    let lines: Vec<&str> = std::str::from_utf8(stdin).unwrap().lines().collect();
                    *state = format!("{{{}}}", lines.join(","));
                }
                None => called.push(format!("{} {}", call.command, call.args.join(" "))),
            }
            Ok(Output { ending: Ending::Exited(0), stdout: stdout.into_bytes(), stderr: Vec::new() })
        }
        fn debug(&self, _: &str) {}
        fn complain(&self, _: &str) {}
    }
    let charm = Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&hook::start(), |_, _, cx| Ok(cx.emit_durable(&lasting(), Lasting::new("a"))?));
        events.on(&lasting(), |_, _, _| Ok(Ack::After(Duration::from_secs(60))));
    });
    let machine = Machine::default();
    let run = |hook: &str| {
        let vars = [("JUJU_DISPATCH_PATH", hook), ("JUJU_UNIT_NAME", "app/0"), ("JUJU_CHARM_DIR", "/charm")];
        assert_eq!(dispatch(&charm, Env::from_vars(vars).unwrap(), machine.clone()).code(), 0);
        std::mem::take(&mut machine.0.borrow_mut().1)
    };
    let started = run("hooks/start").join("\n");
    assert!(started.contains("systemd-run --quiet --collect --unit=juju-ops-wake-app-0"), "{started}");
    let stopped = run("hooks/stop");
    assert_eq!(
        (stopped.len(), stopped[0].as_str(), stopped[2].as_str()),
        (3, "state-get --format=json", "state-delete -- juju-ops.wake.0")
    );
    assert!(stopped[1].starts_with("systemctl stop juju-ops-wake-app-0-"), "{stopped:?}");
}
