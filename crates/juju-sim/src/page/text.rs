//! Text in the page: escaped, bounded, and with nothing in it that hides or turns other text.

use std::fmt::{self, Write as _};

/// A text as markup has it, in an element or between double quotes. What comes from charms goes through here.
pub(super) struct Safe<'a>(pub(super) &'a str);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(c)?,
                c if c.is_control() || turns(c) => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Whether a character turns the direction of the text after it, which could show one thing as another; or is none for
/// HTML.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// The first characters of a text.
pub(super) struct Bounded<'a>(pub(super) &'a str, pub(super) usize);

impl fmt::Display for Bounded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(self.1) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

/// `1 hook`, `2,000 hooks`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", grouped(number)) }
}

/// `12,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `0:07`, `1:02:03`.
pub(super) fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 { format!("{minutes}:{seconds:02}") } else { format!("{hours}:{minutes:02}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_turns_nothing() {
        let text = "<b a=\"1\" b='2'>&amp;\u{202e}\u{0}\u{1b}\r\n\tß\u{ffff}";
        assert_eq!(
            Safe(text).to_string(),
            "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;\u{fffd}\u{fffd}\u{fffd}\u{fffd}\n\tß\u{fffd}"
        );
    }

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((count(1, "hook"), count(2000, "hook")), ("1 hook".to_owned(), "2,000 hooks".to_owned()));
        assert_eq!([7, 67, 3723].map(clock), ["0:07", "1:07", "1:02:03"]);
        assert_eq!((Bounded("äbc", 2).to_string(), Bounded("äb", 2).to_string()), ("äb…".to_owned(), "äb".to_owned()));
    }
}
