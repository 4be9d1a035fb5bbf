//! Juju: hook command `relation-model-get`.

use std::collections::BTreeMap;

use super::format::Out;
use super::{Call, Command, Failure, flags, relation_flag};

pub(super) const COMMAND: Command = Command {
    name: "relation-model-get",
    args: "",
    purpose: "Prints the UUID of the model at the other side of a relation.",
    flags: &[flags::FORMAT, flags::OUTPUT, flags::RELATION],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = relation_flag::required(call)?;
    call.at_most(0)?;
    let uuid = call.cx.relation_model(id)?;
    Ok(Some(Out::Map(BTreeMap::from([("uuid".to_owned(), uuid.into())]))))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn relation_model_get() {
        for (argv, stdout) in [
            ("relation-model-get", "uuid: c0ffee00-0bad-400d-8000-4b1d0d06f00d\n"),
            ("relation-model-get -r db:10 --format json", "{\"uuid\":\"c0ffee00-0bad-400d-8000-4b1d0d06f00d\"}\n"),
        ] {
            check(&mut Fake::in_relation(), argv, None, 0, stdout, "");
        }
        check(&mut Fake::new(), "relation-model-get", None, 2, "", "ERROR no relation id specified\n");
        check(&mut Fake::in_relation(), "relation-model-get x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
    }
}
