use std::fmt;

use crate::context::Context;
use crate::error::Error;
use crate::hook_command::{self, AppStatus, GoalState};
use crate::name::{AppName, UnitName};
use crate::security;
use crate::status::{Of, Status};

/// The unit that the charm runs as.
///
/// ```
/// # use juju_ops::{BoxError, Context, Observer, Observers, Status, hook, testing};
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, events: &mut Observers<Self>) { events.on(&hook::start(), start); }
/// # }
/// fn start(_: &Web, _: &hook::Start, cx: &Context) -> Result<(), BoxError> {
///     let unit = cx.unit();
///     unit.set_workload_version("16.2");
///     Ok(unit.set_status(Status::active(format!("number {}", unit.name()?.number())))?)
/// }
/// # fn main() -> Result<(), BoxError> {
/// # let mut juju = testing::in_process(Web, juju_sim::Charm::parse("name: web", None, None)?)?;
/// # juju.add_unit("web")?;
/// # juju.settle()?;
/// assert_eq!(juju.status("web/0"), ("active", "number 0"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Unit {
    pub(super) cx: Context,
}

/// The application that the unit belongs to.
///
/// ```
/// # use juju_ops::{BoxError, Observer, Observers, Status, testing};
/// # use juju_sim::Charm;
/// # struct Web;
/// # impl Observer for Web {
/// fn observe(&self, events: &mut Observers<Self>) {
///     events.status(|_, cx| {
///         let role = if cx.app().leader()?.is_some() { "leads" } else { "follows" };
///         Ok(Status::active(format!("{role}, of {} units", cx.app().planned_units()?)))
///     });
/// }
/// # }
/// # fn main() -> Result<(), BoxError> {
/// # let mut juju = testing::in_process(Web, Charm::parse("name: web", None, None)?)?;
/// # juju.add_unit("web")?;
/// # juju.add_unit("web")?;
/// # juju.settle()?;
/// assert_eq!(juju.status("web/1"), ("active", "follows, of 2 units"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Application {
    pub(super) cx: Context,
}

/// The proof that this unit leads its application: Juju said so, and promises it for 30 seconds from then. What takes
/// longer asks [again](Application::leader).
///
/// ```
/// # use juju_ops::{BoxError, Context, Observer, Observers, hook, testing};
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, events: &mut Observers<Self>) { events.on(&hook::relation_created("db"), created); }
/// # }
/// fn created(_: &Web, event: &hook::RelationCreated, cx: &Context) -> Result<(), BoxError> {
///     if let Some(leader) = cx.app().leader()? {
///         cx.relation(event.relation()).own_app_bag(&leader)?.set("database", "shop")?;
///     }
///     Ok(())
/// }
/// # fn main() -> Result<(), BoxError> {
/// # let metadata = juju_sim::Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = testing::in_process(Web, metadata)?;
/// # juju.add_unit("web")?;
/// # let db = juju.play("pg", "web:db")?;
/// # juju.settle()?;
/// assert_eq!(juju.bag(db, "web")?["database"], "shop");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Leader(());

