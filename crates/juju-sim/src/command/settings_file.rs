//! The content of a `--file`: a YAML map of texts, read as Juju reads it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::yaml_tag::Tagged;
use super::{Settings, yaml_tag};

/// Reads the first document. Scalars are taken by their source text, null is the empty text, the last of equal
/// keys wins. An `Err` is a text for exit 1.
///
/// Three departures: of several values that are not scalars only the first is reported, a plain `<<` is a key like any
/// other, and in what is not JSON the brackets in texts count towards the depth of nesting.
pub(super) fn parse(bytes: &[u8]) -> Result<Settings, String> {
    let pairs = parse_as(bytes, "map[string]string")?;
    Ok(pairs.into_iter().map(|(key, value)| (key, lossy(value))).collect())
}

/// As [`parse`], with the bytes of the values, and a name for the map in errors.
pub(super) fn parse_as(bytes: &[u8], map: &str) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if is_too_deep(bytes) {
        return Err(format!("yaml: exceeded max depth of {MAX_DEPTH}"));
    }
    // Syntax first: its errors come before those of types, wherever they are.
    first_document::<IgnoredAny>(&probe(bytes)).map_err(|error| syntax_error(bytes, &error))?;
    // Then what a tag forbids, then the types.
    let mut tagged = tagged(bytes)?.into_iter();
    let pairs = first_document::<Pairs<Text>>(bytes).map_err(|error| type_error(bytes, &error, map))?;
    let values = pairs.0.into_iter().map(|(Text(key), Text(value))| {
        let key = tagged.next().flatten().map_or(key, lossy);
        (key, tagged.next().flatten().unwrap_or(value.into_bytes()))
    });
    Ok(values.collect())
}

/// What each key and each value stands for by its tag, one after the other, or nothing at all.
fn tagged(bytes: &[u8]) -> Result<Vec<Option<Vec<u8>>>, String> {
    let Some((copy, mark)) = yaml_tag::retagged(bytes) else { return Ok(Vec::new()) };
    let Ok(Pairs(pairs)) = first_document::<Pairs<Tagged>>(&copy) else { return Ok(Vec::new()) };
    pairs.iter().flat_map(|(key, value)| [key, value]).map(|tagged| tagged.value(mark)).collect()
}

/// Bytes that are no text come from `!!binary` alone. Juju loses them on their way to the controller.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// How deep Juju's YAML lets flow collections nest. The parser used here has no such limit, and takes time in the
/// square of the depth.
const MAX_DEPTH: usize = 10_000;

fn is_too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    let deep = bytes.iter().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    });
    // This reader of JSON has a low limit of its own, which brackets in texts do not count towards.
    deep && serde_json::from_slice::<BTreeMap<String, Value>>(bytes).is_err()
}

/// Reads through a reader: that way no text is borrowed from the input.
fn first_document<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> serde_yaml::Result<T> {
    let mut documents = serde_yaml::Deserializer::from_reader(bytes);
    match documents.next() {
        Some(document) => T::deserialize(document),
        None => T::deserialize(serde_yaml::Deserializer::from_str("")),
    }
}

/// The text for the syntax check: the escape `\/`, unknown to Juju's YAML, becomes one that this YAML does not know
/// either. Where it stands for itself, in a plain text say, the change does no harm.
fn probe(bytes: &[u8]) -> Vec<u8> {
    let mut probe = bytes.to_vec();
    let mut escaped = false;
    for byte in &mut probe {
        match *byte {
            b'/' if escaped => *byte = b'q',
            _ => {}
        }
        escaped = *byte == b'\\' && !escaped;
    }
    probe
}

/// The scanner's or parser's problem, with the line as Go's YAML counts it.
fn syntax_error(bytes: &[u8], error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    if text.starts_with("unknown anchor") {
        let at = error.location().map_or(0, |location| location.index() + 1);
        let named = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
        let name = bytes.iter().skip(at).copied().take_while(named).map(char::from).collect::<String>();
        return format!("yaml: unknown anchor '{name}' referenced");
    }
    let end = [" at line ", " at position ", ", while "].iter().filter_map(|mark| text.find(mark)).min();
    let problem = &text[..end.unwrap_or(text.len())];
    // Go counts from 0, leaves out line 0, and adds one for the scanner's errors alone.
    let line = error.location().map_or(0, |location| location.line().saturating_sub(1));
    let scanner = format!("{error:?}").starts_with("Error { kind: SCANNER");
    match line {
        0 => format!("yaml: {problem}"),
        line => format!("yaml: line {}: {problem}", line + usize::from(scanner)),
    }
}

