//! The one place where this crate writes YAML: what `relation-set --file -` and `state-set --file -` read.
//!
//! Juju reads it with Go's `yaml.v2`, which is stricter than YAML 1.2 and than JSON: control characters, U+FFFE and
//! U+FFFF are refused, U+0085, U+2028 and U+2029 are folded, an escaped surrogate pair is refused, and a key in the
//! simple form has to end within 1024 bytes. So: one pair a line, everything double-quoted, what is not surely read
//! back escaped, characters beyond U+FFFF raw, long keys in the `?` form.

use std::collections::BTreeMap;
use std::fmt::Write;

/// The longest key in bytes, quotes and escapes counted, that is written in the simple form.
const SIMPLE_KEY: usize = 1000;

/// A mapping of text to text that Juju reads back exactly.
pub(crate) fn mapping(values: &BTreeMap<String, String>) -> Vec<u8> {
    let mut text = String::new();
    for (key, value) in values {
        let start = text.len();
        quote(&mut text, key);
        if text.len() - start > SIMPLE_KEY {
            text.insert_str(start, "? ");
            text.push('\n');
        }
        text.push_str(": ");
        quote(&mut text, value);
        text.push('\n');
    }
    if values.is_empty() {
        text.push_str("{}\n");
    }
    text.into_bytes()
}

fn quote(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                // Writing to a String does not fail.
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pairs: &[(&str, &str)]) -> String {
        let pairs = pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        String::from_utf8(mapping(&pairs)).unwrap()
    }

    #[test]
    fn a_mapping_is_one_quoted_pair_a_line() {
        assert_eq!(written(&[]), "{}\n");
        assert_eq!(written(&[("a", "1"), ("b", "it's \"x\"\n")]), "\"a\": \"1\"\n\"b\": \"it's \\\"x\\\"\\n\"\n");
    }

    #[test]
    fn what_juju_would_refuse_or_fold_is_escaped() {
        assert_eq!(
            written(&[("k", "\0\u{7f}\u{85}\u{2028}\u{ffff}😀")]),
            "\"k\": \"\\u0000\\u007f\\u0085\\u2028\\uffff😀\"\n"
        );
    }

    #[test]
    fn a_long_key_is_written_in_the_long_form() {
        let key = "k".repeat(2000);
        assert_eq!(written(&[(&key, "v")]), format!("? \"{key}\"\n: \"v\"\n"));
    }
}
