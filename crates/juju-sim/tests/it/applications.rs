//! Several applications: what ties them, and what they leave.

use expect_test::expect;
use juju_sim::{CloudCredential, CloudSpec, Deployment, Fault, Network, Retry, Revision, World};
use serde_json::json;

use crate::support::{hooks, revision, run_to};

const WEB: &str = "{name: web, requires: {db: {interface: pg, limit: 1}}, provides: {site: {interface: http}}}";
const PG: &str =
    "{name: pg, provides: {database: {interface: pg}, admin: {interface: pg}}, peers: {cluster: {interface: c}}}";

fn quiet(metadata: &str) -> Revision {
    revision(metadata, |_| {})
}

#[test]
fn relations_are_refused_as_juju_refuses_them() {
    let mut juju = World::new(0);
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.deploy("pg", quiet(PG)).unwrap();
    let refused = |juju: &mut World, one: &str, other: &str| juju.integrate(one, other).unwrap_err().to_string();
    assert_eq!(
        refused(&mut juju, "web", "pg"),
        "integrate web pg: ambiguous relation: could refer to \"web:db pg:admin\"; \"web:db pg:database\""
    );
    assert_eq!(refused(&mut juju, "web:site", "pg"), "integrate web:site pg: no relations found");
    assert_eq!(refused(&mut juju, "web:none", "pg"), "integrate web:none pg: web has no endpoint \"none\"");
    assert_eq!(refused(&mut juju, "web", "none"), "integrate web none: no application \"none\"");
    let db = juju.integrate("web:db", "pg:database").unwrap();
    assert!(refused(&mut juju, "pg:database", "web:db").ends_with("they are related already"));
    assert!(refused(&mut juju, "web:db", "pg:admin").ends_with("web:db takes 1 relations at most"));
    let error = juju.remove_relation("cluster").unwrap_err().to_string();
    assert_eq!(error, "remove relation \"pg:cluster\": is a peer relation");
    assert_eq!(juju.relation("db").unwrap(), db);
    assert_eq!(juju.relation("pg:none").unwrap_err().to_string(), "no relation pg:none");
}

#[test]
fn both_sides_see_each_other_and_each_sees_the_other_depart() {
    let mut juju = World::new(5);
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.deploy("pg", quiet(PG)).unwrap();
    juju.integrate("web:db", "pg:database").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.members("web/0", "db").unwrap(), ["pg/0"]);
    assert_eq!(juju.members("pg/0", "db").unwrap(), ["web/0"]);
    juju.clear_transcript();
    juju.remove_relation("db").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "web/0"), ["db-relation-departed db:1 pg/0", "db-relation-broken db:1"]);
    assert_eq!(
        hooks(&juju, "pg/0"),
        ["database-relation-departed database:1 web/0", "database-relation-broken database:1"]
    );
    assert!(juju.relation("db").is_err());
}

#[test]
fn a_relation_that_ends_is_listed_until_its_last_hook() {
    let program = |hook: &crate::support::Hook| {
        if hook.name().starts_with("db-relation-departed") || hook.name() == "db-relation-broken" {
            hook.0.tools.stdout(&format!("{}: {}", hook.name(), hook.call("relation-ids db --format=json")));
        }
    };
    let mut juju = World::new(5);
    juju.deploy("web", revision(WEB, program)).unwrap();
    juju.deploy("pg", Deployment::of(quiet(PG)).units(2)).unwrap();
    juju.integrate("web:db", "pg:database").unwrap();
    juju.settle().unwrap();
    juju.remove_relation("db").unwrap();
    juju.settle().unwrap();
    let said: Vec<_> =
        juju.log().iter().filter(|line| line.text.contains("relation")).map(|it| it.text.clone()).collect();
    let departed = "db-relation-departed: [\"db:1\"]";
    assert_eq!(said, [departed, departed, "db-relation-broken: []"]);
}

