//! Juju: hook command `relation-list`.

use super::flags::{self, Flag};
use super::format::Out;
use super::{Call, Command, Failure, relation_flag};

pub(super) const COMMAND: Command = Command {
    name: "relation-list",
    args: "",
    purpose: "Lists the units at the other side of a relation; for a peer relation, the other units.",
    flags: &[flags::FORMAT, flags::OUTPUT, flags::RELATION, Flag::switch(&["app"], "print the application instead")],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = relation_flag::required(call)?;
    call.at_most(0)?;
    if call.flags.on("app") {
        return Ok(Some(call.cx.relation_app(id)?.into()));
    }
    let mut members = call.cx.relation_members(id)?;
    members.sort_unstable();
    Ok(Some(Out::Texts(members)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn relation_list() {
        for (argv, stdout) in [
            ("relation-list", "mysql/0\nmysql/10\nmysql/2\n"),
            ("relation-list --format json", "[\"mysql/0\",\"mysql/10\",\"mysql/2\"]\n"),
            ("relation-list -r db:10 --format json", "[]\n"),
            ("relation-list -r db:10", ""),
            ("relation-list --app --format json -r 10", "\"mysql\"\n"),
            ("relation-list --app=false -r 10 --format json", "[]\n"),
        ] {
            check(&mut Fake::in_relation(), argv, None, 0, stdout, "");
        }
        check(&mut Fake::in_relation(), "relation-list x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
    }
}
