//! The output formats, and the values that go through them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

use super::quote::quote;
use super::{Settings, number, time, yaml};

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Format {
    /// For people: texts bare, lists of texts by line, the rest as YAML.
    #[default]
    Smart,
    /// YAML as Go writes it.
    Yaml,
    /// One line of JSON as Go writes it.
    Json,
}

/// What a command answers, with the differences that Go's types make to the formats.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Out {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number; in Juju each of them came through JSON as a float.
    Number(f64),
    /// A whole number; unlike [`Out::Number`] it never had another form.
    Integer(u64),
    /// A point in time, in seconds of Unix.
    Time(u64),
    /// A text.
    Text(String),
    /// A text of a command without formats, printed without a newline at the end.
    Bare(String),
    /// A text that is not UTF-8.
    Binary(Vec<u8>),
    /// A list of texts and of nothing else.
    Texts(Vec<String>),
    /// The list that was never made: JSON shows it as `null`.
    NilList,
    /// A list of anything.
    List(Vec<Out>),
    /// The map that was never made: JSON shows it as `null`.
    NilMap,
    /// A map, sorted by the format.
    Map(BTreeMap<String, Out>),
    /// A map of texts, sorted by the format.
    Pairs(Arc<Settings>),
    /// A structure, in its own order.
    Struct(Vec<Field>),
}

/// One field of a structure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) value: Out,
    pub(super) shown: Shown,
}

/// In which formats a field is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// In all of them.
    Always,
    /// In JSON alone.
    Json,
    /// In the others alone.
    Yaml,
}

impl Field {
    /// A field of all formats.
    pub(super) fn new(name: &'static str, value: impl Into<Out>) -> Self {
        Field { name, value: value.into(), shown: Shown::Always }
    }

    /// A field, or the name of one, that only JSON has.
    pub(super) fn json_only(name: &'static str, value: impl Into<Out>) -> Self {
        Field { shown: Shown::Json, ..Field::new(name, value) }
    }

    /// A field, or the name of one, that JSON leaves out.
    pub(super) fn yaml_only(name: &'static str, value: impl Into<Out>) -> Self {
        Field { shown: Shown::Yaml, ..Field::new(name, value) }
    }
}

impl From<&str> for Out {
    fn from(text: &str) -> Self {
        Out::Text(text.to_owned())
    }
}

impl From<String> for Out {
    fn from(text: String) -> Self {
        Out::Text(text)
    }
}

impl From<bool> for Out {
    fn from(on: bool) -> Self {
        Out::Bool(on)
    }
}

impl From<Vec<String>> for Out {
    fn from(texts: Vec<String>) -> Self {
        Out::Texts(texts)
    }
}

impl From<Vec<u8>> for Out {
    fn from(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Out::Binary(error.into_bytes()), Out::Text)
    }
}

impl From<Settings> for Out {
    fn from(settings: Settings) -> Self {
        Out::Pairs(Arc::new(settings))
    }
}

impl From<Value> for Out {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Out::Null,
            Value::Bool(on) => Out::Bool(on),
            Value::Number(number) => number.as_f64().map_or(Out::Null, Out::Number),
            Value::String(text) => Out::Text(text),
            Value::Array(items) => Out::List(items.into_iter().map(Out::from).collect()),
            Value::Object(map) => Out::Map(map.into_iter().map(|(key, value)| (key, value.into())).collect()),
        }
    }
}

impl Format {
    /// Reads the value of `--format`.
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        match value {
            "smart" => Ok(Format::Smart),
            "yaml" => Ok(Format::Yaml),
            "json" => Ok(Format::Json),
            _ => Err(format!("unknown format {}", quote(value))),
        }
    }

    /// The bytes of an answer, with the newline at the end where there is one.
    pub(super) fn render(self, out: &Out) -> String {
        let mut text = match (self, out) {
            (Format::Json, out) => {
                let mut text = String::new();
                json(&mut text, out);
                text
            }
            (_, Out::Null) => return String::new(),
            (_, Out::Bare(text)) => return text.clone(),
            (Format::Smart, Out::Text(text)) => text.clone(),
            (Format::Smart, Out::Texts(texts)) => texts.join("\n"),
            (Format::Smart, Out::NilList) => String::new(),
            (Format::Smart, Out::Bool(on)) => String::from(if *on { "True" } else { "False" }),
            (_, out) => yaml::document(out),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }
}

