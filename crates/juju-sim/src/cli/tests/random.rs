//! Command lines that a grammar makes, one after another on one store.

use std::io::{self, Write as _};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::Bench;
use crate::cli::store::Disk;

/// The verbs with what they take. Of the letters, each stands for one of some words: `A` applications, `U` units, `E`
/// endpoints, `S` storage, `M` models, `N` numbers, `K` names of secrets, `F` flags of no consequence.
const LINES: [&str; 62] = [
    "add-machine -n N",
    "add-model M",
    "add-secret K key=N",
    "add-space fast 10.9.N.0/24",
    "add-storage U data=N",
    "add-unit A F",
    "add-unit A -n 2 --to N",
    "add-unit A --attach-storage S",
    "attach-resource A tool=tool.txt",
    "attach-storage U S",
    "bind A fast",
    "bind A db=alpha",
    "config A greeting=N F",
    "config A --reset greeting",
    "config A",
    "debug-log -n N",
    "deploy ./small A F",
    "deploy ./pg A -n N",
    "deploy ./logs A",
    "destroy-model M --no-prompt --destroy-storage",
    "detach-storage S",
    "exec --unit U -- status-set blocked N",
    "exec -a A -- true",
    "expose A",
    "fault U fail",
    "fault U kill-at N",
    "fault U pause",
    "fault U resume",
    "fault U reboot",
    "fault U lead",
    "grant-secret K A",
    "integrate A:E A:E F",
    "integrate A A",
    "model-config automatically-retry-hooks=false",
    "models",
    "operations",
    "refresh A F",
    "refresh A --path ./small",
    "remove-application A --no-prompt F",
    "remove-application A --no-prompt --force",
    "remove-relation A A",
    "remove-relation N --force",
    "remove-secret K",
    "remove-secret K --revision N",
    "remove-storage S",
    "remove-storage S --force",
    "remove-unit U --no-prompt F",
    "remove-unit U --no-prompt --force --destroy-storage",
    "resolved U",
    "resolved --all --no-retry",
    "resume-relation N",
    "revoke-secret K A",
    "run U greet F",
    "show-unit U",
    "step -n N",
    "step U",
    "suspend-relation N",
    "switch M",
    "tick",
    "trust A",
    "update-secret K key=new F",
    "transcript U",
];

fn words(letter: char) -> &'static [&'static str] {
    match letter {
        'A' => &["small", "small", "pg", "logs", "other"],
        'U' => &["small/0", "small/1", "small/leader", "pg/0", "logs/0", "other/0"],
        'E' => &["db", "database", "ring", "host", "juju-info"],
        'S' => &["data/0", "data/1", "data/2"],
        'M' => &["web", "web", "second"],
        'N' => &["0", "1", "2", "3"],
        'K' => &["token", "key"],
        _ => &["--no-settle", ""],
    }
}

/// A line of the grammar, and how many writes there are before the machine stops in it.
fn line() -> impl Strategy<Value = (String, Option<u32>)> {
    let filled = select(&LINES[..]).prop_flat_map(|line| {
        let parts = line.split(' ').map(|word| {
            let letters: Vec<char> = word.chars().filter(|c| "AUESMNKF".contains(*c)).collect();
            let values: Vec<_> = letters.iter().map(|letter| select(words(*letter))).collect();
            values.prop_map(move |values| {
                let mut values = values.into_iter();
                word.chars()
                    .map(
                        |c| if "AUESMNKF".contains(c) { values.next().unwrap_or("").to_owned() } else { c.to_string() },
                    )
                    .collect::<String>()
            })
        });
        parts.collect::<Vec<_>>().prop_map(|words| words.join(" "))
    });
    (filled, prop_oneof![8 => Just(None), 1 => (1..12u32).prop_map(Some)])
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.quiet("pg", "provides: {database: {interface: pg}}");
    bench.quiet("logs", "subordinate: true\nrequires: {host: {interface: juju-info, scope: container}}");
    bench.write("tool.txt", "tool");
    bench.charm(
        "small",
        &[
            (
                "metadata.yaml",
                "name: small\nsummary: s\ndescription: d\nrequires: {db: {interface: pg}}\npeers: {ring: {interface: ring}}\n\
                 storage: {data: {type: filesystem, multiple: {range: 0-}}}\n\
                 resources: {tool: {type: file, filename: tool.txt}}\n",
            ),
            ("config.yaml", "options: {greeting: {type: string, default: hello}}\n"),
            ("actions.yaml", "greet: {}\n"),
            (
                "dispatch",
                "#!/bin/sh\ncase $JUJU_DISPATCH_PATH in hooks/config-changed) status-set active \"$(config-get greeting)\" ;;\n\
                 hooks/ring-relation-joined) relation-set a=b ;;\nactions/greet) action-set a=b ;; esac\n",
            ),
        ],
    );
    bench.ok("add-model web");
    bench.ok("deploy ./small -n 2");
    bench
}

/// Does the lines one after another. What is wrong.
fn go(lines: &[(String, Option<u32>)]) {
    let mut bench = bench();
    for (line, stop) in lines {
        let before = bench.kept();
        bench.around.disk = stop.map_or_else(Disk::default, Disk::stopping_after);
        let said = bench.call(line);
        bench.around.disk = Disk::default();
        assert!(said.code <= 2, "{line}: {said:?}");
        // What is refused for its words alone has no part that is done.
        assert!(said.code != 2 || bench.kept() == before, "{line}: {said:?}");
        for name in ["web", "second"] {
            let said = bench.call(&format!("status -m {name} --format json"));
            let absent = format!("ERROR model juju-sim:admin/{name} not found\n");
            assert!(said.code == 0 || said.err == absent, "{line}, then status: {said:?}");
        }
    }
    // A model goes on after all of it.
    bench.ok("add-model last");
    bench.ok("deploy ./small last");
    let status = bench.json("status --format json");
    assert_eq!(status["applications"]["last"]["application-status"]["current"], "active", "{status}");
}

/// `JUJU_SIM_CASES` asks for more of them, `JUJU_SIM_SEED` for others.
#[test]
fn no_sequence_of_commands_breaks_what_is_kept() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (cases, seed) = (number("JUJU_SIM_CASES").unwrap_or(6), number("JUJU_SIM_SEED").unwrap_or(7));
    writeln!(io::stderr(), "JUJU_SIM_CASES={cases} JUJU_SIM_SEED={seed}").unwrap();
    let config = Config {
        cases: u32::try_from(cases).unwrap(),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    };
    let lines = proptest::collection::vec(line(), 15..30);
    TestRunner::new(config)
        .run(&lines, |lines| {
            go(&lines);
            Ok(())
        })
        .unwrap();
}
