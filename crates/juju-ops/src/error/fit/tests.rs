use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::name::{AppName, RelationId, SecretId, StorageId, UnitName};

fn said<T: DeserializeOwned>(value: Value) -> String {
    fit::<T>(value).map(drop).unwrap_err().to_string()
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    port: Option<u16>,
    #[serde(default)]
    level: Level,
    #[serde(default)]
    peers: Vec<UnitName>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    #[default]
    Low,
    High,
    Set(u8),
    Pair(u8, bool),
    Named {
        n: i8,
    },
}

#[derive(Debug, Deserialize)]
enum Never {}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Either {
    Number(u8),
    Name(UnitName),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind")]
#[allow(dead_code)]
enum Tagged {
    A { n: u8 },
    B,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Flat {
    #[serde(flatten)]
    rest: HashMap<String, u8>,
}

/// An author's type whose error quotes what it found.
#[derive(Debug)]
struct Quoting;

impl<'de> Deserialize<'de> for Quoting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Value::deserialize(deserializer)?;
        Err(D::Error::custom(format_args!("invalid type: {text}, expected {text}")))
    }
}

#[test]
fn what_fits_is_read() {
    let value = json!({"port": 8080, "level": {"named": {"n": -3}}, "peers": ["a/1"]});
    let expected = Options { port: Some(8080), level: Level::Named { n: -3 }, peers: vec!["a/1".parse().unwrap()] };
    assert_eq!(fit::<Options>(value).unwrap(), expected);
    assert_eq!(fit::<Level>(json!({"set": 7})).unwrap(), Level::Set(7));
    assert_eq!(fit::<Level>(json!({"pair": [7, true]})).unwrap(), Level::Pair(7, true));
    assert_eq!(fit::<Level>(json!({"high": null})).unwrap(), Level::High);
    assert_eq!(fit::<BTreeMap<u8, bool>>(json!({"7": true})).unwrap(), BTreeMap::from([(7, true)]));
    assert_eq!(fit::<(f64, String, Option<()>)>(json!([1, "a", null])).unwrap(), (1.0, "a".to_owned(), None));
    assert_eq!(fit::<Value>(json!({"a": [1, -1, 1.5, null]})).unwrap(), json!({"a": [1, -1, 1.5, null]}));
    assert!(matches!(fit::<Tagged>(json!({"kind": "A", "n": 3})).unwrap(), Tagged::A { n: 3 }));
    assert_eq!(fit::<Flat>(json!({"a": 1})).unwrap().rest["a"], 1);
    assert!(fit::<IpAddr>(json!("::1")).is_ok());
    fit::<()>(Value::Null).unwrap();
}

#[test]
fn a_misfit_says_where_and_what_was_wanted() {
    for (value, expected) in [
        (json!({"port": 70000}), "port: out of range for u16, which is 0 to 65535"),
        (json!({"port": -1}), "port: out of range for u16, which is 0 to 65535"),
        (json!({"port": "hunter2"}), "port: invalid type: string, expected u16"),
        (json!({"port": 1.5}), "port: invalid type: floating point number, expected u16"),
        (json!({"level": "hunter2"}), "level: unknown variant, expected one of `low`, `high`, `set`, `pair`, `named`"),
        (json!({"level": {"named": {"n": 400}}}), "level.named.n: out of range for i8, which is -128 to 127"),
        (json!({"level": {"set": {}}}), "level.set: invalid type: map, expected u8"),
        (json!({"level": {"pair": [1, true, 2]}}), "level.pair: invalid length 3, expected fewer elements"),
        (json!({"level": []}), "level: invalid type: list, expected a string or a map"),
        (json!({"level": {}}), "level: invalid value: map, expected a map with a single key"),
        (json!({"peers": ["a/1", "hunter2"]}), "peers[1]: invalid value, expected a unit name"),
        (json!({"other": 1}), "other: unknown field, expected one of `port`, `level`, `peers`"),
        (json!({"hunter 2": 1}), "…: unknown field, expected one of `port`, `level`, `peers`"),
        (json!([]), "invalid type: list, expected struct Options"),
        (json!("hunter2"), "invalid type: string, expected struct Options"),
        (json!(null), "invalid type: null, expected struct Options"),
    ] {
        assert_eq!(said::<Options>(value), expected);
    }
    assert_eq!(said::<Never>(json!("hunter2")), "unknown variant, there are no variants");
    assert_eq!(said::<Either>(json!("hunter2")), "does not fit Either");
    assert_eq!(said::<HashMap<String, Quoting>>(json!({"a": "hunter2"})), "a: does not fit Quoting");
    assert_eq!(said::<BTreeMap<String, IpAddr>>(json!({"a": "hunter2"})), "a: does not fit IpAddr");
    assert_eq!(said::<Tagged>(json!({"kind": "hunter2"})), "kind: unknown variant, expected one of `A`, `B`");
    assert_eq!(said::<Tagged>(json!({"n": 1})), "missing field `kind`");
    assert!(said::<()>(json!({"a": 1})).contains("a struct with a field for each option"));
    assert_eq!(fit_json::<u8>(b"{\"a\": ").unwrap_err().to_string(), "JSON that ends at line 1 column 6");
    assert_eq!(fit_json::<u8>(b"hunter2").unwrap_err().to_string(), "no JSON at line 1 column 1");
    assert_eq!(fit_json::<u8>(b"\"\xff\"").unwrap_err().to_string(), "no JSON at line 1 column 2");
}

