//! What no charm can be faster than: nothing, or as many hook commands as the file `floor` in the charm's directory says,
//! as executables (`commands 20`) or over one connection (`calls 20`).

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::process::{Command, ExitCode, Stdio};

use jujuc::{ClientSide, Request};

fn main() -> ExitCode {
    let Ok(text) = fs::read_to_string("floor") else { return ExitCode::SUCCESS };
    let (what, count) = text.trim().split_once(' ').unwrap_or_default();
    let count: u32 = count.parse().unwrap_or(0);
    let done = match what {
        "commands" => (0..count)
            .all(|_| Command::new("is-leader").stdout(Stdio::null()).status().is_ok_and(|status| status.success())),
        _ => calls(count).is_some(),
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn calls(count: u32) -> Option<()> {
    let get = |name: &str| std::env::var_os(name);
    let address = get("JUJU_AGENT_SOCKET_ADDRESS")?;
    let mut stream = jujuc::connect(OsStr::new(&address)).ok()?;
    let mut side = ClientSide::up_to(1 << 20);
    let mut request = Request {
        context_id: get("JUJU_CONTEXT_ID")?.into_encoded_bytes(),
        dir: b"/".to_vec(),
        command: b"is-leader".to_vec(),
        token: get("JUJU_AGENT_TOKEN").unwrap_or_default().into_encoded_bytes(),
        ..Request::default()
    };
    let mut chunk = [0; 4096];
    for _ in 0..count {
        let mut bytes = Vec::new();
        side.call(&mut request, &mut bytes);
        stream.write_all(&bytes).ok()?;
        while side.next().ok()?.is_none() {
            let length = stream.read(&mut chunk).ok().filter(|length| *length > 0)?;
            side.push(chunk.get(..length)?);
        }
    }
    Some(())
}
