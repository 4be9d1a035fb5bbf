use super::Error;
use super::reader::read_uint;

/// Bytes as they come, cut into messages.
#[derive(Debug)]
pub(crate) struct Messages {
    buffer: Vec<u8>,
    /// How much of it is done with.
    done: usize,
    /// How much of what comes is passed over.
    passing: u64,
    /// How long a message may be.
    limit: usize,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    Message(&'a [u8]),
    /// A message of more bytes than are taken, which are passed over.
    TooLarge,
    /// Not all of a message is there.
    More,
}

/// A message that is longer than this is not passed over: nobody means it.
const PASSED_OVER: u64 = 1 << 30;
/// Room that is kept between messages.
const ROOM: usize = 64 * 1024;

impl Messages {
    /// Takes messages of this length at most.
    pub(crate) fn up_to(limit: usize) -> Messages {
        Messages { buffer: Vec::new(), done: 0, passing: 0, limit }
    }

    /// Takes what has come.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        let passed = usize::try_from(self.passing).unwrap_or(usize::MAX).min(bytes.len());
        self.passing -= passed as u64;
        bytes = &bytes[passed..];
        // Moved only when as much is dropped, so that each byte is moved a few times at most.
        if self.done > self.buffer.len() / 2 {
            self.buffer.drain(..self.done);
            self.done = 0;
            if self.buffer.len() < ROOM {
                self.buffer.shrink_to(ROOM);
            }
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// How many bytes wait to be read.
    pub(crate) fn waiting(&self) -> usize {
        self.buffer.len() - self.done
    }

    /// # Errors
    /// What comes next is no length, or one that cannot be meant.
    pub(crate) fn next(&mut self) -> Result<Next<'_>, Error> {
        let Some((length, head)) = read_uint(&self.buffer[self.done..])? else { return Ok(Next::More) };
        let start = self.done + head;
        let whole = usize::try_from(length).ok().filter(|length| *length <= self.limit);
        let Some(length) = whole else {
            if length > PASSED_OVER {
                return Err(Error::new("invalid message length"));
            }
            self.done = start;
            let here = usize::try_from(length).unwrap_or(usize::MAX).min(self.waiting());
            self.done += here;
            self.passing = length - here as u64;
            return Ok(Next::TooLarge);
        };
        match self.buffer.get(start..start + length) {
            Some(message) => {
                self.done = start + length;
                Ok(Next::Message(message))
            }
            None => Ok(Next::More),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_the_bytes_come() {
        let stream = [&[2, 7, 8, 0, 0xff, 200][..], &[9; 200], &[1, 5]].concat();
        for step in [1, 2, 3, 50, 1000] {
            let mut messages = Messages::up_to(100);
            let mut found = Vec::new();
            for bytes in stream.chunks(step) {
                messages.push(bytes);
                loop {
                    match messages.next().unwrap() {
                        Next::Message(message) => found.push(message.to_vec()),
                        Next::TooLarge => found.push(b"too large".to_vec()),
                        Next::More => break,
                    }
                }
            }
            assert_eq!(found, [vec![7, 8], vec![], b"too large".to_vec(), vec![5]], "{step}");
            assert_eq!(messages.waiting(), 0);
        }
    }

    #[test]
    fn a_length_that_nobody_means_is_an_error() {
        for bytes in [&[0xf7][..], &[0xf8, 255, 255, 255, 255, 255, 255, 255, 255], &[0xfb, 1, 0, 0, 0, 0]] {
            let mut messages = Messages::up_to(100);
            messages.push(bytes);
            assert!(messages.next().is_err(), "{bytes:?}");
        }
    }
}
