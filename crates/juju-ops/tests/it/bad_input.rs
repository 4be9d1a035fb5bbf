//! Hook commands that are absent, fail, are killed, or print what they should not.

use juju_ops::action::{self, Action};
use juju_ops::{Ack, Outcome, Status, hook};
use juju_sim::{Fault, Target, ToolOutput, World};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Lasting, Made, lasting, tick};

#[derive(Deserialize)]
struct Config {
    size: u32,
}

/// A charm that uses every hook command in `update-status`, and writes.
fn busy() -> Made {
    Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&lasting(), |_, _, _| Ok(Ack::NotYet));
        events.on(&hook::update_status(), |_, _, cx| {
            let config: Config = cx.config()?;
            assert_eq!(config.size, 3);
            cx.network("peers", None)?;
            for relation in cx.relations("peers")? {
                relation.members()?;
                relation.own_bag()?.set("key", "value")?;
                if let Some(leader) = cx.app().leader()? {
                    relation.own_app_bag(&leader)?.set("key", "value")?;
                }
            }
            cx.emit_durable(&lasting(), Lasting::new("a"))?;
            Ok(cx.unit().set_status(Status::active("well"))?)
        });
        events.on(&action::run::<Value>("go"), |_, _: &Action<Value>, _| Ok(Outcome::completed().with("a", 1)?));
    })
}

const READ: [&str; 7] =
    ["state-get", "config-get", "network-get", "relation-ids", "relation-list", "relation-get", "is-leader"];
const WRITE: [&str; 3] = ["relation-set", "state-set", "status-set"];

fn answer(command: &str, code: i32, stdout: &[u8], stderr: &[u8]) -> Fault {
    let output = ToolOutput { code, stdout: stdout.to_vec(), stderr: stderr.to_vec() };
    Fault::Answer { to: Target::Command(command.to_owned()), output }
}

/// Runs `update-status` with the fault: it fails, says so naming the command, and leaves nothing.
fn fails(juju: &mut World, fault: Fault, command: &str) -> String {
    juju.inject("app/0", fault).unwrap();
    let run = tick(juju);
    let text = run.log().last().map(|(level, text)| format!("{level} {text}")).unwrap_or_default();
    assert_eq!(juju.status("app/0"), ("error", "hook failed: \"update-status\""), "{command}");
    assert!(text.starts_with("ERROR ") && text.contains(command), "{command}: {text}");
    assert!(juju.state("app/0").is_empty(), "{command}");
    assert_eq!(juju.bag("peers", "app/0").unwrap().get("key"), None, "{command}");
    assert!(juju.bag("peers", "app").unwrap().is_empty(), "{command}");
    text
}

#[test]
fn a_command_that_fails_fails_the_hook_with_its_text() {
    for command in READ.into_iter().chain(WRITE) {
        let mut juju = busy().deploy();
        let text = fails(&mut juju, answer(command, 1, b"", b"ERROR permission denied\n"), command);
        assert!(text.ends_with(": permission denied"), "{text}");
    }
}

#[test]
fn a_command_that_is_absent_fails_the_hook() {
    for command in READ.into_iter().chain(WRITE) {
        fails(&mut busy().deploy(), Fault::Absent(command.to_owned()), command);
    }
}

#[test]
fn output_that_is_none_of_the_command_fails_the_hook() {
    let megabytes = vec![b'['; 8 << 20];
    let outputs: [&[u8]; 7] =
        [b"", b"{\"half\": ", b"rubbish", b"\xff\xfe\"", b"{\"a\": {\"b\": [1]}} {", b"[[1]]", &megabytes];
    for command in READ {
        for output in outputs {
            let text = fails(&mut busy().deploy(), answer(command, 0, output, b""), command);
            assert!(text.contains("unexpected output"), "{text}");
            assert!(text.len() < 1000);
        }
    }
}

#[test]
fn a_status_that_cannot_be_read_is_set_and_fails_nothing() {
    for fault in [answer("status-get", 1, b"", b"ERROR not today\n"), answer("status-get", 0, b"rubbish", b"")] {
        let mut juju = busy().deploy();
        juju.inject("app/0", fault).unwrap();
        let run = tick(&mut juju);
        assert_eq!(juju.status("app/0"), ("active", "well"));
        assert!(run.log().any(|(level, text)| level == "WARNING" && text.contains("status-get")), "{run}");
        assert_eq!(juju.bag("peers", "app/0").unwrap()["key"], "value");
    }
}

#[test]
fn an_answer_that_is_long_and_wrong_is_told_briefly() {
    let long = format!("\"{}\"", "secret ".repeat(1 << 20));
    for command in READ {
        let text = fails(&mut busy().deploy(), answer(command, 0, long.as_bytes(), b""), command);
        assert!(text.len() < 1000 && !text.contains("secret"), "{}", &text[..text.len().min(500)]);
    }
}

#[test]
fn a_list_that_go_prints_as_null_is_empty() {
    let mut juju = busy().deploy();
    let network = br#"{"bind-addresses":null,"egress-subnets":null,"ingress-addresses":null}"#;
    juju.inject("app/0", answer("network-get", 0, network, b"")).unwrap();
    tick(&mut juju);
    assert_eq!(juju.status("app/0").current, "active");
}

#[test]
fn names_that_are_none_fail_the_hook() {
    for (command, output) in
        [("relation-ids", r#"["peers"]"#), ("relation-list", r#"["../../etc"]"#), ("relation-ids", "[7]")]
    {
        fails(&mut busy().deploy(), answer(command, 0, output.as_bytes(), b""), command);
    }
}

#[test]
fn a_log_that_cannot_be_written_does_not_fail_the_hook() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |_, _, _| {
            log::info!("one");
            log::warn!("two");
            Ok(())
        });
    });
    let mut juju = charm.deploy();
    juju.inject("app/0", answer("juju-log", 1, b"", b"ERROR no log today\n")).unwrap();
    let run = tick(&mut juju);
    let log: Vec<(&str, &str)> = run.log().collect();
    assert_eq!(log, [("WARNING", "juju-log: no log today"), ("WARNING", "INFO one"), ("WARNING", "WARNING two")]);
    assert_ne!(juju.status("app/0").current, "error");
}

#[test]
fn an_action_whose_commands_fail_is_failed_and_leaves_the_unit_well() {
    for command in ["action-get", "action-set"] {
        let mut juju = busy().deploy();
        juju.inject("app/0", answer(command, 1, b"", b"ERROR nothing today\n")).unwrap();
        let done = juju.run_action("app/0", "go", json!({})).unwrap();
        assert_eq!(done.status, "failed", "{command}: {done:?}");
        assert_ne!(juju.status("app/0").current, "error");
    }
}

#[test]
fn an_error_does_not_repeat_what_was_written() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |_, _, cx| {
            cx.state("test").set(&"hunter2")?;
            for relation in cx.relations("peers")? {
                relation.own_bag()?.set("password", "hunter2")?;
            }
            Ok(())
        });
    });
    for command in ["state-set", "relation-set"] {
        let mut juju = charm.deploy();
        juju.inject("app/0", answer(command, 1, b"", b"ERROR no\n")).unwrap();
        let run = tick(&mut juju);
        assert!(run.log().all(|(_, text)| !text.contains("hunter2")));
        assert!(run.commands().all(|command| command.argv.iter().all(|arg| !arg.contains("hunter2"))));
    }
}
