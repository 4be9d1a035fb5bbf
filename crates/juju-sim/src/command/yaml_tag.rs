//! Tags that a scalar in YAML is given, such as `!!binary`.
//!
//! The parser used here tells of tags that are a document's own alone. So those that matter are made such, by another
//! second character, in a copy that is read for nothing else.

use std::fmt;

use serde::de::{Deserialize, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::{base64_text, yaml_text};

/// The tags that change what a text means, or that a text may not fit.
const NAMES: [&str; 6] = ["binary", "bool", "float", "int", "null", "timestamp"];
/// What may be the second character of a tag.
const MARKS: [u8; 6] = *b"~*'()_";

/// The copy of a document, with the mark that its tags begin with now; none where it has no such tags.
pub(super) fn retagged(bytes: &[u8]) -> Option<(Vec<u8>, u8)> {
    let is_tag = |at: &usize| {
        let name = bytes[*at..].strip_prefix(b"!!");
        name.is_some_and(|rest| NAMES.iter().any(|name| rest.starts_with(name.as_bytes())))
    };
    let found: Vec<usize> = (0..bytes.len()).filter(is_tag).collect();
    let unused = |mark: &u8| !bytes.windows(2).any(|pair| pair == [b'!', *mark]);
    let mark = if found.is_empty() { None } else { MARKS.into_iter().find(unused) }?;
    let mut copy = bytes.to_vec();
    for at in found {
        copy[at + 1] = mark;
    }
    Some((copy, mark))
}

/// A scalar of the copy with its tag, or anything else.
pub(super) struct Tagged(Option<(String, String)>);

impl Tagged {
    /// The bytes that the scalar stands for; none where its text says so. An `Err` is a text for exit 1.
    pub(super) fn value(&self, mark: u8) -> Result<Option<Vec<u8>>, String> {
        let tagged = self.0.as_ref().and_then(|(tag, text)| Some((tag.strip_prefix(char::from(mark))?, text)));
        let Some((name, text)) = tagged.filter(|(name, _)| NAMES.contains(name)) else { return Ok(None) };
        if name == "binary" {
            let fault = |_| "yaml: !!binary value contains invalid base64 data".to_owned();
            return base64_text::decode(text).map(Some).map_err(fault);
        }
        let resolved = yaml_text::tag(text);
        if resolved == name || (name, resolved) == ("float", "int") {
            return Ok(None);
        }
        Err(format!("yaml: cannot decode !!{resolved} `{text}` as a !!{name}"))
    }
}

impl<'de> Deserialize<'de> for Tagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TaggedVisitor)
    }
}

struct TaggedVisitor;

impl<'de> Visitor<'de> for TaggedVisitor {
    type Value = Tagged;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Tagged, A::Error> {
        let (tag, scalar): (String, A::Variant) = data.variant()?;
        Ok(Tagged(Some((tag, scalar.newtype_variant()?))))
    }

    fn visit_unit<E>(self) -> Result<Tagged, E> {
        Ok(Tagged(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tagged, E> {
        Ok(Tagged(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tagged, E> {
        Ok(Tagged(None))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Tagged, E> {
        Ok(Tagged(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tagged, E> {
        Ok(Tagged(None))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Tagged, E> {
        Ok(Tagged(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tagged, E> {
        Ok(Tagged(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Tagged, E> {
        Ok(Tagged(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Tagged, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| Tagged(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Tagged, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Tagged(None))
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings_file;
    use super::*;

    #[test]
    fn another_mark_where_one_is_in_use() {
        for used in 0..MARKS.len() {
            let mut text = String::from("a: !!binary aGk=\n");
            for mark in &MARKS[..used] {
                text.push_str(&format!("# !{}\n", char::from(*mark)));
            }
            assert_eq!(retagged(text.as_bytes()).map(|(_, mark)| mark), Some(MARKS[used]));
            assert_eq!(settings_file::parse(text.as_bytes()).unwrap()["a"], "hi", "{text}");
        }
        assert_eq!(retagged(b"a: !!str b"), None);
    }
}
