//! The service by itself: it is there again when it dies, tells where it cannot be, and goes when it is to.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use magpie::Config;
use magpie::service::build_of;
use magpie::store::{Plan, Results, Store, VERSION};

use crate::net;

/// The longest that anything of the service is waited for.
const LONGEST: Duration = Duration::from_secs(60);

struct Service {
    child: Child,
    store: Store,
    program: PathBuf,
}

impl Service {
    /// A service with no peers, that listens on a loopback address of the test's own.
    fn begin(name: &str, listen: &str) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("service-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&dir));
        fs::create_dir_all(&dir).unwrap();
        let program = dir.join("magpie");
        fs::copy(net::magpie(), &program).unwrap();
        let store = Store::at(dir.join("unit"));
        store.set_plan(&plan(&program, listen)).unwrap();
        let mut command = Command::new(&program);
        command.arg("serve").arg(store.dir()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), store, program }
    }

    fn until(&self, is_so: impl Fn(&Results) -> bool) -> Results {
        let is_there = |found: &Option<Results>| found.as_ref().is_some_and(&is_so);
        let found = net::eventually(LONGEST, || self.store.results(), is_there);
        assert!(is_there(&found), "{found:?}");
        found.unwrap()
    }

    /// The process that does the work.
    fn worker(&self) -> Option<u32> {
        let text = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id())).ok()?;
        text.split_whitespace().next()?.parse().ok()
    }

    fn ends(&mut self) -> bool {
        net::eventually(LONGEST, || self.child.try_wait().unwrap(), Option::is_some).is_some()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.store.remove_plan());
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn plan(program: &Path, listen: &str) -> Plan {
    Plan {
        v: VERSION,
        unit: "magpie/0".to_owned(),
        model: ("default".to_owned(), "5e1f0c4e-6d61-4770-a969-000000000000".to_owned()),
        own: Vec::new(),
        program: program.to_owned(),
        build: build_of(program).unwrap(),
        listen: vec![listen.parse().unwrap()],
        measured_at: [].into(),
        peers: [("magpie/1".to_owned(), None), ("magpie/2".to_owned(), Some("127.0.0.1".to_owned()))].into(),
        options: Config { check_dns: false, check_local_hostname: false, ..Config::default() }.options(true).unwrap(),
    }
}

fn get(at: std::net::SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(request).unwrap();
    let mut text = String::new();
    drop(stream.read_to_string(&mut text));
    text
}

#[test]
fn it_is_there_again_when_it_dies_and_goes_with_its_plan() {
    let mut service = Service::begin("dies", "127.0.7.1");
    let found = service.until(|results| results.listening.is_some() && results.peers.len() == 2);
    assert_eq!(found.peers["magpie/1"].error.as_deref(), Some("it has no address"));
    assert_eq!(found.peers["magpie/2"].error.as_deref(), Some("its address is one of this unit's own"));
    let first = service.worker().unwrap();
    assert!(Command::new("kill").args(["-KILL", &first.to_string()]).status().unwrap().success());
    let is_other = |worker: &Option<u32>| worker.is_some_and(|worker| worker != first);
    assert!(is_other(&net::eventually(LONGEST, || service.worker(), is_other)));
    // A second one of the same unit leaves the first alone.
    let second = Command::new(&service.program).arg("serve").arg(service.store.dir()).status().unwrap();
    assert!(second.success());
    service.store.remove_plan().unwrap();
    assert!(service.ends());
    assert!(!service.store.is_served());
}

#[test]
fn a_port_that_is_taken_is_told_and_taken_when_it_is_free() {
    let taken = TcpListener::bind("127.0.7.2:5001").unwrap();
    let service = Service::begin("taken", "127.0.7.2");
    let found = service.until(|results| results.not_listening.is_some());
    assert!(found.not_listening.unwrap().starts_with("127.0.7.2:5001: Address already in use"));
    drop(taken);
    service.until(|results| results.listening.is_some() && results.not_listening.is_none());
}

#[test]
fn metrics_are_served_on_loopback_and_a_bad_client_stops_nobody() {
    let service = Service::begin("metrics", "127.0.7.3");
    let at = service.until(|results| results.metrics.is_some() && results.peers.len() == 2).metrics.unwrap();
    assert!(at.ip().is_loopback());
    let silent = TcpStream::connect(at).unwrap();
    drop(silent);
    assert!(get(at, b"rubbish\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(get(at, &[b'x'; 20_000]).is_empty() || !get(at, &[b'x'; 20_000]).contains("200 OK"));
    assert!(get(at, b"POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(get(at, b"GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    let text = get(at, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("version=0.0.4"), "{head}");
    assert!(body.contains("magpie_peers{model=\"default\",src=\"magpie/0\"} 2\n"), "{body}");
    assert!(body.contains("magpie_peer_ok{model=\"default\",src=\"magpie/0\",dest=\"magpie/2\"} 0\n"), "{body}");
    assert!(body.contains("# TYPE magpie_iperf_bandwidth gauge\n"), "{body}");
}

#[test]
fn a_refresh_has_the_new_program_serve() {
    let service = Service::begin("refresh", "127.0.7.4");
    service.until(|results| results.listening.is_some());
    let first = service.worker().unwrap();
    let newer = service.program.with_file_name("newer");
    fs::copy(net::magpie(), &newer).unwrap();
    service.store.set_plan(&plan(&newer, "127.0.7.4")).unwrap();
    let who = || (fs::read_link(format!("/proc/{}/exe", service.child.id())).ok(), service.worker());
    let is_new = |(program, worker): &(Option<PathBuf>, Option<u32>)| {
        program.as_ref() == Some(&newer) && worker.is_some_and(|worker| worker != first)
    };
    let who = net::eventually(LONGEST, who, is_new);
    assert!(is_new(&who), "{who:?}");
}
