use std::collections::BTreeMap;
use std::fmt;
use std::io;

use super::private_files::PrivateFiles;
use crate::error::Error;

/// What a secret holds: values by key. Its `Debug` shows the keys alone, and no error quotes a value.
///
/// ```
/// use juju_ops::hook_command::SecretContent;
///
/// let content = SecretContent::new().with("username", "admin")?.with("password", "hunter2")?;
/// assert_eq!(content.get("password"), Some("hunter2"));
/// assert_eq!(format!("{content:?}"), r#"SecretContent {"password", "username"}"#);
/// # Ok::<(), juju_ops::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecretContent(BTreeMap<String, String>);

impl SecretContent {
    /// Nothing, for [`with`](Self::with) to add to. Juju has no secret without a value.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more value, or another one for a key that it has. The value is text; encode what is none. All of
    /// them together may be 1 MB as base64, in which Juju keeps them.
    ///
    /// # Errors
    /// Juju takes no such key: it has to be at least three characters, of which the first is a lower-case letter and
    /// the others are lower-case letters, digits and single dashes between them. Neither key nor value is quoted, for
    /// they may have been exchanged.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Result<Self, Error> {
        let key = key.into();
        if !is_key(&key) {
            return Err(Error::refused(
                "secret content: a key is a lower-case letter and at least two more letters or digits, with single \
                 dashes between them",
            ));
        }
        self.0.insert(key, value.into());
        Ok(self)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What Juju gave, whatever its keys are.
    pub(super) fn read(values: BTreeMap<String, String>) -> Self {
        Self(values)
    }

    /// Writes each value to a file of its own; gives back the arguments that name them.
    pub(super) fn put_in_files(&self) -> io::Result<(PrivateFiles, Vec<String>)> {
        let mut files = PrivateFiles::new()?;
        let mut args = Vec::new();
        for (key, value) in &self.0 {
            args.push(format!("{key}#file={}", files.add(value.as_bytes())?));
        }
        Ok((files, args))
    }
}

/// Juju: `^([a-z](?:-?[a-z0-9]){2,})$`.
fn is_key(key: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.split('-').all(|part| !part.is_empty() && part.bytes().all(letter))
        && key.bytes().filter(|&b| letter(b)).count() >= 3
}

impl fmt::Debug for SecretContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretContent ")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_that_juju_takes() {
        for key in ["abc", "a1b", "a-bc", "a-b-c", "abc-d", "user"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", "ab", "a-b", "abc-", "a--bc", "-abc", "1bc", "Abc", "a_b", "a.bc", "abç", "abc\n", "abc#file"]
        {
            assert!(!is_key(key), "{key}");
            let error = SecretContent::new().with(key, "hunter2").unwrap_err();
            assert!(
                error.to_string().starts_with("secret content: a key is") && !error.to_string().contains("hunter2")
            );
        }
    }
}
