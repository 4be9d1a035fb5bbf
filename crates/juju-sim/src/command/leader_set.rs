//! Juju: hook command `leader-set`.

use super::format::Out;
use super::{Call, Command, Failure, pairs};

pub(super) const COMMAND: Command = Command {
    name: "leader-set",
    args: "<key>=<value> [...]",
    purpose: "Writes settings that all units may read, at once. An empty value deletes. Only the leader may.",
    flags: &[],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    // Without pairs the controller is asked as well, and may refuse.
    let pairs = pairs::of_call(call)?;
    call.cx.set_leader_settings(pairs).map_err(|text| format!("cannot write leadership settings: {text}"))?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn leader_set() {
        let mut fake = Fake::new();
        check_args(&mut fake, "leader-set", &[" a = b ", "c="], None, 0, "", "");
        check(&mut fake, "leader-set", None, 0, "", "");
        assert_eq!(fake.calls, ["set_leader_settings a=b c=", "set_leader_settings"]);
        check(&mut fake, "leader-set a", None, 2, "", "ERROR expected \"key=value\", got \"a\"\n");
        let mut fake = Fake { leader: Ok(false), ..Fake::new() };
        let stderr = "ERROR cannot write leadership settings: cannot write settings: not the leader\n";
        check(&mut fake, "leader-set", None, 1, "", stderr);
        assert!(fake.calls.is_empty());
    }
}
