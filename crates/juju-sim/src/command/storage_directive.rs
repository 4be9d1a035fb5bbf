//! What may follow a storage's name: a pool, a size, a count, with commas between them.

use super::quote::quote;

/// The count, 1 if there is none; nothing where there is a pool or a size, which a charm cannot ask for.
pub(super) fn count(text: &str) -> Result<Option<u64>, String> {
    let (mut pool, mut size, mut count) = (None, 0, None);
    for field in text.split(',').filter(|field| !field.is_empty()) {
        if is_pool(field) {
            set(&mut pool, quote(field), "pool name")?;
        } else if is_whole(field.strip_prefix('-').unwrap_or(field)) {
            let number = positive(field).map_err(|text| format!("parsing storage count: {text}"))?;
            set(&mut count, number, "storage instance count")?;
        } else if let Some(mebibytes) = mebibytes(field) {
            set(&mut Some(size).filter(|size| *size > 0), mebibytes, "storage size")?;
            size = mebibytes;
        } else {
            return Err(format!("unrecognized storage constraint {} not valid", quote(field)));
        }
    }
    match (pool, size, count) {
        (None, 0, None) => Err("storage constraints require at least one field to be specified".to_owned()),
        (None, 0, count) => Ok(count),
        _ => Ok(None),
    }
}

fn set<T: std::fmt::Display>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), String> {
    if let Some(old) = slot {
        return Err(format!("{name} is already set to {old}, new value {value} not valid"));
    }
    *slot = Some(value);
    Ok(())
}

fn is_pool(field: &str) -> bool {
    field.starts_with(|c: char| c.is_ascii_alphabetic())
        && field.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'?')
}

fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

fn positive(field: &str) -> Result<u64, String> {
    match field.parse::<i64>().map(u64::try_from) {
        Ok(Ok(number @ 1..)) => Ok(number),
        Ok(_) => Err(format!("count must be greater than zero, got {}", quote(field))),
        Err(_) => Err(format!("strconv.ParseInt: parsing {}: value out of range", quote(field))),
    }
}

/// A size such as `1.5G`, rounded up.
fn mebibytes(field: &str) -> Option<u64> {
    let unit = field.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = field.split_at(unit);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let prefix = unit.strip_suffix("iB").or(unit.strip_suffix('B')).unwrap_or(unit);
    let power = ["M", "G", "T", "P", "E", "Z", "Y"].into_iter().position(|known| known == prefix)?;
    if !is_whole(whole) || !is_whole(part) {
        return None;
    }
    // Go computes with floats as well; what is too large stays the largest.
    let size = number.parse::<f64>().ok()? * 1024_f64.powi(i32::try_from(power).ok()?);
    Some(size.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (text, number) in
            [("1", Some(1)), (",3,", Some(3)), ("x", None), ("1G", None), ("1,1.5GiB,pool", None), ("ebs-ssd", None)]
        {
            assert_eq!(count(text), Ok(number), "{text}");
        }
        for (text, error) in [
            ("", "storage constraints require at least one field to be specified"),
            ("0", "parsing storage count: count must be greater than zero, got \"0\""),
            ("-1", "parsing storage count: count must be greater than zero, got \"-1\""),
            ("1.5", "unrecognized storage constraint \"1.5\" not valid"),
            (" 1", "unrecognized storage constraint \" 1\" not valid"),
            ("1é", "unrecognized storage constraint \"1é\" not valid"),
            ("1,2", "storage instance count is already set to 1, new value 2 not valid"),
            ("a,b", "pool name is already set to \"a\", new value \"b\" not valid"),
            ("1.5G,1M", "storage size is already set to 1536, new value 1 not valid"),
        ] {
            assert_eq!(count(text), Err(error.to_owned()), "{text}");
        }
    }
}
