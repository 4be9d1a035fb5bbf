use std::io::{self, Read};

/// Juju: a longer line becomes several log messages.
const MAX_LINE: usize = 4096;

/// Cuts what a process prints into lines as Juju does.
///
/// Each is given with a newline at its end, whether it had `\n` or `\r\n`. Of a line that is too long the parts are
/// given as they fill up, without a newline; its end, maybe empty, follows as a line. What comes after the last newline
/// is never given as one: Juju loses it, because the agent holds the pipe open itself and waits for the rest of the
/// line.
#[derive(Debug)]
pub(super) struct Lines {
    /// Less than a line: what has been read and not given.
    rest: Vec<u8>,
}

/// What there is to be had of a pipe.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, or a part of a long one.
    Line(Vec<u8>),
    /// Nothing for now.
    Wait,
    /// Nothing any more.
    End,
}

impl Lines {
    pub(super) fn new() -> Lines {
        Lines { rest: Vec::with_capacity(MAX_LINE) }
    }

    /// The next line. The pipe is one that gives [`WouldBlock`](io::ErrorKind::WouldBlock) rather than wait.
    pub(super) fn next(&mut self, pipe: &mut impl Read) -> Next {
        loop {
            if let Some(line) = self.take() {
                return Next::Line(line);
            }
            let mut bytes = [0; MAX_LINE];
            match pipe.read(&mut bytes[..MAX_LINE - self.rest.len()]) {
                Ok(0) => return Next::End,
                Ok(count) => self.rest.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Next::Wait,
                Err(_) => return Next::End,
            }
        }
    }

    /// What has come after the last newline.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        if let Some(newline) = self.rest.iter().position(|byte| *byte == b'\n') {
            let mut line: Vec<u8> = self.rest.drain(..=newline).collect();
            if line.ends_with(b"\r\n") {
                line.truncate(newline - 1);
                line.push(b'\n');
            }
            return Some(line);
        }
        // A carriage return at the very end may be one of a line's end.
        let full = self.rest.len() >= MAX_LINE;
        let length = if self.rest.ends_with(b"\r") { self.rest.len() - 1 } else { self.rest.len() };
        full.then(|| self.rest.drain(..length).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// Gives its bytes in pieces of this length.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len());
            self.0.read(&mut buffer[..length])
        }
    }

    fn lines(bytes: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let (mut lines, mut pipe, mut all) = (Lines::new(), Pieces(bytes, piece), Vec::new());
        while let Next::Line(line) = lines.next(&mut pipe) {
            all.push(line);
        }
        all
    }

    #[test]
    fn a_last_line_without_a_newline_is_lost() {
        assert_eq!(lines(b"a\nb", 100), [b"a\n"]);
        assert!(lines(b"b", 1).is_empty());
        assert!(lines(b"b\r", 1).is_empty());
    }

    #[test]
    fn carriage_returns_go_at_the_end_of_a_line_only() {
        assert_eq!(lines(b"a\r\n\n\r\nb\rc\r\r\n", 1), [&b"a\n"[..], b"\n", b"\n", b"b\rc\r\n"]);
    }

    #[test]
    fn long_lines_come_in_parts() {
        let lengths = |text: String| lines(text.as_bytes(), 1000).iter().map(Vec::len).collect::<Vec<_>>();
        let line = |length: usize, end: &str| format!("{}{end}", "x".repeat(length));
        assert_eq!(lengths(line(10_000, "\n")), [4096, 4096, 1809]);
        assert_eq!(lengths(line(4095, "\n")), [4096]);
        assert_eq!(lengths(line(4096, "\n")), [4096, 1]);
        assert_eq!(lengths(line(4095, "\r\n")), [4095, 1]);
        assert_eq!(lengths(line(5000, "")), [4096]);
    }

    #[test]
    fn a_pipe_without_an_end_is_come_back_to() {
        struct Waiting(bool);
        impl Read for Waiting {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 = !self.0;
                buffer[0] = b'\n';
                if self.0 { Ok(1) } else { Err(io::ErrorKind::WouldBlock.into()) }
            }
        }
        let (mut lines, mut pipe) = (Lines::new(), Waiting(false));
        let line = || Next::Line(b"\n".to_vec());
        let all: Vec<Next> = (0..3).map(|_| lines.next(&mut pipe)).collect();
        assert_eq!(all, [line(), Next::Wait, line()]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn how_a_text_is_chopped_makes_no_difference(
            text in "(x{0,5000}|\r|\n|é){0,8}", piece in 1usize..5000,
        ) {
            prop_assert_eq!(lines(text.as_bytes(), piece), lines(text.as_bytes(), usize::MAX));
        }
    }
}
