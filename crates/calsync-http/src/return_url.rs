//! Where a user may be sent after connecting: addresses on the platform's own list, and nothing
//! that a browser could read as another place.

use calsync_core::item::FieldError;

/// The longest address, in bytes.
const LENGTH_MAX: usize = 2_048;

/// Checks that `url` lies under one of `allowed`: the same origin, and the same path or below it.
pub fn check(url: &str, allowed: &[String]) -> Result<(), FieldError> {
    let refuse = |message| Err(FieldError::new("return_url", message));
    let Some((origin, path)) = split(url) else {
        return refuse("must be a plain http or https address without user, fragment or dot segments");
    };
    let lies_under = |one: &String| {
        split(one).is_some_and(|(allowed_origin, prefix)| origin == allowed_origin && is_under(path, prefix))
    };
    if allowed.iter().any(lies_under) {
        return Ok(());
    }
    refuse("is not below one of platform.return_urls")
}

/// `url` with the outcome of a connection.
pub fn with_outcome(url: &str, outcome: &str, reason: Option<&str>) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    let reason = reason.map(|reason| format!("&reason={reason}")).unwrap_or_default();
    format!("{url}{separator}calendar={outcome}{reason}")
}

/// The origin of an address, as browsers write it.
pub fn origin(url: &str) -> String {
    split(url).map(|(origin, _)| origin).unwrap_or_default()
}

/// The origin, in lower case and without its default port, and the path, which begins with a slash.
fn split(url: &str) -> Option<(String, &str)> {
    let sanitize = url.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}#".contains(&b));
    if !sanitize || url.len() > LENGTH_MAX {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let host_is_plain = host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let path_only = path.split('?').next().unwrap_or_default();
    if !host_is_plain || port.parse::<u16>().is_err() || path_only.split('/').any(is_dots) {
        return None;
    }
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    Some((format!("{scheme}://{authority}"), if path.starts_with('?') { "/" } else { path }))
}

/// Whether a browser reads a path's segment as "here" or "up".
fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// Whether `path` is `prefix` or below it, whatever its query.
fn is_under(path: &str, prefix: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let prefix = prefix.split('?').next().unwrap_or_default();
    let below = path.strip_prefix(prefix);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/') || prefix.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(url: &str) -> bool {
        check(url, &["https://app.example.org/settings".into(), "http://localhost:3000".into()]).is_ok()
    }

    #[test]
    fn addresses_under_the_list_are_taken() {
        for url in [
            "https://app.example.org/settings",
            "https://APP.example.org:443/settings/calendar?tab=1",
            "https://app.example.org/settings?x=//evil.example",
            "http://localhost:3000",
            "http://localhost:3000/anything",
        ] {
            assert!(is_allowed(url), "{url}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for url in [
            "",
            "//evil.example",
            "/settings",
            "https:evil.example",
            "https://evil.example/settings",
            "https://app.example.org.evil.example/settings",
            "https://app.example.org@evil.example/settings",
            "https://app.example.org:443@evil.example/settings",
            "https://app.example.org\\@evil.example/settings",
            "https:\\\\app.example.org/settings",
            "\\evil.example",
            "https://app.example.org/settings-of-another-page",
            "https://app.example.org/settings/../admin",
            "https://app.example.org/settings/%2E%2e/admin",
            "https://app.example.org/\t/evil",
            "/%09/evil",
            "https://app.example.org/settings\r\nSet-Cookie: a=b",
            "https://app.example.org/settings#x",
            "https://app.example.org:8443/settings",
            "http://app.example.org/settings",
            "javascript:alert(1)",
            "javascript://app.example.org/settings",
            "https://[::1]/settings",
            "https:///settings",
            "https://.app.example.org/settings",
        ] {
            assert!(!is_allowed(url), "{url:?}");
        }
    }

    #[test]
    fn the_outcome_joins_a_query_that_is_there() {
        assert_eq!(with_outcome("https://a.b/c", "connected", None), "https://a.b/c?calendar=connected");
        assert_eq!(
            with_outcome("https://a.b/c?d=e", "denied", Some("consent_denied")),
            "https://a.b/c?d=e&calendar=denied&reason=consent_denied"
        );
    }
}
