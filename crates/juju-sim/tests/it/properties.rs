//! Properties of the model under random verbs and faults: `JUJU_SIM_CASES` and `JUJU_SIM_SEED` say how many and which
//! cases, as for every [`Explore`].

use std::collections::BTreeMap;

use juju_sim::{Explore, Fate, HookRun, Kind, ProgramEnd, RelationId, Revision, Settings, World};
use serde_json::json;

use crate::support::{Hook, charm, world_with};

/// Units that come and go in up to three peer relations, with actions, options and refreshes.
fn explore(program: fn(&Hook) -> ProgramEnd) -> Explore<'static> {
    Explore::new(move |seed| world_with(seed, program))
        .cases(60)
        .steps(0..=150)
        .weight(Kind::Hook, 40)
        .action("magpie", "ping", json!({"host": "h"}))
        .action("magpie", "fail", json!({}))
        .config("magpie", "mtu", vec![0.into(), 1.into(), 2.into()])
        .peer_relations("magpie", "magpie", 3)
        .refresh("magpie", move |_| Revision::in_process(charm(), move |invocation| program(&Hook(invocation))))
}

/// When a chatty charm falls silent, in seconds of the model's time: before, its units do not come to rest.
const SILENCE: u64 = 1_767_225_600 + 300;

/// A charm that writes something new wherever it may.
fn chatty(hook: &Hook) -> ProgramEnd {
    let text = hook.var("JUJU_CONTEXT_ID").unwrap().len();
    let now = hook.0.now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (n, text) = if now < SILENCE { (now % 3, text) } else { (0, 0) };
    for id in hook.call("relation-ids magpie").split_whitespace() {
        hook.try_call(&format!("relation-set -r {id} a={n} b={text}"));
        hook.try_call(&format!("relation-set -r {id} --app n={n} b={text}"));
    }
    hook.try_call(&format!("state-set n={n}"));
    if hook.name() == "fail" {
        hook.call("action-fail as-asked");
    }
    ProgramEnd::Exit(if n == 2 && ["update-status", "ping"].contains(&hook.name()) { 1 } else { 0 })
}

fn quiet(_: &Hook) -> ProgramEnd {
    ProgramEnd::Exit(0)
}

/// Everything that a hook's writes can change for others: bags by relation and owner, and states.
#[derive(PartialEq)]
struct Public {
    bags: BTreeMap<(RelationId, String), Settings>,
    states: BTreeMap<String, Settings>,
}

fn public(juju: &mut World) -> Public {
    let mut bags = BTreeMap::new();
    for id in juju.relations("magpie") {
        for owner in (0..20).map(|n| format!("magpie/{n}")).chain(["magpie".to_owned()]) {
            let bag = juju.bag(id, &owner).unwrap();
            bags.insert((id, owner), bag);
        }
    }
    let states = juju.units().into_iter().map(|unit| (unit.clone(), juju.state(&unit))).collect();
    Public { bags, states }
}

/// Whether what ran may have published anything.
fn publishes(run: &HookRun) -> bool {
    match &run.fate {
        Fate::Committed => true,
        // The agent died when it was too late to take anything back.
        Fate::Failed(why) => why == "agent died after the flush",
        // So it may have for an action. One that calls itself failed has exited with 0.
        Fate::ActionFailed(why) => why == "action terminated" || why == "as-asked",
        _ => false,
    }
}

#[test]
fn only_success_changes_anything() {
    let explored = explore(chatty)
        .without(Kind::Settle)
        .around("only success changes anything", public, |juju, before, run| {
            let after = public(juju);
            if !publishes(run) {
                // A dying unit that was never installed is gone once its install has ended, however it ended.
                let mut states = before.states.clone();
                states.retain(|unit, _| after.states.contains_key(unit));
                if before.bags != after.bags || states != after.states {
                    return Err(format!("this changed something:\n{run}"));
                }
            }
            for ((id, owner), bag) in &after.bags {
                let own = *owner == run.unit || owner == "magpie";
                if !own && before.bags.get(&(*id, owner.clone())) != Some(bag) {
                    return Err(format!("this changed the bag of {owner} in {id}:\n{run}"));
                }
            }
            for (unit, state) in &after.states {
                if *unit != run.unit && before.states.get(unit) != Some(state) {
                    return Err(format!("this changed the state of {unit}:\n{run}"));
                }
            }
            Ok(())
        })
        .run()
        .unwrap();
    assert!(explored.hooks > 1_000, "{explored:?}");
}

/// Juju: per relation and remote unit a prefix of (joined changed+ departed)*, repeats aside; the owed changed is the
/// next hook of the relation.
fn check_grammar(juju: &mut World) -> Result<(), String> {
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum At {
        Out,
        Owed,
        In,
    }
    let mut at: BTreeMap<[&str; 3], At> = BTreeMap::new();
    let mut owed: BTreeMap<[&str; 2], &str> = BTreeMap::new();
    for run in juju.runs() {
        let (Some(relation), Some(kind)) = (&run.relation, run.hook.rsplit('-').next()) else { continue };
        if let Some(remote) = owed.get(&[run.unit.as_str(), relation])
            && (kind, run.remote_unit.as_deref()) != ("changed", Some(remote))
        {
            return Err(format!("changed for {remote} is owed before:\n{run}"));
        }
        let Some(remote) = &run.remote_unit else { continue };
        let key = [run.unit.as_str(), relation, remote];
        let now = at.get(&key).copied().unwrap_or(At::Out);
        let next = match (now, kind) {
            (At::Out, "joined") => At::Owed,
            (At::Owed | At::In, "changed") => At::In,
            (At::In, "departed") => At::Out,
            (now, _) => return Err(format!("{remote} is {now:?} for {} before:\n{run}", run.unit)),
        };
        if run.fate == Fate::Committed {
            at.insert(key, next);
            if next == At::Owed {
                owed.insert([&run.unit, relation], remote);
            } else if kind == "changed" {
                owed.remove(&[run.unit.as_str(), relation]);
            }
        }
    }
    Ok(())
}

#[test]
fn relation_hooks_follow_jujus_grammar() {
    let explored = explore(chatty)
        // A failed hook that was resolved without retry counts as done, and no run tells of it.
        .without(Kind::ResolveWithoutRetry)
        .without(Kind::Settle)
        .in_the_end("relation hooks follow the grammar", check_grammar)
        .run()
        .unwrap();
    assert!(explored.hooks > 1_000, "{explored:?}");
}

#[test]
fn a_quiet_world_ends_with_every_unit_knowing_every_other_one() {
    let explored = explore(quiet)
        .in_the_end("every unit knows every other one", |juju| {
            let units = juju.units();
            for unit in &units {
                let mut others: Vec<String> = units.iter().filter(|other| *other != unit).cloned().collect();
                others.sort();
                for id in juju.relations("magpie") {
                    let members = juju.members(unit, id).unwrap();
                    if members != others {
                        return Err(format!("{unit} has {members:?} in {id}, where {others:?} are"));
                    }
                }
                if juju.status(unit).current == "error" {
                    return Err(format!("{unit} is in error"));
                }
            }
            if juju.leader("magpie").is_some() == units.is_empty() { Err("nobody leads".to_owned()) } else { Ok(()) }
        })
        .run()
        .unwrap();
    assert!(explored.hooks > 1_000, "{explored:?}");
}
