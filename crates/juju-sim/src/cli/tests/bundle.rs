use super::Bench;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.quiet("pg", "provides: {db: {interface: pg}}");
    bench
}

const SHOP: &str = "\
applications:
  hello:
    charm: ./hello
    num_units: 2
    options: {greeting: welcome, mtu: 9000}
    to: [0, pg]
    expose: true
  pg:
    charm: ./pg
    num_units: 1
machines: {'0': {}}
relations:
- [hello:db, pg]
";

#[test]
fn a_bundle_is_deployed_with_its_relations_and_placements() {
    let bench = bench();
    bench.write("shop.yaml", SHOP);
    let said = bench.told("deploy ./shop.yaml");
    let lines: Vec<&str> = said.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "Executing changes:",
            "- deploy application pg from local charm \"pg\", revision 0",
            "- deploy application hello from local charm \"hello\", revision 0",
            "- add relation hello:db - pg",
            "Deploy of bundle completed.",
        ]
    );
    let status = bench.json("status --format json");
    let hello = &status["applications"]["hello"];
    assert_eq!(hello["units"]["hello/1"]["machine"], status["applications"]["pg"]["units"]["pg/0"]["machine"]);
    assert_eq!((&hello["exposed"], &hello["relations"]["db"][0]["related-application"]), (&true.into(), &"pg".into()));
    assert_eq!(bench.ok("config hello mtu"), "9000\n");

    // Once more it has nothing to do, and an overlay changes what it says.
    bench.write("more.yaml", "applications: {hello: {num_units: 3, options: {greeting: hi}}}");
    let said = bench.told("deploy ./shop.yaml --overlay more.yaml");
    assert_eq!(said, "Executing changes:\n- add unit hello/2\nDeploy of bundle completed.\n");
    assert_eq!(bench.ok("config hello greeting"), "hi\n");
}

#[test]
fn a_bundle_that_cannot_be_deployed_changes_nothing() {
    let bench = bench();
    bench.ok("add-model m");
    let before = bench.ok("status --format yaml");
    for (text, code, error) in [
        ("applications: {a: {charm: ./pg, to: b}, b: {charm: ./pg, to: a}}", 1, "go round in a circle"),
        ("applications: {a: {charm: ./pg, to: a}}", 1, "the placements of a go round in a circle"),
        ("applications: {a: {charm: pg}}", 2, "charm \"pg\" of Charmhub: not supported by juju-sim"),
        ("applications: {a: {charm: ./nothing}}", 1, "read "),
        ("applications: {a: {num_units: 1}}", 1, "application \"a\" has no charm"),
        ("applications: {a: {charm: ./pg, num_units: 9999999}}", 1, "more than 1000 units"),
        ("applications: {a: {charm: ./pg, to: lxd:0}}", 2, "placement \"lxd:0\""),
        ("applications: {a: {charm: ./pg, to: '9'}}", 1, "placed on \"9\", which is not in the bundle"),
        ("applications: {a: {charm: ./pg}}\nrelations: [[a, b]]", 1, "relation with \"b\", which is not in the bundle"),
        ("applications: {a: {charm: ./pg}}\nrelations: [[a]]", 1, "a relation has two ends"),
        ("applications: {a: {charm: ./pg}}\nrelations: [[a:db, a:db]]", 1, "integrate"),
        ("applications: {a: {charm: ./hello, options: {mtu: big}}}", 1, "option \"mtu\" expected int"),
        ("[]", 1, "expected a map"),
        ("&a [*a]", 1, ""),
        ("applications: {a: &a {charm: *a}}", 1, ""),
    ] {
        bench.write("b.yaml", text);
        let said = bench.fails(code, "deploy ./b.yaml");
        assert!(said.contains(error), "{text}: {said}");
        assert_eq!(bench.ok("status --format yaml"), before, "{text}");
    }
}
