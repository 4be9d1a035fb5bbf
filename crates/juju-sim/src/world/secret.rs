use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{RelationName, SecretView, World};
use crate::SimError;
use crate::command::{SecretContent, Settings};
use crate::model::{Model, Owner, Subject};

/// Secrets of operators, and of applications that the test plays. They are named by their URI: `secret:…`.
///
/// ```
/// # use juju_sim::{Charm, On, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let web = Revision::in_process(charm, |charm| {
/// #     let call = |line: &str| {
/// #         charm.tools.call(&line.split(' ').collect::<Vec<_>>(), None).stdout
/// #     };
/// #     let secret = String::from_utf8_lossy(&call("relation-get --app secret pg")).trim_end().to_owned();
/// #     if !secret.is_empty() {
/// #         call(&format!("secret-get {secret} --refresh"));
/// #     }
/// #     ProgramEnd::Exit(0)
/// # });
/// # let mut juju = World::new(0);
/// # juju.deploy("web", web)?;
/// let db = juju.play("pg", "web:db")?;
/// let password = juju.add_secret("pg", &[("password", "old")])?;
/// juju.grant_secret_over(&password, "web", db)?;
/// juju.write_bag(db, "pg", [("secret", &password)])?;
/// juju.settle()?; // the charm reads it in relation-changed
/// assert_eq!(juju.secret(&password)?.tracked["web/0"], 1);
///
/// juju.update_secret(&password, &[("password", "new")])?;
/// let run = juju.step_unit("web/0").expect("it hears of the new revision");
/// assert_eq!(run.hook, "secret-changed");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
impl World {
    /// Adds a secret that an application or unit owns, or with `""` an operator (`juju add-secret`). Its URI.
    ///
    /// # Errors
    /// There is no such owner, or the content is none that Juju takes: a key has a small letter, then letters, digits
    /// and dashes, three characters at least.
    pub fn add_secret(&mut self, owner: &str, content: &[(&str, &str)]) -> Result<String, SimError> {
        let owner = match owner {
            "" => Owner::Model,
            unit if unit.contains('/') => Owner::Unit(unit.to_owned()),
            app => Owner::Application(app.to_owned()),
        };
        let content = encoded(content)?;
        let id = self.change(|model| model.add_secret(owner, content, ""))?;
        Ok(format!("secret:{id}"))
    }

    /// Gives a secret a new revision (`juju update-secret`).
    ///
    /// # Errors
    /// There is no such secret, or the content is none that Juju takes.
    pub fn update_secret(&mut self, uri: &str, content: &[(&str, &str)]) -> Result<(), SimError> {
        let content = encoded(content)?;
        self.change(|model| model.revise_secret(id(uri), content))
    }

    /// Lets an application or unit read a secret: an operator's grant (`juju grant-secret`).
    ///
    /// # Errors
    /// There is no such secret, application or unit, or the secret is not an operator's.
    pub fn grant_secret(&mut self, uri: &str, to: &str) -> Result<(), SimError> {
        self.change(|model| model.grant_secret(id(uri), to, None))
    }

    /// Lets an application or unit read a secret as long as a relation lasts: the grant of an application that the test
    /// plays.
    ///
    /// # Errors
    /// There is no such secret, application, unit or relation.
    pub fn grant_secret_over(
        &mut self,
        uri: &str,
        to: &str,
        relation: impl Into<RelationName>,
    ) -> Result<(), SimError> {
        let relation = self.find(relation)?;
        self.change(|model| model.grant_secret(id(uri), to, Some(relation.0)))
    }

    /// Takes a grant back.
    ///
    /// # Errors
    /// There is no such secret.
    pub fn revoke_secret(&mut self, uri: &str, from: &str) -> Result<(), SimError> {
        self.change(|model| model.revoke_secret(id(uri), from))
    }

    /// Removes a secret with all its revisions. Juju tells those who read it nothing.
    ///
    /// # Errors
    /// There is no such secret.
    pub fn remove_secret(&mut self, uri: &str) -> Result<(), SimError> {
        self.change(|model| model.remove_secret(id(uri)))
    }

    /// The URIs of all secrets.
    pub fn secrets(&self) -> Vec<String> {
        self.model().secrets.keys().map(|id| format!("secret:{id}")).collect()
    }

    /// A secret as the controller keeps it.
    ///
    /// # Errors
    /// There is no such secret.
    pub fn secret(&self, uri: &str) -> Result<SecretView, SimError> {
        self.model().view_secret(id(uri))
    }
}

impl Model {
    fn view_secret(&self, id: &str) -> Result<SecretView, SimError> {
        let secret = self.secrets.get(id).ok_or_else(|| SimError::NoSecret(id.to_owned()))?;
        let newest = secret.revisions.get(&secret.latest).map(decoded).unwrap_or_default();
        let name = |grant: &crate::model::Grant| match &grant.subject {
            Subject::Application(name) | Subject::Unit(name) => name.clone(),
        };
        Ok(SecretView {
            owner: match &secret.owner {
                Owner::Application(owner) | Owner::Unit(owner) => owner.clone(),
                Owner::Model => String::new(),
            },
            label: secret.label.clone(),
            revision: secret.latest,
            revisions: secret.revisions.keys().copied().collect(),
            granted: secret.grants.iter().map(name).collect(),
            content: newest,
            tracked: secret.consumers.iter().map(|(unit, it)| (unit.clone(), it.tracked)).collect(),
        })
    }
}

/// The id of a URI: Juju gives `secret:id` and `secret://model/id`.
pub(super) fn id(uri: &str) -> &str {
    let uri = uri.rsplit('/').next().unwrap_or(uri);
    uri.strip_prefix("secret:").unwrap_or(uri)
}

fn encoded(content: &[(&str, &str)]) -> Result<SecretContent, SimError> {
    let refuse = |why| SimError::Secret { act: "set the content of a secret", why };
    if content.is_empty() {
        return Err(refuse("there is none".to_owned()));
    }
    let pairs = content.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()));
    SecretContent::of(pairs.collect()).map_err(refuse)
}

fn decoded(content: &SecretContent) -> Settings {
    let text = |value: &String| {
        let bytes = STANDARD.decode(value).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    content.0.iter().map(|(key, value)| (key.clone(), text(value))).collect()
}
