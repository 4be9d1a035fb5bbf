//! Everything at once: applications with code and without, subordinates, storage, secrets, ports, refreshes, removals
//! by force and otherwise, and everything that goes wrong. Whatever the order, Juju's rules hold at every hook, nothing
//! of what is gone is left at rest, and a stored model goes on as the one that it was stored from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use juju_sim::{
    Charm, Deployment, Explore, Fate, Fault, HookRun, Kind, Model, Network, ProgramEnd, RelationId, Retry, Revision,
    SimError, Target, ToolOutput, World,
};
use serde_json::{Value, json};

use crate::support::Hook;

const WEB: &str = "
name: web
requires:
  db: {interface: pg}
  store: {interface: store}
provides:
  logs: {interface: logging, scope: container}
  site: {interface: http}
peers:
  cluster: {interface: cluster}
storage:
  data: {type: filesystem, location: /srv}
  cache: {type: block, multiple: {range: 0-3}}
resources:
  file: {type: file, filename: f, description: d}
";
/// As above, with another peer endpoint, and without one and a storage.
const WEB_NEXT: &str = "
name: web
requires:
  db: {interface: pg}
  store: {interface: store}
provides:
  logs: {interface: logging, scope: container}
peers:
  others: {interface: others}
storage:
  data: {type: filesystem, location: /srv}
resources:
  file: {type: file, filename: f, description: d}
";
const PG: &str = "
name: pg
provides:
  database: {interface: pg}
  logs: {interface: logging, scope: container}
peers:
  cluster: {interface: cluster}
storage:
  data: {type: filesystem, multiple: {range: 1+}}
";
const AGENT: &str = "
name: agent
subordinate: true
requires:
  logs: {interface: logging, scope: container}
peers:
  all: {interface: agents}
";
const STORE: &str = "{name: store, provides: {store: {interface: store}}}";
const CONFIG: &str = "options: {level: {type: int, default: 1}, name: {type: string}}";
const ACTIONS: &str = "{work: {description: d}}";
const APPS: [&str; 4] = ["web", "pg", "agent", "store"];
const ENDPOINTS: [&str; 9] = ["db", "store", "logs", "site", "cluster", "others", "database", "all", "none"];

/// A number of a hook that follows from the model's seed.
fn dice(hook: &Hook) -> usize {
    let id = hook.var("JUJU_CONTEXT_ID").unwrap_or_default();
    usize::from_str_radix(&id[id.len().saturating_sub(6)..], 16).unwrap_or_default()
}

/// A charm that uses whatever there is. What it writes settles: in answer to what others write it writes nothing.
fn program(hook: &Hook) -> ProgramEnd {
    let n = dice(hook);
    let call = |line: &str| String::from_utf8_lossy(&hook.try_call(line).stdout).trim_end().to_owned();
    match hook.name() {
        "secret-changed" => {
            let look = ["--refresh", "--peek", ""][n % 3];
            call(&format!("secret-get {} {look}", hook.var("JUJU_SECRET_ID").unwrap_or_default()));
        }
        "secret-rotate" => {
            call(&format!("secret-set {} key=r{n}", hook.var("JUJU_SECRET_ID").unwrap_or_default()));
        }
        "secret-expired" | "secret-remove" => {
            let var = |name| hook.var(name).unwrap_or_default();
            call(&format!("secret-remove {} --revision {}", var("JUJU_SECRET_ID"), var("JUJU_SECRET_REVISION")));
        }
        name if name.ends_with("-relation-created") || name.ends_with("-relation-joined") => {
            call(&format!("relation-set k={}", n % 3));
            call(&format!("relation-set --app k={}", n % 3));
        }
        name if name.contains("-relation-") => {
            call("relation-list");
            call("relation-get -");
            call(&format!("relation-get - {}", hook.unit()));
            let secret =
                call(&format!("relation-get --app secret {}", hook.var("JUJU_REMOTE_APP").unwrap_or_default()));
            if !secret.is_empty() {
                call(&format!("secret-get {secret} {}", ["--label l", "", "--peek"][n % 3]));
            }
        }
        "start" | "update-status" | "config-changed" | "upgrade-charm" | "leader-elected" | "work" => {
            for part in 0..3 {
                anything(hook, n / 16_usize.pow(part) % 16, n);
            }
            if n.is_multiple_of(19) {
                return ProgramEnd::Exit(1);
            }
        }
        _ => {}
    }
    ProgramEnd::Exit(0)
}

