use serde_json::Value;

use super::Bench;

/// A charm that writes what it is called into the databags of its relations, and shows what it read.
const TALKER: &str = "#!/bin/bash\n\
    case \"$JUJU_DISPATCH_PATH\" in\n\
    *-relation-created) relation-set -r \"$JUJU_RELATION_ID\" name=\"$JUJU_UNIT_NAME\" ;;\n\
    *-relation-joined|*-relation-changed)\n\
    if [ -n \"$JUJU_REMOTE_UNIT\" ]; then\n\
    status-set active \"$JUJU_REMOTE_UNIT is $(relation-get name) of $(relation-model-get | cut -c1-9)\"; fi ;;\n\
    *-relation-departed) status-set waiting \"$JUJU_REMOTE_UNIT left\" ;;\n\
    *-relation-broken) status-set blocked 'no relation' ;;\n\
    esac\n";

/// A model `db` with an offer, and the current model `shop` with a consumer.
fn two_models() -> Bench {
    let bench = Bench::new();
    for (name, endpoints) in [("pg", "provides: {db: {interface: pg}}"), ("web", "requires: {pg: {interface: pg}}")] {
        let metadata = format!("name: {name}\nsummary: s\ndescription: d\n{endpoints}\n");
        bench.charm(name, &[("metadata.yaml", &metadata), ("dispatch", TALKER)]);
    }
    bench.ok("add-model db");
    bench.ok("deploy ./pg -n 2");
    bench.ok("add-model shop --seed 2");
    bench.ok("deploy ./web");
    bench
}

fn status(bench: &Bench, model: &str, unit: &str) -> Value {
    let app = unit.split('/').next().unwrap();
    let status = bench.json(&format!("status -m {model} --format json"));
    status["applications"][app]["units"][unit]["workload-status"]["message"].clone()
}

#[test]
fn applications_of_two_models_read_each_others_databags() {
    let bench = two_models();
    let said = bench.told("offer db.pg:db");
    assert_eq!(said, "Application \"pg\" endpoints [db] available at \"admin/db.pg\"\n");
    assert_eq!(bench.told("consume db.pg store"), "Added admin/db.pg as store\n");
    bench.ok("integrate web store");
    let read = status(&bench, "shop", "web/0");
    let read = read.as_str().unwrap();
    assert!(read.starts_with("store/") && read.contains(" is pg/"), "{read}");
    let back = status(&bench, "db", "pg/0");
    let back = back.as_str().unwrap();
    assert!(back.starts_with("remote-") && back.contains("/0 is web/0 of "), "{back}");
    // Neither model shows the other's units as its own.
    let shown = bench.json("status -m db --format json");
    assert_eq!(shown["applications"].as_object().unwrap().keys().collect::<Vec<_>>(), ["pg"]);
    assert_eq!(shown["machines"].as_object().unwrap().len(), 2);
    assert_eq!(shown["offers"]["pg"]["active-connected-count"], 1);
    let shown = bench.json("status --format json");
    assert_eq!(shown["application-endpoints"]["store"]["url"], "admin/db.pg");

    // What comes later is heard of too.
    bench.ok("add-unit web");
    assert!(status(&bench, "db", "pg/1").as_str().unwrap().contains("/1 is web/1"));
    bench.ok("remove-unit web/0 --no-prompt");
    assert!(status(&bench, "db", "pg/0").as_str().unwrap().ends_with("/0 left"));

    bench.ok("remove-relation web store");
    assert_eq!(status(&bench, "shop", "web/1"), "no relation");
    assert_eq!(status(&bench, "db", "pg/0"), "no relation");
    bench.ok("remove-saas store");
    bench.ok("remove-offer db.pg");
    assert!(bench.json("status -m db --format json")["offers"].is_null());
}

#[test]
fn an_offer_is_consumed_by_the_relation_that_names_it() {
    let bench = two_models();
    bench.ok("offer db.pg:db storage");
    bench.ok("integrate web admin/db.storage");
    assert!(status(&bench, "shop", "web/0").as_str().unwrap().starts_with("storage/"));
    // The offering model may suspend it.
    let id = bench.json("show-unit -m db pg/0 --format json")["pg/0"]["relation-info"][0]["relation-id"].clone();
    bench.ok(&format!("suspend-relation -m db {id}"));
    assert_eq!(status(&bench, "shop", "web/0"), "no relation");
    bench.ok(&format!("resume-relation -m db {id}"));
    assert!(status(&bench, "shop", "web/0").as_str().unwrap().starts_with("storage/"));
    let refused = bench.fails(1, "remove-offer db.storage");
    assert_eq!(refused, "ERROR cannot delete application offer \"storage\": offer has 1 relations: use --force");
    bench.ok("remove-offer db.storage --force --yes");
    assert_eq!(status(&bench, "shop", "web/0"), "no relation");
}

#[test]
fn what_is_not_offered_cannot_be_consumed() {
    let bench = two_models();
    for (line, error) in [
        ("consume db.pg", "ERROR application offer \"admin/db.pg\" not found"),
        ("consume nowhere.pg", "ERROR model juju-sim:admin/nowhere not found"),
        ("consume pg", "ERROR offer URL \"pg\" not valid: expected MODEL.OFFER"),
        ("consume shop.web", "ERROR an offer of this model: relate its application"),
        ("integrate web db.pg", "ERROR application offer \"admin/db.pg\" not found"),
        ("offer db.pg:nothing", "ERROR application \"pg\" has no endpoint \"nothing\""),
        ("offer db.nothing:db", "ERROR application \"nothing\" not found"),
        ("remove-saas pg", "ERROR saas application \"pg\" not found"),
        ("remove-offer db.pg", "ERROR application offer \"admin/db.pg\" not found"),
        ("find-offers", "ERROR no matching application offers found"),
    ] {
        assert_eq!(bench.fails(1, line), error, "{line}");
    }
}