#[test]
fn an_option_that_is_a_secret_is_read_as_one() {
    #[derive(Deserialize)]
    struct Config {
        password: SecretId,
        data: Option<StorageId>,
    }
    let config: Config = fit(json!({"password": "secret:9m4e2mr0ui3e8a215n4g", "data": "data/0"})).unwrap();
    assert_eq!((config.password.as_str(), config.data.unwrap().index()), ("9m4e2mr0ui3e8a215n4g", 0));
    assert_eq!(said::<Config>(json!({"password": "hunter 2"})), "password: invalid value, expected a secret URI");
}

#[test]
fn a_misfit_knows_the_field() {
    assert_eq!(fit::<Options>(json!({"port": []})).unwrap_err().split().0.as_deref(), Some("port"));
    assert_eq!(fit::<Tagged>(json!({})).unwrap_err().split().0.as_deref(), Some("kind"));
    assert_eq!(fit::<u8>(json!({})).unwrap_err().split().0, None);
}

const PLANTED: &str = "hunter2";

/// Values with the planted text or number wherever a value can be, and in keys that are no plain words.
fn planted() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!(PLANTED)),
        Just(json!(format!("{PLANTED}, expected {PLANTED}"))),
        Just(json!(format!("`{PLANTED}` \"{PLANTED}\" at line 1"))),
        Just(json!(47_114_711_u64)),
        Just(json!(-47_114_711)),
        Just(json!(4_711.471_1)),
        Just(json!(true)),
        Just(json!(null)),
    ];
    let key = prop_oneof![
        Just("port".to_owned()),
        Just("level".to_owned()),
        Just("peers".to_owned()),
        Just("kind".to_owned()),
        Just("A".to_owned()),
        Just("named".to_owned()),
        Just("n".to_owned()),
        Just(format!("{PLANTED} {PLANTED}")),
    ];
    scalar.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

fn leaks_nothing<T: DeserializeOwned>(value: &Value) {
    if let Err(misfit) = fit::<T>(value.clone()) {
        let text = misfit.to_string();
        assert!(!text.contains(PLANTED) && !text.contains("4711"), "{text}");
        assert!(text.len() < 1000);
    }
}

proptest! {
    #[test]
    fn no_error_has_anything_of_the_value(value in planted()) {
        leaks_nothing::<Options>(&value);
        leaks_nothing::<Level>(&value);
        leaks_nothing::<Never>(&value);
        leaks_nothing::<Either>(&value);
        leaks_nothing::<Tagged>(&value);
        leaks_nothing::<Flat>(&value);
        leaks_nothing::<Quoting>(&value);
        leaks_nothing::<HashMap<String, Quoting>>(&value);
        leaks_nothing::<BTreeMap<u8, Option<Level>>>(&value);
        leaks_nothing::<(u8, char, IpAddr)>(&value);
        leaks_nothing::<Vec<std::num::NonZeroU8>>(&value);
        leaks_nothing::<(AppName, UnitName, RelationId, StorageId, SecretId)>(&value);
        leaks_nothing::<()>(&value);
    }
}
