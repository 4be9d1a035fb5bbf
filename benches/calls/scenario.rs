use std::error::Error;
use std::fmt::Write as _;

use juju_sim::{Fate, HookRun, Revision, World};
use serde_json::json;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The three charms, written on one framework.
pub(crate) struct Charms {
    pub(crate) bare: Revision,
    pub(crate) plain: Revision,
    pub(crate) full: Revision,
}

/// What one dispatch called.
pub(crate) struct Row {
    pub(crate) event: &'static str,
    /// The hook commands with their arguments, in order.
    pub(crate) commands: Vec<Vec<String>>,
    /// What others see after it: the same for charms that do the same.
    pub(crate) outcome: String,
}

impl Row {
    /// How many hook commands but `juju-log` it called.
    pub(crate) fn without_log(&self) -> usize {
        self.commands.iter().filter(|argv| argv.first().is_none_or(|name| name != "juju-log")).count()
    }
}

/// Runs the events that are compared, in the order in which Juju would. All rows are of the unit 0, which leads.
pub(crate) fn rows(charms: &Charms) -> Result<Vec<Row>> {
    Ok([bare(charms.bare.clone())?, plain(charms.plain.clone())?, full(charms.full.clone())?]
        .into_iter()
        .flatten()
        .collect())
}

fn bare(revision: Revision) -> Result<Vec<Row>> {
    let mut scene = Scene::open(revision)?;
    scene.row("start", "`start`: sets the version and a status")?;
    scene.tick("`update-status`, not observed, no status function")?;
    Ok(scene.rows)
}

fn plain(revision: Revision) -> Result<Vec<Row>> {
    let mut scene = Scene::open(revision)?;
    scene.row("install", "`install`: shows a status while it works")?;
    scene.row("config-changed", "`config-changed`, the first: opens a port")?;
    scene.row("start", "`start`: sets the version")?;
    scene.world.tick("plain/0")?;
    scene.tick("`update-status`: both statuses are as they were")?;
    scene.world.set_config("plain", "motto", Some("be brief".into()))?;
    scene.row("config-changed", "`config-changed`: nothing to do")?;
    scene.world.set_config("plain", "port", Some(9090.into()))?;
    scene.row("config-changed", "`config-changed`: another port, another status")?;
    scene.world.remove_unit("plain/0")?;
    scene.row("stop", "`stop`, not observed")?;
    Ok(scene.rows)
}

fn full(revision: Revision) -> Result<Vec<Row>> {
    let mut scene = Scene::open(revision.clone())?;
    scene.row("data-storage-attached", "`storage-attached`: logs where it is")?;
    scene.row("cluster-relation-created", "`relation-created`: writes a key")?;
    scene.row("leader-elected", "`leader-elected`: writes a key of the application")?;
    scene.row("start", "`start`, not observed")?;

    scene.world.add_played_unit("full")?;
    scene.world.write_bag("full:cluster", "full/1", [("zone", "south"), ("rack", "r1")])?;
    scene.row("cluster-relation-joined", "`relation-joined`: logs at DEBUG")?;
    scene.row("cluster-relation-changed", "`relation-changed`: reads two keys")?;
    scene.world.remove_unit("full/1")?;
    scene.row("cluster-relation-departed", "`relation-departed`: logs at DEBUG")?;

    let web = scene.world.play("client", "full:web")?;
    scene.row("web-relation-created", "`relation-created`: the leader adds and grants a secret")?;
    scene.row("web-relation-joined", "`relation-joined`: the leader writes a key of the application")?;
    scene.row("web-relation-changed", "`relation-changed`: writes a key")?;
    scene.world.write_bag(web, "client/0", [("colour", "blue")])?;
    scene.row("web-relation-changed", "`relation-changed`: writes a key that is so already")?;

    let db = scene.world.play("database", "full:db")?;
    scene.row("db-relation-joined", "`relation-joined`: writes its address of the network")?;
    scene.row("db-relation-changed", "`relation-changed`: it is too early, the event is put off")?;
    scene.tick("`update-status`: an event is pending, and is put off again")?;
    let password = scene.world.add_secret("database", &[("password", "first")])?;
    scene.world.grant_secret_over(&password, "full", db)?;
    scene.world.write_bag(db, "database", [("password", &password)])?;
    scene.world.write_bag(db, "database/0", [("host", "10.0.0.9")])?;
    scene.settle()?;
    scene.world.write_bag(db, "database/0", [("host", "10.0.0.10")])?;
    scene
        .row("db-relation-changed", "`relation-changed`: reads a key of the unit, one of the application, a secret")?;
    scene.world.update_secret(&password, &[("password", "another")])?;
    scene.row("secret-changed", "`secret-changed`: reads the new content")?;

    scene.tick("`update-status`: nothing is pending")?;
    scene.action("backup", "an action: parameters, progress, results")?;
    scene.world.refresh("full", revision)?;
    scene.row("upgrade-charm", "`upgrade-charm`: logs three lines at INFO")?;
    scene.settle()?;
    scene.world.remove_relation(db)?;
    scene.row("db-relation-broken", "`relation-broken`: logs a line at INFO")?;
    scene.world.remove_unit("full/0")?;
    scene.row("stop", "`stop`: closes the ports")?;
    Ok(scene.rows)
}

