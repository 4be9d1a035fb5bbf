//! Base64 as Go reads and writes it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Padded, with any value in the bits that nothing uses.
const ENGINE: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

pub(super) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Decodes a text; line breaks do not count.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.replace(['\r', '\n'], "");
    ENGINE.decode(digits).map_err(|_| format!("illegal base64 data at input byte {}", fault(text.as_bytes())))
}

/// Where Go sees the fault of a text that has one.
fn fault(text: &[u8]) -> usize {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let mut in_group = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            byte if is_break(byte) => {}
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => in_group = (in_group + 1) % 4,
            b'=' if in_group >= 2 => {
                let mut rest = (at + 1..text.len()).filter(|at| !is_break(&text[*at]));
                if in_group == 2 {
                    match rest.next() {
                        None => return text.len(),
                        Some(next) if text[next] != b'=' => return next - 1,
                        Some(_) => {}
                    }
                }
                return rest.next().unwrap_or(text.len());
            }
            _ => return at,
        }
    }
    text.len() - in_group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        assert_eq!(encode(b"a b\xff"), "YSBi/w==");
        for (text, bytes) in [("YSBi/w==", &b"a b\xff"[..]), ("", b""), ("aG\nk=\r\n", b"hi"), ("aGl=", b"hi")] {
            assert_eq!(decode(text).unwrap(), bytes);
        }
    }

    #[test]
    fn faults_where_go_sees_them() {
        for (text, at) in [
            ("!!!", 0),
            ("a", 0),
            ("aGk", 0),
            ("abcdef", 4),
            ("ab=", 3),
            ("ab===", 4),
            ("abc=x", 4),
            ("=", 0),
            ("a=", 1),
            ("aG k", 2),
            ("abcdefgh!", 8),
            ("abcd=", 4),
            ("abcdé", 4),
            ("aG=x", 2),
            ("ab==\nx", 5),
            ("aGk= ", 4),
        ] {
            assert_eq!(decode(text).unwrap_err(), format!("illegal base64 data at input byte {at}"), "{text:?}");
        }
    }
}
