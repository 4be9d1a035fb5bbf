use std::collections::BTreeMap;

use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};
use crate::cli::view::{StorageView, storage};

pub(super) const VERB: Verb = Verb {
    name: "show-storage",
    aliases: &[],
    about: "Show what is known of storage",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let ids = Arg::new("storage").required(true).num_args(1..).value_name("STORAGE").help("Such as data/0");
    with_forms(command.arg(ids), &["yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let mut all = storage(&session);
    let view = |id: &String| {
        let view = all.remove(id).ok_or_else(|| format!("storage {id:?} not found"))?;
        Ok((id.clone(), view))
    };
    let views: Result<BTreeMap<String, StorageView>, Failure> = call.texts("storage").iter().map(view).collect();
    give(call, &views?, String::new)
}
