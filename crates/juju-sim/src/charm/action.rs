use std::collections::BTreeMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names;
use super::node::{Entry, Flaw, Flaws, Ignored, Node, get};
use super::schema::{self, Place};
use super::validator::{self, as_juju};

const FORM: &str = "a map with description, params, required, additionalProperties, parallel, execution-group";
/// How many flaws of parameters are told of.
const MAX_FLAWS: usize = 5;
/// How long the list of allowed values may be in a refusal.
const MAX_VALUES: usize = 200;

/// One action that a charm declares.
///
/// ```
/// let actions = "backup: {params: {to: {type: string}, level: {type: integer, default: 1}}, required: [to]}";
/// let charm = juju_sim::Charm::parse("name: m", None, Some(actions))?;
/// let backup = charm.action("backup").expect("it is declared");
/// assert_eq!(backup.params().collect::<Vec<_>>(), [("level", Some("integer")), ("to", Some("string"))]);
/// assert_eq!(backup.required().collect::<Vec<_>>(), ["to"]);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActionSpec {
    /// The name, such as `backup`.
    pub name: String,
    /// What the charm says of it.
    pub description: String,
    /// Whether it may run while other units of the machine run something.
    pub parallel: bool,
    /// The group of actions that it does not run beside, where that is not all of them.
    pub execution_group: Option<String>,
    /// The JSON Schema of its parameters.
    schema: Value,
}

impl ActionSpec {
    /// The declared parameters, sorted by name, each with its JSON type if it declares one.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let properties = self.schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        properties.map(|(name, schema)| (name.as_str(), schema.get("type").and_then(Value::as_str)))
    }

    /// The names of the parameters that must be given.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        let names = self.schema.get("required").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str)
    }

    /// The JSON Schema of its parameters.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether a parameter has a default.
    pub fn has_default(&self, name: &str) -> bool {
        self.schema.pointer("/properties").and_then(|all| all.get(name)?.get("default")).is_some()
    }

    /// Whether parameters that are not declared may be given, of whatever value.
    pub fn takes_others(&self) -> bool {
        self.schema.get("additionalProperties") != Some(&Value::Bool(false))
    }

    /// What Juju does with the parameters before it runs an action: it checks them against the schema and fills in
    /// the defaults, and the unit's agent checks the whole again. The refusal names parameters and rules, no values.
    pub(crate) fn check(&self, params: Value) -> Result<Map<String, Value>, String> {
        let params = match params {
            Value::Null => Map::new(),
            Value::Object(params) => params,
            _ => return Err("parameters must be an object".to_owned()),
        };
        let params = as_juju(Value::Object(params));
        let validator = validator::compile(&self.schema)?;
        refuse(&validator, &params)?;
        let Value::Object(mut params) = params else { return Ok(Map::new()) };
        if let Some(Value::Object(properties)) = self.schema.get("properties") {
            fill(&mut params, properties, "")?;
        }
        refuse(&validator, &Value::Object(params.clone()))
            .map_err(|why| format!("after the defaults are filled in, {why}"))?;
        Ok(params)
    }

    fn read(charm: &str, name: &str, node: &Node, ignored: &mut Ignored) -> Result<ActionSpec, Flaw> {
        let place = Place::of(name);
        if !names::is_action_name(name) {
            return Err(node.flaw(format!("bad action name {name:?}: {}", names::ACTION_RULE)));
        }
        if names::is_reserved(charm, name) {
            return Err(node.flaw(format!("bad action name {name:?}: Juju keeps juju and juju-… for itself")));
        }
        let entries = if node.is_null() { &[] } else { node.map(&place.to_string(), FORM)? };
        schema::refuse_references(node, &place)?;
        let text = |key: &str| {
            let text = get(entries, key).map(|value| value.text(&format!("{place}: {key}"))).transpose();
            text.map(Option::unwrap_or_default)
        };
        let parallel = match get(entries, "parallel") {
            None => false,
            Some(node) => match node.json(&format!("{place}: parallel"))? {
                Value::Bool(on) => on,
                _ => return Err(node.expected(&format!("{place}: parallel"), "a boolean")),
            },
        };
        let group = text("execution-group")?;
        if let (Some(_), Some(properties)) = (get(entries, "params"), get(entries, "properties")) {
            return Err(properties.flaw(format!("{place}: has both params and properties, of which Juju takes either")));
        }
        let keywords = entries.iter().filter(|entry| !["parallel", "execution-group"].contains(&entry.key.as_str()));
        let keywords: Vec<Entry> = keywords
            .map(|entry| match entry.key.as_str() {
                "params" => Entry { key: "properties".to_owned(), ..entry.clone() },
                _ => entry.clone(),
            })
            .collect();
        let mut schema = schema::read(&keywords, &place, ignored)?;
        if get(entries, "type").is_none() {
            schema.insert("type".to_owned(), "object".into());
        }
        Ok(ActionSpec {
            name: name.to_owned(),
            description: text("description")?.to_owned(),
            parallel,
            execution_group: (!group.is_empty()).then(|| group.to_owned()),
            schema: Value::Object(schema),
        })
    }
}

