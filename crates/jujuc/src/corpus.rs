//! What servers are sent that is no call from the hook: collected by hand, and spoiled by chance.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// What was collected, by the names of its files, which are in `tests/corpus`. They hold hexadecimal digits; from
/// `#` to the end of a line is a remark.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jujuc/tests/corpus");
    let mut files: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let digits = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect::<String>();
        (path.file_name().unwrap().to_string_lossy().into_owned(), bytes(&digits))
    };
    let all: Vec<_> = files.iter().map(|path| read(path)).collect();
    assert!(!all.is_empty(), "nothing in {}", dir.display());
    all
}

/// The bytes that hexadecimal digits stand for, with spaces anywhere.
pub(crate) fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// One of the collection with bytes changed, dropped, doubled, put in or cut off, or with the half of another.
pub(crate) fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> = all().into_iter().map(|(_, bytes)| bytes).collect();
    let change = (0..6_u8, any::<prop::sample::Index>(), any::<u8>());
    (prop::sample::select(all.clone()), prop::sample::select(all), prop::collection::vec(change, 1..6)).prop_map(
        |(mut bytes, other, changes)| {
            for (kind, place, byte) in changes {
                if bytes.is_empty() {
                    break;
                }
                let at = place.index(bytes.len());
                match kind {
                    0 => bytes[at] = byte,
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, byte),
                    3 => bytes.truncate(at),
                    4 => bytes.extend_from_within(at..),
                    _ => bytes = [&bytes[..at], &other[at.min(other.len())..]].concat(),
                }
            }
            bytes
        },
    )
}
