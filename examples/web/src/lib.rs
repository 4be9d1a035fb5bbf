//! The requirer of a relation: it asks for a database, and serves when it has that and the operator's key.
//!
//! The provider is the example `database`. What the two tell each other is in [`interface`], which both have: a link to
//! one file.

pub mod interface;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use juju_ops::hook::{self, AnyHook, SecretChanged};
use juju_ops::{BoxError, Context, Error, Observer, Observers, Relation, SecretId, Status, chain};
use serde::Deserialize;

use interface::{ENCODING, PASSWORD, Request, Server, USERNAME};

/// The web application.
#[derive(Debug)]
pub struct Web {
    /// The file that the service reads its environment from: a field, so that a test can have it elsewhere.
    pub environment: PathBuf,
}

const ENDPOINT: &str = "database";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Config {
    session_key: Option<SecretId>,
}

impl Observer for Web {
    fn observe(&self, events: &mut Observers<Self>) {
        events.config::<Config>();
        events.requires(ENDPOINT, interface::NAME);
        events.on(&hook::secret_changed(), Self::secret_changed);
        events.on(&hook::any(), Self::reconcile);
    }
}

impl Web {
    /// Tracks the new revision; `reconcile`, which comes next, reads it.
    fn secret_changed(&self, event: &SecretChanged, cx: &Context) -> Result<(), BoxError> {
        cx.secret(event.id()).refresh()?;
        Ok(())
    }

    fn reconcile(&self, _: &AnyHook, cx: &Context) -> Result<(), BoxError> {
        let status = match cx.relations(ENDPOINT)?.first() {
            None => Status::blocked("needs a database"),
            Some(relation) => {
                if let Some(leader) = cx.app().leader()? {
                    relation.own_app_bag(&leader)?.save(&Request { database: "shop".into() }, ENCODING)?;
                }
                match environment(cx, relation)? {
                    Ok(environment) => {
                        self.write(&environment)?;
                        Status::active(format!("with {}", relation.app()?))
                    }
                    Err(lacking) => lacking,
                }
            }
        };
        Ok(cx.unit().set_status(status)?)
    }

    fn write(&self, environment: &str) -> Result<(), BoxError> {
        // The file itself is what was written last: its content is private, and nothing else is to keep it.
        if fs::read_to_string(&self.environment).is_ok_and(|before| before == environment) {
            return Ok(());
        }
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&self.environment)?;
        Ok(file.write_all(environment.as_bytes())?) // and the service is restarted
    }
}

/// The environment of the service, or what it waits for.
fn environment(cx: &Context, relation: &Relation) -> Result<Result<String, Status>, BoxError> {
    let bag = relation.remote_app_bag()?;
    if bag.all()?.is_empty() {
        return Ok(Err(Status::waiting(format!("for {}", relation.app()?))));
    }
    let server: Server = match bag.load(ENCODING) {
        Ok(server) => server,
        // Nothing that this unit could mend by failing: the error names the key and not its value.
        Err(error) => return Ok(Err(Status::blocked(chain(&error).to_string()))),
    };
    let credentials = match cx.secret(&server.credentials).content() {
        Ok(credentials) => credentials,
        // Not granted, gone, or no secret at all: whichever it is, the other side's to mend.
        Err(error) => return Ok(Err(Status::waiting(format!("for {}: {}", relation.app()?, chain(&error))))),
    };
    let (Some(user), Some(password)) = (credentials.get(USERNAME), credentials.get(PASSWORD)) else {
        return Ok(Err(Status::blocked(format!("the secret of {} has no user or password", relation.app()?))));
    };
    let Server { host, port, .. } = &server;
    let key = session_key(cx)?;
    Ok(Ok(format!("DATABASE_URL=postgresql://{user}:{password}@{host}:{port}/shop\nSESSION_KEY={key}\n")))
}

/// What is wrong with it is the operator's to mend: such an error blocks the unit and fails no hook.
fn session_key(cx: &Context) -> Result<String, BoxError> {
    let refuse = |why: &str| Error::of_option("session-key", why);
    let config: Config = cx.config()?;
    let id = config.session_key.ok_or_else(|| refuse("is not set"))?;
    let secret = match cx.secret(&id).content() {
        Err(error) if error.is_permission_denied() || error.is_not_found() => {
            return Err(refuse("names a secret that is not granted to this application").into());
        }
        content => content?,
    };
    Ok(secret.get("key").ok_or_else(|| refuse("names a secret without a value `key`"))?.to_owned())
}
