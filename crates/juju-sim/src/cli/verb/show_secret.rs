use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command, value_parser};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{form, give, with_forms};
use crate::cli::secrets::{Content, SecretView, find, values};

pub(super) const VERB: Verb = Verb {
    name: "show-secret",
    aliases: &[],
    about: "Show what is known of a secret, and its content where that is asked for",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let revision = Arg::new("revision").long("revision").short('r').value_name("NUMBER");
    let command = command
        .arg(Arg::new("secret").required(true).value_name("SECRET").help("Its URI or name"))
        .arg(switch("reveal").help("Show its content"))
        .arg(switch("revisions").help("Show its revisions").conflicts_with_all(["reveal", "revision"]))
        .arg(revision.value_parser(value_parser!(u64)).help("The revision to reveal, in place of the newest"));
    with_forms(command, &["yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let id = find(&session, call.text("secret"))?;
    let model = session.world.model();
    let secret = model.secrets.get(&id).ok_or_else(|| format!("secret {id:?} not found"))?;
    let mut view = SecretView::of(secret).with_access(secret);
    if call.flag("revisions") {
        view = view.with_revisions(secret);
    }
    let revision = call.matches.get_one::<u64>("revision").copied().unwrap_or(secret.latest);
    if call.flag("reveal") || call.matches.contains_id("revision") {
        let content = secret.revisions.get(&revision);
        let data = values(content.ok_or_else(|| format!("secret revision {id}/{revision} not found"))?);
        if call.flag("reveal") {
            view.content =
                Some(if form(call.matches) == "json" { Content::Json { data } } else { Content::Yaml(data) });
        }
    }
    if call.matches.contains_id("revision") {
        view.revision = revision;
    }
    give(call, &BTreeMap::from([(id, view)]), String::new)
}
