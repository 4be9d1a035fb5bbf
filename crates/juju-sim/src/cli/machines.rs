use std::collections::BTreeSet;

use super::failure::Failure;
use super::session::Session;
use crate::{CloudCredential, CloudSpec};

/// The machines that there are.
pub(super) fn all(session: &Session) -> BTreeSet<u32> {
    let model = session.world.model();
    let used: BTreeSet<u32> = model.units.values().filter(|unit| !unit.played).map(|unit| unit.machine).collect();
    used.into_iter().chain(session.records.settings.machines.iter().copied()).collect()
}

/// The machines of `--to`.
pub(super) fn placement(session: &Session, given: &[String]) -> Result<Vec<u32>, Failure> {
    let there = all(session);
    let place = |text: &str| match text.parse::<u32>() {
        Ok(machine) if there.contains(&machine) => Ok(machine),
        Ok(machine) => Err(Failure::Error(format!("machine {machine} not found"))),
        Err(_) => Err(Failure::Unsupported(format!("placement {text:?}"))),
    };
    given.iter().flat_map(|text| text.split(',')).map(place).collect()
}

/// What a trusted application learns of the cloud: there is none.
pub(super) fn cloud() -> CloudSpec {
    let credential = CloudCredential { auth_type: "empty".to_owned(), ..CloudCredential::default() };
    let (kind, name) = ("juju-sim".to_owned(), "juju-sim".to_owned());
    CloudSpec { kind, name, region: "default".to_owned(), credential: Some(credential), ..CloudSpec::default() }
}