fn type_error(bytes: &[u8], error: &serde_yaml::Error, map: &str) -> String {
    let text = error.to_string();
    // What stands before may name a key, hence the last.
    let Some((_, found)) = text.rsplit_once("invalid type: ") else { return syntax_error(bytes, error) };
    let line = error.location().map_or(1, |location| location.line());
    let kind = match found.split([' ', ',']).next() {
        Some("sequence") => "!!seq",
        Some("map") => "!!map",
        Some("integer") => "!!int",
        Some("floating") => "!!float",
        Some("boolean") => "!!bool",
        _ => "!!str",
    };
    let (value, target) = match first_document::<String>(bytes) {
        Ok(scalar) => (format!(" `{}`", shortened(&scalar)), map),
        Err(_) if found.contains(WANTED) => (String::new(), map),
        Err(_) => (String::new(), "string"),
    };
    format!("yaml: unmarshal errors:\n  line {line}: cannot unmarshal {kind}{value} into {target}")
}

/// More than ten bytes are cut to seven, or to the character before.
fn shortened(text: &str) -> String {
    if text.len() <= 10 {
        return text.to_owned();
    }
    let end = (0..=7).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}...", &text[..end])
}

/// The whole document.
struct Pairs<T>(Vec<(T, T)>);

/// What the error of a document that is no map says; [`Text`] says something else.
const WANTED: &str = "expected pairs";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for PairsVisitor<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("pairs")
            }

            fn visit_none<E>(self) -> Result<Pairs<T>, E> {
                Ok(Pairs(Vec::new()))
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Pairs<T>, D::Error> {
                deserializer.deserialize_map(self)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_option(PairsVisitor(PhantomData))
    }
}

