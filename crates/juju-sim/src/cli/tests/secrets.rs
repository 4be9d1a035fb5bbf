//! Secrets of the model's.

use super::Bench;

/// One whose charm reads the secret that its option names.
fn reader() -> (Bench, String) {
    let bench = Bench::new();
    let dispatch = "#!/bin/bash\ncase $JUJU_DISPATCH_PATH in hooks/config-changed|hooks/secret-changed)\n\
                    id=$(config-get secret); [ -z $id ] && exit 0\n\
                    text=$(secret-get $id --refresh 2>&1); status-set active \"$text\" ;; esac\n";
    bench.charm(
        "reads",
        &[
            ("metadata.yaml", "name: reads\nsummary: s\ndescription: d\n"),
            ("config.yaml", "options: {secret: {type: secret}}\n"),
            ("dispatch", dispatch),
        ],
    );
    bench.ok("deploy ./reads");
    let uri = bench.ok("add-secret token key=first --info 'of the tests'").trim_end().to_owned();
    (bench, uri)
}

#[test]
fn a_secret_is_read_by_those_who_may_and_by_nobody_else() {
    let (bench, uri) = reader();
    assert!(uri.starts_with("secret:"), "{uri}");
    bench.ok(&format!("config reads secret={uri}"));
    assert!(bench.ok("status").contains("permission denied"));
    bench.ok("grant-secret token reads");
    bench.ok("config reads --reset secret");
    bench.ok(&format!("config reads secret={uri}"));
    assert!(bench.ok("status").contains("key: first"), "{}", bench.ok("status"));
    let access = bench.json("show-secret token --format json");
    let (_, view) = access.as_object().unwrap().iter().next().unwrap();
    assert_eq!(view["access"][0]["target"], "reads");
    bench.ok("update-secret token key=second");
    assert!(bench.ok("status").contains("key: second"));
    bench.ok(&format!("revoke-secret {uri} reads"));
    bench.ok("config reads --reset secret");
    bench.ok(&format!("config reads secret={uri}"));
    assert!(bench.ok("status").contains("permission denied"));
    bench.ok("remove-secret token");
    assert_eq!(bench.json("secrets --format json"), serde_json::json!({}));
}

#[test]
fn content_comes_from_words_and_files_and_is_shown_when_that_is_asked_for() {
    let bench = Bench::new();
    bench.ok("add-model web");
    bench.write("content.yaml", "user: admin\npassword: sesame\n");
    bench.write("key.pem", "pem\n");
    bench.ok("add-secret both --file content.yaml more=x");
    bench.ok("add-secret coded text#base64=c2VzYW1l pem#file=key.pem");
    let shown = bench.ok("show-secret both --reveal");
    assert!(
        shown.contains("password: sesame") && shown.contains("more: x") && shown.contains("user: admin"),
        "{shown}"
    );
    assert!(bench.ok("show-secret coded --reveal").contains("text: sesame"));
    for line in ["show-secret both", "secrets --format yaml", "show-secret both --revisions", "transcript"] {
        assert!(!bench.ok(line).contains("sesame"), "{line}");
    }
    bench.ok("update-secret both --name other --info new --auto-prune user=root");
    let revealed = bench.json("show-secret other --reveal --format json");
    let (_, view) = revealed.as_object().unwrap().iter().next().unwrap();
    assert_eq!((&view["content"]["Data"]["user"], &view["description"]), (&"root".into(), &"new".into()));
    bench.refuses(1, "show-secret both", "ERROR secret \"both\" not found");
}

#[test]
fn one_revision_of_a_secret_is_shown_or_removed_alone() {
    let bench = Bench::new();
    bench.ok("add-model web");
    bench.ok("add-secret token key=first");
    bench.ok("update-secret token key=second");
    assert!(bench.ok("show-secret token --reveal --revision 1").contains("key: first"));
    bench.ok("remove-secret token --revision 1");
    assert!(bench.fails(1, "show-secret token --revision 1").ends_with("/1 not found"));
    assert!(bench.ok("show-secret token --reveal").contains("key: second"));
    bench.ok("remove-secret token --revision 2");
    bench.refuses(1, "show-secret token", "ERROR secret \"token\" not found");
}
