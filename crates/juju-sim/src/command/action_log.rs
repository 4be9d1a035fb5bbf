//! Juju: hook command `action-log`.

use super::format::Out;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "action-log",
    args: "<message> [...]",
    purpose: "Tells the progress of the action, at once.",
    flags: &[],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let message = call.message()?;
    call.cx.log_action(&message)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn action_log() {
        let mut fake = Fake::in_action();
        check(&mut fake, "action-log half way -- -there", None, 0, "", "");
        assert_eq!(fake.calls, ["log_action half way -there"]);
        check(&mut fake, "action-log", None, 2, "", "ERROR no message specified\n");
        check(&mut Fake::new(), "action-log x", None, 1, "", "ERROR not running an action\n");
    }
}
