//! Properties of the model under random verbs and faults. The cases follow from `PROPTEST_RNG_SEED`, 1 unless it is set;
//! `PROPTEST_CASES` is their number. A failing case is made small and printed.

use std::collections::BTreeMap;

use juju_sim::{Fate, Fault, ProgramEnd, Retry, Settings, World};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::world_with;

#[derive(Debug, Clone)]
enum Verb {
    AddUnit,
    RemoveUnit(usize),
    Step,
    StepUnit(usize),
    Inject(usize, Fault),
    Restart(usize),
    Pause(usize),
    Resume(usize),
    Resolve(usize, Retry),
    Leader(usize),
    Config(i64),
    Tick(usize),
}

fn verb() -> impl Strategy<Value = Verb> {
    let unit = 0..5usize;
    let fault = prop_oneof![
        Just(Fault::Fail),
        (0..5usize).prop_map(Fault::KillAt),
        Just(Fault::CrashBeforeFlush),
        Just(Fault::CrashAfterFlush),
        Just(Fault::RejectFlush),
        (0..4usize).prop_map(Fault::LoseLeadershipAt),
    ];
    prop_oneof![
        2 => Just(Verb::AddUnit),
        1 => unit.clone().prop_map(Verb::RemoveUnit),
        16 => Just(Verb::Step),
        4 => unit.clone().prop_map(Verb::StepUnit),
        3 => (unit.clone(), fault).prop_map(|(unit, fault)| Verb::Inject(unit, fault)),
        1 => unit.clone().prop_map(Verb::Restart),
        1 => unit.clone().prop_map(Verb::Pause),
        2 => unit.clone().prop_map(Verb::Resume),
        2 => (unit.clone(), prop_oneof![Just(Retry::Retry), Just(Retry::NoRetry)])
            .prop_map(|(unit, retry)| Verb::Resolve(unit, retry)),
        1 => unit.clone().prop_map(Verb::Leader),
        1 => (0..3i64).prop_map(Verb::Config),
        1 => unit.prop_map(Verb::Tick),
    ]
}

/// Everything that a hook's writes can change for others.
fn public(world: &World) -> (BTreeMap<String, Settings>, BTreeMap<String, Settings>) {
    let owners = (0..12).map(|n| format!("magpie/{n}")).chain(["magpie".to_owned()]);
    let bags = owners.map(|owner| (owner.clone(), world.bag("magpie", &owner).unwrap())).collect();
    let states = world.units().into_iter().map(|unit| (unit.clone(), world.state(&unit))).collect();
    (bags, states)
}

fn apply(world: &mut World, verb: &Verb) {
    let name = |world: &World, n: usize| world.units().get(n).cloned();
    match verb {
        Verb::AddUnit if world.units().len() < 5 => drop(world.add_unit("magpie").unwrap()),
        Verb::Step => step(world, None),
        Verb::StepUnit(n) => step(world, name(world, *n).as_deref()),
        Verb::Config(mtu) => world.set_config("magpie", "mtu", Some((*mtu).into())).unwrap(),
        Verb::RemoveUnit(n)
        | Verb::Inject(n, _)
        | Verb::Restart(n)
        | Verb::Pause(n)
        | Verb::Resume(n)
        | Verb::Resolve(n, _)
        | Verb::Leader(n)
        | Verb::Tick(n) => {
            let Some(unit) = name(world, *n) else { return };
            match verb {
                Verb::RemoveUnit(_) => world.remove_unit(&unit).unwrap(),
                Verb::Inject(_, fault) => world.inject(&unit, fault.clone()).unwrap(),
                Verb::Restart(_) => world.restart_agent(&unit).unwrap(),
                Verb::Pause(_) => world.pause(&unit).unwrap(),
                Verb::Resume(_) => world.resume(&unit).unwrap(),
                // Refused unless the unit is in error.
                Verb::Resolve(_, retry) => drop(world.resolve(&unit, *retry)),
                Verb::Leader(_) => world.set_leader(&unit).unwrap(),
                _ => world.tick(&unit).unwrap(),
            }
        }
        Verb::AddUnit => {}
    }
}

