//! What a test author does wrong, and what is said then.

use expect_test::{Expect, expect};
use juju_sim::{
    Charm, Deployment, Fault, Network, On, PortRange, ProgramEnd, Protocol, Revision, SimError, Target, World,
};
use serde_json::json;

fn check(text: &str, expected: &Expect) {
    assert!(!text.contains('\n'), "more than one line: {text}");
    expected.assert_eq(text);
}

fn parsed(metadata: &str, config: Option<&str>, actions: Option<&str>) -> String {
    Charm::parse(metadata, config, actions).map(drop).unwrap_err().to_string()
}

#[test]
fn a_project_that_is_not_there_is_said_to_have_neither_file() {
    let error = Charm::from_project("/nonexistent").unwrap_err();
    check(&error.to_string(), &expect!["invalid charm: neither charmcraft.yaml nor metadata.yaml is in /nonexistent"]);
    let error = Charm::from_dir("/nonexistent").unwrap_err();
    check(&error.to_string(), &expect!["invalid charm: metadata.yaml is not in /nonexistent"]);
}

#[test]
fn an_error_shows_its_cause_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("metadata.yaml"), "name: [x").unwrap();
    let error = Charm::from_dir(dir.path()).unwrap_err().to_string();
    check(
        &error.replace(&*dir.path().to_string_lossy(), "DIR"),
        &expect![
            "invalid charm: DIR/metadata.yaml:2: column 1: not YAML: while parsing a flow sequence, expected ',' or ']'"
        ],
    );
    std::fs::write(dir.path().join("metadata.yaml"), b"\xff\xfe").unwrap();
    let error = Charm::from_dir(dir.path()).unwrap_err().to_string();
    check(
        &error.replace(&*dir.path().to_string_lossy(), "DIR"),
        &expect!["invalid charm: DIR/metadata.yaml: the text is not UTF-8"],
    );
}

#[test]
fn metadata_of_every_wrong_shape_says_what_is_wrong() {
    for (metadata, expected) in [
        (
            "",
            expect![
                "invalid charm: metadata.yaml:1: metadata: expected a map with name, summary, description and more, got nothing"
            ],
        ),
        (
            "[a]",
            expect![
                "invalid charm: metadata.yaml:1: metadata: expected a map with name, summary, description and more, got a list"
            ],
        ),
        ("name: {a: b}", expect!["invalid charm: metadata.yaml:1: name: expected a string, got a map"]),
        (
            "name: Not A Name",
            expect![[
                r#"invalid charm: metadata.yaml:1: bad charm name "Not A Name": a charm's name starts with a lower-case letter and has lower-case letters and digits, in parts joined by dashes of which each has a letter"#
            ]],
        ),
        (
            "{name: m, peers: x}",
            expect![
                "invalid charm: metadata.yaml:1: peers: expected a map of endpoint names, each with its interface, got a string"
            ],
        ),
        (
            "{name: m, peers: {x: 3}}",
            expect![
                "invalid charm: metadata.yaml:1: endpoint x of peers: expected an interface name or a map with interface, limit, optional, scope, got an integer"
            ],
        ),
        (
            "{name: m, peers: {x: {}}}",
            expect!["invalid charm: metadata.yaml:1: endpoint x of peers: interface is missing"],
        ),
        (
            "{name: m, provides: {x: {interface: i, scope: everywhere}}}",
            expect!["invalid charm: metadata.yaml:1: endpoint x of provides: scope: expected global or container"],
        ),
        (
            "{name: m, requires: {x: {interface: i, limit: many}}}",
            expect!["invalid charm: metadata.yaml:1: endpoint x of requires: limit: expected an integer, got a string"],
        ),
        (
            "{name: m, requires: {juju-x: {interface: i}}}",
            expect![[
                r#"invalid charm: metadata.yaml:1: bad endpoint name "juju-x" of requires: Juju keeps juju and juju-… for itself"#
            ]],
        ),
        (
            "{name: m, subordinate: true}",
            expect![
                "invalid charm: metadata.yaml:1: subordinate: a subordinate charm needs an endpoint in requires with scope container"
            ],
        ),
        (
            "{name: m, containers: {c: {resource: r}}}",
            expect!["invalid charm: metadata.yaml:1: containers: Kubernetes charms are not simulated"],
        ),
        (
            "{name: m, storage: {data: {type: tape}}}",
            expect!["invalid charm: metadata.yaml:1: storage data: type: expected filesystem or block"],
        ),
        (
            "{name: m, storage: [data]}",
            expect!["invalid charm: metadata.yaml:1: storage: expected a map of storage names, got a list"],
        ),
        (
            "{name: m, resources: {r: {type: file}}}",
            expect![
                "invalid charm: metadata.yaml:1: resource r: filename is missing, which a resource of type file needs"
            ],
        ),
        (
            "{name: m, peers: {x: {interface: i}}, provides: {x: {interface: i}}}",
            expect!["invalid charm: metadata.yaml:1: endpoint x is in both peers and provides"],
        ),
    ] {
        check(&parsed(metadata, None, None), &expected);
    }
}

