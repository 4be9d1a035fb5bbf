//! A run as a page: why hooks ran, and what a browser makes of it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use juju_sim::{
    Charm, Content, Fault, HookRun, Invocation, Mark, PageInput, ProgramEnd, Revision, Target, Told, ToolOutput, World,
    page,
};
use serde_json::Value;

use crate::support::{charm, deploy, revision, run_to, world, world_with};

fn find<'w>(juju: &'w World, title: &str) -> &'w HookRun {
    let found = juju.runs().iter().rfind(|run| run.title() == title);
    found.unwrap_or_else(|| panic!("no {title} in:\n{}", juju.transcript()))
}

/// Whether a run published what another was told of.
fn caused(publisher: &HookRun, told: &HookRun) -> bool {
    let Some(Told { of, version, since }) = &told.told else { return false };
    let is_news = |number: u64| number <= *version && since.is_none_or(|since| number > since);
    publisher.published.iter().any(|publication| publication.of == *of && is_news(publication.version))
}

#[test]
fn a_changed_databag_is_told_with_the_hook_that_changed_it() {
    let mut juju = world(|hook| {
        if hook.name() == "update-status" {
            hook.call("relation-set -r magpie:0 state=new");
        }
    });
    deploy(&mut juju, 2);
    juju.tick("magpie/0").unwrap();
    juju.settle().unwrap();
    let (writer, reader) =
        (find(&juju, "magpie/0 update-status"), find(&juju, "magpie/1 magpie-relation-changed magpie:0 magpie/0"));
    assert!(caused(writer, reader), "{writer:?}\n{reader:?}");
    let html = juju.page("two units");
    let link =
        format!("changed by <a href=\"#r{}\">#{} magpie/0 update-status</a>", writer.sequence - 1, writer.sequence);
    assert!(html.contains(&link), "{link}");
    let arrow = format!("<path data-f=\"{}\" data-t=\"{}\"", writer.sequence - 1, reader.sequence - 1);
    assert!(html.contains(&arrow), "{arrow}");
}

#[test]
fn the_changed_that_follows_each_joined_is_told_as_no_news() {
    let mut juju = world(|_| {});
    deploy(&mut juju, 2);
    let changed = find(&juju, "magpie/1 magpie-relation-changed magpie:0 magpie/0");
    let told = changed.told.as_ref().unwrap();
    assert_eq!(Some(told.version), told.since);
    assert!(juju.page("").contains("not changed: this hook follows relation-joined"));
}

#[test]
fn what_a_test_writes_into_a_databag_is_no_hooks_doing() {
    let metadata = "{name: web, requires: {db: {interface: pg}}}";
    let mut juju = World::new(1);
    juju.deploy("web", revision(metadata, |_| {})).unwrap();
    let db = juju.play("pg", "web:db").unwrap();
    juju.settle().unwrap();
    juju.write_bag(db, "pg/0", [("host", "10.0.0.9")]).unwrap();
    juju.write_bag(db, "pg", [("version", "16")]).unwrap();
    juju.settle().unwrap();
    let of = Content::Databag { relation: 0, owner: "pg".to_owned() };
    let told = Told { of, version: 1, since: Some(0) };
    assert_eq!(find(&juju, "web/0 db-relation-changed db:0").told, Some(told));
    assert!(juju.page("").contains("databag of pg/0 in db:0, changed, and not by a hook"));
}

#[test]
fn a_hook_that_fails_publishes_nothing() {
    let mut juju = world(|hook| {
        if hook.name() == "magpie-relation-created" {
            hook.call("relation-set -r magpie:0 state=new");
        }
    });
    juju.add_unit("magpie").unwrap();
    juju.inject("magpie/0", Fault::Fail).unwrap();
    juju.step_unit("magpie/0");
    juju.settle().unwrap();
    juju.add_unit("magpie").unwrap();
    run_to(&mut juju, "magpie/1", "install");
    juju.inject("magpie/1", Fault::RejectFlush).unwrap();
    let refused = run_to(&mut juju, "magpie/1", "magpie-relation-created");
    assert!(refused.published.is_empty());
    assert_eq!(refused.faults, ["the controller refuses the flush"]);
    juju.settle().unwrap();
    let again = find(&juju, "magpie/1 magpie-relation-created magpie:0");
    assert_eq!((again.published.len(), again.faults.len()), (1, 0));
}

