//! Juju: hook command `secret-info-get`.

use std::collections::BTreeMap;

use super::flags::{self, Flag};
use super::format::{Field, Out};
use super::{Call, Command, Failure, SecretAccess, SecretInfo, secret_uri};

pub(super) const COMMAND: Command = Command {
    name: "secret-info-get",
    args: "[<secret>]",
    purpose: "Prints what is known about a secret that this unit owns or manages, save for its content.",
    flags: &[flags::DATA_FORMAT, flags::OUTPUT, Flag::text(&["label"], "the owner's name for the secret")],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let id = secret_uri::given(call)?;
    let label = call.flags.text("label").map(str::to_owned);
    match (&id, &label) {
        (None, None) => return Err(Failure::arguments("require either a secret URI or label")),
        (Some(_), Some(_)) => {
            return Err(Failure::arguments("specify either a secret URI or label but not both"));
        }
        _ => {}
    }
    call.at_most(1)?;
    let (id, info) = call.cx.secret_info(id.as_deref(), label.as_deref())?;
    Ok(Some(Out::Map(BTreeMap::from([(id, details(info))]))))
}

fn details(info: SecretInfo) -> Out {
    let mut fields = vec![
        Field::new("revision", Out::Integer(info.revision)),
        Field::new("label", info.label),
        Field::new("owner", info.owner.to_string()),
    ];
    let times = [("expiry", info.expiry), ("rotates", info.rotates)];
    let times = times.map(|(name, time)| time.map(|time| Field::new(name, Out::Time(time))));
    fields.extend(Some(info.description).filter(|text| !text.is_empty()).map(|text| Field::new("description", text)));
    fields.extend(info.rotation.map(|policy| Field::new("rotation", policy.to_string())));
    fields.extend(times.into_iter().flatten());
    if !info.access.is_empty() {
        fields.push(Field::new("access", Out::List(info.access.into_iter().map(grant).collect())));
    }
    Out::Struct(fields)
}

fn grant(access: SecretAccess) -> Out {
    Out::Struct(vec![
        Field::new("target", access.target),
        Field::new("scope", access.scope),
        Field::new("role", access.role),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            (
                "secret-info-get secret:9m4e2mr0ui3e8a215n4g",
                "9m4e2mr0ui3e8a215n4g:\n  revision: 2\n  label: db\n  owner: application\n  description: the db\n  \
                 rotation: monthly\n  expiry: 2031-02-03T04:05:06Z\n  rotates: 2030-01-01T00:00:00Z\n  access:\n  \
                 - target: application-mysql\n    scope: relation-wordpress.db#mysql.server\n    role: view",
            ),
            (
                "secret-info-get 9m4e2mr0ui3e8a215n4g --format json",
                concat!(
                    r#"{"9m4e2mr0ui3e8a215n4g":{"revision":2,"label":"db","owner":"application","#,
                    r#""description":"the db","rotation":"monthly","expiry":"2031-02-03T04:05:06Z","#,
                    r#""rotates":"2030-01-01T00:00:00Z","access":[{"target":"application-mysql","#,
                    r#""scope":"relation-wordpress.db#mysql.server","role":"view"}]}}"#,
                ),
            ),
            (
                "secret-info-get --label bare --format json",
                r#"{"9m4e2mr0ui3e8a215n50":{"revision":1,"label":"","owner":"unit"}}"#,
            ),
            ("secret-info-get --label bare", "9m4e2mr0ui3e8a215n50:\n  revision: 1\n  label: \"\"\n  owner: unit"),
        ] {
            check(&mut Fake::new(), argv, None, 0, &format!("{stdout}\n"), "");
        }
    }

    #[test]
    fn errors() {
        for (argv, code, text) in [
            ("secret-info-get --label=", 2, "require either a secret URI or label"),
            ("secret-info-get bad --label x", 2, "secret URI \"bad\" not valid"),
            (
                "secret-info-get 9m4e2mr0ui3e8a215n4g x --label x",
                2,
                "specify either a secret URI or label but not both",
            ),
            ("secret-info-get 9m4e2mr0ui3e8a215n4g x", 2, "unrecognized args: [\"x\"]"),
            ("secret-info-get --label none", 1, "secret \"none\" not found"),
        ] {
            check(&mut Fake::new(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
    }
}
