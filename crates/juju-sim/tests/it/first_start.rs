use expect_test::expect;
use juju_sim::{Charm, Revision, World};

use crate::support::{deploy, hooks, run_to, world, world_with};

#[test]
fn leader_and_follower_start_in_jujus_order() {
    let mut world = world(|_| {});
    deploy(&mut world, 0);
    world.add_unit("magpie").unwrap();
    world.settle().unwrap();
    expect![[r#"
        magpie/0 install
          = maintenance "installing charm software"
        magpie/0 magpie-relation-created magpie:0
        magpie/0 leader-elected
        magpie/0 config-changed
        magpie/0 start
          = unknown ""
    "#]]
    .assert_eq(&world.transcript());
    let second = world.add_unit("magpie").unwrap();
    world.settle().unwrap();
    let order = hooks(&world, &second);
    assert_eq!(
        order[..5],
        ["install", "magpie-relation-created magpie:0", "leader-settings-changed", "config-changed", "start"]
    );
    assert_eq!(order[5..], ["magpie-relation-joined magpie:0 magpie/0", "magpie-relation-changed magpie:0 magpie/0"]);
}

#[test]
fn a_unit_is_visible_before_its_own_created() {
    let mut world = world(|_| {});
    deploy(&mut world, 1);
    let second = world.add_unit("magpie").unwrap();
    run_to(&mut world, &second, "install");
    assert_eq!(world.step_unit("magpie/0").unwrap().title(), "magpie/0 magpie-relation-joined magpie:0 magpie/1");
    assert_eq!(world.step_unit("magpie/1").unwrap().title(), "magpie/1 magpie-relation-created magpie:0");
}

#[test]
fn config_changes_coalesce_and_update_status_comes_last() {
    let mut world = world(|_| {});
    deploy(&mut world, 1);
    world.set_config("magpie", "mtu", Some(9000.into())).unwrap();
    world.set_config("magpie", "cidr", Some("10.0.0.0/24".into())).unwrap();
    world.tick("magpie/0").unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/0"), ["config-changed"]);
    world.tick("magpie/0").unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/0"), ["config-changed", "update-status"]);
    assert!(world.set_config("magpie", "mtu", Some("big".into())).is_err());
    assert!(world.set_config("magpie", "nothing", None).is_err());
}

#[test]
fn upgrades_run_old_code_until_upgrade_charm() {
    let mut world = world(|hook| hook.0.tools.stdout("old"));
    deploy(&mut world, 1);
    let two = "{name: magpie, peers: {magpie: {interface: magpie}, extra: {interface: extra}}}";
    world
        .refresh(
            "magpie",
            Revision::in_process(Charm::parse(two, None, None).unwrap(), |invocation| {
                invocation.tools.stdout("new");
                juju_sim::ProgramEnd::Exit(0)
            }),
        )
        .unwrap();
    world.settle().unwrap();
    expect![[r#"
        magpie/0 upgrade-charm
          | DEBUG new
        magpie/0 config-changed
          | DEBUG new
        magpie/0 extra-relation-created extra:1
          | DEBUG new
    "#]]
    .assert_eq(&world.transcript());
}

#[test]
fn the_environment_is_jujus() {
    let mut world = world(|hook| {
        if hook.name() == "magpie-relation-joined" {
            let shown = ["JUJU_RELATION", "JUJU_RELATION_ID", "JUJU_REMOTE_UNIT", "JUJU_REMOTE_APP", "JUJU_HOOK_NAME"];
            for name in shown {
                hook.0.tools.stdout(&format!("{name}={}", hook.var(name).unwrap()));
            }
            assert_eq!(hook.var("JUJU_DEPARTING_UNIT"), None);
            assert_eq!(hook.var("HOME"), None);
            assert_eq!(hook.var("JUJU_VERSION"), Some("3.6.28"));
            assert_eq!(hook.var("JUJU_PRINCIPAL_UNIT"), Some(""));
        }
    });
    world.add_unit("magpie").unwrap();
    world.add_unit("magpie").unwrap();
    world.settle().unwrap();
    let joined = world.runs().iter().find(|run| run.hook == "magpie-relation-joined" && run.unit == "magpie/0");
    expect![[r#"
        magpie/0 magpie-relation-joined magpie:0 magpie/1
          | DEBUG JUJU_RELATION=magpie
          | DEBUG JUJU_RELATION_ID=magpie:0
          | DEBUG JUJU_REMOTE_UNIT=magpie/1
          | DEBUG JUJU_REMOTE_APP=magpie
          | DEBUG JUJU_HOOK_NAME=magpie-relation-joined
    "#]]
    .assert_eq(&joined.unwrap().to_string());
}

#[test]
fn the_same_seed_gives_the_same_run_and_a_model_survives_serialization() {
    let transcript = |seed| {
        let mut world = world_with(seed, |_| juju_sim::ProgramEnd::Exit(0));
        deploy(&mut world, 0);
        for _ in 0..4 {
            world.add_unit("magpie").unwrap();
        }
        world.settle().unwrap();
        let text = serde_json::to_string(&*world.model()).unwrap();
        let back: juju_sim::Model = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
        world.transcript()
    };
    assert_eq!(transcript(7), transcript(7));
    assert_ne!(transcript(7), transcript(8));
}

#[test]
fn a_charm_that_never_stops_killing_itself_is_noticed() {
    let mut world: World = world_with(1, |_| juju_sim::ProgramEnd::Signal(9));
    world.add_unit("magpie").unwrap();
    let error = world.settle().unwrap_err().to_string();
    assert_eq!(error, "hooks never end: 5050 have run and magpie/0 still has one to run");
    // Many units have many hooks to run.
    for _ in 1..10 {
        world.add_unit("magpie").unwrap();
    }
    let error = world.settle().unwrap_err().to_string();
    assert!(error.starts_with("hooks never end: 10000 have run and magpie/0, magpie/1, "), "{error}");
}

#[test]
fn a_unit_that_is_new_installs_the_newest_charm() {
    let mut world = world(|hook| hook.0.tools.stdout("old"));
    world.add_unit("magpie").unwrap();
    let two = Charm::parse("{name: magpie, peers: {magpie: {interface: magpie}}}", None, None).unwrap();
    world
        .refresh(
            "magpie",
            Revision::in_process(two, |invocation| {
                invocation.tools.stdout("new");
                juju_sim::ProgramEnd::Exit(0)
            }),
        )
        .unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/0")[..2], ["install", "magpie-relation-created magpie:0"]);
    assert!(!hooks(&world, "magpie/0").contains(&"upgrade-charm".to_owned()));
    assert!(world.log().iter().all(|line| line.text == "new"));
}