#[test]
fn secrets_and_leader_settings_are_told_with_the_hook_that_changed_them() {
    let metadata = "{name: web, peers: {m: {interface: m}}}";
    let mut juju = World::new(1);
    let program = |hook: &crate::support::Hook| match (hook.name(), hook.unit()) {
        ("start", "web/0") => {
            let uri = hook.call("secret-add --label mine token=t0");
            hook.call(&format!("relation-set -r m:0 secret={uri}"));
            hook.call("leader-set a=1");
        }
        ("m-relation-changed", "web/1") => {
            let uri = hook.call("relation-get -r m:0 secret web/0");
            if !uri.is_empty() {
                hook.call(&format!("secret-get {uri}"));
            }
        }
        ("update-status", "web/0") => {
            let uri = hook.call("secret-info-get --label mine --format json");
            let id = serde_json::from_str::<Value>(&uri).unwrap();
            let id = id.as_object().unwrap().keys().next().unwrap().clone();
            hook.call(&format!("secret-set {id} token=t1"));
        }
        _ => {}
    };
    juju.deploy("web", juju_sim::Deployment::of(revision(metadata, program)).units(2)).unwrap();
    juju.settle().unwrap();
    let start = find(&juju, "web/0 start");
    let told = juju.runs().iter().rfind(|run| run.hook == "leader-settings-changed").unwrap();
    assert!(caused(start, told), "{start:?}\n{told:?}");
    juju.tick("web/0").unwrap();
    juju.settle().unwrap();
    let Some(told) = juju.runs().iter().find(|run| run.hook == "secret-changed") else {
        panic!("{}", juju.transcript());
    };
    assert!(caused(find(&juju, "web/0 update-status"), told));
}

#[test]
fn only_the_faults_that_happened_are_marked() {
    let mut juju = world_with(1, |hook| {
        hook.try_call("is-leader");
        ProgramEnd::Exit(0)
    });
    juju.add_unit("magpie").unwrap();
    let answer = |code| ToolOutput { code, ..ToolOutput::default() };
    let faults = |juju: &World| juju.runs().last().unwrap().faults.clone();
    for (fault, happens) in [
        (Fault::KillAt(1), &["it is killed after hook command 1"][..]),
        (Fault::KillAt(5), &[]),
        (
            Fault::Answer { to: Target::Command("is-leader".to_owned()), output: answer(3) },
            &["is-leader gives an output of the test's, with code 3"],
        ),
        (Fault::Answer { to: Target::Command("config-get".to_owned()), output: answer(3) }, &[]),
        (Fault::Absent("is-leader".to_owned()), &["is-leader is not on PATH"]),
        (Fault::Absent("config-get".to_owned()), &[]),
        (Fault::Refuse { call: "Uniter.ConfigSettings".to_owned(), text: "no".to_owned() }, &[]),
    ] {
        juju.tick("magpie/0").unwrap();
        juju.inject("magpie/0", fault).unwrap();
        juju.step_unit("magpie/0").unwrap();
        assert_eq!(faults(&juju), happens);
        juju.settle().unwrap();
    }
}

#[test]
fn an_event_is_held_until_it_is_taken_out_of_the_units_state() {
    let mut juju = world(|hook| match hook.name() {
        "install" => {
            let stored = r#"juju-ops.pending.0={"event":{},"name":"joined","subject":"m/1","topic":"t","v":1}"#;
            hook.call(&format!("state-set other=1 {stored}"));
        }
        "start" => drop(hook.call("state-delete juju-ops.pending.0")),
        _ => {}
    });
    deploy(&mut juju, 1);
    let installed = find(&juju, "magpie/0 install").waits.as_ref().unwrap();
    assert_eq!((installed.held.as_slice(), installed.count), (&["t joined m/1".to_owned()][..], 1));
    let started = find(&juju, "magpie/0 start").waits.as_ref().unwrap();
    assert_eq!((started.released.as_slice(), started.count), (&["t joined m/1".to_owned()][..], 0));
    assert!(find(&juju, "magpie/0 config-changed").waits.is_none());
}