impl Unit {
    fn new(cx: &Context) -> Self {
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
    /// What Juju shows is known from a note on the unit's disk; it is asked where that may be wrong. A status that another
    /// program has set, by `juju exec` or by the hook command, stands for ten dispatches at most.
    ///
    /// # Errors
    /// None today: a status is refused when it is sent, which fails the hook.
    pub fn set_status(&self, status: Status) -> Result<(), Error> {
        self.cx.set_status(Of::Unit, status);
        Ok(())
    }

    /// Shows a workload status now: for long work within one hook, such as an installation. It stands whatever becomes
    /// of the hook. At the end an evaluated status, or one that is [set](Self::set_status), takes its place.
    ///
    /// ```
    /// # use juju_ops::{BoxError, Context, Status, hook};
    /// fn install(_: &(), _: &hook::Install, cx: &Context) -> Result<(), BoxError> {
    ///     cx.unit().show_status(&Status::maintenance("installing packages"))?;
    ///     // … minutes later
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Matches the assignment to `unit.status` in Python `ops`.
    ///
    /// # Errors
    /// `status-set` fails.
    pub fn show_status(&self, status: &Status) -> Result<(), Error> {
        self.cx.show_status(Of::Unit, status)
    }

    /// The workload status, with the write of this dispatch; none when it is one that only Juju sets.
    ///
    /// # Errors
    /// `status-get` fails.
    pub fn status(&self) -> Result<Option<Status>, Error> {
        self.cx.status(Of::Unit)
    }

    /// Whether this unit is being removed. Asked each time.
    ///
    /// ```
    /// # use juju_ops::{BoxError, Context, hook};
    /// fn broken(_: &(), _: &hook::RelationBroken, cx: &Context) -> Result<(), BoxError> {
    ///     if !cx.unit().is_dying()? {
    ///         // The relation is gone for all units, not for this one alone.
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// `goal-state` fails.
    pub fn is_dying(&self) -> Result<bool, Error> {
        let units = self.cx.app().goal_state()?.units;
        Ok(units.get(self.name()?).is_none_or(|unit| unit.status == "dying"))
    }

    /// Says which version of the workload runs, for `juju status` to show. Held in the process and sent when the
    /// dispatch succeeds; an empty one clears it.
    ///
    /// Matches `Unit.set_workload_version` of Python `ops`.
    pub fn set_workload_version(&self, version: &str) {
        self.cx.set_version(version);
    }

    /// Has the machine rebooted when the hook has ended well.
    ///
    /// # Errors
    /// `juju-reboot` fails: in an action it always does.
    pub fn reboot(&self) -> Result<(), Error> {
        hook_command::juju_reboot().run(self.cx.transport())?;
        security::restart(&self.cx);
        Ok(())
    }

    /// Has the machine rebooted at once: Juju kills this process, drops what it wrote, and runs the hook again when the
    /// machine is back. A handler ends with it: `return Err(cx.unit().reboot_now().into())`.
    pub fn reboot_now(&self) -> Error {
        security::restart(&self.cx);
        self.cx.flush_log();
        match hook_command::juju_reboot_now().run(self.cx.transport()) {
            Ok(()) => Error::refused("the machine reboots, and the hook runs again"),
            Err(error) => error,
        }
    }
}

impl Application {
    fn new(cx: &Context) -> Self {
        Self { cx: cx.clone() }
    }

    /// Its name.
    ///
    /// # Errors
    /// The environment does not name the unit.
    pub fn name(&self) -> Result<&AppName, Error> {
        self.cx.env().unit().map(UnitName::app)
    }

    /// The proof that this unit leads the application; none when it does not. Juju is asked when it is wanted, and again
    /// when 30 seconds, for which it promises leadership, have passed.
    ///
    /// Matches `Unit.is_leader` of Python `ops`.
    ///
    /// # Errors
    /// `is-leader` fails.
    pub fn leader(&self) -> Result<Option<Leader>, Error> {
        Ok(self.cx.is_leader()?.then_some(Leader(())))
    }

    /// Sets the application's status. Held in the process; sent when the dispatch succeeds, unless Juju shows it
    /// already. An evaluated status ([`Observers::app_status`](crate::Observers::app_status)) takes its place.
    ///
    /// ```
    /// # use juju_ops::{BoxError, Context, Status, hook};
    /// fn elected(_: &(), _: &hook::LeaderElected, cx: &Context) -> Result<(), BoxError> {
    ///     if let Some(leader) = cx.app().leader()? {
    ///         cx.app().set_status(&leader, Status::active("has a leader"))?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// None today: a status is refused when it is sent, which fails the hook.
    pub fn set_status(&self, _: &Leader, status: Status) -> Result<(), Error> {
        self.cx.set_status(Of::Application, status);
        Ok(())
    }

    /// The application's status, with the write of this dispatch; none when it is one that only Juju sets.
    ///
    /// # Errors
    /// `status-get --application` fails.
    pub fn status(&self, _: &Leader) -> Result<Option<Status>, Error> {
        self.cx.status(Of::Application)
    }

    /// How Juju shows the application and each of its units.
    ///
    /// # Errors
    /// `status-get --application` fails.
    pub fn units_status(&self, _: &Leader) -> Result<AppStatus, Error> {
        hook_command::status_get_app().run(self.cx.transport())
    }

    /// What the model is to come to: the units of the application, and what it is related to. Asked each time.
    ///
    /// # Errors
    /// `goal-state` fails.
    pub fn goal_state(&self) -> Result<GoalState, Error> {
        hook_command::goal_state().run(self.cx.transport())
    }

    /// How many units the application is to have: those that are there or to come, and not dying.
    ///
    /// Matches `Application.planned_units` of Python `ops`.
    ///
    /// # Errors
    /// `goal-state` fails.
    pub fn planned_units(&self) -> Result<usize, Error> {
        Ok(self.goal_state()?.units.values().filter(|unit| unit.status != "dying").count())
    }
}

impl Context {
    /// The unit that the charm runs as.
    pub fn unit(&self) -> Unit {
        Unit::new(self)
    }

    /// The application that the unit belongs to.
    pub fn app(&self) -> Application {
        Application::new(self)
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
