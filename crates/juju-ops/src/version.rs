use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::name::plain_number;

/// A version of Juju: `3.6.28`, `4.0-rc2`, `3.1-beta1.2`.
///
/// Sorts as Juju does: `4.0-beta1` before `4.0-rc2` before `4.0.0`.
///
/// ```
/// use juju_ops::JujuVersion;
///
/// let version: JujuVersion = "3.6.28".parse()?;
/// assert!(version >= JujuVersion::new(3, 6, 2));
/// assert!("4.0-rc2".parse::<JujuVersion>()? < JujuVersion::new(4, 0, 0));
/// # Ok::<(), juju_ops::NameError>(())
/// ```
///
/// Matches `JujuVersion` of Python `ops`, which compares tags as text too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JujuVersion {
    major: u32,
    minor: u32,
    patch: u32,
    tag: Option<String>,
    build: u32,
}

impl JujuVersion {
    /// A released version.
    pub fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch, tag: None, build: 0 }
    }

    /// The first number.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The second number.
    pub fn minor(&self) -> u32 {
        self.minor
    }

    /// The third number; behind a tag, the number of that: 2 in `4.0-rc2`.
    pub fn patch(&self) -> u32 {
        self.patch
    }

    /// `beta` or `rc` before a release.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The number of an unreleased build; 0 in a release.
    pub fn build(&self) -> u32 {
        self.build
    }

    fn read(text: &str) -> Option<Self> {
        let number = |text: &str| if text.len() <= 9 { plain_number(text) } else { None };
        let (numbers, tag) = match text.split_once('-') {
            Some((numbers, tag)) => (numbers, Some(tag)),
            None => (text, None),
        };
        let numbers: Option<Vec<u32>> = numbers.split('.').map(number).collect();
        let (major, minor, patch, build) = match (numbers?.as_slice(), tag) {
            (&[major, minor], _) => (major, minor, 0, 0),
            (&[major, minor, patch], None) => (major, minor, patch, 0),
            (&[major, minor, patch, build], None) => (major, minor, patch, build),
            _ => return None,
        };
        let Some(tag) = tag else { return Some(Self { major, minor, patch, tag: None, build }) };
        let (tag, build) = match tag.split_once('.') {
            Some((tag, build)) => (tag, number(build)?),
            None => (tag, 0),
        };
        let end = tag.find(|c: char| !c.is_ascii_lowercase())?;
        let (word, patch) = (&tag[..end], number(&tag[end..])?);
        if word.is_empty() { None } else { Some(Self { major, minor, patch, tag: Some(word.to_owned()), build }) }
    }
}

impl FromStr for JujuVersion {
    type Err = crate::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text).ok_or_else(|| crate::NameError::new(text, "a version of Juju"))
    }
}

impl Ord for JujuVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |it: &Self| (it.major, it.minor);
        let tags = match (&self.tag, &other.tag) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => one.cmp(other),
        };
        let rest = |it: &Self| (it.patch, it.build);
        numbers(self).cmp(&numbers(other)).then(tags).then(rest(self).cmp(&rest(other)))
    }
}

impl PartialOrd for JujuVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for JujuVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch, tag, build } = self;
        match tag {
            Some(tag) => write!(f, "{major}.{minor}-{tag}{patch}")?,
            None => write!(f, "{major}.{minor}.{patch}")?,
        }
        if *build > 0 { write!(f, ".{build}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_written_as_juju_does() {
        for (text, shown) in [
            ("3.6.28", "3.6.28"),
            ("3.6", "3.6.0"),
            ("4.0-rc2", "4.0-rc2"),
            ("3.1-beta1.2", "3.1-beta1.2"),
            ("3.6.1.5", "3.6.1.5"),
            ("999999999.0.0", "999999999.0.0"),
        ] {
            assert_eq!(text.parse::<JujuVersion>().unwrap().to_string(), shown);
        }
        for bad in ["", "3", "3.6.0-rc1", "3.6-", "3.6-rc", "3.6-1", "3.x", "3.06", "1.2.3.4.5", "9999999999.0", "3.6 "]
        {
            assert!(bad.parse::<JujuVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn versions_sort() {
        let order = [
            "2.9.52",
            "3.6-beta2",
            "3.6-beta2.1",
            "3.6-beta10",
            "3.6-rc1",
            "3.6.0",
            "3.6.0.1",
            "3.6.28",
            "4.0-rc2",
            "4.0.0",
        ];
        let versions: Vec<JujuVersion> = order.iter().map(|text| text.parse().unwrap()).collect();
        assert!(versions.is_sorted() && versions.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
