//! Whatever Juju refuses of what waiting events write: no hook fails, and no event is lost, doubled or half done.

use juju_ops::{Ack, hook, testing};
use juju_sim::{Fault, Target, ToolOutput};
use proptest::prelude::*;

use crate::support::{Lasting, Made, lasting, tick};

/// A charm that emits one event in each `update-status`, numbered, and deals with each when it comes again: an odd one
/// by a key in either of the two own bags, an even one by a key in one of them, every fifth not before its third time.
fn charm() -> Made {
    Made::new(|_, events| {
        events.emits(&lasting());
        events.on(&hook::update_status(), |_, _, cx| {
            let number: u32 = cx.state("number").get()?.unwrap_or(0);
            cx.state("number").set(&(number + 1))?;
            Ok(cx.emit_durable(&lasting(), Lasting::new(&number.to_string()))?)
        });
        events.on(&lasting(), |_, event, cx| {
            let number: u32 = event.about.parse()?;
            let times: u32 = cx.state(&format!("times-{number}")).get()?.unwrap_or(0);
            if !event.refreshed || (number.is_multiple_of(5) && times < 2) {
                cx.state(&format!("times-{number}")).set(&(times + 1))?;
                return Ok(Ack::NotYet);
            }
            let relation = cx.relations("peers")?.remove(0);
            relation.own_bag()?.set(&format!("n{number}"), "done")?;
            if number % 2 == 1 {
                let leader = cx.app().leader()?.ok_or("does not lead")?;
                relation.own_app_bag(&leader)?.set(&format!("n{number}"), "done")?;
            }
            Ok(Ack::Done)
        });
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_refusal_is_the_events_own(refused in prop::collection::vec(prop::option::of(0_usize..6), 1..12)) {
        let mut juju = charm().deploy();
        for nth in &refused {
            // The leader's own write to the application's bag brings it a hook.
            juju.settle().unwrap();
            if let Some(nth) = nth {
                let output = ToolOutput { code: 1, stdout: Vec::new(), stderr: b"ERROR no\n".to_vec() };
                let to = Target::NthOf("relation-set".to_owned(), *nth);
                juju.inject("app/0", Fault::Answer { to, output }).unwrap();
            }
            let run = tick(&mut juju);
            prop_assert_ne!(&juju.status("app/0").current, "error", "{}", run);
            let waiting: Vec<String> = testing::pending(&juju, "app/0").into_iter().map(|it| it.subject).collect();
            let (unit, app) = (juju.bag("peers", "app/0").unwrap(), juju.bag("peers", "app").unwrap());
            let emitted: u32 = juju.state("app/0")["juju-ops.number.0"].parse().unwrap();
            for number in 0..emitted {
                let (waits, key) = (waiting.contains(&number.to_string()), format!("n{number}"));
                prop_assert_eq!(unit.contains_key(&key), !waits, "{} in the unit's bag: {}", number, run);
                prop_assert_eq!(app.contains_key(&key), !waits && number % 2 == 1, "{} in the other: {}", number, run);
            }
            prop_assert_eq!(waiting.len(), waiting.iter().collect::<std::collections::BTreeSet<_>>().len());
        }
    }
}
