//! Juju: hook command `action-get`.

use serde_json::Value;

use super::format::Out;
use super::{Call, Command, Failure, flags};

pub(super) const COMMAND: Command = Command {
    name: "action-get",
    args: "[<key>[.<key>...]]",
    purpose: "Prints a parameter of the action, or all of them.",
    flags: &[flags::FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(1)?;
    let params = call.cx.action_params()?;
    let Some(path) = call.arg(0) else {
        let params = if params.is_null() { Value::Object(serde_json::Map::new()) } else { params };
        return Ok(Some(params.into()));
    };
    let found = path.split('.').try_fold(&params, |value, key| value.as_object()?.get(key));
    Ok(Some(found.cloned().map_or(Out::Null, Out::from)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            ("action-get --format json", "{\"big\":1000000,\"file\":{\"name\":\"x\",\"sizes\":[1,\"2\"]}}\n"),
            ("action-get file.name", "x\n"),
            ("action-get file.sizes", "- 1\n- \"2\"\n"),
            ("action-get big", "1e+06\n"),
            ("action-get big --format json", "1000000\n"),
            ("action-get file.name.deeper --format json", "null\n"),
            ("action-get nope", ""),
            ("action-get . --format json", "null\n"),
        ] {
            check(&mut Fake::in_action(), argv, None, 0, stdout, "");
        }
        check_args(&mut Fake::in_action(), "action-get", &["", "--format=json"], None, 0, "null\n", "");
        check(&mut Fake::in_action(), "action-get a b", None, 2, "", "ERROR unrecognized args: [\"b\"]\n");
        check(&mut Fake::new(), "action-get a b", None, 2, "", "ERROR unrecognized args: [\"b\"]\n");
        check(&mut Fake::new(), "action-get", None, 1, "", "ERROR not running an action\n");
    }
}
