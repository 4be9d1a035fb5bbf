//! What `secret-add` and `secret-set` take besides the secret's URI.

use super::flags::Flag;
use super::quote::quote;
use super::secret_content;
use super::{Call, Failure, SecretChanges, SecretContent, SecretOwner, duration, time};

/// Their flags.
pub(super) const FLAGS: &[Flag] = &[
    Flag::text(&["label"], "the owner's name for the secret, for use in hooks"),
    Flag::text(&["description"], "what the secret is for"),
    Flag::text(&["rotate"], "how often to change it (never|hourly|daily|weekly|monthly|quarterly|yearly)"),
    Flag::text(&["expire"], "when it expires: a time as in RFC 3339, or a duration such as 24h"),
    Flag::text(&["owner"], "who owns a new secret (application|unit), application if not given"),
    Flag::text(&["file"], "a file of keys and values in YAML or JSON, by its absolute path"),
];

/// Who shall own the secret, its content, and the rest. The content's `--file` wins over the arguments, given here
/// without the secret's URI.
pub(super) fn of_call(
    call: &Call<'_>,
    args: &[String],
) -> Result<(SecretOwner, SecretContent, SecretChanges), Failure> {
    parse(call, args).map_err(Failure::Arguments)
}

fn parse(call: &Call<'_>, args: &[String]) -> Result<(SecretOwner, SecretContent, SecretChanges), String> {
    let text = |name: &str| call.flags.text(name).map(str::to_owned);
    let expire = call.flags.text("expire").map(|text| expiry(text, call.cx.now())).transpose()?;
    let rotate = call.flags.text("rotate").map(str::parse).transpose()?;
    let owner = match call.flags.given("owner") {
        None | Some("application") => SecretOwner::Application,
        Some("unit") => SecretOwner::Unit,
        Some(other) => return Err(format!("secret owner {} not valid", quote(other))),
    };
    let mut content = secret_content::of_args(args)?;
    if let Some(path) = call.flags.text("file") {
        content.0.extend(secret_content::of_file(path)?.0);
    }
    Ok((owner, content, SecretChanges { label: text("label"), description: text("description"), rotate, expire }))
}

/// A time, or a duration from now.
fn expiry(text: &str, now: u64) -> Result<u64, String> {
    if let Some(time) = time::parse(text) {
        return Ok(time);
    }
    let nanoseconds =
        duration::parse(text).ok_or_else(|| format!("expire time or duration {} not valid", quote(text)))?;
    match u64::try_from(nanoseconds) {
        Ok(nanoseconds @ 1..) => Ok(now.saturating_add(nanoseconds / 1_000_000_000)),
        _ => Err(format!("negative expire duration {} not valid", quote(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries() {
        for (text, time) in [("2001-01-01T00:00:00Z", 978_307_200), ("1h30m", 5_500), ("1ns", 100)] {
            assert_eq!(expiry(text, 100), Ok(time));
        }
        for text in ["0", "-1h", "0h"] {
            assert_eq!(expiry(text, 100), Err(format!("negative expire duration \"{text}\" not valid")));
        }
        for text in ["2022-01-01", "2022-01-01 00:00:00Z", "1d", "soon"] {
            assert_eq!(expiry(text, 100), Err(format!("expire time or duration \"{text}\" not valid")));
        }
    }
}
