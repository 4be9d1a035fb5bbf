//! Juju: hook command `secret-add`.

use super::format::Out;
use super::{Call, Command, Failure, secret_changes};

pub(super) const COMMAND: Command = Command {
    name: "secret-add",
    args: "[<key>[#base64|#file]=<value> ...]",
    purpose: "Makes a secret, if the hook succeeds, and prints its URI.",
    flags: secret_changes::FLAGS,
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    if call.flags.args.is_empty() && call.flags.text("file").is_none() {
        return Err(Failure::arguments("missing secret value or filename"));
    }
    let (owner, content, changes) = secret_changes::of_call(call, &call.flags.args)?;
    if content.0.is_empty() {
        return Err(Failure::Running("empty secret value not valid".to_owned()));
    }
    let id = call.cx.add_secret(owner, content, changes)?;
    Ok(Some(format!("secret:{id}").into()))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn adds() {
        let mut fake = Fake::new();
        check(&mut fake, "secret-add abc=v", None, 0, "secret:9m4e2mr0ui3e8a215n60\n", "");
        let args = ["--owner=unit", "--label", "l", "--description=d d", "--rotate=daily", "--expire", "1h", "abc=v"];
        check_args(&mut fake, "secret-add", &args, None, 0, "secret:9m4e2mr0ui3e8a215n60\n", "");
        check(
            &mut fake,
            "secret-add --label= --rotate= --expire= a-bc=v",
            None,
            0,
            "secret:9m4e2mr0ui3e8a215n60\n",
            "",
        );
        let changed = "label: Some(\"l\"), description: Some(\"d d\"), rotate: Some(Daily), expire: Some(1800003600)";
        let unchanged = "label: None, description: None, rotate: None, expire: None";
        assert_eq!(
            fake.calls,
            [
                format!("add_secret Application {{\"abc\"}} SecretChanges {{ {unchanged} }}"),
                format!("add_secret Unit {{\"abc\"}} SecretChanges {{ {changed} }}"),
                format!("add_secret Application {{\"a-bc\"}} SecretChanges {{ {unchanged} }}"),
            ]
        );
    }

    #[test]
    fn errors() {
        for (argv, code, text) in [
            ("secret-add", 2, "missing secret value or filename"),
            ("secret-add --file=", 2, "missing secret value or filename"),
            ("secret-add --expire x --rotate x ab=v", 2, "expire time or duration \"x\" not valid"),
            ("secret-add --rotate MONTHLY --owner x ab=v", 2, "rotate policy \"MONTHLY\" not valid"),
            ("secret-add --owner= ab=v", 2, "secret owner \"\" not valid"),
            ("secret-add ab=v --file none", 2, "key \"ab\" not valid"),
            ("secret-add abc=v --file -", 2, "open -: no such file or directory"),
            ("secret-add --file /dev/zero", 2, "open /dev/zero: not a regular file"),
        ] {
            let mut fake = Fake::new();
            check(&mut fake, argv, None, code, "", &format!("ERROR {text}\n"));
            assert!(fake.calls.is_empty());
        }
        let mut fake = Fake { leader: Ok(false), ..Fake::new() };
        check(&mut fake, "secret-add abc=v", None, 1, "", "ERROR this unit is not the leader\n");
    }

    #[test]
    fn the_file_wins_and_may_be_empty() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("content");
        let path = path.to_str().unwrap();
        std::fs::write(path, "{}").unwrap();
        let stderr = "ERROR empty secret value not valid\n";
        check(&mut Fake::new(), &format!("secret-add --file {path}"), None, 1, "", stderr);
        std::fs::write(path, "abc: file").unwrap();
        let mut fake = Fake::new();
        let line = format!("secret-add abc=arg other=arg --file {path}");
        check(&mut fake, &line, None, 0, "secret:9m4e2mr0ui3e8a215n60\n", "");
        assert_eq!(fake.secret.0["abc"], "ZmlsZQ==");
        assert_eq!(fake.secret.0["other"], "YXJn");
    }
}
