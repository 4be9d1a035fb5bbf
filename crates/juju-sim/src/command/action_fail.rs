//! Juju: hook command `action-fail`.

use super::format::Out;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "action-fail",
    args: "[<message>]",
    purpose: "Marks the action as failed, with a message. The action runs on.",
    flags: &[],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(1)?;
    let message = call.arg(0).unwrap_or("action failed without reason given, check action for errors").to_owned();
    call.cx.fail_action(&message)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn action_fail() {
        let mut fake = Fake::in_action();
        check(&mut fake, "action-fail", None, 0, "", "");
        check_args(&mut fake, "action-fail", &["--", "- why"], None, 0, "", "");
        let default = "fail_action action failed without reason given, check action for errors";
        assert_eq!(fake.calls, [default, "fail_action - why"]);
        check(&mut fake, "action-fail a b", None, 2, "", "ERROR unrecognized args: [\"b\"]\n");
        check(&mut Fake::new(), "action-fail", None, 1, "", "ERROR not running an action\n");
    }
}
