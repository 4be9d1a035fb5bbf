//! Stopping a charm at a named place, for a debugger.

use std::process::{self, Command};

use crate::context::Context;

impl Context {
    /// Stops the process here where `JUJU_DEBUG_AT` has this name, or `all`: standard error says its number, and it goes
    /// on when it is told to (`kill -CONT`), with a debugger attached or not. `hook` is the place before the first
    /// handler of every hook and action.
    ///
    /// `juju debug-code --at NAME UNIT` sets the variable and opens a terminal on the unit; `gdb -p` or `lldb -p` takes
    /// the number. A release build of a charm has to keep its symbols for that: `strip = false`.
    ///
    /// Matches `framework.breakpoint` of Python `ops`, which opens Python's own debugger.
    ///
    /// ```
    /// # use juju_ops::{BoxError, Context};
    /// fn reconfigure(cx: &Context) -> Result<(), BoxError> {
    ///     cx.pause("before-restart");
    ///     // …
    ///     Ok(())
    /// }
    /// ```
    pub fn pause(&self, name: &str) {
        if !self.env().debug_at().any(|at| at == name || at == "all") {
            return;
        }
        let pid = process::id().to_string();
        self.transport()
            .complain(&format!("paused at {name}: attach with `gdb -p {pid}`, go on with `kill -CONT {pid}`"));
        // The process stops before this returns, and its child with nothing more to do is left over.
        if let Err(error) = Command::new("kill").args(["-STOP", &pid]).status() {
            self.transport().complain(&format!("cannot pause: kill: {error}"));
        }
    }
}
