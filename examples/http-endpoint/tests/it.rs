//! The library object in a charm that is as small as can be, with applications that the test plays.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use http_endpoint::{EndpointChanged, EndpointRefused, HttpEndpointRequirer};
use juju_ops::{Ack, BoxError, Context, Observer, Observers, Status, testing};
use juju_sim::{Charm, Explore, Fault, RelationId, Retry, World};

struct Proxy {
    backends: HttpEndpointRequirer,
}

#[derive(serde::Deserialize)]
struct Config {
    busy: bool,
}

impl Observer for Proxy {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.include(&self.backends);
        events.on(&self.backends.changed(), Self::changed);
        events.on(&self.backends.refused(), Self::refused);
        events.status(|charm, cx| Ok(charm.backends.status(cx)?));
        events.status(|_, _| Ok(Status::active("")));
    }
}

impl Proxy {
    fn changed(&self, event: &EndpointChanged, cx: &Context) -> Result<Ack, BoxError> {
        let Config { busy } = cx.config()?;
        if busy {
            return Ok(Ack::NotYet);
        }
        match event.now() {
            Some(endpoint) => log::info!("unit {} serves at {endpoint}", event.unit()),
            None => log::info!("unit {} serves no more", event.unit()),
        }
        Ok(Ack::Done)
    }

    fn refused(&self, event: &EndpointRefused, _: &Context) -> Result<(), BoxError> {
        log::warn!("unit {}: {}", event.unit, event.reason);
        Ok(())
    }
}

fn metadata() -> Charm {
    let config = "options: {busy: {type: boolean, default: false}}";
    Charm::parse("{name: proxy, requires: {backends: {interface: example_http}}}", Some(config), None).unwrap()
}

fn charm() -> Proxy {
    Proxy { backends: HttpEndpointRequirer::new("backends") }
}

/// A proxy with one backend, which has written nothing.
fn world() -> (World, RelationId) {
    let mut juju = testing::in_process(charm(), metadata()).unwrap();
    juju.add_unit("proxy").unwrap();
    let app = juju.play("app", "proxy:backends").unwrap();
    juju.settle().unwrap();
    (juju, app)
}

fn write(juju: &mut World, app: RelationId, unit: &str, hostname: &str, port: &str) {
    juju.write_bag(app, unit, [("hostname", hostname), ("port", port)]).unwrap();
    juju.settle().unwrap();
}

/// What the charm was told, which it logs. Juju begins a line that is logged in a relation's hook with the relation.
fn told(juju: &World) -> Vec<String> {
    let log = juju.log().into_iter();
    log.filter_map(|line| Some(line.text.split_once("unit ")?.1.to_owned())).collect()
}

#[test]
fn the_charm_uses_all_of_its_metadata() {
    testing::check(&charm(), &metadata()).unwrap();
    assert!(testing::unused(&charm(), &metadata()).unwrap().is_empty());
}

