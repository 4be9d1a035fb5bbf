//! TCP throughput between two hosts, of which one serves.
//!
//! # What is spoken
//! A client connects, once for each of its streams, and sends the line `magpie throughput 1 <test> <seconds>`: the test is
//! the same 16 hexadecimal digits for all streams, the seconds are how long it will send. The server answers `go`, or `busy <seconds>` and closes. Then the client
//! sends bytes for as long as it wants, and shuts its side down; the server answers with one line of JSON, the bytes that
//! arrived and the time from the first to the last, and closes; or with the line `stalled`, where nothing arrived for ten
//! seconds and the client did not say that this was all.
//!
//! One test runs at a time: two on one link would measure each other. To a client of iperf 2, which sends no such line, it
//! is a server like its own, and for this client a server of iperf 2 is one that says nothing: what was sent is then taken
//! for what arrived.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The port of iperf 2, which peers with the Python charm use.
pub const PORT: u16 = 5001;
/// The most streams of a test.
pub const MOST_STREAMS: u32 = 64;
/// The longest test.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// How a client measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many connections send side by side.
    pub streams: u32,
    /// For how long.
    pub duration: Duration,
    /// Where the server listens.
    pub port: u16,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Throughput {
    /// The server.
    pub address: IpAddr,
    /// How many connections there were.
    pub streams: u32,
    /// How many bytes arrived.
    pub bytes: u64,
    /// In how many seconds, by the server's clock, of the slowest stream.
    pub seconds: f64,
    /// The bits that arrived in a second.
    pub bits_per_second: f64,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody listens, or nobody is there.
    #[error("cannot be connected to: {0}")]
    Connect(io::Error),
    /// Another test runs there; ask again after so long.
    #[error("is measured by another unit, for {} s more", .0.as_secs())]
    Busy(Duration),
    /// The server waited in vain for more of what was sent: small packets pass and large ones do not, say.
    #[error("stalls")]
    Stalled,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
}

/// The least speed that is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MinSpeed {
    /// Any.
    #[default]
    Any,
    /// So many Mbit/s, of 1,000,000 bits.
    Mbits(u64),
    /// A share of the link's speed, in percent.
    Percent(u64),
}

/// What a speed is when it is held against the least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpeedCheck {
    /// Whether it is good enough; not where that cannot be told.
    pub ok: bool,
    /// The speeds, in Mbit/s, or why it cannot be told.
    pub message: String,
}

/// What is answered at the end of a stream.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Arrived {
    bytes: u64,
    seconds: f64,
}

const HELLO: &str = "magpie throughput 1 ";
const GO: &str = "go";
const BUSY: &str = "busy ";
const STALLED: &str = "stalled";
const BLOCK: usize = 128 << 10;
/// How long a connection is waited for, and a write.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long all streams may take to be opened, and told to go.
const OPENING: Duration = Duration::from_secs(6);
/// How long the last answer is waited for: what is under way arrives first, and on a link that loses much that takes time.
const LAST: Duration = Duration::from_secs(12);
/// How long a connection may say nothing: longer than its other streams take to be opened.
const SILENCE: Duration = Duration::from_secs(10);
/// What a test may take longer than the client says: opening, and what is under way.
const GRACE: Duration = Duration::from_secs(25);
/// In what time how many bytes have to come for a connection to be kept.
const DRIP: (Duration, u64) = (Duration::from_secs(10), 64 << 10);
/// How many connections are served at a time, and half of them of one host.
const CONNECTIONS: usize = 160;
/// How many connections are taken in a second.
const RATE: u32 = 200;

impl Default for Options {
    fn default() -> Self {
        Self { streams: 1, duration: Duration::from_secs(1), port: PORT }
    }
}

impl Options {
    /// How long a measurement takes at most.
    pub fn longest(&self) -> Duration {
        self.duration.min(LONGEST) + OPENING + PATIENCE * 2 + LAST
    }
}

