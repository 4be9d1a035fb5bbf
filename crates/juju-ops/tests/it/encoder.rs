//! What is written reaches Juju's YAML reader and comes back unchanged: two readings of one rule.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use juju_ops::hook;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::{Made, tick};

type Pairs = BTreeMap<String, String>;

/// A charm that writes pairs to its bag, and their values to its state.
fn writer() -> (Made, Rc<RefCell<Pairs>>) {
    let pairs: Rc<RefCell<Pairs>> = Rc::default();
    let given = pairs.clone();
    let charm = Made::new(move |_, events| {
        let given = given.clone();
        events.on(&hook::update_status(), move |_, _, cx| {
            let relation = cx.relations("peers")?.remove(0);
            for (key, value) in given.borrow().iter() {
                relation.own_bag()?.set(key, value.clone())?;
            }
            cx.state("test").set_text(given.borrow().values().cloned().collect())?;
            Ok(())
        });
    });
    (charm, pairs)
}

fn written(pairs: &Pairs) -> (Pairs, String) {
    let (charm, given) = writer();
    let mut juju = charm.deploy();
    let before = juju.bag("peers", "app/0").unwrap();
    *given.borrow_mut() = pairs.clone();
    let run = tick(&mut juju);
    assert_ne!(juju.status("app/0").current, "error", "{run}");
    let mut bag = juju.bag("peers", "app/0").unwrap();
    bag.retain(|key, _| !before.contains_key(key));
    let state = juju.state("app/0");
    let mut chunks: Vec<(usize, &String)> = state
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("juju-ops.test.")?.parse().ok()?, value)))
        .collect();
    chunks.sort();
    (bag, chunks.into_iter().map(|(_, text)| text.as_str()).collect())
}

fn check(pairs: &Pairs) {
    let (bag, state) = written(pairs);
    let kept: Pairs =
        pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(k, v)| (k.clone(), v.clone())).collect();
    assert_eq!(bag, kept);
    assert_eq!(state, pairs.values().cloned().collect::<String>());
}

#[test]
fn what_yaml_would_change_or_refuse_comes_back() {
    let values = [
        "plain",
        "true",
        "~",
        "1.50",
        "0x10",
        " spaces ",
        "\ttab\t",
        "a: b",
        "- a",
        "# no",
        "'",
        "\"",
        "\\",
        "\\/",
        "!!binary x",
        "line\nline\r\n",
        "\0",
        "\u{1b}",
        "\u{7f}",
        "\u{80}",
        "\u{85}",
        "\u{9f}",
        "\u{a0}",
        " \u{2028} ",
        "\u{2029}",
        "\u{feff}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{fffd}",
        "😀",
        "\u{10ffff}",
        "{\"json\": [\"\\u00e9\"]}",
        "%",
        "@`",
    ];
    let pairs = values.iter().enumerate().map(|(n, value)| (format!("key{n}"), (*value).to_owned())).collect();
    check(&pairs);
}

#[test]
fn keys_come_back_too() {
    let long = "k".repeat(3000);
    let keys = ["a b", "a: b", "? x", "-", "#", "\u{2028}", "😀", "\\", "\"", "<<", "null", "a=b", "a.b$c", &long];
    check(&keys.iter().map(|&key| (key.to_owned(), "v".to_owned())).collect());
}

#[test]
fn sixty_four_kib_and_more_come_back() {
    let pairs = [("big".to_owned(), "é😀\u{2028}x".repeat(20_000))].into();
    check(&pairs);
}

#[test]
fn any_text_comes_back() {
    let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let text = prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter);
    let key = text.clone().prop_map(|text| format!("k{text}"));
    runner
        .run(&prop::collection::btree_map(key, text, 0..8), |pairs| {
            check(&pairs);
            Ok(())
        })
        .unwrap();
}
