//! Running another program for a while, without a shell.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The most that is read of what it prints.
const MOST: u64 = 4 << 20;

/// What a program prints on standard output within a time. It is killed where it takes longer.
pub(crate) fn output(program: &str, args: &[&str], within: Duration) -> io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        stdout.take(MOST).read_to_end(&mut text).map(|_| text)
    });
    let until = Instant::now() + within;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", within.as_secs())));
        }
        thread::sleep(Duration::from_millis(5));
    };
    if !status.success() {
        return Err(io::Error::other(status.to_string()));
    }
    reader.join().map_err(|_| io::Error::other("its output was not read"))?
}