#[test]
fn what_a_failed_hook_logs_of_its_events_is_not_taken_for_done() {
    let mut juju = world_with(1, |hook| {
        if hook.name() == "install" {
            hook.0.tools.stdout("juju-ops: emitted t joined m/1");
            hook.0.tools.stdout("juju-ops: delivered t joined m/1: acknowledged");
        }
        ProgramEnd::Exit(0)
    });
    juju.add_unit("magpie").unwrap();
    juju.inject("magpie/0", Fault::Fail).unwrap();
    juju.step().unwrap();
    assert!(!juju.page("").contains("<b>Acknowledged</b>"));
    juju.settle().unwrap();
    assert!(juju.page("").contains("<b>Acknowledged</b> <span>t joined m/1</span>"));
}

// ---- In a browser ----

/// A deployment in which something of each kind happens.
fn eventful(units: usize) -> PageInput {
    let mut marks = Vec::new();
    let mut mark = |juju: &World, text: &str| {
        marks.push(Mark { before: juju.runs().len() as u64 + 1, text: text.to_owned() });
    };
    let mut juju = world_with(1, |hook| {
        let tools = &hook.0.tools;
        let log = |level: &str, text: &str| drop(tools.call(&["juju-log", "-l", level, text], None));
        match hook.name() {
            "install" => drop(tools.call(&["status-set", "maintenance", "Installing"], None)),
            "magpie-relation-created" => {
                hook.call("relation-set -r magpie:0 address=10.0.0.1 password=hunter2");
            }
            "magpie-relation-joined" => {
                let remote = hook.var("JUJU_REMOTE_UNIT").unwrap_or_default().to_owned();
                hook.call(&format!("relation-get -r magpie:0 - {remote}"));
                tools.stdout(&format!("juju-ops: emitted peers joined {remote}"));
                tools.stdout(&format!("juju-ops: delivered peers joined {remote}: acknowledged"));
                log("INFO", &format!("{remote} joined <b>& is welcome</b>"));
                tools.call(&["status-set", "active", "Ready"], None);
            }
            "config-changed" if hook.unit() == "magpie/1" => log("WARNING", "no mtu is set, 1500 is taken"),
            "update-status" => {
                tools.stdout("juju-ops: redelivered peers joined magpie/9: not yet");
                let stored =
                    r#"juju-ops.pending.0={"event":{},"name":"joined","subject":"magpie/9","topic":"peers","v":1}"#;
                tools.call(&["state-set", stored], None);
                tools.call(&["status-set", "waiting", "for magpie/9"], None);
                let known = tools.call(&["relation-get", "-r", "magpie:0", "seen", "magpie/0"], None);
                let next = if known.stdout.is_empty() { "relation-set -r magpie:0 seen=1" } else { "is-leader" };
                hook.call(next);
            }
            _ => {}
        }
        ProgramEnd::Exit(0)
    });
    mark(&juju, &format!("deploy magpie with {units} units"));
    for _ in 0..units {
        juju.add_unit("magpie").unwrap();
    }
    run_to(&mut juju, "magpie/0", "install");
    juju.inject("magpie/0", Fault::Fail).unwrap();
    juju.step_unit("magpie/0").unwrap();
    juju.inject("magpie/1", Fault::KillAt(0)).unwrap();
    juju.settle().unwrap();
    mark(&juju, "update-status on magpie/0");
    juju.tick("magpie/0").unwrap();
    juju.settle().unwrap();
    mark(&juju, "run action ping on magpie/1");
    juju.run_action("magpie/1", "ping", serde_json::json!({"host": "<script>alert(1)</script>"})).unwrap();
    mark(&juju, "remove magpie/2");
    juju.remove_unit("magpie/2").unwrap();
    juju.settle().unwrap();
    let mut input = juju.page_input(&format!("{units} units, and something of each kind"));
    input.marks = marks;
    input
}

/// The browser, where it is there. A run of all checks needs it; elsewhere its lack is said.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name))).find(|file| file.exists());
    if found.is_none() {
        let missing = "no chromium is on PATH (`apt-get install chromium`): the page is NOT looked at in a browser";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        // Past the harness, which keeps to itself what a test prints.
        let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: {missing} ***\n");
    }
    found
}

