//! Relations as they are named on a command line.

use super::failure::Failure;
use super::session::Session;
use crate::model::Side;
use crate::world::RelationId;

/// The relation of a number, or between two ends such as `web:db` and `postgresql`.
pub(super) fn find(session: &Session, named: &[String]) -> Result<RelationId, Failure> {
    let model = session.world.model();
    match named {
        [number] => {
            let id = number.parse::<u32>().ok().filter(|id| model.relations.contains_key(id));
            id.map(RelationId).ok_or_else(|| format!("relation {number:?} not found").into())
        }
        [one, other] => {
            let of = |(_, relation): &(&u32, &crate::model::Relation)| match relation.sides.as_slice() {
                [a, b] => is(one, a) && is(other, b) || is(one, b) && is(other, a),
                [peer] => is(one, peer) && is(other, peer),
                _ => false,
            };
            let found: Vec<u32> = model.relations.iter().filter(of).map(|(id, _)| *id).collect();
            match found.as_slice() {
                [id] => Ok(RelationId(*id)),
                [] => Err(format!("relation {one:?} {other:?} not found").into()),
                _ => Err(format!("{one:?} and {other:?} have several relations: name the endpoints").into()),
            }
        }
        _ => Err(Failure::Usage("a relation must be named by its number or by two applications".to_owned())),
    }
}

/// Whether an end such as `web` or `web:db` is this side.
fn is(end: &str, side: &Side) -> bool {
    match end.split_once(':') {
        Some((app, endpoint)) => app == side.app && endpoint == side.endpoint,
        None => end == side.app,
    }
}
