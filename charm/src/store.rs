//! What the charm and its service tell each other, in files of a directory of the unit.
//!
//! A hook writes the plan, the service the results. Both are replaced whole. Neither is trusted to be there, or to be of
//! this version: a plan that cannot be read is none, and so are results.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use magpie_checks::bond::Bond;
use magpie_checks::dns::{Fault, Found};
use magpie_checks::hostname::Hostname;
use magpie_checks::lldp::Neighbour;
use magpie_checks::ping::RoundTrip;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::config::Options;

/// The directory of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    dir: PathBuf,
}

/// What the service is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The form of this file.
    pub v: u32,
    /// The unit.
    pub unit: String,
    /// The model, as its name and as its UUID.
    pub model: (String, String),
    /// The addresses that this unit tells its peers.
    pub own: Vec<String>,
    /// The program that the service is, and which it is of those that were there.
    pub program: PathBuf,
    /// As [`build_of`](crate::service::build_of) has it.
    pub build: String,
    /// The addresses that it may listen at for measurements: the first that can be had.
    pub listen: Vec<IpAddr>,
    /// Each peer's address, which may be a name; none where it has none.
    pub peers: BTreeMap<String, Option<String>>,
    /// Where peers are measured at another address.
    #[serde(default)]
    pub measured_at: BTreeMap<String, Option<String>>,
    /// How it is checked.
    pub options: Options,
}

/// What the service has found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The form of this file.
    pub v: u32,
    /// When this was written, in seconds of Unix time.
    pub at: u64,
    /// Where this unit listens for measurements.
    pub listening: Option<SocketAddr>,
    /// Why it does not.
    pub not_listening: Option<String>,
    /// Where the metrics are served.
    pub metrics: Option<SocketAddr>,
    /// The host itself.
    pub host: Host,
    /// Why DNS cannot be asked at all.
    #[serde(default)]
    pub no_dns: Option<String>,
    /// Each peer that was checked.
    #[serde(deserialize_with = "each_that_can_be_read")]
    pub peers: BTreeMap<String, Peer>,
}

/// What was found of the host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Whether its name can be looked up; none where that was not tried.
    pub hostname: Option<Hostname>,
    /// Its bonds.
    pub bonds: Vec<Bond>,
    /// Its neighbours, or why they are not known.
    pub lldp: Option<Result<Vec<Neighbour>, String>>,
    /// Links whose switch describes another host.
    pub misnamed: Vec<(String, String)>,
}

/// What was found of a peer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Peer {
    /// The address that was checked.
    pub address: String,
    /// The same where that is a name.
    pub ip: Option<IpAddr>,
    /// When, in seconds of Unix time.
    pub at: u64,
    /// Why it cannot be checked.
    pub error: Option<String>,
    /// How many echo requests were sent and came back.
    pub echo: Option<(u32, u32)>,
    /// How long they took.
    pub round_trip: Option<RoundTrip>,
    /// Where none came back: whether the peer's service answers by UDP.
    pub udp: Option<bool>,
    /// The path MTU that was found, and that of the interface.
    pub mtu: Option<(Option<u32>, u32)>,
    /// What DNS says of it; none where it was not asked.
    pub names: Option<Found>,
    /// Bits a second, and when they were measured.
    pub throughput: Option<(f64, u64)>,
    /// Why throughput was not measured.
    pub throughput_error: Option<String>,
    /// How many measurements in a row came to nothing.
    pub failures: u32,
    /// Since when the peer says that it is busy, in seconds of Unix time.
    pub busy_since: Option<u64>,
    /// What the link carries by which it is reached, in Mbit/s.
    pub link_speed: Option<u64>,
}

/// The form of both files.
pub const VERSION: u32 = 1;
/// The most that is read of a file.
const MOST: u64 = 16 << 20;
const PLAN: &str = "plan.json";
const RESULTS: &str = "results.json";
const LOCK: &str = "service.lock";
const MEASURING: &str = "measuring.lock";

