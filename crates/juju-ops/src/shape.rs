//! What a type that is `Deserialize` is read from: its fields, and of what kind each is, found by asking it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

/// One field of a struct.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// Its name, as it is spelled in what is read.
    pub name: &'static str,
    /// What it is read from.
    pub kind: FieldKind,
    /// Whether there is an error where it is missing.
    pub required: bool,
}

/// What a field is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is named for what it is in JSON")]
pub enum FieldKind {
    Boolean,
    Integer,
    Number,
    #[serde(rename = "string")]
    Text,
    #[serde(rename = "array")]
    List,
    #[serde(rename = "object")]
    Map,
    /// Anything: the type asks for no kind of its own.
    Any,
}

/// The field names of a struct; none for a type that takes any name, and for what is no struct.
pub(crate) fn names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It always ends in an error: there is nothing to read the struct from.
    drop(T::deserialize(Names(&mut names)));
    names
}

/// The fields of a struct; none where its reading panics.
pub(crate) fn fields<T: DeserializeOwned>() -> Vec<Field> {
    std::panic::catch_unwind(ask::<T>).unwrap_or_default()
}

fn ask<T: DeserializeOwned>() -> Vec<Field> {
    let names = names::<T>();
    let mut kinds: BTreeMap<&str, (FieldKind, bool)> = BTreeMap::new();
    for &name in names {
        let mut asked = (FieldKind::Any, false);
        drop(T::deserialize(Only { name, asked: &mut asked }));
        kinds.insert(name, asked);
    }
    // Each time one more of the fields that are missed is there.
    let mut given: Vec<&str> = Vec::new();
    while let Err(Asked::Missing(name)) = T::deserialize(Given { kinds: &kinds, at: &given })
        && names.contains(&name)
        && !given.contains(&name)
    {
        given.push(name);
    }
    // An alias is a second name of a field: given with that, it is a duplicate of it.
    let is_alias = |name: &&'static str| {
        let twice = Given { kinds: &kinds, at: &[name, name] };
        matches!(T::deserialize(twice), Err(Asked::Duplicate(primary)) if primary != *name)
    };
    let names = names.iter().filter(|name| !is_alias(name));
    let field = |&name: &&'static str| {
        let (kind, optional) = kinds[name];
        Field { name, kind, required: given.contains(&name) && !optional }
    };
    names.map(field).collect()
}

/// Why there is no value: there never is.
#[derive(Debug)]
enum Asked {
    Missing(&'static str),
    Duplicate(&'static str),
    Nothing,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only the shape is wanted")
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Nothing
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Duplicate(field)
    }
}

struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked::Nothing)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        *self.0 = fields;
        Err(Asked::Nothing)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

/// A struct of which one field alone is there, whose kind is noted.
struct Only<'a> {
    name: &'static str,
    asked: &'a mut (FieldKind, bool),
}

impl<'de> Deserializer<'de> for Only<'_> {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_map(OnlyMap { name: Some(self.name), asked: self.asked })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

struct OnlyMap<'a> {
    name: Option<&'static str>,
    asked: &'a mut (FieldKind, bool),
}

impl<'de> MapAccess<'de> for OnlyMap<'_> {
    type Error = Asked;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Asked> {
        self.name.take().map(|name| seed.deserialize(text(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Asked> {
        seed.deserialize(Kind(self.asked))
    }
}

fn text(name: &str) -> StrDeserializer<'_, Asked> {
    name.into_deserializer()
}

/// Notes as what a value is asked for.
struct Kind<'a>(&'a mut (FieldKind, bool));

macro_rules! noted {
    ($($kind:ident: $($method:ident)*;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
            self.0.0 = FieldKind::$kind;
            Err(Asked::Nothing)
        }
    )*)*};
}