#[test]
fn config_and_actions_of_every_wrong_shape_say_what_is_wrong() {
    let name = "name: m";
    for (config, expected) in [
        (
            "options: 3",
            expect!["invalid charm: config.yaml:1: options: expected a map of option names, got an integer"],
        ),
        (
            "options: {a: string}",
            expect![
                "invalid charm: config.yaml:1: option a: expected a map with type, default, description, got a string"
            ],
        ),
        (
            "options: {a: {type: text}}",
            expect![[
                r#"invalid charm: config.yaml:1: option a: type: expected string, int, float, boolean or secret, got "text""#
            ]],
        ),
        (
            "options: {a: {type: int, default: one}}",
            expect!["invalid charm: config.yaml:1: option a: default: expected int, got a string"],
        ),
    ] {
        check(&parsed(name, Some(config), None), &expected);
    }
    for (actions, expected) in [
        ("[a]", expect!["invalid charm: actions.yaml:1: actions: expected a map of action names, got a list"]),
        (
            "{Act: {description: d}}",
            expect![[
                r#"invalid charm: actions.yaml:1: bad action name "Act": an action's name has lower-case letters, digits and, not at its ends, dashes"#
            ]],
        ),
        (
            "{act: {params: 3}}",
            expect!["invalid charm: actions.yaml:1: action act: params: expected a map of names, got an integer"],
        ),
        (
            "{act: {params: {size: {type: number-ish}}}}",
            expect![[
                r#"invalid charm: actions.yaml:1: action act: params.size.type: expected one of array, boolean, integer, number, null, object, string, got "number-ish""#
            ]],
        ),
        (
            "{act: {params: {size: {$ref: '#/x'}}}}",
            expect![
                "invalid charm: actions.yaml:1: action act: params.size: key $ref is not allowed in an action's schema"
            ],
        ),
        (
            "{juju-act: {description: d}}",
            expect![[
                r#"invalid charm: actions.yaml:1: bad action name "juju-act": Juju keeps juju and juju-… for itself"#
            ]],
        ),
    ] {
        check(&parsed(name, None, Some(actions)), &expected);
    }
}

#[test]
fn text_that_is_nested_without_end_is_refused_at_once() {
    for open in ["[", "{a: ", "- "] {
        let error = parsed(&open.repeat(200_000 / open.len()), None, None);
        assert!(error.len() < 200, "{error}");
    }
}

fn deployed(metadata: &str, config: Option<&str>, actions: Option<&str>) -> World {
    let charm = Charm::parse(metadata, config, actions).unwrap();
    let mut juju = World::new(0);
    juju.deploy("m", Revision::in_process(charm, |_| ProgramEnd::Exit(0))).unwrap();
    juju
}

fn refused<T>(result: Result<T, SimError>) -> String {
    result.map(drop).unwrap_err().to_string()
}

