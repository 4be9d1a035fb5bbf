use clap::{Arg, Command};

use super::remove_unit::removal;
use super::{Verb, confirm};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::offers;

pub(super) const VERB: Verb = Verb {
    name: "remove-application",
    aliases: &[],
    about: "Remove applications with their units",
    arguments,
    has_model: true,
    idle: &[("no-wait", "nothing is waited for")],
    run,
};

fn arguments(command: Command) -> Command {
    let apps = Arg::new("applications").required(true).num_args(1..).value_name("APPLICATION");
    removal(command.arg(apps.help("The applications")))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let apps = call.texts("applications");
    let (store, mut session) = call.open()?;
    let mut plan = String::new();
    let mut storage = Vec::new();
    for app in &apps {
        session.world.model().application(app)?;
        let consumed = offers::connections(&session, Some(app));
        if consumed > 0 && !call.flag("force") {
            let why = format!("application is used by {consumed} relations of other models: use --force");
            return Err(format!("cannot destroy application {app:?}: {why}").into());
        }
        plan.push_str(&format!("will remove application {app}\n"));
        for unit in session.world.units_of(app) {
            plan.push_str(&format!("- will remove unit {unit}\n"));
            let ids = session.world.storage(&unit).into_iter().map(|it| it.id);
            for id in ids {
                let act = if call.flag("destroy-storage") { "remove" } else { "detach" };
                plan.push_str(&format!("- will {act} storage {id}\n"));
                storage.push(id);
            }
        }
    }
    if call.flag("dry-run") {
        call.terminal.print(&plan);
        return Ok(());
    }
    confirm(call, &format!("This command will perform the following actions:\n{}", plan.trim_end()), "y")?;
    for app in &apps {
        match call.flag("force") {
            true => session.world.remove_application_by_force(app)?,
            false => session.world.remove_application(app)?,
        }
    }
    if call.flag("destroy-storage") {
        session.doomed.extend(storage);
    }
    if call.flag("no-prompt") {
        call.terminal.say(plan.trim_end());
    }
    call.settle(&store, &mut session)
}
