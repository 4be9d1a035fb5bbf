//! Juju: hook command `storage-add`.

use std::collections::BTreeMap;

use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure, storage_directive};

pub(super) const COMMAND: Command = Command {
    name: "storage-add",
    args: "<storage name>[=<count>] [...]",
    purpose: "Asks for more storage instances, if the hook succeeds; one where no count is given.",
    flags: &[],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    if call.flags.args.is_empty() {
        return Err(Failure::arguments("storage add requires a storage directive"));
    }
    for (name, count) in counts(&call.flags.args).map_err(Failure::Arguments)? {
        call.cx.add_storage(&name, count)?;
    }
    Ok(None)
}

fn counts(args: &[String]) -> Result<BTreeMap<String, u64>, String> {
    let mut counts = BTreeMap::new();
    for arg in args {
        let (name, directive) = arg.split_once('=').map_or((arg.as_str(), None), |(name, text)| (name, Some(text)));
        if name.is_empty() || directive.is_some_and(|text| text.contains('=')) {
            return Err(format!("expected \"name=constraints\" or \"name\", got {}", quote(arg)));
        }
        if counts.contains_key(name) {
            return Err(format!("storage {} specified more than once", quote(name)));
        }
        let annotated = |text| format!("cannot parse constraints for storage {}: {text}", quote(name));
        let count = directive.map_or(Ok(Some(1)), storage_directive::count).map_err(annotated)?;
        counts.insert(name.to_owned(), count);
    }
    // What asks for more than a count is refused after all is read.
    let only_counts = counts.into_iter().map(|(name, count)| match count {
        Some(count) => Ok((name, count)),
        None => Err(format!("only count can be specified for {}", quote(&name))),
    });
    only_counts.collect()
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn storage_add() {
        let mut fake = Fake::new();
        check(&mut fake, "storage-add logs data=3 -- -x", None, 0, "", "");
        check(&mut fake, "storage-add da/ta", None, 0, "", "");
        assert_eq!(fake.calls, ["add_storage -x 1", "add_storage data 3", "add_storage logs 1", "add_storage da/ta 1"]);
        let parsing = "cannot parse constraints for storage \"data\": ";
        for (args, text) in [
            (&[][..], "storage add requires a storage directive"),
            (&[""], "expected \"name=constraints\" or \"name\", got \"\""),
            (&["=1"], "expected \"name=constraints\" or \"name\", got \"=1\""),
            (&["data=1=2"], "expected \"name=constraints\" or \"name\", got \"data=1=2\""),
            (&["data", "data="], "storage \"data\" specified more than once"),
            (&["data=x", "logs=1"], "only count can be specified for \"data\""),
            (&["data=1.5"], &format!("{parsing}unrecognized storage constraint \"1.5\" not valid")),
        ] {
            let mut fake = Fake::new();
            check_args(&mut fake, "storage-add", args, None, 2, "", &format!("ERROR {text}\n"));
            assert!(fake.calls.is_empty());
        }
    }
}
