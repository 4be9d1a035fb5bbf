//! Juju: hook command `application-version-set`.

use super::format::Out;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "application-version-set",
    args: "<version>",
    purpose: "Tells the version of what the charm runs, at once. An empty version takes it back.",
    flags: &[],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let version = call.arg(0).ok_or_else(|| Failure::arguments("no version specified"))?.to_owned();
    call.at_most(1)?;
    call.cx.set_workload_version(&version)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn application_version_set() {
        let mut fake = Fake::new();
        check_args(&mut fake, "application-version-set", &["v 1\nx"], None, 0, "", "");
        check_args(&mut fake, "application-version-set", &[""], None, 0, "", "");
        check(&mut fake, "application-version-set -- -1", None, 0, "", "");
        let calls = ["set_workload_version \"v 1\\nx\"", "set_workload_version \"\"", "set_workload_version \"-1\""];
        assert_eq!(fake.calls, calls);
        check(&mut fake, "application-version-set", None, 2, "", "ERROR no version specified\n");
        check(&mut fake, "application-version-set 1 2", None, 2, "", "ERROR unrecognized args: [\"2\"]\n");
    }
}
