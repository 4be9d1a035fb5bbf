//! The content of a secret, from arguments and files.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::quote::quote;
use super::{base64_text, file, settings_file};

/// The values of a secret by key, each in base64. Its `Debug` shows the keys alone.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SecretContent(pub(crate) BTreeMap<String, String>);

impl fmt::Debug for SecretContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The most bytes of a file, of one value in base64, and of all values in base64.
const LIMIT: usize = 1_000_000;
/// Ends a key whose value is a path.
const FILE: &str = "#file";
/// Ends a key whose value is in base64.
pub(super) const BASE64: &str = "#base64";

/// Reads `key=value` arguments; the last of equal keys wins. An `Err` is a text for exit 2, here and below.
pub(super) fn of_args(args: &[String]) -> Result<SecretContent, String> {
    let mut pairs = BTreeMap::new();
    for arg in args {
        // Equals signs at the end may be padding: they divide nothing.
        let divided = arg.trim_end_matches('=').find('=').filter(|at| *at > 0).map(|at| (&arg[..at], &arg[at + 1..]));
        let (key, value) = divided.ok_or_else(|| format!("key value {} not valid", quote(arg)))?;
        match key.strip_suffix(FILE) {
            None => pairs.insert(key.to_owned(), value.as_bytes().to_vec()),
            Some(key) => pairs.insert(key.to_owned(), of_value_file(key, value)?),
        };
    }
    SecretContent::of(pairs)
}

/// Reads a file of keys and values, in JSON or YAML.
pub(super) fn of_file(path: &str) -> Result<SecretContent, String> {
    let path = file::of_agent(path)?;
    too_large(&path)?;
    let bytes = file::read(&path, Path::new("/"))?;
    // What is no JSON of texts is read as YAML.
    let pairs = match serde_json::from_slice::<Option<BTreeMap<String, Option<String>>>>(&bytes) {
        Ok(pairs) => {
            pairs.into_iter().flatten().map(|(key, value)| (key, value.unwrap_or_default().into_bytes())).collect()
        }
        Err(_) => settings_file::parse_as(&bytes, "secrets.SecretData")?,
    };
    SecretContent::of(pairs)
}

fn of_value_file(key: &str, path: &str) -> Result<Vec<u8>, String> {
    let reading = |text: String| format!("reading content for secret key {}: {text}", quote(key));
    let path = file::of_agent(path).map_err(reading)?;
    too_large(&path)?;
    file::read(&path, Path::new("/")).map_err(reading)
}

fn too_large(path: &str) -> Result<(), String> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() > LIMIT as u64 => {
            Err(format!("secret content in file {} too large: {} bytes", quote(path), metadata.len()))
        }
        _ => Ok(()),
    }
}

impl SecretContent {
    /// Encodes keys and values, and refuses what Juju refuses. An `Err` is a text for exit 2.
    pub(crate) fn of(pairs: BTreeMap<String, Vec<u8>>) -> Result<SecretContent, String> {
        let mut content = BTreeMap::new();
        for (key, value) in pairs {
            // What is said to be base64 is believed here, and found out where it is read.
            let (key, value) = match key.strip_suffix(BASE64) {
                Some(key) => (key, String::from_utf8_lossy(&value).into_owned()),
                None => (key.as_str(), base64_text::encode(&value)),
            };
            if !is_key(key) {
                return Err(format!("key {} not valid", quote(key)));
            }
            if value.len() > LIMIT {
                let size = value.len();
                return Err(format!("base64 encoded secret content for key {} too large: {size} bytes", quote(key)));
            }
            content.insert(key.to_owned(), value);
        }
        match content.values().map(String::len).sum::<usize>() {
            size if size > LIMIT => Err(format!("base64 encoded secret content too large: {size} bytes")),
            _ => Ok(SecretContent(content)),
        }
    }
}