/// Runs the browser on a page, with no way to a network, and gives what it prints.
fn browse(browser: &Path, page: &Path, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let profile = format!("--user-data-dir={}", home.path().display());
    let mut command = Command::new("timeout");
    command.arg("120").arg(browser).args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--proxy-server=127.0.0.1:9",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        &profile,
    ]);
    command.args(arguments).arg(format!("file://{}", page.display())).env("HOME", home.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Where the pages and pictures stay to be looked at.
fn place(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&dir).unwrap();
    dir.join(name)
}

/// What a person does on the page, and what is there then: told as JSON in the title.
const DEEDS: &str = r#"
const rows = [...document.querySelectorAll(".run")];
const told = {};
const shown = () => rows.filter((row) => !row.hidden && row.offsetHeight > 0).length;
const paths = () => [...document.querySelectorAll(".arrows path")];
const choose = (name, value) => {
  const list = document.querySelector(`select[name=${name}]`);
  list.value = value;
  list.dispatchEvent(new Event("change", { bubbles: true }));
};
const option = (name, text) => [...document.querySelectorAll(`select[name=${name}] option`)].find((it) => it.textContent === text).value;
// Whether each arrow begins at the height of its hook and ends at that of the other, in the lanes of both.
const astray = () => paths().filter((path) => path.style.display !== "none").filter((path) => {
  const box = document.querySelector(".arrows").getBoundingClientRect();
  const lanes = box.width / Number(getComputedStyle(document.body).getPropertyValue("--n"));
  const at = (row) => row.querySelector(".b").getBoundingClientRect();
  const [from, to] = [rows[path.dataset.f], rows[path.dataset.t]].map(at);
  const [start, end] = [path.getPointAtLength(0), path.getPointAtLength(path.getTotalLength())];
  const inside = (point, box_of) => Math.abs(point.y + box.top - (box_of.top + box_of.height / 2)) < 2;
  const beside = Math.abs(end.x * lanes + box.left - to.left) < 3;
  return !(inside(start, from) && inside(end, to) && beside);
}).length;
told.astray = astray();
told.narrow = rows.filter((row) => row.querySelector(".b").getBoundingClientRect().width < 60).length;
choose("u", option("u", "magpie/1"));
told.ofUnit = shown();
choose("u", "");
choose("r", option("r", "magpie:0"));
told.ofRelation = shown();
choose("r", "");
choose("e", option("e", "peers joined"));
told.ofEvent = shown();
told.hiddenArrows = paths().filter((path) => path.style.display === "none").length;
choose("e", "");
choose("k", "bad");
told.wrong = shown();
choose("k", "");
told.all = shown();
const source = rows[paths()[0].dataset.f];
source.dispatchEvent(new Event("pointerover", { bubbles: true }));
told.lit = document.querySelectorAll(".arrows path.on").length;
told.litEnds = document.querySelectorAll(".run.lit").length;
document.querySelector(".lanes").dispatchEvent(new Event("pointerleave"));
told.dark = document.querySelectorAll(".arrows path.on").length;
document.querySelector("button[name=open]").click();
told.opened = rows.filter((row) => row.open && row.querySelector(".body").offsetHeight > 20).length;
told.astrayOpen = astray();
document.querySelector("button[name=close]").click();
told.astrayClosed = astray();
// The page's own listener is the first to hear of it.
rows[1].addEventListener("toggle", () => setTimeout(() => {
  told.astrayOne = astray();
  document.title = "TOLD" + JSON.stringify(told) + "DLOT";
}), { once: true });
rows[1].open = true;
"#;