impl MinSpeed {
    /// As the option `min_speed` has it: Mbit/s, or a percentage of the link's speed; 0 for any.
    ///
    /// ```
    /// use magpie_checks::throughput::MinSpeed;
    ///
    /// assert_eq!("1000".parse(), Ok(MinSpeed::Mbits(1000)));
    /// assert_eq!("80%".parse(), Ok(MinSpeed::Percent(80)));
    /// assert_eq!("0%".parse(), Ok(MinSpeed::Any));
    /// assert!("fast".parse::<MinSpeed>().is_err());
    /// ```
    ///
    /// # Errors
    /// It is neither.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, percent) = text.strip_suffix('%').map_or((text, false), |number| (number, true));
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        match (number.parse().ok().filter(|_| plain)?, percent) {
            (0, _) => Some(Self::Any),
            (number, true) => Some(Self::Percent(number)),
            (number, false) => Some(Self::Mbits(number)),
        }
    }

    /// Holds a speed against this, both in bits a second of 1,000,000 to the Mbit. `link` is what the link carries, in
    /// Mbit/s, as far as it is known.
    pub fn check(self, bits_per_second: f64, link: Option<u64>) -> SpeedCheck {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no speed is negative or beyond it")]
        let speed = (bits_per_second.max(0.0) / 1e6) as u64;
        let least = match (self, link) {
            (Self::Any, _) => return SpeedCheck { ok: true, message: "min-speed disabled".to_owned() },
            (Self::Mbits(least), _) => least,
            (Self::Percent(_), None) => {
                return SpeedCheck { ok: false, message: "unknown, link speed undefined".to_owned() };
            }
            (Self::Percent(percent), Some(link)) => link.saturating_mul(percent) / 100,
        };
        match speed >= least {
            true => SpeedCheck { ok: true, message: format!("{speed} >= {least} mbit/s") },
            false => SpeedCheck { ok: false, message: format!("failed: {speed} < {least} mbit/s") },
        }
    }
}

impl std::str::FromStr for MinSpeed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| "is neither a number of mbit/s nor a percentage such as 80%".to_owned())
    }
}

/// Measures how much a host takes in, from this one. Takes [`Options::longest`] at most.
///
/// # Errors
/// It cannot be connected to, is busy with another test, or goes away.
pub fn measure(address: IpAddr, options: &Options) -> Result<Throughput, Error> {
    let (streams, duration) = (options.streams.clamp(1, MOST_STREAMS), options.duration.min(LONGEST));
    let test: u64 = rand::random();
    let hello = format!("{HELLO}{test:016x} {}\n", duration.as_secs() + 1);
    let (server, opened) = (SocketAddr::new(address, options.port), Instant::now() + OPENING);
    let open: Vec<Result<Stream, Error>> = side_by_side((0..streams).map(|_| || connect(server, &hello, opened)));
    let open = open.into_iter().collect::<Result<Vec<_>, _>>()?;
    let until = Instant::now() + duration;
    let (mut bytes, mut seconds) = (0, 0.0_f64);
    for result in side_by_side(open.into_iter().map(|stream| move || send(stream, until))) {
        let arrived = result?;
        bytes += arrived.bytes;
        seconds = seconds.max(arrived.seconds);
    }
    #[allow(clippy::cast_precision_loss, reason = "a speed")]
    let bits_per_second = bytes as f64 * 8.0 / seconds;
    if !bits_per_second.is_finite() {
        return Err(io::Error::other("nothing was sent").into());
    }
    Ok(Throughput { address, streams, bytes, seconds, bits_per_second })
}

/// Runs each on a thread of its own; the results are in their order.
fn side_by_side<T: Send>(all: impl Iterator<Item = impl FnOnce() -> Result<T, Error> + Send>) -> Vec<Result<T, Error>> {
    let broken = |why: &str| Error::Broken(io::Error::other(why.to_owned()));
    thread::scope(|scope| {
        let begun: Vec<_> = all.map(|one| thread::Builder::new().spawn_scoped(scope, one)).collect();
        begun
            .into_iter()
            .map(|one| match one {
                Ok(one) => one.join().unwrap_or_else(|_| Err(broken("its thread ended"))),
                Err(error) => Err(Error::Broken(error)),
            })
            .collect()
    })
}

