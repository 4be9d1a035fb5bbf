//! Parameters against a schema, with the answers of Juju's library.

use jsonschema::{Draft, Keyword, PatternOptions, ValidationError, Validator};
use regex::Regex;
use serde_json::{Map, Number, Value};

use super::pattern;

/// The largest whole number that Juju's library takes for an integer.
const MAX_INTEGER: f64 = 9_007_199_254_740_991.0;
/// Where a schema keeps its pattern: under its own name the crate would read it as one of JavaScript.
pub(super) const PATTERN: &str = "go-pattern";

/// The validator of a schema as [`schema::read`](super::schema::read) gives them.
pub(super) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft4)
        // Juju's library has no `format`.
        .should_validate_formats(false)
        .with_pattern_options(PatternOptions::regex())
        .with_keyword("type", |_: &Map<String, Value>, kinds: &Value, _| Ok(Box::new(Type::of(kinds))))
        .with_keyword("multipleOf", |_: &Map<String, Value>, factor: &Value, _| {
            Ok(Box::new(MultipleOf(factor.as_f64().unwrap_or(1.0))))
        })
        .with_keyword(PATTERN, |_: &Map<String, Value>, pattern: &Value, _| {
            let regex = pattern::compile(pattern.as_str().unwrap_or_default()).map_err(ValidationError::custom)?;
            Ok(Box::new(Pattern(regex, pattern.as_str().unwrap_or_default().to_owned())))
        })
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Numbers as Juju has them, to which all are floats: those that are whole and exact are integers here.
pub(super) fn as_juju(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().and_then(as_number).map_or(Value::Number(number), Value::Number),
        Value::Array(items) => Value::Array(items.into_iter().map(as_juju).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, as_juju(value))).collect()),
        other => other,
    }
}

fn as_number(number: f64) -> Option<Number> {
    if is_integer(number) { Some(Number::from(number as i64)) } else { Number::from_f64(number) }
}

fn is_integer(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= MAX_INTEGER
}

/// A number so large that not each whole one has a float is no integer to Juju.
struct Type(Vec<String>);

impl Type {
    fn of(kinds: &Value) -> Type {
        let kinds = kinds.as_array().map_or(std::slice::from_ref(kinds), Vec::as_slice);
        Type(kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

impl<'i> Keyword<'i> for Type {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, value) {
            return Ok(());
        }
        Err(ValidationError::custom(format!("not of type {}", self.0.join(" or "))))
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        self.0.iter().any(|kind| match kind.as_str() {
            "array" => value.is_array(),
            "boolean" => value.is_boolean(),
            "integer" => value.as_f64().is_some_and(is_integer),
            "number" => value.is_number(),
            "null" => value.is_null(),
            "object" => value.is_object(),
            _ => value.is_string(),
        })
    }
}

/// Juju divides floats: three times 0.1 is no multiple of 0.1.
struct MultipleOf(f64);

impl<'i> Keyword<'i> for MultipleOf {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, value) {
            return Ok(());
        }
        Err(ValidationError::custom(format!("not a multiple of {}", self.0)))
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        value.as_f64().is_none_or(|number| is_integer(number / self.0))
    }
}

/// An expression of Go, and how it is written.
struct Pattern(Regex, String);

impl<'i> Keyword<'i> for Pattern {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, value) {
            return Ok(());
        }
        Err(ValidationError::custom(format!("does not match the pattern {}", self.1)))
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        value.as_str().is_none_or(|text| self.0.is_match(text))
    }
}