#[test]
fn the_own_applications_bag_is_the_leaders_to_read_and_peer_relations_come_last() {
    let mut juju = World::new(1);
    let pg = revision(PG, |hook| {
        if hook.name() == "update-status" {
            let own = hook.try_call("relation-get -r database:1 --app - pg");
            hook.0.tools.stdout(&format!("{} {}", own.code, String::from_utf8_lossy(&own.stderr).trim_end()));
        }
    });
    juju.deploy("pg", Deployment::of(pg).units(2)).unwrap();
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.settle().unwrap();
    juju.integrate("web:db", "pg:database").unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    for unit in ["pg/0", "pg/1"] {
        juju.tick(unit).unwrap();
        run_to(&mut juju, unit, "update-status");
    }
    let said: Vec<_> = juju.log().into_iter().map(|line| line.text).collect();
    assert_eq!(said, ["0 ", "1 ERROR permission denied"]);
    // Of what is due in both, the relation with another application is told first.
    juju.write_bag("cluster", "pg/1", [("x", "1")]).unwrap();
    juju.write_bag("db", "web/0", [("x", "1")]).unwrap();
    juju.clear_transcript();
    juju.settle().unwrap();
    assert_eq!(
        hooks(&juju, "pg/0"),
        ["database-relation-changed database:1 web/0", "cluster-relation-changed cluster:0 pg/1"]
    );
}

#[test]
fn a_removed_application_goes_with_its_relations_and_every_unit_departs() {
    let mut juju = World::new(1);
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.deploy("pg", Deployment::of(quiet(PG)).units(2)).unwrap();
    juju.integrate("web:db", "pg:database").unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    juju.remove_application("pg").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.applications(), ["web"]);
    assert_eq!(
        hooks(&juju, "web/0"),
        ["db-relation-departed db:1 pg/0", "db-relation-departed db:1 pg/1", "db-relation-broken db:1"]
    );
    let of_pg = hooks(&juju, "pg/0").join("\n");
    assert!(of_pg.contains("database-relation-departed database:1 web/0 (departing pg/0)"), "{of_pg}");
    assert!(of_pg.ends_with("stop\nremove"), "{of_pg}");
    // A number is never used again.
    assert_eq!(juju.deploy("pg", quiet(PG)).unwrap(), ["pg/2"]);
}

#[test]
fn what_is_removed_by_force_tells_nobody_more_than_juju_does() {
    let mut juju = World::new(1);
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.deploy("pg", Deployment::of(quiet(PG)).units(2)).unwrap();
    let db = juju.integrate("web:db", "pg:database").unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    juju.remove_unit_by_force("pg/1").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "web/0"), ["db-relation-departed db:1 pg/1"]);
    assert!(hooks(&juju, "pg/1").is_empty());
    juju.clear_transcript();
    juju.remove_relation_by_force(db).unwrap();
    juju.settle().unwrap();
    assert!(juju.transcript().is_empty(), "{}", juju.transcript());
    juju.remove_application_by_force("pg").unwrap();
    juju.settle().unwrap();
    assert_eq!((juju.applications(), juju.transcript()), (vec!["web".to_owned()], String::new()));
}

#[test]
fn a_failed_hook_of_a_relation_that_is_gone_by_force_is_not_run_again() {
    for retry in [Retry::Retry, Retry::NoRetry] {
        let mut juju = World::new(1);
        juju.deploy("web", quiet(WEB)).unwrap();
        juju.deploy("pg", quiet(PG)).unwrap();
        juju.settle().unwrap();
        let db = juju.integrate("web:db", "pg:database").unwrap();
        juju.inject("web/0", Fault::Fail).unwrap();
        juju.settle_without_retry().unwrap();
        assert_eq!(juju.status("web/0"), ("error", "hook failed: \"db-relation-created\""));
        juju.remove_relation_by_force(db).unwrap();
        juju.clear_transcript();
        juju.resolve("web/0", retry).unwrap();
        juju.settle().unwrap();
        assert_eq!(juju.transcript(), "");
        assert_ne!(juju.status("web/0").current, "error");
        assert!(juju.ready().is_empty());
    }
}

#[test]
fn a_suspended_relation_breaks_and_is_entered_anew() {
    let mut juju = World::new(1);
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.play("pg", "web:db").unwrap();
    juju.settle().unwrap();
    juju.write_bag("db", "web/0", [("mine", "1")]).unwrap();
    juju.clear_transcript();
    juju.suspend_relation("db").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "web/0"), ["db-relation-departed db:0 pg/0", "db-relation-broken db:0"]);
    juju.clear_transcript();
    juju.resume_relation("db").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "web/0"), ["db-relation-joined db:0 pg/0", "db-relation-changed db:0 pg/0"]);
    // The bag was replaced at the entry.
    assert!(!juju.bag("db", "web/0").unwrap().contains_key("mine"));
}

