use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process::{Command, Output, Stdio};
use std::thread;

use jujuc::{Request, Response, STDIN_WANTED, ServerSide};
use tempfile::TempDir;

use super::ground::install;

/// A directory with a hook command, and the socket of an agent that is made up.
struct Place {
    dir: TempDir,
    listener: UnixListener,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("s")).unwrap();
        let place = Place { dir, listener };
        install(&place.dir.path().join("jujuc")).unwrap();
        symlink("jujuc", place.dir.path().join("is-leader")).unwrap();
        place
    }

    /// The command in an environment in which nothing is missing.
    fn command(&self) -> Command {
        let mut command = self.bare_command();
        command.env("JUJU_CONTEXT_ID", "id").env("JUJU_AGENT_SOCKET_NETWORK", "unix");
        command.env("JUJU_AGENT_SOCKET_ADDRESS", self.dir.path().join("s"));
        command
    }

    fn bare_command(&self) -> Command {
        let mut command = Command::new(self.dir.path().join("is-leader"));
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What a command does of which each call gets the next of these answers; what it asked.
    fn run(&self, mut command: Command, answers: Vec<Result<Response, String>>) -> (Output, Vec<Request>) {
        thread::scope(|scope| {
            let agent = scope.spawn(|| serve(self.listener.accept().unwrap().0, answers));
            let output = command.output().unwrap();
            (output, agent.join().unwrap())
        })
    }
}

/// Answers each call, and hangs up after the last.
fn serve(mut stream: UnixStream, answers: Vec<Result<Response, String>>) -> Vec<Request> {
    let (mut side, mut asked, mut chunk) = (ServerSide::new(), Vec::new(), [0; 4096]);
    let mut answers = answers.into_iter();
    loop {
        if let Some(call) = side.next().unwrap() {
            asked.push(call.request.unwrap());
            let Some(answer) = answers.next() else { return asked };
            let mut bytes = Vec::new();
            side.answer(call.ticket, answer, &mut bytes);
            stream.write_all(&bytes).unwrap();
            continue;
        }
        match stream.read(&mut chunk).unwrap() {
            0 => return asked,
            length => side.push(&chunk[..length]),
        }
    }
}

fn said(output: &Output) -> (Option<i32>, &str, &str) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn code(code: i64) -> Result<Response, String> {
    Ok(Response { code, ..Response::default() })
}

