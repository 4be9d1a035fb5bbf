//! The provider of a relation: each application that asks for a database gets a user of its own, whose password is a
//! secret that Juju has rotated.
//!
//! The requirer is the example `web`. What the two tell each other is in [`interface`].

pub mod interface;

use std::fs::File;
use std::io::{self, Read};

use juju_ops::hook::{self, AnyHook, RelationBroken, SecretRemove, SecretRotate};
use juju_ops::hook_command::{Rotation, SecretContent, SecretMetadata};
use juju_ops::{BoxError, Context, Error, Leader, Observer, Observers, Relation, RelationId, Secret, Status};

use interface::{ENCODING, PASSWORD, Request, Server, USERNAME};

/// The database.
#[derive(Debug)]
pub struct Database;

const ENDPOINT: &str = "database";
const PORT: u16 = 5432;

impl Observer for Database {
    fn observe(&self, events: &mut Observers<Self>) {
        events.provides(ENDPOINT, interface::NAME);
        events.on(&hook::any(), Self::serve);
        events.on(&hook::relation_broken(ENDPOINT), Self::forget);
        events.on(&hook::secret_rotate(), Self::rotate);
        events.on(&hook::secret_remove(), Self::retire);
        events.status(|_, _| Ok(Status::active("")));
        events.app_status(Self::app_status);
    }
}

impl Database {
    /// Answers every request. In any hook, since a leader has to answer what came before it led.
    fn serve(&self, _: &AnyHook, cx: &Context) -> Result<(), BoxError> {
        let Some(leader) = cx.app().leader()? else { return Ok(()) };
        for relation in requested(cx)? {
            let Some(host) = host(cx)? else { return Ok(()) };
            let answer = relation.own_app_bag(&leader)?;
            let credentials = match answer.all()?.is_empty() {
                true => add_user(cx, &leader, &relation)?.id()?,
                false => answer.load::<Server>(ENCODING)?.credentials,
            };
            // Costs nothing where it is what Juju has already.
            answer.save(&Server { host, port: PORT, credentials }, ENCODING)?;
        }
        Ok(())
    }

    fn rotate(&self, event: &SecretRotate, cx: &Context) -> Result<(), BoxError> {
        let user = event.label().ok_or("the secret to be rotated has no label")?;
        Ok(cx.secret(event.id()).set_content(&new_credentials(user)?)?)
    }

    /// The last client has gone over to a newer password.
    fn retire(&self, event: &SecretRemove, cx: &Context) -> Result<(), BoxError> {
        Ok(cx.secret(event.id()).remove_revision(event.revision())?)
    }

    fn forget(&self, event: &RelationBroken, cx: &Context) -> Result<(), BoxError> {
        // A unit that is removed hears of its relations as broken, though they go on without it.
        if cx.app().leader()?.is_none() || cx.unit().is_dying()? {
            return Ok(());
        }
        match cx.secret_by_label(user(event.relation())).remove() {
            Err(error) if error.is_not_found() => Ok(()), // it never asked, or the hook is repeated
            removed => Ok(removed?),
        }
    }

    fn app_status(&self, cx: &Context) -> Result<Status, BoxError> {
        Ok(Status::active(format!("{} of {} clients asked", requested(cx)?.len(), cx.relations(ENDPOINT)?.len())))
    }
}

/// The relations over which a database is asked for. What the other side writes is untrusted: nonsense is no request.
fn requested(cx: &Context) -> Result<Vec<Relation>, Error> {
    let mut requested = Vec::new();
    for relation in cx.relations(ENDPOINT)? {
        if ENCODING.decode::<Request>(&relation.remote_app_bag()?.readable()).is_ok() {
            requested.push(relation);
        }
    }
    Ok(requested)
}

/// Where clients reach this unit; none before Juju knows, which it tells by `config-changed`.
fn host(cx: &Context) -> Result<Option<String>, Error> {
    match cx.network(ENDPOINT, None) {
        Ok(network) => Ok(network.ingress_addresses.into_iter().next()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the secret of a relation. Juju keeps it together with the answer that names it, or neither.
fn add_user(cx: &Context, leader: &Leader, relation: &Relation) -> Result<Secret, BoxError> {
    let user = user(relation.id());
    let content = new_credentials(&user)?;
    let metadata = SecretMetadata { label: Some(user), rotate: Some(Rotation::Monthly), ..SecretMetadata::default() };
    let secret = cx.app().add_secret(leader, &content, &metadata)?;
    secret.grant(relation)?;
    Ok(secret)
}

/// The user of a relation, and the label of its secret: by it a later leader finds the secret.
fn user(relation: &RelationId) -> String {
    format!("client-{}", relation.number())
}

fn new_credentials(user: &str) -> Result<SecretContent, BoxError> {
    Ok(SecretContent::new().with(USERNAME, user)?.with(PASSWORD, random()?)?)
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
