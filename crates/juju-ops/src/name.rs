use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of an application, such as `magpie`.
///
/// ```
/// let app: juju_ops::AppName = "magpie".parse()?;
/// assert_eq!(app.as_str(), "magpie");
/// # Ok::<(), juju_ops::NameError>(())
/// ```
#[derive(Debug, Clone)]
pub struct AppName(Arc<str>);

/// The name of a unit, such as `magpie/10`. Sorts by application, then by number: `magpie/2` before `magpie/10`.
///
/// ```
/// let unit: juju_ops::UnitName = "magpie/10".parse()?;
/// assert_eq!((unit.app().as_str(), unit.number()), ("magpie", 10));
/// # Ok::<(), juju_ops::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitName {
    app: AppName,
    number: u32,
}

/// The identity of a relation, such as `magpie:3`: the endpoint on this side and a number that is never reused.
///
/// ```
/// let id: juju_ops::RelationId = "magpie:3".parse()?;
/// assert_eq!((id.endpoint(), id.number()), ("magpie", 3));
/// # Ok::<(), juju_ops::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationId {
    endpoint: String,
    number: u32,
}

/// A storage instance, such as `data/0`. Sorts by name, then by number.
///
/// ```
/// let id: juju_ops::StorageId = "data/0".parse()?;
/// assert_eq!((id.name(), id.index()), ("data", 0));
/// # Ok::<(), juju_ops::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageId {
    name: String,
    index: u32,
}

/// A secret, by its URI. Not the secret's content.
///
/// Its identifier is opaque: whatever Juju gives is carried. Of a secret of another model it keeps the model, so that
/// what is sent to Juju, and printed, is the URI in full: `secret://<model>/<id>`. Two are the same if their identifiers
/// are, which no two models share.
///
/// ```
/// use juju_ops::SecretId;
///
/// let own: SecretId = "9m4e2mr0ui3e8a215n4g".parse()?;
/// assert_eq!(own.to_string(), "secret:9m4e2mr0ui3e8a215n4g");
/// let others: SecretId = "secret://deadbeef-0bad-400d-8000-4b1d0d06f00d/9m4e2mr0ui3e8a215n50".parse()?;
/// assert_eq!(others.model(), Some("deadbeef-0bad-400d-8000-4b1d0d06f00d"));
/// # Ok::<(), juju_ops::NameError>(())
/// ```
#[derive(Clone)]
pub struct SecretId {
    id: String,
    model: Option<String>,
}

/// A text that is not the name it should be. It quotes the text, bounded; read through serde, a name quotes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not {what}", Shown(text))]
pub struct NameError {
    text: String,
    what: &'static str,
}

/// A foreign text for an error message: quoted, escaped, and cut after 64 characters.
struct Shown<'a>(&'a str);

impl AppName {
    /// The name as Juju writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UnitName {
    /// The application that the unit belongs to.
    pub fn app(&self) -> &AppName {
        &self.app
    }

    /// The number behind the slash. On machines it is never used twice; on Kubernetes it is.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl RelationId {
    /// The endpoint on this side.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The number, unique in the model.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl StorageId {
    /// The storage's name in the metadata.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number behind the slash.
    pub fn index(&self) -> u32 {
        self.index
    }
}

impl SecretId {
    /// The identifier, without `secret:` and the model.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The UUID of the model that has the secret, where the URI says it.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

impl FromStr for AppName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let tail = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let bytes = text.as_bytes();
        let good = bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.iter().all(|&byte| tail(byte))
            && !text.ends_with('-')
            && !text.contains("--");
        if good { Ok(Self::shared(text)) } else { Err(NameError::new(text, "an application name")) }
    }
}

thread_local! {
    /// The name that was made last. The next is mostly the same: that of the units in a list.
    static LAST: RefCell<Option<AppName>> = const { RefCell::new(None) };
}

impl AppName {
    fn shared(text: &str) -> Self {
        LAST.with_borrow_mut(|last| match last {
            Some(last) if *last.0 == *text => last.clone(),
            _ => last.insert(Self(text.into())).clone(),
        })
    }
}

/// Two that share their text are told without looking at it.
impl Ord for AppName {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for AppName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for AppName {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for AppName {}

impl Hash for AppName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl FromStr for UnitName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts = text.split_once('/').and_then(|(app, number)| Some((app.parse().ok()?, plain_number(number)?)));
        match parts {
            Some((app, number)) => Ok(Self { app, number }),
            None => Err(NameError::new(text, "a unit name")),
        }
    }
}

impl FromStr for RelationId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts = text.rsplit_once(':').and_then(|(endpoint, number)| Some((endpoint, plain_number(number)?)));
        match parts {
            Some((endpoint, number)) if is_endpoint(endpoint) => Ok(Self { endpoint: endpoint.to_owned(), number }),
            _ => Err(NameError::new(text, "a relation id")),
        }
    }
}

impl FromStr for StorageId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts = text.split_once('/').and_then(|(name, index)| Some((name, plain_number(index)?)));
        match parts {
            Some((name, index)) if is_endpoint(name) => Ok(Self { name: name.to_owned(), index }),
            _ => Err(NameError::new(text, "a storage id")),
        }
    }
}

/// Takes every form that Juju writes: `secret:<id>`, `secret://<model>/<id>`, `<model>/<id>` and the bare id.
impl FromStr for SecretId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let rest = text.strip_prefix("secret:").unwrap_or(text);
        let rest = rest.trim_start_matches('/');
        let (model, id) = match rest.split_once('/') {
            Some((model, id)) => (Some(model), id),
            None => (None, rest),
        };
        if model.into_iter().chain([id]).all(is_secret_part) {
            Ok(Self { id: id.to_owned(), model: model.map(str::to_owned) })
        } else {
            Err(NameError::new(text, "a secret URI"))
        }
    }
}

