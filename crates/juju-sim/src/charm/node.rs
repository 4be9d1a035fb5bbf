//! A YAML text as a tree that knows its lines, and the questions that the readers of a charm ask of it.

use serde_json::{Map, Number, Value};

use super::yaml;
use crate::SimError;

/// How many bytes of a flaw are told.
const MAX_FLAW: usize = 500;

/// A value and the line where it starts.
#[derive(Debug, Default, Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Yaml,
}

#[derive(Debug, Clone)]
pub(super) enum Yaml {
    /// The text as it is written, without quotes, and what it is.
    Scalar(String, Plain),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

impl Default for Yaml {
    fn default() -> Self {
        Yaml::Scalar(String::new(), Plain::Null)
    }
}

/// What a scalar is to Juju.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer above the range of `Int`.
    Uint(u64),
    Float(f64),
    Text,
}

/// One line of a map.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Whether the key is a text: `1`, `~` and `yes` are not.
    pub(super) is_text: bool,
    /// Whether it comes from another map by `<<`.
    pub(super) merged: bool,
    pub(super) line: usize,
    pub(super) value: Node,
}

/// What is wrong in a text, and on which line.
#[derive(Debug)]
pub(super) struct Flaw {
    line: usize,
    what: String,
}

impl Flaw {
    pub(super) fn new(line: usize, what: impl Into<String>) -> Flaw {
        Flaw { line, what: what.into() }
    }

    /// The error for a flaw of a file: one line, however long and odd the names in it are.
    pub(super) fn of(self, file: &str) -> SimError {
        let mut what = String::new();
        for c in self.what.chars() {
            if what.len() > MAX_FLAW {
                what.push('…');
                break;
            }
            if c.is_control() { what.extend(c.escape_default()) } else { what.push(c) }
        }
        SimError::Charm(format!("{file}:{}: {what}", self.line))
    }
}

/// All that is wrong in a text. The parts of it that are good are read past those that are not.
#[derive(Debug, Default)]
pub(super) struct Flaws(Vec<Flaw>);

impl From<Flaw> for Flaws {
    fn from(flaw: Flaw) -> Flaws {
        Flaws(vec![flaw])
    }
}

impl Flaws {
    /// What was read; where that is nothing, its flaws are kept here.
    pub(super) fn take<T>(&mut self, read: Result<T, impl Into<Flaws>>) -> Option<T> {
        read.map_err(|flaws| self.0.append(&mut flaws.into().0)).ok()
    }

    /// What was read, if nothing is wrong in all of it.
    pub(super) fn or<T>(self, read: T) -> Result<T, Flaws> {
        if self.0.is_empty() { Ok(read) } else { Err(self) }
    }

    /// The errors for the flaws of a file, one at least.
    pub(super) fn of(self, file: &str) -> Vec<SimError> {
        self.0.into_iter().map(|flaw| flaw.of(file)).collect()
    }
}

/// The keys of one file that nobody reads.
#[derive(Debug)]
pub(super) struct Ignored {
    /// What stands before each path: the file, unless it is the metadata.
    prefix: String,
    pub(super) paths: Vec<String>,
}

impl Ignored {
    pub(super) fn of(file: &str) -> Ignored {
        let prefix = if file == "metadata.yaml" { String::new() } else { format!("{file}: ") };
        Ignored { prefix, paths: Vec::new() }
    }

    pub(super) fn push(&mut self, path: &str) {
        self.paths.push(format!("{}{path}", self.prefix));
    }

    /// Takes note of the keys that are not among the known ones. `path` names the map, and is empty for the root.
    pub(super) fn others(&mut self, path: &str, entries: &[Entry], known: &[&str]) {
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let dot = if path.is_empty() { "" } else { "." };
            self.push(&format!("{path}{dot}{}", entry.key));
        }
    }
}

impl Node {
    pub(super) fn flaw(&self, what: impl Into<String>) -> Flaw {
        Flaw::new(self.line, what)
    }

