//! A context for the tests of the commands: fixed answers, and a record of what was written.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::{BindAddress, HookContext, NetworkInfo, Reply, Settings, StatusInfo, ToolOutput};

/// `wordpress/0` with relations 3 and 10 of the endpoint `db` to `mysql`.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) relation: Option<u32>,
    pub(super) remote_unit: Option<&'static str>,
    pub(super) action: bool,
    pub(super) leader: Result<bool, String>,
    pub(super) config: BTreeMap<String, Option<Value>>,
    pub(super) state: Settings,
    /// Every effect.
    pub(super) calls: Vec<String>,
}

impl Fake {
    pub(super) fn new() -> Self {
        let config =
            [("title", json!("My Title")), ("count", json!(1_000_000)), ("flag", json!(true)), ("unset", json!(null))];
        Fake {
            relation: None,
            remote_unit: None,
            action: false,
            leader: Ok(true),
            config: config.into_iter().map(|(key, value)| (key.into(), Some(value).filter(|v| !v.is_null()))).collect(),
            state: settings(&[("four", "4"), ("none", "")]),
            calls: Vec::new(),
        }
    }

    pub(super) fn in_relation() -> Self {
        Fake { relation: Some(3), remote_unit: Some("mysql/0"), ..Fake::new() }
    }

    pub(super) fn in_action() -> Self {
        Fake { action: true, ..Fake::new() }
    }

    fn did(&mut self, call: String) -> Result<(), String> {
        self.calls.push(call);
        Ok(())
    }

    fn if_action(&self) -> Result<(), String> {
        if self.action { Ok(()) } else { Err("not running an action".into()) }
    }

