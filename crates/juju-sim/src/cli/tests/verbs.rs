use clap::error::ErrorKind;

use super::Bench;
use crate::cli::arguments::command;
use crate::cli::juju;
use crate::cli::verb::VERBS;

#[test]
fn every_verb_is_well_formed() {
    command().debug_assert();
    for verb in VERBS {
        let help = command().try_get_matches_from(["juju-sim", verb.name, "--help"]).unwrap_err();
        assert_eq!(help.kind(), ErrorKind::DisplayHelp, "{}", verb.name);
    }
}

#[test]
fn verbs_have_the_names_and_other_names_that_they_have_in_juju() {
    for verb in VERBS {
        let Some(of_juju) = juju::verb(verb.name) else { continue };
        assert_eq!(of_juju.name, verb.name);
        let missing: Vec<_> = of_juju.aliases.iter().filter(|alias| !verb.aliases.contains(alias)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", verb.name);
    }
}

#[test]
fn what_is_said_to_mean_nothing_is_a_flag_of_jujus() {
    for verb in VERBS {
        let flags = juju::verb(verb.name).map_or(&[][..], |verb| verb.flags);
        for (name, _) in verb.idle {
            assert!(flags.iter().any(|flag| flag.name == *name), "juju {} --{name}", verb.name);
        }
    }
}

#[test]
fn help_has_the_verbs_of_the_simulator_first_and_fits_a_terminal() {
    let bench = Bench::new();
    let help = bench.ok("--help");
    let (own, of_juju) = help.split_once("\nAs in juju:\n").unwrap();
    let listed = |text: &str, name: &str| text.lines().any(|line| line.split_whitespace().next() == Some(name));
    let mut wide = Vec::new();
    for verb in VERBS {
        let is_own = juju::verb(verb.name).is_none();
        assert!(listed(if is_own { own } else { of_juju }, verb.name), "{}", verb.name);
        for text in [bench.ok(&format!("{} --help", verb.name)), bench.ok(&format!("help {}", verb.name))] {
            assert!(text.starts_with(&verb.about[..10]), "{text}");
            wide.extend(text.lines().filter(|line| line.chars().count() > 80).map(str::to_owned));
        }
    }
    assert!(wide.is_empty(), "{wide:#?}");
    assert!(listed(own, "demo") && help.lines().all(|line| line.chars().count() <= 80), "{help}");
    assert_eq!((bench.ok(""), bench.ok("help")), (help.clone(), help));
    assert!(bench.ok("--version").starts_with("juju-sim "));
}

#[test]
fn help_tells_which_flags_of_jujus_are_not_here_as_they_are_there() {
    let bench = Bench::new();
    let help = bench.ok("refresh --help");
    assert!(help.contains("\nOf no meaning here: --base, --force"), "{help}");
    assert!(help.contains("\nIn juju, and not here: --channel, --revision, --switch\n"), "{help}");
    assert!(!bench.ok("step --help").contains("juju,"));
}
