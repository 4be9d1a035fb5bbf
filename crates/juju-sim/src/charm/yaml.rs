//! YAML as Go's yaml.v2 reads it, which is what Juju reads a charm with.
//!
//! The parser gives one event after another, so a text that nests too deep is refused at the place where it does;
//! it tells a quoted scalar from a plain one, and Juju needs that: a plain `yes`, `on` or `n` is a boolean to it.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::node::{Entry, Flaw, Node, Plain, Yaml};

/// What a text may have. A charm has a few kilobytes; Juju itself has no limits.
pub(super) const MAX_BYTES: usize = 4 << 20;
const MAX_DEPTH: usize = 100;
const MAX_VALUES: usize = 100_000;

/// A text as it was read.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Node,
    /// Whether there are more documents, at which Juju does not look.
    pub(super) more: bool,
}

/// Reads the first document; an empty text is a null.
///
/// A key that is there twice is an error: Juju takes the last one in silence, but charmcraft packs no such file.
pub(super) fn read(text: &str) -> Result<Document, Flaw> {
    if text.len() > MAX_BYTES {
        return Err(Flaw::new(1, format!("the text has more than {MAX_BYTES} bytes")));
    }
    let mut events = Parser::new_from_str(text);
    let mut tree = Tree { left: MAX_VALUES, bytes_left: MAX_BYTES, ..Tree::default() };
    for event in events.by_ref() {
        let (event, span) = event.map_err(|error| {
            let column = error.marker().col() + 1;
            Flaw::new(error.marker().line(), format!("column {column}: not YAML: {}", error.info()))
        })?;
        if event == Event::DocumentEnd {
            break;
        }
        tree.take(event, span.start)?;
    }
    let more = matches!(events.next(), Some(Ok((Event::DocumentStart(_), _)) | Err(_)));
    let root = tree.root.unwrap_or(Node { line: 1, value: Yaml::default() });
    Ok(Document { root, more })
}

/// The part of the document that has been read.
#[derive(Debug, Default)]
struct Tree {
    root: Option<Node>,
    /// The lists and maps that are open, the innermost last.
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchor>,
    /// How many values and bytes of text there may still be. What an alias copies counts, so that aliases of aliases
    /// cannot fill the memory.
    left: usize,
    bytes_left: usize,
}

#[derive(Debug)]
struct Anchor {
    node: Node,
    size: Size,
}

/// What a node takes.
#[derive(Debug, Default, Clone, Copy)]
struct Size {
    values: usize,
    bytes: usize,
    /// How deep it nests.
    depth: usize,
}

/// A node that is whole.
#[derive(Debug)]
struct Done {
    node: Node,
    anchor: usize,
    size: Size,
    /// Whether it is the key `<<`.
    is_merge: bool,
}

/// A list or map that is not.
#[derive(Debug)]
struct Open {
    line: usize,
    anchor: usize,
    size: Size,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    List(Vec<Node>),
    Map(Map),
}

#[derive(Debug, Default)]
struct Map {
    entries: Vec<Entry>,
    places: BTreeMap<String, usize>,
    key: Option<Key>,
}

#[derive(Debug)]
struct Key {
    text: String,
    is_text: bool,
    is_merge: bool,
    line: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, mark: Marker) -> Result<(), Flaw> {
        let line = mark.line();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = resolve(&text, style, tag.as_deref()).map_err(|why| Flaw::new(line, why))?;
                let is_merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                let size = Size { values: 1, bytes: text.len(), depth: 0 };
                self.charge(line, size)?;
                let node = Node { line, value: Yaml::Scalar(text.into_owned(), value) };
                self.close(Done { node, anchor, size, is_merge })
            }
            Event::Alias(anchor) => {
                let contains_itself = || Flaw::new(line, "an anchor's value contains itself");
                let size = self.anchors.get(&anchor).ok_or_else(contains_itself)?.size;
                self.charge(line, size)?;
                let node = self.anchors.get(&anchor).ok_or_else(contains_itself)?.node.clone();
                self.close(Done { node, anchor: 0, size, is_merge: false })
            }
            Event::SequenceStart(anchor, _) => self.open(line, anchor, Kind::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.open(line, anchor, Kind::Map(Map::default())),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { line, anchor, size, kind }) = self.open.pop() else { return Ok(()) };
                let value = match kind {
                    Kind::List(items) => Yaml::List(items),
                    Kind::Map(map) => Yaml::Map(map.entries),
                };
                self.close(Done { node: Node { line, value }, anchor, size, is_merge: false })
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn open(&mut self, line: usize, anchor: usize, kind: Kind) -> Result<(), Flaw> {
        let size = Size { values: 1, bytes: 0, depth: 1 };
        self.charge(line, size)?;
        self.open.push(Open { line, anchor, size, kind });
        Ok(())
    }

    /// Puts a whole node where it belongs.
    fn close(&mut self, Done { node, anchor, size, is_merge }: Done) -> Result<(), Flaw> {
        if anchor > 0 {
            self.charge(node.line, size)?;
            self.anchors.insert(anchor, Anchor { node: node.clone(), size });
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size.values += size.values;
        open.size.bytes += size.bytes;
        open.size.depth = open.size.depth.max(size.depth + 1);
        match &mut open.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(map) => map.take(node, is_merge)?,
        }
        Ok(())
    }

    /// Accounts for a node that is about to be made where the tree now stands.
    fn charge(&mut self, line: usize, size: Size) -> Result<(), Flaw> {
        if self.open.len() + size.depth > MAX_DEPTH {
            return Err(Flaw::new(line, format!("nested more than {MAX_DEPTH} deep")));
        }
        let rest = self.left.checked_sub(size.values).zip(self.bytes_left.checked_sub(size.bytes));
        let Some((left, bytes_left)) = rest else {
            let limits = format!("more than {MAX_VALUES} values or {MAX_BYTES} bytes, with what aliases copy");
            return Err(Flaw::new(line, limits));
        };
        (self.left, self.bytes_left) = (left, bytes_left);
        Ok(())
    }
}

