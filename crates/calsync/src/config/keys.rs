//! Every key there is, what it takes, and its default: the contract's table.

use calsync_core::network::Network;

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValueKind {
    /// Any text.
    Text,
    /// A secret: never shown in a message.
    Secret,
    /// An http or https address.
    Url,
    /// An http or https address, or nothing at all.
    UrlOrEmpty,
    /// `address:port`.
    Listen,
    /// A list of addresses and ranges of addresses.
    Networks,
    /// `true` or `false`.
    Bool,
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// A number from 0 to 1.
    Share,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A list of texts; separated by commas in the environment.
    List,
    /// A list of secrets.
    SecretList,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Its path, with dots.
    pub(crate) path: &'static str,
    /// What it takes.
    pub(crate) value_kind: ValueKind,
    /// What it is when nobody sets it; empty: nothing.
    pub(crate) default: &'static str,
    /// Whether the part that it belongs to is built.
    pub(crate) has_effect: bool,
}

const fn key(path: &'static str, value_kind: ValueKind, default: &'static str) -> Key {
    Key { path, value_kind, default, has_effect: true }
}

/// A key whose part isn't built yet: accepted, and logged as without effect.
const fn later(path: &'static str, value_kind: ValueKind, default: &'static str) -> Key {
    Key { path, value_kind, default, has_effect: false }
}

use ValueKind::{
    Bool, Integer, List, Listen, Networks, OneOf, Secret, SecretList, Share, Text, Url, UrlOrEmpty,
};

const COUNT: ValueKind = Integer(0, i64::MAX);
const DAYS: ValueKind = Integer(0, 36_500);

/// The keys, in the order in which the reference lists them.
pub(crate) const KEYS: &[Key] = &[
    key("database.url", Text, "sqlite:calsync.db"),
    key("database.schema", Text, "calsync"),
    key("server.listen", Listen, "127.0.0.1:4300"),
    key("server.public_url", Url, "http://127.0.0.1:4300"),
    key("server.metrics_listen", Listen, ""),
    later("server.embed_origins", List, ""),
    key("server.trusted_proxies", Networks, ""),
    key("security.encryption_keys", SecretList, ""),
    later("security.require_actor", Bool, "false"),
    key("google.client_id", Text, ""),
    key("google.client_secret", Secret, ""),
    key("google.auth_url", Url, ""),
    key("google.token_url", Url, ""),
    key("google.revoke_url", Url, ""),
    key("google.userinfo_url", Url, ""),
    key("google.calendar_url", Url, ""),
    key("google.tasks_url", UrlOrEmpty, ""),
    key("google.allow_http_hosts", List, ""),
    key("google.endpoint", Url, ""),
    later("google.push", OneOf(&["auto", "on", "off"]), "auto"),
    key("google.revoke", OneOf(&["grant", "never"]), "grant"),
    later("google.quota.project_per_minute", COUNT, "10000"),
    key("google.quota.user_per_minute", Integer(0, u32::MAX as i64), "600"),
    later("google.quota.project_per_day", COUNT, "1000000"),
    later("google.quota.tasks_per_day", COUNT, "50000"),
    key("platform.name", Text, "calsync"),
    key("platform.connect_url", Url, ""),
    key("platform.return_urls", List, ""),
    key("platform.webhook_url", Url, ""),
    key("platform.webhook_secret", SecretList, ""),
    key("platform.webhook_allow_hosts", List, ""),
    later("sync.task_as", OneOf(&["event", "google_task"]), "event"),
    key("sync.deadline_as", OneOf(&["day_before_event", "same_day_reminder"]), "day_before_event"),
    later("sync.done_colour", Integer(1, 11), ""),
    key("sync.past_days", Integer(0, 36_500), "30"),
    later("sync.breaker.items", COUNT, "20"),
    later("sync.breaker.share", Share, "0.5"),
    later("sync.breaker.minutes", COUNT, "10"),
    later("sync.breaker.flips", COUNT, "3"),
    later("sync.breaker.creates_per_day", COUNT, "10000"),
    later("canary.refresh_token", Secret, ""),
    later("canary.calendar_id", Text, ""),
    key("logs.retention_days", DAYS, "30"),
    key("logs.success_retention_days", DAYS, "3"),
    key("log.format", OneOf(&["auto", "text", "json"]), "auto"),
    later("telemetry.otlp_endpoint", Url, ""),
    later("alerts.webhook_url", Url, ""),
    later("alerts.webhook_secret", Secret, ""),
    later("audit.checkpoint_file", Text, ""),
    later("audit.checkpoint_key", Secret, ""),
];

/// The key with this path.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

impl Key {
    /// The name in the environment: `CALSYNC_` + the upper-case path with `__` between levels.
    pub(crate) fn variable(&self) -> String {
        format!("CALSYNC_{}", self.path.to_uppercase().replace('.', "__"))
    }

    /// Why `value` can't be taken: what is allowed.
    pub(crate) fn refuse(&self, value: &str) -> Option<String> {
        let is_url = |text: &str| {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty()) && !text.contains(char::is_whitespace)
        };
        let (good, allowed) = match self.value_kind {
            Text | Secret | List | SecretList => (true, String::new()),
            Url => (is_url(value), "an http or https address".into()),
            UrlOrEmpty => (value.is_empty() || is_url(value), "an http or https address, or nothing".into()),
            Listen => {
                (value.parse::<std::net::SocketAddr>().is_ok(), "an address such as 127.0.0.1:4300".into())
            }
            Networks => {
                let is_network = |entry: &str| entry.trim().parse::<Network>().is_ok();
                let all = value.split(',').filter(|entry| !entry.trim().is_empty()).all(is_network);
                (all, "addresses such as 10.0.0.7 and ranges such as 10.0.0.0/8".into())
            }
            Bool => (["true", "false"].contains(&value), "true or false".into()),
            Integer(least, most) => {
                let good = value.parse().is_ok_and(|n: i64| (least..=most).contains(&n));
                (good, format!("a whole number from {least} to {most}"))
            }
            Share => {
                (value.parse().is_ok_and(|n: f64| (0.0..=1.0).contains(&n)), "a number from 0 to 1".into())
            }
            OneOf(names) => (names.contains(&value), names.join(", ")),
        };
        (!good).then_some(allowed)
    }

    /// Whether its value is a secret.
    pub(crate) const fn is_secret(&self) -> bool {
        matches!(self.value_kind, Secret | SecretList)
    }
}
