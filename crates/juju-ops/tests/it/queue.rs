//! Many pending events, damaged ones, and a state that is full of what is not ours.

use juju_ops::{Ack, hook, testing};

use crate::support::{Lasting, Made, lasting, tick};

fn emitting(count: usize) -> Made {
    Made::new(move |_, events| {
        events.emits(&lasting());
        events.on(&lasting(), |_, _, _| Ok(Ack::NotYet));
        events.on(&hook::update_status(), move |_, _, cx| {
            (0..count).try_for_each(|n| cx.emit_durable(&lasting(), Lasting::new(&format!("{n}"))))?;
            Ok(())
        });
    })
}

fn warnings(juju: &juju_sim::World) -> Vec<String> {
    juju.log().iter().filter(|line| line.level == "WARNING").map(|line| line.text.clone()).collect()
}

#[test]
fn a_growing_queue_is_told_once() {
    let mut juju = emitting(120).deploy();
    for _ in 0..4 {
        tick(&mut juju);
    }
    let warned = warnings(&juju);
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].starts_with("120 events are pending: "), "{warned:?}");
    let handled = juju.exec("app/0", None, &["drop", "--all"]).unwrap();
    assert_eq!(handled.status, "completed");
}

#[test]
fn a_hundred_thousand_damaged_lines_cost_one_line_and_no_hook_command() {
    // Case e9.
    let mut juju = emitting(0).deploy();
    tick(&mut juju);
    let before = juju.runs().last().unwrap().commands().count();
    for chunk in 0..4 {
        let text: String = (0..25_000).map(|n| format!("{n}\n")).collect::<String>().split_at(40_000).0.to_owned();
        juju.set_state("app/0", &format!("juju-ops.pending.{chunk}"), &text).unwrap();
    }
    let run = tick(&mut juju);
    assert_ne!(juju.status("app/0").current, "error");
    let warned = warnings(&juju);
    let told = warned.iter().filter(|text| text.starts_with("pending events that are not of this version")).count();
    assert_eq!(told, 1, "{warned:?}");
    // One for the warnings, one that notes them.
    assert!(run.commands().count() <= before + 2, "{run}");
    assert_eq!(tick(&mut juju).commands().count(), before, "told once");
}

#[test]
fn state_that_is_not_ours_counts_and_is_named() {
    // Case e9: 2 MiB that a Python charm left.
    let mut juju = emitting(0).deploy();
    for n in 0..32 {
        juju.set_state("app/0", &format!("python-{n}"), &"x".repeat(63 << 10)).unwrap();
    }
    let run = tick(&mut juju);
    assert_ne!(juju.status("app/0").current, "error", "{run}");
    let mut juju = emitting(1).deploy();
    for n in 0..32 {
        juju.set_state("app/0", &format!("python-{n}"), &"x".repeat(63 << 10)).unwrap();
    }
    let run = tick(&mut juju);
    let (level, text) = run.log().last().unwrap();
    assert!(
        level == "ERROR" && text.contains("test lasting 0") && text.contains("that are not of this framework"),
        "{text}"
    );
    // What is there already is delivered all the same.
    assert!(testing::pending(&juju, "app/0").is_empty());
}
