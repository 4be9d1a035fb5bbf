use super::{Command, argument, nothing};
use crate::transport::Call;

/// Says which version of the workload runs, for `juju status`; an empty text takes it back. Goes out at once, and counts
/// for the application, whichever unit says it. `application-version-set`.
pub fn application_version_set(version: &str) -> Command<()> {
    Command::new(Call::new("application-version-set", ["--", &argument(version)]), "", nothing)
}
