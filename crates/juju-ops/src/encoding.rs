//! Databags as types: how the fields of a struct become keys and values, and back.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Misfit, fit};
use crate::gather::gather;
use crate::name::plain_number;
use crate::shape::{self, FieldKind};

/// How a struct is written in a databag, where all is text.
///
/// The interface says which: most libraries of today write [`Json`](Self::Json), older interfaces plain
/// [`Text`](Self::Text), a few one [`Document`](Self::Document).
///
/// ```
/// use juju_ops::Encoding;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Server {
///     host: String,
///     port: u16,
///     #[serde(default)]
///     replicas: Vec<String>,
/// }
///
/// let server = Server { host: "db.example".into(), port: 5432, replicas: vec![] };
/// let bag = Encoding::Json.encode(&server)?;
/// assert_eq!((bag["host"].as_str(), bag["port"].as_str()), (r#""db.example""#, "5432"));
/// assert_eq!(Encoding::Json.decode::<Server>(&bag)?, server);
///
/// let text = Encoding::Text.encode(&("host", 1)).unwrap_err(); // neither a struct nor a map
/// assert_eq!(Encoding::Text.encode(&server)?["host"], "db.example");
/// assert_eq!(Encoding::Document("data").encode(&server)?.keys().collect::<Vec<_>>(), ["data"]);
/// # drop(text);
/// # Ok::<(), juju_ops::Error>(())
/// ```
///
/// Matches `Relation.load` and `Relation.save` of Python `ops`, with `json` or `str` as the coder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Encoding {
    /// Each field is a key, its value JSON: a text is in quotes.
    #[default]
    Json,
    /// Each field is a key, its value as it is: for texts, numbers, `true`, `false` and enums without data. Lists and
    /// maps are JSON. A text that is empty has no key, and is empty where it has none.
    Text,
    /// The whole struct is one JSON document under this key.
    Document(&'static str),
}

impl Encoding {
    /// The keys and values of a struct, or of a map. A field that is null has no key.
    ///
    /// Tests write a played application's bag with it: `juju.write_bag(db, "pg/0", Encoding::Json.encode(&server)?)`.
    ///
    /// # Errors
    /// It is neither a struct nor a map, or has no JSON form.
    pub fn encode<T: Serialize>(self, value: &T) -> Result<BTreeMap<String, String>, Error> {
        let value = serde_json::to_value(value).map_err(|_| Error::refused("databag: the value has no JSON form"))?;
        let Value::Object(fields) = value else {
            return Err(Error::refused("databag: the value is neither a struct nor a map"));
        };
        Ok(match self {
            Self::Document(key) => BTreeMap::from([(key.to_owned(), Value::Object(fields).to_string())]),
            Self::Json | Self::Text => {
                let text = |value: Value| match (self, value) {
                    (Self::Text, Value::String(text)) => text,
                    (_, value) => value.to_string(),
                };
                gather(fields.into_iter().filter(|(_, it)| !it.is_null()).map(|(key, it)| (key, text(it))))
            }
        })
    }

    /// A struct of the keys and values of a bag. Keys that are no field of it are not looked at, whatever they hold: of
    /// what others write, only what is wanted has to fit. A field with a default may be missing.
    ///
    /// # Errors
    /// A key is missing, or its value does not fit. The error names the key and never shows the value.
    pub fn decode<T: DeserializeOwned>(self, bag: &BTreeMap<String, String>) -> Result<T, Error> {
        self.read(bag).map_err(|misfit| Error::parse("databag", misfit))
    }