/// A small letter, then two more letters or digits at least, each of them with a dash before or without.
fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && key.split('-').all(|part| !part.is_empty())
        && key.bytes().filter(|c| *c != b'-').count() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[&str]) -> Result<String, String> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        of_args(&args).map(|content| content.0.iter().map(|(key, value)| format!("{key}={value};")).collect())
    }

    #[test]
    fn arguments() {
        for (given, content) in [
            (&["abc=v", "abc=w", "a-b-c=v=w"][..], "a-b-c=dj13;abc=dw==;"),
            (&["abc=a="], "abc=YT0=;"),
            (&["abc= v "], "abc=IHYg;"),
            (&["abc#base64=aGk="], "abc=aGk=;"),
            (&["abc#base64=!!!"], "abc=!!!;"),
        ] {
            assert_eq!(args(given).as_deref(), Ok(content));
        }
        for (given, error) in [
            ("abc", "key value \"abc\" not valid"),
            ("", "key value \"\" not valid"),
            ("abc=", "key value \"abc=\" not valid"),
            ("abc==", "key value \"abc==\" not valid"),
            ("=v", "key value \"=v\" not valid"),
            ("abc#base64=", "key value \"abc#base64=\" not valid"),
            ("abc#file#base64=aGk", "key \"abc#file\" not valid"),
            ("abc#file=f.txt", "reading content for secret key \"abc\": open f.txt: no such file or directory"),
            (
                "abc#base64#file=/none",
                "reading content for secret key \"abc#base64\": open /none: no such file or directory",
            ),
            ("abc#file=/", "reading content for secret key \"abc\": read /: is a directory"),
        ] {
            assert_eq!(args(&[given]), Err(error.to_owned()));
        }
    }

    #[test]
    fn keys() {
        for key in ["abc", "a1b", "a-bc", "a-b-c", "abc-d"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", "ab", "a-b", "abc-", "a--bc", "-abc", "1bc", "Abc", "a_b", "a.bc", "abç", "abc\n"] {
            assert!(!is_key(key), "{key}");
        }
    }

    #[test]
    fn files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("content");
        let path = path.to_str().unwrap();
        let read = |bytes: &[u8]| {
            std::fs::write(path, bytes).unwrap();
            of_file(path).map(|content| content.0.iter().map(|(key, value)| format!("{key}={value};")).collect())
        };
        for (bytes, content) in [
            (&b""[..], ""),
            (b"null", ""),
            (b"abc: text\nnum: 42\nnul: ~\n", "abc=dGV4dA==;nul=;num=NDI=;"),
            (br#"{"abc": "\ud83d\ude00", "nul": null}"#, "abc=8J+YgA==;nul=;"),
            (br#"{"abc": 1}"#, "abc=MQ==;"),
            (b"abc#base64: aGk=", "abc=aGk=;"),
            (b"abc: !!binary gIE=", "abc=gIE=;"),
        ] {
            assert_eq!(read(bytes), Ok(content.to_owned()));
        }
        for (bytes, error) in [
            (&b"- a\n"[..], "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into secrets.SecretData"),
            (b"abc: {d: e}", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!map into string"),
            (b"AB: v", "key \"AB\" not valid"),
            (b"abc#file: /etc/hostname", "key \"abc#file\" not valid"),
        ] {
            assert_eq!(read(bytes), Err(error.to_owned()));
        }
        for (path, error) in [
            ("s.yaml", "open s.yaml: no such file or directory"),
            ("-", "open -: no such file or directory"),
            ("/none", "open /none: no such file or directory"),
            ("/", "read /: is a directory"),
        ] {
            assert_eq!(of_file(path), Err(error.to_owned()));
        }
    }

    #[test]
    fn sizes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big");
        let path = path.to_str().unwrap();
        let value = format!("abc#file={path}");
        for (size, error) in [
            (750_000, None),
            (750_001, Some("base64 encoded secret content for key \"abc\" too large: 1000004 bytes".to_owned())),
            (1_000_001, Some(format!("secret content in file \"{path}\" too large: 1000001 bytes"))),
        ] {
            std::fs::write(path, vec![b'x'; size]).unwrap();
            assert_eq!(args(&[&value]).err(), error);
        }
        assert!(of_file(path).unwrap_err().ends_with("too large: 1000001 bytes"));
        std::fs::write(path, vec![b'x'; 600_000]).unwrap();
        let both = args(&[&value, &value.replace("abc", "def")]);
        assert_eq!(both, Err("base64 encoded secret content too large: 1600000 bytes".to_owned()));
    }

    #[test]
    fn debug_shows_keys_alone() {
        assert_eq!(format!("{:?}", of_args(&["abc=hidden".to_owned()]).unwrap()), "{\"abc\"}");
    }
}
