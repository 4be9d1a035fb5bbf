use std::fmt;

use super::Status;
use crate::context::Context;
use crate::error::Error;
use crate::name::{AppName, UnitName};

/// The unit that the charm runs as.
#[derive(Clone)]
pub struct Unit {
    cx: Context,
}

/// The application that the unit belongs to.
#[derive(Clone)]
pub struct Application {
    cx: Context,
}

/// The proof that this unit leads its application, as far as Juju said so in this dispatch.
#[derive(Debug, Clone)]
pub struct Leader(());

impl Unit {
    pub(crate) fn new(cx: &Context) -> Self {
        Self { cx: cx.clone() }
    }

    /// Its name.
    ///
    /// # Errors
    /// The environment does not name it.
    pub fn name(&self) -> Result<&UnitName, Error> {
        self.cx.env().unit()
    }

    /// Sets the workload status. Held in the process; sent when the dispatch succeeds, unless Juju shows it already.
    /// An evaluated status ([`Observers::status`](crate::Observers::status)) takes its place.
    ///
    /// # Errors
    /// The hook that runs is one in which Juju takes no status.
    pub fn set_status(&self, status: Status) -> Result<(), Error> {
        self.cx.set_status(status)
    }

    /// The workload status, with the write of this dispatch; none when it is one that only Juju sets.
    ///
    /// # Errors
    /// `status-get` fails.
    pub fn status(&self) -> Result<Option<Status>, Error> {
        self.cx.status()
    }
}

impl Application {
    pub(crate) fn new(cx: &Context) -> Self {
        Self { cx: cx.clone() }
    }

    /// Its name.
    ///
    /// # Errors
    /// The environment does not name the unit.
    pub fn name(&self) -> Result<&AppName, Error> {
        self.cx.env().unit().map(UnitName::app)
    }

    /// The proof that this unit leads the application; none when it does not. Asked of Juju once in a dispatch.
    ///
    /// # Errors
    /// `is-leader` fails.
    pub fn leader(&self) -> Result<Option<Leader>, Error> {
        Ok(self.cx.is_leader()?.then_some(Leader(())))
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unit({:?})", self.cx.env().unit().ok().map(ToString::to_string))
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Application({:?})", self.name().ok().map(ToString::to_string))
    }
}
