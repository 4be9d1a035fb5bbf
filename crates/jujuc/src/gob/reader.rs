use super::Error;

/// What is left of a message.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn uint(&mut self) -> Result<u64, Error> {
        let (number, length) = read_uint(self.0)?.ok_or_else(ended)?;
        self.0 = &self.0[length..];
        Ok(number)
    }

    pub(super) fn int(&mut self) -> Result<i64, Error> {
        let bits = self.uint()?;
        // The lowest bit says whether the others are to be inverted.
        let number = (bits >> 1).cast_signed();
        Ok(if bits & 1 == 0 { number } else { !number })
    }

    /// Bytes behind their number.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(ended)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// How many bytes or elements follow. An element has a byte at least.
    pub(super) fn count(&mut self) -> Result<usize, Error> {
        let count = self.uint()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.0.len() => Ok(count),
            _ => Err(Error::new(format_args!("invalid length {count}: exceeds input size {}", self.0.len()))),
        }
    }

    /// Reads the fields of a struct: `field` reads the one of a number.
    pub(super) fn fields(
        &mut self,
        mut field: impl FnMut(usize, &mut Reader<'a>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // Before the first.
        let mut next = 0_usize;
        loop {
            match usize::try_from(self.uint()?) {
                Ok(0) => return Ok(()),
                delta => {
                    let number = delta.ok().and_then(|delta| next.checked_add(delta - 1)).ok_or_else(out_of_bounds)?;
                    field(number, self)?;
                    next = number.checked_add(1).ok_or_else(out_of_bounds)?;
                }
            }
        }
    }
}

/// The number at the start of some bytes, and how many of them it takes; none where there are not enough.
pub(super) fn read_uint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Error> {
    match bytes {
        [] => Ok(None),
        [small @ 0..0x80, ..] => Ok(Some((u64::from(*small), 1))),
        // The first says how many follow: minus that, in two's complement.
        [first, rest @ ..] => match usize::from(first.wrapping_neg()) {
            length if length > 8 => Err(Error::new("encoded unsigned integer out of range")),
            length => Ok(rest.get(..length).map(|bytes| {
                let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
                (number, length + 1)
            })),
        },
    }
}

pub(super) fn ended() -> Error {
    Error::new("message ended too early")
}

pub(super) fn out_of_bounds() -> Error {
    Error::new("bad data: field numbers out of bounds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_when_they_are_small() {
        for (bytes, number, taken) in [
            (&[0][..], 0, 1),
            (&[0x7f, 9], 127, 1),
            (&[0xff, 200], 200, 2),
            (&[0xfe, 1, 0, 7], 256, 3),
            (&[0xf8, 255, 255, 255, 255, 255, 255, 255, 255], u64::MAX, 9),
            // Longer than it need be.
            (&[0xfd, 0, 0, 1], 1, 4),
        ] {
            assert_eq!(read_uint(bytes), Ok(Some((number, taken))));
            assert!((0..taken).all(|length| read_uint(&bytes[..length]) == Ok(None)));
        }
        assert!(read_uint(&[0xf7, 0]).is_err());
        for (bytes, number) in [
            (&[0xff, 0x82][..], 65),
            (&[0xff, 0x81], -65),
            (&[0x0c], 6),
            (&[0x01], -1),
            (&[0xf8, 255, 255, 255, 255, 255, 255, 255, 255], i64::MIN),
        ] {
            assert_eq!(Reader(bytes).int(), Ok(number));
        }
    }
}
