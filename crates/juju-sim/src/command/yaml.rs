//! YAML as Go's yaml.v2 writes it.

use super::format::{Out, Shown};
use super::yaml_text::{self, Style};
use super::{base64_text, natural, number, time};

/// How far maps, and lists in lists, stand in.
const STEP: usize = 2;
/// The column after which a space may become a line break.
const WIDTH: usize = 80;
/// The length of a line of base64.
const BINARY_WIDTH: usize = 70;

/// One document, without newlines at the end.
pub(super) fn document(out: &Out) -> String {
    let mut writer = Writer::default();
    writer.node(out, 0, false, STEP);
    writer.text.truncate(writer.text.trim_end_matches('\n').len());
    writer.text
}

#[derive(Debug, Default)]
struct Writer {
    text: String,
    column: usize,
}

impl Writer {
    /// Writes a value where the writer stands. `indent` is where the lines of a map or a list start, `inner` where the
    /// further lines of a text do. `value` tells that a key stands before on the line.
    fn node(&mut self, out: &Out, indent: usize, value: bool, inner: usize) {
        match out {
            Out::Null => self.word("null", value),
            Out::Bool(on) => self.word(if *on { "true" } else { "false" }, value),
            Out::Number(number) => self.word(&number::yaml(*number), value),
            Out::Integer(number) => self.word(&number.to_string(), value),
            Out::Time(seconds) => self.word(&time::rfc3339(*seconds), value),
            Out::Binary(bytes) => {
                self.word("!!binary ", value);
                self.binary(bytes, inner);
            }
            Out::Text(text) | Out::Bare(text) => {
                self.word("", value);
                self.scalar(text, inner, false);
            }
            Out::NilList => self.word("[]", value),
            Out::Texts(items) if items.is_empty() => self.word("[]", value),
            Out::List(items) if items.is_empty() => self.word("[]", value),
            Out::Texts(items) => self.list(items, indent, value, |writer, item| {
                writer.scalar(item, indent + STEP, false);
            }),
            Out::List(items) => self.list(items, indent, value, |writer, item| {
                writer.node(item, indent + STEP, false, indent + STEP);
            }),
            Out::NilMap => self.word("{}", value),
            Out::Map(map) if map.is_empty() => self.word("{}", value),
            Out::Map(map) => {
                let entries = natural::sorted(map.iter().map(|(key, value)| (key.as_str(), value)).collect());
                self.map(&entries, indent, value);
            }
            Out::Pairs(pairs) => {
                let map = pairs.iter().map(|(key, text)| (key.clone(), Out::Text(text.clone()))).collect();
                self.node(&Out::Map(map), indent, value, inner);
            }
            Out::Struct(fields) => {
                let shown = fields.iter().filter(|field| field.shown != Shown::Json);
                let entries: Vec<_> = shown.map(|field| (field.name, &field.value)).collect();
                self.map(&entries, indent, value);
            }
        }
    }

