use std::time::Duration;

use juju_sim::{Fate, Fault};

use crate::support::{deploy, hooks, run_to, world};

#[test]
fn leadership_moves_with_hooks_for_both_sides() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.set_leader("magpie/1").unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/0"), ["leader-settings-changed"]);
    assert_eq!(hooks(&world, "magpie/1"), ["leader-elected"]);
    // What no agent has noticed leaves no trace.
    world.clear_transcript();
    world.set_leader("magpie/0").unwrap();
    world.set_leader("magpie/1").unwrap();
    world.settle().unwrap();
    assert_eq!(world.transcript(), "");
}

#[test]
fn an_elected_unit_that_lost_before_its_hook_skips_it() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.set_leader("magpie/1").unwrap();
    world.inject("magpie/1", Fault::Fail).unwrap();
    run_to(&mut world, "magpie/1", "leader-elected");
    world.set_leader("magpie/0").unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/1"), ["leader-elected", "leader-settings-changed"]);
    assert_eq!(world.status("magpie/1").current, "unknown");
}

#[test]
fn writing_for_the_application_needs_leadership_at_the_call_and_at_the_flush() {
    let mut world = world(|hook| {
        if hook.name() == "update-status" {
            let output = hook.try_call("relation-set -r 0 --app x=1");
            match hook.unit() {
                "magpie/0" => assert_eq!(output.code, 0),
                _ => assert_eq!(output.stderr, b"ERROR cannot write relation settings\n"),
            }
            hook.call("state-set seen=1");
            hook.0.tools.stdout(&hook.call("is-leader"));
        }
    });
    deploy(&mut world, 2);
    world.tick("magpie/1").unwrap();
    assert_eq!(world.step().unwrap().fate, Fate::Committed);
    world.tick("magpie/0").unwrap();
    world.inject("magpie/0", Fault::LoseLeadershipAt(1)).unwrap();
    let run = world.step_unit("magpie/0").unwrap();
    let text = "checking leadership continuity: \"magpie/0\" is not leader of \"magpie\"";
    assert_eq!(run.fate, Fate::Failed(text.to_owned()));
    assert_eq!(run.log().last(), Some(("DEBUG", "False")));
    assert!(world.state("magpie/0").is_empty());
    assert!(world.bag("magpie", "magpie").unwrap().is_empty());
    assert_eq!(world.model().leader("magpie"), Some("magpie/1"));
}

#[test]
fn an_elected_unit_that_is_removed_runs_its_hook_while_it_holds_the_lease() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.set_leader("magpie/1").unwrap();
    world.inject("magpie/1", Fault::KillAt(0)).unwrap();
    run_to(&mut world, "magpie/1", "leader-elected");
    world.clear_transcript();
    world.remove_unit("magpie/1").unwrap();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/1")[0], "leader-elected");
}

#[test]
fn a_lone_unit_that_loses_leadership_in_a_hook_claims_it_again_afterwards() {
    let mut world = world(|hook| {
        if hook.name() == "update-status" {
            hook.0.tools.stdout(&hook.call("is-leader"));
            hook.0.tools.stdout(&hook.call("is-leader"));
        }
    });
    deploy(&mut world, 1);
    world.inject("magpie/0", Fault::LoseLeadershipAt(1)).unwrap();
    world.tick("magpie/0").unwrap();
    world.settle().unwrap();
    let said: Vec<_> = world.log().into_iter().map(|line| line.text).collect();
    assert_eq!(said, ["True", "False"]);
    // No agent has noticed.
    assert_eq!(hooks(&world, "magpie/0"), ["update-status"]);
    assert_eq!(world.leader("magpie").as_deref(), Some("magpie/0"));
}

#[test]
fn a_unit_that_comes_up_claims_the_leadership_that_nobody_has() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.pause("magpie/1").unwrap();
    world.remove_unit("magpie/0").unwrap();
    world.settle().unwrap();
    assert_eq!(world.leader("magpie"), None);
    world.clear_transcript();
    world.resume("magpie/1").unwrap();
    world.settle().unwrap();
    assert_eq!(world.leader("magpie").as_deref(), Some("magpie/1"));
    assert!(hooks(&world, "magpie/1").contains(&"leader-elected".to_owned()));
}

#[test]
fn the_lease_of_a_leader_that_is_down_runs_out() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.pause("magpie/0").unwrap();
    world.advance(Duration::from_secs(59));
    assert_eq!(world.leader("magpie").as_deref(), Some("magpie/0"));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.leader("magpie").as_deref(), Some("magpie/1"));
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/1"), ["leader-elected"]);
    world.clear_transcript();
    world.resume("magpie/0").unwrap();
    world.settle().unwrap();
    assert!(hooks(&world, "magpie/0").contains(&"leader-settings-changed".to_owned()), "{}", world.transcript());
}
