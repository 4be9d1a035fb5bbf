use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sha2::{Digest, Sha256};

use super::*;
use crate::content::{Content, Publication, Told};
use crate::run::{CommandRun, Fate, ProgramEnd, Trace};
use crate::waits::Waits;

fn run(sequence: u64) -> HookRun {
    HookRun {
        sequence,
        seconds: sequence,
        unit: format!("m/{}", sequence % 3),
        hook: "m-relation-changed".to_owned(),
        subject: None,
        relation: Some("m:0".to_owned()),
        remote_unit: Some("m/9".to_owned()),
        departing_unit: None,
        trace: Vec::new(),
        forgotten: false,
        end: ProgramEnd::Exit(0),
        fate: Fate::Committed,
        status: Status::new("active", ""),
        status_changed: false,
        told: None,
        published: Vec::new(),
        waits: None,
        faults: Vec::new(),
    }
}

fn command(argv: &[&str], code: i32) -> CommandRun {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    CommandRun { argv, stdin: None, code, stdout: String::new(), stderr: String::new() }
}

/// A page that has a charm's words in every place where there can be some.
fn page_of(words: &[String]) -> PageInput {
    let word = |nth: usize| words[nth % words.len()].clone();
    let said = |nth: usize, name: &str| format!("{name} {}", word(nth));
    let log = |level: &str, text: String| Trace::Log { level: level.to_owned(), text };
    let bag = Content::Databag { relation: 0, owner: said(0, "owner") };
    let mut failing = command(&["network-get", &said(1, "argument")], 1);
    failing.stderr = said(2, "stderr");
    let mut setting = command(&["relation-set", &said(3, "key"), "--file", "-"], 0);
    setting.stdin = Some(said(4, "stdin"));
    let first = HookRun {
        unit: said(5, "unit"),
        hook: said(6, "hook"),
        subject: Some(said(7, "subject")),
        relation: Some(said(8, "relation")),
        remote_unit: Some(said(9, "remote")),
        departing_unit: Some(said(10, "departing")),
        trace: vec![
            Trace::Command(failing),
            Trace::Command(setting),
            log(&said(11, "level"), said(12, "text")),
            log("DEBUG", format!("juju-ops: emitted {}", said(13, "event"))),
            log("DEBUG", format!("juju-ops: delivered {}: not yet", said(14, "other"))),
            log("ERROR", said(15, "error")),
        ],
        end: ProgramEnd::Unstarted(said(16, "why")),
        status: Status::new(&said(17, "word"), &said(18, "message")),
        status_changed: true,
        published: vec![Publication { of: bag.clone(), version: 2 }],
        waits: Some(Waits { held: vec![said(19, "held")], released: vec![said(20, "gone")], count: 1 }),
        faults: vec![said(21, "fault")],
        ..run(1)
    };
    let second = HookRun {
        fate: Fate::Failed(said(22, "failed")),
        told: Some(Told { of: bag, version: 2, since: Some(1) }),
        unit: said(23, "reader"),
        hook: "m-relation-changed".to_owned(),
        ..run(2)
    };
    PageInput {
        title: said(24, "title"),
        runs: vec![first, second],
        left_out: 0,
        marks: vec![Mark { before: 1, text: said(25, "mark") }],
        units: vec![UnitAtEnd {
            unit: said(26, "at end"),
            leader: true,
            status: Status::new(&said(27, "word"), &said(28, "message")),
        }],
        failure: Some(said(29, "failure")),
    }
}

/// The tags of a page as a browser's tokenizer finds them: names, and names of attributes. It panics at what the page
/// does not write.
fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name_end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "/!".contains(c))).expect("a tag ends");
        let name = &rest[..name_end];
        let mut tag = name.to_owned();
        rest = &rest[name_end..];
        loop {
            rest = rest.trim_start_matches([' ', '\n']);
            if let Some(after) = rest.strip_prefix("/>").or(rest.strip_prefix('>')) {
                rest = after;
                break;
            }
            let end = rest.find(['=', '>', ' ']).expect("a tag ends");
            tag.push(' ');
            tag.push_str(&rest[..end]);
            assert!(rest[..end].chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{tag}");
            rest = &rest[end..];
            if let Some(value) = rest.strip_prefix("=\"") {
                rest = &value[value.find('"').expect("a value ends") + 1..];
            }
        }
        if name == "script" || name == "style" {
            rest = &rest[rest.find(&format!("</{name}")).expect("it ends")..];
        }
        tags.push(tag);
    }
    tags
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_a_charm_leaves_its_place_in_the_markup(
        words in proptest::collection::vec(
            prop_oneof![
                "[<>&\"'/= a-z!-]{0,12}",
                "\\PC{0,12}",
                any::<String>(),
                Just("</script><script>alert(1)</script>".to_owned()),
                Just("--><img src=x onerror=alert(1)>".to_owned()),
                Just("\" onmouseover=\"alert(1)".to_owned()),
                Just("</details></div><style>*{display:none}</style>".to_owned()),
                Just("&lt;b&gt;\u{0}<\u{202e}".to_owned()),
            ],
            30,
        )
    ) {
        let plain: Vec<String> = (0..30).map(|nth| format!("w{nth}")).collect();
        let html = page(&page_of(&words));
        prop_assert_eq!(tags(&html), tags(&page(&page_of(&plain))));
        let is_harmless = |c: char| c == '\n' || c == '\t' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        prop_assert!(html.chars().all(is_harmless));
    }
}

