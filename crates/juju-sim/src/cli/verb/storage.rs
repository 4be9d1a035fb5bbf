use clap::{Arg, ArgAction, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::view::{StorageSection, storage};

pub(super) const VERB: Verb = Verb {
    name: "storage",
    aliases: &["list-storage"],
    about: "List the storage",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let command = command
        .arg(switch("filesystem").help("List filesystems").conflicts_with("volume"))
        .arg(switch("volume").help("List volumes"));
    with_forms(command, &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let mut section = StorageSection { storage: storage(&session) };
    for (flag, kind) in [("filesystem", "filesystem"), ("volume", "block")] {
        if call.flag(flag) {
            section.storage.retain(|_, it| it.kind == kind);
        }
    }
    let table = Table::of(&["Unit", "Storage ID", "Type", "Mountpoint", "Status", "Message"]);
    give(call, &section, || filled(table, &section).text())
}

/// A table with a row for each storage.
pub(super) fn filled(mut table: Table, section: &StorageSection) -> Table {
    for (id, it) in &section.storage {
        let attached = it.attachments.iter().flat_map(|it| &it.units).next();
        let (unit, place) = attached.map(|(unit, it)| (unit.as_str(), it.location.as_str())).unwrap_or_default();
        table.row([unit, id, &it.kind, place, &it.status.current, &it.status.message]);
    }
    table
}