impl Store {
    /// The directory; it need not be there.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The plan; none where there is none that can be read.
    pub fn plan(&self) -> Option<Plan> {
        self.read::<Plan>(PLAN).filter(|plan| plan.v == VERSION)
    }

    /// The results; none where there are none that can be read.
    pub fn results(&self) -> Option<Results> {
        self.read::<Results>(RESULTS).filter(|results| results.v == VERSION)
    }

    /// When results were last written, in seconds of Unix time, without reading them.
    pub fn results_written(&self) -> Option<u64> {
        let written = fs::metadata(self.dir.join(RESULTS)).ok()?.modified().ok()?;
        Some(written.duration_since(UNIX_EPOCH).ok()?.as_secs())
    }

    /// Replaces the plan.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn set_plan(&self, plan: &Plan) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        self.write(PLAN, plan)
    }

    /// Replaces the results.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn set_results(&self, results: &Results) -> io::Result<()> {
        self.write(RESULTS, results)
    }

    /// Removes the plan, by which the service ends.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove_plan(&self) -> io::Result<()> {
        match fs::remove_file(self.dir.join(PLAN)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The lock that a service holds as long as it lives; none where another one does.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn lock(&self) -> io::Result<Option<File>> {
        lock(&self.dir.join(LOCK))
    }

    /// The lock that an action holds while it measures others: meanwhile the service is not measured, and measures nobody.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn measuring(&self) -> io::Result<Option<File>> {
        lock(&self.measuring_lock())
    }

    /// Its file.
    pub fn measuring_lock(&self) -> PathBuf {
        self.dir.join(MEASURING)
    }

    /// Whether a service lives.
    pub fn is_served(&self) -> bool {
        is_locked(&self.dir.join(LOCK))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let path = self.dir.join(name);
        if fs::metadata(&path).ok()?.len() > MOST {
            return None;
        }
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// In the directory, which is not made here: when it is gone, so is the unit.
    fn write(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let (new, path) = (self.dir.join(format!(".{name}.new")), self.dir.join(name));
        fs::write(&new, serde_json::to_vec(value)?)?;
        fs::rename(new, path)
    }
}

impl Plan {
    /// The name of the service where systemd has it.
    pub(crate) fn service(&self) -> String {
        format!("magpie-{}", self.unit.replace('/', "-"))
    }

    /// Where the service's log is to be looked for.
    pub(crate) fn log(&self) -> String {
        format!("journalctl -u {}", self.service())
    }
}

impl Peer {
    /// Whether nothing of it answers, by ICMP or UDP.
    pub(crate) fn is_away(&self) -> bool {
        self.loss() == Some(100) && self.udp != Some(true)
    }

    /// Whether every echo request came back; none where none was sent.
    pub fn answers(&self) -> Option<bool> {
        self.echo.map(|(sent, received)| sent > 0 && sent == received)
    }

    /// What is wrong with it in DNS, if anything; none where DNS was not asked.
    pub fn dns(&self) -> Option<Option<Fault>> {
        self.names.as_ref().map(Found::fault)
    }

    /// The share of echo requests that did not come back, in percent.
    pub fn loss(&self) -> Option<u32> {
        self.echo.map(|(sent, received)| (sent.saturating_sub(received) * 100).checked_div(sent).unwrap_or(100))
    }
}

fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Whether some process holds a lock.
pub fn is_locked(path: &Path) -> bool {
    path.exists() && lock(path).is_ok_and(|lock| lock.is_none())
}

/// Of one that cannot be read only that one is lost.
fn each_that_can_be_read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Peer>, D::Error> {
    let all = BTreeMap::<String, Value>::deserialize(deserializer)?;
    Ok(all.into_iter().filter_map(|(unit, peer)| Some((unit, serde_json::from_value(peer).ok()?))).collect())
}

/// Now, in seconds of Unix time.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