/// A connection, and whether its server answers at the end.
type Stream = (BufReader<TcpStream>, bool);

fn connect(server: SocketAddr, hello: &str, until: Instant) -> Result<Stream, Error> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE).map_err(Error::Connect)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(hello.as_bytes())?;
    let mut reader = BufReader::new(stream);
    let answers = match line(&mut reader, until) {
        Ok(line) if line == GO => true,
        Ok(line) => match line.strip_prefix(BUSY).and_then(|seconds| seconds.parse().ok()) {
            Some(seconds) => return Err(Error::Busy(Duration::from_secs(seconds).min(LONGEST))),
            None => return Err(Error::Broken(io::Error::other("it answers otherwise than expected"))),
        },
        // A server of iperf 2.
        Err(error) if is_timeout(&error) => false,
        Err(error) => return Err(error.into()),
    };
    Ok((reader, answers))
}

/// Sends until then, and takes what the server says arrived.
fn send((mut reader, answers): Stream, until: Instant) -> Result<Arrived, Error> {
    let block = vec![0; BLOCK];
    let (start, mut sent) = (Instant::now(), 0_u64);
    let stream = reader.get_mut();
    // A peer that takes nothing does not keep this here for longer than it says.
    stream.set_write_timeout(Some(PATIENCE))?;
    while Instant::now() < until {
        match stream.write(&block) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            Ok(count) => sent += u64::try_from(count).unwrap_or(u64::MAX),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Err(io::Error::new(error.kind(), "it takes nothing in").into()),
            Err(error) => return Err(error.into()),
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    stream.shutdown(Shutdown::Write)?;
    if !answers {
        return Ok(Arrived { bytes: sent, seconds });
    }
    let said = line(&mut reader, Instant::now() + LAST).map_err(|error| match is_timeout(&error) {
        true => io::Error::new(io::ErrorKind::TimedOut, "it does not say in time what arrived"),
        false => error,
    })?;
    if said == STALLED {
        return Err(Error::Stalled);
    }
    let arrived: Arrived = serde_json::from_str(&said).map_err(io::Error::other)?;
    // A server that lies can say less than there was, or that it took longer.
    if arrived.bytes > sent || !arrived.seconds.is_finite() {
        return Err(io::Error::other("what it says arrived cannot be").into());
    }
    // The last of what was sent is a buffer behind, and counts with the time that it took.
    Ok(Arrived { bytes: arrived.bytes, seconds: arrived.seconds.max(seconds) })
}

/// One line, of some length, however slowly it drips, until then.
fn line(reader: &mut BufReader<TcpStream>, until: Instant) -> io::Result<String> {
    let mut text = Vec::new();
    while text.len() < 200 {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        reader.get_ref().set_read_timeout(Some(left))?;
        let got = reader.fill_buf()?;
        let end = got.iter().position(|byte| *byte == b'\n');
        let (part, used) = end.map_or((got, got.len()), |end| (&got[..end], end + 1));
        text.extend_from_slice(part);
        let is_over = got.is_empty();
        reader.consume(used);
        if end.is_some() {
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
        if is_over {
            break;
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A server, until it is dropped; the tests under way then end by themselves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    tests: Arc<Mutex<Tests>>,
    /// Whether this host measures another one just now, in some other process.
    is_busy: fn(&Path) -> bool,
    busy_by: PathBuf,
}

/// A server that is kept from being used.
#[derive(Debug)]
pub struct Reserved(Arc<Mutex<Tests>>);

impl Drop for Reserved {
    fn drop(&mut self) {
        end(&self.0);
    }
}

/// Who is served.
#[derive(Debug, Default)]
struct Tests {
    /// How many connections there are of each host.
    connections: HashMap<IpAddr, usize>,
    /// The test that runs: its host and number, how many streams it has, and until when it may run.
    running: Option<(IpAddr, u64, usize, Instant)>,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// The port is taken, or the address is not of this host.
    pub fn listen(at: SocketAddr) -> io::Result<Self> {
        let is_busy = |_: &Path| false;
        Ok(Self { listener: TcpListener::bind(at)?, tests: Arc::default(), is_busy, busy_by: PathBuf::new() })
    }

    /// The same, that says that it is busy while this is so of a path: a lock that another process holds, say.
    #[must_use]
    pub fn unless(mut self, is_busy: fn(&Path) -> bool, by: &Path) -> Self {
        (self.is_busy, self.busy_by) = (is_busy, by.to_owned());
        self
    }

    /// Listens at another address too: one test runs at a time over all of them.
    ///
    /// # Errors
    /// As [`listen`](Self::listen).
    pub fn also(&self, at: SocketAddr) -> io::Result<Self> {
        let (tests, busy_by) = (Arc::clone(&self.tests), self.busy_by.clone());
        Ok(Self { listener: TcpListener::bind(at)?, tests, is_busy: self.is_busy, busy_by })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Has the server busy for as long as what is given back lives: while this host measures another, it is not measured.
    /// None where a test runs.
    pub fn reserve(&self) -> Option<Reserved> {
        let nobody = IpAddr::from([0, 0, 0, 0]);
        begin(&self.tests, nobody, rand::random(), LONGEST).ok()?;
        Some(Reserved(Arc::clone(&self.tests)))
    }

    /// Serves without end, each connection on a thread of its own: 160 at a time, and 200 new ones a second, the others
    /// wait. One that says nothing for ten seconds is closed, one that drips too, and one whose test goes on for longer
    /// than it said.
    pub fn serve(&self) {
        loop {
            let Ok((stream, from)) = self.listener.accept() else {
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            thread::sleep(Duration::from_secs(1) / RATE);
            let from = from.ip().to_canonical();
            if !enter(&self.tests, from) {
                continue;
            }
            let (tests, is_busy) = (Arc::clone(&self.tests), (self.is_busy)(&self.busy_by));
            let served = thread::Builder::new().spawn(move || {
                // What goes wrong is the client's.
                drop(serve(stream, from, &tests, is_busy));
                leave(&tests, from);
            });
            if served.is_err() {
                leave(&self.tests, from);
            }
        }
    }
}

fn enter(tests: &Mutex<Tests>, from: IpAddr) -> bool {
    let mut tests = lock(tests);
    let all: usize = tests.connections.values().sum();
    // One host cannot have all: the others could not even be told that it is busy.
    if all >= CONNECTIONS || tests.connections.get(&from).is_some_and(|count| *count >= CONNECTIONS / 2) {
        return false;
    }
    *tests.connections.entry(from).or_default() += 1;
    true
}

fn leave(tests: &Mutex<Tests>, from: IpAddr) {
    let mut tests = lock(tests);
    if let Some(count) = tests.connections.get_mut(&from) {
        *count -= 1;
        if *count == 0 {
            tests.connections.remove(&from);
        }
    }
}

fn lock(tests: &Mutex<Tests>) -> MutexGuard<'_, Tests> {
    tests.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: TcpStream, from: IpAddr, tests: &Mutex<Tests>, is_busy: bool) -> io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let mut first = vec![0; BLOCK];
    let mut size = 0;
    // The first line, or as much as tells that there is none.
    let hello = loop {
        let count = stream.read(&mut first[size..])?;
        size += count;
        let text = &first[..size];
        let known = HELLO.len().min(size);
        if text[..known] != HELLO.as_bytes()[..known] || count == 0 {
            break None;
        }
        if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let words = text.get(HELLO.len()..end).and_then(|text| std::str::from_utf8(text).ok()?.split_once(' '));
            let read =
                |(test, seconds): (&str, &str)| Some((u64::from_str_radix(test, 16).ok()?, seconds.parse().ok()?));
            match words.and_then(read) {
                Some((test, seconds)) => break Some((test, Duration::from_secs(seconds), end + 1)),
                None => return Ok(()),
            }
        }
        if size > HELLO.len() + 30 {
            return Ok(());
        }
    };
    let (test, length) = hello.map_or((0, LONGEST), |(test, length, _)| (test, length.min(LONGEST) + GRACE));
    let begun = if is_busy { Err(Duration::from_secs(5)) } else { begin(tests, from, test, length) };
    let until = match begun {
        Ok(until) => until,
        Err(left) => {
            return if hello.is_some() {
                stream.write_all(format!("{BUSY}{}\n", left.as_secs().max(1)).as_bytes())
            } else {
                Ok(())
            };
        }
    };
    let mut served = || {
        if hello.is_some() {
            stream.write_all(format!("{GO}\n").as_bytes())?;
        }
        let mut bytes = u64::try_from(size - hello.map_or(0, |(_, _, end)| end)).unwrap_or(0);
        let (mut start, mut last) = (None, Instant::now());
        let (mut looked, mut had) = (last, bytes);
        while last < until {
            match stream.read(&mut first) {
                Ok(0) => break,
                Ok(count) => {
                    last = Instant::now();
                    start.get_or_insert(last);
                    bytes += u64::try_from(count).unwrap_or(u64::MAX);
                    // One that drips keeps all others from being served.
                    if last.duration_since(looked) > DRIP.0 {
                        if bytes - had < DRIP.1 {
                            return Err(io::Error::other("drips"));
                        }
                        (looked, had) = (last, bytes);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && hello.is_some() => {
                    return stream.write_all(format!("{STALLED}\n").as_bytes());
                }
                Err(error) => return Err(error),
            }
        }
        if hello.is_some() {
            let seconds = start.map_or(0.0, |start| last.duration_since(start).as_secs_f64());
            let arrived = serde_json::to_string(&Arrived { bytes, seconds })?;
            stream.write_all(format!("{arrived}\n").as_bytes())?;
        }
        Ok(())
    };
    let result = served();
    end(tests);
    result
}

/// Takes a stream to the test that runs, as long as that may run, or begins one; gives back until when. Else it says for how
/// long another may run.
fn begin(tests: &Mutex<Tests>, from: IpAddr, test: u64, length: Duration) -> Result<Instant, Duration> {
    let mut tests = lock(tests);
    let now = Instant::now();
    match &mut tests.running {
        Some((host, running, streams, until)) if (*host, *running) == (from, test) && now < *until => {
            *streams += 1;
            Ok(*until)
        }
        Some((.., until)) => Err(until.saturating_duration_since(now).min(Duration::from_secs(10))),
        none => {
            *none = Some((from, test, 1, now + length));
            Ok(now + length)
        }
    }
}

fn end(tests: &Mutex<Tests>) {
    let mut tests = lock(tests);
    if let Some((_, _, streams, _)) = &mut tests.running {
        *streams -= 1;
        if *streams == 0 {
            tests.running = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> SocketAddr {
        let server = Server::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let at = server.address().unwrap();
        thread::spawn(move || server.serve());
        at
    }

    fn options(at: SocketAddr, streams: u32, millis: u64) -> Options {
        Options { streams, duration: Duration::from_millis(millis), port: at.port() }
    }

    #[test]
    fn what_arrives_is_counted_over_all_streams() {
        let at = server();
        for streams in [1, 4] {
            let found = measure(at.ip(), &options(at, streams, 200)).unwrap();
            assert_eq!(found.streams, streams);
            assert!(found.bytes > 1 << 20 && found.seconds > 0.1 && found.bits_per_second > 1e6, "{found:?}");
        }
    }

    #[test]
    fn one_test_runs_at_a_time() {
        let at = server();
        let first = thread::spawn(move || measure(at.ip(), &options(at, 2, 1500)));
        thread::sleep(Duration::from_millis(500));
        assert!(matches!(measure(at.ip(), &options(at, 1, 100)), Err(Error::Busy(_))));
        first.join().unwrap().unwrap();
        let after = (0..50).find_map(|_| {
            thread::sleep(Duration::from_millis(20));
            measure(at.ip(), &options(at, 1, 100)).ok()
        });
        assert!(after.is_some());
    }

    #[test]
    fn a_client_that_sends_nothing_rubbish_or_goes_away_stops_nobody() {
        let at = server();
        let silent = TcpStream::connect(at).unwrap();
        drop(TcpStream::connect(at).unwrap());
        for rubbish in [&b"magpie throughput 1 zz\n"[..], b"magpie throughput 1 ", b"\n", &[b'm'; 100]] {
            drop(TcpStream::connect(at).unwrap().write_all(rubbish));
        }
        let mut long = TcpStream::connect(at).unwrap();
        drop(long.write_all(&[b"magpie throughput 1 ".as_slice(), &[b'0'; 4000]].concat()));
        let measured = (0..100).find_map(|_| {
            thread::sleep(Duration::from_millis(20));
            measure(at.ip(), &options(at, 1, 100)).ok()
        });
        assert!(measured.is_some());
        drop(silent);
    }

    #[test]
    fn a_server_of_iperf_2_is_one_that_says_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        thread::spawn(move || io::copy(&mut listener.accept().unwrap().0, &mut io::sink()));
        assert!(measure(at.ip(), &options(at, 1, 200)).unwrap().bytes > 1 << 20);
    }

    #[test]
    fn a_client_of_iperf_2_is_served() {
        let at = server();
        let mut client = TcpStream::connect(at).unwrap();
        client.write_all(&[0; 1 << 20]).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"");
    }

    #[test]
    fn a_server_that_lies_or_goes_away_is_an_error() {
        for answer in
            [&b"go\n{\"bytes\":99999999999999,\"seconds\":1}\n"[..], b"go\n{}\n", b"what\n", b"busy x\n", b"go\n"]
        {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let at = listener.local_addr().unwrap();
            thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                drop(stream.write_all(answer));
                drop(io::copy(&mut stream, &mut io::sink()));
            });
            assert!(matches!(measure(at.ip(), &options(at, 1, 50)), Err(Error::Broken(_))), "{answer:?}");
        }
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(measure(closed.ip(), &options(closed, 1, 50)), Err(Error::Connect(_))));
    }

    #[test]
    fn a_server_cannot_make_the_speed_more_than_was_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"go\n").unwrap();
            let mut reader = stream.try_clone().unwrap();
            io::copy(&mut reader, &mut io::sink()).unwrap();
            stream.write_all(b"{\"bytes\":1000000,\"seconds\":1e-303}\n").unwrap();
        });
        let found = measure(at.ip(), &options(at, 1, 200)).unwrap();
        assert!(found.seconds > 0.19 && found.bits_per_second < 42e6, "{found:?}");
    }

    #[test]
    fn a_server_that_drips_or_says_nothing_is_done_with_in_the_stated_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            while stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(500));
            }
        });
        let (start, options) = (Instant::now(), options(at, 1, 100));
        drop(measure(at.ip(), &options));
        assert!(start.elapsed() < options.longest(), "{:?}", start.elapsed());
    }

    #[test]
    fn a_host_that_measures_is_not_measured() {
        let dir = std::env::temp_dir();
        let server = Server::listen("127.0.0.1:0".parse().unwrap()).unwrap().unless(Path::is_dir, &dir);
        let at = server.address().unwrap();
        thread::spawn(move || server.serve());
        assert!(matches!(measure(at.ip(), &options(at, 1, 50)), Err(Error::Busy(_))));
    }

    #[test]
    fn speeds_are_compared_in_one_unit() {
        let check = |text: &str, bits, link| text.parse::<MinSpeed>().unwrap().check(bits, link);
        assert_eq!(check("1000", 999.9e6, None), SpeedCheck { ok: false, message: "failed: 999 < 1000 mbit/s".into() });
        assert_eq!(check("1000", 1000e6, None).message, "1000 >= 1000 mbit/s");
        assert_eq!(check("80%", 8e9, Some(10_000)).message, "8000 >= 8000 mbit/s");
        assert_eq!(check("80%", 8e9, None), SpeedCheck { ok: false, message: "unknown, link speed undefined".into() });
        assert!(check("0%", 0.0, None).ok && check("0", 0.0, None).ok);
        for bad in ["", "%", "-1", "1e3", "80 %", "+5", "٣"] {
            assert!(bad.parse::<MinSpeed>().is_err(), "{bad}");
        }
    }
}
