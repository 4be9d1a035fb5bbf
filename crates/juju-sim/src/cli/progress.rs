use std::io::{IsTerminal, Write};

use super::report::width;

/// What goes to standard error while a verb works.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    /// On a terminal each line replaces the one before.
    overwrite: bool,
}

impl Progress {
    /// Progress that suits what standard error is.
    pub(super) fn new() -> Progress {
        Progress { overwrite: std::io::stderr().is_terminal() }
    }

    /// Progress in lines that stay.
    pub(super) fn in_lines() -> Progress {
        Progress { overwrite: false }
    }

    /// Says what begins.
    pub(super) fn say(self, text: &str) {
        self.write(text);
        if !self.overwrite {
            let _ = writeln!(std::io::stderr(), "{text}…");
        }
    }

    /// Says what runs, on a terminal.
    pub(super) fn running(self, title: &str) {
        self.write(&format!("running {title}"));
    }

    fn write(self, text: &str) {
        if self.overwrite {
            let text: String = text.chars().take(width() - 2).collect();
            let _ = write!(std::io::stderr(), "\r\u{1b}[2K{text}…").and_then(|()| std::io::stderr().flush());
        }
    }

    /// Clears what a terminal shows, for something that stays.
    pub(super) fn clear(self) {
        if self.overwrite {
            let _ = write!(std::io::stderr(), "\r\u{1b}[2K").and_then(|()| std::io::stderr().flush());
        }
    }
}