    /// The flaw of a value that has the wrong form.
    pub(super) fn expected(&self, path: &str, form: &str) -> Flaw {
        self.flaw(format!("{path}: expected {form}, got {}", self.kind()))
    }

    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Yaml::Scalar(_, Plain::Null) => "nothing",
            Yaml::Scalar(_, Plain::Bool(_)) => "a boolean",
            Yaml::Scalar(_, Plain::Int(_) | Plain::Uint(_)) => "an integer",
            Yaml::Scalar(_, Plain::Float(_)) => "a float",
            Yaml::Scalar(_, Plain::Text) => "a string",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a map",
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Yaml::Scalar(_, Plain::Null))
    }

    /// The value under a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Yaml::Map(entries) = &self.value else { return None };
        get(entries, key)
    }

    /// A map whose keys Juju takes as they are written.
    pub(super) fn map(&self, path: &str, form: &str) -> Result<&[Entry], Flaw> {
        match &self.value {
            Yaml::Map(entries) => Ok(entries),
            _ => Err(self.expected(path, form)),
        }
    }

    /// A map whose keys must be texts.
    pub(super) fn text_map(&self, path: &str, form: &str) -> Result<&[Entry], Flaw> {
        let entries = self.map(path, form)?;
        match entries.iter().find(|entry| !entry.is_text) {
            None => Ok(entries),
            Some(entry) => Err(Flaw::new(entry.line, format!("{path}: key {} is no string; quote it", entry.key))),
        }
    }

    pub(super) fn list(&self, path: &str, form: &str) -> Result<&[Node], Flaw> {
        match &self.value {
            Yaml::List(items) => Ok(items),
            _ => Err(self.expected(path, form)),
        }
    }

    pub(super) fn text(&self, path: &str) -> Result<&str, Flaw> {
        match &self.value {
            Yaml::Scalar(text, Plain::Text) => Ok(text),
            _ => Err(self.expected(path, "a string")),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, path: &str) -> Result<Vec<&str>, Flaw> {
        self.list(path, "a list of strings")?.iter().map(|item| item.text(path)).collect()
    }

    /// Any scalar as it is written: what Juju reads where it wants a string of `config.yaml`.
    pub(super) fn written(&self, path: &str) -> Result<&str, Flaw> {
        match &self.value {
            Yaml::Scalar(_, Plain::Null) => Ok(""),
            Yaml::Scalar(text, _) => Ok(text),
            _ => Err(self.expected(path, "a string")),
        }
    }

    /// A boolean, which Juju also takes from the texts that Go's `ParseBool` knows.
    pub(super) fn boolean(&self, path: &str) -> Result<bool, Flaw> {
        match &self.value {
            Yaml::Scalar(_, Plain::Bool(on)) => Ok(*on),
            Yaml::Scalar(text, Plain::Text) => match text.as_str() {
                "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
                "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
                _ => Err(self.expected(path, "a boolean")),
            },
            _ => Err(self.expected(path, "a boolean")),
        }
    }

    /// An integer, which Juju also takes from a text.
    pub(super) fn integer(&self, path: &str) -> Result<i64, Flaw> {
        match &self.value {
            Yaml::Scalar(_, Plain::Int(number)) => Ok(*number),
            Yaml::Scalar(text, Plain::Text) => yaml::integer(text)
                .and_then(|number| i64::try_from(number).ok())
                .ok_or_else(|| self.expected(path, "an integer")),
            _ => Err(self.expected(path, "an integer")),
        }
    }

    /// The value as JSON.
    pub(super) fn json(&self, path: &str) -> Result<Value, Flaw> {
        Ok(match &self.value {
            Yaml::Scalar(_, Plain::Null) => Value::Null,
            Yaml::Scalar(_, Plain::Bool(on)) => Value::Bool(*on),
            Yaml::Scalar(_, Plain::Int(number)) => Value::from(*number),
            Yaml::Scalar(_, Plain::Uint(number)) => Value::from(*number),
            Yaml::Scalar(_, Plain::Float(number)) => Value::Number(
                Number::from_f64(*number).ok_or_else(|| self.flaw(format!("{path}: not a finite number")))?,
            ),
            Yaml::Scalar(text, Plain::Text) => Value::String(text.clone()),
            Yaml::List(items) => Value::Array(items.iter().map(|item| item.json(path)).collect::<Result<_, _>>()?),
            Yaml::Map(_) => {
                let entries = self.text_map(path, "a map")?.iter();
                let pairs = entries.map(|entry| Ok((entry.key.clone(), entry.value.json(path)?)));
                Value::Object(pairs.collect::<Result<Map<_, _>, _>>()?)
            }
        })
    }
}

/// The value under a key.
pub(super) fn get<'a>(entries: &'a [Entry], key: &str) -> Option<&'a Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}
