//! The regular expressions of Go, which Juju checks texts with, in the words of the crate `regex`.
//!
//! Both run in linear time and have nearly one syntax. Where they differ, an expression is translated or refused.

use std::iter::Peekable;
use std::str::CharIndices;

use regex::Regex;

/// How long an expression may be.
const MAX_BYTES: usize = 4096;
/// How often Go repeats a part at most.
const MAX_REPEAT: u32 = 1000;
// What Go's classes have, which know no letters, digits and spaces but those of ASCII.
const DIGITS: &str = "0-9";
const SPACES: &str = "\\t\\n\\f\\r ";
const WORDS: &str = "0-9A-Za-z_";

/// The expression that matches what Go's does.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(&translate(pattern)?.text).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("{pattern:?} is too big a regular expression"),
        _ => format!("{pattern:?} is no regular expression that the simulator can read as Go does"),
    })
}

/// An expression in the crate's words.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) text: String,
    /// Whether a class is in a class, which JavaScript has not.
    pub(super) nests: bool,
}

/// Rewrites an expression of Go.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    if pattern.len() > MAX_BYTES {
        return Err(format!("a regular expression has more than {MAX_BYTES} bytes"));
    }
    let mut translation = Translation {
        pattern,
        chars: pattern.char_indices().peekable(),
        text: String::with_capacity(pattern.len()),
        repeated: false,
        nests: false,
    };
    while let Some((index, c)) = translation.chars.next() {
        translation.take(index, c)?;
    }
    Ok(Translated { text: translation.text, nests: translation.nests })
}

struct Translation<'a> {
    pattern: &'a str,
    chars: Peekable<CharIndices<'a>>,
    text: String,
    /// Whether the last thing was a repetition, which cannot be repeated.
    repeated: bool,
    nests: bool,
}

/// Where an escape stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Expression,
    Class,
}

impl<'a> Translation<'a> {
    fn take(&mut self, index: usize, c: char) -> Result<(), String> {
        let repeats = std::mem::take(&mut self.repeated);
        let operator = match c {
            '*' | '+' | '?' => c.to_string(),
            '{' => match repetition(self.rest(index)) {
                Some((_, most)) if most > MAX_REPEAT => {
                    return Err(self.refuse(index, &format!("repeats more than {MAX_REPEAT} times")));
                }
                Some((operator, _)) => {
                    // The operator is of ASCII characters, the first of which is taken.
                    self.chars.by_ref().take(operator.len() - 1).for_each(drop);
                    operator.to_owned()
                }
                None => {
                    self.text.push_str("\\{");
                    return Ok(());
                }
            },
            '\\' => return self.escape(index, Within::Expression),
            '[' => return self.class(),
            '(' => return self.group(index),
            c => {
                self.text.push(c);
                return Ok(());
            }
        };
        if repeats {
            return Err(self.refuse(index, "repeats a repetition"));
        }
        self.text.push_str(&operator);
        if self.chars.next_if(|(_, c)| *c == '?').is_some() {
            self.text.push('?');
        }
        self.repeated = true;
        Ok(())
    }