#[test]
fn a_browser_shows_lanes_blocks_arrows_and_filters() {
    let Some(browser) = chromium() else { return };
    let input = eventful(4);
    let (file, html) = (place("four.html"), page(&input));
    fs::write(&file, &html).unwrap();
    let dom = browse(&browser, &file, &["--window-size=1280,1000", "--virtual-time-budget=3000", "--dump-dom"]);
    // Its own script has run, and no other.
    assert!(dom.contains("<html lang=\"en\" class=\"js\">"), "{}", &dom[..300]);
    assert_eq!(dom.matches("class=\"head ").count(), 4);
    assert_eq!(dom.matches("<details class=\"run").count(), input.runs.len());
    assert_eq!(dom.matches("<path ").count(), html.matches("<path ").count());
    assert!(dom.contains("&lt;b&gt;&amp; is welcome&lt;/b&gt;") && !dom.contains("hunter2"));

    let policy = html.find("<meta http-equiv").unwrap();
    let after = policy + html[policy..].find('>').unwrap() + 1;
    let acted = format!("{}{}", &html[..policy], &html[after..]);
    let acted = acted.replace("</body>", &format!("<script>{DEEDS}</script></body>"));
    let acting = place("four-acted.html");
    fs::write(&acting, acted).unwrap();
    let dom = browse(&browser, &acting, &["--window-size=1280,1000", "--virtual-time-budget=5000", "--dump-dom"]);
    let told = dom.split_once("TOLD").and_then(|(_, rest)| rest.split_once("DLOT")).map(|(told, _)| told);
    let told: Value = serde_json::from_str(told.expect("the deeds are done")).unwrap();
    let count = |is: &dyn Fn(&HookRun) -> bool| input.runs.iter().filter(|run| is(run)).count();
    let all = input.runs.len();
    assert_eq!(told["all"], all, "{told}");
    assert_eq!(told["ofUnit"], count(&|run| run.unit == "magpie/1"), "{told}");
    assert_eq!(told["ofRelation"], count(&|run| run.relation.is_some()), "{told}");
    assert_eq!(told["ofEvent"], count(&|run| run.log().any(|(_, text)| text.starts_with("juju-ops: "))), "{told}");
    assert!(told["wrong"].as_u64() > Some(2) && told["wrong"].as_u64() < Some(10), "{told}");
    assert!(told["hiddenArrows"].as_u64() > Some(0), "{told}");
    assert!(told["lit"].as_u64() > Some(0) && told["litEnds"].as_u64() > Some(0), "{told}");
    assert_eq!(told["opened"], all, "{told}");
    for nothing in ["astray", "astrayOpen", "astrayClosed", "astrayOne", "narrow", "dark"] {
        assert_eq!(told[nothing], 0, "{nothing}: {told}");
    }
}

#[test]
fn a_browser_paints_it_in_light_and_dark_without_scripts_and_on_a_narrow_screen() {
    let Some(browser) = chromium() else { return };
    let (few, many, quiet) = (place("4.html"), place("20.html"), place("4-quiet.html"));
    let html = page(&eventful(4));
    fs::write(&few, &html).unwrap();
    fs::write(&many, page(&eventful(20))).unwrap();
    // With a policy that no script meets, and a block that is open.
    let html = html.replace("script-src 'sha256-", "script-src 'none' 'sha256-x");
    fs::write(&quiet, html.replace("id=\"r1\"", "open id=\"r1\"")).unwrap();
    let dom = browse(&browser, &quiet, &["--window-size=1280,1400", "--dump-dom"]);
    assert!(!dom.contains("class=\"js\"") && dom.contains("<form class=\"bar\" hidden"));

    let (light, dark) = ("--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0");
    let mut pictures = Vec::new();
    for (name, file, size, scheme) in [
        ("4-light", &few, "1280,1400", light),
        ("4-dark", &few, "1280,1400", dark),
        ("4-no-scripts", &quiet, "1280,1400", light),
        ("4-narrow", &few, "500,1400", light),
        ("20-light", &many, "1600,1400", light),
        ("20-dark", &many, "1600,1400", dark),
    ] {
        let picture = place(&format!("{name}.png"));
        let _ = fs::remove_file(&picture);
        let (size, out) = (format!("--window-size={size}"), format!("--screenshot={}", picture.display()));
        browse(&browser, file, &[&size, scheme, &out]);
        let bytes = fs::read(&picture).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{name}");
        // A picture of one colour is a few thousand bytes.
        assert!(bytes.len() > 30_000, "{name}: {}", bytes.len());
        assert!(!pictures.contains(&bytes), "{name} is as one before");
        pictures.push(bytes);
    }
}

#[test]
fn the_page_of_a_charm_in_another_language_has_its_hooks_and_no_events() {
    let charm: Charm = charm();
    let program = |charm: Invocation| ProgramEnd::Exit(charm.tools.call(&["status-set", "active"], None).code);
    let mut juju = World::of_one(Revision::in_process(charm, program), 1).unwrap();
    deploy(&mut juju, 1);
    let html = juju.page("plain");
    assert!(
        html.contains("status-set active") && !html.contains("<b>Held</b>") && !html.contains("<b>Acknowledged</b>")
    );
}