/// One unit of a charm, and what its dispatches called.
struct Scene {
    world: World,
    app: String,
    unit: String,
    rows: Vec<Row>,
}

impl Scene {
    /// A unit that is to begin.
    fn open(revision: Revision) -> Result<Self> {
        let app = revision.charm().name().to_owned();
        let mut world = World::new(0);
        let unit = world.deploy(&app, revision)?.pop().ok_or("nothing was deployed")?;
        Ok(Self { world, app, unit, rows: Vec::new() })
    }

    /// Runs hooks until one of this name has run, which makes a row.
    fn row(&mut self, hook: &str, event: &'static str) -> Result<()> {
        loop {
            let run = self.world.step_unit(&self.unit).ok_or_else(|| format!("no {hook} is due for {event}"))?;
            check(run)?;
            if run.hook == hook {
                return self.keep(event);
            }
        }
    }

    /// Runs an `update-status` after everything that is due.
    fn tick(&mut self, event: &'static str) -> Result<()> {
        self.settle()?;
        self.world.tick(&self.unit)?;
        self.row("update-status", event)
    }

    /// Runs the one action.
    fn action(&mut self, name: &str, event: &'static str) -> Result<()> {
        self.settle()?;
        let result = self.world.run_action_only(&self.unit, name, json!({"target": "s3"}))?;
        if result.status != "completed" {
            return Err(format!("action {name} ended {}: {}", result.status, result.message).into());
        }
        self.keep(event)
    }

    /// Runs what is due on the unit.
    fn settle(&mut self) -> Result<()> {
        while let Some(run) = self.world.step_unit(&self.unit) {
            check(run)?;
        }
        Ok(())
    }

    /// Takes the last run as a row.
    fn keep(&mut self, event: &'static str) -> Result<()> {
        let run = self.world.runs().last().ok_or("nothing has run")?;
        let commands = run.commands().map(|command| command.argv.clone()).collect();
        let outcome = self.outcome()?;
        self.rows.push(Row { event, commands, outcome });
        Ok(())
    }

    /// What others see of the unit.
    fn outcome(&self) -> Result<String> {
        let Self { world, app, unit, .. } = self;
        let (status, ports) = (world.status(unit), world.open_ports(unit));
        let of_app = world.app_status(app);
        let mut outcome =
            format!("{status}, application {of_app}, version {:?}, open {ports:?}", world.workload_version(app));
        for endpoint in ["cluster", "web", "db"] {
            for id in world.relations(&format!("{app}:{endpoint}")) {
                let (own, all) = (world.bag(id, unit)?, world.bag(id, app)?);
                write!(outcome, ", {endpoint} {own:?} {all:?}")?;
            }
        }
        Ok(outcome)
    }
}

/// A hook that fails, or complains, is none to count.
fn check(run: &HookRun) -> Result<()> {
    let complains = run.log().any(|(level, _)| matches!(level, "ERROR" | "WARNING"));
    if run.fate == Fate::Committed && !complains { Ok(()) } else { Err(format!("a hook went wrong:\n{run}").into()) }
}