impl<'de> Deserializer<'de> for Kind<'_> {
    type Error = Asked;

    noted! {
        Boolean: deserialize_bool;
        Integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        Number: deserialize_f32 deserialize_f64;
        Text: deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
            deserialize_identifier;
        List: deserialize_seq;
        Map: deserialize_map;
        Any: deserialize_any deserialize_unit deserialize_ignored_any;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        self.0.1 = true;
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Asked> {
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Asked> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, v: V) -> Result<V::Value, Asked> {
        self.deserialize_seq(v)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Asked> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Asked> {
        self.deserialize_str(visitor)
    }
}

/// A struct of which some fields are there, with values that mean nothing.
struct Given<'a> {
    kinds: &'a BTreeMap<&'a str, (FieldKind, bool)>,
    /// Those that are still to come.
    at: &'a [&'a str],
}

impl<'de> Deserializer<'de> for Given<'_> {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_map(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Given<'_> {
    type Error = Asked;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Asked> {
        self.at.first().map(|name| seed.deserialize(text(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Asked> {
        let (name, rest) = self.at.split_first().ok_or(Asked::Nothing)?;
        self.at = rest;
        // What is missed inside of it is no field of this struct.
        seed.deserialize(Empty(self.kinds[name].0)).map_err(|_| Asked::Nothing)
    }
}

/// A value of some kind.
struct Empty(FieldKind);

impl<'de> Deserializer<'de> for Empty {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        match self.0 {
            FieldKind::Boolean => visitor.visit_bool(false),
            FieldKind::Integer => visitor.visit_u64(1),
            FieldKind::Number => visitor.visit_f64(1.0),
            FieldKind::Text => visitor.visit_str("x"),
            FieldKind::List => visitor.visit_seq(Nothing),
            FieldKind::Map => visitor.visit_map(Nothing),
            FieldKind::Any => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Asked> {
        visitor.visit_enum(text(variants.first().copied().unwrap_or_default()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A list or a map without anything in it.
struct Nothing;

impl<'de> SeqAccess<'de> for Nothing {
    type Error = Asked;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, _: T) -> Result<Option<T::Value>, Asked> {
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for Nothing {
    type Error = Asked;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, Asked> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, _: V) -> Result<V::Value, Asked> {
        Err(Asked::Nothing)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = if self.required { "" } else { ", optional" };
        write!(f, "{} ({}{optional})", self.name, self.kind.as_str().unwrap_or("any"))
    }
}

impl FieldKind {
    /// The word that JSON Schema has for it; none for any.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Boolean => Some("boolean"),
            Self::Integer => Some("integer"),
            Self::Number => Some("number"),
            Self::Text => Some("string"),
            Self::List => Some("array"),
            Self::Map => Some("object"),
            Self::Any => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::name::UnitName;

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    #[allow(dead_code)]
    enum Mode {
        FullMesh,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    #[allow(dead_code)]
    struct Config {
        ping_timeout: u32,
        network: Option<String>,
        ratio: f32,
        #[serde(default)]
        debug: bool,
        mode: Mode,
        names: Vec<String>,
        extra: BTreeMap<String, u8>,
        anything: serde_json::Value,
        peer: UnitName,
        after: u8,
    }

    #[test]
    fn a_struct_is_asked_for_its_fields() {
        let fields = fields::<Config>();
        let shown: Vec<String> = fields
            .iter()
            .map(|field| {
                let need = if field.required { "" } else { "?" };
                format!("{}{need} {}", field.name, field.kind.as_str().unwrap_or("any"))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "ping-timeout integer",
                "network? string",
                "ratio number",
                "debug? boolean",
                "mode string",
                "names array",
                "extra object",
                "anything any",
                "peer string",
                // What comes after a value that cannot be made up is not known to be required.
                "after? integer",
            ]
        );
    }

    #[test]
    fn what_is_no_struct_has_no_fields() {
        #[derive(Deserialize)]
        #[allow(dead_code)]
        struct Open {
            a: u8,
            #[serde(flatten)]
            rest: BTreeMap<String, String>,
        }
        assert!(fields::<Open>().is_empty() && fields::<serde_json::Value>().is_empty() && fields::<u8>().is_empty());
    }
}
