//! A charm value in the in-process simulator: harness-style tests, in milliseconds, with no Juju and no process.

use std::fmt;
use std::io;
use std::rc::Rc;

use juju_sim::{Charm, Invocation, Role, Tools, World};

use crate::dispatch::dispatch;
use crate::env::Env;
use crate::error::Error;
use crate::observer::{Observer, observed};
use crate::transport::{Call, Ending, Output, Transport};
use crate::{chain, log};

/// A world with no unit yet, in which every unit runs `charm`. The seed is 0; see [`in_process_seeded`].
///
/// # Errors
/// What the charm observes is not in its metadata, or its registration is unsound; see [`check`].
pub fn in_process(charm: impl Observer, metadata: Charm) -> Result<World, Error> {
    in_process_seeded(charm, metadata, 0)
}

/// A world whose choices, which unit goes next and the like, follow from a seed.
///
/// # Errors
/// As [`in_process`].
pub fn in_process_seeded(charm: impl Observer, metadata: Charm, seed: u64) -> Result<World, Error> {
    check(&charm, &metadata)?;
    Ok(World::in_process(metadata, seed, program(charm)))
}

/// A charm as a program for [`World::in_process`], which may be one of several in a world.
pub fn program(charm: impl Observer) -> impl Fn(Invocation) -> juju_sim::Ending + 'static {
    log::install();
    let charm = Rc::new(charm);
    move |invocation| {
        let Invocation { env, now, tools, .. } = invocation;
        match Env::from_vars(env) {
            Ok(env) => {
                let exit = dispatch(&*charm, env.with_now(now), Simulated(tools));
                juju_sim::Ending::Exit(exit.code().into())
            }
            Err(error) => {
                tools.stderr(&chain(&error).to_string());
                juju_sim::Ending::Exit(1)
            }
        }
    }
}

/// Compares what a charm observes with its metadata: the endpoints of its hooks, its actions, the configuration options
/// that it [declares](crate::Observers::config), and the interfaces that its library objects speak.
///
/// Not compared: endpoints that are only named in calls, as in `cx.relations("name")`, and the types of parameters and
/// options.
///
/// # Errors
/// Something is not declared, or the registration is unsound. The error names all of it.
pub fn check(charm: &impl Observer, metadata: &Charm) -> Result<(), Error> {
    let observed = observed(charm)?;
    let endpoints: Vec<String> = metadata.endpoints().map(|endpoint| endpoint.name.clone()).collect();
    let actions: Vec<String> = metadata.action_names().map(str::to_owned).collect();
    let config: Vec<String> = metadata.config_keys().map(str::to_owned).collect();
    let mut flaws = Vec::new();
    for (what, wanted, declared) in [
        ("endpoint", &observed.endpoints, &endpoints),
        ("action", &observed.actions, &actions),
        ("configuration option", &observed.config, &config),
    ] {
        let lacking = wanted.iter().filter(|name| !declared.contains(name));
        flaws.extend(lacking.map(|name| format!("the charm observes {what} {name}, which its metadata lacks")));
    }
    for (name, interface) in &observed.peers {
        let declared = metadata.endpoints().find(|endpoint| endpoint.name == *name);
        let good = declared.is_none_or(|it| it.role == Role::Peer && it.interface == *interface);
        if !good {
            flaws.push(format!("endpoint {name} has to be a peer endpoint with interface {interface} in the metadata"));
        }
    }
    if flaws.is_empty() { Ok(()) } else { Err(Error::registration(flaws.join("; "))) }
}

struct Simulated(Tools);

impl Transport for Simulated {
    fn call(&self, call: &Call) -> io::Result<Output> {
        let argv: Vec<String> = std::iter::once(call.command.to_owned()).chain(call.args.iter().cloned()).collect();
        let output = self.0.call(&argv, call.stdin.as_deref());
        Ok(Output { ending: Ending::Exited(output.code), stdout: output.stdout, stderr: output.stderr })
    }

    fn debug(&self, line: &str) {
        self.0.stdout(line);
    }

    fn complain(&self, line: &str) {
        self.0.stderr(line);
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulated")
    }
}