    /// What stands after a backslash.
    fn escape(&mut self, index: usize, within: Within) -> Result<(), String> {
        let Some((_, c)) = self.chars.next() else {
            return Err(self.refuse(index, "ends with a backslash"));
        };
        match c {
            'd' | 'D' => self.perl_class(c, DIGITS, within),
            's' | 'S' => self.perl_class(c, SPACES, within),
            'w' | 'W' => self.perl_class(c, WORDS, within),
            'b' if within == Within::Expression => self.text.push_str("(?-u:\\b)"),
            'A' if within == Within::Expression => self.text.push_str("\\A"),
            'z' if within == Within::Expression => self.text.push_str("\\z"),
            'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' | 'p' | 'P' => {
                self.text.push('\\');
                self.text.push(c);
                // A class of one letter, or a code or a name in braces, which are no repetition.
                if matches!(c, 'x' | 'p' | 'P') && self.chars.peek().is_some_and(|(_, c)| *c == '{') {
                    for (_, c) in self.chars.by_ref() {
                        self.text.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                }
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                // Some of them mean something to one of the two when they are escaped.
                self.text.push_str(&regex::escape(&c.to_string()));
            }
            _ => return Err(self.refuse(index, "has an escape that Go does not have, or the simulator does not read")),
        }
        Ok(())
    }

    /// A class of one letter, or if that is upper-case what is not in it.
    fn perl_class(&mut self, letter: char, members: &str, within: Within) {
        let negated = letter.is_ascii_uppercase();
        match (within, negated) {
            (Within::Class, false) => {
                self.text.push_str(members);
                // What follows ends no range.
                if self.chars.next_if(|(_, c)| *c == '-').is_some() {
                    self.text.push_str("\\-");
                }
            }
            (Within::Expression, false) => self.text.push_str(&format!("[{members}]")),
            (within, true) => {
                self.nests |= within == Within::Class;
                self.text.push_str(&format!("[^{members}]"));
            }
        }
    }

    fn class(&mut self) -> Result<(), String> {
        self.text.push('[');
        if self.chars.next_if(|(_, c)| *c == '^').is_some() {
            self.text.push('^');
        }
        if self.chars.next_if(|(_, c)| *c == ']').is_some() {
            self.text.push_str("\\]");
        }
        while let Some((index, c)) = self.chars.next() {
            match c {
                ']' => {
                    self.text.push(']');
                    return Ok(());
                }
                '\\' => self.escape(index, Within::Class)?,
                '[' => match named_class(self.rest(index)) {
                    Some(name) => {
                        self.nests = true;
                        self.text.push_str(name);
                        self.chars.by_ref().take(name.len() - 1).for_each(drop);
                    }
                    None => self.text.push_str("\\["),
                },
                // Two of them are an operation on classes in the crate.
                '&' | '~' => {
                    self.text.push('\\');
                    self.text.push(c);
                }
                '-' if self.chars.peek().is_some_and(|(_, next)| *next == '-') => {
                    return Err(self.refuse(index, "has two dashes in a class, which the simulator does not read"));
                }
                c => self.text.push(c),
            }
        }
        Err(format!("{:?} is no regular expression: a class does not end", self.pattern))
    }

    /// Go knows groups that capture, also by name, and flags.
    fn group(&mut self, index: usize) -> Result<(), String> {
        self.text.push('(');
        if self.chars.next_if(|(_, c)| *c == '?').is_none() {
            return Ok(());
        }
        self.text.push('?');
        let rest = self.rest(index).get(2..).unwrap_or_default();
        let flags = rest.trim_start_matches(['i', 'm', 's', 'U', '-']);
        let is_flags = flags.starts_with([':', ')']) && (flags.starts_with(':') || flags.len() < rest.len());
        let is_name =
            rest.starts_with("P<") || (rest.starts_with('<') && !rest.starts_with("<=") && !rest.starts_with("<!"));
        if is_flags || is_name { Ok(()) } else { Err(self.refuse(index, "has a group that Go does not have")) }
    }

    /// The expression from a place on.
    fn rest(&self, index: usize) -> &'a str {
        self.pattern.get(index..).unwrap_or_default()
    }

    fn refuse(&self, index: usize, why: &str) -> String {
        format!("{:?} is no regular expression: at byte {index} it {why}", self.pattern)
    }
}

/// `{n}`, `{n,}` or `{n,m}` at the beginning of a text, and the most that it repeats.
fn repetition(text: &str) -> Option<(&str, u32)> {
    let end = text.find('}')?;
    let inner = text.get(1..end)?;
    let (least, most) = inner.split_once(',').map_or((inner, ""), |(least, most)| (least, most));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(least) || !(most.is_empty() || is_number(most)) {
        return None;
    }
    // What has too many digits repeats too often.
    let number = |text: &str| if text.is_empty() { 0 } else { text.parse().unwrap_or(u32::MAX) };
    Some((text.get(..=end)?, number(least).max(number(most))))
}

/// `[:alpha:]` or another class of that kind at the beginning of a text.
fn named_class(text: &str) -> Option<&str> {
    let end = text.strip_prefix("[:")?.find(":]")?;
    let name = text.get(2..2 + end)?;
    name.bytes().all(|b| b.is_ascii_lowercase() || b == b'^').then(|| text.get(..end + 4)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_go_does() {
        for (pattern, text, matches) in [
            ("^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$", "a-b", true),
            ("^\\d+$", "12", true),
            ("^\\d+$", "\u{663}", false),
            ("\\w", "é", false),
            ("\\s", "\u{a0}", false),
            ("[^\\s]", "\u{b}", true),
            ("[\\w-]+$", "a-", true),
            ("\\bab\\b", "éab", true),
            ("(?i)^true$", "TRUE", true),
            ("{", "a{", true),
            ("a{,3}", "a{,3}", true),
            ("a{2,}$", "aaa", true),
            ("[]a]", "]", true),
            ("[[a]", "[", true),
            ("[a&&b]", "&", true),
            ("[[:alpha:]]", "é", false),
            ("\\pL", "é", true),
            ("\\x{41}", "A", true),
            ("\\/\\-\\ ", "/- ", true),
            ("^$", "", true),
        ] {
            assert_eq!(compile(pattern).map(|regex| regex.is_match(text)), Ok(matches), "{pattern} {text:?}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for pattern in [
            "(", "[a", "a**", "a{2}{3}", "a{1001}", "(?=a)", "(?<!a)", "(?x)a", "\\1", "\\u0041", "\\", "*", "[z-a]",
            "(?P=a)", "\\é", "(?", "(?i",
        ] {
            let why = compile(pattern).unwrap_err();
            assert!(why.contains("no regular expression"), "{pattern}: {why}");
        }
        assert!(compile(&"(a{1000}){100}".repeat(100)).unwrap_err().contains("too big"));
        assert!(compile(&"a?".repeat(5000)).unwrap_err().contains("more than 4096 bytes"));
    }
}