/// Whether a text can be the name of an endpoint, container or storage: lower-case letters and digits, in
/// parts joined by single `-` or `_`, the first beginning with a letter.
pub(crate) fn is_endpoint(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.split(['-', '_']).all(part)
}

/// Whether a text can be a part of a secret's URI: whatever can be told from the other parts, of some length.
fn is_secret_part(part: &str) -> bool {
    let good = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '/' | ':' | '?' | '#');
    !part.is_empty() && part.len() <= 512 && part.chars().all(good)
}

/// A decimal number in its one spelling: no sign, no leading zero.
pub(crate) fn plain_number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

impl NameError {
    pub(crate) fn new(text: &str, what: &'static str) -> Self {
        Self { text: text.to_owned(), what }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(64) {
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.number)
    }
}

impl fmt::Display for RelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.endpoint, self.number)
    }
}

impl fmt::Display for StorageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.index)
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.model {
            Some(model) => write!(f, "secret://{model}/{}", self.id),
            None => write!(f, "secret:{}", self.id),
        }
    }
}

impl fmt::Debug for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        f.debug_tuple("SecretId").field(&text.trim_start_matches("secret:")).finish()
    }
}

impl PartialEq for SecretId {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for SecretId {}

impl PartialOrd for SecretId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SecretId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl Hash for SecretId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// Reads a name from the text that it stands in, which need not be kept.
struct OfText<T>(PhantomData<T>);

impl<T: FromStr<Err = NameError>> Visitor<'_> for OfText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        // What the text is instead stays unsaid: it may be anything that was put in the wrong place.
        text.parse().map_err(|error: NameError| E::invalid_value(Unexpected::Other("text"), &error.what))
    }
}

macro_rules! serde_as_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(OfText(PhantomData))
            }
        }
    )*};
}
serde_as_text!(AppName, UnitName, RelationId, StorageId, SecretId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_sort_by_number() {
        let mut units: Vec<UnitName> = ["b/0", "magpie/10", "magpie/2"].map(|name| name.parse().unwrap()).into();
        units.sort();
        assert_eq!(units.iter().map(ToString::to_string).collect::<Vec<_>>(), ["b/0", "magpie/2", "magpie/10"]);
    }

    #[test]
    fn names_have_one_spelling() {
        for good in ["magpie/0", "my-app/4294967295", "remote-0a1b/3"] {
            assert_eq!(good.parse::<UnitName>().unwrap().to_string(), good);
        }
        for bad in ["", "magpie", "magpie/", "magpie/01", "magpie/+1", "magpie/4294967296", "Magpie/0", "-a/0", "a/0/0"]
        {
            assert!(bad.parse::<UnitName>().is_err(), "{bad}");
        }
        for good in ["magpie:0", "my_peers:12", "a-b:1"] {
            assert_eq!(good.parse::<RelationId>().unwrap().to_string(), good);
        }
        for bad in ["", "3", ":3", "magpie:", "magpie:x", "--app:1", "a b:1"] {
            assert!(bad.parse::<RelationId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_shows_a_bounded_text() {
        let error = "\u{1b}[31m".repeat(1000).parse::<UnitName>().unwrap_err().to_string();
        assert!(error.len() < 400 && error.ends_with("is not a unit name"), "{error}");
        assert!(!error.contains('\u{1b}'));
    }

    #[test]
    fn secret_uris_are_taken_in_every_form() {
        let id = "9m4e2mr0ui3e8a215n4g";
        for text in [id.to_owned(), format!("secret:{id}"), format!("secret:/{id}"), format!("secret:///{id}")] {
            assert_eq!(text.parse::<SecretId>().unwrap().to_string(), format!("secret:{id}"));
        }
        let own: SecretId = id.parse().unwrap();
        for text in [format!("secret://uuid/{id}"), format!("secret:uuid/{id}"), format!("uuid/{id}")] {
            let full: SecretId = text.parse().unwrap();
            assert_eq!((full.to_string(), full.as_str()), (format!("secret://uuid/{id}"), id));
            assert_eq!(full, own);
        }
        for longer in ["secret:9m4e2mr0ui3e8a215n4g-9m4e2mr0ui3e8a215n4g", "secret:Ünï_code.2", &"x".repeat(512)] {
            let carried: SecretId = longer.parse().unwrap();
            assert_eq!(carried.to_string().trim_start_matches("secret:"), longer.trim_start_matches("secret:"));
        }
        for bad in ["", "secret:", "secret://", "a b", "http://x/y", "a/b/c", "a\n", "a/", &"x".repeat(513)] {
            assert!(bad.parse::<SecretId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn serde_takes_names_as_texts_and_quotes_none() {
        let id: SecretId = "secret://uuid/9m4e2mr0ui3e8a215n4g".parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"secret://uuid/9m4e2mr0ui3e8a215n4g\"");
        assert_eq!(serde_json::from_str::<SecretId>(&json).unwrap().model(), Some("uuid"));
        assert_eq!(serde_json::from_str::<StorageId>("\"data/0\"").unwrap().to_string(), "data/0");
        let error = serde_json::from_str::<UnitName>("\"hunter2\"").unwrap_err().to_string();
        assert_eq!(error, "invalid value: text, expected a unit name at line 1 column 9");
    }
}
