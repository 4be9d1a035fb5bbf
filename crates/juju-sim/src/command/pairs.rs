//! `key=value` arguments, alone or on top of those in a `--file`.

use super::file::{self, Source};
use super::quote::quote;
use super::{Call, Failure, Settings, settings_file};

/// Reads the pairs of the arguments. An `Err` is a text for exit 2.
fn parse(args: &[String]) -> Result<Settings, String> {
    let mut pairs = Settings::new();
    for arg in args.iter().filter(|arg| !arg.is_empty()) {
        let Some((key, value)) = arg.split_once('=') else {
            return Err(format!("expected \"key=value\", got {}", quote(arg)));
        };
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() {
            return Err(format!("expected \"key=value\", got \"={value}\""));
        }
        if pairs.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!("key {} specified more than once", quote(key)));
        }
    }
    Ok(pairs)
}

/// The pairs of a call, from its arguments and its `--file`; those of the arguments win.
pub(super) fn of_call(call: &Call<'_>) -> Result<Settings, Failure> {
    let inline = parse(&call.flags.args).map_err(Failure::Arguments)?;
    let bytes = match call.flags.text("file").map(Source::of) {
        None => return Ok(inline),
        Some(Source::Stdin) => call.stdin.ok_or(Failure::NeedsStdin)?.to_vec(),
        Some(Source::File(path)) => file::read(path, call.cwd)?,
    };
    let mut pairs = settings_file::parse(&bytes)?;
    pairs.extend(inline);
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check_args};

    #[test]
    fn pairs_of_arguments() {
        for (args, written) in [
            (&["foo=bar=baz=qux", "", "empty="][..], "empty= foo=bar=baz=qux"),
            (&[" a \n= b c\t", "d.$=e"], "a=b c d.$=e"),
            (&[], ""),
        ] {
            let mut fake = Fake::in_relation();
            check_args(&mut fake, "relation-set", args, None, 0, "", "");
            assert_eq!(fake.calls, [format!("write_unit_bag 3 {written}").trim_end()]);
        }
        for (args, text) in [
            (&["haha"][..], r#"expected "key=value", got "haha""#),
            (&[" "], r#"expected "key=value", got " ""#),
            (&["=haha"], r#"expected "key=value", got "=haha""#),
            (&["\t= haha "], r#"expected "key=value", got "=haha""#),
            (&["="], r#"expected "key=value", got "=""#),
            (&["foo=1", "foo =2"], r#"key "foo" specified more than once"#),
        ] {
            for name in ["relation-set", "state-set"] {
                let mut fake = Fake::in_relation();
                check_args(&mut fake, name, args, None, 2, "", &format!("ERROR {text}\n"));
                assert!(fake.calls.is_empty());
            }
        }
    }

    #[test]
    fn arguments_override_the_file_and_only_they_are_trimmed() {
        let mut fake = Fake::in_relation();
        check_args(&mut fake, "relation-set", &["--file", "-", "a= 1 "], Some(b"{a: x, b: ' y '}"), 0, "", "");
        assert_eq!(fake.calls, ["write_unit_bag 3 a=1 b= y "]);
    }
}
