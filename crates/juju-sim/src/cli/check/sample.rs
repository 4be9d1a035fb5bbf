//! Values that a schema or an option allows, to run actions and change options with.

use serde_json::{Map, Value, json};

use crate::{ActionSpec, ConfigOption, OptionKind};

/// Texts to try where a pattern or a format wants more than any text.
const TEXTS: [&str; 10] =
    ["check", "a", "1", "", "10.0.0.9", "10.0.0.0/24", "https://check.example", "2026-01-01", "a/0", "a@check.example"];
/// How deep a value is made.
const MAX_DEPTH: usize = 8;

/// Parameters for an action: those that it requires. Juju fills in defaults only after it has looked whether all of
/// these are given.
///
/// # Errors
/// None of the values that were tried is allowed; why not.
pub(super) fn params(action: &ActionSpec) -> Result<Value, String> {
    let properties = action.schema().get("properties");
    let mut refused = String::new();
    for text in TEXTS {
        let given = action.required().map(|name| {
            let schema = properties.and_then(|all| all.get(name)).unwrap_or(&Value::Null);
            (name.to_owned(), value(schema, text, 0))
        });
        let params = Value::Object(given.collect());
        match action.check(params.clone()) {
            Ok(_) => return Ok(params),
            Err(why) => refused = why,
        }
    }
    Err(refused)
}

/// Another value for an option than it has; none for one that takes a secret.
pub(super) fn other(option: &ConfigOption) -> Option<Value> {
    let default = option.default.as_ref();
    Some(match option.kind {
        OptionKind::String if default == Some(&json!("check")) => json!("checked"),
        OptionKind::String => json!("check"),
        OptionKind::Int => {
            let default = default.and_then(Value::as_i64).unwrap_or_default();
            json!(default.checked_add(1).unwrap_or_default())
        }
        OptionKind::Float => json!(default.and_then(Value::as_f64).unwrap_or_default() + 0.5),
        OptionKind::Boolean => json!(default != Some(&json!(true))),
        OptionKind::Secret => return None,
    })
}

fn value(schema: &Value, text: &str, depth: usize) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|all| all.get(0)) {
        return first.clone();
    }
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(keyword).and_then(|all| all.get(0)) {
            return value(first, text, depth + 1);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    let number = |key: &str| schema.get(key).and_then(Value::as_i64);
    match kind {
        Some("integer" | "number") => {
            let exclusive = |key: &str| schema.get(key) == Some(&Value::Bool(true));
            let least = number("minimum").map(|least| least.saturating_add(exclusive("exclusiveMinimum").into()));
            let most = number("maximum").map(|most| most.saturating_sub(exclusive("exclusiveMaximum").into()));
            let step = number("multipleOf").filter(|step| *step > 0).unwrap_or(1);
            let least = least.unwrap_or(1).min(most.unwrap_or(i64::MAX));
            json!(least.checked_add(step - 1).map_or(least, |up| up - up.rem_euclid(step)))
        }
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some("array") => {
            let item = value(schema.get("items").unwrap_or(&Value::Null), text, depth + 1);
            let count = number("minItems").and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
            Value::Array(vec![item; count.min(100)])
        }
        Some("object") => {
            let names =
                schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let property = |name: &str| schema.get("properties").and_then(|all| all.get(name)).cloned();
            let pairs = names.map(|name| {
                let schema = property(name).unwrap_or_default();
                (name.to_owned(), value(&schema, text, depth + 1))
            });
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        _ => {
            let least = number("minLength").and_then(|least| usize::try_from(least).ok()).unwrap_or_default();
            let most = number("maxLength").and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
            let padding = least.min(10_000).saturating_sub(text.chars().count());
            json!(text.chars().chain(std::iter::repeat_n('x', padding)).take(most).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Charm;

    fn made(action: &str) -> Result<Value, String> {
        let charm = Charm::parse("name: m", None, Some(&format!("act: {action}"))).unwrap();
        params(charm.action("act").unwrap())
    }

    #[test]
    fn parameters_are_what_the_schema_allows() {
        for (action, wanted) in [
            ("{params: {a: {type: string}}}", json!({})),
            ("{params: {a: {type: string, default: x}}, required: [a]}", json!({"a": "x"})),
            ("{params: {a: {type: string}}, required: [a]}", json!({"a": "check"})),
            ("{params: {a: {type: string, minLength: 7}}, required: [a]}", json!({"a": "checkxx"})),
            ("{params: {a: {type: string, maxLength: 2}}, required: [a]}", json!({"a": "ch"})),
            ("{params: {a: {type: string, pattern: '^[0-9.]+$'}}, required: [a]}", json!({"a": "1"})),
            ("{params: {a: {enum: [x, y]}}, required: [a]}", json!({"a": "x"})),
            ("{params: {a: {type: integer, minimum: 4, exclusiveMinimum: true}}, required: [a]}", json!({"a": 5})),
            ("{params: {a: {type: integer, maximum: -4}}, required: [a]}", json!({"a": -4})),
            ("{params: {a: {type: number, multipleOf: 5}}, required: [a]}", json!({"a": 5})),
            ("{params: {a: {type: boolean}}, required: [a]}", json!({"a": true})),
            ("{params: {a: {type: array, minItems: 2, items: {type: integer}}}, required: [a]}", json!({"a": [1, 1]})),
            (
                "{params: {a: {type: object, properties: {b: {type: string}}, required: [b]}}, required: [a]}",
                json!({"a": {"b": "check"}}),
            ),
            ("{params: {}, required: [a]}", json!({"a": "check"})),
        ] {
            assert_eq!(made(action), Ok(wanted), "{action}");
        }
        let why = made("{params: {a: {type: string, pattern: '^magic$'}}, required: [a]}").unwrap_err();
        assert!(why.starts_with("parameter \"a\""), "{why}");
    }

    #[test]
    fn an_option_gets_another_value_of_its_kind() {
        let config = "options: {a: {type: string, default: check}, b: {type: int, default: 5}, c: {type: float},
            d: {type: boolean, default: true}, e: {type: secret}, f: {}}";
        let charm = Charm::parse("name: m", Some(config), None).unwrap();
        let others: Vec<_> = charm.options().values().map(other).collect();
        let wanted = [json!("checked"), json!(6), json!(0.5), json!(false)].map(Some);
        assert_eq!(others[..4], wanted);
        assert_eq!(others[4..], [None, Some(json!("check"))]);
        for (option, other) in charm.options().values().zip(&others) {
            assert!(other.as_ref().is_none_or(|value| option.kind.admits(value)));
        }
    }
}
