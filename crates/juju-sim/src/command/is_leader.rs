//! Juju: hook command `is-leader`.

use super::format::Out;
use super::{Call, Command, Failure, flags};

pub(super) const COMMAND: Command = Command {
    name: "is-leader",
    args: "",
    purpose: "Prints whether this unit leads the application.",
    flags: &[flags::FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(0)?;
    let leader = call.cx.is_leader().map_err(|text| format!("leadership status unknown: {text}"))?;
    Ok(Some(Out::Bool(leader)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn is_leader() {
        check(&mut Fake::new(), "is-leader", None, 0, "True\n", "");
        check(&mut Fake::new(), "is-leader --format=json", None, 0, "true\n", "");
        let mut fake = Fake { leader: Ok(false), ..Fake::new() };
        check(&mut fake, "is-leader", None, 0, "False\n", "");
        let mut fake = Fake { leader: Err("gone".into()), ..Fake::new() };
        check(&mut fake, "is-leader", None, 1, "", "ERROR leadership status unknown: gone\n");
        check(&mut fake, "is-leader x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
    }
}
