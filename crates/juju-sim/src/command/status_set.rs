//! Juju: hook command `status-set`.

use super::flags::Flag;
use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "status-set",
    args: "maintenance|blocked|waiting|active [<message>]",
    purpose: "Sets the status of this unit, or of the application, at once.",
    flags: &[Flag::switch(&["application"], "of the application; only the leader may")],
    run,
};

/// The words a charm may set, in the order of the error text.
const WORDS: [&str; 4] = ["maintenance", "blocked", "waiting", "active"];

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let Some(status) = call.arg(0).map(str::to_owned) else {
        return Err(Failure::arguments("invalid args, require <status> [message]"));
    };
    if !WORDS.contains(&status.as_str()) {
        let text = format!("invalid status {}, expected one of [{}]", quote(&status), WORDS.join(" "));
        return Err(Failure::arguments(text));
    }
    call.at_most(2)?;
    let message = call.arg(1).unwrap_or_default().to_owned();
    if call.flags.on("application") {
        call.cx.set_app_status(&status, &message)?;
    } else {
        call.cx.set_unit_status(&status, &message)?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn sets() {
        for (args, call) in [
            (&["active"][..], "set_unit_status active \"\""),
            (&["--application=False", "waiting", "for you"], "set_unit_status waiting \"for you\""),
            (&["--application=True", "blocked", "--", "-x"], "set_app_status blocked \"-x\""),
            (&["maintenance", "", "--application"], "set_app_status maintenance \"\""),
        ] {
            let mut fake = Fake::new();
            check_args(&mut fake, "status-set", args, None, 0, "", "");
            assert_eq!(fake.calls, [call]);
        }
    }

    #[test]
    fn errors() {
        let words = "expected one of [maintenance blocked waiting active]";
        for (argv, code, text) in [
            ("status-set", 2, "invalid args, require <status> [message]"),
            ("status-set foo bar baz", 2, &format!("invalid status \"foo\", {words}")),
            ("status-set Active", 2, &format!("invalid status \"Active\", {words}")),
            ("status-set error", 2, &format!("invalid status \"error\", {words}")),
            ("status-set active msg extra", 2, "unrecognized args: [\"extra\"]"),
            ("status-set active --format json", 2, "option provided but not defined: --format"),
            ("status-set --application active", 1, "this unit is not the leader"),
        ] {
            let mut fake = Fake { leader: Ok(false), ..Fake::new() };
            check(&mut fake, argv, None, code, "", &format!("ERROR {text}\n"));
        }
    }
}
