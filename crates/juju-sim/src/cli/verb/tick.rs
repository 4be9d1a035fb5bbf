use clap::{Arg, ArgAction, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::duration;
use crate::cli::failure::Failure;
use crate::cli::mirror;
use crate::cli::session::Session;

pub(super) const VERB: Verb = Verb {
    name: "tick",
    aliases: &[],
    about: "Let time pass: update-status, timers, secrets that rotate or expire, and the hooks that follow",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

/// The most `update-status` rounds of one call.
const MOST: u64 = 10_000;
/// How far apart they are where the model's options say nothing.
const INTERVAL: &str = "5m";

fn arguments(command: Command) -> Command {
    let time =
        Arg::new("time").value_name("TIME").help("How long, such as 90s or 1h30m; else until the next update-status");
    let quiet = Arg::new("no-update-status").long("no-update-status").action(ArgAction::SetTrue);
    command.arg(time).arg(quiet.help("Without update-status"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let interval = session.records.settings.config.get("update-status-hook-interval").and_then(|it| it.as_str());
    let interval = duration::parse(interval.unwrap_or(INTERVAL))?.as_secs().max(1);
    let now = session.world.model().seconds();
    let until_next = interval - now % interval;
    let time = match call.matches.get_one::<String>("time") {
        Some(time) => duration::parse(time)?.as_secs(),
        None => until_next,
    };
    let rounds = match call.flag("no-update-status") {
        true => 0,
        false => now.saturating_add(time) / interval - now / interval,
    };
    if rounds > MOST {
        return Err(format!("that is {rounds} times update-status, and {MOST} is the most").into());
    }
    let mut left = time;
    for round in 0..rounds {
        let pause = if round == 0 { until_next } else { interval };
        let pause = pause.min(left);
        left -= pause;
        pass(&session, pause);
        for unit in session.world.units() {
            session.world.tick(&unit)?;
        }
        mirror::settle(call, &store, &mut session)?;
    }
    pass(&session, left);
    call.settle(&store, &mut session)
}

/// Lets time pass, whose `update-status` is the rounds' business.
fn pass(session: &Session, seconds: u64) {
    session.world.change(|model| {
        model.advance(seconds);
        model.wake_all();
    });
}
