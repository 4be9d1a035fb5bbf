//! The JSON Schema of an action's parameters: draft 4 as Juju's library reads it.
//!
//! What is read is a schema of the keywords that Juju's library knows and that change an answer, so that another
//! validator of draft 4 answers as Juju does: keywords of later drafts mean nothing to Juju, nor do lists of nothing.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value, json};

use super::node::{Entry, Flaw, Ignored, Node, Plain, Yaml};
use super::pattern::{self, Translated};
use super::validator::{self, PATTERN, as_juju};

const TYPES: [&str; 7] = ["array", "boolean", "integer", "number", "null", "object", "string"];
const FORM: &str = "a map with type, description, default and other keywords of JSON Schema";

/// Where in an action a schema stands.
#[derive(Debug)]
pub(super) struct Place<'a> {
    action: &'a str,
    /// The keys that lead to it, joined by dots; empty for the action itself.
    dots: String,
}

impl Place<'_> {
    pub(super) fn of(action: &str) -> Place<'_> {
        Place { action, dots: String::new() }
    }

    fn at(&self, key: &str) -> Self {
        // An action has the properties of its schema under another name.
        let key = if self.dots.is_empty() && key == "properties" { "params" } else { key };
        let dot = if self.dots.is_empty() { "" } else { "." };
        Place { action: self.action, dots: format!("{}{dot}{key}", self.dots) }
    }

    /// What a key that nobody reads is called.
    fn path(&self) -> String {
        let dot = if self.dots.is_empty() { "" } else { "." };
        format!("{}{dot}{}", self.action, self.dots)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.dots.is_empty() { "" } else { ": " };
        write!(f, "action {}{colon}{}", self.action, self.dots)
    }
}

/// Reads a schema. Juju refuses the charm for what is refused here, unless the text says that it is not supported.
pub(super) fn read(entries: &[Entry], place: &Place<'_>, ignored: &mut Ignored) -> Result<Map<String, Value>, Flaw> {
    let mut schema = Map::new();
    for Entry { key, value, .. } in entries {
        let here = place.at(key);
        let read = match key.as_str() {
            "title" | "description" | "$id" => value.text(&here.to_string()).map(|_| None),
            "default" => value.json(&here.to_string()).map(|value| Some(as_juju(value))),
            "type" => read_type(value, &here, ignored),
            "properties" => read_map(value, &here, ignored).map(Some),
            "patternProperties" => read_patterns(value, &here, ignored).map(Some),
            "definitions" => read_map(value, &here, ignored).map(|_| None),
            "additionalProperties" => read_switch(value, &here, ignored).map(Some),
            // It counts beside a list of `items` alone.
            "additionalItems" => read_switch(value, &here, ignored).map(|_| None),
            "items" => read_items(value, &here, ignored),
            "dependencies" => read_dependencies(value, &here, ignored).map(Some),
            "allOf" | "anyOf" | "oneOf" => read_list(value, &here, ignored),
            "not" => read_one(value, &here, ignored).map(Some),
            "enum" => read_enum(value, &here),
            "required" => read_required(value, &here),
            "minimum" | "maximum" => read_number(value, &here).map(Some),
            "multipleOf" => read_factor(value, &here).map(Some),
            "exclusiveMinimum" => read_exclusive(value, &here, entries, "minimum").map(Some),
            "exclusiveMaximum" => read_exclusive(value, &here, entries, "maximum").map(Some),
            "minLength" | "maxLength" | "minProperties" | "maxProperties" | "minItems" | "maxItems" => {
                read_count(value, &here).map(Some)
            }
            "pattern" => read_pattern(value, &here).map(Some),
            "uniqueItems" => read_bool(value, &here).map(Some),
            _ => {
                ignored.push(&here.path());
                Ok(None)
            }
        };
        if let Some(value) = read? {
            schema.insert(if key == "pattern" { PATTERN.to_owned() } else { key.clone() }, value);
        }
    }
    for (low, high) in [("minimum", "maximum"), ("minLength", "maxLength"), ("minProperties", "maxProperties")] {
        let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
        if let (Some(least), Some(most), Some(entry)) =
            (limit(low), limit(high), entries.iter().find(|entry| entry.key == low))
            && least > most
        {
            return Err(entry.value.flaw(format!("{}: above {high}", place.at(low))));
        }
    }
    Ok(schema)
}

