//! Exploring: many orders, a small failure, and how to repeat it.

use juju_sim::{Explore, Kind, ProgramEnd, World};

use crate::support::{charm, world_with};

fn quiet(seed: u64) -> World {
    world_with(seed, |_| ProgramEnd::Exit(0))
}

/// A charm that keeps its peers in its state, and forgets departures in one case: where its agent restarted between.
fn forgetful(seed: u64) -> World {
    world_with(seed, |hook| {
        let remote = hook.var("JUJU_REMOTE_UNIT").unwrap_or_default().replace('/', "-");
        match hook.name() {
            "magpie-relation-joined" => drop(hook.call(&format!("state-set {remote}=here"))),
            // The planted bug: what departs while it is not the leader is not taken off the list.
            "magpie-relation-departed" if hook.call("is-leader") == "True" => {
                hook.call(&format!("state-delete {remote}"));
            }
            _ => {}
        }
        ProgramEnd::Exit(0)
    })
}

fn lists_its_peers(juju: &mut World) -> Result<(), String> {
    for unit in juju.units() {
        let listed: Vec<String> = juju.state(&unit).into_keys().collect();
        let peers: Vec<String> = juju.members(&unit, "magpie").unwrap().iter().map(|it| it.replace('/', "-")).collect();
        if listed != peers {
            return Err(format!("{unit} lists {listed:?} where {peers:?} are"));
        }
    }
    Ok(())
}

#[test]
fn a_planted_lost_departure_is_found_made_small_and_can_be_repeated() {
    let explore = || {
        Explore::new(forgetful)
            .cases(200)
            .without(Kind::ResolveWithoutRetry)
            .without(Kind::RemoveUnitByForce)
            .in_the_end("a unit lists its peers", lists_its_peers)
    };
    let failure = explore().run().unwrap_err();
    assert!(failure.why.starts_with("a unit lists its peers: magpie/"), "{failure}");
    // A few units come, and one of them goes.
    assert!(failure.steps.len() <= 12, "{failure}");
    assert!(failure.steps.iter().any(|step| step.starts_with("remove magpie/")), "{failure}");
    let shown = failure.to_string();
    assert!(shown.contains("\nThe last hooks:\n    magpie/"), "{shown}");
    assert!(shown.contains("\nRepeat it: JUJU_SIM_REPLAY="), "{shown}");
    assert!(
        shown.ends_with(" cargo test explored::a_planted_lost_departure_is_found_made_small_and_can_be_repeated\n")
    );
    let html = failure.page();
    assert!(html.contains(&format!("<b>It fails</b> <span>{}", failure.why.split('"').next().unwrap())), "{html}");
    let marks = html.matches("<h2 class=\"mark\">").count();
    // Each step, and the rest after them.
    assert_eq!(marks, failure.steps.len() + 1);
    // The same again.
    let again = explore().run().unwrap_err();
    assert_eq!((again.to_string(), again.page()), (shown, html));
}

#[test]
fn a_world_that_holds_is_explored_to_the_end() {
    let explored = Explore::new(quiet)
        .cases(60)
        .action("magpie", "ping", serde_json::json!({"host": "h"}))
        .config("magpie", "mtu", vec![1.into(), 2.into()])
        .peer_relations("magpie", "magpie", 2)
        .refresh("magpie", |_| juju_sim::Revision::in_process(charm(), |_| ProgramEnd::Exit(0)))
        .always("numbers rise", |juju| {
            let numbers: Vec<u64> = juju.runs().iter().map(|run| run.sequence).collect();
            if numbers.is_sorted() { Ok(()) } else { Err("they do not".to_owned()) }
        })
        .in_the_end("every unit knows every other one, in each relation", |juju| {
            let units = juju.units();
            for unit in &units {
                for relation in juju.relations("magpie") {
                    let mut others: Vec<String> = units.iter().filter(|other| *other != unit).cloned().collect();
                    others.sort();
                    let members = juju.members(unit, relation).unwrap();
                    if members != others {
                        return Err(format!("{unit} has {members:?} in {relation}, where {others:?} are"));
                    }
                }
            }
            if juju.leader("magpie").is_some() == units.is_empty() { Err("nobody leads".to_owned()) } else { Ok(()) }
        })
        .run()
        .unwrap();
    assert_eq!(explored.cases, 60);
    assert!(explored.hooks > 1_000, "{explored:?}");
}

#[test]
fn a_panic_in_a_charm_or_a_check_is_a_failure_and_juju_4_loses_departures() {
    let failure = Explore::new(quiet).cases(1).steps(1..=1).always("fine", |_| panic!("no {}", 7)).run().unwrap_err();
    // With its place, which nothing else tells.
    assert!(failure.why.starts_with("no 7 (") && failure.why.contains("explored.rs:"), "{failure}");
    assert_eq!(failure.steps.len(), 1);
    let juju_4 = |seed| {
        let mut juju = forgetful(seed);
        juju.lose_departures();
        juju
    };
    let knows = |juju: &mut World| {
        for unit in juju.units() {
            let members = juju.members(&unit, "magpie").unwrap();
            if let Some(gone) = members.iter().find(|member| !juju.units().contains(member)) {
                return Err(format!("{unit} still lists {gone}"));
            }
        }
        Ok(())
    };
    let failure = Explore::new(juju_4).cases(100).in_the_end("departures are told", knows).run().unwrap_err();
    assert!(failure.why.contains("still lists magpie/"), "{failure}");
}
