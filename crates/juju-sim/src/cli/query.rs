//! The conditions of `wait-for`, such as `status=="active" && len(units) > 2`.

use serde_json::Value;

/// How deep a condition may be nested.
const DEEPEST: usize = 50;

/// Whether a condition holds of an entity.
///
/// # Errors
/// What is wrong with the condition.
pub(super) fn holds(query: &str, entity: &Value) -> Result<bool, String> {
    let tokens = tokens(query)?;
    let mut reader = Reader { tokens: &tokens, scopes: vec![("", entity)], depth: 0 };
    let value = reader.or()?;
    match reader.tokens {
        [] => is_true(&value),
        [token, ..] => Err(format!("unexpected {token:?}")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

const SIGNS: [&str; 14] = ["=>", "==", "!=", ">=", "<=", "&&", "||", "(", ")", ",", "<", ">", "!", "."];

fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let end = rest[1..].find(first).ok_or("a text does not end")?;
            tokens.push(Token::Text(rest[1..=end].to_owned()));
            rest = &rest[end + 2..];
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            tokens.push(Token::Number(rest[..end].parse().map_err(|_| format!("{:?} is no number", &rest[..end]))?));
            rest = &rest[end..];
        } else {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("unexpected {first:?}"));
            }
            tokens.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token],
    /// The names that stand for something; the entity itself has none.
    scopes: Vec<(&'a str, &'a Value)>,
    depth: usize,
}

fn is_true(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("{value} is neither true nor false"))
}

impl<'a> Reader<'a> {
    fn take(&mut self, sign: &'static str) -> bool {
        match self.tokens {
            [Token::Sign(it), rest @ ..] if *it == sign => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("expected {sign:?}")) }
    }

    fn or(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".to_owned());
        }
        let mut value = self.and()?;
        while self.take("||") {
            let other = self.and()?;
            value = (is_true(&value)? || is_true(&other)?).into();
        }
        self.depth -= 1;
        Ok(value)
    }

    fn and(&mut self) -> Result<Value, String> {
        let mut value = self.comparison()?;
        while self.take("&&") {
            let other = self.comparison()?;
            value = (is_true(&value)? && is_true(&other)?).into();
        }
        Ok(value)
    }

    fn comparison(&mut self) -> Result<Value, String> {
        let value = self.single()?;
        for sign in ["==", "!=", ">=", "<=", "<", ">"] {
            if self.take(sign) {
                let other = self.single()?;
                return compare(sign, &value, &other).map(Value::from);
            }
        }
        Ok(value)
    }

    fn single(&mut self) -> Result<Value, String> {
        if self.take("!") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err("it is nested too deep".to_owned());
            }
            let value = self.single()?;
            self.depth -= 1;
            return Ok((!is_true(&value)?).into());
        }
        if self.take("(") {
            let value = self.or()?;
            self.expect(")")?;
            return Ok(value);
        }
        let [token, rest @ ..] = self.tokens else { return Err("it breaks off".to_owned()) };
        self.tokens = rest;
        match token {
            Token::Text(text) => Ok(text.as_str().into()),
            Token::Number(number) => Ok((*number).into()),
            Token::Name(name) if self.take("(") => self.call(name),
            Token::Name(name) => self.name(name).cloned(),
            Token::Sign(sign) => Err(format!("unexpected {sign:?}")),
        }
    }

    /// What a name such as `status` or `unit.life` stands for.
    fn name(&mut self, name: &'a str) -> Result<&'a Value, String> {
        if name == "true" || name == "false" {
            return Ok(if name == "true" { &Value::Bool(true) } else { &Value::Bool(false) });
        }
        let bound = self.scopes.iter().rev().find(|(it, _)| *it == name).map(|(_, value)| *value);
        let entity = self.scopes.first().map(|(_, value)| *value);
        let mut value = bound.or_else(|| entity?.get(name)).ok_or_else(|| format!("there is no field {name:?}"))?;
        while self.take(".") {
            let [Token::Name(field), rest @ ..] = self.tokens else {
                return Err("expected a name after \".\"".to_owned());
            };
            self.tokens = rest;
            value = value.get(field).ok_or_else(|| format!("there is no field {field:?}"))?;
        }
        Ok(value)
    }

    fn call(&mut self, function: &str) -> Result<Value, String> {
        match function {
            "len" => {
                let value = self.or()?;
                self.expect(")")?;
                let length = match &value {
                    Value::Array(all) => all.len(),
                    Value::Object(all) => all.len(),
                    Value::String(text) => text.chars().count(),
                    other => return Err(format!("{other} has no length")),
                };
                Ok(length.into())
            }
            "startsWith" | "endsWith" => {
                let value = self.or()?;
                self.expect(",")?;
                let part = self.or()?;
                self.expect(")")?;
                let (Some(value), Some(part)) = (value.as_str(), part.as_str()) else {
                    return Err(format!("{function} takes texts"));
                };
                Ok(if function == "startsWith" { value.starts_with(part) } else { value.ends_with(part) }.into())
            }
            "forEach" => {
                let [Token::Name(all), Token::Sign(","), Token::Name(one), Token::Sign("=>"), rest @ ..] = self.tokens
                else {
                    return Err("expected forEach(all, one => condition)".to_owned());
                };
                let all = self.name(all)?;
                let members: Vec<&'a Value> = match all {
                    Value::Array(all) => all.iter().collect(),
                    Value::Object(all) => all.values().collect(),
                    other => return Err(format!("{other} has no members")),
                };
                let mut every = true;
                let mut end = None;
                for member in members {
                    self.tokens = rest;
                    self.scopes.push((one, member));
                    let value = self.or();
                    self.scopes.pop();
                    every &= is_true(&value?)?;
                    end = Some(self.tokens);
                }
                self.tokens = match end {
                    Some(end) => end,
                    None => after(rest)?,
                };
                self.expect(")")?;
                Ok(every.into())
            }
            other => Err(format!("there is no function {other:?}")),
        }
    }
}

