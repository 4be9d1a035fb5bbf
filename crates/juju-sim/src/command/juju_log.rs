//! Juju: hook command `juju-log`.

use super::flags::{self, Flag};
use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "juju-log",
    args: "<message> [...]",
    purpose: "Writes a line into the model's log.",
    flags: &[
        flags::OLD_FORMAT,
        Flag::switch(&["debug"], "at level DEBUG, whatever --log-level says"),
        Flag::text(&["log-level", "l"], "at this level, INFO if not given"),
    ],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let message = call.message()?;
    let given = call.flags.text("log-level");
    let level = if call.flags.on("debug") {
        "DEBUG"
    } else if let Some(level) = level(given.unwrap_or("INFO")) {
        level
    } else {
        let warning = format!("Specified log level of {} is not valid", quote(given.unwrap_or_default()));
        call.cx.log("WARNING", &warning);
        "INFO"
    };
    // This level stands below all that a log may be set to.
    if level == "UNSPECIFIED" {
        return Ok(None);
    }
    let prefix = call.cx.hook_relation().and_then(|id| Some(format!("{}:{id}: ", call.cx.relation_endpoint(id)?)));
    call.cx.log(level, &format!("{}{message}", prefix.unwrap_or_default()));
    Ok(None)
}

/// The level of a name, in any case.
fn level(name: &str) -> Option<&'static str> {
    const LEVELS: [&str; 7] = ["UNSPECIFIED", "TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
    let name = if name.eq_ignore_ascii_case("warn") { "WARNING" } else { name };
    LEVELS.into_iter().find(|level| level.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn levels_and_messages() {
        for (argv, calls) in [
            ("juju-log hello you", &["log INFO hello you"][..]),
            ("juju-log --debug -l ERROR x", &["log DEBUG x"]),
            ("juju-log -lerror -- --foo", &["log ERROR --foo"]),
            ("juju-log --log-level Warn x", &["log WARNING x"]),
            ("juju-log -l TRACE x", &["log TRACE x"]),
            ("juju-log -l Unspecified x", &[]),
            ("juju-log -l= x", &["log WARNING Specified log level of \"=\" is not valid", "log INFO x"]),
            ("juju-log -l loud x", &["log WARNING Specified log level of \"loud\" is not valid", "log INFO x"]),
        ] {
            let mut fake = Fake::new();
            check(&mut fake, argv, None, 0, "", "");
            assert_eq!(fake.calls, calls);
        }
        let mut fake = Fake::in_relation();
        let warning = "--format flag deprecated for command \"juju-log\"";
        check(&mut fake, "juju-log --format json x", None, 0, "", warning);
        assert_eq!(fake.calls, ["log INFO db:3: x"]);
        check(&mut fake, "juju-log", None, 2, "", "ERROR no message specified\n");
    }
}
