//! A context for the tests of the commands: fixed answers, and a record of what was written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Address, CloudCredential, CloudSpec, GoalState, GoalStatus, HookContext, Interface, Look, Network, PortRange,
    Reboot, Reply, RotatePolicy, SecretAccess, SecretChanges, SecretContent, SecretInfo, SecretOwner, SecretTarget,
    Settings, StatusInfo, StorageInfo, StorageKind, ToolOutput,
};

/// `wordpress/0` with relations 3 and 10 of the endpoint `db` to `mysql`.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) relation: Option<u32>,
    pub(super) remote_unit: Option<&'static str>,
    pub(super) storage: Option<&'static str>,
    pub(super) action: bool,
    pub(super) leader: Result<bool, String>,
    pub(super) config: BTreeMap<String, Option<Value>>,
    /// Of the unit, and of the leader as well.
    pub(super) state: Settings,
    pub(super) secret: SecretContent,
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
            storage: None,
            action: false,
            leader: Ok(true),
            config: config.into_iter().map(|(key, value)| (key.into(), Some(value).filter(|v| !v.is_null()))).collect(),
            state: settings(&[("four", "4"), ("none", "")]),
            secret: SecretContent(settings(&[("user", "YWRtaW4="), ("abc", "MQ==")])),
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
    fn hook_relation(&self) -> Option<u32> {
        self.relation
    }
    fn remote_unit(&self) -> Option<&str> {
        self.remote_unit
    }
    fn remote_app(&self) -> Option<&str> {
        self.relation.map(|_| "mysql")
    }
    fn hook_storage(&self) -> Option<&str> {
        self.storage
    }
    fn in_action(&self) -> bool {
        self.action
    }
    fn now(&self) -> u64 {
        1_800_000_000
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
    fn relation_model(&mut self, _id: u32) -> Result<String, String> {
        Ok("c0ffee00-0bad-400d-8000-4b1d0d06f00d".into())
    }
    fn unit_bag(&mut self, _id: u32, unit: &str) -> Result<Arc<Settings>, String> {
        match unit {
            "mysql/0" => Ok(settings(&[("name", "value"), ("k9", ""), ("k10", "<")]).into()),
            "stranger/0" => Err("permission denied".into()),
            _ => Ok(Arc::default()),
        }
    }
    fn app_bag(&mut self, _id: u32, app: &str) -> Result<Arc<Settings>, String> {
        Ok(settings(&[("app", app)]).into())
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
    fn leader_settings(&mut self) -> Result<Settings, String> {
        self.leader.clone().map_err(|text| format!("cannot read settings: {text}"))?;
        Ok(self.state.clone())
    }
    fn set_leader_settings(&mut self, changes: Settings) -> Result<(), String> {
        self.if_leader().map_err(|_| "cannot write settings: not the leader".to_owned())?;
        self.did(format!("set_leader_settings{}", listed(&changes)))
    }
    fn config(&mut self) -> Result<BTreeMap<String, Option<Value>>, String> {
        Ok(self.config.clone())
    }
    fn unit_status(&mut self) -> Result<StatusInfo, String> {
        Ok(StatusInfo { status: "active".into(), message: "doing".into(), ..StatusInfo::default() })
    }
    fn app_status(&mut self) -> Result<(StatusInfo, BTreeMap<String, StatusInfo>), String> {
        self.if_leader()?;
        let units = BTreeMap::from([("wordpress/0".to_owned(), self.unit_status()?)]);
        Ok((StatusInfo { status: "waiting".into(), ..StatusInfo::default() }, units))
    }
    fn set_unit_status(&mut self, status: &str, message: &str) -> Result<(), String> {
        self.did(format!("set_unit_status {status} {message:?}"))
    }
    fn set_app_status(&mut self, status: &str, message: &str) -> Result<(), String> {
        self.if_leader()?;
        self.did(format!("set_app_status {status} {message:?}"))
    }
    fn set_workload_version(&mut self, version: &str) -> Result<(), String> {
        self.did(format!("set_workload_version {version:?}"))
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
    fn network(&mut self, binding: &str, relation: Option<u32>) -> Result<Network, String> {
        self.did(format!("network {binding} {relation:?}"))?;
        let bind =
            |mac: &str, name: &str, addresses| Interface { mac_address: mac.into(), name: name.into(), addresses };
        Ok(match binding {
            "db" => Network {
                interfaces: vec![bind("00:16:3e:00:00:01", "eth0", vec![Address::new("10.0.0.5", "10.0.0.0/24")])],
                egress_subnets: vec!["10.0.0.5/32".into()],
                ingress_addresses: vec!["10.9.9.9".into()],
            },
            "bare" => Network { interfaces: vec![bind("", "lo", vec![])], ..Network::default() },
            _ => Network::default(),
        })
    }
    fn private_address(&mut self) -> Result<String, String> {
        Ok("10.0.0.5".into())
    }
    fn public_address(&mut self) -> Result<String, String> {
        Err("public address not found".into())
    }
    fn open_port(&mut self, endpoint: &str, range: PortRange) -> Result<(), String> {
        if range.from == 9000 {
            return Err(format!("cannot open {range} (unit \"wordpress/0\")"));
        }
        self.did(format!("open_port {endpoint:?} {range}"))
    }
    fn close_port(&mut self, endpoint: &str, range: PortRange) -> Result<(), String> {
        if range.from == 9000 {
            return Err(format!("cannot close {range} (unit \"wordpress/0\")"));
        }
        self.did(format!("close_port {endpoint:?} {range}"))
    }
    fn opened_ports(&mut self) -> Result<Vec<(String, PortRange)>, String> {
        let open = [
            ("", "80/udp"),
            ("b", "80-90/tcp"),
            ("b", "9/tcp"),
            ("", "icmp"),
            ("web", "80/tcp"),
            ("", "80/tcp"),
            ("a", "9/tcp"),
        ];
        let open = open.into_iter().filter(|_| self.relation.is_some());
        open.map(|(endpoint, range)| Ok((endpoint.to_owned(), range.parse()?))).collect()
    }
    fn storage_ids(&mut self) -> Result<Vec<String>, String> {
        Ok(["logs/2", "data/0", "data/1"].map(String::from).to_vec())
    }
    fn storage(&self, id: &str) -> Result<StorageInfo, String> {
        match id {
            "data/0" => Ok(StorageInfo { kind: StorageKind::Filesystem, location: "/srv/data".into() }),
            "data/1" => Ok(StorageInfo { kind: StorageKind::Block, location: "/dev/sdb".into() }),
            _ => Err(format!("storage {id:?} not found")),
        }
    }
    fn add_storage(&mut self, name: &str, count: u64) -> Result<(), String> {
        self.did(format!("add_storage {name} {count}"))
    }
    fn resource(&mut self, name: &str) -> Result<String, String> {
        if name == "bin" { Ok("/agent/resources/100%d".into()) } else { Err(format!("resource {name:?} not found")) }
    }
    fn add_secret(
        &mut self,
        owner: SecretOwner,
        content: SecretContent,
        changes: SecretChanges,
    ) -> Result<String, String> {
        self.if_leader()?;
        self.did(format!("add_secret {owner:?} {content:?} {changes:?}"))?;
        self.secret = content;
        Ok("9m4e2mr0ui3e8a215n60".into())
    }
    fn set_secret(&mut self, id: &str, content: Option<SecretContent>, changes: SecretChanges) -> Result<(), String> {
        self.did(format!("set_secret {id} {content:?} {changes:?}"))
    }
    fn secret_content(&mut self, id: Option<&str>, label: Option<&str>, look: Look) -> Result<SecretContent, String> {
        if let (None, Some("none")) = (id, label) {
            return Err("consumer label \"none\" not found".into());
        }
        self.did(format!("secret_content {id:?} {label:?} {look:?}"))?;
        Ok(self.secret.clone())
    }
    fn secret_info(&mut self, id: Option<&str>, label: Option<&str>) -> Result<(String, SecretInfo), String> {
        let bare = SecretInfo {
            revision: 1,
            label: String::new(),
            owner: SecretOwner::Unit,
            description: String::new(),
            rotation: None,
            expiry: None,
            rotates: None,
            access: vec![],
        };
        match (id, label) {
            (Some(id), None) => {
                let access = SecretAccess {
                    target: "application-mysql".into(),
                    scope: "relation-wordpress.db#mysql.server".into(),
                    role: "view".into(),
                };
                let info = SecretInfo {
                    revision: 2,
                    label: "db".into(),
                    owner: SecretOwner::Application,
                    description: "the db".into(),
                    rotation: Some(RotatePolicy::Monthly),
                    expiry: Some(1_927_857_906),
                    rotates: Some(1_893_456_000),
                    access: vec![access],
                };
                Ok((id.to_owned(), info))
            }
            (None, Some("bare")) => Ok(("9m4e2mr0ui3e8a215n50".into(), bare)),
            _ => Err(format!("secret {:?} not found", label.unwrap_or_default())),
        }
    }
    fn secret_ids(&mut self) -> Result<Vec<String>, String> {
        let ids = ["9m4e2mr0ui3e8a215n4g", "9m4e2mr0ui3e8a215n50"].map(String::from);
        Ok(if self.relation.is_some() { vec![] } else { ids.to_vec() })
    }
    fn grant_secret(&mut self, id: &str, relation: u32, unit: Option<&str>) -> Result<(), String> {
        self.did(format!("grant_secret {id} {relation} {unit:?}"))
    }
    fn revoke_secret(&mut self, id: &str, from: SecretTarget) -> Result<(), String> {
        self.did(format!("revoke_secret {id} {from:?}"))
    }
    fn remove_secret(&mut self, id: &str, revision: Option<u64>) -> Result<(), String> {
        self.did(format!("remove_secret {id} {revision:?}"))
    }
    fn goal_state(&mut self) -> Result<GoalState, String> {
        if self.relation.is_none() {
            return Ok(GoalState::default());
        }
        let status = |status: &str, since| GoalStatus { status: status.into(), since };
        let db = [
            ("mysql".to_owned(), status("joined", Some(1_767_323_045))),
            ("mysql/0".to_owned(), status("waiting", None)),
        ];
        Ok(GoalState {
            units: [("wordpress/0".to_owned(), status("active", Some(1_767_323_045)))].into(),
            relations: [("db".to_owned(), db.into()), ("cache".to_owned(), BTreeMap::new())].into(),
        })
    }
    fn cloud_spec(&mut self) -> Result<CloudSpec, String> {
        self.leader.clone()?;
        let credential = CloudCredential {
            auth_type: "certificate".into(),
            attributes: settings(&[("client-cert", "C")]),
            redacted: vec![],
        };
        Ok(CloudSpec {
            kind: "lxd".into(),
            name: "localhost".into(),
            endpoint: "10.0.8.1".into(),
            credential: Some(credential),
            ca_certificates: vec!["CA".into()],
            is_controller_cloud: true,
            ..CloudSpec::default()
        })
    }
    fn reboot(&mut self, when: Reboot) -> Result<(), String> {
        if self.action {
            return Err("juju-reboot is not supported when running an action.".into());
        }
        self.did(format!("reboot {when:?}"))
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
