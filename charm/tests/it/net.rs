//! Hosts in network namespaces, each with an interface `eth0` on one bridge, and what makes a link bad.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use juju_sim::cargo::{self, Profile};

/// What has to be on the machine, beside root's rights.
const TOOLS: [&str; 6] = ["ip", "nft", "tc", "dnsmasq", "iperf3", "python3"];
/// Where they come from, on Debian and Ubuntu.
const PACKAGES: &str = "iproute2 nftables dnsmasq-base iperf3 python3";
/// Set, the tests of this file fail where they cannot run.
const REQUIRED: &str = "CI";

/// Hosts 10.0.0.1 and fd00::1 up to as many as are wanted, and a hub between them.
pub(crate) struct Net {
    prefix: String,
    hosts: u32,
    helpers: Vec<Child>,
    /// One network at a time: they are measured, and a machine that is busy with another one is slow.
    _alone: MutexGuard<'static, ()>,
}

/// Whether a network can be made here. If not it says so, and where that is not to be, fails.
pub(crate) fn is_possible(test: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let has = |tool: &&str| path.split(':').any(|dir| Path::new(dir).join(tool).exists());
    let lacks: Vec<&str> = TOOLS.iter().filter(|tool| !has(tool)).copied().collect();
    let why = if !lacks.is_empty() {
        format!("{} missing (packages {PACKAGES})", lacks.join(", "))
    } else {
        let probe = format!("mgt{}-{}", std::process::id(), test.replace(':', ""));
        if ip(&["netns", "add", &probe]).status.success() {
            ip(&["netns", "del", &probe]);
            return true;
        }
        "no network namespaces may be made (root may)".to_owned()
    };
    assert!(std::env::var_os(REQUIRED).is_none(), "{test}: {why}");
    eprintln!("SKIPPED: {test}: {why}");
    false
}

