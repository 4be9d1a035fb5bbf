//! Juju: hook command `juju-reboot`.

use super::flags::Flag;
use super::format::Out;
use super::{Call, Command, Failure, Reboot};

pub(super) const COMMAND: Command = Command {
    name: "juju-reboot",
    args: "",
    purpose: "Reboots the machine after the hook, if it succeeds. Not for actions.",
    flags: &[Flag::switch(&["now"], "stop the hook and reboot at once; the hook runs again afterwards")],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(0)?;
    call.cx.reboot(if call.flags.on("now") { Reboot::Now } else { Reboot::AfterHook })?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn juju_reboot() {
        let mut fake = Fake::new();
        check(&mut fake, "juju-reboot", None, 0, "", "");
        check(&mut fake, "juju-reboot --now", None, 0, "", "");
        check(&mut fake, "juju-reboot --now=false", None, 0, "", "");
        assert_eq!(fake.calls, ["reboot AfterHook", "reboot Now", "reboot AfterHook"]);
        check(&mut fake, "juju-reboot x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
        let stderr = "ERROR juju-reboot is not supported when running an action.\n";
        check(&mut Fake::in_action(), "juju-reboot", None, 1, "", stderr);
    }
}