/// Refuses references, as Juju does wherever they stand.
pub(super) fn refuse_references(node: &Node, place: &Place<'_>) -> Result<(), Flaw> {
    match &node.value {
        Yaml::Scalar(..) => Ok(()),
        Yaml::List(items) => items.iter().try_for_each(|item| refuse_references(item, place)),
        Yaml::Map(entries) => entries.iter().try_for_each(|entry| match entry.key.as_str() {
            key @ ("$ref" | "$schema") => {
                Err(Flaw::new(entry.line, format!("{place}: key {key} is not allowed in an action's schema")))
            }
            key => refuse_references(&entry.value, &place.at(key)),
        }),
    }
}

fn read_pattern(node: &Node, place: &Place<'_>) -> Result<Value, Flaw> {
    let text = node.text(&place.to_string())?;
    pattern::compile(text).map_err(|why| node.flaw(format!("{place}: {why}")))?;
    Ok(Value::from(text))
}

/// Schemas by expressions, which the validator gets in its own words.
fn read_patterns(node: &Node, place: &Place<'_>, ignored: &mut Ignored) -> Result<Value, Flaw> {
    let mut schemas = Map::new();
    for Entry { key, value, line, .. } in node.text_map(&place.to_string(), "a map of patterns")? {
        let refuse = |why: &str| Flaw::new(*line, format!("{place}: {why}"));
        pattern::compile(key).map_err(|why| refuse(&why))?;
        let Translated { text, nests } = pattern::translate(key).map_err(|why| refuse(&why))?;
        // The validator reads it as one of JavaScript, which lacks what some expressions of Go have.
        if nests || validator::compile(&json!({"patternProperties": {&text: {}}})).is_err() {
            return Err(refuse(&format!("{key:?} is not supported by the simulator")));
        }
        if schemas.insert(text, read_one(value, &place.at(key), ignored)?).is_some() {
            return Err(refuse(&format!("{key:?} is there twice in other words")));
        }
    }
    Ok(Value::Object(schemas))
}

fn read_one(node: &Node, place: &Place<'_>, ignored: &mut Ignored) -> Result<Value, Flaw> {
    let entries = node.text_map(&place.to_string(), FORM)?;
    Ok(Value::Object(read(entries, place, ignored)?))
}

fn read_map(node: &Node, place: &Place<'_>, ignored: &mut Ignored) -> Result<Value, Flaw> {
    let entries = node.text_map(&place.to_string(), "a map of names")?.iter();
    let pairs = entries.map(|entry| Ok((entry.key.clone(), read_one(&entry.value, &place.at(&entry.key), ignored)?)));
    Ok(Value::Object(pairs.collect::<Result<_, _>>()?))
}

fn read_list(node: &Node, place: &Place<'_>, ignored: &mut Ignored) -> Result<Option<Value>, Flaw> {
    let items = node.list(&place.to_string(), "a list of schemas")?.iter().enumerate();
    let schemas = items.map(|(index, item)| read_one(item, &place.at(&index.to_string()), ignored));
    let schemas: Vec<Value> = schemas.collect::<Result<_, _>>()?;
    Ok((!schemas.is_empty()).then_some(Value::Array(schemas)))
}

fn read_switch(node: &Node, place: &Place<'_>, ignored: &mut Ignored) -> Result<Value, Flaw> {
    match &node.value {
        Yaml::Scalar(_, Plain::Bool(on)) => Ok(Value::Bool(*on)),
        Yaml::Map(_) => read_one(node, place, ignored),
        _ => Err(node.expected(&place.to_string(), "a boolean or a schema")),
    }
}

fn read_items(node: &Node, place: &Place<'_>, ignored: &mut Ignored) -> Result<Option<Value>, Flaw> {
    match &node.value {
        Yaml::Map(_) => read_one(node, place, ignored).map(Some),
        Yaml::List(items) if items.is_empty() => Ok(None),
        // Juju checks the values against them only where there are as many values as schemas.
        Yaml::List(_) => Err(node.flaw(format!("{place}: a list of schemas is not supported by the simulator"))),
        Yaml::Scalar(..) => Err(node.expected(&place.to_string(), "a schema")),
    }
}