    fn list<T>(&mut self, items: &[T], indent: usize, value: bool, write: impl Fn(&mut Self, &T)) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 || value {
                self.line(indent);
            }
            self.put("- ");
            write(self, item);
        }
    }

    fn map(&mut self, entries: &[(&str, &Out)], indent: usize, value: bool) {
        for (index, (key, out)) in entries.iter().enumerate() {
            if index > 0 || value {
                self.line(indent);
            }
            let simple = key.len() <= 128 && !key.contains(yaml_text::is_break);
            if simple {
                self.scalar(key, indent + STEP, true);
            } else {
                self.put("? ");
                self.scalar(key, indent + STEP, false);
                self.line(indent);
            }
            self.put(":");
            // A list under a simple key does not stand in; a map does.
            let is_list = matches!(out, Out::List(_) | Out::Texts(_));
            let under = if simple && is_list { indent } else { indent + STEP };
            if simple {
                self.node(out, under, true, indent + STEP);
            } else {
                self.put(" ");
                self.node(out, under, false, indent + STEP);
            }
        }
    }

    fn word(&mut self, word: &str, value: bool) {
        if value {
            self.put(" ");
        }
        self.put(word);
    }

    fn scalar(&mut self, text: &str, indent: usize, key: bool) {
        match yaml_text::style(text, key) {
            Style::Plain => self.folded(text, indent, key, |c, put| put.push(c)),
            Style::Single => {
                self.put("'");
                self.folded(text, indent, key, |c, put| {
                    put.push(c);
                    if c == '\'' {
                        put.push(c);
                    }
                });
                self.put("'");
            }
            Style::Double => {
                self.put("\"");
                self.folded_double(text, indent, key);
                self.put("\"");
            }
            Style::Literal => self.literal(text, indent),
        }
    }

    /// Base64, in lines of their own where it is long.
    fn binary(&mut self, bytes: &[u8], indent: usize) {
        let digits: Vec<char> = base64_text::encode(bytes).chars().collect();
        let lines: Vec<String> = digits.chunks(BINARY_WIDTH).map(String::from_iter).collect();
        if digits.len() < BINARY_WIDTH {
            self.put(&lines.concat());
        } else {
            self.literal(&format!("{}\n", lines.join("\n")), indent);
        }
    }

    /// Writes character by character; a lone space past the width becomes a line break.
    fn folded(&mut self, text: &str, indent: usize, key: bool, write: impl Fn(char, &mut String)) {
        let mut chars = text.char_indices().peekable();
        let mut after_space = false;
        while let Some((index, c)) = chars.next() {
            let lone = c == ' ' && !after_space && index > 0 && chars.peek().is_some_and(|(_, next)| *next != ' ');
            if lone && !key && self.column > WIDTH {
                self.line(indent);
            } else {
                let mut put = String::new();
                write(c, &mut put);
                self.put(&put);
            }
            after_space = c == ' ';
        }
    }

    fn folded_double(&mut self, text: &str, indent: usize, key: bool) {
        let mut chars = text.char_indices().peekable();
        let mut after_space = false;
        while let Some((index, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == ' ' && !key && !after_space && self.column > WIDTH && index > 0 && next.is_some() {
                self.line(indent);
                if next == Some(' ') {
                    self.put("\\");
                }
            } else {
                self.put(&yaml_text::escaped(c));
            }
            after_space = c == ' ';
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put(&STEP.to_string());
        }
        let body = text.strip_suffix('\n');
        match body {
            None => self.put("-"),
            Some(body) if body.is_empty() || body.ends_with('\n') => self.put("+"),
            Some(_) => {}
        }
        for line in body.unwrap_or(text).split('\n') {
            self.line(if line.is_empty() { 0 } else { indent });
            self.put(line);
        }
    }

    fn line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn yaml(value: Value) -> String {
        document(&value.into())
    }

    #[test]
    fn nesting() {
        let value = json!({"k10": {"b": [1, {"x": "y", "w": []}, ["p", "q"]], "a": {}}, "k9": null, "K": true, "": ""});
        assert_eq!(
            yaml(value),
            "\"\": \"\"\nK: true\nk9: null\nk10:\n  a: {}\n  b:\n  - 1\n  - w: []\n    x: \"y\"\n  - - p\n    - q"
        );
    }

    #[test]
    fn texts() {
        for (text, yaml_text) in [
            ("plain é", "plain é"),
            ("a:b#c", "a:b#c"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("- a", "'- a'"),
            ("-a", "-a"),
            ("it's: x", "'it''s: x'"),
            (" a", "' a'"),
            ("@a", "'@a'"),
            ("---", "'---'"),
            ("~", "\"~\""),
            ("1.5e3", "\"1.5e3\""),
            ("1_000", "\"1_000\""),
            ("0x1F", "\"0x1F\""),
            ("00:11:22:33:44:00", "\"00:11:22:33:44:00\""),
            ("aa:11:22:33:44:00", "aa:11:22:33:44:00"),
            ("10.0.0.5", "10.0.0.5"),
            ("10.0.0.0/24", "10.0.0.0/24"),
            ("2001-01-02", "\"2001-01-02\""),
            ("2001-01-02T10:00:00Z", "\"2001-01-02T10:00:00Z\""),
            ("a\tb😀", "\"a\\tb\\U0001F600\""),
            ("a\nb", "|-\n    a\n    b"),
            ("a\n\nb\n", "|\n    a\n\n    b"),
            (" a\nb\n", "|2\n     a\n    b"),
            ("a \nb", "\"a \\nb\""),
        ] {
            assert_eq!(yaml(json!({"x": {"k": text}})), format!("x:\n  k: {yaml_text}"), "{text:?}");
        }
        assert_eq!(yaml(json!({"a": "x\n\n", "b": "\n", "c": ""})), "a: |+\n  x\n\nb: |2+\n\nc: \"\"");
        assert_eq!(yaml(json!({"a\nb": ["c"]})), "? |-\n  a\n  b\n: - c");
    }

    #[test]
    fn binaries() {
        let long = "//////////////////////////////////////////////////////////////////////";
        for (bytes, text) in [
            (vec![0x80, 0x81], "!!binary gIE=".to_owned()),
            (vec![0xff; 51], format!("!!binary {}", &long[..68])),
            (vec![0xff; 60], format!("!!binary |\n    {long}\n    //////////")),
        ] {
            let map = Out::Map([("k".to_owned(), Out::Binary(bytes))].into());
            assert_eq!(document(&Out::Map([("x".to_owned(), map)].into())), format!("x:\n  k: {text}"));
        }
    }

    #[test]
    fn long_texts_fold_at_spaces() {
        let words = "word ".repeat(20);
        let (first, second) = ("word ".repeat(17), "word ".repeat(3));
        assert_eq!(yaml(json!(words.trim_end())), format!("{}\n  {}", first.trim_end(), second.trim_end()));
        assert_eq!(yaml(json!(format!("@{}", words.trim_end()))).lines().count(), 2);
        assert_eq!(yaml(json!(format!("\t{}", words))).lines().count(), 2);
        assert_eq!(yaml(json!({words.trim_end(): 1})), format!("{}: 1", words.trim_end()));
        assert_eq!(yaml(json!("w".repeat(200))), "w".repeat(200));
    }
}
