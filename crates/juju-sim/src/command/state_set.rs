//! Juju: hook command `state-set`.

use super::format::Out;
use super::{Call, Command, Failure, flags, pairs};

pub(super) const COMMAND: Command = Command {
    name: "state-set",
    args: "<key>=<value> [...]",
    purpose: "Writes into this unit's state, if the hook succeeds.",
    flags: &[flags::FILE],
    run,
};

/// Pairs before one that is over a limit stay set: here in the order of keys, in Juju in any.
fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    for (key, value) in pairs::of_call(call)? {
        call.cx.set_state(&key, &value)?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Fake, check};

    #[test]
    fn state_set() {
        let mut fake = Fake::new();
        check(&mut fake, "state-set b= a=1", None, 0, "", "");
        assert_eq!(fake.calls, ["set_state a=1", "set_state b="]);
        let mut fake = Fake::new();
        check(&mut fake, "state-set", None, 0, "", "");
        check(&mut fake, "state-set --file -", Some(b"null"), 0, "", "");
        assert!(fake.calls.is_empty());
        check(&mut fake, "state-set --file - a=2", Some(b"a: ' 1 '\nb: ' '"), 0, "", "");
        assert_eq!(fake.calls, ["set_state a=2", "set_state b= "]);
        check(&mut fake, "state-set too-long=x", None, 1, "", "ERROR max allowed key length (256) exceeded\n");
        check(
            &mut fake,
            "state-set --file -",
            Some(b"[]"),
            1,
            "",
            concat!("ERROR yaml: unmarshal errors:\n", "  line 1: cannot unmarshal !!seq into map[string]string\n",),
        );
        assert!(fake::needs_stdin(&mut Fake::new(), "state-set --file -"));
        assert!(!fake::needs_stdin(&mut Fake::new(), "state-set --file - x"));
    }
}