    pub(crate) fn read<T: DeserializeOwned>(self, bag: &BTreeMap<String, String>) -> Result<T, Misfit> {
        let names = shape::names::<T>();
        let wanted = |key: &String| names.is_empty() || names.contains(&key.as_str());
        let mut fields = Map::new();
        match self {
            Self::Document(key) => return crate::error::fit_json(bag.get(key).map_or("{}", String::as_str).as_bytes()),
            Self::Json => {
                for (key, text) in bag.iter().filter(|(key, _)| wanted(key)) {
                    match serde_json::from_str(text) {
                        Ok(value) => drop(fields.insert(key.clone(), value)),
                        // Of a type that takes any key, such as one with `#[serde(flatten)]`, Juju's own keys are none.
                        Err(_) if names.is_empty() => {}
                        Err(error) => return Err(Misfit::not_json(&error).under(key)),
                    }
                }
            }
            Self::Text => {
                let shape = shape::fields::<T>();
                // Juju knows no empty values: a text that is not there is empty.
                let texts = shape.iter().filter(|field| field.required && field.kind == FieldKind::Text);
                fields.extend(texts.map(|field| (field.name.to_owned(), Value::String(String::new()))));
                let kinds: BTreeMap<&str, FieldKind> = gather(shape.iter().map(|field| (field.name, field.kind)));
                for (key, text) in bag.iter().filter(|(key, _)| wanted(key)) {
                    let kind = kinds.get(key.as_str()).copied().unwrap_or(FieldKind::Text);
                    fields.insert(key.clone(), plain(text, kind));
                }
            }
        }
        fit(Value::Object(fields))
    }

    /// The keys that a struct may have.
    pub(crate) fn keys<T: DeserializeOwned>(self) -> Vec<&'static str> {
        match self {
            Self::Document(key) => vec![key],
            Self::Json | Self::Text => shape::names::<T>().to_vec(),
        }
    }
}

/// A plain text as the value of a field of some kind. What is none of that kind stays a text, and does not fit.
fn plain(text: &str, kind: FieldKind) -> Value {
    let value = match kind {
        FieldKind::Boolean => match text {
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        FieldKind::Integer | FieldKind::Number => {
            plain_number(text).map(Value::from).or_else(|| serde_json::from_str(text).ok()).filter(Value::is_number)
        }
        FieldKind::List => serde_json::from_str(text).ok().filter(Value::is_array),
        FieldKind::Map => serde_json::from_str(text).ok().filter(Value::is_object),
        FieldKind::Text | FieldKind::Any => None,
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Server {
        host_name: String,
        port: Option<u16>,
        tls: bool,
        #[serde(default)]
        names: Vec<String>,
    }

    fn server() -> Server {
        Server { host_name: "db \"1\"".into(), port: Some(5432), tls: true, names: vec!["a".into()] }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for encoding in [Encoding::Json, Encoding::Text, Encoding::Document("data")] {
            for server in [server(), Server { port: None, tls: false, names: vec![], ..server() }] {
                let bag = encoding.encode(&server).unwrap();
                assert_eq!(encoding.decode::<Server>(&bag).unwrap(), server, "{encoding:?} {bag:?}");
            }
        }
        assert!(!Encoding::Json.encode(&Server { port: None, ..server() }).unwrap().contains_key("port"));
    }

    #[test]
    fn foreign_keys_may_hold_anything() {
        let mut bag = Encoding::Json.encode(&server()).unwrap();
        bag.insert("ingress-address".into(), "10.0.0.5".into());
        assert_eq!(Encoding::Json.decode::<Server>(&bag).unwrap(), server());
    }

    #[test]
    fn a_misfit_names_the_key_and_not_the_value() {
        for (encoding, key, value) in [
            (Encoding::Json, "port", "hunter2"),
            (Encoding::Json, "port", "70000"),
            (Encoding::Json, "tls", "\"hunter2\""),
            (Encoding::Text, "tls", "hunter2"),
            (Encoding::Text, "port", "70000"),
        ] {
            let mut bag = encoding.encode(&server()).unwrap();
            bag.insert(key.into(), value.into());
            let error = crate::chain(&encoding.decode::<Server>(&bag).unwrap_err()).to_string();
            assert!(error.contains(key) && !error.contains(value.trim_matches('"')), "{error}");
        }
        let error = Encoding::Json.decode::<Server>(&BTreeMap::new()).unwrap_err();
        assert!(crate::chain(&error).to_string().contains("host-name"), "{error:?}");
        assert!(Encoding::Document("data").decode::<Server>(&BTreeMap::from([("data".into(), "[".into())])).is_err());
    }
}