/// Reads `actions.yaml`, or the section of that name.
pub(super) fn read(charm: &str, root: &Node, ignored: &mut Ignored) -> Result<BTreeMap<String, ActionSpec>, Flaws> {
    if root.is_null() {
        return Ok(BTreeMap::new());
    }
    let (mut specs, mut flaws) = (BTreeMap::new(), Flaws::default());
    for entry in root.map("actions", "a map of action names")? {
        if let Some(spec) = flaws.take(ActionSpec::read(charm, &entry.key, &entry.value, ignored)) {
            specs.insert(entry.key.clone(), spec);
        }
    }
    flaws.or(specs)
}

/// Fills in the defaults of missing properties, also of properties of properties.
fn fill(into: &mut Map<String, Value>, properties: &Map<String, Value>, path: &str) -> Result<(), String> {
    for (name, schema) in properties {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let inner = schema.get("properties").and_then(Value::as_object);
        match into.get_mut(name) {
            Some(Value::Object(given)) => match inner {
                Some(inner) => fill(given, inner, &path)?,
                // Looking for defaults ends there with an error of Juju's own, and with it the action.
                None => {
                    return Err(format!("parameter {path:?}: Juju takes no map where the schema has no properties"));
                }
            },
            Some(_) => {}
            None => {
                let mut made = Map::new();
                if let Some(default) = schema.get("default") {
                    into.insert(name.clone(), default.clone());
                } else if let Some(inner) = inner {
                    fill(&mut made, inner, &path)?;
                    if !made.is_empty() {
                        into.insert(name.clone(), Value::Object(made));
                    }
                }
            }
        }
    }
    Ok(())
}

fn refuse(validator: &Validator, params: &Value) -> Result<(), String> {
    let mut flaws = validator.iter_errors(params);
    let told: Vec<String> = flaws.by_ref().take(MAX_FLAWS).map(|error| in_words(&error, params)).collect();
    match (told.is_empty(), flaws.count()) {
        (true, _) => Ok(()),
        (false, 0) => Err(told.join("; ")),
        (false, more) => Err(format!("{}; and {more} more", told.join("; "))),
    }
}

