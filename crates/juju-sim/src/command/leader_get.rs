//! Juju: hook command `leader-get`.

use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure, flags};

pub(super) const COMMAND: Command = Command {
    name: "leader-get",
    args: "[<key>|-]",
    purpose: "Prints one of the leader's settings, or all of them.",
    flags: &[flags::FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let key = call.arg(0).filter(|key| !matches!(*key, "" | "-")).map(str::to_owned);
    if let Some(key) = key.as_deref().filter(|key| key.contains('=')) {
        return Err(Failure::arguments(format!("invalid key {}", quote(key))));
    }
    call.at_most(1)?;
    let settings = call.cx.leader_settings();
    let mut settings = settings.map_err(|text| format!("cannot read leadership settings: {text}"))?;
    Ok(Some(match key {
        None => settings.into(),
        Some(key) => settings.remove(&key).map_or(Out::Null, Out::Text),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn answers() {
        for (args, stdout) in [
            (&["--format=json"][..], "{\"four\":\"4\",\"none\":\"\"}\n"),
            (&["-"], "four: \"4\"\nnone: \"\"\n"),
            (&[""], "four: \"4\"\nnone: \"\"\n"),
            (&["four"], "4\n"),
            (&["none"], ""),
            (&["none", "--format=json"], "\"\"\n"),
            (&["five"], ""),
            (&["five", "--format=json"], "null\n"),
        ] {
            check_args(&mut Fake::new(), "leader-get", args, None, 0, stdout, "");
        }
        let mut empty = Fake { state: Default::default(), ..Fake::new() };
        check(&mut empty, "leader-get --format json", None, 0, "{}\n", "");
        check(&mut Fake::new(), "leader-get a=b c", None, 2, "", "ERROR invalid key \"a=b\"\n");
        check(&mut Fake::new(), "leader-get a b", None, 2, "", "ERROR unrecognized args: [\"b\"]\n");
        let mut gone = Fake { leader: Err("gone".into()), ..Fake::new() };
        let stderr = "ERROR cannot read leadership settings: cannot read settings: gone\n";
        check(&mut gone, "leader-get", None, 1, "", stderr);
    }
}
