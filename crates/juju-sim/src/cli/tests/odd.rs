//! Words that nobody would give, and that somebody gives.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use super::Bench;
use crate::cli::verb::VERBS;

/// Calls all verbs with some words, and sees that they end in the usual ways and that the model is still there. `wait-for`
/// would wait for what the words name, and `page` writes files of all names.
fn calls_all(bench: &Bench, words: &[OsString]) {
    for verb in VERBS.iter().filter(|verb| !["wait-for", "page"].contains(&verb.name)) {
        let all = std::iter::once(verb.name.into()).chain(words.iter().cloned());
        let said = bench.call_words(all, "");
        // A command of ssh ends as it likes.
        let is_usual = said.code == 0 || said.code <= 2 && !said.err.is_empty() || verb.name == "ssh";
        assert!(is_usual, "{} {words:?}: {said:?}", verb.name);
    }
    bench.ok("status -m default --format json");
}

#[test]
fn no_name_is_too_odd_to_be_refused() {
    let bench = Bench::with_hello(1);
    let odd = [
        "",
        "../../etc",
        "a b",
        "ü\n",
        "\u{1b}[2J",
        "-x",
        "--",
        "hello/00",
        "hello/-1",
        "/0",
        "hello/4294967296",
        "$(touch x)",
        "*",
        "%s{0}",
        "=",
        ":",
        "@",
        "18446744073709551616",
        "hello\0",
        "\"'",
    ];
    for name in odd {
        calls_all(&bench, &[name.into(), name.into()]);
        calls_all(&bench, &["hello/0".into(), name.into()]);
        calls_all(&bench, &["-m".into(), name.into(), "hello".into()]);
    }
    let names: Vec<OsString> = std::fs::read_dir(bench.path("")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn words_that_are_no_text_are_refused() {
    let bench = Bench::with_hello(1);
    let bytes = || OsString::from_vec(vec![b'a', 0xff, b'b']);
    calls_all(&bench, &[bytes()]);
    calls_all(&bench, &["hello".into(), bytes()]);
    calls_all(&bench, &["--model".into(), bytes()]);
    let said = bench.call_words([bytes()], "");
    assert_eq!(said.code, 2, "{said:?}");
    let said = bench.call_words(["status".into(), "--output".into(), bytes()], "");
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(bench.path("").join(bytes()).exists());
}

#[test]
fn words_that_are_huge_are_refused_or_kept() {
    let bench = Bench::with_hello(1);
    // As long as a word may be on Linux.
    let huge = "x".repeat(131_071);
    calls_all(&bench, &[huge.clone().into()]);
    calls_all(&bench, &["hello".into(), huge.clone().into()]);
    calls_all(&bench, &["hello/0".into(), huge.clone().into()]);
    let many: Vec<OsString> = (0..2000).map(|number| format!("key{number}=value").into()).collect();
    calls_all(&bench, &["hello".into()].into_iter().chain(many).collect::<Vec<_>>());
    bench.ok("switch default");
    bench.ok(&format!("config hello greeting={huge}"));
    assert_eq!(bench.ok("config hello greeting").len(), huge.len() + 1);
    bench.ok("config hello greeting=short");
    assert!(bench.ok("status").contains("short"));
    let deep = format!("run hello/0 greet {}=1", vec!["a"; 5000].join("."));
    assert!(bench.fails(1, &deep).contains("more than 100 parts"));
    let nested = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let said = bench.call_words(["run".into(), "hello/0".into(), "greet".into(), format!("name={nested}").into()], "");
    assert_eq!(said.code, 1, "{}", said.err.len());
}