#[test]
fn every_text_is_on_the_page_that_is_no_value() {
    let words: Vec<String> = (0..30).map(|nth| format!("w{nth}")).collect();
    let html = page(&page_of(&words));
    let missing: Vec<&String> = words.iter().filter(|word| !html.contains(word.as_str())).collect();
    // The input of relation-set.
    assert_eq!(missing, ["w4"]);
}

#[test]
fn no_value_is_on_the_page() {
    let secret = "hunter2";
    let written = format!("password={secret}");
    let mut commands = Vec::new();
    for name in ["relation-set", "state-set", "leader-set", "secret-add", "secret-set"] {
        let stdin = Some(format!("password: {secret}\n"));
        commands.push(CommandRun { stdin, stderr: format!("ERROR invalid {secret}"), ..command(&[name, &written], 2) });
    }
    for name in ["relation-get", "state-get", "leader-get", "secret-get", "credential-get", "config-get", "action-get"]
    {
        commands.push(CommandRun { stdout: secret.to_owned(), ..command(&[name], 0) });
    }
    let told = HookRun { trace: commands.into_iter().map(Trace::Command).collect(), ..run(1) };
    let input = PageInput::new("values", &[told]);
    let html = page(&input);
    assert!(html.contains("secret-add password=…") && !html.contains(secret));
    let kept = serde_json::to_string(&input).unwrap();
    assert_eq!(page(&serde_json::from_str(&kept).unwrap()), html);
}

#[test]
fn what_is_kept_and_read_back_makes_the_same_page() {
    let words: Vec<String> = (0..30).map(|nth| format!("w{nth} <&>")).collect();
    let mut input = page_of(&words);
    input.runs[0].fate = Fate::ActionFailed("no".to_owned());
    let kept = serde_json::to_string(&input).unwrap();
    let read: PageInput = serde_json::from_str(&kept).unwrap();
    assert_eq!(page(&read), page(&input));
    assert_eq!(serde_json::to_string(&read).unwrap(), kept);
    // A run that an earlier version kept, without what is new.
    let old: HookRun = serde_json::from_value(serde_json::json!({
        "sequence": 1, "seconds": 0, "unit": "m/0", "hook": "install", "subject": null, "relation": null,
        "remote_unit": null, "departing_unit": null, "trace": [{"log": {"level": "INFO", "text": "hello"}}],
        "forgotten": false, "end": {"exit": 0}, "fate": "committed",
        "status": {"current": "active", "message": "", "data": {}}, "status_changed": true,
    }))
    .unwrap();
    assert!(page(&PageInput::new("old", &[old])).contains("hello"));
}

#[test]
fn many_hooks_that_do_much_make_a_page_of_a_bounded_size_that_says_what_it_leaves_out() {
    let log = |text: &str| Trace::Log { level: "INFO".to_owned(), text: text.repeat(100) };
    let runs: Vec<HookRun> = (1..=9_000)
        .map(|sequence| HookRun {
            trace: (0..40).map(|_| log("a line of some length\n")).collect(),
            told: Some(Told {
                of: Content::LeaderSettings("m".to_owned()),
                version: sequence,
                since: Some(sequence - 1),
            }),
            published: vec![Publication { of: Content::LeaderSettings("m".to_owned()), version: sequence + 1 }],
            ..run(sequence)
        })
        .collect();
    let input = PageInput::new("much", &runs);
    assert_eq!((input.runs.len(), input.left_out), (MOST_RUNS, 5_000));
    let html = page(&input);
    assert!(html.len() < 20 * 1024 * 1024, "{}", html.len());
    assert!(html.contains("The 5,000 hooks before the first one shown are left out."));
    assert!(html.contains("hooks did is left out."), "{}", &html[..9_000]);
    assert!(html.contains("changed by what is not on this page") || html.contains("What it did is left out."));
}

#[test]
fn one_hook_that_does_much_is_cut_and_says_so() {
    let log = |text: String| Trace::Log { level: "INFO".to_owned(), text };
    let trace = (0..5_000).map(|nth| log(format!("line {nth}."))).chain([log("x".repeat(100_000))]).collect();
    let html = page(&PageInput::new("one", &[HookRun { trace, ..run(1) }]));
    assert!(html.len() < 200_000, "{}", html.len());
    assert!(html.contains("line 149.") && html.contains("… 4,701 left out") && html.contains("line 4999."));
}

#[test]
fn more_units_than_lanes_share_the_last_one() {
    let runs: Vec<HookRun> = (0..250).map(|nth| HookRun { unit: format!("m/{nth}"), ..run(nth + 1) }).collect();
    let html = page(&PageInput::new("many units", &runs));
    assert!(html.contains("--n:100;") && html.contains("<b>151 others</b>"));
    assert_eq!(html.matches("--l:99").count(), 151);
}

#[test]
fn the_page_lets_its_own_script_run_and_loads_nothing() {
    let digest = format!("sha256-{}", STANDARD.encode(Sha256::digest(SCRIPT)));
    assert_eq!(digest, SCRIPT_DIGEST, "the script has changed: this is its digest now");
    let html = page(&PageInput::new("page", &[run(1)]));
    for loaded in ["http:", "https:", " src=", "url(", "@import", "<link", "<img"] {
        assert!(!html.contains(loaded), "{loaded}");
    }
}

#[test]
fn a_line_of_the_generator_is_one_of_the_script() {
    // As the script has it, for a place right of the first and one left of it.
    assert_eq!(line(0, 12, 2, 96), "M0.98 12H2.025Q2.045 12 2.045 17V91Q2.045 96 2.065 96H2.09");
    assert_eq!(line(2, 12, 0, 96), "M2.09 12H0.065Q0.045 12 0.045 17V91Q0.045 96 0.065 96H0.09");
}
