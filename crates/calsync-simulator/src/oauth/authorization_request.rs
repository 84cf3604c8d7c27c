//! What a client sends the browser with, and the way back to it.

use std::collections::BTreeSet;

use http::{StatusCode, Uri};

use super::{clients, scopes};
use crate::answer::Answer;
use crate::options::SimulatorOptions;
use crate::query::Query;

/// Google names itself in the answer (RFC 9207).
const ISSUER: &str = "https://accounts.google.com";

/// What a client asks for.
#[derive(Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: BTreeSet<String>,
    state: Option<String>,
    pub(super) login_hint: Option<String>,
    pub(super) offline: bool,
    pub(super) prompt: Option<String>,
    pub(super) include_granted: bool,
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
}

impl AuthorizationRequest {
    /// `Err` is Google's error name with its detail, to be shown and not sent back.
    pub(super) fn read(query: &Query, options: &SimulatorOptions) -> Result<Self, (&'static str, String)> {
        let required = |name: &'static str| {
            query.get(name).ok_or(("invalid_request", format!("Missing required parameter: {name}")))
        };
        let client_id = required("client_id")?;
        if !clients::exists(options, client_id) {
            return Err(("invalid_client", "The OAuth client was not found.".to_owned()));
        }
        let redirect_uri = required("redirect_uri")?;
        let scheme = redirect_uri.parse::<Uri>().ok().and_then(|uri| uri.scheme_str().map(str::to_owned));
        if !matches!(scheme.as_deref(), Some("http" | "https")) || redirect_uri.contains('#') {
            return Err((
                "redirect_uri_mismatch",
                "The redirect_uri is not an address of a web server.".to_owned(),
            ));
        }
        if required("response_type")? != "code" {
            return Err(("unsupported_response_type", "Only response_type=code is served.".to_owned()));
        }
        let scopes = scopes::parse(required("scope")?)
            .map_err(|scope| ("invalid_scope", format!("Some requested scopes were invalid: {scope}")))?;
        let challenge = query.get("code_challenge").map(str::to_owned);
        if challenge.is_some() && query.get("code_challenge_method") != Some("S256") {
            return Err(("invalid_request", "Only code_challenge_method=S256 is served.".to_owned()));
        }
        let text = |name: &str| query.get(name).map(str::to_owned);
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            state: text("state"),
            login_hint: text("login_hint").map(|hint| hint.to_lowercase()),
            offline: query.get("access_type") == Some("offline"),
            prompt: text("prompt"),
            include_granted: query.get("include_granted_scopes") == Some("true"),
            challenge,
            nonce: text("nonce"),
        })
    }

    pub(super) fn refused(&self, error: &str) -> Answer {
        self.back(&[("error", error)])
    }

    /// Sends the browser back to the client.
    pub(super) fn back(&self, answer: &[(&str, &str)]) -> Answer {
        let state = self.state.as_deref().map(|state| ("state", state));
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(state).append_pair("iss", ISSUER).extend_pairs(answer);
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        Answer::redirect(StatusCode::FOUND, &format!("{}{separator}{}", self.redirect_uri, encoded.finish()))
    }
}
