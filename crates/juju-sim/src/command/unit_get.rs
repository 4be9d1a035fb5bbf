//! Juju: hook command `unit-get`.

use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure, HookContext, flags};

pub(super) const COMMAND: Command = Command {
    name: "unit-get",
    args: "private-address|public-address",
    purpose: "Prints an address of this unit.",
    flags: &[flags::FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let address: fn(&mut dyn HookContext) -> Result<String, String> = match call.arg(0) {
        None => return Err(Failure::arguments("no setting specified")),
        Some("private-address") => |cx| cx.private_address(),
        Some("public-address") => |cx| cx.public_address(),
        Some(other) => return Err(Failure::arguments(format!("unknown setting {}", quote(other)))),
    };
    call.at_most(1)?;
    Ok(Some(address(call.cx)?.into()))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn unit_get() {
        check(&mut Fake::new(), "unit-get private-address", None, 0, "10.0.0.5\n", "");
        check(&mut Fake::new(), "unit-get private-address --format=json", None, 0, "\"10.0.0.5\"\n", "");
        for (argv, code, text) in [
            ("unit-get", 2, "no setting specified"),
            ("unit-get other x", 2, "unknown setting \"other\""),
            ("unit-get private-address x", 2, "unrecognized args: [\"x\"]"),
            ("unit-get public-address", 1, "public address not found"),
        ] {
            check(&mut Fake::new(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
    }
}
