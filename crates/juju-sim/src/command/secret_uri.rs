//! The URIs of secrets.

use super::quote::quote;
use super::{Call, Failure};

/// The bare id of the first positional, for commands that cannot do without.
pub(super) fn required(call: &Call<'_>) -> Result<String, Failure> {
    given(call)?.ok_or_else(|| Failure::arguments("missing secret URI"))
}

/// The bare id of the first positional.
pub(super) fn given(call: &Call<'_>) -> Result<Option<String>, Failure> {
    call.arg(0).map(parse).transpose().map_err(Failure::Arguments)
}

/// Whether a text is the URI of a secret, with its scheme.
pub(crate) fn is_uri(text: &str) -> bool {
    text.starts_with("secret:") && parse(text).is_ok()
}

/// The bare id in a URI: `secret:<id>`, `secret://<model>/<id>`, `<model>/<id>` or the id alone. An `Err` is a text for
/// exit 2.
///
/// The model's UUID is checked and given up, for ids are unique among all models. Escapes with `%` are not read.
fn parse(text: &str) -> Result<String, String> {
    let not_valid = || format!("secret URI {} not valid", quote(text));
    let url = &text[..text.find(['?', '#']).unwrap_or(text.len())];
    let rest = match scheme(url) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("secret") => rest,
        Some((scheme, _)) => {
            return Err(format!("secret URI scheme {} not valid", quote(&scheme.to_ascii_lowercase())));
        }
        None => url,
    };
    let path = match rest.strip_prefix("//").map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
        Some((host, path)) if host.is_empty() || is_uuid(host) => path,
        Some((host, _)) => return Err(format!("host controller UUID {} not valid", quote(host))),
        None => rest,
    };
    let path = path.trim_start_matches('/');
    let id = match path.split_once('/') {
        Some((model, id)) if is_uuid(model) => id,
        Some(_) => return Err(not_valid()),
        None => path,
    };
    if is_id(id) { Ok(id.to_owned()) } else { Err(not_valid()) }
}

/// The scheme of a URL, and what follows its colon.
fn scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let spelled = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c));
    spelled.then_some((scheme, rest))
}

/// Whether these are the 20 digits to the base 32 of 96 bits: the last digit has only one of them.
fn is_id(id: &str) -> bool {
    id.len() == 20 && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'v')) && id.ends_with(['0', 'g'])
}

fn is_uuid(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let id = "9m4e2mr0ui3e8a215n4g";
        for uri in [
            "secret:9m4e2mr0ui3e8a215n4g",
            "SECRET:9m4e2mr0ui3e8a215n4g",
            "secret:/9m4e2mr0ui3e8a215n4g",
            "secret:///9m4e2mr0ui3e8a215n4g",
            "9m4e2mr0ui3e8a215n4g",
            "/9m4e2mr0ui3e8a215n4g",
            "secret:9m4e2mr0ui3e8a215n4g?x=y",
            "9m4e2mr0ui3e8a215n4g#x",
            "secret://deadbeef-0bad-400d-8000-4b1d0d06f00d/9m4e2mr0ui3e8a215n4g",
            "secret:deadbeef-0bad-400d-8000-4b1d0d06f00d/9m4e2mr0ui3e8a215n4g",
            "deadbeef-0bad-400d-8000-4b1d0d06f00d/9m4e2mr0ui3e8a215n4g",
        ] {
            assert_eq!(parse(uri).as_deref(), Ok(id), "{uri}");
        }
    }

    #[test]
    fn errors() {
        for uri in [
            "",
            "foo",
            "bad uri",
            "secret:",
            "secret:bad",
            "secret:9m4e2mr0ui3e8a215n4",
            "secret:9m4e2mr0ui3e8a215nzz",
            "secret:9m4e2mr0ui3e8a215n4h",
            "secret:9M4E2MR0UI3E8A215N4G",
            "secret:x/9m4e2mr0ui3e8a215n4g",
            "secret://deadbeef-0bad-400d-8000-4b1d0d06f00d",
            "secret: 9m4e2mr0ui3e8a215n4g",
            ":9m4e2mr0ui3e8a215n4g",
            "é",
            "-x",
        ] {
            assert_eq!(parse(uri), Err(format!("secret URI {} not valid", quote(uri))));
        }
        for (uri, error) in [
            ("Http://x/y", "secret URI scheme \"http\" not valid"),
            ("secret://x/9m4e2mr0ui3e8a215n4g", "host controller UUID \"x\" not valid"),
        ] {
            assert_eq!(parse(uri), Err(error.to_owned()));
        }
    }
}