    fn if_leader(&self) -> Result<(), String> {
        if self.leader == Ok(true) { Ok(()) } else { Err("this unit is not the leader".into()) }
    }
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn listed(settings: &Settings) -> String {
    settings.iter().map(|(key, value)| format!(" {key}={value}")).collect()
}

impl HookContext for Fake {
    fn unit(&self) -> &str {
        "wordpress/0"
    }
    fn hook_relation(&self) -> Option<u32> {
        self.relation
    }
    fn remote_unit(&self) -> Option<&str> {
        self.remote_unit
    }
    fn remote_app(&self) -> Option<&str> {
        self.relation.map(|_| "mysql")
    }
    fn in_action(&self) -> bool {
        self.action
    }
    fn relation_endpoint(&self, id: u32) -> Option<String> {
        [3, 10].contains(&id).then(|| "db".into())
    }
    fn relation_ids(&mut self, endpoint: &str) -> Result<Vec<u32>, String> {
        Ok(if endpoint == "db" { vec![3, 10] } else { vec![] })
    }
    fn relation_members(&mut self, id: u32) -> Result<Vec<String>, String> {
        Ok(if id == 3 { ["mysql/0", "mysql/2", "mysql/10"].map(String::from).to_vec() } else { vec![] })
    }
    fn relation_app(&mut self, _id: u32) -> Result<String, String> {
        Ok("mysql".into())
    }
    fn unit_bag(&mut self, _id: u32, unit: &str) -> Result<Settings, String> {
        match unit {
            "mysql/0" => Ok(settings(&[("name", "value"), ("k9", ""), ("k10", "<")])),
            "stranger/0" => Err("permission denied".into()),
            _ => Ok(Settings::new()),
        }
    }
    fn app_bag(&mut self, _id: u32, app: &str) -> Result<Settings, String> {
        Ok(settings(&[("app", app)]))
    }
    fn write_unit_bag(&mut self, id: u32, changes: Settings) -> Result<(), String> {
        self.did(format!("write_unit_bag {id}{}", listed(&changes)))
    }
    fn write_app_bag(&mut self, id: u32, changes: Settings) -> Result<(), String> {
        self.did(format!("write_app_bag {id}{}", listed(&changes)))
    }
    fn is_leader(&mut self) -> Result<bool, String> {
        self.leader.clone()
    }
    fn config(&mut self) -> Result<BTreeMap<String, Option<Value>>, String> {
        Ok(self.config.clone())
    }
    fn unit_status(&mut self) -> Result<StatusInfo, String> {
        Ok(StatusInfo { status: "active".into(), message: "doing".into() })
    }
    fn app_status(&mut self) -> Result<(StatusInfo, BTreeMap<String, StatusInfo>), String> {
        self.if_leader()?;
        let units = BTreeMap::from([("wordpress/0".to_owned(), self.unit_status()?)]);
        Ok((StatusInfo { status: "waiting".into(), message: String::new() }, units))
    }
    fn set_unit_status(&mut self, status: &str, message: &str) -> Result<(), String> {
        self.did(format!("set_unit_status {status} {message:?}"))
    }
    fn set_app_status(&mut self, status: &str, message: &str) -> Result<(), String> {
        self.if_leader()?;
        self.did(format!("set_app_status {status} {message:?}"))
    }
    fn state(&mut self) -> Result<Settings, String> {
        Ok(self.state.clone())
    }
    fn set_state(&mut self, key: &str, value: &str) -> Result<(), String> {
        if key == "too-long" {
            return Err("max allowed key length (256) exceeded".into());
        }
        self.did(format!("set_state {key}={value}"))
    }
    fn delete_state(&mut self, key: &str) -> Result<(), String> {
        self.did(format!("delete_state {key}"))
    }
    fn network(&mut self, binding: &str, relation: Option<u32>) -> Result<NetworkInfo, String> {
        self.did(format!("network {binding} {relation:?}"))?;
        let bind = |mac: &str, name: &str, addresses| BindAddress {
            mac_address: mac.into(),
            interface_name: name.into(),
            addresses,
        };
        Ok(match binding {
            "db" => NetworkInfo {
                bind_addresses: vec![bind(
                    "00:16:3e:00:00:01",
                    "eth0",
                    vec![("10.0.0.5".into(), "10.0.0.0/24".into())],
                )],
                egress_subnets: vec!["10.0.0.5/32".into()],
                ingress_addresses: vec!["10.9.9.9".into()],
            },
            "bare" => NetworkInfo { bind_addresses: vec![bind("", "lo", vec![])], ..NetworkInfo::default() },
            _ => NetworkInfo::default(),
        })
    }
    fn log(&mut self, level: &str, message: &str) {
        self.calls.push(format!("log {level} {message}"));
    }
    fn action_params(&mut self) -> Result<Value, String> {
        self.if_action()?;
        Ok(json!({"file": {"name": "x", "sizes": [1, "2"]}, "big": 1_000_000}))
    }
    fn set_action_result(&mut self, path: &[String], value: &str) -> Result<(), String> {
        self.if_action()?;
        self.did(format!("set_action_result {path:?}={value}"))
    }
    fn fail_action(&mut self, message: &str) -> Result<(), String> {
        self.if_action()?;
        self.did(format!("fail_action {message}"))
    }
    fn log_action(&mut self, message: &str) -> Result<(), String> {
        self.if_action()?;
        self.did(format!("log_action {message}"))
    }
}

fn reply(fake: &mut Fake, argv: &[String], stdin: Option<&[u8]>) -> Reply {
    super::run(fake, argv, Path::new("/nowhere"), stdin)
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(String::from).collect()
}

/// Runs a command whose arguments have no spaces.
pub(super) fn run(fake: &mut Fake, line: &str, stdin: Option<&[u8]>) -> ToolOutput {
    match reply(fake, &words(line), stdin) {
        Reply::Done(output) => output,
        other => panic!("{line}: {other:?}"),
    }
}

/// Whether a command without standard input asks for it.
pub(super) fn needs_stdin(fake: &mut Fake, line: &str) -> bool {
    reply(fake, &words(line), None) == Reply::NeedsStdin
}

/// Runs a command whose arguments have no spaces and compares all it gives back.
pub(super) fn check(fake: &mut Fake, line: &str, stdin: Option<&[u8]>, code: i32, stdout: &str, stderr: &str) {
    let output = run(fake, line, stdin);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.code, &*out, &*err), (code, stdout, stderr), "{line}");
}

/// As [`check`], with any arguments.
pub(super) fn check_args(
    fake: &mut Fake,
    name: &str,
    args: &[&str],
    stdin: Option<&[u8]>,
    code: i32,
    stdout: &str,
    stderr: &str,
) {
    let argv: Vec<String> = [name].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let Reply::Done(output) = reply(fake, &argv, stdin) else { panic!("{argv:?} did not run") };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.code, &*out, &*err), (code, stdout, stderr), "{argv:?}");
}
