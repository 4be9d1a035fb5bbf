//! The charm in the simulator, each unit on a host of its own.

use std::fmt::Debug;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use juju_sim::{Charm, Revision, World};

use crate::net::{self, Net};

/// The longest that a status is waited for: every unit has its turns to measure in it, and the machine may be busy.
const LONGEST: Duration = Duration::from_secs(300);

/// A unit's hooks run in the host of its number.
fn charm_dir(net: &Net, name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mesh-{name}-{}", std::process::id()));
    drop(fs::remove_dir_all(&dir));
    fs::create_dir_all(&dir).unwrap();
    fs::copy(net::magpie(), dir.join("magpie")).unwrap();
    let script = format!(
        "#!/bin/sh\nPATH=$PATH:/usr/sbin:/sbin\nexec ip netns exec {}-${{JUJU_UNIT_NAME#*/}} \"$JUJU_CHARM_DIR/magpie\" \"$@\"\n",
        net.prefix()
    );
    fs::write(dir.join("dispatch"), script).unwrap();
    fs::set_permissions(dir.join("dispatch"), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

pub(crate) fn deploy(net: &Net, name: &str, units: u32, config: &[(&str, serde_json::Value)]) -> World {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let charm = Charm::from_project(root).unwrap();
    let dir = charm_dir(net, name);
    let mut juju = World::of_one(Revision::executable_of(charm, &dir).unwrap(), 0).unwrap();
    for (option, value) in config {
        juju.set_config("magpie", option, Some(value.clone())).unwrap();
    }
    for _ in 0..units {
        juju.add_unit("magpie").unwrap();
    }
    juju.settle().unwrap();
    juju
}

/// Lets `update-status` come until the answer is so.
pub(crate) fn passes<T: Debug>(
    juju: &mut World,
    mut what: impl FnMut(&mut World) -> T,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let answer = net::eventually(
        LONGEST,
        || {
            juju.advance(Duration::from_secs(300));
            juju.settle().unwrap();
            what(juju)
        },
        &is_so,
    );
    assert!(is_so(&answer), "after {LONGEST:?}: {answer:?}");
    answer
}

/// Lets `update-status` come until the unit shows what is wanted.
pub(crate) fn until(juju: &mut World, unit: &str, is_so: impl Fn(&(String, String)) -> bool) -> (String, String) {
    let status = |juju: &mut World| {
        let status = juju.status(unit);
        (status.current.to_string(), status.message.to_string())
    };
    passes(juju, status, is_so)
}
