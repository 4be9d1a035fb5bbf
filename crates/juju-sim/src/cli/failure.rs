use std::fmt;

use crate::SimError;

/// Why a command ends with another exit code than 0.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something was refused or failed.
    Error(String),
    /// The command cannot be called so.
    Usage(String),
    /// Real Juju has it, and this has not.
    Unsupported(String),
    /// All was said already.
    Code(u8),
}

impl Failure {
    pub(super) fn code(&self) -> u8 {
        match self {
            Failure::Error(_) => 1,
            Failure::Usage(_) | Failure::Unsupported(_) => 2,
            Failure::Code(code) => *code,
        }
    }
}

/// What stands on standard error, as Juju writes it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(text) | Failure::Usage(text) => write!(f, "ERROR {text}"),
            Failure::Unsupported(what) => write!(f, "ERROR {what}: not supported by juju-sim"),
            Failure::Code(_) => Ok(()),
        }
    }
}

impl From<SimError> for Failure {
    fn from(error: SimError) -> Failure {
        // Juju's words for what is not there.
        Failure::Error(match error {
            SimError::NoApplication(name) => format!("application {name:?} not found"),
            SimError::NoUnit(name) => format!("unit {name:?} not found"),
            error => error.to_string(),
        })
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Failure {
        Failure::Error(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Failure {
        Failure::Error(text.to_owned())
    }
}
