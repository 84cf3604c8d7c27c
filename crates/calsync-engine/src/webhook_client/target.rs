//! Where a webhook may be: at a public host by https, or at a host that the operator allows.

use std::fmt;
use std::net::IpAddr;

use calsync_core::network::is_public;
use http::Uri;
use http::uri::Scheme;

/// Hosts that may be reached by plain http and at private addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// What an entry may be.
    pub const ALLOWED: &str = "host names and addresses, without scheme and port";

    /// Reads a list of hosts.
    ///
    /// # Errors
    /// With the entry that is none.
    pub fn parse(entries: Vec<String>) -> Result<Self, String> {
        let is_host = |entry: &str| {
            bare(entry).parse::<IpAddr>().is_ok()
                || entry.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        match entries.iter().find(|entry| !is_host(entry)) {
            Some(bad) => Err(bad.clone()),
            None => Ok(Self(entries.iter().map(|entry| bare(entry).to_ascii_lowercase()).collect())),
        }
    }

    /// Whether `host`, as it stands in an address, is one of them.
    pub fn contain(&self, host: &str) -> bool {
        self.0.contains(&bare(host).to_ascii_lowercase())
    }
}

/// Where the webhook is.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    text: String,
    uri: Uri,
}

impl Target {
    /// What [`Target::parse`] takes.
    pub const ALLOWED: &str =
        "an https address of a public host, or any of platform.webhook_allow_hosts, without a user's name";

    /// Reads an address.
    pub fn parse(text: &str, allowed: &AllowedHosts) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        let host = authority.host();
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        let is_http = is_https || uri.scheme() == Some(&Scheme::HTTP);
        let is_well_formed = is_http && !host.is_empty() && !authority.as_str().contains('@');
        let is_reachable = bare(host).parse().map_or(true, is_public);
        let is_good = is_well_formed && (allowed.contain(host) || (is_https && is_reachable));
        is_good.then(|| Self { text: text.to_owned(), uri })
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }
}

/// Path and query may hold a secret.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.uri.scheme_str().unwrap_or_default(), self.uri.host().unwrap_or_default())
    }
}

/// A host without the brackets that an address of IPv6 has there.
pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_taken_and_allowed_hosts_are() {
        let hosts = ["Hook.internal", "10.0.0.7", "::1"].map(str::to_owned).to_vec();
        let allowed = AllowedHosts::parse(hosts).expect("hosts");
        for good in [
            "https://app.example.org/hook?x=1",
            "https://8.8.8.8/",
            "http://hook.internal:8080/in",
            "https://HOOK.internal/",
            "http://10.0.0.7/",
            "http://[::1]:9/",
        ] {
            assert!(Target::parse(good, &allowed).is_some(), "{good}");
        }
        for bad in [
            "http://app.example.org/",
            "https://10.0.0.8/",
            "https://[::ffff:127.0.0.1]/",
            "https://user:password@app.example.org/",
            "https://hook.internal@evil.example.org/",
            "ftp://hook.internal/",
            "https:///path",
            "/path",
            "hook.internal",
        ] {
            assert!(Target::parse(bad, &allowed).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_host_is_named() {
        for bad in ["http://hook", "hook:80", "a b", "*.internal/"] {
            assert_eq!(AllowedHosts::parse(vec!["ok.internal".into(), bad.into()]), Err(bad.to_owned()));
        }
    }

    #[test]
    fn a_targets_path_is_not_shown() {
        let target = Target::parse("https://app.example.org/marker", &AllowedHosts::default());
        assert_eq!(format!("{target:?}"), "Some(https://app.example.org/…)");
    }
}
