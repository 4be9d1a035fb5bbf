use std::io;
use std::path::PathBuf;

/// What the simulator refuses or fails at.
///
/// `Display` is one line with the cause in it, so that `?` in a test shows all there is; there is no
/// [`source`](std::error::Error::source) to print besides.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::{On, SimError};
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// # juju.settle()?;
/// match juju.run_hook("hello/0", On::install()) {
///     Err(SimError::Hook { why, .. }) => assert_eq!(why, "the unit is installed"),
///     other => panic!("{other:?}"),
/// }
/// assert_eq!(juju.tick("hello/7").unwrap_err().to_string(), "no unit \"hello/7\"");
/// # Ok::<(), SimError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// A file or directory could not be used.
    #[error("{act} {}: {source}", path.display())]
    File {
        /// What was tried, such as `read`.
        act: &'static str,
        /// The path.
        path: PathBuf,
        /// Why it failed.
        r#source: io::Error,
    },
    /// A charm breaks one of Juju's rules, or its files are not what their names promise.
    #[error("invalid charm: {0}")]
    Charm(String),
    /// A charm without code. Juju refuses to deploy it.
    #[error("invalid charm {0:?}: has no hooks nor dispatch file")]
    NoCode(String),
    /// No application has this name.
    #[error("no application {0:?}")]
    NoApplication(String),
    /// No unit has this name.
    #[error("no unit {0:?}")]
    NoUnit(String),
    /// No relation has this number, or this endpoint.
    #[error("no relation {0}")]
    NoRelation(String),
    /// The endpoint has several relations: name the one that `integrate` gave back.
    #[error("endpoint {endpoint} has {count} relations")]
    ManyRelations {
        /// The endpoint.
        endpoint: String,
        /// How many.
        count: usize,
    },
    /// The owner has never been in the relation.
    #[error("{owner} has no bag in relation {relation}")]
    NoBag {
        /// The relation's number.
        relation: u32,
        /// The unit or application.
        owner: String,
    },
    /// What Juju does not let be done with a secret, or does not take as its content. Values are not shown.
    #[error("{act}: {why}")]
    Secret {
        /// What was tried, such as `grant a secret`.
        act: &'static str,
        /// Why it is refused.
        why: String,
    },
    /// No secret has this id.
    #[error("no secret {0:?}")]
    NoSecret(String),
    /// The charm has no peer endpoint of this name.
    #[error("no peer endpoint {0:?}")]
    NoPeerEndpoint(String),
    /// An application or unit that Juju would not deploy.
    #[error("deploy {application}: {why}")]
    Deploy {
        /// The application.
        application: String,
        /// Why it is refused.
        why: String,
    },
    /// A charm that Juju would not refresh an application to.
    #[error("refresh {application}: {why}")]
    Refresh {
        /// The application.
        application: String,
        /// Why it is refused.
        why: String,
    },
    /// A relation that Juju would not make.
    #[error("integrate {} {}: {why}", ends[0], ends[1])]
    Integrate {
        /// Both ends, as they were given.
        ends: [String; 2],
        /// Why it is refused.
        why: String,
    },
    /// A verb that makes no sense for the relation.
    #[error("{act} relation {relation:?}: {why}")]
    Relation {
        /// What was tried.
        act: &'static str,
        /// The relation, as Juju names it.
        relation: String,
        /// Why it is refused.
        why: &'static str,
    },
    /// A configuration change that Juju would refuse.
    #[error("set option {key:?}: {why}")]
    Config {
        /// The option.
        key: String,
        /// Why it is refused.
        why: String,
    },
    /// A verb that makes no sense for the storage.
    #[error("{act} storage {storage}: {why}")]
    Storage {
        /// What was tried.
        act: &'static str,
        /// The storage's name or id.
        storage: String,
        /// Why it is refused.
        why: String,
    },
    /// An action that Juju would refuse to run.
    #[error("run action {name:?} on {unit}: {why}")]
    Action {
        /// The unit.
        unit: String,
        /// The action.
        name: String,
        /// Why it is refused.
        why: String,
    },
    /// A hook that Juju could not run on a unit as it is.
    #[error("run {hook} on {unit}: {why}")]
    Hook {
        /// The unit.
        unit: String,
        /// The hook.
        hook: String,
        /// Why it is refused.
        why: String,
    },
    /// A verb that makes no sense for the unit as it is.
    #[error("{act} {unit}: {why}")]
    Unit {
        /// What was tried.
        act: &'static str,
        /// The unit.
        unit: String,
        /// Why it is refused.
        why: &'static str,
    },
    /// A unit's hook failed again and again.
    #[error("{unit} is in error: {message}: {why}")]
    InError {
        /// The unit.
        unit: String,
        /// What its status says, such as `hook failed: "start"`.
        message: String,
        /// The last error that it logged in the hook, or why the hook failed.
        why: String,
    },
    /// Hooks went on without end.
    #[error("hooks never end: {hooks} have run and {} still has one to run", ready.join(", "))]
    Endless {
        /// How many ran.
        hooks: usize,
        /// The units that still have a hook to run.
        ready: Vec<String>,
    },
    /// A program could not be started or watched.
    #[error("{act} {program}: {source}")]
    Process {
        /// What was tried.
        act: &'static str,
        /// The program.
        program: String,
        /// Why it failed.
        r#source: io::Error,
    },
    /// `cargo build` did not give the wanted executable.
    #[error("build package {package}: {why}")]
    Build {
        /// The package.
        package: String,
        /// What cargo said, or what was missing.
        why: String,
    },
    /// What the command keeps of models cannot be used.
    #[error("use {}: {why}", path.display())]
    Store {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// What `juju-sim init` refuses.
    #[error("{what}: {why}")]
    Init {
        /// What was tried.
        what: String,
        /// Why it is refused.
        why: String,
    },
    /// A charm archive that is refused.
    #[error("unpack charm archive: {0}")]
    Archive(String),
    /// A charm archive that is not a zip file.
    #[error("read charm archive {}: {why}", path.display())]
    Zip {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl SimError {
    pub(crate) fn file(act: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> SimError {
        let path = path.into();
        move |source| SimError::File { act, path, source }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_tells_its_cause_once() {
        let error = std::fs::read("/nowhere").map_err(SimError::file("read", "/nowhere")).unwrap_err();
        assert_eq!(error.to_string(), "read /nowhere: No such file or directory (os error 2)");
        assert!(error.source().is_none());
        let error = crate::Charm::parse("[", None, None).unwrap_err();
        assert!(error.to_string().starts_with("invalid charm: metadata.yaml:2: "), "{error}");
        assert!(error.source().is_none() && !error.to_string().contains('\n'), "{error}");
    }
}
