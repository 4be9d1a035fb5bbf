//! Juju: hook command `secret-revoke`.

use super::flags::{self, Flag};
use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure, SecretTarget, names, relation_flag, secret_uri};

pub(super) const COMMAND: Command = Command {
    name: "secret-revoke",
    args: "<secret>",
    purpose: "Takes back what secret-grant gave, if the hook succeeds.",
    flags: &[
        flags::RELATION,
        Flag::text(&["app", "application"], "from this application"),
        Flag::text(&["unit"], "from this unit"),
    ],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = secret_uri::required(call)?;
    let from = target(call).map_err(Failure::Arguments)?;
    call.at_most(1)?;
    call.cx.revoke_secret(&id, from)?;
    Ok(None)
}

/// From whom. The relation of a running hook counts as given.
fn target(call: &Call<'_>) -> Result<SecretTarget, String> {
    let (application, unit) = (call.flags.text("app"), call.flags.text("unit"));
    if let Some(application) = application.filter(|name| !names::is_application(name)) {
        return Err(format!("application {} not valid", quote(application)));
    }
    if let Some(unit) = unit.filter(|name| names::unit_application(name).is_none()) {
        return Err(format!("unit {} not valid", quote(unit)));
    }
    match (relation_flag::given_or_default(call), application, unit) {
        (_, Some(_), Some(_)) => Err("specify only one of application or unit".to_owned()),
        (Some(_), Some(_), None) => Err("do not specify both relation and app".to_owned()),
        (Some(relation), None, None) => Ok(SecretTarget::Relation(relation)),
        (Some(relation), None, Some(unit)) => Ok(SecretTarget::RelationUnit(relation, unit.to_owned())),
        (None, Some(application), None) => Ok(SecretTarget::Application(application.to_owned())),
        (None, None, Some(unit)) => Ok(SecretTarget::Unit(unit.to_owned())),
        (None, None, None) => Err("missing relation or application or unit".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn targets() {
        for (mut fake, flags, target) in [
            (Fake::new(), "-r 3", "Relation(3)"),
            (Fake::new(), "-r 3 --unit mysql/0", "RelationUnit(3, \"mysql/0\")"),
            (Fake::new(), "--app mysql", "Application(\"mysql\")"),
            (Fake::new(), "--app x --application mysql --unit=", "Application(\"mysql\")"),
            (Fake::new(), "--unit mysql/0", "Unit(\"mysql/0\")"),
            (Fake::in_relation(), "--app=", "Relation(3)"),
            (Fake::in_relation(), "--unit x/0", "RelationUnit(3, \"x/0\")"),
        ] {
            check(&mut fake, &format!("secret-revoke 9m4e2mr0ui3e8a215n4g {flags}"), None, 0, "", "");
            assert_eq!(fake.calls, [format!("revoke_secret 9m4e2mr0ui3e8a215n4g {target}")]);
        }
    }

    #[test]
    fn errors() {
        for (mut fake, args, text) in [
            (Fake::new(), "", "missing secret URI"),
            (Fake::new(), " bad --app Bad", "secret URI \"bad\" not valid"),
            (Fake::new(), " 9m4e2mr0ui3e8a215n4g", "missing relation or application or unit"),
            (Fake::new(), " 9m4e2mr0ui3e8a215n4g --app 0/foo --unit bad", "application \"0/foo\" not valid"),
            (Fake::new(), " 9m4e2mr0ui3e8a215n4g --unit bad", "unit \"bad\" not valid"),
            (
                Fake::in_relation(),
                " 9m4e2mr0ui3e8a215n4g --app a --unit a/0",
                "specify only one of application or unit",
            ),
            (Fake::new(), " 9m4e2mr0ui3e8a215n4g -r 3 --app a", "do not specify both relation and app"),
            (Fake::in_relation(), " 9m4e2mr0ui3e8a215n4g --app a", "do not specify both relation and app"),
            (Fake::new(), " 9m4e2mr0ui3e8a215n4g x --app a", "unrecognized args: [\"x\"]"),
        ] {
            check(&mut fake, &format!("secret-revoke{args}"), None, 2, "", &format!("ERROR {text}\n"));
        }
    }
}
