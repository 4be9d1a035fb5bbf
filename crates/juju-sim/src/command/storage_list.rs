//! Juju: hook command `storage-list`.

use super::format::Out;
use super::{Call, Command, Failure, flags, names};

pub(super) const COMMAND: Command = Command {
    name: "storage-list",
    args: "[<storage name>]",
    purpose: "Lists the storage instances of this unit, all of them or those of one name.",
    flags: &[flags::FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(1)?;
    let mut ids = call.cx.storage_ids()?;
    if let Some(name) = call.arg(0).filter(|name| !name.is_empty()) {
        ids.retain(|id| names::storage_name(id) == name);
    }
    Ok(Some(Out::Texts(ids)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn storage_list() {
        for (args, stdout) in [
            (&[][..], "logs/2\ndata/0\ndata/1\n"),
            (&[""], "logs/2\ndata/0\ndata/1\n"),
            (&["data"], "data/0\ndata/1\n"),
            (&["logs", "--format=json"], "[\"logs/2\"]\n"),
            (&["dat", "--format=json"], "[]\n"),
            (&["dat"], ""),
        ] {
            check_args(&mut Fake::new(), "storage-list", args, None, 0, stdout, "");
        }
        check(&mut Fake::new(), "storage-list a b", None, 2, "", "ERROR unrecognized args: [\"b\"]\n");
    }
}
