//! Counts its `update-status`, in every way that Juju has for keeping something, over a connection to the agent that is
//! cut where a file says, which is the argument: `there 17` after so many bytes to the agent, `back 17` after so many
//! from it.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use juju_ops::{
    AgentTransport, BoxError, Context, Env, Observer, Observers, Status, Via, dispatch, hook, hook_command,
};

const ADDRESS: &str = "JUJU_AGENT_SOCKET_ADDRESS";

struct Counting;

impl Observer for Counting {
    fn observe(&self, events: &mut Observers<Self>) {
        events.peers("ring", "ring");
        events.on(&hook::update_status(), Self::count);
    }
}

impl Counting {
    fn count(&self, _: &hook::UpdateStatus, cx: &Context) -> Result<(), BoxError> {
        let count = cx.state("count").get::<u32>()?.unwrap_or(0) + 1;
        cx.state("count").set(&count)?;
        for relation in cx.relations("ring")? {
            relation.read_ahead(&relation.members()?);
            relation.own_bag()?.set("count", count.to_string())?;
        }
        hook_command::juju_log(hook_command::LogLevel::Info, &format!("count {count}")).run(cx.transport())?;
        Ok(cx.unit().set_status(Status::active(count.to_string()))?)
    }
}

fn main() -> ExitCode {
    let vars: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let mut seen = vars.clone();
    let file = std::env::args_os().nth(1).map(PathBuf::from).unwrap_or_default();
    if let Ok(text) = fs::read_to_string(&file) {
        // The executables find the agent where it is; the connection alone goes by way of this.
        drop(fs::remove_file(&file));
        let (direction, bytes) = text.trim().split_once(' ').unwrap_or_default();
        let agent = vars.iter().find(|(name, _)| name == ADDRESS).map(|(_, agent)| PathBuf::from(agent));
        let path = std::env::temp_dir().join(format!("juju-cut-{}", std::process::id()));
        let listener = UnixListener::bind(&path);
        if let (Some(agent), Ok(bytes), Ok(listener)) = (agent, bytes.parse::<usize>(), listener) {
            let is_there = direction == "there";
            thread::spawn(move || cut(&listener, &agent, is_there, bytes));
            seen.retain(|(name, _)| name != ADDRESS);
            seen.push((ADDRESS.into(), path.clone().into()));
        }
        let code = run(vars, seen);
        drop(fs::remove_file(path));
        return code;
    }
    run(vars, seen)
}

fn run(vars: Vec<(OsString, OsString)>, seen: Vec<(OsString, OsString)>) -> ExitCode {
    let (Ok(env), Ok(seen)) = (Env::from_vars(vars), Env::from_vars(seen)) else { return ExitCode::from(3) };
    let transport = AgentTransport::new(&seen, Via::Auto);
    dispatch(&Counting, env, transport).into()
}

/// Passes one connection on, until so many bytes have gone in one direction.
fn cut(listener: &UnixListener, agent: &PathBuf, is_there: bool, bytes: usize) {
    let (Ok((charm, _)), Ok(agent)) = (listener.accept(), UnixStream::connect(agent)) else { return };
    let pass = |from: &UnixStream, to: &UnixStream, most: Option<usize>| {
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
        let (mut left, mut chunk) = (most.unwrap_or(usize::MAX), [0; 4096]);
        while left > 0 {
            let room = chunk.len().min(left);
            match from.read(&mut chunk[..room]) {
                Ok(length @ 1..) if to.write_all(&chunk[..length]).is_ok() => left -= length,
                _ => break,
            }
        }
        drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
    };
    thread::scope(|scope| {
        scope.spawn(|| pass(&charm, &agent, is_there.then_some(bytes)));
        pass(&agent, &charm, (!is_there).then_some(bytes));
    });
}
