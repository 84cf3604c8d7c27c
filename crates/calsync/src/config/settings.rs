//! Typed readings of the configuration, for the parts that need them.

use calsync_core::policy::{DeadlineAs, Policy};
use calsync_engine::Settings;
use calsync_google::{Endpoints, OAuthClient};
use secrecy::SecretString;

use super::{Config, ConfigError};

impl Config {
    /// The engine's rules.
    pub(crate) fn settings(&self) -> Settings {
        let deadline_as = match self.text("sync.deadline_as") {
            "same_day_reminder" => DeadlineAs::SameDayReminder,
            _ => DeadlineAs::DayBeforeEvent,
        };
        let past_days = self.text("sync.past_days").parse().unwrap_or(30);
        Settings {
            public_url: self.text("server.public_url").trim_end_matches('/').to_owned(),
            platform_name: self.text("platform.name").to_owned(),
            connect_url: self.given("platform.connect_url").map(str::to_owned),
            return_urls: self.list("platform.return_urls"),
            // What is none was refused when it was read.
            trusted_proxies: self
                .list("server.trusted_proxies")
                .iter()
                .filter_map(|one| one.parse().ok())
                .collect(),
            policy: Policy { deadline_as, past_days, ..Policy::default() },
            google_is_configured: self.google_is_configured(),
            revoke: self.text("google.revoke") == "grant",
            user_quota_per_minute: self.text("google.quota.user_per_minute").parse().unwrap_or(600),
            retention_days: self.text("logs.retention_days").parse().unwrap_or(30),
            success_retention_days: self.text("logs.success_retention_days").parse().unwrap_or(3),
            ..Settings::default()
        }
    }

    /// Whether there is a Google app to connect with.
    pub(crate) fn google_is_configured(&self) -> bool {
        self.given("google.client_id").is_some() && self.given("google.client_secret").is_some()
    }

    /// How Google knows us.
    pub(crate) fn oauth_client(&self) -> OAuthClient {
        OAuthClient {
            client_id: self.text("google.client_id").to_owned(),
            client_secret: SecretString::from(self.text("google.client_secret").to_owned()),
        }
    }

    /// Where Google is. Plain http is good on loopback and on the allowed hosts only, since tokens
    /// go there.
    pub(crate) fn endpoints(&self) -> Result<Endpoints, ConfigError> {
        let mut endpoints = match self.given("google.endpoint") {
            Some(address) => Endpoints::under(address),
            None => Endpoints::google(),
        };
        for (path, slot) in [
            ("google.auth_url", &mut endpoints.auth_url),
            ("google.token_url", &mut endpoints.token_url),
            ("google.revoke_url", &mut endpoints.revoke_url),
            ("google.userinfo_url", &mut endpoints.userinfo_url),
            ("google.calendar_url", &mut endpoints.calendar_url),
        ] {
            if let Some(url) = self.given(path) {
                url.trim_end_matches('/').clone_into(slot);
            }
            self.check_reach(path, slot)?;
        }
        if let Some(url) = self.given("google.tasks_url") {
            let url = url.trim_end_matches('/');
            endpoints.tasks_url = (!url.is_empty()).then(|| url.to_owned());
        }
        Ok(endpoints)
    }

    fn check_reach(&self, path: &str, url: &str) -> Result<(), ConfigError> {
        let Some(rest) = url.strip_prefix("http://") else { return Ok(()) };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let is_loopback = host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if is_loopback || self.list("google.allow_http_hosts").iter().any(|allowed| allowed == host) {
            return Ok(());
        }
        let path = if self.given(path).is_some() { path } else { "google.endpoint" };
        Err(ConfigError(format!(
            "{path}: {url:?} can't be used; allowed: https, or http on loopback and on google.allow_http_hosts"
        )))
    }
}
