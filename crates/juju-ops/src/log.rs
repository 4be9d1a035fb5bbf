//! The `log` crate's records, sent to Juju.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::context::Context;
use crate::error::{Error, bounded};
use crate::hook_command::{self, LogLevel};
use crate::transport::Transport;

thread_local! {
    /// The dispatch that runs on this thread: `Log` is one object for the process and has nothing to hold on to.
    static CURRENT: RefCell<Option<Context>> = const { RefCell::new(None) };
}

struct ToJuju;

/// What is to be written to Juju's log. Consecutive lines of one level go out together, as one call of `juju-log`: when
/// a line of another level comes, when the oldest has waited for a second and another comes, and when the dispatch ends.
#[derive(Default)]
pub(crate) struct Logbook {
    held: RefCell<Option<Held>>,
    complained: Cell<bool>,
}

struct Held {
    level: LogLevel,
    text: String,
    since: Instant,
}

/// How long a line is held back while others come.
const HOLD: Duration = Duration::from_secs(1);
/// The most bytes of one call: Linux takes 128 KiB for an argument. A longer line is several.
const MOST: usize = 100 << 10;

impl Logbook {
    pub(crate) fn write(&self, transport: &dyn Transport, level: LogLevel, text: &str) {
        // As it will be sent, and so as long.
        let text = &*text.replace('\0', "\u{fffd}");
        let joins = self.held.borrow().as_ref().is_some_and(|held| {
            held.level == level && held.since.elapsed() < HOLD && held.text.len() + text.len() < MOST
        });
        if !joins {
            self.flush(transport);
        }
        let mut held = self.held.borrow_mut();
        match &mut *held {
            Some(held) => {
                held.text.push('\n');
                held.text.push_str(text);
            }
            None => *held = Some(Held { level, text: text.to_owned(), since: Instant::now() }),
        }
    }

    /// Sends what is held back. Where `juju-log` itself fails, it goes to standard error.
    pub(crate) fn flush(&self, transport: &dyn Transport) {
        let Some(Held { level, text, .. }) = self.held.take() else { return };
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let part = bounded(rest, MOST);
            rest = &rest[part.len()..];
            if let Err(error) = hook_command::juju_log(level, part).run(transport) {
                self.complain(transport, level, part, &error);
            }
        }
    }

    /// Takes what is held back, to be sent with other commands; what is sent in parts is sent here.
    pub(crate) fn take(&self, transport: &dyn Transport) -> Option<(LogLevel, String)> {
        if self.held.borrow().as_ref().is_some_and(|held| held.text.len() > MOST) {
            self.flush(transport);
        }
        self.held.take().map(|Held { level, text, .. }| (level, text))
    }

    pub(crate) fn complain(&self, transport: &dyn Transport, level: LogLevel, text: &str, error: &Error) {
        if !self.complained.replace(true) {
            transport.complain(&crate::chain(error).to_string());
        }
        text.lines().for_each(|line| transport.complain(&format!("{level} {line}")));
    }
}

/// Takes the records of the process. A logger that is there already keeps them, and so does a level that the author
/// has set before.
pub(crate) fn install() {
    if log::set_logger(&ToJuju).is_ok() && log::max_level() == LevelFilter::Off {
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
        let Some(cx) = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten() else {
            // Another thread than that of the dispatch: Juju logs standard error at WARNING.
            drop(writeln!(io::stderr(), "{} {text}", record.level()));
            return;
        };
        match record.level() {
            Level::Error => cx.log(LogLevel::Error, &text),
            Level::Warn => cx.log(LogLevel::Warning, &text),
            Level::Info => cx.log(LogLevel::Info, &text),
            // What is printed there is part of the result.
            Level::Debug | Level::Trace if cx.answers_a_person() => cx.log(LogLevel::Debug, &text),
            Level::Debug | Level::Trace => cx.transport().debug(&text),
        }
    }

    fn flush(&self) {
        if let Ok(Some(cx)) = CURRENT.try_with(|current| current.borrow().clone()) {
            cx.flush_log();
        }
    }
}
