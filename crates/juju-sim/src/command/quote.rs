//! Text between double quotes as Go's `%q` prints it.

use std::fmt::Write as _;

/// Quotes one text.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            c if printable(c) => quoted.push(c),
            c => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..0x80 => write!(quoted, "\\x{code:02x}"),
                    0x80..0x1_0000 => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Quotes a list: `["a" "b"]`.
pub(super) fn quote_list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    format!("[{}]", quoted.join(" "))
}

/// Whether Go prints the character as it is. Rust's table is the same, save for marks that combine with the
/// character before: it escapes these only at the start of a text.
fn printable(c: char) -> bool {
    !c.is_control() && (c == '\'' || ["a", c.encode_utf8(&mut [0; 4])].concat().escape_debug().count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go() {
        for (text, quoted) in [
            ("plain 'x'", r#""plain 'x'""#),
            ("a\"b\\c\n\u{1}\u{7f}", r#""a\"b\\c\n\x01\x7f""#),
            ("é\u{301}😀\u{a0}\u{ad}\u{85}", "\"é\u{301}😀\\u00a0\\u00ad\\u0085\""),
            ("\u{e000}\u{10ffff}", r#""\ue000\U0010ffff""#),
        ] {
            assert_eq!(quote(text), quoted);
        }
        assert_eq!(quote_list(&["a".into(), "b\"".into()]), r#"["a" "b\""]"#);
    }
}
