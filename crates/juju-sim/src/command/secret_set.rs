//! Juju: hook command `secret-set`.

use super::format::Out;
use super::{Call, Command, Failure, secret_changes, secret_uri};

pub(super) const COMMAND: Command = Command {
    name: "secret-set",
    args: "<secret> [<key>[#base64|#file]=<value> ...]",
    purpose: "Changes a secret, if the hook succeeds. Content that is given replaces all there was.",
    flags: secret_changes::FLAGS,
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = secret_uri::required(call)?;
    // The owner of a secret cannot be changed: `--owner` is accepted and counts for nothing.
    let (_, content, changes) = secret_changes::of_call(call, &call.flags.args[1..])?;
    call.cx.set_secret(&id, Some(content).filter(|content| !content.0.is_empty()), changes)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn secret_set() {
        let mut fake = Fake::new();
        check(&mut fake, "secret-set --owner unit 9m4e2mr0ui3e8a215n4g abc=v", None, 0, "", "");
        check(&mut fake, "secret-set secret:9m4e2mr0ui3e8a215n4g --label l", None, 0, "", "");
        assert_eq!(
            fake.calls,
            [
                "set_secret 9m4e2mr0ui3e8a215n4g Some({\"abc\"}) \
                 SecretChanges { label: None, description: None, rotate: None, expire: None }",
                "set_secret 9m4e2mr0ui3e8a215n4g None \
                 SecretChanges { label: Some(\"l\"), description: None, rotate: None, expire: None }",
            ]
        );
        for (argv, text) in [
            ("secret-set", "missing secret URI"),
            ("secret-set --owner x bad ab=v", "secret URI \"bad\" not valid"),
            ("secret-set --owner x 9m4e2mr0ui3e8a215n4g", "secret owner \"x\" not valid"),
            ("secret-set 9m4e2mr0ui3e8a215n4g ab=v", "key \"ab\" not valid"),
            ("secret-set 9m4e2mr0ui3e8a215n4g --file s.yaml", "open s.yaml: no such file or directory"),
        ] {
            check(&mut Fake::new(), argv, None, 2, "", &format!("ERROR {text}\n"));
        }
    }
}
