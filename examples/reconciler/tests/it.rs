//! The proxy, in the simulator.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use std::fs;
use std::path::PathBuf;

use juju_ops::testing;
use juju_sim::{Charm, Deployment, On, Revision, World};
use reconciler::Proxy;
use tempfile::TempDir;

fn metadata() -> Charm {
    Charm::from_project(env!("CARGO_MANIFEST_DIR")).unwrap()
}

/// One unit, and where its configuration is.
fn world() -> (World, TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("proxy/backends.conf");
    let mut juju = testing::in_process(Proxy { file: file.clone() }, metadata()).unwrap();
    juju.add_unit("reconciler").unwrap();
    juju.settle().unwrap();
    (juju, dir, file)
}

#[test]
fn the_charm_uses_all_of_its_metadata() {
    let charm = Proxy { file: PathBuf::new() };
    testing::check(&charm, &metadata()).unwrap();
    assert!(testing::unused(&charm, &metadata()).unwrap().is_empty());
}

#[test]
fn the_proxy_serves_the_backends_that_say_their_port() {
    let (mut juju, _dir, file) = world();
    assert_eq!(juju.status("reconciler/0"), ("blocked", "needs a relation at backends"));
    assert_eq!(juju.workload_version("reconciler"), "2.4");

    let backends = juju.play("app", "reconciler:backends").unwrap();
    juju.add_unit("app").unwrap();
    juju.write_bag(backends, "app/0", [("port", "eighty")]).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("reconciler/0"), ("waiting", "for a backend"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "listen 80\n");

    juju.write_bag(backends, "app/1", [("port", "8080")]).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("reconciler/0"), ("active", ""));
    assert_eq!(fs::read_to_string(&file).unwrap(), "listen 80\nserver 10.0.0.3:8080\n");

    juju.remove_application("app").unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.status("reconciler/0"), ("blocked", "needs a relation at backends"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "listen 80\n");
}

#[test]
fn the_ports_follow_the_configuration() {
    let (mut juju, _dir, _file) = world();
    juju.set_config("reconciler", "tls-port", Some(443.into())).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.open_ports("reconciler/0"), ["80/tcp", "443/tcp"]);
    juju.set_config("reconciler", "port", Some(8080.into())).unwrap();
    juju.settle().unwrap();
    assert_eq!(juju.open_ports("reconciler/0"), ["443/tcp", "8080/tcp"]);
}

#[test]
fn an_option_that_does_not_fit_blocks_the_unit_and_changes_nothing() {
    let (mut juju, _dir, file) = world();
    juju.set_config("reconciler", "tls-port", Some(80.into())).unwrap();
    juju.settle().unwrap();
    let status = ("blocked", "configuration option tls-port: is the port of what is not encrypted");
    assert_eq!(juju.status("reconciler/0"), status);
    juju.set_config("reconciler", "tls-port", Some(70_000.into())).unwrap();
    juju.settle().unwrap();
    let status = juju.status("reconciler/0");
    assert!(status.message.starts_with("configuration option tls-port"), "{status}");
    assert_eq!(juju.open_ports("reconciler/0"), ["80/tcp"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "listen 80\n");
}

#[test]
fn a_hook_that_changes_nothing_writes_nothing() {
    let (mut juju, _dir, _file) = world();
    juju.clear_transcript();
    juju.tick("reconciler/0").unwrap();
    juju.settle().unwrap();
    let transcript = juju.transcript();
    for write in ["juju-log", "state-set", "open-port", "application-version-set", "status-set"] {
        assert!(!transcript.contains(write), "{write}:\n{transcript}");
    }
}

#[test]
fn the_installation_shows_a_status_at_once() {
    let (juju, _dir, _file) = world();
    let install = juju.runs().iter().find(|run| run.hook == "install").unwrap();
    let shown: Vec<String> =
        install.commands().filter(|it| it.name() == "status-set").map(ToString::to_string).collect();
    assert_eq!(shown[0], "status-set maintenance -- 'installing the proxy'");
}

/// The same metadata with the executable behind it, which Juju would run as `dispatch`.
#[test]
fn the_executable_blocks_on_an_option_that_does_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_reconciler"), dir.path().join("dispatch")).unwrap();
    let mut juju = World::new(0);
    let revision = Revision::executable_of(metadata(), dir.path()).unwrap();
    juju.deploy("proxy", Deployment::of(revision).config("port", 70_000)).unwrap();
    juju.settle_without_running().unwrap();
    let run = juju.run_hook("proxy/0", On::config_changed()).unwrap();
    assert!(run.status.message.starts_with("configuration option port"), "{}", run.status);
}
