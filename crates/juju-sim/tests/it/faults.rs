use expect_test::expect;
use juju_sim::{Fate, Fault, ProgramEnd, Retry, Target, ToolOutput, World};

use crate::support::{deploy, hooks, run_to, world, world_with};

/// A charm that writes to all places in `update-status`.
fn writer() -> World {
    let mut world = world(|hook| {
        if hook.name() == "update-status" {
            for line in
                ["relation-set -r 0 x=1", "relation-set -r 0 --app y=1", "state-set z=1", "status-set active written"]
            {
                hook.try_call(line);
            }
        }
    });
    deploy(&mut world, 2);
    world.tick("magpie/0").unwrap();
    world
}

/// What was published: unit bag, app bag, state.
fn published(world: &World) -> [bool; 3] {
    [
        world.bag("magpie", "magpie/0").unwrap().contains_key("x"),
        world.bag("magpie", "magpie").unwrap().contains_key("y"),
        world.state("magpie/0").contains_key("z"),
    ]
}

#[test]
fn a_failed_hook_discards_its_writes_and_is_repeated() {
    let mut world = writer();
    world.inject("magpie/0", Fault::Fail).unwrap();
    world.settle_without_retry().unwrap();
    assert_eq!(published(&world), [false; 3]);
    assert_eq!(world.status("magpie/0"), ("error", "hook failed: \"update-status\""));
    // In error nothing else runs; what is due coalesces.
    world.set_config("magpie", "mtu", Some(1.into())).unwrap();
    world.settle_without_retry().unwrap();
    assert!(!world.ready().contains(&"magpie/0".to_owned()));
    world.settle().unwrap();
    assert_eq!(published(&world), [true; 3]);
    let runs = world.runs().iter().skip_while(|run| run.hook != "update-status");
    let own: Vec<_> = runs.filter(|run| run.unit == "magpie/0").take(3).map(ToString::to_string).collect();
    expect![[r#"
        magpie/0 update-status
          > relation-set -r 0 x=…
          > relation-set -r 0 --app y=…
          > state-set z=…
          > status-set active written
          = error "hook failed: \"update-status\""
          ! failed: exit status 1
        magpie/0 update-status
          > relation-set -r 0 x=…
          > relation-set -r 0 --app y=…
          > state-set z=…
          > status-set active written
          = active "written"
        magpie/0 config-changed
    "#]]
    .assert_eq(&own.concat());
}

#[test]
fn a_hook_that_goes_on_failing_is_left_in_error() {
    let mut world = world_with(1, |_| ProgramEnd::Exit(3));
    world.add_unit("magpie").unwrap();
    let error = world.settle().unwrap_err();
    assert_eq!(error.to_string(), "magpie/0 is in error: hook failed: \"install\": exit status 3");
    assert_eq!(world.status("magpie/0").current, "error");
    assert_eq!(world.runs().len(), 5);
    assert_eq!(world.model().seconds(), 5 + 5 + 10 + 20 + 40);
}

#[test]
fn a_kill_drops_writes_and_runs_again_without_error() {
    for kill in 0..=4 {
        let mut world = writer();
        world.inject("magpie/0", Fault::KillAt(kill)).unwrap();
        let run = world.step_unit("magpie/0").unwrap();
        assert_eq!((run.fate.clone(), run.end.clone()), (Fate::Rerun, ProgramEnd::Signal(9)));
        assert_eq!(run.commands().count(), kill);
        assert_eq!(published(&world), [false; 3]);
        // Immediate effects stay.
        assert_eq!(world.status("magpie/0").current, if kill == 4 { "active" } else { "unknown" });
        assert_eq!(world.step_unit("magpie/0").unwrap().hook, "update-status");
        assert_eq!(published(&world), [true; 3]);
    }
    let mut world = writer();
    world.inject("magpie/0", Fault::KillAt(5)).unwrap();
    assert_eq!(world.step_unit("magpie/0").unwrap().fate, Fate::Committed);
}

#[test]
fn what_a_killed_charm_does_does_not_matter() {
    let mut world = world(|hook| {
        hook.call("is-leader");
        assert_eq!(hook.call("is-leader"), "True");
    });
    world.add_unit("magpie").unwrap();
    world.inject("magpie/0", Fault::KillAt(1)).unwrap();
    assert_eq!(world.step().unwrap().fate, Fate::Rerun);
    assert_eq!(world.step().unwrap().fate, Fate::Committed);
}

#[test]
fn crashes_around_the_flush() {
    for (fault, effect) in [(Fault::CrashBeforeFlush, false), (Fault::CrashAfterFlush, true)] {
        let mut world = writer();
        world.inject("magpie/0", fault).unwrap();
        let run = world.step_unit("magpie/0").unwrap();
        assert!(matches!(run.fate, Fate::Failed(_)));
        assert_eq!(published(&world), [effect; 3]);
        assert_eq!(world.status("magpie/0").current, "error");
        world.settle().unwrap();
        assert_eq!(published(&world), [true; 3]);
        let again = hooks(&world, "magpie/0").iter().filter(|hook| *hook == "update-status").count();
        assert_eq!(again, 2);
    }
}

#[test]
fn a_refused_flush_fails_the_hook() {
    let mut world = writer();
    world.inject("magpie/0", Fault::RejectFlush).unwrap();
    world.step_unit("magpie/0");
    assert_eq!(published(&world), [false; 3]);
    assert_eq!(world.status("magpie/0").current, "error");
}

#[test]
fn resolve_without_retry_takes_the_hook_as_done() {
    let mut world = world(|_| {});
    deploy(&mut world, 1);
    world.add_unit("magpie").unwrap();
    run_to(&mut world, "magpie/1", "install");
    world.inject("magpie/0", Fault::Fail).unwrap();
    run_to(&mut world, "magpie/0", "magpie-relation-joined");
    assert_eq!(world.members("magpie/0", "magpie").unwrap(), [""; 0]);
    world.resolve("magpie/0", Retry::NoRetry).unwrap();
    assert_eq!(world.members("magpie/0", "magpie").unwrap(), ["magpie/1"]);
    let next = world.step_unit("magpie/0").unwrap();
    assert_eq!(next.title(), "magpie/0 magpie-relation-changed magpie:0 magpie/1");
    assert!(world.resolve("magpie/0", Retry::Retry).is_err());
}

#[test]
fn a_skipped_start_counts_as_started() {
    let mut world = world(|_| {});
    world.add_unit("magpie").unwrap();
    run_to(&mut world, "magpie/0", "config-changed");
    world.inject("magpie/0", Fault::Fail).unwrap();
    run_to(&mut world, "magpie/0", "start");
    world.resolve("magpie/0", Retry::NoRetry).unwrap();
    world.remove_unit("magpie/0").unwrap();
    world.settle().unwrap();
    assert!(hooks(&world, "magpie/0").contains(&"stop".to_owned()));
}

#[test]
fn a_restart_repeats_leader_settings_and_loses_an_unrun_created() {
    let mut world = world(|_| {});
    deploy(&mut world, 2);
    world.restart_agent("magpie/0").unwrap();
    world.restart_agent("magpie/1").unwrap();
    world.settle().unwrap();
    assert_eq!(world.transcript(), "magpie/1 leader-settings-changed\n");
    let third = world.add_unit("magpie").unwrap();
    run_to(&mut world, &third, "install");
    world.restart_agent(&third).unwrap();
    world.settle().unwrap();
    let third = hooks(&world, &third);
    assert!(!third.contains(&"magpie-relation-created magpie:0".to_owned()), "{third:?}");
}

#[test]
fn a_created_that_failed_survives_a_restart() {
    let mut world = world(|_| {});
    world.add_unit("magpie").unwrap();
    run_to(&mut world, "magpie/0", "install");
    world.inject("magpie/0", Fault::Fail).unwrap();
    run_to(&mut world, "magpie/0", "magpie-relation-created");
    world.restart_agent("magpie/0").unwrap();
    world.clear_transcript();
    world.settle().unwrap();
    assert_eq!(hooks(&world, "magpie/0")[0], "magpie-relation-created magpie:0");
}

#[test]
fn commands_can_be_answered_or_absent() {
    let mut world = world(|hook| {
        if hook.name() == "update-status" {
            for line in ["is-leader", "is-leader", "state-get", "no-such-thing"] {
                let output = hook.try_call(line);
                hook.0.tools.stdout(&format!("{} {}", output.code, String::from_utf8_lossy(&output.stdout).trim_end()));
            }
        }
    });
    deploy(&mut world, 1);
    let output = ToolOutput { code: 1, stdout: Vec::new(), stderr: b"ERROR no\n".to_vec() };
    world.inject("magpie/0", Fault::Answer { to: Target::Nth(1), output }).unwrap();
    world.inject("magpie/0", Fault::Absent("state-get".to_owned())).unwrap();
    world.tick("magpie/0").unwrap();
    world.settle().unwrap();
    expect![[r#"
        magpie/0 update-status
          > is-leader
          | DEBUG 0 True
          > is-leader => 1
          | DEBUG 1
          > state-get => 127
          | DEBUG 127
          > no-such-thing => 127
          | DEBUG 127
    "#]]
    .assert_eq(&world.transcript().replace(" \n", "\n"));
}

#[test]
fn state_has_jujus_limits() {
    let mut world = world(|hook| {
        if hook.name() == "install" {
            let long = "v".repeat(65537);
            let output = hook.try_call(&format!("state-set k={long}"));
            assert_eq!(output.stderr, b"ERROR max allowed value length (65536) exceeded\n");
            let output = hook.try_call(&format!("state-set {}=v", "k".repeat(257)));
            assert_eq!(output.stderr, b"ERROR max allowed key length (256) exceeded\n");
        }
        if hook.name() == "update-status" {
            for key in 0..32 {
                hook.call(&format!("state-set k{key}={}", "v".repeat(65536)));
            }
        }
    });
    deploy(&mut world, 1);
    world.tick("magpie/0").unwrap();
    world.step();
    let outcome = Fate::Failed("persisting charm state: max allowed size (2097152) exceeded".to_owned());
    assert_eq!(world.runs().last().unwrap().fate, outcome);
    assert!(world.state("magpie/0").is_empty());
}

#[test]
fn a_handle_that_outlives_its_hook_is_refused() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let kept = Rc::new(RefCell::new(None));
    let keep = kept.clone();
    let mut world = world_with(1, move |hook| {
        keep.replace(Some(hook.0.tools.clone()));
        ProgramEnd::Exit(0)
    });
    world.add_unit("magpie").unwrap();
    world.settle().unwrap();
    let output = kept.borrow().as_ref().unwrap().call(&["is-leader".to_owned()], None);
    assert_eq!((output.code, output.stderr.starts_with(b"ERROR ")), (1, true));
}

#[test]
fn text_of_several_lines_is_several_messages() {
    let mut world = world(|hook| hook.0.tools.stderr("one\ntwo"));
    world.add_unit("magpie").unwrap();
    let run = world.step().unwrap();
    assert_eq!(run.log().collect::<Vec<_>>(), [("WARNING", "one"), ("WARNING", "two")]);
}

#[test]
fn a_hook_that_calls_hook_commands_without_end_is_killed() {
    let mut juju = world_with(1, |hook| {
        while hook.0.tools.call(&["is-leader"], None).code != 137 {}
        ProgramEnd::Exit(0)
    });
    juju.add_unit("magpie").unwrap();
    let run = juju.step().unwrap();
    assert_eq!(run.fate, Fate::Failed("killed: it called hook commands without end".to_owned()));
    assert_eq!(run.commands().count(), 100_000);
}