/// Repeats a question until it is answered so, for so long at most, and gives the last answer.
pub(crate) fn eventually<T>(longest: Duration, mut what: impl FnMut() -> T, is_so: impl Fn(&T) -> bool) -> T {
    let until = Instant::now() + longest;
    loop {
        let answer = what();
        if is_so(&answer) || Instant::now() > until {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn ip(args: &[&str]) -> Output {
    run("ip", args)
}

fn run(program: &str, args: &[&str]) -> Output {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    Command::new(program).args(args).env("PATH", path).output().unwrap()
}

fn done(program: &str, args: &[&str]) -> String {
    let output = run(program, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {}: {said}", args.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The charm's executable, without what is for a debugger: each unit has a copy.
pub(crate) fn magpie() -> PathBuf {
    static STRIPPED: OnceLock<PathBuf> = OnceLock::new();
    let strip = || {
        let built = cargo::binary("magpie-charm", Profile::Dev).unwrap();
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stripped");
        std::fs::create_dir_all(&dir).unwrap();
        let stripped = dir.join("magpie");
        let is_done = Command::new("strip").arg("-o").args([&stripped, &built]).status().is_ok_and(|it| it.success());
        if is_done { stripped } else { built }
    };
    STRIPPED.get_or_init(strip).clone()
}

impl Net {
    pub(crate) fn new(hosts: u32) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let prefix = format!("mgt{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let net = Self { prefix, hosts, helpers: Vec::new(), _alone: alone };
        let hub = net.hub();
        net.add(&hub);
        done("ip", &["-n", &hub, "link", "add", "br0", "type", "bridge"]);
        done("ip", &["-n", &hub, "addr", "add", "10.0.0.254/24", "dev", "br0"]);
        done("ip", &["-n", &hub, "link", "set", "br0", "up"]);
        for at in 0..hosts {
            let (host, port) = (net.host(at), format!("p{at}"));
            net.add(&host);
            done("ip", &["-n", &hub, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &host]);
            done("ip", &["-n", &hub, "link", "set", &port, "master", "br0", "up"]);
            done("ip", &["-n", &host, "addr", "add", &format!("{}/24", address(at)), "dev", "eth0"]);
            done("ip", &["-n", &host, "addr", "add", &format!("fd00::{:x}/64", at + 1), "dev", "eth0", "nodad"]);
            done("ip", &["-n", &host, "link", "set", "eth0", "up"]);
        }
        net
    }

    fn add(&self, namespace: &str) {
        done("ip", &["netns", "add", namespace]);
        done("ip", &["-n", namespace, "link", "set", "lo", "up"]);
    }

    fn hub(&self) -> String {
        format!("{}-hub", self.prefix)
    }

    /// The namespace of a host.
    pub(crate) fn host(&self, at: u32) -> String {
        format!("{}-{at}", self.prefix)
    }

    /// What its namespaces begin with; a dash and the number follow.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A command in a host.
    pub(crate) fn command(&self, at: u32, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.host(at)]).arg(program.as_ref());
        command.env("PATH", std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin");
        command
    }

    /// A check from a host: its exit code and what it prints.
    pub(crate) fn check(&self, at: u32, args: &[&str]) -> (Option<i32>, String) {
        let output = self.command(at, magpie()).arg("check").args(args).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    /// A program that runs in a host for as long as the network is there.
    pub(crate) fn begin(&mut self, at: u32, program: impl AsRef<Path>, args: &[&str]) {
        let mut command = self.command(at, program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.helpers.push(command.spawn().unwrap());
    }

    /// Lets through the hub only packets of this size to the host, and from it.
    pub(crate) fn narrow(&self, at: u32, mtu: u32) {
        done("ip", &["-n", &self.hub(), "link", "set", &format!("p{at}"), "mtu", &mtu.to_string()]);
    }

    /// Loses so many percent of what comes to the host.
    pub(crate) fn lose(&self, at: u32, percent: u32) {
        let rules = format!(
            "table inet loss {{\n chain in {{ type filter hook input priority 0\n numgen random mod 100 < {percent} drop\n }}\n}}\n"
        );
        self.rules(at, &rules);
    }

    /// Lets no ICMP echo come to the host, and again everything.
    pub(crate) fn filter(&self, at: u32, filters: bool) {
        let rules =
            "table inet filter {\n chain in { type filter hook input priority 0\n icmp type echo-request drop\n }\n}\n";
        self.rules(at, if filters { rules } else { "flush ruleset\n" });
    }

    fn rules(&self, at: u32, rules: &str) {
        let file = std::env::temp_dir().join(format!("{}.nft", self.prefix));
        std::fs::write(&file, rules).unwrap();
        done("ip", &["netns", "exec", &self.host(at), "nft", "-f", &file.to_string_lossy()]);
        std::fs::remove_file(file).unwrap();
    }

    /// Has the hub answer at another address too.
    pub(crate) fn also(&self, ip: &str) {
        done("ip", &["-n", &self.hub(), "addr", "add", &format!("{ip}/24"), "dev", "br0"]);
    }

    /// Which groups may have datagram sockets for ping in the first host.
    pub(crate) fn allow_ping(&self, groups: &str) {
        let set = format!("echo {groups} > /proc/sys/net/ipv4/ping_group_range");
        done("ip", &["netns", "exec", &self.host(0), "sh", "-c", &set]);
    }

    /// Whether nothing runs in the host any more, after so long at most.
    pub(crate) fn is_empty_within(&self, at: u32, longest: Duration) -> bool {
        let pids = || ip(&["netns", "pids", &self.host(at)]).stdout;
        eventually(longest, pids, Vec::is_empty).is_empty()
    }

    /// Takes the host off the network.
    pub(crate) fn cut(&self, at: u32) {
        done("ip", &["-n", &self.hub(), "link", "set", &format!("p{at}"), "down"]);
    }

    /// Takes the interface itself away.
    pub(crate) fn unplug(&self, at: u32) {
        done("ip", &["-n", &self.host(at), "link", "del", "eth0"]);
    }

    /// Puts it back.
    pub(crate) fn mend(&self, at: u32) {
        done("ip", &["-n", &self.hub(), "link", "set", &format!("p{at}"), "up"]);
    }

    /// Lets so many Mbit/s through to the host.
    pub(crate) fn limit(&self, at: u32, mbits: u32) {
        let (hub, port, rate) = (self.hub(), format!("p{at}"), format!("{mbits}mbit"));
        let tbf = ["qdisc", "add", "dev", &port, "root", "tbf", "rate", &rate, "burst", "128k", "latency", "50ms"];
        done("ip", &[&["netns", "exec", &hub, "tc"][..], &tbf].concat());
    }

    /// Has every packet to the host and from it take so long more.
    pub(crate) fn delay(&mut self, at: u32, milliseconds: u32) {
        let (hub, port) = (self.hub(), format!("p{at}"));
        let relay = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/relay.py");
        let (near, far) = (format!("near{at}"), format!("far{at}"));
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &hub, "python3"]).arg(relay).args([&near, &far, &milliseconds.to_string()]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        self.helpers.push(child);
        done("ip", &["-n", &hub, "link", "add", "brfar", "type", "bridge"]);
        done("ip", &["-n", &hub, "link", "set", "brfar", "up"]);
        done("ip", &["-n", &hub, "link", "set", &near, "master", "br0", "up"]);
        done("ip", &["-n", &hub, "link", "set", &far, "master", "brfar", "up"]);
        done("ip", &["-n", &hub, "link", "set", &port, "nomaster"]);
        done("ip", &["-n", &hub, "link", "set", &port, "master", "brfar"]);
    }

    fn pid_file(&self) -> PathBuf {
        std::env::temp_dir().join(format!("{}.pid", self.prefix))
    }

    /// A DNS server at 10.0.0.254 that knows each host as `node-N.maas`; `wrong` has the name of another one.
    pub(crate) fn serve_names(&mut self, wrong: Option<u32>) {
        let mut args =
            vec!["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root"]
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>();
        args.push(format!("--pid-file={}", self.pid_file().display()));
        args.extend(["--listen-address=10.0.0.254".to_owned(), "--bind-interfaces".to_owned()]);
        for at in 0..self.hosts {
            args.push(format!("--address=/node-{at}.maas/{}", address(at)));
            let name = if wrong == Some(at) {
                format!("node-{}.maas", (at + 1) % self.hosts)
            } else {
                format!("node-{at}.maas")
            };
            args.push(format!("--ptr-record={}.0.0.10.in-addr.arpa,{name}", at + 1));
        }
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.hub(), "dnsmasq"]).args(args);
        command.env("PATH", std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin");
        self.helpers.push(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    }
}

/// The address of a host: that which the simulator gives the unit of this number.
pub(crate) fn address(at: u32) -> String {
    format!("10.0.0.{}", at + 1)
}

impl Drop for Net {
    fn drop(&mut self) {
        for helper in &mut self.helpers {
            drop(helper.kill());
            drop(helper.wait());
        }
        for namespace in (0..self.hosts).map(|at| self.host(at)).chain([self.hub()]) {
            // Whatever still runs there ends with it.
            let pids = run("ip", &["netns", "pids", &namespace]).stdout;
            for pid in String::from_utf8_lossy(&pids).lines() {
                run("kill", &["-KILL", pid]);
            }
            ip(&["netns", "del", &namespace]);
        }
        drop(std::fs::remove_file(self.pid_file()));
    }
}
