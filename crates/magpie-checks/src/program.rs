//! Running another program for a while, without a shell.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The most that is read of what it prints.
const MOST: u64 = 4 << 20;
/// The most characters of a reason.
const LINE: usize = 200;

/// What a program prints on standard output within a time. It is killed where it takes longer. Where it fails, the error has
/// the last line of what it prints on standard error.
pub(crate) fn output(program: &str, args: &[&str], within: Duration) -> io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stdout = read(child.stdout.take());
    let stderr = read(child.stderr.take());
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
        let said = stderr.join().ok().and_then(Result::ok).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        let why: String = last.chars().filter(|c| !c.is_control()).take(LINE).collect();
        return Err(io::Error::other(if why.is_empty() { status.to_string() } else { why }));
    }
    stdout.join().map_err(|_| io::Error::other("its output was not read"))?
}

/// Reads what there is, on a thread of its own.
fn read(from: Option<impl Read + Send + 'static>) -> JoinHandle<io::Result<Vec<u8>>> {
    thread::spawn(move || {
        let mut text = Vec::new();
        let from = from.ok_or_else(|| io::Error::other("it has no output"))?;
        from.take(MOST).read_to_end(&mut text).map(|_| text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_when_it_fails_is_told() {
        let run = |script: &str| output("sh", &["-c", script], Duration::from_secs(10));
        assert_eq!(run("echo out; echo no >&2").unwrap(), b"out\n");
        assert_eq!(run("echo first >&2; echo 'no socket' >&2; exit 1").unwrap_err().to_string(), "no socket");
        assert_eq!(run("exit 3").unwrap_err().to_string(), "exit status: 3");
        let late = output("sleep", &["60"], Duration::from_millis(50)).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }
}
