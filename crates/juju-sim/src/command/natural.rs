//! The order of keys in YAML output: numbers by value, letters after everything else.

use std::cmp::Ordering;

/// Sorts entries by key. Stable, and content with any answers of the comparison, which is Juju's and makes no
/// promise to be an order for every set of keys.
pub(super) fn sorted<V: Copy>(mut entries: Vec<(&str, V)>) -> Vec<(&str, V)> {
    let mut width = 1;
    while width < entries.len() {
        let mut merged = Vec::with_capacity(entries.len());
        for pair in entries.chunks(width * 2) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let ([l, left_rest @ ..], [r, right_rest @ ..]) = (left, right) {
                if compare(r.0, l.0) == Ordering::Less {
                    merged.push(*r);
                    right = right_rest;
                } else {
                    merged.push(*l);
                    left = left_rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        entries = merged;
        width *= 2;
    }
    entries
}

/// Compares at the first difference, with the digits that follow it read as a number.
fn compare(a: &str, b: &str) -> Ordering {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (prefix, a_rest) = a.split_at(same);
    let b_rest = &b[same..];
    let (Some(a), Some(b)) = (a_rest.chars().next(), b_rest.chars().next()) else {
        return a_rest.len().cmp(&b_rest.len());
    };
    match (a.is_alphabetic(), b.is_alphabetic()) {
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (true, true) => return a.cmp(&b),
        (false, false) => {}
    }
    // A zero after other digits counts as one of theirs: `10` after `1-`.
    let after_digits = prefix.bytes().rev().take_while(u8::is_ascii_digit).any(|digit| digit != b'0');
    let start = i64::from((a == '0' || b == '0') && after_digits);
    let (a_number, a_digits) = leading_number(a_rest, start);
    let (b_number, b_digits) = leading_number(b_rest, start);
    a_number.cmp(&b_number).then(a_digits.cmp(&b_digits)).then(a.cmp(&b))
}

fn leading_number(text: &str, start: i64) -> (i64, usize) {
    text.bytes().take_while(u8::is_ascii_digit).fold((start, 0), |(number, digits), digit| {
        (number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')), digits + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_value_and_letters_last() {
        // A dash compares as a number without digits.
        let order = ["", "-", "1", "2", "10", "A", "B", "a", "a-b", "a1", "a01", "a2", "a10", "ab", "k9", "k10", "é"];
        let mut keys: Vec<(&str, ())> = order.iter().rev().map(|key| (*key, ())).collect();
        keys = sorted(keys);
        let keys: Vec<&str> = keys.iter().map(|(key, ())| *key).collect();
        assert_eq!(keys, order);
    }

    #[test]
    fn no_keys_panic() {
        let keys: Vec<String> =
            (0..500_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string().repeat(3)).collect();
        assert_eq!(sorted(keys.iter().map(|key| (key.as_str(), ())).collect()).len(), 500);
    }
}