fn read_dependencies(node: &Node, place: &Place<'_>, ignored: &mut Ignored) -> Result<Value, Flaw> {
    let mut dependencies = Map::new();
    for Entry { key, value, .. } in node.text_map(&place.to_string(), "a map of names")? {
        let here = place.at(key);
        let dependency = match &value.value {
            Yaml::Map(_) => Some(read_one(value, &here, ignored)?),
            Yaml::List(_) => {
                let names: BTreeSet<&str> = read_names(value, &here)?.into_iter().collect();
                (!names.is_empty()).then(|| names.into_iter().collect())
            }
            Yaml::Scalar(..) => return Err(value.expected(&here.to_string(), "a schema or a list of names")),
        };
        if let Some(dependency) = dependency {
            dependencies.insert(key.clone(), dependency);
        }
    }
    Ok(Value::Object(dependencies))
}

fn read_names<'a>(node: &'a Node, place: &Place<'_>) -> Result<Vec<&'a str>, Flaw> {
    let path = place.to_string();
    node.list(&path, "a list of names")?.iter().map(|item| item.text(&path)).collect()
}

fn read_required(node: &Node, place: &Place<'_>) -> Result<Option<Value>, Flaw> {
    let names = read_names(node, place)?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(**name)) {
        return Err(node.flaw(format!("{place}: {twice:?} is there twice")));
    }
    Ok((!names.is_empty()).then(|| names.into()))
}

fn read_enum(node: &Node, place: &Place<'_>) -> Result<Option<Value>, Flaw> {
    let path = place.to_string();
    let mut values = Vec::new();
    let mut seen = BTreeSet::new();
    for item in node.list(&path, "a list of values")? {
        let value = as_juju(item.json(&path)?);
        if !seen.insert(value.to_string()) {
            return Err(item.flaw(format!("{path}: {value} is there twice")));
        }
        values.push(value);
    }
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

fn read_type(node: &Node, place: &Place<'_>, ignored: &mut Ignored) -> Result<Option<Value>, Flaw> {
    let path = place.to_string();
    let Yaml::List(items) = &node.value else {
        let kind = node.text(&path)?;
        if TYPES.contains(&kind) {
            return Ok(Some(Value::from(kind)));
        }
        return Err(node.flaw(format!("{path}: expected one of {}, got {kind:?}", TYPES.join(", "))));
    };
    let mut kinds: Vec<Value> = Vec::new();
    for item in items {
        let kind = item.text(&path)?;
        if !TYPES.contains(&kind) {
            ignored.push(&place.at(kind).path());
        } else if !kinds.iter().any(|known| known == kind) {
            kinds.push(Value::from(kind));
        }
    }
    Ok((!kinds.is_empty()).then_some(Value::Array(kinds)))
}

fn read_number(node: &Node, place: &Place<'_>) -> Result<Value, Flaw> {
    match as_juju(node.json(&place.to_string())?) {
        Value::Number(number) => Ok(Value::Number(number)),
        _ => Err(node.expected(&place.to_string(), "a number")),
    }
}

fn read_factor(node: &Node, place: &Place<'_>) -> Result<Value, Flaw> {
    let factor = read_number(node, place)?;
    if factor.as_f64().is_some_and(|factor| factor > 0.0) {
        return Ok(factor);
    }
    Err(node.flaw(format!("{place}: expected a number above 0")))
}

fn read_count(node: &Node, place: &Place<'_>) -> Result<Value, Flaw> {
    match as_juju(node.json(&place.to_string())?) {
        Value::Number(number) if number.is_u64() => Ok(Value::Number(number)),
        _ => Err(node.flaw(format!("{place}: expected a whole number from 0 on"))),
    }
}

fn read_bool(node: &Node, place: &Place<'_>) -> Result<Value, Flaw> {
    match &node.value {
        Yaml::Scalar(_, Plain::Bool(on)) => Ok(Value::Bool(*on)),
        _ => Err(node.expected(&place.to_string(), "a boolean")),
    }
}

fn read_exclusive(node: &Node, place: &Place<'_>, entries: &[Entry], limit: &str) -> Result<Value, Flaw> {
    let on = read_bool(node, place)?;
    if entries.iter().any(|entry| entry.key == limit) {
        return Ok(on);
    }
    Err(node.flaw(format!("{place}: there is no {limit} beside it")))
}
