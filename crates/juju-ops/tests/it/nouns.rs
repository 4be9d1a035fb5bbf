//! Applications, ports, versions and the log, as a handler acts on them.

use std::cell::Cell;
use std::rc::Rc;

use juju_ops::hook_command::PortRange;
use juju_ops::{Status, hook, testing};
use juju_sim::{Charm, Deployment, World};

use crate::support::{Made, tick};

const BOTH: &str = "{name: app, peers: {peers: {interface: demo}}, provides: {site: {interface: http}}}";

fn world(charm: &Made, units: u32) -> World {
    let mut juju = World::new(0);
    let revision = testing::revision(charm.clone(), Charm::parse(BOTH, None, None).unwrap()).unwrap();
    juju.deploy("app", Deployment::of(revision).units(units)).unwrap();
    juju.settle().unwrap();
    juju.clear_transcript();
    charm.seen();
    juju
}

fn sent(run: &juju_sim::HookRun) -> Vec<String> {
    run.commands().map(ToString::to_string).collect()
}

#[test]
fn a_status_function_may_abstain_and_the_leader_alone_speaks_for_the_application() {
    // Case e3.
    let charm = Made::new(|_, events| {
        events.status(|_, _| Ok(None));
        events.status(|_, _| Ok(Status::active("serving")));
        events.app_status(|_, _| Ok(None));
        events.app_status(|this, _| {
            this.see("evaluated");
            Ok(Status::waiting("for more units"))
        });
    });
    let mut juju = world(&charm, 2);
    assert_eq!(juju.status("app/0"), ("active", "serving"));
    assert_eq!(juju.app_status("app"), ("waiting", "for more units"));
    juju.tick("app/1").unwrap();
    let run = juju.step_unit("app/1").unwrap().clone();
    assert_eq!(charm.seen(), [""; 0]);
    assert_eq!(sent(&run), ["is-leader --format=json"]);
}

#[test]
fn ports_are_a_set_for_all_endpoints_and_one_for_each() {
    let wanted = Rc::new(Cell::new(80));
    let port = wanted.clone();
    let charm = Made::new(move |_, events| {
        let port = port.clone();
        events.on(&hook::any(), move |this, _, cx| {
            cx.unit().set_ports([PortRange::tcp(port.get()), PortRange::icmp()]);
            cx.unit().set_ports_for("site", [PortRange::udp(53)]);
            this.see(format!("{:?}", cx.unit().ports()?.iter().map(ToString::to_string).collect::<Vec<_>>()));
            Ok(())
        });
    });
    let mut juju = world(&charm, 1);
    assert_eq!(juju.open_ports("app/0"), ["icmp", "80/tcp", "53/udp (site)"]);
    wanted.set(443);
    let run = tick(&mut juju);
    assert_eq!(charm.seen(), ["[\"icmp\", \"443/tcp\"]"]);
    let calls = ["opened-ports --format=json --endpoints", "close-port 80/tcp", "open-port 443/tcp"];
    assert_eq!(sent(&run), calls);
    // Where nothing changes, there is only the question.
    assert_eq!(sent(&tick(&mut juju)), [calls[0]]);
}

#[test]
fn ports_of_a_failed_hook_stay_as_they_were() {
    let fails = Rc::new(Cell::new(false));
    let fail = fails.clone();
    let charm = Made::new(move |_, events| {
        let fail = fail.clone();
        events.on(&hook::any(), move |_, _, cx| {
            cx.unit().set_ports([PortRange::tcp(if fail.get() { 81 } else { 80 })]);
            if fail.get() { Err("no".into()) } else { Ok(()) }
        });
    });
    let mut juju = world(&charm, 1);
    fails.set(true);
    let run = tick(&mut juju);
    assert!(sent(&run).iter().all(|call| call.starts_with("juju-log")), "{run}");
    assert_eq!(juju.open_ports("app/0"), ["80/tcp"]);
}

