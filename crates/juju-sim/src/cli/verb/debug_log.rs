use std::time::Duration;

use anstyle::AnsiColor;
use clap::{Arg, ArgAction, Command, value_parser};

use super::Verb;
use crate::LogLine;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::time;
use crate::model::Place;

pub(super) const VERB: Verb = Verb {
    name: "debug-log",
    aliases: &[],
    about: "Show what the units have logged",
    arguments,
    has_model: true,
    idle: &[
        ("utc", "times are in UTC"),
        ("ms", "the model's time has whole seconds"),
        ("location", "there is no source to tell of"),
        ("retry", "nothing is far away"),
        ("retry-delay", "nothing is far away"),
        ("no-tail", "it ends unless --tail is given"),
    ],
    run,
};

/// How many lines are shown where nothing is said.
const LINES: usize = 10;
const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"];
const PAUSE: Duration = Duration::from_millis(500);

fn arguments(command: Command) -> Command {
    let many = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append);
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let number = |name: &'static str| Arg::new(name).long(name).value_name("NUMBER").value_parser(value_parser!(usize));
    command
        .arg(many("include").short('i').value_name("UNIT").help("Lines of these alone, such as web/0 or unit-web-*"))
        .arg(many("exclude").short('x').value_name("UNIT").help("No lines of these"))
        .arg(many("include-module").value_name("MODULE").help("Lines of these modules alone, such as unit.web/0"))
        .arg(many("exclude-module").value_name("MODULE").help("No lines of these modules"))
        .arg(Arg::new("level").long("level").short('l').value_name("LEVEL").help("No lines below this level"))
        .arg(number("lines").short('n').help("So many of the newest lines (10)"))
        .arg(number("limit").help("So many of the newest lines; 0 is all"))
        .arg(switch("replay").help("All lines that are kept"))
        .arg(switch("tail").help("Wait for more, until it is interrupted"))
        .arg(switch("date").help("Show dates too"))
        .arg(switch("color").help("Colour the levels, whatever it goes to"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let level = match call.matches.get_one::<String>("level") {
        None => 0,
        Some(level) => {
            let place = LEVELS.iter().position(|it| *it == level.to_uppercase());
            place.ok_or_else(|| {
                Failure::Usage(format!(
                    "level value {level:?} is not one of \"TRACE\", \"DEBUG\", \"INFO\", \"WARNING\", \"ERROR\""
                ))
            })?
        }
    };
    let number = |name: &str| call.matches.get_one::<usize>(name).copied();
    let limit = number("limit").filter(|limit| *limit > 0);
    let is_all = call.flag("replay") || number("limit") == Some(0);
    let newest = limit.or(number("lines")).or((!is_all).then_some(LINES));
    let mut shown = 0;
    loop {
        let lines = call.look()?.log();
        let found: Vec<&LogLine> = lines.iter().filter(|line| is_meant(call, level, line)).collect();
        let from = match shown {
            0 => newest.map_or(0, |newest| found.len().saturating_sub(newest)),
            // What was forgotten meanwhile is not shown again.
            shown => usize::min(shown, found.len()),
        };
        let text: String = found[from..].iter().map(|line| told(call, line)).collect();
        // Until it is interrupted, or nobody reads any more.
        let is_read = call.terminal.show(&text).is_ok();
        if !call.flag("tail") || !is_read {
            return Ok(());
        }
        shown = found.len();
        std::thread::sleep(PAUSE);
    }
}

fn is_meant(call: &Call<'_, '_>, level: usize, line: &LogLine) -> bool {
    let (tag, module) = (Place::tag(&line.unit), module(line));
    let of_entity = |name: &String| match name.strip_suffix('*') {
        Some(start) => tag.starts_with(start) || line.unit.starts_with(start),
        None => *name == tag || *name == line.unit || Some(name.as_str()) == line.unit.split('/').next(),
    };
    let of_module = |name: &String| module == *name || module.starts_with(&format!("{name}."));
    let texts = |name: &str| call.texts(name);
    let included = |name: &str, is: &dyn Fn(&String) -> bool| texts(name).is_empty() || texts(name).iter().any(is);
    LEVELS.iter().position(|it| *it == line.level).unwrap_or(LEVELS.len()) >= level
        && included("include", &of_entity)
        && !texts("exclude").iter().any(of_entity)
        && included("include-module", &of_module)
        && !texts("exclude-module").iter().any(of_module)
}

/// What a line was logged under. One that was kept before that was noted is taken for one of `juju-log`.
fn module(line: &LogLine) -> String {
    if line.module.is_empty() { format!("unit.{}.juju-log", line.unit) } else { line.module.clone() }
}

fn told(call: &Call<'_, '_>, line: &LogLine) -> String {
    let tag = Place::tag(&line.unit);
    let style = match line.level.as_str() {
        "ERROR" => AnsiColor::Red.on_default(),
        "WARNING" => AnsiColor::Yellow.on_default(),
        _ => anstyle::Style::new(),
    };
    let level = match call.terminal.colour || call.flag("color") {
        true => format!("{style}{}{style:#}", line.level),
        false => line.level.clone(),
    };
    let time = time::log(line.seconds, call.flag("date"));
    let text: String =
        line.text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    format!("{tag}: {time} {level} {} {text}\n", module(line))
}
