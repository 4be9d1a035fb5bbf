//! Juju: hook command `resource-get`.

use super::format::Out;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "resource-get",
    args: "<resource name>",
    purpose: "Fetches a resource of the charm, unless it is here, and prints the path of its file.",
    flags: &[],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let name = call.arg(0).ok_or_else(|| Failure::arguments("missing required resource name"))?.to_owned();
    call.at_most(1)?;
    let path = call.cx.resource(&name).map_err(|text| format!("could not download resource: {text}"))?;
    Ok(Some(Out::Bare(path)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn resource_get() {
        check(&mut Fake::new(), "resource-get bin", None, 0, "/agent/resources/100%d", "");
        for (argv, code, text) in [
            ("resource-get", 2, "missing required resource name"),
            ("resource-get a b", 2, "unrecognized args: [\"b\"]"),
            ("resource-get --format=json bin", 2, "option provided but not defined: --format"),
            ("resource-get none", 1, "could not download resource: resource \"none\" not found"),
        ] {
            check(&mut Fake::new(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
    }
}