#[test]
fn a_status_is_shown_while_the_hook_runs_and_a_version_at_its_end() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |_, _, cx| {
            cx.unit().show_status(&Status::maintenance("downloading"))?;
            cx.unit().show_status(&Status::maintenance("downloading"))?;
            cx.unit().set_workload_version("16.3");
            Ok(())
        });
        events.status(|_, _| Ok(Status::active("")));
    });
    let mut juju = world(&charm, 1);
    let run = tick(&mut juju);
    let calls = ["status-set maintenance -- downloading", "application-version-set -- 16.3", "status-set active -- ''"];
    assert_eq!(sent(&run), calls);
    assert_eq!(juju.status("app/0"), ("active", ""));
}

#[test]
fn lines_of_one_level_go_out_together_and_what_nobody_wants_costs_nothing() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |_, _, _| {
            log::info!("one");
            log::info!("two");
            log::debug!("free");
            log::info!("three");
            log::warn!("four");
            log::warn!("five");
            log::trace!("not at all");
            Ok(())
        });
    });
    let mut juju = world(&charm, 1);
    let run = tick(&mut juju);
    let calls: Vec<Vec<String>> = run.commands().map(|command| command.argv.clone()).collect();
    assert_eq!(calls.len(), 2, "{run}");
    assert_eq!(calls[0].last().unwrap(), "one\ntwo\nthree");
    assert_eq!(calls[1].last().unwrap(), "four\nfive");
}

#[test]
fn a_line_that_is_too_long_for_an_argument_is_several() {
    let charm = Made::new(|_, events| {
        events.on(&hook::update_status(), |_, _, _| {
            log::info!("{}", "é".repeat(120 << 10));
            Ok(())
        });
    });
    let mut juju = world(&charm, 1);
    let run = tick(&mut juju);
    let said: String = run.commands().map(|command| command.argv.last().unwrap().as_str()).collect();
    assert!(run.commands().all(|command| command.argv.last().unwrap().len() <= 100 << 10));
    assert_eq!((run.commands().count(), said.len()), (3, 240 << 10));
}

#[test]
fn a_relation_that_is_being_broken_is_not_listed_and_its_application_is_known() {
    let charm = Made::new(|_, events| {
        events.provides("site", "http");
        events.on(&hook::relation_created("site"), |this, event, cx| {
            // Without a unit of it.
            this.see(format!("{}: {} listed", cx.relation(event.relation()).app()?, cx.relations("site")?.len()));
            Ok(())
        });
        events.on(&hook::relation_broken("site"), |this, event, cx| {
            let relation = cx.relation(event.relation());
            this.see(format!("{} broken, {} listed", relation.app()?, cx.relations("site")?.len()));
            Ok(())
        });
        events.on(&hook::update_status(), |this, _, cx| {
            for relation in cx.relations("site")? {
                this.see(format!("{} in {}", relation.app()?, relation.model_uuid()? == cx.env().model_uuid()?));
            }
            Ok(())
        });
        events.on(&hook::any(), |_, _, cx| {
            let error = cx.relations("nowhere").unwrap_err().to_string();
            assert!(error.starts_with("endpoint \"nowhere\": the charm neither observes"), "{error}");
            Ok(())
        });
    });
    let mut juju = world(&charm, 1);
    let site = juju.play("client", "app:site").unwrap();
    juju.settle().unwrap();
    tick(&mut juju);
    juju.remove_relation(site).unwrap();
    juju.settle().unwrap();
    assert_eq!(charm.seen(), ["client: 1 listed", "client in true", "client broken, 0 listed"]);
}

#[test]
fn a_units_context_can_be_had_without_a_hook() {
    let charm = Made::new(|_, _| {});
    let mut juju = world(&charm, 1);
    let read = testing::with_context(&mut juju, "app/0", |cx| {
        cx.relations("peers")?[0].own_bag()?.set("key", "value")?;
        Ok(cx.unit().name()?.to_string())
    });
    assert_eq!(read.unwrap(), "app/0");
    assert_eq!(juju.bag("peers", "app/0").unwrap()["key"], "value");
    let failed = testing::with_context::<()>(&mut juju, "app/0", |_| Err("no".into()));
    assert_eq!(failed.unwrap_err().to_string(), "no");
    assert!(testing::with_context(&mut juju, "app/9", |_| Ok(())).is_err());
}
