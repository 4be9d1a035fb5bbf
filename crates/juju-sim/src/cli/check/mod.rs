//! `juju-sim check`: what would go wrong with a charm.

mod account;
mod daemon;
mod declared;
mod finding;
mod life;
mod look;
mod sample;
mod timing;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::arguments::Format;
use super::failure::Failure;
use super::layout::Files;
use super::progress::Progress;
use super::report::{Report, width};
use crate::{Charm, Revision, SimError};
use account::Account;
use finding::{Finding, Findings, Severity};
use life::Lived;

/// What `juju-sim check` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The charm may be in any language. Its files are read by Juju's rules. Then three
units of it live in the simulator from install to remove: options change,
relations come and go whose other side says nothing, storage, actions, another
leader, a reboot, a refresh, and a unit each of whose hooks is killed once.

The code of the charm runs on this machine and as you. Check one that installs
packages, or that you do not trust, in a container.

Exit code: 0 when nothing is wrong, 1 when something is, 2 when the charm could
not be checked.")]
pub(super) struct CheckArguments {
    /// A packed charm, or a directory with one that is unpacked.
    #[arg(value_name = "CHARM")]
    charm: PathBuf,
    /// What everything random follows from, such as the order in which units run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seconds a hook or action may run before it is killed.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    time_limit: u64,
    /// How to tell what was found.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Take warnings for problems in the exit code.
    #[arg(long)]
    strict: bool,
}

/// Checks a charm and tells what was found.
///
/// # Errors
/// The charm has flaws, which were told; or what was given is no charm.
pub(super) fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let account = check(arguments).map_err(|error| Failure::Usage(error.to_string()))?;
    tell(&account, arguments.format);
    let failed = account.count(Severity::Problem) > 0 || (arguments.strict && account.count(Severity::Warning) > 0);
    if failed { Err(Failure::Code(1)) } else { Ok(()) }
}

fn check(arguments: &CheckArguments) -> Result<Account, SimError> {
    let started = Instant::now();
    let files = Files::of_charm(&arguments.charm)?;
    is_charm(&files.dir, &arguments.charm)?;
    let (charm, lived) = match Charm::from_dir_or_flaws(&files.dir) {
        Ok(charm) => {
            let mut lived = match declared::unable(&files) {
                Some(problem) => of_files(vec![problem]),
                None => live(arguments, &charm, &files)?,
            };
            declared::warnings(&charm, &files.dir).into_iter().for_each(|finding| lived.findings.push(finding));
            (Some(charm.name().to_owned()), lived)
        }
        Err(mut flaws) => {
            // No fault of the charm's.
            if flaws.iter().all(is_not_simulated) {
                return Err(flaws.swap_remove(0));
            }
            (None, of_files(declared::flaws(&flaws, &files.dir)))
        }
    };
    let Lived { findings, timings, runs, commands } = lived;
    Ok(Account {
        charm,
        seed: arguments.seed,
        findings: findings.sorted(),
        hooks: timings,
        runs,
        commands,
        seconds: started.elapsed().as_secs_f64(),
        again: again(arguments),
    })
}

fn of_files(found: Vec<Finding>) -> Lived {
    let mut findings = Findings::default();
    found.into_iter().for_each(|finding| findings.push(finding));
    Lived { findings, ..Lived::default() }
}

fn live(arguments: &CheckArguments, charm: &Charm, files: &Files) -> Result<Lived, SimError> {
    let revision = Revision::executable_of(charm.clone(), &files.dir)?;
    life::live(revision, arguments.seed, Duration::from_secs(arguments.time_limit), Progress::new())
}

/// Refuses a directory that has no charm in it.
fn is_charm(dir: &Path, given: &Path) -> Result<(), SimError> {
    let refuse = |why: &str| Err(SimError::Charm(format!("{}: {why}", given.display())));
    match (dir.join("metadata.yaml").is_file(), dir.join("charmcraft.yaml").is_file()) {
        (true, _) => Ok(()),
        (false, true) => refuse("it is a charm's project: pack it, and check what charmcraft makes of it"),
        (false, false) => refuse("there is no metadata.yaml in it"),
    }
}

/// Whether the simulator refuses what Juju does not.
fn is_not_simulated(flaw: &SimError) -> bool {
    let text = flaw.to_string();
    text.ends_with("not simulated") || text.ends_with("not supported")
}

/// The command line that does the same again.
fn again(arguments: &CheckArguments) -> String {
    let CheckArguments { charm, seed, time_limit, .. } = arguments;
    format!("juju-sim check {} --seed {seed} --time-limit {time_limit}", charm.display())
}

fn tell(account: &Account, format: Format) {
    match format {
        Format::Text => account.write(&mut Report { out: anstream::stdout(), width: width() }),
        Format::Json => {
            if let Ok(document) = serde_json::to_string_pretty(account) {
                // A reader that is gone has seen enough.
                let _ = writeln!(anstream::stdout(), "{document}");
            }
        }
    }
}
