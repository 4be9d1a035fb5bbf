use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::store::Store;
use crate::{Fault, Observation, Target, ToolOutput};

pub(super) const VERB: Verb = Verb {
    name: "fault",
    aliases: &[],
    about: "Let something go wrong on a unit: in its next hook or action, or with its agent now",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

/// What can go wrong, with what each takes.
const KINDS: &str = "\
In the next hook or action:
  fail                     it counts as having exited with 1
  kill-at N                it is killed once N hook commands have taken effect
  crash-before-flush       the agent dies before anything of it is public
  crash-after-flush        the agent dies when all of it is, and runs it again
  reject-flush             the controller refuses what it sends at its end
  lose-leadership-at N     another unit leads once N hook commands have run
  answer COMMAND CODE TEXT a hook command prints TEXT and exits with CODE
  hang COMMAND             a hook command never answers
  refuse CALL TEXT         the controller refuses a call, such as
                           Uniter.NetworkInfo
  absent COMMAND           a hook command is not on PATH
With the agent, now:
  pause | resume           it is down, or up again
  restart                  it starts anew
  reboot                   its machine does
  lead                     its unit leads from now on
  hold WHAT                it does not hear of changes from now on: leadership,
                           config, upgrade, secrets or storage
  hold relation RELATION   nor of who is in a relation, and of their databags
  release                  it hears of everything again
And:
  clear                    nothing of what was to happen happens";

fn arguments(command: Command) -> Command {
    let words = Arg::new("words").num_args(0..).allow_hyphen_values(true).value_name("VALUE");
    command
        .arg(Arg::new("unit").required(true).value_name("UNIT").help("The unit"))
        .arg(Arg::new("kind").required(true).value_name("KIND").help("What goes wrong"))
        .arg(words.help("What that takes"))
        .after_help(KINDS)
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (unit, kind, words) = (call.text("unit"), call.text("kind"), call.texts("words"));
    let (store, mut session) = call.open()?;
    let world = &mut session.world;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<usize>().map_err(|_| Failure::Usage(format!("{text:?} is no number")));
    let fault = match (kind, words.as_slice()) {
        ("fail", []) => Fault::Fail,
        ("kill-at", [nth]) => Fault::KillAt(number(nth)?),
        ("crash-before-flush", []) => Fault::CrashBeforeFlush,
        ("crash-after-flush", []) => Fault::CrashAfterFlush,
        ("reject-flush", []) => Fault::RejectFlush,
        ("lose-leadership-at", [nth]) => Fault::LoseLeadershipAt(number(nth)?),
        ("answer", [command, code, text]) => {
            let code = code.parse::<u8>().map_err(|_| Failure::Usage(format!("{code:?} is no exit code")))?;
            let (stdout, stderr) = match code {
                0 => (text.as_bytes().to_vec(), Vec::new()),
                _ => (Vec::new(), text.as_bytes().to_vec()),
            };
            let output = ToolOutput { code: code.into(), stdout, stderr };
            Fault::Answer { to: Target::Command((*command).to_owned()), output }
        }
        ("hang", [command]) => Fault::Hang(Target::Command((*command).to_owned())),
        ("refuse", [name, text]) => Fault::Refuse { call: (*name).to_owned(), text: (*text).to_owned() },
        ("absent", [command]) => Fault::Absent((*command).to_owned()),
        ("pause", []) => return done(call, &store, session, |world| world.pause(unit)),
        ("resume", []) => return done(call, &store, session, |world| world.resume(unit)),
        ("restart", []) => return done(call, &store, session, |world| world.restart_agent(unit)),
        ("reboot", []) => return done(call, &store, session, |world| world.reboot(unit)),
        ("lead", []) => return done(call, &store, session, |world| world.set_leader(unit)),
        ("hold", ["relation", relation]) => {
            return done(call, &store, session, |world| world.hold_relation(unit, *relation));
        }
        ("hold", [what]) => {
            let what = observation(what)?;
            return done(call, &store, session, |world| world.hold(unit, what));
        }
        ("release", []) => return done(call, &store, session, |world| world.release(unit)),
        ("clear", []) => {
            return done(call, &store, session, |world| {
                world.model().unit(unit)?;
                world.forget_faults(unit);
                Ok(())
            });
        }
        _ => {
            let text = format!("{kind:?} with {} values is nothing that can go wrong\n\n{KINDS}", words.len());
            return Err(Failure::Usage(text));
        }
    };
    world.inject(unit, fault)?;
    session.keep()?;
    Ok(session.end()?)
}

/// What an agent may hear of late.
fn observation(name: &str) -> Result<Observation, Failure> {
    Ok(match name {
        "leadership" => Observation::Leadership,
        "config" => Observation::Config,
        "upgrade" => Observation::Upgrade,
        "secrets" => Observation::Secrets,
        "storage" => Observation::Storage,
        _ => return Err(Failure::Usage(format!("{name:?} is nothing that an agent hears of late"))),
    })
}

fn done(
    call: &mut Call<'_, '_>,
    store: &Store,
    mut session: Session,
    act: impl FnOnce(&mut crate::World) -> Result<(), crate::SimError>,
) -> Result<(), Failure> {
    act(&mut session.world)?;
    call.settle(store, &mut session)
}
