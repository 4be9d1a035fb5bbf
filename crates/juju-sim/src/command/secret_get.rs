//! Juju: hook command `secret-get`.

use std::collections::BTreeMap;

use super::flags::{self, Flag};
use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure, Look, base64_text, secret_content, secret_uri};

pub(super) const COMMAND: Command = Command {
    name: "secret-get",
    args: "[<secret>] [<key>[#base64]]",
    purpose: "Prints the content of a secret, named by its URI or its label. With both, it gets the label.",
    flags: &[
        flags::DATA_FORMAT,
        flags::OUTPUT,
        Flag::text(&["label"], "this unit's name for the secret"),
        Flag::switch(&["peek"], "look at the latest revision, this once"),
        Flag::switch(&["refresh"], "look at the latest revision, from now on"),
    ],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = secret_uri::given(call)?;
    let label = call.flags.text("label").map(str::to_owned);
    if id.is_none() && label.is_none() {
        return Err(Failure::arguments("require either a secret URI or label"));
    }
    let look = match (call.flags.on("peek"), call.flags.on("refresh")) {
        (true, true) => return Err(Failure::arguments("specify one of --peek or --refresh but not both")),
        (true, false) => Look::Peek,
        (false, true) => Look::Refresh,
        (false, false) => Look::Tracked,
    };
    call.at_most(2)?;
    let content = call.cx.secret_content(id.as_deref(), label.as_deref(), look)?.0;
    let Some(key) = call.arg(1).filter(|key| !key.is_empty()) else {
        let decoded = content.into_iter().map(|(key, value)| Ok((key, base64_text::decode(&value)?.into())));
        return Ok(Some(Out::Map(decoded.collect::<Result<BTreeMap<_, _>, String>>()?)));
    };
    let encoded = key.strip_suffix(secret_content::BASE64);
    let key = encoded.unwrap_or(key);
    let value = content.get(key).ok_or_else(|| format!("secret key value {} not found", quote(key)))?;
    Ok(Some(if encoded.is_some() { value.as_str().into() } else { base64_text::decode(value)?.into() }))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            ("secret-get secret:9m4e2mr0ui3e8a215n4g", "abc: \"1\"\nuser: admin\n"),
            ("secret-get 9m4e2mr0ui3e8a215n4g --format json", "{\"abc\":\"1\",\"user\":\"admin\"}\n"),
            ("secret-get 9m4e2mr0ui3e8a215n4g user", "admin\n"),
            ("secret-get 9m4e2mr0ui3e8a215n4g abc", "\"1\"\n"),
            ("secret-get 9m4e2mr0ui3e8a215n4g abc#base64 --format yaml", "MQ==\n"),
            ("secret-get --label mine --format json", "{\"abc\":\"1\",\"user\":\"admin\"}\n"),
        ] {
            check(&mut Fake::new(), argv, None, 0, stdout, "");
        }
        let mut fake = Fake::new();
        for argv in [
            "secret-get 9m4e2mr0ui3e8a215n4g user --label=",
            "secret-get 9m4e2mr0ui3e8a215n4g user --peek --label l",
            "secret-get user --refresh 9m4e2mr0ui3e8a215n4g",
        ] {
            let _ = super::super::fake::run(&mut fake, argv, None);
        }
        assert_eq!(
            fake.calls,
            [
                "secret_content Some(\"9m4e2mr0ui3e8a215n4g\") None Tracked",
                "secret_content Some(\"9m4e2mr0ui3e8a215n4g\") Some(\"l\") Peek",
            ]
        );
    }

    #[test]
    fn content_that_is_no_text() {
        let content = [("bin", "gIE="), ("bad", "!!!")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let secret = super::super::SecretContent(content.into());
        let mut fake = Fake { secret, ..Fake::new() };
        let uri = "9m4e2mr0ui3e8a215n4g";
        for (args, stdout) in [
            (&[uri, "bin"][..], "!!binary gIE=\n"),
            (&[uri, "bin", "--format=json"], "\"\\ufffd\\ufffd\"\n"),
            (&[uri, "bin#base64"], "gIE=\n"),
            (&[uri, "bad#base64"], "'!!!'\n"),
        ] {
            check_args(&mut fake, "secret-get", args, None, 0, stdout, "");
        }
        for args in [&[uri][..], &[uri, "bad"]] {
            check_args(&mut fake, "secret-get", args, None, 1, "", "ERROR illegal base64 data at input byte 0\n");
        }
    }

    #[test]
    fn errors() {
        for (argv, code, text) in [
            ("secret-get", 2, "require either a secret URI or label"),
            ("secret-get --label= --peek", 2, "require either a secret URI or label"),
            ("secret-get bad --peek --refresh", 2, "secret URI \"bad\" not valid"),
            ("secret-get --label x --peek --refresh", 2, "specify one of --peek or --refresh but not both"),
            ("secret-get 9m4e2mr0ui3e8a215n4g a b", 2, "unrecognized args: [\"b\"]"),
            ("secret-get 9m4e2mr0ui3e8a215n4g user#file", 1, "secret key value \"user#file\" not found"),
            ("secret-get 9m4e2mr0ui3e8a215n4g no#base64", 1, "secret key value \"no\" not found"),
            ("secret-get --label none", 1, "consumer label \"none\" not found"),
        ] {
            check(&mut Fake::new(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
    }
}