/// The tokens from the bracket on that ends a condition which nothing is left to be asked of.
fn after(tokens: &[Token]) -> Result<&[Token], String> {
    let mut open = 0;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(") => open += 1,
            Token::Sign(")") if open == 0 => return Ok(&tokens[index..]),
            Token::Sign(")") => open -= 1,
            _ => {}
        }
    }
    Err("expected \")\"".to_owned())
}

fn compare(sign: &str, one: &Value, other: &Value) -> Result<bool, String> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64().partial_cmp(&other.as_f64()),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (one, other) => return Err(format!("{one} cannot be compared with {other}")),
    };
    Ok(match sign {
        "==" => order == Some(Equal),
        "!=" => order != Some(Equal),
        "<" => order == Some(Less),
        ">" => order == Some(Greater),
        "<=" => matches!(order, Some(Less | Equal)),
        _ => matches!(order, Some(Greater | Equal)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use serde_json::json;

    use super::*;

    fn ask(query: &str) -> Result<bool, String> {
        let units = json!([{"life": "alive", "status": "active"}, {"life": "alive", "status": "blocked"}]);
        let entity =
            json!({"life": "alive", "status": "active", "scale": 2, "exposed": true, "units": units, "none": []});
        holds(query, &entity)
    }

    #[test]
    fn conditions_are_read_as_juju_reads_them() {
        for (query, is) in [
            ("life==\"alive\" && status==\"active\"", true),
            ("status == 'blocked' || scale >= 2", true),
            ("(status=='blocked' || scale>2) && exposed", false),
            ("!exposed", false),
            ("len(units) == 2", true),
            ("forEach(units, unit => unit.life == \"alive\")", true),
            ("forEach(units, unit => unit.status == \"active\")", false),
            ("forEach(none, unit => (unit.status == \"active\")) && exposed", true),
            ("startsWith(status, 'act') && endsWith(status, \"ive\")", true),
            ("exposed == true", true),
        ] {
            assert_eq!(ask(query), Ok(is), "{query}");
        }
    }

    #[test]
    fn what_is_no_condition_is_told() {
        for (query, why) in [
            ("", "it breaks off"),
            ("status", "\"active\" is neither true nor false"),
            ("statuses == 1", "there is no field \"statuses\""),
            ("status == 1", "\"active\" cannot be compared with 1.0"),
            ("status == \"active", "a text does not end"),
            ("exposed exposed", "unexpected Name(\"exposed\")"),
            ("len(scale) == 1", "2 has no length"),
            ("all(units)", "there is no function \"all\""),
            ("exposed #", "unexpected '#'"),
        ] {
            assert_eq!(ask(query), Err(why.to_owned()), "{query}");
        }
        assert_eq!(ask(&"(".repeat(10_000)), Err("it is nested too deep".to_owned()));
        assert_eq!(ask(&"!".repeat(10_000)), Err("it is nested too deep".to_owned()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read_or_refused(query in "[a-z\"'()=!<>&|,. 0-9é]{0,40}") {
            let _ = ask(&query);
        }
    }
}
