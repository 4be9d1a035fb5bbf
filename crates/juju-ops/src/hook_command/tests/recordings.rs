//! Against the recordings of Juju 3.6.28 that judge the simulator.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use expect_test::expect;
use serde_json::Value;

use super::*;

/// One call of a hook command, and what real Juju gave.
struct Recorded {
    argv: Vec<String>,
    code: i64,
    stdout: String,
    stderr: String,
}

fn recorded() -> Vec<Recorded> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../juju-sim/recordings");
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut calls = Vec::new();
    // The first two are about the client and about whole dispatches.
    for file in files.iter().filter(|file| !file.file_name().unwrap().to_string_lossy().starts_with('_')) {
        for line in fs::read_to_string(file).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let (asked, given) = (record["calls"].as_array().unwrap(), record["results"].as_array().unwrap());
            calls.extend(asked.iter().zip(given).filter_map(|(call, result)| {
                let argv: Option<Vec<String>> =
                    call["argv"].as_array()?.iter().map(|arg| Some(arg.as_str()?.to_owned())).collect();
                let help = result.get("stdout_len").is_some();
                Some(Recorded {
                    argv: argv.filter(|_| !help)?,
                    code: result["code"].as_i64()?,
                    stdout: result["stdout"].as_str()?.to_owned(),
                    stderr: result["stderr"].as_str()?.to_owned(),
                })
            }));
        }
    }
    assert!(calls.len() > 1000, "{}", calls.len());
    calls
}

/// The flags of a command line, by one name each, and the arguments that are none.
fn parts(argv: &[String]) -> (BTreeSet<String>, Vec<String>) {
    let (mut flags, mut rest) = (BTreeSet::new(), Vec::new());
    let mut args = argv[1..].iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            rest.extend(args.by_ref().cloned());
        } else if arg.starts_with('-') && arg.len() > 1 {
            let (name, value) = arg.split_once('=').map_or((&arg[..], None), |(name, value)| (name, Some(value)));
            let name = match name {
                "-r" => "--relation",
                "-o" => "--output",
                "-l" => "--log-level",
                "--application" if argv[0] == "secret-revoke" => "--app",
                name => name,
            };
            let takes = match name {
                "--app" => argv[0] == "secret-revoke",
                "--endpoints" => argv[0] != "opened-ports",
                "--relation" | "--file" | "--format" | "--label" | "--description" | "--owner" | "--expire"
                | "--rotate" | "--unit" | "-s" | "--log-level" | "--revision" | "--output" => true,
                _ => false,
            };
            let value = value.map(str::to_owned).or_else(|| if takes { args.next().cloned() } else { None });
            let shown = if name == "--format" || name == "--file" { value.as_deref() } else { None };
            flags.insert(shown.map_or_else(|| name.to_owned(), |value| format!("{name}={value}")));
        } else {
            rest.push(arg.clone());
        }
    }
    (flags, rest)
}