fn anything(hook: &Hook, what: usize, n: usize) {
    let call = |line: &str| String::from_utf8_lossy(&hook.try_call(line).stdout).trim_end().to_owned();
    let relations = || {
        let ids = ENDPOINTS.iter().map(|endpoint| call(&format!("relation-ids {endpoint}")));
        ids.flat_map(|ids| ids.lines().map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let secret = || {
        let ids: Vec<String> = call("secret-ids").lines().map(str::to_owned).collect();
        if ids.is_empty() { "none".to_owned() } else { ids[n % ids.len()].clone() }
    };
    match what {
        0 => call(&format!("open-port {}", 80 + n % 3)),
        1 => call(&format!("close-port {}", 80 + n % 3)),
        2 if hook.unit().starts_with("web") && n.is_multiple_of(5) => call("storage-add cache=1"),
        3 => call(&format!("leader-set k={}", n % 3)),
        4 => call(&format!("secret-add key={n} --owner unit --rotate hourly --expire 3h")),
        5 => {
            let uri = call(&format!("secret-add key={n}"));
            for id in relations() {
                call(&format!("secret-grant {uri} -r {id}"));
                call(&format!("relation-set -r {id} --app secret={uri}"));
            }
            uri
        }
        6 => call(&format!("secret-set {} key={n}", secret())),
        7 => call(&format!("secret-remove {}", secret())),
        8 => relations().iter().map(|id| call(&format!("secret-revoke {} -r {id}", secret()))).collect(),
        9 if hook.name() == "update-status" => {
            call(if n.is_multiple_of(2) { "juju-reboot" } else { "juju-reboot --now" })
        }
        10 => relations().iter().map(|id| call(&format!("relation-set -r {id} k={}", n % 3))).collect(),
        11 => call(&format!("state-set k{}={n}", n % 3)),
        12 => call(&format!("state-delete k{}", n % 3)),
        13 => call("goal-state") + &call("network-get db") + &call("storage-list") + &call("opened-ports"),
        14 => call("resource-get file") + &call("status-set active") + &call("status-get"),
        _ => call("status-set --application active") + &call("application-version-set 1"),
    };
}

/// What a unit's hooks have told it of one relation.
#[derive(Debug, Default)]
struct Tale {
    /// Whether any hook has told of it since the unit entered.
    begun: bool,
    /// The members, and whether their first `changed` is owed.
    members: BTreeMap<String, bool>,
    broken: usize,
}

/// What has happened to a unit.
#[derive(Debug, Default)]
struct Life {
    installed: bool,
    started: bool,
    tales: BTreeMap<u32, Tale>,
}

struct Case {
    juju: World,
    revisions: BTreeMap<String, Vec<Revision>>,
    lives: BTreeMap<String, Life>,
    /// How often each relation was suspended.
    suspended: BTreeMap<u32, usize>,
    removed: Vec<String>,
    ended: Vec<RelationId>,
}

impl AsMut<World> for Case {
    fn as_mut(&mut self) -> &mut World {
        &mut self.juju
    }
}

fn revision(metadata: &str) -> Revision {
    let charm = Charm::parse(metadata, Some(CONFIG), Some(ACTIONS)).unwrap();
    Revision::in_process(charm, |invocation| program(&Hook(invocation)))
}

fn pick<T: Clone>(items: &[T], number: u16) -> Option<T> {
    items.get(usize::from(number).checked_rem(items.len())?).cloned()
}

/// What was done, or that Juju refuses it.
fn told<T>(said: &str, done: Result<T, SimError>) -> Result<String, String> {
    Ok(done.map_or_else(|error| format!("{said} is refused: {error}"), |_| said.to_owned()))
}

impl Case {
    fn new(seed: u64) -> Case {
        let mut case = Case {
            juju: World::new(seed),
            revisions: BTreeMap::new(),
            lives: BTreeMap::new(),
            suspended: BTreeMap::new(),
            removed: Vec::new(),
            ended: Vec::new(),
        };
        for app in APPS {
            case.deploy(app).unwrap();
        }
        case
    }

    fn deploy(&mut self, app: &str) -> Result<String, String> {
        let revision = match app {
            "web" => revision(WEB),
            "pg" => revision(PG),
            "agent" => revision(AGENT),
            _ => Revision::played(Charm::parse(STORE, None, None).unwrap()),
        };
        let deployment = Deployment::of(revision.clone());
        let deployment = if app == "web" { deployment.resource("file", "one") } else { deployment };
        let done = self.juju.deploy(app, deployment);
        if done.is_ok() {
            self.revisions.insert(app.to_owned(), vec![revision]);
            self.removed.retain(|gone| gone != app);
        }
        told(&format!("deploy {app}"), done)
    }

    /// The relations with other applications.
    fn relations(&self) -> Vec<RelationId> {
        ["db", "store", "logs"].iter().flat_map(|endpoint| self.juju.relations(endpoint)).collect()
    }

    fn integrate(&mut self, number: u16) -> Result<String, String> {
        let ends = [("web:db", "pg:database"), ("agent:logs", "web:logs"), ("web:store", "store"), ("agent", "pg")];
        let (one, other) = ends[usize::from(number) % 4];
        told(&format!("integrate {one} {other}"), self.juju.integrate(one, other))
    }

    fn end_relation(&mut self, number: u16) -> Result<String, String> {
        let Some(id) = pick(&self.relations(), number / 3) else { return Ok("no relation".to_owned()) };
        self.ended.push(id);
        match number % 3 {
            0 => told(&format!("remove relation {id} by force"), self.juju.remove_relation_by_force(id)),
            _ => told(&format!("remove relation {id}"), self.juju.remove_relation(id)),
        }
    }

    fn suspend(&mut self, number: u16) -> Result<String, String> {
        let Some(id) = pick(&self.relations(), number / 2) else { return Ok("no relation".to_owned()) };
        if number.is_multiple_of(2) {
            *self.suspended.entry(id.to_string().parse().unwrap()).or_default() += 1;
            told(&format!("suspend relation {id}"), self.juju.suspend_relation(id))
        } else {
            told(&format!("resume relation {id}"), self.juju.resume_relation(id))
        }
    }

    fn come_and_go(&mut self, number: u16) -> Result<String, String> {
        let app = APPS[usize::from(number) % 4];
        if self.juju.applications().iter().all(|it| it != app) {
            return self.deploy(app);
        }
        if number > 24 {
            return Ok("nothing".to_owned());
        }
        self.removed.push(app.to_owned());
        if number > 16 {
            told(&format!("remove application {app} by force"), self.juju.remove_application_by_force(app))
        } else {
            told(&format!("remove application {app}"), self.juju.remove_application(app))
        }
    }

    fn refresh(&mut self, number: u16) -> Result<String, String> {
        let (app, metadata) = [("web", WEB), ("web", WEB_NEXT), ("pg", PG), ("agent", AGENT)][usize::from(number) % 4];
        if number > 40 {
            return told("attach another file", self.juju.attach_resource("web", "file", format!("{number}")));
        }
        let revision = revision(metadata);
        let done = self.juju.refresh(app, revision.clone());
        if done.is_ok() {
            self.revisions.entry(app.to_owned()).or_default().push(revision);
        }
        told(&format!("refresh {app} ({})", number % 4), done)
    }

    fn configure(&mut self, number: u16) -> Result<String, String> {
        let app = APPS[usize::from(number) % 3];
        let value = [Some(json!(1)), Some(json!(2)), None, Some(json!("x"))][usize::from(number / 4) % 4].clone();
        match number / 16 {
            0 => {
                let Some(unit) = pick(&self.juju.units(), number) else { return Ok("no unit".to_owned()) };
                let network = Network::of(&format!("10.9.0.{number}"), "10.9.0.0/24");
                told(&format!("new address for {unit}"), self.juju.set_network(&unit, network))
            }
            _ => told(&format!("config {app} level={value:?}"), self.juju.set_config(app, "level", value)),
        }
    }

    fn add_unit(&mut self, number: u16) -> Result<String, String> {
        let Some(other) = pick(&self.juju.units(), number / 4) else { return Ok("no unit".to_owned()) };
        let app = ["web", "pg"][usize::from(number) % 2];
        if self.juju.units_of(app).len() > 3 {
            return Ok("enough units".to_owned());
        }
        match number % 4 {
            3 => told("add a played unit", self.juju.add_played_unit(app)),
            _ => told(&format!("add a unit of {app} beside {other}"), self.juju.add_unit_beside(app, &other)),
        }
    }

    fn storage(&mut self, number: u16) -> Result<String, String> {
        let units = self.juju.units();
        let Some(unit) = pick(&units, number / 4) else { return Ok("no unit".to_owned()) };
        let ids: Vec<String> =
            units.iter().flat_map(|unit| self.juju.storage(unit)).map(|storage| storage.id.clone()).collect();
        let all: Vec<String> = model(&self.juju)["storage"].as_object().unwrap().keys().cloned().collect();
        match number % 4 {
            0 => told(&format!("add storage to {unit}"), self.juju.add_storage(&unit, "cache", 1)),
            1 => {
                let Some(id) = pick(&ids, number / 4) else { return Ok("no storage".to_owned()) };
                told(&format!("detach {id}"), self.juju.detach_storage(&id))
            }
            2 => {
                let Some(id) = pick(&all, number / 4) else { return Ok("no storage".to_owned()) };
                let fits = units.iter().filter(|unit| unit.starts_with("web/")).cloned().collect::<Vec<_>>();
                let Some(unit) = pick(&fits, number) else { return Ok("no unit".to_owned()) };
                told(&format!("attach {id} to {unit}"), self.juju.attach_storage(&unit, &id))
            }
            _ => {
                let Some(id) = pick(&all, number / 8) else { return Ok("no storage".to_owned()) };
                let place = (number / 4).is_multiple_of(2).then_some("/mnt");
                told(&format!("{id} is at {place:?}"), self.juju.set_storage_location(&id, place))
            }
        }
    }

    fn secrets(&mut self, number: u16) -> Result<String, String> {
        let secrets = self.juju.secrets();
        let Some(secret) = pick(&secrets, number / 6) else {
            return told("an operator's secret", self.juju.add_secret("", &[("key", "1")]));
        };
        let readers: Vec<String> = self.juju.units().into_iter().chain(self.juju.applications()).collect();
        let reader = pick(&readers, number / 6).unwrap_or_default();
        match number % 6 {
            0 => told("an operator's secret", self.juju.add_secret("", &[("key", "1")])),
            1 => told(&format!("update {secret}"), self.juju.update_secret(&secret, &[("key", &number.to_string())])),
            2 | 3 => told(&format!("grant {secret} to {reader}"), self.juju.grant_secret(&secret, &reader)),
            4 => told(&format!("revoke {secret} from {reader}"), self.juju.revoke_secret(&secret, &reader)),
            _ => told(&format!("remove {secret}"), self.juju.remove_secret(&secret)),
        }
    }

    fn go_wrong(&mut self, number: u16) -> Result<String, String> {
        let Some(unit) = pick(&self.juju.units(), number / 6) else { return Ok("no unit".to_owned()) };
        let nth = Target::Nth(usize::from(number % 4));
        let output = ToolOutput { code: i32::from(number % 2), stdout: b"rubbish".to_vec(), stderr: Vec::new() };
        let fault = match number % 6 {
            0 => Fault::Answer { to: nth, output },
            1 => Fault::Hang(nth),
            2 => Fault::Hang(Target::Command("relation-get".to_owned())),
            3 => Fault::Refuse { call: "Uniter.ConfigSettings".to_owned(), text: "no".to_owned() },
            4 => Fault::Absent("relation-set".to_owned()),
            _ => Fault::Refuse { call: "Uniter.ReadRemoteSettings".to_owned(), text: "no".to_owned() },
        };
        let said = format!("in the next hook of {unit}: {fault:?}");
        told(&said, self.juju.inject(&unit, fault))
    }

    fn work(&mut self, number: u16) -> Result<String, String> {
        let Some(unit) = pick(&self.juju.units(), number / 4) else { return Ok("no unit".to_owned()) };
        match number % 4 {
            0 => {
                let id = pick(&self.relations(), number / 4).map(Into::into);
                told(&format!("exec on {unit}"), self.juju.exec(&unit, id, &["one"]))
            }
            1 => {
                let hours = Duration::from_secs(3600 * u64::from(number % 8));
                self.juju.advance(hours);
                Ok(format!("{hours:?} pass"))
            }
            2 => {
                let Some(id) = pick(&self.juju.relations("store"), number) else { return Ok("no relation".to_owned()) };
                let owner = pick(&["store/0", "store/1", "store", "web"], number / 4).unwrap();
                let value = (number / 16).to_string();
                told(&format!("write the bag of {owner}"), self.juju.write_bag(id, owner, [("k", &value)]))
            }
            _ => told(&format!("action on {unit}"), self.juju.run_action_only(&unit, "work", json!({}))),
        }
    }

    /// Resolves without retry, which no run tells of.
    fn skip(&mut self, number: u16) -> Result<String, String> {
        let Some(unit) = pick(&self.juju.units(), number) else { return Ok("no unit".to_owned()) };
        if self.juju.agent_status(&unit) == "lost" {
            // It would be resolved when its agent is up, and otherwise until then.
            return Ok("its agent is down".to_owned());
        }
        let failed = self.juju.runs().iter().rev().find(|run| run.unit == unit && matches!(run.fate, Fate::Failed(_)));
        let failed = failed.cloned();
        let done = self.juju.resolve(&unit, Retry::NoRetry);
        if let (Ok(()), Some(failed)) = (&done, failed) {
            self.lives.entry(unit.clone()).or_default().commit(&failed);
        }
        told(&format!("resolve {unit} without retry"), done)
    }

    /// A stored model goes on as the one that it was stored from.
    fn store(&mut self) -> Result<String, String> {
        let text = serde_json::to_string(&*self.juju.model()).map_err(|error| error.to_string())?;
        let stored: Model = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let again = serde_json::to_string(&stored).map_err(|error| error.to_string())?;
        if text != again {
            return Err(format!("a model that was stored differs:\n{text}\n{again}"));
        }
        let mut one = self.juju.fork();
        let mut other = World::restore(stored, self.revisions.clone()).map_err(|error| error.to_string())?;
        if one.ready() != other.ready() {
            return Err(format!("ready are {:?}, and {:?} when stored", one.ready(), other.ready()));
        }
        for _ in 0..40 {
            let (here, there) = (one.step().map(ToString::to_string), other.step().map(ToString::to_string));
            if here != there {
                return Err(format!("the stored model goes on otherwise:\n{here:?}\n{there:?}"));
            }
            if here.is_none() {
                break;
            }
        }
        if model(&one) != model(&other) {
            return Err("the stored model ends otherwise".to_owned());
        }
        Ok("store the model".to_owned())
    }

    fn check_run(&mut self, before: &BTreeSet<RelationId>, run: &HookRun) -> Result<(), String> {
        if run.hook.starts_with("action ") || run.hook == "juju-exec" {
            return Ok(());
        }
        let storage: Vec<String> =
            self.juju.storage(&run.unit).into_iter().filter(|it| it.attached).map(|it| it.id).collect();
        let suspended = |id: u32| self.suspended.get(&id).copied().unwrap_or_default();
        let life = self.lives.entry(run.unit.clone()).or_default();
        life.check(run, &suspended, before)?;
        if run.hook == "stop" && !storage.is_empty() {
            return Err(format!("{} stops with {storage:?} attached", run.unit));
        }
        if run.fate == Fate::Committed {
            life.commit(run);
        }
        Ok(())
    }
}

fn relation_of(run: &HookRun) -> Option<u32> {
    run.relation.as_ref()?.rsplit(':').next()?.parse().ok()
}

impl Life {
    fn check(
        &self,
        run: &HookRun,
        suspended: &dyn Fn(u32) -> usize,
        before: &BTreeSet<RelationId>,
    ) -> Result<(), String> {
        let broken = |why: &str| Err(format!("{why}:\n{run}"));
        if !self.installed && run.hook != "install" && !run.hook.contains("-storage-") {
            return broken("it is not installed");
        }
        // Nobody is told of what is gone by force.
        let known = |id: &u32| before.iter().any(|known| known.to_string() == id.to_string());
        let mut left = self.tales.iter().filter(|(id, tale)| known(id) && !tale.members.is_empty());
        if ["stop", "remove"].contains(&run.hook.as_str()) && left.next().is_some() {
            return broken("members have not departed");
        }
        let Some(id) = relation_of(run) else { return Ok(()) };
        if !known(&id) {
            return broken("there is no such relation");
        }
        let kind = run.hook.rsplit('-').next().unwrap_or_default();
        if !self.started && ["joined", "changed", "departed"].contains(&kind) {
            return broken("it is not started");
        }
        let none = Tale::default();
        let tale = self.tales.get(&id).unwrap_or(&none);
        if tale.broken > suspended(id) {
            return broken("the relation is broken");
        }
        let owed = tale.members.iter().find(|(_, owed)| **owed).map(|(member, _)| member);
        let member = run.remote_unit.as_ref().is_some_and(|remote| tale.members.contains_key(remote));
        match kind {
            "changed" if owed.is_some() && run.remote_unit.as_ref() == owed => Ok(()),
            _ if owed.is_some() => broken("a changed is owed"),
            "created" if tale.begun => broken("it is created late"),
            "joined" if member => broken("it has joined"),
            "changed" if run.remote_unit.is_some() && !member => broken("it has not joined"),
            "departed" if !member => broken("it has not joined"),
            "broken" if !tale.members.is_empty() => broken("members have not departed"),
            _ => Ok(()),
        }
    }

    fn commit(&mut self, run: &HookRun) {
        self.installed |= run.hook == "install";
        self.started |= run.hook == "start";
        let Some(id) = relation_of(run) else { return };
        let tale = self.tales.entry(id).or_default();
        tale.begun = true;
        match (run.hook.rsplit('-').next().unwrap_or_default(), &run.remote_unit) {
            ("joined", Some(remote)) => drop(tale.members.insert(remote.clone(), true)),
            ("changed", Some(remote)) => drop(tale.members.insert(remote.clone(), false)),
            ("departed", Some(remote)) => drop(tale.members.remove(remote)),
            ("broken", _) => *tale = Tale { broken: tale.broken + 1, ..Tale::default() },
            _ => {}
        }
    }
}

fn model(juju: &World) -> Value {
    serde_json::to_value(&*juju.model()).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_array().map(|all| all.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// What a model is at rest.
fn at_rest(case: &mut Case) -> Result<(), String> {
    if !case.juju.ready().is_empty() {
        return Err(format!("{:?} have hooks to run", case.juju.ready()));
    }
    let model = model(&case.juju);
    let (apps, units) = (keys(&model["applications"]), keys(&model["units"]));
    if let Some(left) = case.removed.iter().find(|app| apps.contains(app.as_str())) {
        return Err(format!("the application {left} is left"));
    }
    if let Some(left) = case.ended.iter().find(|id| keys(&model["relations"]).contains(id.to_string().as_str())) {
        return Err(format!("the relation {left} is left: {}", model["relations"][left.to_string()]));
    }
    for (name, app) in model["applications"].as_object().unwrap() {
        let of_app: Vec<&str> = units.iter().copied().filter(|unit| unit.split('/').next() == Some(name)).collect();
        if app["life"] != "alive" {
            return Err(format!("the application {name} is dying"));
        }
        match app["leader"].as_str() {
            Some(leader) if !of_app.contains(&leader) => return Err(format!("{leader} leads, and is gone")),
            None if !of_app.is_empty() => return Err(format!("nobody leads {name}")),
            _ => {}
        }
    }
    for (name, unit) in model["units"].as_object().unwrap() {
        check_unit(&model, name, unit).map_err(|why| format!("{name}: {why}\n{unit}"))?;
    }
    for (id, relation) in model["relations"].as_object().unwrap() {
        check_relation(&model, id, relation).map_err(|why| format!("relation {id}: {why}\n{relation}"))?;
    }
    for (id, secret) in model["secrets"].as_object().unwrap() {
        let known = |name: &str| apps.contains(name) || units.contains(name);
        for grant in secret["grants"].as_array().unwrap() {
            let subject = grant["subject"].as_object().unwrap().values().next().unwrap().as_str().unwrap();
            let over = grant["relation"].as_u64().map(|id| id.to_string());
            if !known(subject) || over.is_some_and(|id| !keys(&model["relations"]).contains(id.as_str())) {
                return Err(format!("secret {id} is granted to what is gone: {grant}"));
            }
        }
        if let Some(gone) = keys(&secret["consumers"]).into_iter().find(|unit| !known(unit)) {
            return Err(format!("{gone} reads secret {id}, and is gone"));
        }
        let owner = secret["owner"].as_object().and_then(|owner| owner.values().next()?.as_str());
        if owner.is_some_and(|owner| !known(owner)) {
            return Err(format!("{owner:?} has secret {id}, and is gone"));
        }
    }
    for (id, storage) in model["storage"].as_object().unwrap() {
        if storage["detaching"] == json!(true) || storage["unit"].as_str().is_some_and(|unit| !units.contains(unit)) {
            return Err(format!("storage {id} has not detached: {storage}"));
        }
    }
    check_ports(&model)?;
    check_subordinates(&model)
}

/// No port of a machine is open for two units.
fn check_ports(model: &Value) -> Result<(), String> {
    let mut open: BTreeMap<(u64, String), &str> = BTreeMap::new();
    for (name, unit) in model["units"].as_object().unwrap() {
        for port in unit["ports"].as_array().unwrap() {
            let place = (unit["machine"].as_u64().unwrap(), port["range"].to_string());
            if let Some(other) = open.insert(place, name).filter(|other| other != name) {
                return Err(format!("{name} and {other} have {port}"));
            }
        }
    }
    Ok(())
}

fn check_unit(model: &Value, name: &str, unit: &Value) -> Result<(), String> {
    let flaw = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    flaw(unit["dying"] == json!(false), "it is dying")?;
    if unit["played"] == json!(true) {
        return Ok(());
    }
    let (agent, app) = (&unit["agent"], &model["applications"][unit["app"].as_str().unwrap()]);
    let storage: BTreeSet<&str> = model["storage"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, storage)| storage["unit"].as_str() == Some(name))
        .map(|(id, _)| id.as_str())
        .collect();
    let located =
        storage.iter().copied().filter(|id| !model["storage"][*id]["location"].is_null()).collect::<BTreeSet<_>>();
    let attached = names(&agent["attached"]);
    flaw(attached.is_subset(&storage) && located.is_subset(&attached), "its attached storage is not what it has")?;
    if agent["installed"] == json!(false) {
        return flaw(storage != located, "it is not installed");
    }
    flaw(agent["operation"] == json!("Idle"), "it has something to finish")?;
    flaw(agent["started"] == json!(true), "it is not started")?;
    flaw(agent["leader"] == json!(app["leader"].as_str() == Some(name)), "whether it leads it has not seen")?;
    flaw(agent["modified"] == app["modified"], "it has not upgraded")?;
    flaw(agent["configured"]["config"] == app["config"], "its options are old")?;
    flaw(agent["configured"]["network"] == unit["network"], "its addresses are old")?;
    let version = &app["leader_settings"]["version"];
    flaw(
        agent["leader"] == json!(true) || agent["memory"]["leader_settings"] == *version,
        "the leader's settings are old",
    )?;
    let relations = keys(&model["relations"]);
    flaw(keys(&agent["relations"]).is_subset(&relations), "it is in a relation that is gone")
}

fn check_relation(model: &Value, id: &str, relation: &Value) -> Result<(), String> {
    let units = model["units"].as_object().unwrap();
    if relation["life"] != "alive" {
        return Err("it is dying".to_owned());
    }
    let sides = relation["sides"].as_array().unwrap();
    for (index, side) in sides.iter().enumerate() {
        let of_app = |name: &&str| units.get(*name).is_some_and(|unit| unit["app"] == side["app"]);
        let (entered, seen) = (names(&side["entered"]), keys(&side["in_scope"]));
        if entered != seen || !entered.iter().all(of_app) {
            return Err(format!("{entered:?} have entered, {seen:?} are seen"));
        }
        if relation["suspended"] == json!(true) && !entered.is_empty() {
            return Err(format!("it is suspended, and {entered:?} are in it"));
        }
        let other = &sides[sides.len() - 1 - index];
        for (name, unit) in units.iter().filter(|(_, unit)| unit["app"] == side["app"]) {
            let is_in = !unit["agent"]["relations"][id].is_null();
            if is_in != entered.contains(name.as_str()) {
                return Err(format!("{name} believes to be in it: {is_in}"));
            }
            let installed = unit["played"] == json!(true) || unit["agent"]["installed"] == json!(true);
            let container = unit["principal"].as_str().unwrap_or(name);
            let shares = |other: &&str| {
                relation["scope"] == "global" || units[*other]["principal"].as_str().unwrap_or(other) == container
            };
            let all: BTreeSet<&str> = keys(&other["in_scope"]).into_iter().filter(shares).collect();
            let expected = sides.len() == 2
                && relation["suspended"] == json!(false)
                && installed
                && (relation["scope"] == "global"
                    || unit["principal"].is_null()
                    || units[container]["app"] == other["app"]);
            if expected && !is_in {
                return Err(format!("{name} is not in it"));
            }
            if is_in && unit["played"] == json!(false) {
                let members = keys(&unit["agent"]["relations"][id]["members"]);
                let others: BTreeSet<&str> = all.into_iter().filter(|other| other != name).collect();
                if members != others {
                    return Err(format!("{name} has {members:?}, where {others:?} are"));
                }
                if !unit["agent"]["relations"][id]["changed_pending"].is_null() {
                    return Err(format!("{name} is owed a changed"));
                }
            }
        }
    }
    Ok(())
}

/// One unit of a subordinate for each unit of an application that is related to it, and no other.
fn check_subordinates(model: &Value) -> Result<(), String> {
    let units = model["units"].as_object().unwrap();
    let related: BTreeSet<&str> = model["relations"]
        .as_object()
        .unwrap()
        .values()
        .filter(|relation| relation["sides"][0]["app"] == "agent" && relation["sides"].as_array().unwrap().len() == 2)
        .filter_map(|relation| relation["sides"][1]["app"].as_str())
        .collect();
    let wanted = units.iter().filter(|(_, unit)| related.contains(unit["app"].as_str().unwrap()));
    let wanted: Vec<&str> = wanted.map(|(name, _)| name.as_str()).collect();
    let mut there: Vec<&str> = units.values().filter_map(|unit| unit["principal"].as_str()).collect();
    there.sort_unstable();
    if wanted == there { Ok(()) } else { Err(format!("subordinates are on {there:?}, and wanted on {wanted:?}")) }
}

#[test]
fn whatever_happens_jujus_rules_hold_and_nothing_of_what_is_gone_is_left() {
    let explored = Explore::new(Case::new)
        .cases(60)
        .units(3)
        .steps(0..=400)
        .weight(Kind::Hook, 50)
        .weight(Kind::HookOf, 20)
        .weight(Kind::Settle, 2)
        // A step of this test does it, which tells the tales of it.
        .without(Kind::ResolveWithoutRetry)
        .step(Case::integrate)
        .step(Case::integrate)
        .step(Case::integrate)
        .step(Case::end_relation)
        .step(Case::suspend)
        .step(Case::come_and_go)
        .step(Case::refresh)
        .step(Case::configure)
        .step(Case::add_unit)
        .step(Case::storage)
        .step(Case::secrets)
        .step(Case::go_wrong)
        .step(Case::work)
        .step(Case::skip)
        .step(|case, _| case.store())
        .around(
            "hooks follow Juju's rules",
            |case| ENDPOINTS.iter().flat_map(|endpoint| case.juju.relations(endpoint)).collect::<BTreeSet<_>>(),
            |case, before, run| case.check_run(&before, run),
        )
        .in_the_end("nothing is left to do, and nothing of what is gone", at_rest)
        .in_the_end("a model at rest can be stored", |case| case.store().map(drop))
        .run()
        .unwrap();
    assert!(explored.hooks > 1_000, "{explored:?}");
}
