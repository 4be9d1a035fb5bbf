//! Juju: hook command `relation-ids`.

use super::format::Out;
use super::{Call, Command, Failure, flags};

pub(super) const COMMAND: Command = Command {
    name: "relation-ids",
    args: "[<endpoint>]",
    purpose: "Lists the relations of an endpoint.",
    flags: &[flags::FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let own = || call.cx.relation_endpoint(call.cx.hook_relation()?);
    let endpoint = call.arg(0).map(str::to_owned).or_else(own);
    let endpoint = endpoint.ok_or_else(|| Failure::arguments("no endpoint name specified"))?;
    call.at_most(1)?;
    let mut ids: Vec<String> =
        call.cx.relation_ids(&endpoint)?.into_iter().map(|id| format!("{endpoint}:{id}")).collect();
    ids.sort_unstable();
    Ok(Some(Out::Texts(ids)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn relation_ids() {
        for (argv, stdout) in [
            ("relation-ids db", "db:10\ndb:3\n"),
            ("relation-ids db --format json", "[\"db:10\",\"db:3\"]\n"),
            ("relation-ids nope", ""),
            ("relation-ids nope --format json", "[]\n"),
            ("relation-ids nope --format yaml", "[]\n"),
        ] {
            check(&mut Fake::new(), argv, None, 0, stdout, "");
        }
        check(&mut Fake::in_relation(), "relation-ids", None, 0, "db:10\ndb:3\n", "");
        check(&mut Fake::new(), "relation-ids", None, 2, "", "ERROR no endpoint name specified\n");
        check(&mut Fake::new(), "relation-ids db x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
    }
}