fn json(text: &mut String, out: &Out) {
    match out {
        Out::Null | Out::NilList | Out::NilMap => text.push_str("null"),
        Out::Bool(on) => text.push_str(if *on { "true" } else { "false" }),
        Out::Number(number) => text.push_str(&number::json(*number)),
        Out::Integer(number) => text.push_str(&number.to_string()),
        Out::Time(seconds) => json_text(text, &time::rfc3339(*seconds)),
        Out::Text(value) | Out::Bare(value) => json_text(text, value),
        Out::Binary(bytes) => json_bytes(text, bytes),
        Out::Texts(items) => json_all(text, '[', items, ']', |text, item| json_text(text, item)),
        Out::List(items) => json_all(text, '[', items, ']', json),
        Out::Map(map) => json_all(text, '{', map, '}', |text, (key, value)| {
            json_text(text, key);
            text.push(':');
            json(text, value);
        }),
        Out::Pairs(map) => json_all(text, '{', map.iter(), '}', |text, (key, value)| {
            json_text(text, key);
            text.push(':');
            json_text(text, value);
        }),
        Out::Struct(fields) => {
            json_all(text, '{', fields.iter().filter(|field| field.shown != Shown::Yaml), '}', |text, field| {
                json_text(text, field.name);
                text.push(':');
                json(text, &field.value);
            });
        }
    }
}

fn json_all<I: IntoIterator>(
    text: &mut String,
    open: char,
    items: I,
    close: char,
    write: impl Fn(&mut String, I::Item),
) {
    text.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(text, item);
    }
    text.push(close);
}

fn json_text(text: &mut String, value: &str) {
    text.push('"');
    json_escaped(text, value);
    text.push('"');
}

/// Each byte that is not of UTF-8 is lost.
fn json_bytes(text: &mut String, bytes: &[u8]) {
    text.push('"');
    for chunk in bytes.utf8_chunks() {
        json_escaped(text, chunk.valid());
        text.push_str(&"\\ufffd".repeat(chunk.invalid().len()));
    }
    text.push('"');
}

fn json_escaped(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\x08' => text.push_str("\\b"),
            '\x0c' => text.push_str("\\f"),
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(out: &Out) -> [String; 3] {
        [Format::Json, Format::Yaml, Format::Smart].map(|format| format.render(out))
    }

    #[test]
    fn each_format() {
        let texts = |texts: &[&str]| Out::Texts(texts.iter().map(|text| (*text).to_owned()).collect());
        for (out, json, yaml, smart) in [
            (Out::Null, "null\n", "", ""),
            ("".into(), "\"\"\n", "\"\"\n", ""),
            ("abc".into(), "\"abc\"\n", "abc\n", "abc\n"),
            ("abc\n".into(), "\"abc\\n\"\n", "|\n  abc\n", "abc\n\n"),
            ("123".into(), "\"123\"\n", "\"123\"\n", "123\n"),
            ("yes".into(), "\"yes\"\n", "\"yes\"\n", "yes\n"),
            (Out::Bool(true), "true\n", "true\n", "True\n"),
            (Out::Bool(false), "false\n", "false\n", "False\n"),
            (texts(&[]), "[]\n", "[]\n", ""),
            (Out::NilList, "null\n", "[]\n", ""),
            (texts(&["a", "b"]), "[\"a\",\"b\"]\n", "- a\n- b\n", "a\nb\n"),
            (json!({}).into(), "{}\n", "{}\n", "{}\n"),
            (Out::NilMap, "null\n", "{}\n", "{}\n"),
            (json!(45).into(), "45\n", "45\n", "45\n"),
            (json!(1_000_000).into(), "1000000\n", "1e+06\n", "1e+06\n"),
            (json!(1_234_567).into(), "1234567\n", "1.234567e+06\n", "1.234567e+06\n"),
            (json!(1e21).into(), "1e+21\n", "1e+21\n", "1e+21\n"),
            (Out::Integer(1_000_000), "1000000\n", "1000000\n", "1000000\n"),
            (Out::Time(0), "\"1970-01-01T00:00:00Z\"\n", "1970-01-01T00:00:00Z\n", "1970-01-01T00:00:00Z\n"),
            (b"a\n".to_vec().into(), "\"a\\n\"\n", "|\n  a\n", "a\n\n"),
            (b"a\xe2\x28".to_vec().into(), "\"a\\ufffd(\"\n", "!!binary YeIo\n", "!!binary YeIo\n"),
            (json!(["a"]).into(), "[\"a\"]\n", "- a\n", "- a\n"),
            (json!([]).into(), "[]\n", "[]\n", "[]\n"),
        ] {
            assert_eq!(all(&out), [json, yaml, smart], "{out:?}");
        }
    }

    #[test]
    fn json_as_go() {
        let out: Out =
            json!({"k9": "<a&b>\u{2028}\u{2029}\u{1}\u{8}\u{c}\u{7f}\t\"\\é😀", "k10": [null, 1.5], "K": {}}).into();
        assert_eq!(
            Format::Json.render(&out),
            "{\"K\":{},\"k10\":[null,1.5],\
             \"k9\":\"\\u003ca\\u0026b\\u003e\\u2028\\u2029\\u0001\\b\\f\u{7f}\\t\\\"\\\\é😀\"}\n"
        );
    }
}
