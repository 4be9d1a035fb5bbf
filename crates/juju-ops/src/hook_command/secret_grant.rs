use super::{Command, nothing};
use crate::name::{AppName, RelationId, SecretId, UnitName};
use crate::transport::Call;

/// Lets the application on the other side of a relation read a secret, or one of its units alone, while there is the
/// relation. `secret-grant`; to grant again is no error.
///
/// Juju 3.6 takes one grant in a hook for a secret and a relation: of two units, the last is granted.
pub fn secret_grant(id: &SecretId, relation: &RelationId, unit: Option<&UnitName>) -> Command<()> {
    of("secret-grant", id, relation, unit)
}

/// Takes back what [`secret_grant`] gave with the same arguments. `secret-revoke --relation`.
pub fn secret_revoke(id: &SecretId, relation: &RelationId, unit: Option<&UnitName>) -> Command<()> {
    of("secret-revoke", id, relation, unit)
}

/// Takes back what was granted to an application, whichever the relation. `secret-revoke --app`, which Juju refuses in
/// the hooks of any relation.
pub fn secret_revoke_app(id: &SecretId, app: &AppName) -> Command<()> {
    let call = Call::new("secret-revoke", ["--app", app.as_str(), "--", &id.to_string()]);
    Command::new(call, format_args!("{id} {app}"), nothing)
}

fn of(command: &'static str, id: &SecretId, relation: &RelationId, unit: Option<&UnitName>) -> Command<()> {
    let mut call = Call::new(command, ["--relation", &relation.to_string()]);
    call.args.extend(unit.into_iter().flat_map(|unit| ["--unit".to_owned(), unit.to_string()]));
    call.args.extend(["--".to_owned(), id.to_string()]);
    let about = unit.map_or_else(|| format!("{id} {relation}"), |unit| format!("{id} {relation} {unit}"));
    Command::new(call, about, nothing)
}
