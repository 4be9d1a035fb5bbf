use std::io;
use std::path::PathBuf;

/// What the simulator refuses or fails at.
///
/// `Display` tells its own part only; the cause, where there is one, is the
/// [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be used.
    #[error("{act} {}", path.display())]
    File {
        /// What was tried, such as `read`.
        act: &'static str,
        /// The path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A YAML text is not what its name promises.
    #[error("parse {what}")]
    Yaml {
        /// The text, such as `metadata.yaml`.
        what: &'static str,
        /// Where and why.
        source: serde_yaml::Error,
    },
    /// A charm breaks one of Juju's rules.
    #[error("invalid charm: {0}")]
    Charm(String),
    /// No unit has this name.
    #[error("no unit {0:?}")]
    NoUnit(String),
    /// No relation has this number.
    #[error("no relation {0}")]
    NoRelation(u32),
    /// The charm has no peer endpoint of this name.
    #[error("no peer endpoint {0:?}")]
    NoPeerEndpoint(String),
    /// A configuration change that Juju would refuse.
    #[error("set option {key:?}: {why}")]
    Config {
        /// The option.
        key: String,
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
        /// The last error that it logged in the hook.
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
    #[error("{act} {program}")]
    Process {
        /// What was tried.
        act: &'static str,
        /// The program.
        program: String,
        /// Why it failed.
        source: io::Error,
    },
    /// `cargo build` did not give the wanted executable.
    #[error("build package {package}: {why}")]
    Build {
        /// The package.
        package: String,
        /// What cargo said, or what was missing.
        why: String,
    },
    /// A charm archive that is refused.
    #[error("unpack charm archive: {0}")]
    Archive(String),
    /// A charm archive that is not a zip file.
    #[error("read charm archive {}", path.display())]
    Zip {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        source: zip::result::ZipError,
    },
}

impl Error {
    pub(crate) fn file(act: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::File { act, path, source }
    }
}