/// One scalar by its source text.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `None` is null in plain style only: a quoted "null" is a text.
        Option::<String>::deserialize(deserializer).map(|text| Text(text.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> String {
        match parse(bytes) {
            Ok(pairs) => pairs.iter().map(|(key, value)| format!("{key}={value};")).collect(),
            Err(text) => text,
        }
    }

    #[test]
    fn scalars_are_source_text() {
        for (yaml, pairs) in [
            ("", ""),
            ("{}", ""),
            ("null", ""),
            ("~\n", ""),
            ("# only a comment\n", ""),
            ("---\n", ""),
            ("\u{feff}a: b\n", "a=b;"),
            ("a: 1\nb: true\nc: 1.50\nd: 0x10\ne: 2001-01-02\n", "a=1;b=true;c=1.50;d=0x10;e=2001-01-02;"),
            ("a: ~\nb: null\nc:\nd: ''\ne: '~'\nf: \"null\"\n", "a=;b=;c=;d=;e=~;f=null;"),
            ("1: a\ntrue: b\n~: c\n", "=c;1=a;true=b;"),
            ("a: 1\na: 2\n", "a=2;"),
            ("a: &x one\nb: *x\n", "a=one;b=one;"),
            ("a: !!str 1\nb: !!int \"2\"\nc: !local 3\n", "a=1;b=2;c=3;"),
            ("a: b\n--- not: [ yaml", "a=b;"),
            ("{\"a\": \" x \", \"b\":\"\\u007f\\n\\t\\\"\\\\\\U0001F600\"}", "a= x ;b=\u{7f}\n\t\"\\😀;"),
            ("a: |\n  x\n  y\n", "a=x\ny\n;"),
            ("a: 'x\\/!!binary y'\nb: z\\/z # !!binary\n", "a=x\\/!!binary y;b=z\\/z;"),
            ("a: \"x\\\\/\"\n", "a=x\\/;"),
            ("? a\n: b\n", "a=b;"),
            ("a: !!binary aGVsbG8=\nb: &x !!binary |\n  aG\n  k=\nc: *x\nd: !~binary e", "a=hello;b=hi;c=hi;d=e;"),
            ("a: !!binary gIE=\n!!binary Yg==: c\n", "a=\u{fffd}\u{fffd};b=c;"),
            (
                "a: !!float 1\nb: !!bool yes\nc: !!null ~\nd: '!!int x'\ne: f !!int x",
                "a=1;b=yes;c=;d=!!int x;e=f !!int x;",
            ),
            // Breaks that YAML 1.1 folds: the text is changed, as in Juju.
            ("{\"a\": \"x\u{85}y\", \"b\": \"x \u{2028} y\"}", "a=x y;b=x\u{2028}y;"),
        ] {
            assert_eq!(read(yaml.as_bytes()), pairs, "{yaml:?}");
        }
    }

    #[test]
    fn errors_as_juju_words_them() {
        let unmarshal = "yaml: unmarshal errors:\n  line ";
        for (yaml, text) in [
            (&b"a: [1]"[..], format!("{unmarshal}1: cannot unmarshal !!seq into string")),
            (b"a: b\nc: {d: e}\n", format!("{unmarshal}2: cannot unmarshal !!map into string")),
            (b"? [a]\n: b\n", format!("{unmarshal}1: cannot unmarshal !!seq into string")),
            (b"haha", format!("{unmarshal}1: cannot unmarshal !!str `haha` into map[string]string")),
            (b"foo=bar bar=foo", format!("{unmarshal}1: cannot unmarshal !!str `foo=bar...` into map[string]string")),
            (b"12", format!("{unmarshal}1: cannot unmarshal !!int `12` into map[string]string")),
            (b"1.5", format!("{unmarshal}1: cannot unmarshal !!float `1.5` into map[string]string")),
            (b"true", format!("{unmarshal}1: cannot unmarshal !!bool `true` into map[string]string")),
            (b"\n- a\n", format!("{unmarshal}2: cannot unmarshal !!seq into map[string]string")),
            (b"'invalid type: map': []", format!("{unmarshal}1: cannot unmarshal !!seq into string")),
            (br#"{"a": "\ud83d\ude00"}"#, "yaml: found invalid Unicode character escape code".into()),
            (br#"{"a": "x\/y"}"#, "yaml: found unknown escape character".into()),
            (b"a: b\nc: \"\\q\"\n", "yaml: line 2: found unknown escape character".into()),
            (b"a: \x7f", "yaml: control characters are not allowed".into()),
            ("a: \u{80}".as_bytes(), "yaml: control characters are not allowed".into()),
            ("a: \u{fffe}".as_bytes(), "yaml: control characters are not allowed".into()),
            (b"a: \xff", "yaml: invalid leading UTF-8 octet".into()),
            ("é: 1\nb: *no-pe\n".as_bytes(), "yaml: unknown anchor 'no-pe' referenced".into()),
            ("ééééé: é".as_bytes(), "ééééé=é;".into()),
            ("éééééé".as_bytes(), format!("{unmarshal}1: cannot unmarshal !!str `ééé...` into map[string]string")),
            (b"a: [1]\nb: {", "yaml: line 2: did not find expected node content".into()),
            (b"a: !!int x", "yaml: cannot decode !!str `x` as a !!int".into()),
            (b"b: []\na: !!int ~", "yaml: cannot decode !!null `~` as a !!int".into()),
            (b"a: !!int 1.5", "yaml: cannot decode !!float `1.5` as a !!int".into()),
            (b"a: !!bool 1", "yaml: cannot decode !!int `1` as a !!bool".into()),
            (b"!!null x: a", "yaml: cannot decode !!str `x` as a !!null".into()),
            (b"a: !!binary '!!'", "yaml: !!binary value contains invalid base64 data".into()),
        ] {
            assert_eq!(read(yaml), text, "{}", yaml.escape_ascii());
        }
        let long = format!("{{\"{}\": \"v\"}}", "k".repeat(1100));
        assert_eq!(read(long.as_bytes()), "yaml: did not find expected ',' or '}'");
        let short = format!("{{\"{}\": \"v\"}}", "k".repeat(1000));
        assert!(read(short.as_bytes()).ends_with("k=v;"));
        let block = format!("? \"{}\"\n: v\n", "k".repeat(1100));
        assert!(read(block.as_bytes()).ends_with("k=v;"));
    }

    #[test]
    fn deep_nesting_is_refused_before_it_takes_for_ever() {
        let refused = "yaml: exceeded max depth of 10000";
        for open in ["[", "{", "{a: ", "{? [", "a: [\n"] {
            assert_eq!(read(open.repeat(400_000).as_bytes()), refused, "{open:?}");
        }
        let balanced = ["[".repeat(400_000), "]".repeat(400_000)].concat();
        assert_eq!(read(balanced.as_bytes()), refused);
        // Brackets in the texts of JSON are no nesting.
        let text = "[{".repeat(10_000);
        assert_eq!(read(format!("{{\"a\": \"{text}\"}}").as_bytes()), format!("a={text};"));
    }

    #[test]
    fn no_content_panics() {
        let text = b"a: &x {b: [\"c\\/\", *x, !!binary ~, <<]} # '|>\n? - \xc2\x85\xff%&*";
        for start in 0..text.len() {
            for end in start..text.len() {
                let _ = parse(&text[start..end]);
            }
        }
        let _ = parse(&b"[".repeat(5000));
        let _ = parse(&b"{? ".repeat(5000));
    }
}
