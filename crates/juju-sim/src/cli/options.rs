//! Settings as they are written on a command line: `key=value`, `key=@file`, or a YAML file of them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::failure::Failure;
use crate::{Charm, OptionKind, SimError};

/// The longest file that is read for a value. Juju has the same limit.
const MAX_FILE: u64 = 5 * MIB;
/// The largest resource: it is kept with the model.
const MAX_RESOURCE: u64 = 512 * MIB;
const MIB: u64 = 1024 * 1024;

/// A key and a value, of `key=value`.
pub(super) fn pair(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Failure::Usage(format!("expected \"key=value\", got {text:?}"))),
    }
}

/// The text of a file, where a value is one: `@path`.
pub(super) fn value_of(value: &str, dir: &Path) -> Result<String, Failure> {
    match value.strip_prefix('@') {
        Some(path) => read_text(&dir.join(path)),
        None => Ok(value.to_owned()),
    }
}

/// A text file of bounded length.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read_file(path, MAX_FILE)?;
    String::from_utf8(bytes).map_err(|_| format!("read {}: it is not UTF-8", path.display()).into())
}

/// The content of a resource.
pub(super) fn read_resource(path: &Path) -> Result<Vec<u8>, Failure> {
    read_file(path, MAX_RESOURCE)
}

/// A file, which has an end: a pipe or a device is none.
fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let metadata = fs::metadata(path).map_err(SimError::file("read", path))?;
    if !metadata.is_file() {
        return Err(format!("read {}: it is not a file", path.display()).into());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(SimError::file("read", path))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(SimError::file("read", path))?;
    if bytes.len() as u64 > most {
        return Err(format!("read {}: size of file is larger than {}M", path.display(), most / MIB).into());
    }
    Ok(bytes)
}

/// A YAML file as a map.
pub(super) fn read_yaml(text: &str, of: &str) -> Result<serde_json::Map<String, Value>, Failure> {
    match serde_yaml::from_str::<Value>(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null) => Ok(serde_json::Map::new()),
        Ok(_) => Err(format!("{of}: expected a map").into()),
        Err(error) => Err(format!("{of}: {error}").into()),
    }
}

/// The options of an application, as `--config` or `juju config` give them.
///
/// # Errors
/// The charm has no such option, or it is of another kind.
pub(super) fn of_charm(
    given: &[String],
    charm: &Charm,
    app: &str,
    dir: &Path,
) -> Result<BTreeMap<String, Value>, Failure> {
    let mut options = BTreeMap::new();
    for text in given {
        if text.contains('=') {
            let (key, value) = pair(text)?;
            let value = value_of(&value, dir)?;
            options.insert(key.clone(), parse(charm, &key, &value)?);
        } else {
            let path = dir.join(text);
            options.extend(of_file(&read_text(&path)?, text, charm, app)?);
        }
    }
    Ok(options)
}

/// The options of an application in a YAML file, under its name.
pub(super) fn of_file(text: &str, of: &str, charm: &Charm, app: &str) -> Result<BTreeMap<String, Value>, Failure> {
    let all = read_yaml(text, of)?;
    let Some(Value::Object(own)) = all.get(app) else {
        return Err(format!("{of}: no settings found for {app:?}").into());
    };
    own.iter().map(|(key, value)| Ok((key.clone(), typed(charm, key, value)?))).collect()
}

/// A value of a YAML file: of its option's kind, or a text that says one.
pub(super) fn typed(charm: &Charm, key: &str, value: &Value) -> Result<Value, Failure> {
    match (charm.options().get(key), value) {
        (Some(option), value) if option.kind.admits(value) => Ok(value.clone()),
        (_, Value::String(text)) => parse(charm, key, text),
        (_, value) => parse(charm, key, &value.to_string()),
    }
}

/// A value as it is written on the command line.
pub(super) fn parse(charm: &Charm, key: &str, text: &str) -> Result<Value, Failure> {
    let Some(option) = charm.options().get(key) else {
        return Err(format!("unknown option {key:?}").into());
    };
    let value = match option.kind {
        OptionKind::String | OptionKind::Secret => Some(Value::from(text)),
        OptionKind::Int => text.parse::<i64>().ok().map(Value::from),
        OptionKind::Float => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
        OptionKind::Boolean => match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true.into()),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false.into()),
            _ => None,
        },
    };
    let value = value.filter(|value| option.kind.admits(value));
    value.ok_or_else(|| Failure::Error(format!("option {key:?} expected {}, got {text:?}", option.kind)))
}