#[test]
fn errors_as_jujus_client_words_them() {
    let place = Place::new();
    let stderr = |mut command: Command| {
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(stderr(place.bare_command()), "ERROR JUJU_CONTEXT_ID not set\n");
    for name in ["JUJU_CONTEXT_ID", "JUJU_AGENT_SOCKET_ADDRESS", "JUJU_AGENT_SOCKET_NETWORK"] {
        let mut command = place.command();
        command.env_remove(name);
        assert_eq!(stderr(command), format!("ERROR {name} not set\n"));
        let mut command = place.command();
        command.env(name, "");
        assert_eq!(stderr(command), format!("ERROR {name} not set\n"));
    }
    let long = format!("/tmp/{}", "x".repeat(200));
    for (address, why) in [
        ("/nowhere/s", "no such file or directory"),
        ("@nobody-here", "connection refused"),
        ("/tmp", "connection refused"),
        (long.as_str(), "invalid argument"),
    ] {
        let mut command = place.command();
        command.env("JUJU_AGENT_SOCKET_ADDRESS", address);
        assert_eq!(stderr(command), format!("ERROR dial unix {address}: connect: {why}\n"));
    }
    let mut command = place.command();
    command.env("JUJU_AGENT_SOCKET_NETWORK", "carrier");
    assert_eq!(stderr(command), "ERROR dial carrier: unknown network carrier\n");
}

#[test]
fn the_call_has_all_that_was_given_byte_for_byte() {
    let place = Place::new();
    let odd = OsString::from_vec(b"\xff\n ".to_vec());
    let mut command = place.command();
    command.arg("").arg(&odd).env("JUJU_AGENT_TOKEN", "t").current_dir("/usr");
    let (output, asked) = place.run(command, vec![Ok(Response { stdout: b"\xfe".to_vec(), ..Response::default() })]);
    assert_eq!((output.status.code(), output.stdout.as_slice(), output.stderr.len()), (Some(0), &b"\xfe"[..], 0));
    let wanted = Request {
        context_id: b"id".to_vec(),
        dir: b"/usr".to_vec(),
        command: b"is-leader".to_vec(),
        args: vec![Vec::new(), odd.into_vec()],
        token: b"t".to_vec(),
        ..Request::default()
    };
    assert_eq!(asked, [wanted]);
}

#[test]
fn the_directory_has_the_name_that_the_shell_has_for_it() {
    let place = Place::new();
    let link = place.dir.path().join("link");
    symlink("/usr", &link).unwrap();
    let link = link.to_str().unwrap();
    for (pwd, dir) in [(link, link), ("/", "/usr"), ("link", "/usr"), ("/usr/../usr", "/usr"), ("/usr//.", "/usr")] {
        let mut command = place.command();
        command.current_dir(link).env("PWD", pwd);
        let (_, asked) = place.run(command, vec![code(0)]);
        assert_eq!(String::from_utf8_lossy(&asked[0].dir), dir, "{pwd}");
    }
}

#[test]
fn standard_input_is_read_when_it_is_asked_for() {
    let place = Place::new();
    let text = place.dir.path().join("text");
    std::fs::write(&text, "a: b").unwrap();
    let with_text = || {
        let mut command = place.command();
        command.stdin(std::fs::File::open(&text).unwrap());
        command
    };
    let wanted = || Err(STDIN_WANTED.to_owned());
    let (output, asked) = place.run(with_text(), vec![wanted(), code(0)]);
    assert_eq!(said(&output), (Some(0), "", ""));
    let sent: Vec<_> = asked.iter().map(|it| (it.stdin_set, it.stdin.as_slice())).collect();
    assert_eq!(sent, [(false, &b""[..]), (true, b"a: b")]);
    // It is not asked for again.
    let (output, _) = place.run(with_text(), vec![wanted(), wanted()]);
    assert_eq!(said(&output), (Some(1), "", "ERROR hook tool requires stdin, none supplied\n"));
    // Of what never ends nothing is read where it is not asked for.
    let mut command = place.command();
    let (endless, _held) = std::io::pipe().unwrap();
    command.stdin(endless);
    assert_eq!(place.run(command, vec![code(3)]).0.status.code(), Some(3));
}

#[test]
fn exit_codes_are_taken_as_the_system_takes_them() {
    let place = Place::new();
    for (given, found) in [(0, 0), (2, 2), (255, 255), (256, 0), (-1, 255), (i64::MIN, 0)] {
        assert_eq!(place.run(place.command(), vec![code(given)]).0.status.code(), Some(found));
    }
    let both = Response { code: 1, stdout: b"out".to_vec(), stderr: b"err".to_vec() };
    assert_eq!(said(&place.run(place.command(), vec![Ok(both)]).0), (Some(1), "out", "err"));
}

#[test]
fn an_agent_that_hangs_up_or_talks_rubbish_is_an_error() {
    let place = Place::new();
    let (output, asked) = place.run(place.command(), Vec::new());
    assert_eq!((said(&output), asked.len()), ((Some(1), "", "ERROR unexpected EOF\n"), 1));
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = place.listener.accept().unwrap();
            stream.write_all(b"\x03\xff\x86\x00").unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        });
        let output = place.command().output().unwrap();
        assert_eq!(said(&output), (Some(1), "", "ERROR gob: unknown type id or corrupted data\n"));
    });
}

#[test]
fn an_address_may_be_abstract() {
    let mut place = Place::new();
    let name = format!("juju-sim{}", place.dir.path().display());
    place.listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let mut command = place.command();
    command.env("JUJU_AGENT_SOCKET_ADDRESS", format!("@{name}"));
    assert_eq!(said(&place.run(command, vec![Err("so be it".to_owned())]).0), (Some(1), "", "ERROR so be it\n"));
}

#[test]
fn output_that_nobody_reads_ends_it_as_a_shell_shows_it() {
    let place = Place::new();
    let mut command = place.command();
    let (_, nobody) = std::io::pipe().unwrap();
    command.stdout(nobody);
    let large = Response { stdout: vec![b'x'; 1 << 20], ..Response::default() };
    thread::scope(|scope| {
        let agent = scope.spawn(|| serve(place.listener.accept().unwrap().0, vec![Ok(large)]));
        assert_eq!(command.status().unwrap().code(), Some(141));
        assert_eq!(agent.join().unwrap().len(), 1);
    });
}

#[test]
fn a_megabyte_comes_through_both_ways() {
    let place = Place::new();
    let text = place.dir.path().join("text");
    let large = vec![b'y'; 3 << 20];
    std::fs::write(&text, &large).unwrap();
    let mut command = place.command();
    command.stdin(std::fs::File::open(&text).unwrap());
    let answer = Ok(Response { stdout: large.clone(), ..Response::default() });
    let (output, asked) = place.run(command, vec![Err(STDIN_WANTED.to_owned()), answer]);
    assert!(output.stdout == large && asked[1].stdin == large);
}