#[test]
fn every_command_line_is_one_that_juju_took() {
    let recorded = recorded();
    let mut strange = Vec::new();
    for command in all() {
        let transport = answering(|| Ok(output(0, b"", b"")));
        drop((command.run)(&transport));
        let calls = transport.calls.borrow();
        let argv: Vec<String> = std::iter::once(command.name.clone()).chain(calls[0].args.clone()).collect();
        let (flags, rest) = parts(&argv);
        let taken: Vec<_> = recorded
            .iter()
            .filter(|call| {
                call.argv[0] == command.name && (call.code == 0 || call.stderr.contains("no process to kill"))
            })
            .map(|call| parts(&call.argv))
            .collect();
        let unseen = |flag: &&String| !taken.iter().any(|(taken, _)| taken.contains(*flag));
        strange.extend(flags.iter().filter(unseen).map(|flag| format!("{}: {flag}", command.name)));
        if !taken.iter().any(|(_, taken)| taken.len() == rest.len()) {
            strange.push(format!("{}: {} arguments", command.name, rest.len()));
        }
    }
    strange.dedup();
    // These were not recorded; they are in the reference of hook commands.
    expect![[r#"
        network-get: --relation
        secret-add: --description"#]]
    .assert_eq(&strange.join("\n"));
}

/// What reads the answer of a recorded command line, if it is one of ours.
fn reader(flags: &BTreeSet<String>, argv: &[String], rest: &[String]) -> Option<Any> {
    let has = |flag: &str| flags.contains(flag);
    if !has("--format=json") || has("--output") {
        return None;
    }
    let whole = rest.iter().all(|arg| arg.is_empty() || arg == "-");
    Some(match (&argv[0][..], rest.len()) {
        ("relation-ids", _) => any(relation_ids("x")),
        ("relation-list", _) if has("--app") => any(relation_list_app(&relation())),
        ("relation-list", _) => any(relation_list(&relation())),
        ("relation-get", _) if rest.first().is_none_or(|key| key.is_empty() || key == "-") => {
            any(relation_get(&relation(), &unit()))
        }
        ("relation-model-get", _) => any(relation_model_get(&relation())),
        ("config-get", _) if rest.iter().all(String::is_empty) => any(config_get()),
        ("action-get", 0) => any(action_get()),
        ("state-get", _) if whole => any(state_get()),
        ("leader-get", _) if whole => any(leader_get()),
        ("is-leader", _) => any(is_leader()),
        ("status-get", _) if has("--application") && !argv.contains(&"--application=false".to_owned()) => {
            any(status_get_app())
        }
        ("status-get", _) => any(status_get()),
        ("network-get", _) if flags.iter().all(|flag| !flag.ends_with("ess") && !flag.ends_with("subnets")) => {
            any(network_get("x", None))
        }
        ("goal-state", _) => any(goal_state()),
        ("credential-get", _) => any(credential_get()),
        ("unit-get", _) => any(unit_get(UnitAddress::Public)),
        ("opened-ports", _) if has("--endpoints") => any(opened_ports_by_endpoint()),
        ("opened-ports", _) => any(opened_ports()),
        ("storage-list", _) => any(storage_list_all()),
        ("storage-get", _) if whole => any(storage_get(&"data/0".parse().unwrap())),
        ("secret-get", 0 | 1) => any(secret_get(&SecretRef::Id(secret()), SecretRevision::Tracked)),
        ("secret-info-get", _) => any(secret_info_get(&SecretRef::Id(secret()))),
        ("secret-ids", _) => any(secret_ids()),
        _ => return None,
    })
}

#[test]
fn every_answer_of_juju_is_read() {
    let (mut seen, mut count) = (BTreeMap::<String, BTreeSet<String>>::new(), 0);
    for call in recorded().into_iter().filter(|call| call.code == 0) {
        let (flags, rest) = parts(&call.argv);
        let reader = match &call.argv[0][..] {
            "secret-add" => Some(any(secret_add(SecretOwner::Unit, &content(), &SecretMetadata::default()))),
            "resource-get" => Some(any(resource_get("bin"))),
            _ => reader(&flags, &call.argv, &rest),
        };
        if let Some(reader) = reader {
            let stdout = call.stdout.replace("$CWD", "/cwd");
            let read = (reader.run)(&answering(|| Ok(output(0, stdout.as_bytes(), b""))));
            let read = read.unwrap_or_else(|error| panic!("{:?}: {stdout}: {error:?}", call.argv));
            seen.entry(reader.name).or_default().insert(read);
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
    let mut shown = String::new();
    for name in ["credential-get", "goal-state", "opened-ports", "resource-get", "secret-info-get", "storage-get"] {
        for read in &seen[name] {
            shown.push_str(&format!("{name}: {read}\n"));
        }
    }
    expect![[r#"
        credential-get: CloudSpec { kind: "lxd", name: "localhost", region: Some("localhost"), endpoint: Some("10.0.8.1"), identity_endpoint: None, storage_endpoint: None, credential: Some(CloudCredential { auth_type: "certificate", attributes: {"client-cert", "client-key"} }), ca_certificates: ["CA"], skip_tls_verify: false, is_controller_cloud: true }
        goal-state: GoalState { units: {UnitName { app: AppName("magpie"), number: 0 }: GoalStatus { status: "active", since: Some(SystemTime { tv_sec: 1767323045, tv_nsec: 0 }) }, UnitName { app: AppName("magpie"), number: 1 }: GoalStatus { status: "waiting", since: Some(SystemTime { tv_sec: 1767323046, tv_nsec: 0 }) }}, relations: {"db": {"postgresql": GoalStatus { status: "joined", since: Some(SystemTime { tv_sec: 1767323047, tv_nsec: 0 }) }, "postgresql/0": GoalStatus { status: "active", since: Some(SystemTime { tv_sec: 1767323048, tv_nsec: 0 }) }}, "magpie": {}} }
        goal-state: GoalState { units: {}, relations: {} }
        opened-ports: [OpenedPort { ports: PortRange { protocol: Icmp, first: 0, last: 0 }, endpoints: None }, OpenedPort { ports: PortRange { protocol: Tcp, first: 443, last: 443 }, endpoints: Some(["web"]) }, OpenedPort { ports: PortRange { protocol: Tcp, first: 8080, last: 8080 }, endpoints: None }, OpenedPort { ports: PortRange { protocol: Udp, first: 53, last: 53 }, endpoints: None }, OpenedPort { ports: PortRange { protocol: Udp, first: 1000, last: 2000 }, endpoints: None }]
        opened-ports: [PortRange { protocol: Icmp, first: 0, last: 0 }, PortRange { protocol: Tcp, first: 9, last: 9 }, PortRange { protocol: Tcp, first: 80, last: 90 }, PortRange { protocol: Tcp, first: 100, last: 100 }, PortRange { protocol: Udp, first: 80, last: 80 }]
        opened-ports: [PortRange { protocol: Tcp, first: 80, last: 80 }, PortRange { protocol: Tcp, first: 443, last: 443 }, PortRange { protocol: Udp, first: 1000, last: 2000 }]
        opened-ports: []
        resource-get: "/cwd/resources/bin.bin"
        resource-get: "/cwd/resources/content.yaml"
        secret-info-get: SecretInfo { id: SecretId("9m4e2mr0ui3e8a215n4g"), label: Some("db-pass"), revision: 2, owner: Application, description: Some("the db"), expiry: Some(SystemTime { tv_sec: 1927857906, tv_nsec: 0 }), rotation: Monthly, rotates: Some(SystemTime { tv_sec: 1893456000, tv_nsec: 0 }), access: [] }
        secret-info-get: SecretInfo { id: SecretId("9m4e2mr0ui3e8a215n4g"), label: Some("nl"), revision: 2, owner: Application, description: Some("nd"), expiry: Some(SystemTime { tv_sec: 1927857906, tv_nsec: 0 }), rotation: Monthly, rotates: Some(SystemTime { tv_sec: 1893456000, tv_nsec: 0 }), access: [] }
        secret-info-get: SecretInfo { id: SecretId("9m4e2mr0ui3e8a215n50"), label: Some("unit-sec"), revision: 1, owner: Unit, description: None, expiry: None, rotation: Never, rotates: None, access: [] }
        secret-info-get: SecretInfo { id: SecretId("9m4e2mr0ui3e8a215n60"), label: Some("new"), revision: 1, owner: Application, description: None, expiry: None, rotation: Never, rotates: None, access: [] }
        storage-get: StorageInfo { kind: Block, location: "/dev/sdb" }
        storage-get: StorageInfo { kind: Filesystem, location: "/srv/data" }
    "#]].assert_eq(&shown);
    let names: Vec<&str> = seen.keys().map(String::as_str).collect();
    expect!["action-get config-get credential-get goal-state is-leader leader-get network-get opened-ports relation-get relation-ids relation-list resource-get secret-add secret-get secret-ids secret-info-get state-get status-get storage-get storage-list unit-get"].assert_eq(&names.join(" "));
}

#[test]
fn every_failure_of_juju_means_what_it_should() {
    let mut meant = BTreeSet::new();
    for call in recorded().into_iter().filter(|call| call.code != 0) {
        let failure = || Ok(output(call.code as i32, b"", call.stderr.as_bytes()));
        let error = other(call.argv[0].clone(), [""; 0]).run(&answering(failure)).unwrap_err();
        let predicates = [
            ("gone", error.is_gone()),
            ("not found", error.is_not_found()),
            ("not leader", error.is_not_leader()),
            ("denied", error.is_permission_denied() && !error.is_not_leader()),
            ("exists", error.is_already_exists()),
            ("too large", error.is_too_large()),
            ("missing", error.is_missing_command()),
        ];
        let mut holding = predicates.iter().filter(|(_, holds)| *holds).map(|(name, _)| *name);
        if let Some(predicate) = holding.next() {
            let text = call.stderr.trim_end().trim_start_matches("ERROR ");
            meant.insert(format!("{predicate:10} {}: {text}", call.argv[0]));
            assert_eq!(holding.next(), None, "{text}");
        }
    }
    let lines: Vec<String> = meant.into_iter().collect();
    expect![[r#"
        denied     secret-get: permission denied
        exists     secret-add: secret with label "x" already exists
        gone       relation-get: invalid value "99" for option -r: relation not found
        gone       relation-get: permission denied
        gone       relation-list: invalid value "99" for option --relation: relation not found
        gone       relation-list: invalid value "99" for option -r: relation not found
        gone       relation-list: invalid value "magpie:99" for option -r: relation not found
        gone       relation-model-get: invalid value "99" for option -r: relation not found
        gone       relation-set: cannot read relation application settings: permission denied
        gone       relation-set: invalid value "99" for option -r: relation not found
        gone       secret-grant: invalid value "99" for option -r: relation not found
        gone       secret-revoke: invalid value "99" for option -r: relation not found
        missing    Is-leader: bad request: unknown command: Is-leader
        missing    add-metric: bad request: unknown command: add-metric
        missing    is_leader: bad request: unknown command: is_leader
        missing    juju-exec: bad request: unknown command: juju-exec
        missing    meter-status-get: bad request: unknown command: meter-status-get
        missing    open_port: bad request: unknown command: open_port
        missing    relation-created: bad request: unknown command: relation-created
        missing    secret-list: bad request: unknown command: secret-list
        missing    storage-set: bad request: unknown command: storage-set
        not found  network-get: no addresses attached to space for binding "bare"
        not found  network-get: no network config found for binding "bad"
        not found  network-get: no network config found for binding "none"
        not found  network-get: no network config found for binding "unknown"
        not found  relation-get: cannot read settings for unit "postgresql/77" in relation "magpie:db postgresql:db": unit "postgresql/77": settings not found
        not found  resource-get: could not download resource: HTTP request failed: Get http://controller/units/unit-magpie-0/resources: resource "resources" not found
        not found  secret-get: consumer label "db-pass" not found
        not found  secret-get: consumer label "none" not found
        not found  secret-get: secret "9m4e2mr0ui3e8a215nv0" not found
        not found  secret-get: secret URI "" not valid
        not found  secret-get: secret URI "-x" not valid
        not found  secret-get: secret URI "bad uri" not valid
        not found  secret-get: secret URI "secret:bad" not valid
        not found  secret-get: secret key value "user#file" not found
        not found  secret-grant: secret "9m4e2mr0ui3e8a215n4g" not found
        not found  secret-grant: secret "9m4e2mr0ui3e8a215nv0" not found
        not found  secret-grant: secret URI "bad" not valid
        not found  secret-info-get: secret "9m4e2mr0ui3e8a215n4g" not found
        not found  secret-info-get: secret "9m4e2mr0ui3e8a215nv0" not found
        not found  secret-info-get: secret "none" not found
        not found  secret-remove: secret URI "bad" not valid
        not found  secret-set: secret URI "bad" not valid
        not found  secret-set: secret URI "secret:9m4e2mr0ui3e8a215nzz" not valid
        not found  storage-get: invalid value "data/9" for option -s: storage "data/9" not found
        not found  storage-get: invalid value "late/3" for option -s: filesystem for storage "late/3" not provisioned
        not found  unit-get: public address not found
        not leader leader-set: cannot write leadership settings: cannot write settings: not the leader
        not leader relation-set: cannot write relation settings
        not leader secret-add: this unit is not the leader
        not leader status-set: this unit is not the leader
        too large  secret-add: base64 encoded secret content for key "abc" too large: 1048576 bytes
        too large  secret-add: base64 encoded secret content too large: 1600000 bytes
        too large  secret-add: secret content in file "$CWD/big" too large: 1048577 bytes
        too large  state-set: max allowed key length (256) exceeded
        too large  state-set: max allowed value length (65536) exceeded"#]].assert_eq(&lines.join("\n"));
}
