//! Juju: hook command `relation-set`.

use super::flags::{self, Flag};
use super::format::Out;
use super::{Call, Command, Failure, pairs, relation_flag};

pub(super) const COMMAND: Command = Command {
    name: "relation-set",
    args: "<key>=<value> [...]",
    purpose: "Writes settings into this unit's databag of a relation, if the hook succeeds. An empty value deletes.",
    flags: &[
        flags::FILE,
        flags::OLD_FORMAT,
        flags::RELATION,
        Flag::switch(&["app"], "into the application's databag; only the leader may"),
    ],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = relation_flag::required(call)?;
    let pairs = pairs::of_call(call)?;
    if call.flags.on("app") {
        match call.cx.is_leader() {
            Ok(true) => call.cx.write_app_bag(id, pairs)?,
            Ok(false) => return Err(Failure::Running("cannot write relation settings".to_owned())),
            Err(text) => return Err(Failure::Running(format!("cannot determine leadership status: {text}"))),
        }
    } else {
        call.cx.write_unit_bag(id, pairs)?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Fake, check};

    #[test]
    fn writes() {
        for (argv, stdin, call) in [
            ("relation-set a=b c=", None, "write_unit_bag 3 a=b c="),
            ("relation-set", None, "write_unit_bag 3"),
            ("relation-set -r db:10 a=b", None, "write_unit_bag 10 a=b"),
            ("relation-set --app a=b", None, "write_app_bag 3 a=b"),
            (
                "relation-set --file - b=2",
                Some(&b"{\"a\": 1.50, \"b\": ~, \"c\": null}"[..]),
                "write_unit_bag 3 a=1.50 b=2 c=",
            ),
            ("relation-set --file= a=b", None, "write_unit_bag 3 a=b"),
            ("relation-set --file -", Some(b""), "write_unit_bag 3"),
        ] {
            let mut fake = Fake::in_relation();
            check(&mut fake, argv, stdin, 0, "", "");
            assert_eq!(fake.calls, [call]);
        }
    }

    #[test]
    fn order_of_checks() {
        let mut fake = Fake { leader: Ok(false), ..Fake::in_relation() };
        for (argv, code, text) in [
            ("relation-set --app", 1, "cannot write relation settings"),
            ("relation-set --app --file none a=b", 1, "open /nowhere/none: no such file or directory"),
            ("relation-set --app --file none haha", 2, "expected \"key=value\", got \"haha\""),
            ("relation-set --app -r 77 haha", 2, "invalid value \"77\" for option -r: relation not found"),
        ] {
            check(&mut fake, argv, None, code, "", &format!("ERROR {text}\n"));
        }
        let mut fake = Fake { leader: Err("gone".into()), ..Fake::in_relation() };
        check(&mut fake, "relation-set --app a=b", None, 1, "", "ERROR cannot determine leadership status: gone\n");
        assert!(fake.calls.is_empty());
    }

    #[test]
    fn stdin_is_asked_for_after_the_arguments_are_checked() {
        assert!(fake::needs_stdin(&mut Fake::in_relation(), "relation-set --format x --file - a=b"));
        assert!(!fake::needs_stdin(&mut Fake::in_relation(), "relation-set --file - haha"));
        assert!(!fake::needs_stdin(&mut Fake::new(), "relation-set --file -"));
        let stderr = "ERROR yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string\n";
        check(&mut Fake::in_relation(), "relation-set --file -", Some(b"a: []"), 1, "", stderr);
    }
}