/// One hook, with what must hold before and after it.
fn step(world: &mut World, unit: Option<&str>) {
    let before = public(world);
    let run = match unit {
        Some(unit) => world.step_unit(unit),
        None => world.step(),
    };
    let Some(run) = run.cloned() else { return };
    let after = public(world);
    let crashed_after_flush = run.fate == Fate::Failed("agent died after the flush".to_owned());
    if run.fate != Fate::Committed && !crashed_after_flush {
        // A dying unit that was never installed is gone once its install has ended, however it ended.
        let mut states = before.1.clone();
        states.retain(|unit, _| after.1.contains_key(unit));
        assert_eq!((&before.0, &states), (&after.0, &after.1), "a hook that did not succeed changed something:\n{run}");
    }
    for (owner, bag) in &after.0 {
        if *owner != run.unit && *owner != "magpie" {
            assert_eq!(Some(bag), before.0.get(owner), "a hook changed the bag of another unit:\n{run}");
        }
    }
}

/// Juju: per relation and remote unit a prefix of (joined changed+ departed)*, repeats aside; the owed changed is the
/// next hook of the relation.
fn check_grammar(world: &World) {
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum At {
        Out,
        Owed,
        In,
    }
    let mut at: BTreeMap<(String, String), At> = BTreeMap::new();
    let mut owed: BTreeMap<String, String> = BTreeMap::new();
    let done = |index: usize| {
        // A failed hook that was resolved without retry counts as done: what comes next tells.
        world.runs()[index].fate == Fate::Committed
    };
    for (index, run) in world.runs().iter().enumerate() {
        let (Some(_), Some(kind)) = (&run.relation, run.hook.rsplit('-').next()) else { continue };
        if let Some(remote) = owed.get(&run.unit) {
            assert_eq!((kind, run.remote_unit.as_ref()), ("changed", Some(remote)), "{run}");
        }
        let Some(remote) = run.remote_unit.clone() else { continue };
        let key = (run.unit.clone(), remote.clone());
        let now = at.get(&key).copied().unwrap_or(At::Out);
        let next = match (now, kind) {
            (At::Out, "joined") => At::Owed,
            (At::Owed | At::In, "changed") => At::In,
            (At::In, "departed") => At::Out,
            (now, kind) => panic!("{kind} for {key:?} at {now:?}:\n{run}"),
        };
        if done(index) {
            at.insert(key, next);
            if next == At::Owed {
                owed.insert(run.unit.clone(), remote);
            } else if kind == "changed" {
                owed.remove(&run.unit);
            }
        }
    }
}

fn chatty(seed: u64) -> World {
    world_with(seed, |hook| {
        let id = hook.try_call("relation-ids magpie");
        if id.stdout.is_empty() {
            return ProgramEnd::Exit(0);
        }
        let text = hook.var("JUJU_CONTEXT_ID").unwrap().len();
        let n = hook.0.now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() % 3;
        hook.try_call(&format!("relation-set -r 0 a={n} b={text}"));
        hook.try_call(&format!("state-set n={n}"));
        hook.try_call(&format!("relation-set -r 0 --app n={}", hook.name()));
        ProgramEnd::Exit(if n == 2 && hook.name() == "update-status" { 1 } else { 0 })
    })
}

fn config() -> ProptestConfig {
    let given = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { given.cases } else { 48 };
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..given }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn only_success_changes_anything(seed: u64, verbs in proptest::collection::vec(verb(), 0..150)) {
        let mut world = chatty(seed);
        for verb in &verbs {
            apply(&mut world, verb);
        }
    }

    #[test]
    fn relation_hooks_follow_jujus_grammar(seed: u64, verbs in proptest::collection::vec(verb(), 0..150)) {
        let mut world = chatty(seed);
        for verb in verbs.iter().filter(|verb| !matches!(verb, Verb::Resolve(_, Retry::NoRetry))) {
            apply(&mut world, verb);
        }
        check_grammar(&world);
    }

    #[test]
    fn a_quiet_world_ends_with_every_unit_knowing_every_other_one(
        seed: u64,
        verbs in proptest::collection::vec(verb(), 0..100),
    ) {
        let mut world = world_with(seed, |_| ProgramEnd::Exit(0));
        for verb in &verbs {
            apply(&mut world, verb);
        }
        for unit in world.units() {
            world.resume(&unit).unwrap();
        }
        world.settle().unwrap();
        let units = world.units();
        for unit in &units {
            let mut others: Vec<String> = units.iter().filter(|other| *other != unit).cloned().collect();
            others.sort();
            prop_assert_eq!(world.members(unit, "magpie").unwrap(), others);
            prop_assert_ne!(world.status(unit).current, "error");
        }
        prop_assert_eq!(world.model().leader("magpie").is_some(), !units.is_empty());
    }
}
