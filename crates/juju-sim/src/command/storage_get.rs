//! Juju: hook command `storage-get`.

use std::collections::BTreeMap;

use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure, flags};

pub(super) const COMMAND: Command = Command {
    name: "storage-get",
    args: "[kind|location]",
    purpose: "Prints what a storage instance is and where: of -s, else of the storage hook that runs.",
    flags: &[flags::FORMAT, flags::OUTPUT, flags::STORAGE],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = call.flags.storage.as_deref().or(call.cx.hook_storage()).map(str::to_owned);
    let id = id.ok_or_else(|| Failure::arguments("no storage instance specified"))?;
    call.at_most(1)?;
    let info = call.cx.storage(&id)?;
    let (kind, location) = (info.kind.to_string(), info.location);
    Ok(Some(match call.arg(0) {
        None | Some("") => {
            Out::Map(BTreeMap::from([("kind".to_owned(), kind.into()), ("location".to_owned(), location.into())]))
        }
        Some("kind") => kind.into(),
        Some("location") => location.into(),
        Some(other) => return Err(Failure::Running(format!("invalid storage attribute {}", quote(other)))),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            ("storage-get -s data/0", "kind: filesystem\nlocation: /srv/data\n"),
            ("storage-get -sdata/1 --format json", "{\"kind\":\"block\",\"location\":\"/dev/sdb\"}\n"),
            ("storage-get -s data/1 kind", "block\n"),
            ("storage-get -s data/0 location --format json", "\"/srv/data\"\n"),
        ] {
            check(&mut Fake::new(), argv, None, 0, stdout, "");
        }
        let mut hook = Fake { storage: Some("data/1"), ..Fake::new() };
        check(&mut hook, "storage-get location", None, 0, "/dev/sdb\n", "");
        check(&mut hook, "storage-get -s data/0 location", None, 0, "/srv/data\n", "");
        check_args(&mut hook, "storage-get", &["", "--format=yaml"], None, 0, "kind: block\nlocation: /dev/sdb\n", "");
    }

    #[test]
    fn errors() {
        for (argv, code, text) in [
            ("storage-get x y", 2, "no storage instance specified"),
            ("storage-get -s data/0 kind y", 2, "unrecognized args: [\"y\"]"),
            ("storage-get -s Data/0", 2, "invalid value \"Data/0\" for option -s: invalid storage ID \"Data/0\""),
            ("storage-get -s data/9", 2, "invalid value \"data/9\" for option -s: storage \"data/9\" not found"),
            ("storage-get -s data/0 -", 1, "invalid storage attribute \"-\""),
        ] {
            check(&mut Fake::new(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
    }
}