#[test]
fn an_endpoint_is_told_of_when_it_comes_when_it_changes_and_when_it_goes() {
    let (mut juju, app) = world();
    assert_eq!(juju.status("proxy/0"), ("waiting", "for an endpoint at backends"));
    write(&mut juju, app, "app/0", r#""a.example""#, "80");
    juju.write_bag(app, "app/0", [("unrelated", "x")]).unwrap();
    juju.settle().unwrap();
    write(&mut juju, app, "app/0", r#""a.example""#, "8080");
    juju.remove_unit("app/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(
        told(&juju),
        ["app/0 serves at http://a.example:80", "app/0 serves at http://a.example:8080", "app/0 serves no more"]
    );
}

#[test]
fn a_relation_that_ends_takes_its_endpoints_along() {
    let (mut juju, app) = world();
    write(&mut juju, app, "app/0", r#""2001:db8::7""#, "80");
    juju.remove_relation(app).unwrap();
    juju.settle().unwrap();
    assert_eq!(told(&juju), ["app/0 serves at http://[2001:db8::7]:80", "app/0 serves no more"]);
    assert_eq!(juju.status("proxy/0"), ("blocked", "needs a relation at backends"));
}

#[test]
fn a_held_event_is_one_for_each_unit_and_shows_what_is_true_when_it_is_handled() {
    let (mut juju, app) = world();
    juju.set_config("proxy", "busy", Some(true.into())).unwrap();
    for port in ["80", "81", "82"] {
        write(&mut juju, app, "app/0", r#""a.example""#, port);
    }
    let pending = testing::pending(&juju, "proxy/0");
    assert_eq!(pending.iter().map(|event| event.subject.as_str()).collect::<Vec<_>>(), ["app/0"]);
    juju.set_config("proxy", "busy", Some(false.into())).unwrap();
    juju.settle().unwrap();
    assert_eq!(told(&juju), ["app/0 serves at http://a.example:82"]);
}

#[test]
fn rubbish_is_refused_and_fails_no_hook() {
    let (mut juju, app) = world();
    let huge = format!("\"{}\"", "x".repeat(1 << 20));
    let injected = r#""a\nlisten 22""#;
    for (hostname, port) in [("{", "80"), (r#""a""#, "70000"), (r#""a""#, ""), (injected, "80"), (&huge, "80")] {
        write(&mut juju, app, "app/0", hostname, port);
        let status = juju.status("proxy/0");
        assert!(status.message.starts_with("for app/0 to mend its endpoint: "), "{status}");
        assert!(status.message.len() < 200 && !status.message.contains("listen"), "{status}");
    }
    assert_eq!(told(&juju).len(), 5); // each is told when it happens, by the fleeting event
    write(&mut juju, app, "app/0", r#""a.example""#, "80");
    assert_eq!(juju.status("proxy/0"), ("active", ""));
}

#[test]
fn a_hook_that_was_skipped_is_made_good() {
    let (mut juju, app) = world();
    juju.write_bag(app, "app/0", [("hostname", r#""a.example""#), ("port", "80")]).unwrap();
    juju.inject("proxy/0", Fault::Fail).unwrap();
    juju.settle_without_retry().unwrap();
    juju.resolve("proxy/0", Retry::NoRetry).unwrap();
    juju.settle().unwrap();
    assert!(testing::pending(&juju, "proxy/0").is_empty()); // nothing of a failed hook counts, but its log
    assert_eq!(told(&juju).len(), 1);
    juju.tick("proxy/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(told(&juju), ["app/0 serves at http://a.example:80"; 2]);
}

#[test]
fn a_state_that_cannot_be_read_is_as_if_nothing_had_been_told() {
    let (mut juju, app) = world();
    write(&mut juju, app, "app/0", r#""a.example""#, "80");
    for key in juju.state("proxy/0").into_keys().filter(|key| key.contains("http-endpoint")) {
        juju.set_state("proxy/0", &key, "rubbish").unwrap();
    }
    juju.tick("proxy/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(told(&juju), ["app/0 serves at http://a.example:80"; 2]);
}

#[test]
fn a_changed_hook_reads_the_bag_of_one_unit() {
    let (mut juju, app) = world();
    for _ in 0..9 {
        juju.add_unit("app").unwrap();
    }
    for unit in juju.units_of("app") {
        write(&mut juju, app, &unit, r#""a.example""#, "80");
    }
    juju.clear_transcript();
    write(&mut juju, app, "app/3", r#""b.example""#, "80");
    let run = juju.runs().last().unwrap();
    let reads = run.commands().filter(|it| it.name() == "relation-get").count();
    assert_eq!((run.hook.as_str(), reads), ("backends-relation-changed", 1), "{}", juju.transcript());
}

/// In whatever order hooks run, with faults, units that come and go, and backends that write anything.
#[test]
fn in_the_end_nothing_waits_and_the_status_is_that_of_the_endpoints() {
    fn case(seed: u64) -> World {
        let mut juju = testing::in_process_seeded(charm(), metadata(), seed).unwrap();
        juju.add_unit("proxy").unwrap();
        juju.play("app", "proxy:backends").unwrap();
        juju
    }
    let is_told = |juju: &mut World| {
        for unit in juju.units_of("proxy") {
            let backends = HttpEndpointRequirer::new("backends");
            let endpoints = testing::with_context(juju, &unit, move |cx| Ok(backends.endpoints(cx)?));
            let endpoints = endpoints.map_err(|error| error.to_string())?;
            let status = juju.status(&unit);
            let pending = testing::pending(juju, &unit);
            if (status.current == "active") == endpoints.is_empty() || !pending.is_empty() {
                return Err(format!("{unit} is {status} with {endpoints:?}, and {pending:?}"));
            }
        }
        Ok(())
    };
    Explore::new(case)
        .cases(40)
        .config("proxy", "busy", vec![true.into(), false.into()])
        .step(|juju, choice| {
            let units = juju.units_of("app");
            let Some(unit) = units.get(usize::from(choice) % units.len().max(1)) else {
                return Ok("no backend".into());
            };
            let port = ["80", "8080", "rubbish", ""][usize::from(choice / 7) % 4];
            let written = juju.write_bag("backends", unit, [("hostname", r#""a.example""#), ("port", port)]);
            Ok(format!("{unit} writes port {port}: {written:?}"))
        })
        .before_rest(|juju| {
            juju.set_config("proxy", "busy", None).map_err(|error| error.to_string())?;
            juju.units_of("proxy").iter().try_for_each(|unit| juju.tick(unit)).map_err(|error| error.to_string())
        })
        .in_the_end("the charm was told of what there is", is_told)
        .run()
        .unwrap();
}

#[test]
fn the_page_on_libraries_quotes_this_code() {
    let page = include_str!("../../../docs/libraries.md");
    let code = [include_str!("../src/events.rs"), include_str!("../src/requirer.rs"), include_str!("it.rs")];
    // Indented less on the page than in an `impl`.
    let squeezed =
        |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let code = code.map(squeezed);
    let mut snippets = page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).peekable();
    assert!(snippets.peek().is_some());
    for snippet in snippets {
        assert!(code.iter().any(|code| code.contains(&squeezed(snippet))), "nowhere in the example:\n{snippet}");
    }
}
