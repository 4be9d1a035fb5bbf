//! One text in YAML: which style Go's yaml.v2 writes it in.

use super::{integer, time};

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// Between single quotes.
    Single,
    /// Between double quotes, with escapes.
    Double,
    /// In lines of its own.
    Literal,
}

/// The style of a text, as a key or as a value.
pub(super) fn style(text: &str, key: bool) -> Style {
    // yaml.v2 keeps the two separators as they are, in lines of their own; escapes read as the same text.
    let special = text.chars().any(|c| !is_printable(c) || matches!(c, '\u{2028}' | '\u{2029}'));
    let space_then_break = text.as_bytes().windows(2).any(|pair| pair == b" \n");
    if text.contains('\n') {
        let literal = !key && !special && !space_then_break && !text.ends_with(' ');
        return if literal { Style::Literal } else { Style::Double };
    }
    if special || resolves(text) {
        return Style::Double;
    }
    let spaced = text.starts_with(' ') || text.ends_with(' ');
    if spaced || has_indicators(text) { Style::Single } else { Style::Plain }
}

/// One character between double quotes.
pub(super) fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\0' => "\\0".to_owned(),
        '\x07' => "\\a".to_owned(),
        '\x08' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\x0b' => "\\v".to_owned(),
        '\x0c' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\x1b' => "\\e".to_owned(),
        '\u{85}' => "\\N".to_owned(),
        '\u{2028}' => "\\L".to_owned(),
        '\u{2029}' => "\\P".to_owned(),
        c if is_printable(c) => c.to_string(),
        c => match u32::from(c) {
            code @ 0..0x100 => format!("\\x{code:02X}"),
            code @ 0x100..0x1_0000 => format!("\\u{code:04X}"),
            code => format!("\\U{code:08X}"),
        },
    }
}

/// Whether YAML 1.1 sees a line break.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What yaml.v2 writes unescaped: no character outside the basic plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether a plain text would be read as something else, here in block context.
fn has_indicators(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut before_space = true;
    let mut chars = text.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        let space_follows = chars.peek().is_none_or(|next| *next == ' ' || is_break(*next));
        let indicator = match c {
            ':' => space_follows,
            '#' => first || before_space,
            '?' | '-' => first && space_follows,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            _ => false,
        };
        if indicator {
            return true;
        }
        before_space = c == ' ' || is_break(c);
        first = false;
    }
    false
}

/// Whether another reader could take the plain text for something else.
fn resolves(text: &str) -> bool {
    tag(text) != "str" || is_sexagesimal(text)
}

/// What YAML 1.1 takes a plain text for, by the name of its tag.
pub(super) fn tag(text: &str) -> &'static str {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return "null",
        "y" | "Y" | "yes" | "Yes" | "YES" | "n" | "N" | "no" | "No" | "NO" | "true" | "True" | "TRUE" | "false"
        | "False" | "FALSE" | "on" | "On" | "ON" | "off" | "Off" | "OFF" => return "bool",
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf"
        | "-.INF" => return "float",
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return "str";
    }
    if time::is_yaml(text) {
        return "timestamp";
    }
    let joined = text.replace('_', "");
    if integer::is_whole(&joined) {
        return "int";
    }
    if is_float(&joined) { "float" } else { "str" }
}

fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or(("", mantissa));
    // `1.` and the like are numbers as well.
    let part_is_number = is_digits(part) || (part.is_empty() && is_digits(whole));
    (whole.is_empty() || is_digits(whole)) && part_is_number && is_digits(exponent)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// Numbers to the base 60, `1:30` or a hardware address of digits: other readers take them for numbers.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (groups, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let Some((first, rest)) = groups.split_once(':') else { return false };
    first.starts_with(|c: char| c.is_ascii_digit())
        && [first, part].iter().all(|text| text.bytes().all(|c| c.is_ascii_digit() || c == b'_'))
        && rest.split(':').all(|group| match group.as_bytes() {
            [one] => one.is_ascii_digit(),
            [ten, one] => (b'0'..b'6').contains(ten) && one.is_ascii_digit(),
            _ => false,
        })
}
