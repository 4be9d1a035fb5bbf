//! All hook commands in one list: what bad input does to each, and what the recordings of real Juju say of each.

mod bad_input;
mod recordings;

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::error::Error;
use crate::name::{AppName, RelationId, SecretId, UnitName};
use crate::status::Status;
use crate::transport::{Call, Ending, Output, Transport};

/// A command of any answer.
struct Any {
    name: String,
    /// Whether what it prints is read.
    reads: bool,
    run: Box<Run>,
}

/// Runs it, and shows what it answers.
type Run = dyn Fn(&dyn Transport) -> Result<String, Error>;

fn any<T: fmt::Debug + 'static>(command: Command<T>) -> Any {
    let name = command.call().command.to_string();
    let reads = TypeId::of::<T>() != TypeId::of::<()>();
    Any { name, reads, run: Box::new(move |transport| command.run(transport).map(|answer| format!("{answer:?}"))) }
}

/// A transport of one answer, which keeps what it was asked.
struct Answer<F> {
    answer: F,
    calls: RefCell<Vec<Call>>,
}

impl<F: Fn() -> io::Result<Output>> Transport for Answer<F> {
    fn call(&self, call: &Call) -> io::Result<Output> {
        self.calls.borrow_mut().push(call.clone());
        (self.answer)()
    }

    fn debug(&self, _: &str) {}

    fn complain(&self, _: &str) {}
}

fn answering<F: Fn() -> io::Result<Output>>(answer: F) -> Answer<F> {
    Answer { answer, calls: RefCell::default() }
}

fn output(code: i32, stdout: &[u8], stderr: &[u8]) -> Output {
    Output { ending: Ending::Exited(code), stdout: stdout.to_vec(), stderr: stderr.to_vec() }
}

fn relation() -> RelationId {
    "magpie:3".parse().unwrap()
}

fn unit() -> UnitName {
    "magpie/1".parse().unwrap()
}

fn app() -> AppName {
    "magpie".parse().unwrap()
}

fn secret() -> SecretId {
    "secret:9m4e2mr0ui3e8a215n4g".parse().unwrap()
}

fn content() -> SecretContent {
    SecretContent::new().with("password", "hunter2").unwrap()
}

fn metadata() -> SecretMetadata {
    SecretMetadata {
        label: Some("db".to_owned()),
        description: Some("the db".to_owned()),
        expire: Some(Expire::At(UNIX_EPOCH + Duration::from_secs(2_000_000_000))),
        rotate: Some(Rotation::Monthly),
    }
}

/// Every function of the module, most of them once.
fn all() -> Vec<Any> {
    let values = BTreeMap::from([("key".to_owned(), "value".to_owned())]);
    let (none, plain) = (SecretMetadata::default(), PortRange::tcp(80));
    let by_label = SecretRef::Label("db".to_owned());
    let labelled = SecretRef::Labelled(secret(), "mine".to_owned());
    let by_id = SecretRef::Id(secret());
    vec![
        any(action_fail("reason")),
        any(action_get()),
        any(action_log("message")),
        any(action_set(&values)),
        any(application_version_set("1.2")),
        any(close_port(plain)),
        any(close_port_for(PortRange::icmp(), &["web"])),
        any(config_get()),
        any(credential_get()),
        any(goal_state()),
        any(is_leader()),
        any(juju_log(LogLevel::Warning, "message")),
        any(juju_reboot()),
        any(juju_reboot_now()),
        any(leader_get()),
        any(leader_set(&values).unwrap()),
        any(network_get("magpie", None)),
        any(network_get("magpie", Some(&relation()))),
        any(open_port(PortRange::new(Protocol::Udp, 80, 90).unwrap())),
        any(open_port_for(plain, &["web", "admin"])),
        any(opened_ports()),
        any(opened_ports_by_endpoint()),
        any(relation_get(&relation(), &unit())),
        any(relation_get_app(&relation(), &app())),
        any(relation_get_own_app(&relation(), &app())),
        any(relation_ids("magpie")),
        any(relation_list(&relation())),
        any(relation_list_app(&relation())),
        any(relation_model_get(&relation())),
        any(relation_set(&relation(), &values)),
        any(relation_set_app(&relation(), &values)),
        any(resource_get("bin")),
        any(secret_add(SecretOwner::Unit, &content(), &none)),
        any(secret_add(SecretOwner::Application, &content(), &metadata())),
        any(secret_get(&by_id, SecretRevision::Tracked)),
        any(secret_get(&by_label, SecretRevision::Peek)),
        any(secret_get(&labelled, SecretRevision::Refresh)),
        any(secret_grant(&secret(), &relation(), None)),
        any(secret_grant(&secret(), &relation(), Some(&unit()))),
        any(secret_ids()),
        any(secret_info_get(&by_id)),
        any(secret_info_get(&by_label)),
        any(secret_remove(&secret())),
        any(secret_remove_revision(&secret(), NonZeroU32::MIN)),
        any(secret_revoke(&secret(), &relation(), None)),
        any(secret_revoke(&secret(), &relation(), Some(&unit()))),
        any(secret_revoke_app(&secret(), &app())),
        any(secret_set(&secret(), Some(&content()), &none)),
        any(secret_set(&secret(), None, &metadata())),
        any(state_delete("key")),
        any(state_get()),
        any(state_set(&values)),
        any(status_get()),
        any(status_get_app()),
        any(status_set(&Status::active("-x"))),
        any(status_set_app(&Status::blocked(""))),
        any(storage_add("data", NonZeroU32::MIN)),
        any(storage_get(&"data/0".parse().unwrap())),
        any(storage_list("data")),
        any(storage_list_all()),
        any(unit_get(UnitAddress::Private)),
        any(unit_get(UnitAddress::Public)),
    ]
}
