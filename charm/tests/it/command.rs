//! The executable as a command, where no network is wanted.

use std::process::{Command, Output};

use crate::net;

fn check(args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = Command::new(net::magpie()).arg("check").args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn what_is_wrong_with_the_arguments_is_told() {
    for (args, says) in [
        (&[][..], "Usage: magpie check"),
        (&["ping"], "required arguments were not provided"),
        (&["ping", "nowhere"], "invalid value 'nowhere'"),
        (&["ping", "10.0.0.1", "--tries", "0"], "0 is not in 1..=1000"),
        (&["ping", "10.0.0.1", "--interval", "NaN"], "not a number of seconds from 0 to 3600"),
        (&["iperf", "10.0.0.1", "--min-speed", "fast"], "is neither a number of mbit/s nor a percentage such as 80%"),
        (
            &["dns", "10.0.0.1", "--server", "ns1"],
            "--server \"ns1\": is not the address of a server, such as 10.0.0.53",
        ),
        (&["ping", "10.0.0.1", "--timeout", "0"], "nothing happens in no time"),
        (&["mtu", "10.0.0.1", "--most", "0"], "0 is not in 68..=65535"),
    ] {
        let (code, stdout, stderr) = check(args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
}

#[test]
fn port_states_are_told_in_words() {
    let (code, text, _) = check(&["lacp", "63"]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("activity: active LACP\ntimeout: short\n"), "{text}");
    let (code, text, _) = check(&["lacp", "7", "13"]);
    let lines = "timeout: short here, long there\nsynchronization: link out of sync here, link in sync there\n";
    assert_eq!((code, text.as_str()), (Some(1), lines));
    let (code, text, _) = check(&["lacp", "7", "7"]);
    assert_eq!((code, text.as_str()), (Some(1), "no difference\nbut it takes no part in its aggregate\n"));
    let (code, text, _) = check(&["lacp", "63", "63", "--format=json"]);
    let port: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &port["is_up"], &port["partner"]), (Some(0), &true.into(), &63.into()));
}

#[test]
fn loopback_answers_and_json_is_json() {
    let (_, text, _) = check(&["route", "127.0.0.1", "--format", "json"]);
    let routes: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&routes[0]["interface"], &routes[0]["host"]), (&"lo".into(), &"127.0.0.1".into()));
    let (code, text, _) = check(&["iperf", "127.0.0.1", "--port", "1", "--format=json"]);
    let failed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, Some(2));
    assert!(failed["error"].as_str().unwrap().starts_with("127.0.0.1: cannot be connected to"), "{failed}");
    let (code, _, stderr) = check(&["iperf", "127.0.0.1", "--port", "1"]);
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("magpie: 127.0.0.1: cannot be connected to"), "{stderr}");
    let (code, text, _) = check(&["bonds", "nobond0"]);
    assert_eq!((code, text.as_str()), (Some(1), "nobond0: missing\n"));
}

#[test]
fn without_such_a_word_it_is_the_charm() {
    let output = Command::new(net::magpie()).env_clear().arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("The `dispatch` of a Juju charm") && text.contains("`check --help`"), "{text}");
}