impl Map {
    fn take(&mut self, node: Node, is_merge: bool) -> Result<(), Flaw> {
        let Some(key) = self.key.take() else {
            let line = node.line;
            let kind = node.kind();
            let Yaml::Scalar(text, value) = node.value else {
                return Err(Flaw::new(line, format!("a key is {kind}, which Juju does not read")));
            };
            self.key = Some(Key { text, is_text: value == Plain::Text, is_merge, line });
            return Ok(());
        };
        if !key.is_merge {
            return self.insert(Entry {
                key: key.text,
                is_text: key.is_text,
                merged: false,
                line: key.line,
                value: node,
            });
        }
        let maps = match node.value {
            Yaml::Map(_) => vec![node],
            // Of several the first counts most, so it comes last.
            Yaml::List(items) => items.into_iter().rev().collect(),
            Yaml::Scalar(..) => return Err(Flaw::new(key.line, "<<: expected a map or a list of maps")),
        };
        for node in maps {
            let Yaml::Map(entries) = node.value else {
                return Err(Flaw::new(key.line, "<<: expected a map or a list of maps"));
            };
            for entry in entries {
                self.insert(Entry { merged: true, ..entry })?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, entry: Entry) -> Result<(), Flaw> {
        match self.places.get(&entry.key).and_then(|place| self.entries.get_mut(*place)) {
            None => {
                self.places.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
            Some(there) if there.merged || entry.merged => *there = entry,
            Some(there) => {
                return Err(Flaw::new(entry.line, format!("key {:?} is on line {} too", entry.key, there.line)));
            }
        }
        Ok(())
    }
}

/// What a scalar is. A tag that yaml.v2 does not know makes it a text.
fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Plain, String> {
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { plain(text) } else { Plain::Text });
    };
    if !tag.is_yaml_core_schema() {
        return Ok(Plain::Text);
    }
    let value = plain(text);
    match (tag.suffix.as_str(), value) {
        ("null", _) => Ok(Plain::Null),
        ("bool", Plain::Bool(_)) | ("int", Plain::Int(_) | Plain::Uint(_)) | ("float", Plain::Float(_)) => Ok(value),
        ("float", Plain::Int(number)) => Ok(Plain::Float(number as f64)),
        ("binary", _) => Err("binary values are not read".to_owned()),
        (tag @ ("bool" | "int" | "float"), _) => Err(format!("the value is not of its tag !!{tag}")),
        _ => Ok(Plain::Text),
    }
}

fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Plain::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Plain::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Plain::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Plain::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Plain::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if text.starts_with('.') {
        return float(text).map_or(Plain::Text, Plain::Float);
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-') {
        return Plain::Text;
    }
    let digits = text.replace('_', "");
    if let Some(number) = integer(&digits) {
        if let Ok(number) = i64::try_from(number) {
            return Plain::Int(number);
        }
        if let (Ok(number), true) = (u64::try_from(number), digits.starts_with(|c: char| c.is_ascii_digit())) {
            return Plain::Uint(number);
        }
    }
    float(&digits).map_or(Plain::Text, Plain::Float)
}

/// An integer as Go writes it in source code: `0x1f`, `0b11`, `0o17`, and `017` for the same in octal digits.
pub(super) fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?),
        [b'0', b'b', ..] => (2, lower.get(2..)?),
        [b'0', b'o', ..] => (8, lower.get(2..)?),
        [b'0', _, ..] => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    Some(if negative { -number } else { number })
}