#[test]
fn leader_settings_reach_the_followers() {
    let mut juju = World::new(1);
    let charm = revision("{name: m, peers: {m: {interface: m}}}", |hook| match hook.name() {
        "update-status" => {
            let set = hook.try_call("leader-set colour=blue");
            hook.0.tools.stdout(&format!("{} {}", set.code, String::from_utf8_lossy(&set.stderr).trim_end()));
        }
        "leader-settings-changed" => hook.0.tools.stdout(&hook.call("leader-get --format=json")),
        _ => {}
    });
    juju.deploy("m", Deployment::of(charm).units(2)).unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    for unit in ["m/1", "m/0"] {
        juju.tick(unit).unwrap();
        juju.settle().unwrap();
    }
    expect![[r#"
        m/1 update-status
          > leader-set colour=… => 1
          | DEBUG 1 ERROR cannot write leadership settings: cannot write settings: not the leader
        m/0 update-status
          > leader-set colour=…
          | DEBUG 0 
        m/1 leader-settings-changed
          > leader-get --format=json
          | DEBUG {"colour":"blue"}
    "#]]
    .assert_eq(&juju.transcript());
    assert_eq!(juju.leader_settings("m")["colour"], "blue");
}

#[test]
fn ports_are_opened_for_an_endpoint_and_conflict_on_a_machine() {
    let mut juju = World::new(1);
    let web = revision(WEB, |hook| {
        if hook.name() == "start" {
            hook.call("open-port 80 --endpoints site");
            hook.call("open-port 9000-9010/udp");
            hook.0.tools.stdout(&hook.call("opened-ports --endpoints --format=json"));
        }
    });
    let pg = revision(PG, |hook| {
        if hook.name() == "start" {
            let output = hook.try_call("open-port 80");
            hook.0.tools.stdout(String::from_utf8_lossy(&output.stderr).trim_end());
        }
    });
    juju.deploy("web", web).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.open_ports("web/0"), ["80/tcp (site)", "9000-9010/udp"].as_slice());
    assert_eq!(juju.log()[0].text, r#"["80/tcp (site)","9000-9010/udp (*)"]"#);
    juju.deploy("pg", Deployment::of(pg).units(0)).unwrap();
    juju.add_unit_beside("pg", "web/0").unwrap();
    juju.add_unit("pg").unwrap();
    juju.settle().unwrap();
    let said: Vec<_> = juju.log().into_iter().map(|line| format!("{}: {}", line.unit, line.text)).collect();
    assert!(said.contains(
        &"pg/0: ERROR cannot open 80/tcp (unit \"pg/0\"): port range conflicts with 80/tcp (unit \"web/0\")".to_owned()
    ));
    assert_eq!(juju.open_ports("pg/1"), ["80/tcp"]);
}

#[test]
fn bindings_have_the_addresses_of_their_spaces() {
    let mut juju = World::new(1);
    let metadata = "{name: web, requires: {db: {interface: pg}}, extra-bindings: {admin: null}}";
    let web = revision(metadata, |hook| {
        if hook.name() == "start" {
            for binding in ["db", "admin", "juju-info"] {
                hook.0.tools.stdout(&hook.call(&format!("network-get {binding} --ingress-address")));
            }
            let none = hook.try_call("network-get none");
            hook.0.tools.stdout(String::from_utf8_lossy(&none.stderr).trim_end());
            hook.0.tools.stdout(&hook.call("unit-get private-address"));
        }
    });
    juju.add_space("internal", "10.20.0.0/24");
    let error = juju.deploy("x", Deployment::of(web.clone()).bind("db", "nowhere")).unwrap_err().to_string();
    assert_eq!(error, "deploy x: there is no space \"nowhere\"");
    juju.deploy("web", Deployment::of(web).bind("db", "internal")).unwrap();
    juju.set_binding_network("web/0", "admin", Network::of("fd00::7", "fd00::/64")).unwrap();
    juju.settle().unwrap();
    let said: Vec<_> = juju.log().into_iter().map(|line| line.text).collect();
    let none = "ERROR no network config found for binding \"none\"";
    assert_eq!(said, ["10.20.0.1", "fd00::7", "10.0.0.1", none, "10.0.0.1"]);
    // The bag of a relation has the addresses of the endpoint's space.
    juju.play("pg", "web:db").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.bag("db", "web/0").unwrap()["ingress-address"], "10.20.0.1");
}

#[test]
fn a_resource_is_a_file_and_a_new_one_upgrades_the_charm() {
    let mut juju = World::new(1);
    let metadata = "{name: web, resources: {site: {type: file, filename: site.txt, description: d}}}";
    let web = revision(metadata, |hook| {
        if ["install", "upgrade-charm"].contains(&hook.name()) {
            let path = hook.call("resource-get site");
            assert!(path.ends_with("/resources/site.txt"), "{path}");
            hook.0.tools.stdout(&std::fs::read_to_string(path).unwrap());
        }
    });
    juju.deploy("web", Deployment::of(web).resource("site", "one")).unwrap();
    juju.settle().unwrap();
    juju.attach_resource("web", "site", "two").unwrap();
    juju.settle().unwrap();
    let said: Vec<_> = juju.log().into_iter().map(|line| line.text).collect();
    assert_eq!(said, ["one", "two"]);
    assert!(hooks(&juju, "web/0").contains(&"upgrade-charm".to_owned()));
    assert!(juju.attach_resource("web", "other", "x").is_err());
}

#[test]
fn the_goal_the_cloud_and_the_version_are_told() {
    let mut juju = World::new(1);
    let web = revision(WEB, |hook| {
        if hook.name() == "update-status" {
            hook.0.tools.stdout(&hook.call("goal-state --format=json"));
            let cloud = hook.try_call("credential-get --format=json");
            hook.0.tools.stdout(&format!(
                "{}{}",
                String::from_utf8_lossy(&cloud.stdout),
                String::from_utf8_lossy(&cloud.stderr)
            ));
            hook.call("application-version-set 1.2");
            hook.call("status-set --application active fine");
            hook.0.tools.stdout(&hook.call("relation-model-get -r 0"));
        }
    });
    let credential = CloudCredential {
        auth_type: "userpass".to_owned(),
        attributes: [("username".to_owned(), "u".to_owned())].into(),
        redacted: Vec::new(),
    };
    let cloud = CloudSpec { kind: "lxd".to_owned(), credential: Some(credential), ..CloudSpec::default() };
    juju.deploy("web", Deployment::of(web).trust(cloud).units(2)).unwrap();
    juju.play("pg", "web:db").unwrap();
    juju.settle().unwrap();
    juju.tick("web/0").unwrap();
    juju.settle().unwrap();
    let said: Vec<_> = juju.log().into_iter().map(|line| line.text).collect();
    let goal: serde_json::Value = serde_json::from_str(&said[0]).unwrap();
    assert_eq!(goal["units"].as_object().unwrap().len(), 2);
    assert_eq!(goal["relations"]["db"]["pg"]["status"], json!("joined"));
    assert!(said[1].starts_with(r#"{"type":"lxd","name":"","credential":{"auth-type":"userpass""#), "{}", said[1]);
    assert_eq!((juju.workload_version("web").as_str(), juju.app_status("web").current.as_str()), ("1.2", "active"));
    assert!(said.last().unwrap().starts_with("uuid: "), "{said:?}");
}

#[test]
fn a_reboot_starts_the_unit_again_and_one_at_once_drops_the_hooks_writes() {
    let mut juju = World::new(1);
    let charm = revision("name: m", |hook| {
        let rebooted = hook.call("state-get rebooted");
        match hook.name() {
            "install" if rebooted.is_empty() => {
                hook.call("state-set rebooted=yes");
                hook.call("juju-reboot");
            }
            "update-status" if hook.call("state-get again").is_empty() && hook.call("status-get") != "blocked" => {
                hook.call("state-set lost=yes");
                hook.call("status-set blocked rebooting");
                // The process does not come back from this one.
                assert_eq!(hook.try_call("juju-reboot --now").code, 137);
            }
            _ => {}
        }
    });
    juju.deploy("m", charm).unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "m/0"), ["install", "leader-elected", "config-changed", "start"]);
    juju.clear_transcript();
    juju.tick("m/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "m/0"), ["update-status", "update-status", "start"]);
    assert!(!juju.state("m/0").contains_key("lost"));
    assert_eq!(juju.state("m/0")["rebooted"], "yes");
    juju.clear_transcript();
    juju.reboot("m/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "m/0"), ["start"]);
}

#[test]
fn a_relation_that_is_dying_has_to_be_gone_before_there_is_another() {
    let mut juju = World::new(1);
    juju.deploy("web", quiet("{name: web, requires: {db: {interface: pg}}}")).unwrap();
    juju.deploy("pg", quiet(PG)).unwrap();
    let db = juju.integrate("web:db", "pg:database").unwrap();
    juju.settle().unwrap();
    juju.remove_relation(db).unwrap();
    let error = juju.integrate("web:db", "pg:database").unwrap_err().to_string();
    assert_eq!(error, "integrate web:db pg:database: their relation is dying, but not yet removed");
    juju.settle().unwrap();
    assert_ne!(juju.integrate("web:db", "pg:database").unwrap(), db);
}

#[test]
fn a_relation_that_is_resumed_is_entered_when_its_unit_sees_it() {
    let mut juju = World::new(1);
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.deploy("pg", quiet(PG)).unwrap();
    let db = juju.integrate("web:db", "pg:database").unwrap();
    juju.settle().unwrap();
    juju.suspend_relation(db).unwrap();
    juju.hold_relation("web/0", db).unwrap();
    juju.settle().unwrap();
    juju.resume_relation(db).unwrap();
    juju.clear_transcript();
    juju.settle().unwrap();
    assert_eq!(juju.transcript(), "");
    juju.release("web/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "web/0"), ["db-relation-joined db:1 pg/0", "db-relation-changed db:1 pg/0"]);
}

#[test]
fn an_application_that_is_removed_while_its_relation_is_suspended_is_gone_with_it() {
    let mut juju = World::new(1);
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.deploy("pg", quiet(PG)).unwrap();
    let db = juju.integrate("web:db", "pg:database").unwrap();
    juju.settle().unwrap();
    juju.pause("web/0").unwrap();
    juju.suspend_relation(db).unwrap();
    juju.settle().unwrap();
    juju.remove_application("pg").unwrap();
    juju.settle().unwrap();
    // One unit that is down is in it still.
    assert_eq!(juju.applications(), ["pg", "web"]);
    juju.clear_transcript();
    juju.resume("web/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "web/0"), ["db-relation-departed db:1 pg/0", "db-relation-broken db:1"]);
    assert_eq!((juju.applications(), juju.relations("db").len()), (vec!["web".to_owned()], 0));
}

#[test]
fn a_relation_that_is_removed_before_its_units_are_installed_is_gone_at_once() {
    let mut juju = World::new(1);
    juju.deploy("web", quiet(WEB)).unwrap();
    juju.deploy("pg", quiet(PG)).unwrap();
    let db = juju.integrate("web:db", "pg:database").unwrap();
    juju.remove_relation(db).unwrap();
    assert!(juju.relation("db").is_err());
    juju.settle().unwrap();
    assert!(!juju.transcript().contains("-relation-joined"), "{}", juju.transcript());
    // One side has entered, and is told of the end.
    let db = juju.integrate("web:db", "pg:database").unwrap();
    juju.add_unit("pg").unwrap();
    juju.step_unit("web/0");
    juju.clear_transcript();
    juju.remove_relation(db).unwrap();
    juju.settle().unwrap();
    assert_eq!(hooks(&juju, "web/0"), ["db-relation-broken db:2"]);
    assert!(juju.relation("db").is_err());
}

#[test]
fn two_played_applications_are_related_and_part() {
    let mut juju = World::new(1);
    juju.deploy("web", Revision::played(quiet(WEB).charm().clone())).unwrap();
    juju.deploy("pg", Revision::played(quiet(PG).charm().clone())).unwrap();
    let db = juju.integrate("web:db", "pg:database").unwrap();
    juju.write_bag(db, "web/0", [("k", "v")]).unwrap();
    juju.suspend_relation(db).unwrap();
    juju.resume_relation(db).unwrap();
    assert!(!juju.bag(db, "web/0").unwrap().contains_key("k"));
    juju.remove_unit("pg/0").unwrap();
    assert_eq!(juju.units(), ["web/0"]);
    juju.remove_application("web").unwrap();
    juju.remove_application("pg").unwrap();
    assert!(juju.units().is_empty() && juju.applications().is_empty());
}

#[test]
fn names_and_times_may_be_as_long_as_they_like() {
    let mut juju = World::new(1);
    let (app, endpoint) = ("w".repeat(200), "e".repeat(200));
    let metadata = format!("{{name: {app}, requires: {{{endpoint}: {{interface: {endpoint}}}}}}}");
    juju.deploy(&app, quiet(&metadata)).unwrap();
    let pg = "p".repeat(200);
    let id = juju.play(&pg, &format!("{app}:{endpoint}")).unwrap();
    juju.settle().unwrap();
    let changed = format!("{endpoint}-relation-changed {endpoint}:{id} {pg}/0");
    assert_eq!(hooks(&juju, &format!("{app}/0")).last(), Some(&changed));
    for _ in 0..2 {
        juju.advance(std::time::Duration::MAX);
        juju.settle().unwrap();
    }
    assert_eq!(juju.runs().last().unwrap().hook, "update-status");
}
