//! The connection to the agent, cut at every byte of a dispatch.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use juju_sim::cargo::{Profile, binary};
use juju_sim::{Fate, HookRun, On, Retry, Revision, World};

const METADATA: &str = "{name: cut, summary: s, description: d, peers: {ring: {interface: ring}}}";

/// What one dispatch did that counts.
fn writes(run: &HookRun) -> Vec<String> {
    let argv = run.commands().map(|command| command.argv.join(" "));
    argv.filter(|line| {
        let command = line.split(' ').next().unwrap_or_default();
        ["state-set", "relation-set", "status-set"].contains(&command)
            || line.contains("juju-log") && line.contains("count")
    })
    .collect()
}

/// How the lines of its log end that say which way hook commands went.
fn way(run: &HookRun) -> Vec<String> {
    let lines = run.log().filter(|(_, text)| text.contains("hook commands "));
    lines.map(|(_, text)| text.to_owned()).collect()
}

#[test]
fn a_connection_that_is_cut_at_any_byte_does_nothing_twice_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (charm, file) = (dir.path().join("charm"), dir.path().join("cut"));
    fs::create_dir(&charm).unwrap();
    fs::write(charm.join("metadata.yaml"), METADATA).unwrap();
    let program = binary("example-cut", Profile::Dev).unwrap();
    let dispatch = format!("#!/bin/sh\nexec '{}' '{}'\n", program.display(), file.display());
    fs::write(charm.join("dispatch"), dispatch).unwrap();
    fs::set_permissions(charm.join("dispatch"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut juju = World::of_one(Revision::executable(&charm).unwrap(), 0).unwrap();
    for _ in 0..3 {
        juju.add_unit("cut").unwrap();
    }
    juju.settle().unwrap();

    let mut count = 0;
    let (mut committed, mut failed, mut by_executables) = (0, 0, 0);
    for direction in ["there", "back"] {
        let mut untouched = 0;
        for byte in 0.. {
            let what = format!("cut {direction} after {byte} bytes");
            fs::write(&file, format!("{direction} {byte}")).unwrap();
            let run = juju.run_hook("cut/0", On::update_status()).unwrap().clone();
            assert!(!file.exists(), "{what}: it was not done");
            let writes = writes(&run);
            let mut once = writes.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), writes.len(), "{what}: done twice\n{run}");
            count += 1;
            let ring = "ring";
            if run.fate == Fate::Committed {
                committed += 1;
                assert_eq!(writes.len(), 4, "{what}\n{run}");
            } else {
                failed += 1;
                let told = run.log().any(|(_, text)| text.contains("whether it was done is not known"));
                assert!(told, "{what}: fails for another reason\n{run}");
                let before = if count == 1 { None } else { Some((count - 1).to_string()) };
                assert_eq!(juju.bag(ring, "cut/0").unwrap().get("count").cloned(), before, "{what}");
                juju.resolve("cut/0", Retry::Retry).unwrap();
                let again = juju.step_unit("cut/0").unwrap();
                assert_eq!(again.fate, Fate::Committed, "{what}\n{again}");
            }
            assert_eq!(juju.bag(ring, "cut/0").unwrap()["count"], count.to_string(), "{what}");
            assert_eq!(juju.status("cut/0"), ("active", count.to_string().as_str()), "{what}");
            let way = way(&run);
            by_executables += usize::from(way.iter().any(|line| line.contains("as executables")));
            untouched = if way == ["juju-ops: hook commands go over the agent's socket"] { untouched + 1 } else { 0 };
            // Not one after which there was nothing more to cut, but several.
            if untouched == 8 && run.fate == Fate::Committed {
                break;
            }
        }
    }
    assert!(committed > 500 && failed > 200 && by_executables > 500, "{committed} {failed} {by_executables}");
}