/// A broken rule without the value that breaks it.
fn in_words(error: &ValidationError<'_>, params: &Value) -> String {
    let pointer = error.instance_path().to_string();
    let path = pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~");
    let whole = if path.is_empty() { "parameters".to_owned() } else { format!("parameter {path:?}") };
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let rule = match error.kind() {
        ValidationErrorKind::Required { property } => {
            return format!("parameter {:?} is required", inner(property.as_str().unwrap_or_default()));
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => return undefined(unexpected, &inner),
        // So it is said where no key is defined at all.
        ValidationErrorKind::FalseSchema => {
            let keys = params.pointer(&pointer).and_then(Value::as_object).into_iter().flat_map(Map::keys);
            return undefined(&keys.cloned().collect::<Vec<_>>(), &inner);
        }
        ValidationErrorKind::Enum { options } => match options.to_string() {
            text if text.len() <= MAX_VALUES => format!("not one of {text}"),
            _ => "not one of the allowed values".to_owned(),
        },
        ValidationErrorKind::Maximum { limit } => format!("above the maximum {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("not below {limit}"),
        ValidationErrorKind::Minimum { limit } => format!("below the minimum {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("not above {limit}"),
        ValidationErrorKind::MaxLength { limit } => format!("has more characters than {limit}"),
        ValidationErrorKind::MinLength { limit } => format!("has fewer characters than {limit}"),
        ValidationErrorKind::MaxItems { limit } => format!("has more items than {limit}"),
        ValidationErrorKind::MinItems { limit } => format!("has fewer items than {limit}"),
        ValidationErrorKind::MaxProperties { limit } => format!("has more keys than {limit}"),
        ValidationErrorKind::MinProperties { limit } => format!("has fewer keys than {limit}"),
        ValidationErrorKind::UniqueItems => "has an item twice".to_owned(),
        ValidationErrorKind::Custom { message, .. } => message.clone(),
        ValidationErrorKind::AnyOf { .. } => "fits no schema of anyOf".to_owned(),
        ValidationErrorKind::OneOfNotValid { .. } => "fits no schema of oneOf".to_owned(),
        ValidationErrorKind::OneOfMultipleValid { .. } => "fits more than one schema of oneOf".to_owned(),
        ValidationErrorKind::Not { .. } => "fits the schema of not".to_owned(),
        other => format!("breaks the rule {}", other.keyword()),
    };
    format!("{whole}: {rule}")
}

fn undefined(names: &[String], path_of: &dyn Fn(&str) -> String) -> String {
    let told: Vec<String> = names.iter().take(MAX_FLAWS).map(|name| format!("{:?}", path_of(name))).collect();
    let more = if names.len() > MAX_FLAWS { ", …" } else { "" };
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("parameter {}{more} {verb} not defined", told.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Charm;

    fn parse(actions: &str) -> Result<Charm, crate::SimError> {
        Charm::parse("name: m", None, Some(actions))
    }

    fn check(action: &str, params: Value) -> Result<Value, String> {
        let charm = parse(&format!("act: {action}")).unwrap();
        charm.action("act").unwrap().check(params).map(Value::Object)
    }

    #[test]
    fn declares() {
        let text = "{description: d, parallel: yes, execution-group: g, additionalProperties: false, required: [a],
            params: {a: {type: [string, 'null']}, id: {type: string}}}";
        let charm = parse(&format!("act: {text}\nbare:\nalso: {{properties: {{x: {{}}}}}}")).unwrap();
        let act = charm.action("act").unwrap();
        assert_eq!((act.description.as_str(), act.parallel, act.execution_group.as_deref()), ("d", true, Some("g")));
        assert_eq!(act.params().collect::<Vec<_>>(), [("a", None), ("id", Some("string"))]);
        assert_eq!(act.required().collect::<Vec<_>>(), ["a"]);
        assert!(!act.takes_others());
        let bare = charm.action("bare").unwrap();
        assert!(bare.takes_others() && !bare.parallel && bare.params().next().is_none());
        assert_eq!(charm.action("also").unwrap().params().collect::<Vec<_>>(), [("x", None)]);
    }

    #[test]
    fn parameters_follow_the_schema() {
        for (action, params, wanted) in [
            ("{params: {a: {type: string}}, required: [a]}", json!({"a": "x"}), Ok(json!({"a": "x"}))),
            ("{params: {a: {type: string}}, required: [a]}", json!({}), Err("parameter \"a\" is required")),
            ("{params: {a: {type: string}}}", json!({"a": 1}), Err("parameter \"a\": not of type string")),
            (
                "{params: {a: {type: [string, integer]}}}",
                json!({"a": 1.5}),
                Err("parameter \"a\": not of type string or integer"),
            ),
            ("{params: {a: {type: integer}}}", json!({"a": 5.0}), Ok(json!({"a": 5}))),
            (
                "{params: {a: {type: integer}}}",
                json!({"a": 9_007_199_254_740_993_i64}),
                Err("parameter \"a\": not of type integer"),
            ),
            ("{additionalProperties: false}", json!({"x": 1}), Err("parameter \"x\" is not defined")),
            ("{additionalProperties: false}", json!({"x": 1, "y": 1}), Err("parameter \"x\", \"y\" are not defined")),
            ("{additionalProperties: {type: string}}", json!({"x": 1}), Err("parameter \"x\": not of type string")),
            ("{}", json!({"x": 1}), Ok(json!({"x": 1}))),
            ("{}", Value::Null, Ok(json!({}))),
            ("{}", json!([]), Err("parameters must be an object")),
            ("{params: {a: {enum: [x, 1]}}}", json!({"a": "y"}), Err("parameter \"a\": not one of [\"x\",1]")),
            ("{params: {a: {enum: [x, 1]}}}", json!({"a": 1.0}), Ok(json!({"a": 1}))),
            ("{params: {a: {maximum: 4}}}", json!({"a": 5}), Err("parameter \"a\": above the maximum 4")),
            (
                "{params: {a: {maximum: 4, exclusiveMaximum: true}}}",
                json!({"a": 4}),
                Err("parameter \"a\": not below 4"),
            ),
            ("{params: {a: {minimum: 4}}}", json!({"a": 3}), Err("parameter \"a\": below the minimum 4")),
            (
                "{params: {a: {minimum: 4, exclusiveMinimum: true}}}",
                json!({"a": 4}),
                Err("parameter \"a\": not above 4"),
            ),
            ("{params: {a: {multipleOf: 0.1}}}", json!({"a": 0.3}), Err("parameter \"a\": not a multiple of 0.1")),
            (
                "{params: {a: {pattern: '^(?i)y'}}}",
                json!({"a": "no"}),
                Err("parameter \"a\": does not match the pattern ^(?i)y"),
            ),
            ("{params: {a: {maxLength: 2}}}", json!({"a": "éàü"}), Err("parameter \"a\": has more characters than 2")),
            ("{params: {a: {minLength: 2}}}", json!({"a": "é"}), Err("parameter \"a\": has fewer characters than 2")),
            ("{params: {a: {format: ipv4}}}", json!({"a": "x"}), Ok(json!({"a": "x"}))),
            (
                "{params: {a: {items: {type: integer}}}}",
                json!({"a": [1, "x"]}),
                Err("parameter \"a.1\": not of type integer"),
            ),
            (
                "{params: {a: {minItems: 1, uniqueItems: true}}}",
                json!({"a": [1, 1.0]}),
                Err("parameter \"a\": has an item twice"),
            ),
            (
                "{params: {a: {properties: {b/c: {}}, required: [d]}}}",
                json!({"a": {}}),
                Err("parameter \"a.d\" is required"),
            ),
            (
                "{params: {a: {properties: {b/c: {type: 'null'}}}}}",
                json!({"a": {"b/c": 1}}),
                Err("parameter \"a.b/c\": not of type null"),
            ),
            ("{minProperties: 1}", json!({}), Err("parameters: has fewer keys than 1")),
            ("{dependencies: {a: [b]}}", json!({"a": 1}), Err("parameter \"b\" is required")),
            ("{anyOf: [{required: [a]}, {required: [b]}]}", json!({}), Err("parameters: fits no schema of anyOf")),
            (
                "{params: {a: {oneOf: [{}, {}]}}}",
                json!({"a": 1}),
                Err("parameter \"a\": fits more than one schema of oneOf"),
            ),
            ("{params: {a: {not: {type: string}}}}", json!({"a": "x"}), Err("parameter \"a\": fits the schema of not")),
            (
                "{patternProperties: {'^\\w+$': {type: string}}, additionalProperties: false}",
                json!({"é": 1}),
                Err("parameter \"é\" is not defined"),
            ),
        ] {
            assert_eq!(check(action, params.clone()), wanted.map_err(str::to_owned), "{action} {params}");
        }
        let many: Map<String, Value> = (0..9).map(|n| (n.to_string(), n.into())).collect();
        let why = check("{additionalProperties: {type: string}}", Value::Object(many)).unwrap_err();
        assert!(why.ends_with("not of type string; and 4 more"), "{why}");
    }

    #[test]
    fn a_refusal_hides_the_value() {
        let action = "{params: {a: {type: integer, enum: [1], pattern: x, maxLength: 1, not: {type: string}}}}";
        let why = check(action, json!({"a": "hunter2"})).unwrap_err();
        assert!(!why.contains("hunter2"), "{why}");
    }

    #[test]
    fn defaults_are_filled_in() {
        let action = "{params: {a: {default: 1}, b: {properties: {c: {default: x}, d: {}}}, e: {properties: {f: {}}}}}";
        for (params, wanted) in [
            (json!({}), json!({"a": 1, "b": {"c": "x"}})),
            (json!({"a": 2, "b": {}}), json!({"a": 2, "b": {"c": "x"}})),
            (json!({"a": null, "b": {"c": null, "d": 1}}), json!({"a": null, "b": {"c": null, "d": 1}})),
            (json!({"b": 5}), json!({"a": 1, "b": 5})),
        ] {
            assert_eq!(check(action, params).unwrap(), wanted);
        }
        let why = check("{params: {a: {type: integer, default: x}}}", json!({})).unwrap_err();
        assert_eq!(why, "after the defaults are filled in, parameter \"a\": not of type integer");
        // So it is in Juju 3.6: it fails to look for the defaults of the map's keys.
        let why = check("{params: {a: {type: object}}}", json!({"a": {"b": 1}})).unwrap_err();
        assert_eq!(why, "parameter \"a\": Juju takes no map where the schema has no properties");
    }

    #[test]
    fn refuses() {
        for (actions, wanted) in [
            ("[a]", "actions: expected a map of action names, got a list"),
            ("juju-run: {}", "bad action name \"juju-run\": Juju keeps juju and juju-… for itself"),
            ("do_it: {}", "bad action name \"do_it\": an action's name has"),
            ("a: 5", "action a: expected a map with description, params"),
            ("a: {description: }", "action a: description: expected a string, got nothing"),
            ("a: {parallel: 'yes'}", "action a: parallel: expected a boolean, got a string"),
            ("a: {execution-group: 5}", "action a: execution-group: expected a string, got an integer"),
            ("a: {params: }", "action a: params: expected a map of names, got nothing"),
            ("a: {params: {b: string}}", "action a: params.b: expected a map with type, description, default"),
            ("a: {params: {n: {}}}", "action a: params: key n is no string; quote it"),
            ("a: {params: {b: {type: int}}}", "action a: params.b.type: expected one of array, boolean, integer"),
            ("a: {params: {}, properties: {}}", "action a: has both params and properties"),
            ("a: {params: {b: {$ref: '#'}}}", "action a: params.b: key $ref is not allowed in an action's schema"),
            ("a: {$schema: x}", "action a: key $schema is not allowed in an action's schema"),
            ("a: {params: {b: {default: [{$ref: x}]}}}", "key $ref is not allowed"),
            ("a: {required: b}", "action a: required: expected a list of names, got a string"),
            ("a: {required: [b, b]}", "action a: required: \"b\" is there twice"),
            ("a: {params: {b: {enum: [1, 1.0]}}}", "action a: params.b.enum: 1 is there twice"),
            ("a: {params: {b: {minimum: 5, maximum: 3}}}", "action a: params.b.minimum: above maximum"),
            ("a: {params: {b: {exclusiveMinimum: 5}}}", "action a: params.b.exclusiveMinimum: expected a boolean"),
            ("a: {params: {b: {exclusiveMinimum: true}}}", "params.b.exclusiveMinimum: there is no minimum beside it"),
            ("a: {params: {b: {minLength: -1}}}", "action a: params.b.minLength: expected a whole number from 0 on"),
            ("a: {params: {b: {multipleOf: 0}}}", "action a: params.b.multipleOf: expected a number above 0"),
            ("a: {params: {b: {pattern: '('}}}", "action a: params.b.pattern: \"(\" is no regular expression"),
            (
                "a: {patternProperties: {'[[:alpha:]]': {}}}",
                "action a: patternProperties: \"[[:alpha:]]\" is not supported",
            ),
            ("a: {patternProperties: {'\\d': {}, '[0-9]': {}}}", "\"[0-9]\" is there twice in other words"),
            ("a: {params: {b: {items: [{}]}}}", "action a: params.b.items: a list of schemas is not supported"),
            ("a: {params: {b: {anyOf: [5]}}}", "action a: params.b.anyOf.0: expected a map"),
            (
                "a: {params: {b: {dependencies: {c: d}}}}",
                "params.b.dependencies.c: expected a schema or a list of names",
            ),
            ("a: {params: {b: {uniqueItems: 1}}}", "action a: params.b.uniqueItems: expected a boolean"),
            ("a: {params: {b: {default: .nan}}}", "action a: params.b.default: not a finite number"),
        ] {
            let error = parse(actions).unwrap_err().to_string();
            assert!(
                error.starts_with("invalid charm: actions.yaml:1: ") && error.contains(wanted),
                "{actions}: {error}"
            );
        }
        let charm = parse("a: {params: {b: {type: [string, text], format: ipv4, const: 5}}, foo: 1}").unwrap();
        let ignored = ["a.params.b.type.text", "a.params.b.format", "a.params.b.const", "a.foo"];
        assert_eq!(charm.ignored(), ignored.map(|path| format!("actions.yaml: {path}")));
    }
}
