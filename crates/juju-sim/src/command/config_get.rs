//! Juju: hook command `config-get`.

use super::flags::{self, Flag};
use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "config-get",
    args: "[<key>]",
    purpose: "Prints an option of the application's configuration, or all that are set.",
    flags: &[flags::FORMAT, flags::OUTPUT, Flag::switch(&["all", "a"], "print options without a value too")],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(1)?;
    let key = call.arg(0).filter(|key| !key.is_empty()).map(str::to_owned);
    let all = call.flags.on("all");
    if let (Some(key), true) = (&key, all) {
        return Err(Failure::arguments(format!("cannot use argument --all together with key {}", quote(key))));
    }
    let mut config = call.cx.config()?;
    Ok(Some(match key {
        Some(key) => config.remove(&key).flatten().map_or(Out::Null, Out::from),
        None => {
            let shown = config.into_iter().filter(|(_, value)| all || value.is_some());
            Out::Map(shown.map(|(key, value)| (key, value.map_or(Out::Null, Out::from))).collect())
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            ("config-get --format json", r#"{"count":1000000,"flag":true,"title":"My Title"}"#),
            ("config-get", "count: 1e+06\nflag: true\ntitle: My Title"),
            ("config-get --all --format json", r#"{"count":1000000,"flag":true,"title":"My Title","unset":null}"#),
            ("config-get -a", "count: 1e+06\nflag: true\ntitle: My Title\nunset: null"),
            ("config-get count", "1e+06"),
            ("config-get count --format json", "1000000"),
            ("config-get flag", "True"),
            ("config-get flag --format yaml", "true"),
            ("config-get title", "My Title"),
            ("config-get unset --format json", "null"),
            ("config-get - --format json", "null"),
            ("config-get nope", ""),
            ("config-get nope --format yaml", ""),
        ] {
            let stdout = if stdout.is_empty() { String::new() } else { format!("{stdout}\n") };
            check(&mut Fake::new(), argv, None, 0, &stdout, "");
        }
        let mut bare = Fake { config: Default::default(), ..Fake::new() };
        check(&mut bare, "config-get --format json", None, 0, "{}\n", "");
    }

    #[test]
    fn errors() {
        for (argv, text) in [
            ("config-get --all monsters", "cannot use argument --all together with key \"monsters\""),
            ("config-get some keys", "unrecognized args: [\"keys\"]"),
        ] {
            check(&mut Fake::new(), argv, None, 2, "", &format!("ERROR {text}\n"));
        }
    }
}
