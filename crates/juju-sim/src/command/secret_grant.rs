//! Juju: hook command `secret-grant`.

use super::flags::{self, Flag};
use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure, names, relation_flag, secret_uri};

pub(super) const COMMAND: Command = Command {
    name: "secret-grant",
    args: "<secret>",
    purpose: "Lets the application at the other side of a relation read a secret, if the hook succeeds.",
    flags: &[flags::RELATION, Flag::text(&["unit"], "only this unit")],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = secret_uri::required(call)?;
    let relation = relation_flag::required(call)?;
    let unit = call.flags.text("unit").map(str::to_owned);
    if let Some(unit) = &unit {
        let Some(application) = names::unit_application(unit) else {
            return Err(Failure::arguments(format!("unit {} not valid", quote(unit))));
        };
        let remote = call.cx.relation_app(relation).map_err(Failure::Arguments)?;
        if application != remote {
            return Err(Failure::arguments(format!(
                "cannot specify unit {} in relation to application {}",
                quote(unit),
                quote(&remote)
            )));
        }
    }
    call.at_most(1)?;
    call.cx.grant_secret(&id, relation, unit.as_deref())?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn secret_grant() {
        let mut fake = Fake::in_relation();
        check(&mut fake, "secret-grant 9m4e2mr0ui3e8a215n4g", None, 0, "", "");
        check(&mut fake, "secret-grant 9m4e2mr0ui3e8a215n4g -r 10 --unit mysql/7", None, 0, "", "");
        check(&mut fake, "secret-grant 9m4e2mr0ui3e8a215n4g --unit=", None, 0, "", "");
        assert_eq!(
            fake.calls,
            [
                "grant_secret 9m4e2mr0ui3e8a215n4g 3 None",
                "grant_secret 9m4e2mr0ui3e8a215n4g 10 Some(\"mysql/7\")",
                "grant_secret 9m4e2mr0ui3e8a215n4g 3 None",
            ]
        );
        for (argv, text) in [
            ("secret-grant", "missing secret URI"),
            ("secret-grant bad", "secret URI \"bad\" not valid"),
            ("secret-grant 9m4e2mr0ui3e8a215n4g --unit foo", "no relation id specified"),
            ("secret-grant 9m4e2mr0ui3e8a215n4g x -r 3 --unit foo", "unit \"foo\" not valid"),
            (
                "secret-grant 9m4e2mr0ui3e8a215n4g x -r 3 --unit foo/0",
                "cannot specify unit \"foo/0\" in relation to application \"mysql\"",
            ),
            ("secret-grant 9m4e2mr0ui3e8a215n4g x -r 3", "unrecognized args: [\"x\"]"),
        ] {
            check(&mut Fake::new(), argv, None, 2, "", &format!("ERROR {text}\n"));
        }
    }
}
