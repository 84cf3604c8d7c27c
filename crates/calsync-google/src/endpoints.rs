//! Where Google is, and who we are to it.
//!
//! Addresses are complete and without a slash at their end, so that a proxy or the simulator can
//! stand before each one. Whether an address may be plain http is the configuration's to judge.

use secrecy::SecretString;

/// Google's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Where a user consents.
    pub auth_url: String,
    /// Where codes and refresh tokens become access tokens.
    pub token_url: String,
    /// Where a grant is ended.
    pub revoke_url: String,
    /// Who an access token speaks for.
    pub userinfo_url: String,
    /// The Calendar API, up to `/calendar/v3`.
    pub calendar_url: String,
    /// The Tasks API, up to `/tasks/v1`; none: Tasks are off.
    pub tasks_url: Option<String>,
}

impl Endpoints {
    /// Google's own.
    pub fn google() -> Self {
        Self {
            auth_url: "https://accounts.google.com/o/oauth2/v2/auth".into(),
            token_url: "https://oauth2.googleapis.com/token".into(),
            revoke_url: "https://oauth2.googleapis.com/revoke".into(),
            userinfo_url: "https://openidconnect.googleapis.com/v1/userinfo".into(),
            calendar_url: "https://www.googleapis.com/calendar/v3".into(),
            tasks_url: Some("https://tasks.googleapis.com/tasks/v1".into()),
        }
    }

    /// The simulator's paths under one address.
    pub fn under(address: &str) -> Self {
        let address = address.trim_end_matches('/');
        Self {
            auth_url: format!("{address}/o/oauth2/v2/auth"),
            token_url: format!("{address}/token"),
            revoke_url: format!("{address}/revoke"),
            userinfo_url: format!("{address}/oauth2/v3/userinfo"),
            calendar_url: format!("{address}/calendar/v3"),
            tasks_url: Some(format!("{address}/tasks/v1")),
        }
    }
}

/// Our OAuth client at Google.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    /// Its public id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
}
