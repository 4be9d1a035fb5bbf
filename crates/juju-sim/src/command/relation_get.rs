//! Juju: hook command `relation-get`.

use super::flags::{self, Flag};
use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure, names, relation_flag};

pub(super) const COMMAND: Command = Command {
    name: "relation-get",
    args: "[<key>|- [<unit>|<application>]]",
    purpose: "Prints a setting of a databag of a relation, or all of them: of the unit named, else of the remote one.",
    flags: &[
        flags::FORMAT,
        flags::OUTPUT,
        flags::RELATION,
        Flag::switch(&["app"], "the databag of the application, not that of a unit"),
    ],
    run,
};

/// Whose bag is read.
enum Bag {
    Unit(String),
    App(String),
}

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let key = call.arg(0).filter(|key| !matches!(*key, "" | "-")).map(str::to_owned);
    let id = relation_flag::required(call)?;
    let bag = bag(call)?;
    call.at_most(2)?;
    let settings = match bag {
        Bag::Unit(unit) => call.cx.unit_bag(id, &unit)?,
        Bag::App(app) if app.is_empty() => {
            return Err(Failure::Running("\"\" is not a valid unit or application".to_owned()));
        }
        Bag::App(app) => call.cx.app_bag(id, &app)?,
    };
    Ok(Some(match key {
        None => Out::Pairs(settings),
        Some(key) => settings.get(&key).cloned().map_or(Out::Null, Out::Text),
    }))
}

fn bag(call: &Call<'_>) -> Result<Bag, Failure> {
    let remote_app = || call.cx.remote_app().map(|app| Bag::App(app.to_owned()));
    let bag = match (call.arg(1), call.flags.on("app")) {
        (Some(name), false) if names::unit_application(name).is_some() => Some(Bag::Unit(name.to_owned())),
        (Some(name), false) if names::is_application(name) => {
            return Err(Failure::arguments(format!("expected unit name, got application name {}", quote(name))));
        }
        (Some(name), false) => return Err(Failure::arguments(format!("invalid unit name {}", quote(name)))),
        (Some(name), true) if names::is_application(name) => Some(Bag::App(name.to_owned())),
        // A name that is neither becomes empty, and an error only when the command runs.
        (Some(name), true) => Some(Bag::App(names::unit_application(name).unwrap_or_default().to_owned())),
        (None, true) => remote_app(),
        (None, false) => call.cx.remote_unit().map(|unit| Bag::Unit(unit.to_owned())).or_else(remote_app),
    };
    bag.ok_or_else(|| Failure::arguments("no unit or application specified"))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            ("relation-get --format json", "{\"k10\":\"<\",\"k9\":\"\",\"name\":\"value\"}\n".replace('<', "\\u003c")),
            ("relation-get", "k9: \"\"\nk10: <\nname: value\n".to_owned()),
            ("relation-get - mysql/0 --format yaml", "k9: \"\"\nk10: <\nname: value\n".to_owned()),
            ("relation-get name", "value\n".to_owned()),
            ("relation-get nope", String::new()),
            ("relation-get nope --format yaml", String::new()),
            ("relation-get nope --format json", "null\n".to_owned()),
            ("relation-get --format json - mysql/2", "{}\n".to_owned()),
            ("relation-get --app", "app: mysql\n".to_owned()),
            ("relation-get --app - wordpress/3", "app: wordpress\n".to_owned()),
            ("relation-get --app app wordpress --format json", "\"wordpress\"\n".to_owned()),
        ] {
            check(&mut Fake::in_relation(), argv, None, 0, &stdout, "");
        }
        // Without a remote unit, as in `-broken`, the remote application's bag is meant.
        let mut broken = Fake { remote_unit: None, ..Fake::in_relation() };
        check(&mut broken, "relation-get app --format=json", None, 0, "\"mysql\"\n", "");
    }

    #[test]
    fn errors() {
        for (argv, code, text) in [
            ("relation-get - mysql", 2, "expected unit name, got application name \"mysql\""),
            ("relation-get - unit//0", 2, "invalid unit name \"unit//0\""),
            ("relation-get - mysql x", 2, "expected unit name, got application name \"mysql\""),
            ("relation-get - mysql/0 x", 2, "unrecognized args: [\"x\"]"),
            ("relation-get --app - Bad", 1, "\"\" is not a valid unit or application"),
            ("relation-get --app - Bad x", 2, "unrecognized args: [\"x\"]"),
            ("relation-get - stranger/0", 1, "permission denied"),
        ] {
            check(&mut Fake::in_relation(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
        for argv in ["relation-get -r 3", "relation-get -r 3 key", "relation-get -r 3 --app"] {
            check(&mut Fake::new(), argv, None, 2, "", "ERROR no unit or application specified\n");
        }
    }
}
