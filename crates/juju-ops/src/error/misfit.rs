//! Why a value does not fit the type that it is read as, told without the value.

use std::any::type_name;
use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::bounded;

/// A value that does not fit its type: where it is, and what kind of value was wanted there.
///
/// What was found is private, or huge, or both. Nothing of it is kept: neither a value, nor a text that somebody's
/// [`Deserialize`](serde::Deserialize) made, for it may quote one. The path is kept, since keys name things; a key
/// that is no plain word is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The last step first.
    path: Vec<Step>,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// There is no value.
    Missing,
    MissingField(&'static str),
    DuplicateField(&'static str),
    UnknownField(&'static [&'static str]),
    UnknownVariant(&'static [&'static str]),
    WrongType {
        found: &'static str,
        expected: String,
    },
    WrongValue {
        found: &'static str,
        expected: String,
    },
    WrongLength {
        length: usize,
        expected: String,
    },
    OutOfRange {
        expected: &'static str,
        range: String,
    },
    /// Read as `()`.
    Untyped,
    /// The reading type said no, in words that are not repeated. With its name, if that is known.
    Unreadable(Option<String>),
    NotJson {
        line: usize,
        column: usize,
        ends: bool,
    },
    NotText,
    /// What the command never prints, though it has the form.
    NoAnswer(&'static str),
}

impl Misfit {
    fn new(why: Why) -> Self {
        Self { path: Vec::new(), why }
    }

    pub(super) fn untyped() -> Self {
        Self::new(Why::Untyped)
    }

    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        Self::new(Why::NotJson { line: error.line(), column: error.column(), ends: error.is_eof() })
    }

    pub(crate) fn not_text() -> Self {
        Self::new(Why::NotText)
    }

    /// An answer that is not `what`.
    pub(crate) fn no_answer(what: &'static str) -> Self {
        Self::new(Why::NoAnswer(what))
    }

    /// The same, found under a key.
    pub(crate) fn under(mut self, key: &str) -> Self {
        self.path.push(Step::Key(key.to_owned()));
        self
    }

    /// The same, found in a list.
    pub(super) fn at(mut self, index: usize) -> Self {
        self.path.push(Step::Index(index));
        self
    }

    /// The same of what was read as a `T`.
    pub(super) fn of<T>(mut self) -> Self {
        if let Why::Unreadable(name @ None) = &mut self.why {
            *name = short_name(type_name::<T>());
        }
        self
    }

    /// The outermost key or missing field, of a configuration the option, and what is wrong with it.
    pub(super) fn split(mut self) -> (Option<String>, Self) {
        match (self.path.pop(), &self.why) {
            (Some(Step::Key(key)), _) => (Some(shown(&key).to_owned()), self),
            (None, Why::MissingField(field)) => (Some((*field).to_owned()), Self::new(Why::Missing)),
            (step, _) => {
                self.path.extend(step);
                (None, self)
            }
        }
    }
}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new(Why::Unreadable(None))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Why::WrongType { found: kind(&found), expected: said(expected) })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = said(expected);
        if let Unexpected::Unsigned(_) | Unexpected::Signed(_) = found
            && let Some((expected, range)) = range(&expected)
        {
            return Self::new(Why::OutOfRange { expected, range });
        }
        Self::new(Why::WrongValue { found: kind(&found), expected })
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(Why::WrongLength { length, expected: said(expected) })
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Why::UnknownVariant(expected))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Why::UnknownField(expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Why::MissingField(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(Why::DuplicateField(field))
    }
}

/// What kind of value it is, in JSON's words.
fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer",
        Unexpected::Float(_) => "floating point number",
        Unexpected::Char(_) | Unexpected::Str(_) => "string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq | Unexpected::TupleVariant => "list",
        Unexpected::Map | Unexpected::StructVariant => "map",
        Unexpected::Enum | Unexpected::UnitVariant | Unexpected::NewtypeVariant => "variant",
        _ => "value",
    }
}

/// What was expected, which the code of the reading type says.
fn said(expected: &dyn Expected) -> String {
    let text: String = expected.to_string().chars().filter(|c| !c.is_control()).collect();
    bounded(&text, 200).to_owned()
}

fn range(expected: &str) -> Option<(&'static str, String)> {
    macro_rules! ranges {
        ($($number:ident)*) => {
            match expected {
                $(stringify!($number) => {
                    Some((stringify!($number), format!("{} to {}", $number::MIN, $number::MAX)))
                })*
                _ => None,
            }
        };
    }
    ranges!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize)
}

/// The name of a type without the modules that it is in; none where it is one that only a derive knows.
fn short_name(name: &str) -> Option<String> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut short = String::new();
    for part in name.split_inclusive(|c| !word(c)) {
        short.push_str(part);
        if let Some(before) = short.strip_suffix(':') {
            short.truncate(before.trim_end_matches(word).len());
        }
    }
    (!short.contains("__")).then(|| bounded(&short, 80).to_owned())
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.path.iter().rev().take(20).enumerate() {
            match step {
                Step::Key(key) => write!(f, "{}{}", if at == 0 { "" } else { "." }, shown(key))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{colon}{}", self.why)
    }
}

/// A key as it is shown: a plain word of some length, or nothing of it.
fn shown(key: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !key.is_empty() && key.len() <= 64 && key.chars().all(plain) { key } else { "…" }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("has no value"),
            Self::MissingField(field) => write!(f, "missing field `{field}`"),
            Self::DuplicateField(field) => write!(f, "duplicate field `{field}`"),
            Self::UnknownField(expected) => write!(f, "unknown field, {}", OneOf(expected, "fields")),
            Self::UnknownVariant(expected) => write!(f, "unknown variant, {}", OneOf(expected, "variants")),
            Self::WrongType { found, expected } => write!(f, "invalid type: {found}, expected {expected}"),
            Self::WrongValue { found: "value", expected } => write!(f, "invalid value, expected {expected}"),
            Self::WrongValue { found, expected } => write!(f, "invalid value: {found}, expected {expected}"),
            Self::WrongLength { length, expected } => write!(f, "invalid length {length}, expected {expected}"),
            Self::OutOfRange { expected, range } => write!(f, "out of range for {expected}, which is {range}"),
            Self::Untyped => f.write_str("is read as `()`: name a type for it, a struct with a field for each option"),
            Self::Unreadable(Some(name)) => write!(f, "does not fit {name}"),
            Self::Unreadable(None) => f.write_str("does not fit"),
            Self::NotText => f.write_str("no UTF-8"),
            Self::NoAnswer(what) => write!(f, "is not {what}"),
            Self::NotJson { line, column, ends: true } => write!(f, "JSON that ends at line {line} column {column}"),
            Self::NotJson { line, column, ends: false } => write!(f, "no JSON at line {line} column {column}"),
        }
    }
}

struct OneOf(&'static [&'static str], &'static str);

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => write!(f, "there are no {}", self.1),
            [one] => write!(f, "expected `{one}`"),
            many => write!(f, "expected one of `{}`", bounded(&many.join("`, `"), 400)),
        }
    }
}

impl std::error::Error for Misfit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_without_their_modules() {
        assert_eq!(short_name("core::net::ip_addr::IpAddr").as_deref(), Some("IpAddr"));
        assert_eq!(short_name("a::Option<b::c::Unit<u8, d::E>>").as_deref(), Some("Option<Unit<u8, E>>"));
        assert_eq!(short_name("a::_::__DeserializeWith"), None);
        assert_eq!(short_name(""), Some(String::new()));
    }
}
