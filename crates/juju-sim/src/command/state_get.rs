//! Juju: hook command `state-get`.

use super::flags::{self, Flag};
use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "state-get",
    args: "[<key>|-]",
    purpose: "Prints a value of this unit's state, or all of it.",
    flags: &[flags::FORMAT, flags::OUTPUT, Flag::switch(&["strict"], "fail where the key is missing")],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(1)?;
    let key = call.arg(0).filter(|key| !matches!(*key, "" | "-")).map(str::to_owned);
    let mut state = call.cx.state()?;
    let Some(key) = key else {
        return Ok(Some(if state.is_empty() { Out::NilMap } else { state.into() }));
    };
    match state.remove(&key) {
        None if call.flags.on("strict") => Err(Failure::Running(format!("{} not found", quote(&key)))),
        // A missing key looks like an empty value.
        value => Ok(Some(value.unwrap_or_default().into())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            ("state-get --format json", "{\"four\":\"4\",\"none\":\"\"}\n"),
            ("state-get -", "four: \"4\"\nnone: \"\"\n"),
            ("state-get four", "4\n"),
            ("state-get four --format=json", "\"4\"\n"),
            ("state-get five --format=json", "\"\"\n"),
            ("state-get none --strict --format=json", "\"\"\n"),
            ("state-get five", ""),
        ] {
            check(&mut Fake::new(), argv, None, 0, stdout, "");
        }
        check_args(
            &mut Fake::new(),
            "state-get",
            &["", "--format=json"],
            None,
            0,
            "{\"four\":\"4\",\"none\":\"\"}\n",
            "",
        );
        let mut empty = Fake { state: Default::default(), ..Fake::new() };
        check(&mut empty, "state-get --format json", None, 0, "null\n", "");
        check(&mut empty, "state-get --format yaml", None, 0, "{}\n", "");
        check(&mut empty, "state-get", None, 0, "{}\n", "");
        check(&mut Fake::new(), "state-get --strict five", None, 1, "", "ERROR \"five\" not found\n");
        check(&mut Fake::new(), "state-get four five", None, 2, "", "ERROR unrecognized args: [\"five\"]\n");
    }
}
