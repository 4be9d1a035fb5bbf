//! Juju: hook command `secret-ids`.

use super::format::Out;
use super::{Call, Command, Failure, flags};

pub(super) const COMMAND: Command = Command {
    name: "secret-ids",
    args: "",
    purpose: "Lists the ids of the secrets that this unit owns or manages.",
    flags: &[flags::FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(0)?;
    let ids = call.cx.secret_ids()?;
    Ok(Some(if ids.is_empty() { Out::NilList } else { Out::Texts(ids) }))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn secret_ids() {
        for (argv, stdout) in [
            ("secret-ids", "9m4e2mr0ui3e8a215n4g\n9m4e2mr0ui3e8a215n50\n"),
            ("secret-ids --format json", "[\"9m4e2mr0ui3e8a215n4g\",\"9m4e2mr0ui3e8a215n50\"]\n"),
        ] {
            check(&mut Fake::new(), argv, None, 0, stdout, "");
        }
        for (argv, stdout) in
            [("secret-ids", ""), ("secret-ids --format json", "null\n"), ("secret-ids --format yaml", "[]\n")]
        {
            check(&mut Fake::in_relation(), argv, None, 0, stdout, "");
        }
        check(&mut Fake::new(), "secret-ids x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
    }
}
