//! Juju: hook command `secret-remove`.

use super::flags::Flag;
use super::format::Out;
use super::{Call, Command, Failure, secret_uri};

pub(super) const COMMAND: Command = Command {
    name: "secret-remove",
    args: "<secret>",
    purpose: "Removes a secret or a revision of it, if the hook succeeds.",
    flags: &[Flag::number(&["revision"], "only this revision")],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = secret_uri::required(call)?;
    call.at_most(1)?;
    // No revision, as 0 and what is below.
    let revision = call.flags.number("revision").and_then(|number| u64::try_from(number).ok());
    call.cx.remove_secret(&id, revision.filter(|revision| *revision > 0))?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn secret_remove() {
        for (flags, revision) in [
            ("", "None"),
            (" --revision 0", "None"),
            (" --revision=-1", "None"),
            (" --revision 1", "Some(1)"),
            (" --revision 0x10", "Some(16)"),
        ] {
            let mut fake = Fake::new();
            check(&mut fake, &format!("secret-remove 9m4e2mr0ui3e8a215n4g{flags}"), None, 0, "", "");
            assert_eq!(fake.calls, [format!("remove_secret 9m4e2mr0ui3e8a215n4g {revision}")]);
        }
        let invalid = "invalid value \"x\" for option --revision: strconv.ParseInt: parsing \"x\": invalid syntax";
        for (argv, text) in [
            ("secret-remove", "missing secret URI"),
            ("secret-remove bad x", "secret URI \"bad\" not valid"),
            ("secret-remove 9m4e2mr0ui3e8a215n4g x", "unrecognized args: [\"x\"]"),
            ("secret-remove 9m4e2mr0ui3e8a215n4g --revision x", invalid),
        ] {
            check(&mut Fake::new(), argv, None, 2, "", &format!("ERROR {text}\n"));
        }
    }
}
