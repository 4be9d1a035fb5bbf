use super::Bench;

#[test]
fn a_first_charm_is_deployed_to_a_model_that_is_made_for_it() {
    let bench = Bench::new();
    let said = bench.told("deploy ./hello -n 2");
    assert_eq!(
        said,
        "Added \"default\" model, as there was none\nDeploying \"hello\" from local charm \"hello\", revision 0\n"
    );
    let status = bench.json("status --format json");
    let unit = &status["applications"]["hello"]["units"]["hello/0"];
    assert_eq!(
        (&unit["workload-status"]["current"], &unit["workload-status"]["message"]),
        (&"active".into(), &"hi".into())
    );
}

#[test]
fn what_is_no_charm_is_refused_and_leaves_nothing() {
    let bench = Bench::with_hello(1);
    let before = bench.ok("status");
    bench.write("not.charm", "nothing");
    bench.write("empty/README", "nothing");
    bench.write("nocode/metadata.yaml", "name: nocode\nsummary: s\ndescription: d\n");
    for (line, code, error) in [
        ("deploy web", 2, "ERROR charm \"web\" of Charmhub: not supported by juju-sim"),
        ("deploy ./web", 1, "ERROR no charm was found at \"./web\""),
        ("deploy ./not.charm", 1, "ERROR read charm archive"),
        ("deploy ./empty", 1, "ERROR "),
        ("deploy ./nocode", 1, "ERROR invalid charm \"nocode\": has no hooks nor dispatch file"),
        ("deploy hello", 1, "ERROR the charm or bundle \"hello\" is ambiguous"),
        ("deploy ./hello", 1, "ERROR cannot add application \"hello\": application already exists"),
        ("deploy ./hello other --config mtu=big", 1, "ERROR option \"mtu\" expected int, got \"big\""),
        ("deploy ./hello other --to 9", 1, "ERROR machine 9 not found"),
        ("deploy ./hello other --to lxd:0", 2, "ERROR placement \"lxd:0\": not supported by juju-sim"),
        ("deploy ./hello other --revision 3", 2, "ERROR juju deploy --revision: not supported by juju-sim"),
    ] {
        let said = bench.fails(code, line);
        assert!(said.starts_with(error), "{line}: {said}");
        assert_eq!(bench.ok("status"), before, "{line}");
    }
}

#[test]
fn related_applications_are_told_of_each_other() {
    let bench = Bench::with_hello(1);
    bench.quiet("pg", "provides: {database: {interface: pg}}");
    bench.ok("deploy ./pg -n 2");
    bench.ok("integrate hello:db pg");
    let view = bench.json("show-unit hello/0 --endpoint db --format json");
    let related = &view["hello/0"]["relation-info"][0]["related-units"];
    assert_eq!(related.as_object().unwrap().keys().collect::<Vec<_>>(), ["pg/0", "pg/1"]);
    assert_eq!(bench.fails(1, "integrate hello pg"), "ERROR integrate hello pg: they are related already");
    bench.ok("remove-relation pg hello");
    assert!(bench.json("status --format json")["applications"]["pg"]["relations"].is_null());
}

#[test]
fn time_that_passes_tells_once_what_is_not_settled() {
    let bench = Bench::with_hello(1);
    let down = "juju-sim: hello/0 is not settled: its agent is down\n";
    assert_eq!(bench.told("fault hello/0 pause"), down);
    assert_eq!(bench.told("tick 1h"), down);
}
