use clap::error::ErrorKind;

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
