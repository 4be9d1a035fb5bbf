//! Juju: hook command `state-delete`.

use super::format::Out;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "state-delete",
    args: "<key>",
    purpose: "Deletes a key of this unit's state, if the hook succeeds.",
    flags: &[],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(1)?;
    if let Some(key) = call.arg(0).filter(|key| !key.is_empty()).map(str::to_owned) {
        call.cx.delete_state(&key)?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn state_delete() {
        let mut fake = Fake::new();
        check(&mut fake, "state-delete", None, 0, "", "");
        check_args(&mut fake, "state-delete", &[""], None, 0, "", "");
        check(&mut fake, "state-delete -- -", None, 0, "", "");
        assert_eq!(fake.calls, ["delete_state -"]);
        check(&mut fake, "state-delete a b", None, 2, "", "ERROR unrecognized args: [\"b\"]\n");
    }
}
