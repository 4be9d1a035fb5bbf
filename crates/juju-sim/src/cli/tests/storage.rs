//! Storage and resources.

use super::Bench;

fn state(bench: &Bench, id: &str) -> String {
    bench.json("storage --format json")["storage"][id]["status"]["current"].as_str().unwrap_or("gone").to_owned()
}

#[test]
fn storage_is_added_moved_and_destroyed() {
    let bench = Bench::new();
    bench.ok("deploy ./hello -n 2 --storage data=1G,2");
    assert_eq!(bench.json("storage --format json")["storage"].as_object().unwrap().len(), 4);
    let said = bench.told("add-storage hello/0 data=2");
    assert_eq!(said, "added storage data/4 to hello/0\nadded storage data/5 to hello/0\n");
    assert_eq!(bench.told("detach-storage data/4"), "detaching data/4\n");
    assert_eq!(state(&bench, "data/4"), "detached");
    assert_eq!(bench.told("attach-storage hello/1 data/4"), "attaching data/4 to hello/1\n");
    assert_eq!(state(&bench, "data/4"), "attached");
    assert_eq!(bench.told("remove-storage data/4 --force"), "removing data/4\n");
    assert_eq!(state(&bench, "data/4"), "gone");
    bench.ok("detach-storage data/5");
    bench.ok("add-unit hello --attach-storage data/5");
    let attached = bench.json("show-storage data/5 --format json");
    assert!(attached["data/5"]["attachments"]["units"]["hello/2"].is_object(), "{attached}");
    bench.ok("remove-unit hello/2 --no-prompt --destroy-storage");
    assert_eq!(state(&bench, "data/5"), "gone");
    bench.ok("remove-application hello --no-prompt");
    assert_eq!(state(&bench, "data/0"), "detached");
    bench.ok("remove-storage data/0");
    assert_eq!(state(&bench, "data/0"), "gone");
    assert!(bench.ok("storage --filesystem").contains("data/1"));
    assert!(!bench.ok("storage --volume").contains("data/1"));
}

#[test]
fn what_would_become_of_storage_is_told_before() {
    let bench = Bench::new();
    bench.ok("deploy ./hello --storage data=1");
    let plan = "will remove application hello\n- will remove unit hello/0\n- will detach storage data/0\n";
    assert_eq!(bench.ok("remove-application hello --dry-run"), plan);
    let plan = plan.replace("detach", "remove");
    assert_eq!(bench.ok("remove-application hello --dry-run --destroy-storage"), plan);
    assert_eq!(bench.told("remove-application hello --no-prompt --destroy-storage"), plan);
    assert_eq!(state(&bench, "data/0"), "gone");
}

#[test]
fn a_resource_is_read_by_the_charm_as_it_is_now() {
    let bench = Bench::new();
    bench.write("one.txt", "one");
    bench.write("two.txt", "two");
    bench.ok("deploy ./hello --resource tool=one.txt");
    let read = "exec --unit hello/0 -- 'cat $(resource-get tool)'";
    assert_eq!(bench.ok(read).trim_end(), "one");
    bench.ok("attach-resource hello tool=two.txt");
    assert_eq!(bench.ok(read).trim_end(), "two");
    bench.ok("refresh hello --resource tool=one.txt --storage data=2");
    assert_eq!(bench.ok(read).trim_end(), "one");
    bench.ok("add-unit hello");
    assert_eq!(bench.json("storage --format json")["storage"].as_object().unwrap().len(), 2);
    let shown = bench.json("resources hello --format json");
    assert_eq!((&shown["resources"][0]["size"], &shown["resources"][0]["used"]), (&3.into(), &true.into()));
}
