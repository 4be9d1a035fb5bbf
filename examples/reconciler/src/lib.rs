//! A charm that is one function: whatever hook runs, it brings the unit to what configuration and relations say.
//!
//! It needs no memory of what happened, so a hook that was lost or skipped is made good by the next one.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use juju_ops::hook::{self, AnyHook, Install};
use juju_ops::hook_command::PortRange;
use juju_ops::{BoxError, Context, Encoding, Error, Observer, Observers, Status};
use serde::Deserialize;

/// A proxy before the units that are related at `backends`.
#[derive(Debug)]
pub struct Proxy {
    /// Where the proxy looks for its configuration: a field, so that a test can have it elsewhere.
    pub file: PathBuf,
}

const ENDPOINT: &str = "backends";
const VERSION: &str = "2.4";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Config {
    port: u16,
    tls_port: Option<u16>,
}

/// What is read of a backend's databag. The address is Juju's own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Backend {
    ingress_address: std::net::IpAddr,
    port: u16,
}

impl Observer for Proxy {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.requires(ENDPOINT, "http");
        events.on(&hook::install(), Self::install);
        events.on(&hook::any(), Self::reconcile);
        // The most severe wins; what has nothing to say answers None.
        events.status(Self::needs_backends);
        events.status(|_, _| Ok(Status::active("")));
    }
}

impl Proxy {
    fn install(&self, _: &Install, cx: &Context) -> Result<(), BoxError> {
        // Shown at once, since packages can take minutes.
        cx.unit().show_status(&Status::maintenance("installing the proxy"))?;
        Ok(fs::create_dir_all(self.file.parent().unwrap_or(Path::new("/")))?)
    }

    fn reconcile(&self, _: &AnyHook, cx: &Context) -> Result<(), BoxError> {
        // An option that does not fit blocks the unit until the operator mends it, and fails no hook.
        let config: Config = cx.config()?;
        if config.tls_port == Some(config.port) {
            return Err(Error::of_option("tls-port", "is the port of what is not encrypted").into());
        }
        let ports = [Some(config.port), config.tls_port];
        cx.unit().set_ports(ports.into_iter().flatten().map(PortRange::tcp));

        let mut text = format!("listen {}\n", config.port);
        for backend in backends(cx)? {
            writeln!(text, "server {backend}")?;
        }
        if cx.memory("file").unchanged(&(VERSION, &text))? {
            return Ok(());
        }
        fs::write(&self.file, text)?;
        cx.unit().set_workload_version(VERSION); // here, since it goes out whether or not Juju has it already
        log::info!("the proxy has another configuration"); // and is told to read it
        Ok(())
    }

    fn needs_backends(&self, cx: &Context) -> Result<Option<Status>, BoxError> {
        Ok(match (cx.relations(ENDPOINT)?.is_empty(), backends(cx)?.is_empty()) {
            (true, _) => Some(Status::blocked("needs a relation at backends")),
            (_, true) => Some(Status::waiting("for a backend")),
            _ => None,
        })
    }
}

/// Where the backends listen. All of it is read once in a dispatch, whoever asks.
fn backends(cx: &Context) -> Result<Vec<SocketAddr>, Error> {
    let mut backends = Vec::new();
    for relation in cx.relations(ENDPOINT)? {
        let units = relation.members()?;
        relation.read_ahead(&units);
        for unit in units {
            // One that has not said its port yet, or says what is none, must not fail the others.
            if let Ok(backend) = Encoding::Text.decode::<Backend>(&relation.bag(&unit).readable()) {
                backends.push(SocketAddr::new(backend.ingress_address, backend.port));
            }
        }
    }
    Ok(backends)
}