#[test]
fn options_of_a_wrong_type_are_told_in_jujus_words() {
    let mut juju = deployed("name: m", Some("options: {n: {type: int}, s: {type: secret}}"), None);
    check(&refused(juju.set_config("m", "n", Some(json!("one")))), &expect![[r#"set option "n": expected int"#]]);
    check(&refused(juju.set_config("m", "n", Some(json!([1])))), &expect![[r#"set option "n": expected int"#]]);
    assert!(juju.set_config("m", "s", Some(json!("secret:d40pvrhp1fdmpe2qcjc0"))).is_ok());
    check(
        &refused(juju.set_config("m", "s", Some(json!("secret:abc")))),
        &expect![[r#"set option "s": expected secret"#]],
    );
    check(
        &refused(juju.set_config("m", "s", Some(json!("hunter2")))),
        &expect![[r#"set option "s": expected secret"#]],
    );
    check(&refused(juju.set_config("m", "none", Some(json!(1)))), &expect![[r#"set option "none": no such option"#]]);
    check(&refused(juju.set_config("other", "n", Some(json!(1)))), &expect![[r#"no application "other""#]]);
}

#[test]
fn deployments_of_every_wrong_shape_say_what_is_wrong() {
    let metadata = "{name: m, storage: {data: {type: filesystem}}, requires: {db: {interface: i}}}";
    let of = || {
        let charm = Charm::parse(metadata, Some("options: {n: {type: int}}"), None).unwrap();
        Deployment::of(Revision::in_process(charm, |_| ProgramEnd::Exit(0)))
    };
    for (deployment, expected) in [
        (of().config("n", "x"), expect![[r#"set option "n": expected int"#]]),
        (of().config("m", 1), expect![[r#"set option "m": no such option"#]]),
        (of().bind("none", "alpha"), expect![[r#"deploy app: the charm has no endpoint or extra binding "none""#]]),
        (of().bind("db", "nowhere"), expect![[r#"deploy app: there is no space "nowhere""#]]),
        (of().storage("none", 1), expect![[r#"deploy app: the charm has no storage "none""#]]),
        (of().storage("data", 0), expect![[r#"deploy app: storage "data": 1 instances required, 0 specified"#]]),
        (
            of().storage("data", 2),
            expect![[r#"deploy app: storage "data": at most 1 instances supported, 2 specified"#]],
        ),
        (of().resource("none", "x"), expect![[r#"deploy app: the charm has no resource "none""#]]),
    ] {
        check(&refused(World::new(0).deploy("app", deployment)), &expected);
    }
    check(
        &refused(World::new(0).deploy("No Name", of())),
        &expect!["deploy No Name: this is no name for an application"],
    );
    let mut juju = World::new(0);
    juju.deploy("app", of()).unwrap();
    check(&refused(juju.deploy("app", of())), &expect!["deploy app: there is one of this name already"]);
    check(
        &refused(juju.integrate("app:db", "nobody:db")),
        &expect![[r#"integrate app:db nobody:db: no application "nobody""#]],
    );
    check(&refused(juju.integrate("app:db", "app:db")), &expect!["integrate app:db app:db: no relations found"]);
}

#[test]
fn an_application_played_by_the_test_cannot_do_what_juju_forbids() {
    let metadata = "{name: m, requires: {db: {interface: pg}}}";
    let mut juju = deployed(metadata, None, None);
    let db = juju.play("pg", "m:db").unwrap();
    juju.settle().unwrap();
    check(
        &refused(juju.run_hook("pg/0", On::update_status())),
        &expect!["run update-status on pg/0: the test plays this unit: it has no code"],
    );
    check(&refused(juju.integrate("m:db", "pg:db")), &expect!["integrate m:db pg:db: they are related already"]);
    check(
        &refused(juju.add_secret("pg/0", &[("Password", "x")])),
        &expect![[r#"set the content of a secret: key "Password" not valid"#]],
    );
    check(&refused(juju.add_secret("pg/0", &[])), &expect!["set the content of a secret: there is none"]);
    check(
        &refused(juju.write_bag(db, "pg/0", [("", "x")])),
        &expect![[r#"write into a bag of relation "m:db pg:db": a key is empty"#]],
    );
    check(&refused(juju.add_secret("nobody/0", &[("password", "x")])), &expect![[r#"no unit "nobody/0""#]]);
    check(&refused(juju.write_bag(db, "other/0", [("a", "b")])), &expect!["other/0 has no bag in relation 0"]);
    check(&refused(juju.write_bag("m:none", "pg/0", [("a", "b")])), &expect!["no relation m:none"]);
}

#[test]
fn a_refused_commit_that_ends_a_test_is_told_in_its_own_words() {
    let charm = Charm::parse("name: m", None, None).unwrap();
    let revision = Revision::in_process(charm, |hook| {
        // More than Juju keeps for a unit, which it says only when the hook is over.
        for key in 0..40 {
            let argv = ["state-set".to_owned(), format!("k{key}={}", "x".repeat(60_000))];
            assert_eq!(hook.tools.call(&argv, None).code, 0);
        }
        ProgramEnd::Exit(0)
    });
    let mut juju = World::new(0);
    juju.deploy("m", revision).unwrap();
    check(
        &refused(juju.settle()),
        &expect![[
            r#"m/0 is in error: hook failed: "install": persisting charm state: max allowed size (2097152) exceeded"#
        ]],
    );
}

#[test]
fn a_state_that_juju_could_not_come_to_is_refused() {
    let mut juju = deployed("{name: m, requires: {db: {interface: pg}}}", None, None);
    let range = |from, to| PortRange { from, to, protocol: Protocol::Tcp };
    assert!(juju.set_open_port("m/0", "db", range(80, 90)).is_ok());
    check(
        &refused(juju.set_open_port("m/0", "none", range(80, 90))),
        &expect!["open a port of m/0: its charm has no such endpoint"],
    );
    check(
        &refused(juju.set_open_port("m/0", "", range(90, 80))),
        &expect!["open a port of m/0: it is no range of ports"],
    );
    check(
        &refused(juju.set_open_port("m/0", "", range(0, 70_000))),
        &expect!["open a port of m/0: it is no range of ports"],
    );
    check(
        &refused(juju.set_binding_network("m/0", "none", Network::none())),
        &expect!["set a network of m/0: its charm has no such endpoint or extra binding"],
    );
}

#[test]
fn a_fault_that_would_never_happen_is_refused() {
    let mut juju = deployed("name: m", None, None);
    check(
        &refused(juju.inject("m/0", Fault::Absent("bogus-get".to_owned()))),
        &expect!["inject a fault into m/0: there is no hook command of this name"],
    );
    check(
        &refused(juju.inject("m/0", Fault::Hang(Target::Command("state_get".to_owned())))),
        &expect!["inject a fault into m/0: there is no hook command of this name"],
    );
    let refusal = Fault::Refuse { call: "Uniter.Bogus".to_owned(), text: "no".to_owned() };
    check(
        &refused(juju.inject("m/0", refusal)),
        &expect!["inject a fault into m/0: no call of this name can be refused"],
    );
}

#[test]
fn an_operator_grants_no_secret_of_a_charm() {
    let mut juju = deployed("{name: m, requires: {db: {interface: pg}}}", None, None);
    juju.play("pg", "m:db").unwrap();
    let secret = juju.add_secret("pg", &[("password", "x")]).unwrap();
    check(
        &refused(juju.grant_secret(&secret, "m")),
        &expect![
            "grant a secret: an operator grants secrets of the model alone; an application grants its own over a relation"
        ],
    );
    juju.grant_secret_over(&secret, "m", "m:db").unwrap();
    check(&refused(juju.play("other", "m:dbb")), &expect!["integrate m:dbb other: m has no endpoint dbb"]);
}

#[test]
fn what_is_refused_changes_nothing() {
    let metadata = "{name: m, storage: {data: {type: filesystem}}, requires: {db: {interface: pg, limit: 1}}}";
    let mut juju = deployed(metadata, None, None);
    juju.play("pg", "m:db").unwrap();
    let before = serde_json::to_string(&*juju.model()).unwrap();
    let again = Charm::parse(metadata, None, None).unwrap();
    let again = Deployment::of(Revision::in_process(again, |_| ProgramEnd::Exit(0))).storage("data", 2);
    check(
        &refused(juju.deploy("other", again)),
        &expect![[r#"deploy other: storage "data": at most 1 instances supported, 2 specified"#]],
    );
    check(&refused(juju.play("other", "m:db")), &expect!["integrate m:db other: m:db takes 1 relations at most"]);
    assert_eq!(serde_json::to_string(&*juju.model()).unwrap(), before);
}
