use std::io::{self, BufRead, IsTerminal as _, Write};

/// What is around a command: where it reads and writes.
pub(super) struct Terminal<'a> {
    pub(super) input: &'a mut dyn BufRead,
    pub(super) out: &'a mut dyn Write,
    pub(super) err: &'a mut dyn Write,
    /// Whether what goes to standard output is coloured.
    pub(super) colour: bool,
    /// Whether somebody looks at standard error while the command works.
    pub(super) watched: bool,
}

impl Terminal<'_> {
    /// Prints to standard output. A reader that is gone has seen enough.
    pub(super) fn print(&mut self, text: &str) {
        let _ = self.show(text);
    }

    /// Prints to standard output, for one who goes on printing: an error when the reader is gone.
    pub(super) fn show(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush())
    }

    /// Tells something on standard error, as Juju tells what it does. What a charm has in it cannot write elsewhere on
    /// the terminal.
    pub(super) fn say(&mut self, text: &str) {
        self.unsay();
        let text: String = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
        let _ = writeln!(self.err, "{text}");
    }

    /// Takes back the line of progress.
    pub(super) fn unsay(&mut self) {
        if self.watched {
            let _ = self.err.write_all(b"\r\x1b[2K").and_then(|()| self.err.flush());
        }
    }
}

/// Whether standard output is to be coloured.
pub(super) fn is_coloured() -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_color && io::stdout().is_terminal()
}