/// A float in digits, with a point or an exponent or neither, and within what a float holds.
fn float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (digits, "0"),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let has_digits = !whole.is_empty() || !part.is_empty();
    if !is_number(whole) || !is_number(part) || !has_digits || exponent.is_empty() || !is_number(exponent) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> String {
        read(text).unwrap_err().of("x").to_string()
    }

    #[test]
    fn scalars() {
        for (text, value) in [
            ("", Plain::Null),
            ("~", Plain::Null),
            ("yes", Plain::Bool(true)),
            ("n", Plain::Bool(false)),
            ("Off", Plain::Bool(false)),
            ("yEs", Plain::Text),
            ("'yes'", Plain::Text),
            ("5", Plain::Int(5)),
            ("-0x1F", Plain::Int(-31)),
            ("0o17", Plain::Int(15)),
            ("017", Plain::Int(15)),
            ("08", Plain::Float(8.0)),
            ("0b11", Plain::Int(3)),
            ("1_000", Plain::Int(1000)),
            ("9223372036854775808", Plain::Uint(9_223_372_036_854_775_808)),
            ("18446744073709551616", Plain::Float(18_446_744_073_709_551_616.0)),
            ("1e3", Plain::Float(1000.0)),
            (".5", Plain::Float(0.5)),
            ("1.", Plain::Float(1.0)),
            ("-.inf", Plain::Float(f64::NEG_INFINITY)),
            ("1e999", Plain::Text),
            (".", Plain::Text),
            ("1.2.3", Plain::Text),
            ("2001-01-01", Plain::Text),
            ("!!str 5", Plain::Text),
            ("!!float 5", Plain::Float(5.0)),
            ("!!int '5'", Plain::Int(5)),
            ("!mine 5", Plain::Text),
        ] {
            let Yaml::Scalar(_, read) = read(text).unwrap().root.value else { panic!("{text}") };
            assert_eq!(read, value, "{text}");
        }
        assert!(flaw("!!int a").contains("not of its tag"), "{}", flaw("!!int a"));
        assert!(flaw("!!binary aGk=").contains("binary"));
    }

    #[test]
    fn maps_merge() {
        let text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {a: 3, <<: [*x, *y], c: 3}";
        let root = read(text).unwrap().root;
        let z = root.get("z").unwrap();
        let values: Vec<_> = ["a", "b", "c"].map(|key| z.get(key).unwrap().json("").unwrap()).into();
        // As in yaml.v2, what comes later counts: the merge hides the `a` before it.
        assert_eq!(values, [1, 1, 3]);
        assert!(flaw("<<: 5").contains("<<: expected a map"));
        assert!(flaw("a: &a [1]\n<<: *a").contains("<<: expected a map"));
    }

    #[test]
    fn a_key_is_there_once() {
        assert_eq!(flaw("a: 1\nb: 2\na: 3"), "invalid charm: x:3: key \"a\" is on line 1 too");
    }

    #[test]
    fn hostile_texts_are_refused_at_once() {
        let laughs =
            (1..9).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9))).collect::<String>();
        // Each level is anchored, which copies it.
        let anchors = format!("{}x{}", "&a [".repeat(90), "]".repeat(90));
        let deeper = (1..9).map(|n| format!("a{n}: &a{n} {}*a{}{}\n", "[".repeat(90), n - 1, "]".repeat(90)));
        for (text, wanted) in [
            ("[".repeat(MAX_BYTES), "recursion limit"),
            ("{a: ".repeat(MAX_BYTES / 4), "recursion limit"),
            ("- ".repeat(MAX_BYTES / 2), "nested more than 100 deep"),
            ("? ".repeat(MAX_BYTES / 2), "nested more than 100 deep"),
            (format!("{}{}", "[".repeat(101), "]".repeat(101)), "nested more than 100 deep"),
            (format!("[{}]", "[],".repeat(MAX_BYTES / 4)), "values"),
            (format!("a0: &a0 x\n{laughs}"), "with what aliases copy"),
            (format!("a0: &a0 [x]\n{}", deeper.collect::<String>()), "nested more than 100 deep"),
            (format!("a: &a {}\nb: [{}]", "x".repeat(1 << 20), "*a,".repeat(100)), "with what aliases copy"),
            (" ".repeat(MAX_BYTES + 1), "more than 4194304 bytes"),
            ("a: &a [*a]".to_owned(), "contains itself"),
        ] {
            let flaw = flaw(&text);
            assert!(flaw.contains(wanted) && flaw.len() < 200, "{text:.20}: {flaw:.200}");
        }
        assert!(read(&anchors).is_ok());
    }

    #[test]
    fn one_document_is_read() {
        for (text, more) in
            [("a: 1", false), ("a: 1\n...", false), ("---\na: 1\n---\nb: 2", true), ("a: 1\n--- [", true)]
        {
            let document = read(text).unwrap();
            assert_eq!((document.root.get("a").is_some(), document.more), (true, more), "{text}");
        }
    }
}
