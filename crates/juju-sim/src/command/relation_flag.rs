//! The value of `-r`: a relation's number, with or without an endpoint that nobody checks.

use super::{Call, Failure, HookContext};

/// Reads a relation id. What stands before the last colon is ignored, as Juju does (`wrong:3` names relation 3).
pub(super) fn parse(cx: &dyn HookContext, value: &str) -> Result<u32, String> {
    let number = value.rsplit_once(':').map_or(value, |(_, number)| number);
    let number: i64 = number.parse().map_err(|_| "invalid relation id".to_owned())?;
    u32::try_from(number)
        .ok()
        .filter(|id| cx.relation_endpoint(*id).is_some())
        .ok_or_else(|| "relation not found".to_owned())
}

/// The relation of `-r`, else that of the running hook.
pub(super) fn given_or_default(call: &Call<'_>) -> Option<u32> {
    call.flags.relation.or_else(|| call.cx.hook_relation())
}

/// As [`given_or_default`], for commands that cannot do without.
pub(super) fn required(call: &Call<'_>) -> Result<u32, Failure> {
    given_or_default(call).ok_or_else(|| Failure::Arguments("no relation id specified".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn relation_ids() {
        for value in ["3", "db:3", "wrong:3", "a:b:3", "+3", "03"] {
            check(&mut Fake::new(), &format!("relation-list -r {value}"), None, 0, "mysql/0\nmysql/10\nmysql/2\n", "");
        }
        for (value, reason) in [
            ("one", "invalid relation id"),
            ("", "invalid relation id"),
            ("db:", "invalid relation id"),
            ("0x3", "invalid relation id"),
            ("99999999999999999999", "invalid relation id"),
            ("burble:123", "relation not found"),
            ("-1", "relation not found"),
            ("99999999999", "relation not found"),
        ] {
            for name in ["-r", "--relation"] {
                let stderr = format!("ERROR invalid value \"{value}\" for option {name}: {reason}\n");
                check(&mut Fake::new(), &format!("relation-list {name} {value}"), None, 2, "", &stderr);
            }
        }
        for command in ["relation-list", "relation-get - mysql/0", "relation-set haha", "relation-list x"] {
            check(&mut Fake::new(), command, None, 2, "", "ERROR no relation id specified\n");
        }
    }
}
