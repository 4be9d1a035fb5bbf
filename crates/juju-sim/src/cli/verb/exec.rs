use clap::{Arg, ArgAction, Command};
use serde_json::Map;

use super::Verb;
use super::run::{Chosen, begin, end, some};
use crate::cli::call::Call;
use crate::cli::duration;
use crate::cli::failure::Failure;
use crate::cli::form::with_forms;

pub(super) const VERB: Verb = Verb {
    name: "exec",
    aliases: &[],
    about: "Run commands on units, with the hook commands at hand",
    arguments,
    has_model: true,
    idle: &[
        ("parallel", "one is run after another"),
        ("execution-group", "one is run after another"),
        ("utc", "times are in UTC"),
        ("color", "it has no colours"),
        ("no-color", "it has no colours"),
    ],
    run,
};

fn arguments(command: Command) -> Command {
    let many = |name: &'static str, short: char| Arg::new(name).long(name).short(short).action(ArgAction::Append);
    let words = Arg::new("commands").required(true).num_args(1..).trailing_var_arg(true).allow_hyphen_values(true);
    let command = command
        .arg(many("application", 'a').visible_alias("app").value_name("APPLICATION").help("All units of applications"))
        .arg(many("unit", 'u').value_name("UNIT").help("Units, or APPLICATION/leader"))
        .arg(
            Arg::new("machine")
                .long("machine")
                .action(ArgAction::Append)
                .value_name("MACHINE")
                .help("Machines, by number"),
        )
        .arg(Arg::new("all").long("all").action(ArgAction::SetTrue).help("All machines"))
        .arg(Arg::new("wait").long("wait").value_name("TIME").help("How long the commands may run"))
        .arg(Arg::new("background").long("background").action(ArgAction::SetTrue).help("Do not show what came of them"))
        .arg(words.value_name("COMMAND").help("The commands, after --"));
    with_forms(command, &["plain", "yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let split =
        |all: Vec<String>| -> Vec<String> { all.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect() };
    let (apps, units) = (split(call.texts("application")), split(call.texts("unit")));
    let machines = split(call.texts("machine"));
    if apps.is_empty() && units.is_empty() && machines.is_empty() && !call.flag("all") {
        return Err(Failure::Usage(
            "you must specify a target, either through --all, --machine, --application or --unit".to_owned(),
        ));
    }
    let words = call.texts("commands");
    let commands = if words.len() == 1 {
        words[0].clone()
    } else {
        words.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(" ")
    };
    let (store, mut session) = call.open()?;
    let Chosen { units: mut chosen, refused } = Chosen::of(&session, &units)?;
    for app in &apps {
        session.world.model().application(app)?;
        chosen.extend(session.world.units_of(app));
    }
    // On a machine the simulator has nothing but its units: the first of them stands for it.
    let there = crate::cli::machines::all(&session);
    let wanted: Vec<u32> = match call.flag("all") {
        true => there.iter().copied().collect(),
        false => {
            let number = |text: &String| match text.parse::<u32>().ok().filter(|it| there.contains(it)) {
                Some(number) => Ok(number),
                None => Err(Failure::Error(format!("machine {text} not found"))),
            };
            machines.iter().map(number).collect::<Result<_, _>>()?
        }
    };
    for machine in wanted {
        let model = session.world.model();
        let on_it = |name: &String| model.units.get(name).is_some_and(|unit| unit.machine == machine && !unit.played);
        let first = model.units().into_iter().find(on_it);
        chosen.push(first.ok_or_else(|| format!("machine {machine} has no unit to run commands in"))?);
    }
    if let Some(limit) = call.matches.get_one::<String>("wait") {
        session.world.set_time_limit(duration::parse(limit)?);
    }
    let mut operation = begin(&mut session, format!("run commands on {}", some(&chosen)), "juju-exec", Map::new());
    operation.refused = refused;
    for unit in &chosen {
        operation.run(&mut session, unit, |session| session.world.run_commands(unit, &commands))?;
    }
    session.apply_config();
    end(call, &store, session, operation)
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
