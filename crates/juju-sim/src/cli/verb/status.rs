use std::collections::BTreeSet;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::{Arg, ArgAction, Command};

use super::{Verb, machines, storage};
use crate::cli::call::Call;
use crate::cli::duration;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, form, give, give_text, with_forms};
use crate::cli::view::{AppView, UnitView, View};

pub(super) const VERB: Verb = Verb {
    name: "status",
    aliases: &["show-status"],
    about: "Show what a model has, and how it is",
    arguments,
    has_model: true,
    idle: &[
        ("utc", "times are in UTC"),
        ("retry-count", "nothing is far away"),
        ("retry-delay", "nothing is far away"),
    ],
    run,
};

fn arguments(command: Command) -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let watch = Arg::new("watch").long("watch").value_name("TIME").help("Show it again and again, such as every 2s");
    let command = command
        .arg(
            Arg::new("selectors")
                .num_args(0..)
                .value_name("SELECTOR")
                .help("Applications, units, machines or statuses to show"),
        )
        .arg(switch("relations").help("Show the relations too"))
        .arg(switch("integrations").help("The same as --relations"))
        .arg(switch("storage").help("Show the storage too"))
        .arg(switch("color").help("Colour the table, whatever it goes to"))
        .arg(switch("no-color").help("Do not colour the table"))
        .arg(watch);
    with_forms(command, &["tabular", "json", "yaml", "line", "oneline", "short", "summary"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let Some(pause) = call.matches.get_one::<String>("watch").cloned() else { return show(call) };
    let pause = duration::parse(&pause)?.max(Duration::from_millis(100));
    // Until it is interrupted, or nobody reads any more.
    while call.terminal.show("\x1b[2J\x1b[H").is_ok() {
        show(call)?;
        std::thread::sleep(pause);
    }
    Ok(())
}

fn show(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let mut view = View::of(&session);
    let selectors = call.texts("selectors");
    if !selectors.is_empty() {
        select(&mut view, &selectors);
    }
    let sections = Sections {
        colour: (call.terminal.colour || call.flag("color")) && !call.flag("no-color"),
        relations: call.flag("relations") || call.flag("integrations"),
        storage: call.flag("storage"),
    };
    match form(call.matches) {
        "line" | "oneline" | "short" => give_text(call, &lines(&view)),
        "summary" => give_text(call, &summary(&view)),
        _ => {
            let empty = view.applications.is_empty() && view.machines.is_empty() && view.saas.is_empty();
            if empty && form(call.matches) == "tabular" {
                let text = if selectors.is_empty() {
                    format!("Model {:?} is empty.", view.model.name)
                } else {
                    "Nothing matched specified filters.".to_owned()
                };
                call.terminal.say(&text);
            }
            give(call, &view, || tables(&view, &sections))
        }
    }
}

/// What of the tables is shown beside what always is.
struct Sections {
    colour: bool,
    relations: bool,
    storage: bool,
}

/// Leaves what is selected: by the names of applications, units and machines, or by words of statuses.
fn select(view: &mut View, selectors: &[String]) {
    let is = |name: &str| selectors.iter().any(|selector| matches(selector, name));
    let of_app = |name: &str| name.split('/').next().is_some_and(&is);
    let chosen = |name: &str, unit: &UnitView| {
        is(name)
            || of_app(name)
            || is(&unit.workload_status.current)
            || is(&unit.juju_status.current)
            || unit.machine.as_deref().is_some_and(&is)
    };
    // A unit and its subordinates are shown together.
    let mut beside: BTreeSet<String> = BTreeSet::new();
    for (name, app) in &mut view.applications {
        let whole = is(name);
        app.units.retain(|unit, view| {
            let under = &view.subordinates;
            let stays = whole || chosen(unit, view) || under.iter().any(|(name, unit)| chosen(name, unit));
            if stays {
                beside.extend(under.keys().filter_map(|name| name.split('/').next()).map(str::to_owned));
            }
            stays
        });
    }
    view.applications.retain(|name, app| is(name) || !app.units.is_empty() || beside.contains(name));
    let used: BTreeSet<&String> = view
        .applications
        .values()
        .flat_map(|app| app.units.values())
        .filter_map(|unit| unit.machine.as_ref())
        .collect();
    view.machines.retain(|name, _| used.contains(name) || is(name));
    view.relations.retain(|row| {
        [&row.provider, &row.requirer]
            .iter()
            .any(|end| view.applications.contains_key(end.split(':').next().unwrap_or_default()))
    });
}

/// Whether a name is meant, where `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| name.strip_prefix(start)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((end, inner)) = parts.split_last() else { return rest.is_empty() };
    for part in inner {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(end)
}

fn lines(view: &View) -> String {
    let mut text = String::new();
    for (name, unit) in all_units(view) {
        let ports = if unit.open_ports.is_empty() { String::new() } else { format!(" {}", unit.open_ports.join(", ")) };
        let (agent, workload) = (&unit.juju_status.current, &unit.workload_status.current);
        text.push_str(&format!("- {name}: {} (agent:{agent}, workload:{workload}){ports}\n", unit.public_address));
    }
    text
}

fn summary(view: &View) -> String {
    let mut text = String::new();
    let units = all_units(view);
    text.push_str(&format!("{} machines, {} units\n", view.machines.len(), units.len()));
    for (name, app) in &view.applications {
        text.push_str(&format!(
            "{name}: {} {}/{}\n",
            app.charm,
            app.units.values().filter(|unit| unit.workload_status.current == "active").count(),
            app.scale
        ));
    }
    text
}

/// All units with their names; those of subordinates after their principals.
fn all_units(view: &View) -> Vec<(String, &UnitView)> {
    let mut all = Vec::new();
    for app in view.applications.values() {
        for (name, unit) in in_order(&app.units) {
            all.push((name.clone(), unit));
            all.extend(in_order(&unit.subordinates).into_iter().map(|(name, unit)| (name.clone(), unit)));
        }
    }
    all
}

/// Units by application and number.
fn in_order(units: &std::collections::BTreeMap<String, UnitView>) -> Vec<(&String, &UnitView)> {
    let mut units: Vec<_> = units.iter().collect();
    let key = |name: &str| {
        name.rsplit_once('/').and_then(|(app, number)| Some((app.to_owned(), number.parse::<u32>().ok()?)))
    };
    units.sort_by_key(|(name, _)| key(name));
    units
}

fn tables(view: &View, sections: &Sections) -> String {
    let paint: fn(&str) -> Style = if sections.colour { style } else { |_| Style::new() };
    let of = |headings: &[&str]| Table::of(headings).painted(&["Status", "Workload", "Agent", "State"], paint);
    let mut parts = Vec::new();
    let mut table = Table::of(&["Model", "Controller", "Cloud/Region", "Version", "SLA", "Timestamp"]);
    let model = &view.model;
    let place = format!("{}/{}", model.cloud, model.region);
    table.row([&model.name, model.controller, &place, model.version, model.sla, &view.controller.timestamp]);
    parts.push(table);
    if !view.saas.is_empty() {
        let mut table = of(&["SAAS", "Status", "Store", "URL"]);
        for (name, saas) in &view.saas {
            table.row([name, &saas.application_status.current, "local", &saas.url]);
        }
        parts.push(table);
    }
    if !view.applications.is_empty() {
        let heads = ["App", "Version", "Status", "Scale", "Charm", "Channel", "Rev", "Exposed", "Message"];
        let mut table = of(&heads).right(&["Scale", "Rev"]);
        for (name, app) in &view.applications {
            table.row(app_row(name, app).iter().map(String::as_str));
        }
        parts.push(table);
    }
    if view.applications.values().any(|app| !app.units.is_empty()) {
        let mut table = of(&["Unit", "Workload", "Agent", "Machine", "Public address", "Ports", "Message"]);
        for app in view.applications.values() {
            for (name, unit) in in_order(&app.units) {
                table.row(unit_row(name, unit, "").iter().map(String::as_str));
                for (name, under) in in_order(&unit.subordinates) {
                    table.row(unit_row(name, under, "  ").iter().map(String::as_str));
                }
            }
        }
        parts.push(table);
    }
    if !view.machines.is_empty() {
        parts.push(machines::filled(of(&machines::HEADINGS), &view.machines));
    }
    if !view.offers.is_empty() {
        let mut table = Table::of(&["Offer", "Application", "Charm", "Connected", "Endpoint", "Interface", "Role"]);
        for (name, offer) in &view.offers {
            let connected = format!("{}/{}", offer.active_connected_count, offer.total_connected_count);
            for (endpoint, it) in &offer.endpoints {
                table.row([name, &offer.application, &offer.charm, &connected, endpoint, &it.interface, it.role]);
            }
        }
        parts.push(table);
    }
    if sections.relations && !view.relations.is_empty() {
        let mut table = Table::of(&["Integration provider", "Requirer", "Interface", "Type", "Message"]);
        for row in &view.relations {
            table.row([&row.provider, &row.requirer, &row.interface, row.kind, &row.message]);
        }
        parts.push(table);
    }
    if let Some(section) = view.storage.as_ref().filter(|it| sections.storage && !it.storage.is_empty()) {
        let table = of(&["Storage Unit", "Storage ID", "Type", "Mountpoint", "Status", "Message"]);
        parts.push(storage::filled(table, section));
    }
    parts.iter().map(Table::text).collect::<Vec<_>>().join("\n")
}

fn app_row(name: &str, app: &AppView) -> [String; 9] {
    [
        name.to_owned(),
        app.version.clone(),
        app.life.unwrap_or(&app.application_status.current).to_owned(),
        app.scale.to_string(),
        app.charm_name.clone(),
        String::new(),
        app.charm_rev.to_string(),
        if app.exposed { "yes" } else { "no" }.to_owned(),
        app.application_status.message.clone(),
    ]
}

fn unit_row(name: &str, unit: &UnitView, indent: &str) -> [String; 7] {
    [
        format!("{indent}{name}{}", if unit.leader { "*" } else { "" }),
        unit.workload_status.current.clone(),
        unit.juju_status.current.clone(),
        unit.machine.clone().unwrap_or_default(),
        unit.public_address.clone(),
        unit.open_ports.join(","),
        unit.workload_status.message.clone(),
    ]
}

/// The colour of a status's word, which says how good it is.
fn style(word: &str) -> Style {
    match word {
        "active" | "idle" | "started" | "attached" => AnsiColor::Green.on_default(),
        "error" | "blocked" | "lost" | "down" | "failed" | "dying" => AnsiColor::Red.on_default(),
        "waiting" | "maintenance" | "executing" | "allocating" | "attaching" => AnsiColor::Yellow.on_default(),
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, is) in [
            ("web", "web", true),
            ("web", "webs", false),
            ("web*", "webs", true),
            ("*b", "web", true),
            ("w*b*s", "webs", true),
            ("w*x", "webs", false),
            ("*", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }
}
