//! The `log` crate's records, sent to Juju.

use std::cell::RefCell;
use std::io::{self, Write};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::context::Context;
use crate::hook_command::LogLevel;

thread_local! {
    /// The dispatch that runs on this thread: `Log` is one object for the process and has nothing to hold on to.
    static CURRENT: RefCell<Option<Context>> = const { RefCell::new(None) };
}

struct ToJuju;

/// Takes the records of the process. A logger that is there already keeps them.
pub(crate) fn install() {
    if log::set_logger(&ToJuju).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

/// Sends this thread's records through a dispatch, for as long as the result lives.
pub(crate) fn route(cx: &Context) -> Routed {
    Routed(CURRENT.with(|current| current.replace(Some(cx.clone()))))
}

pub(crate) struct Routed(Option<Context>);

impl Drop for Routed {
    fn drop(&mut self) {
        let before = self.0.take();
        drop(CURRENT.with(|current| current.replace(before)));
    }
}

impl Log for ToJuju {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Debug
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        let Some(cx) = CURRENT.with(|current| current.borrow().clone()) else {
            // Another thread than that of the dispatch: Juju logs standard error at WARNING.
            drop(writeln!(io::stderr(), "{} {text}", record.level()));
            return;
        };
        match record.level() {
            Level::Error => cx.log(LogLevel::Error, &text),
            Level::Warn => cx.log(LogLevel::Warning, &text),
            Level::Info => cx.log(LogLevel::Info, &text),
            // What an action prints is part of its result.
            Level::Debug | Level::Trace if cx.in_action() => cx.log(LogLevel::Debug, &text),
            Level::Debug | Level::Trace => cx.transport().debug(&text),
        }
    }

    fn flush(&self) {}
}
