//! Grants: the way to Google's consent and back, tokens, and the end of a grant.
//!
//! Tokens and our client's secret travel in request bodies and headers only, never in an address.
//! Nothing is kept: a caller stores what it is given and decides when to refresh.

pub mod scopes;

use std::collections::BTreeSet;

use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use form_urlencoded::Serializer;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::answer::Answer;
use crate::call::{Call, GoogleClient, Secrets};
use crate::failure::{ErrorSource, Failure, of_consent};

/// How Google names itself in its answers (RFC 9207).
const ISSUER: &str = "https://accounts.google.com";

/// What Google's consent page is asked for.
#[derive(Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    /// Where Google sends the user back to; must be registered, to the letter.
    pub redirect_uri: &'a str,
    /// Binds the way back to the browser that left.
    pub state: &'a str,
    /// PKCE: base64url of the verifier's SHA-256 (method `S256`).
    pub code_challenge: &'a str,
    /// See [`scopes::wanted`].
    pub scopes: &'a [&'a str],
    /// The address to offer first.
    pub login_hint: Option<&'a str>,
    /// Asks even who consented before, which mints a new refresh token. Google keeps only 100 of an
    /// account and client and drops the oldest silently: ask only when we hold none.
    pub prompt_consent: bool,
    /// Adds to what was granted before, when more is asked for later.
    pub include_granted: bool,
}

/// What a code or a refresh token was traded for.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For calls of the APIs.
    pub access_token: SecretString,
    /// For more access tokens; only at the first consent, or after [`AuthorizationRequest::prompt_consent`].
    pub refresh_token: Option<SecretString>,
    /// How long the access token lives.
    pub expires_in_secs: i64,
    /// How long the refresh token lives, where the user's consent is for a time.
    pub refresh_token_expires_in_secs: Option<i64>,
    /// What was granted, in the names of [`scopes`]; empty if Google did not say.
    pub scopes: BTreeSet<String>,
}

/// Whom an access token speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The account's identity, which never changes.
    pub sub: String,
    /// Its address, which may.
    pub email: Option<String>,
    /// Its Workspace domain; none for gmail.com.
    pub hd: Option<String>,
}

/// How the end of a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Google ended it.
    Done,
    /// It was over before.
    AlreadySo,
}

/// What `error` in the query of the way back from Google means: `access_denied` and its like.
pub fn callback_reason(error: &str) -> Reason {
    of_consent(error)
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: i64,
    refresh_token_expires_in: Option<i64>,
    scope: Option<String>,
    token_type: String,
}

impl From<TokenAnswer> for Tokens {
    fn from(answer: TokenAnswer) -> Self {
        Self {
            access_token: answer.access_token.into(),
            refresh_token: answer.refresh_token.filter(|token| !token.is_empty()).map(Into::into),
            expires_in_secs: answer.expires_in,
            refresh_token_expires_in_secs: answer.refresh_token_expires_in,
            scopes: scopes::granted(answer.scope.as_deref().unwrap_or_default()),
        }
    }
}

impl GoogleClient {
    /// The address of Google's consent page for `request`.
    pub fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> String {
        let mut url = self.endpoints().auth_url.clone();
        url.push(if url.contains('?') { '&' } else { '?' });
        let start = url.len();
        let mut query = Serializer::for_suffix(url, start);
        query
            .append_pair("client_id", &self.oauth().client_id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("access_type", "offline")
            .append_pair("scope", &request.scopes.join(" "))
            .append_pair("state", request.state)
            .append_pair("code_challenge", request.code_challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(hint) = request.login_hint {
            query.append_pair("login_hint", hint);
        }
        if request.prompt_consent {
            query.append_pair("prompt", "consent");
        }
        if request.include_granted {
            query.append_pair("include_granted_scopes", "true");
        }
        query.finish()
    }

    /// Whether `issuer` is whom we sent the user to: Google, or whoever is configured in its place.
    pub fn is_issuer(&self, issuer: &str) -> bool {
        let below = self.endpoints().auth_url.strip_prefix(issuer);
        issuer == ISSUER || below.is_some_and(|rest| rest.starts_with('/'))
    }

    /// Trades the code of a consent for tokens.
    ///
    /// # Errors
    /// `grant_unknown` if the code is too old, was used, or the verifier or address is another's.
    pub async fn exchange(
        &self,
        code: &SecretString,
        code_verifier: &SecretString,
        redirect_uri: &str,
    ) -> Result<Tokens, Failure> {
        let form = self
            .client_form()
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code.expose_secret())
            .append_pair("code_verifier", code_verifier.expose_secret())
            .append_pair("redirect_uri", redirect_uri)
            .finish();
        self.tokens(Operation::Exchange, form, [Some(code), Some(code_verifier), self.secret()]).await
    }

    /// A new access token.
    ///
    /// # Errors
    /// `grant_unknown` if the grant is over; `client_invalid` if it is we whom Google refuses.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Tokens, Failure> {
        let form = self
            .client_form()
            .append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", refresh_token.expose_secret())
            .finish();
        self.tokens(Operation::Refresh, form, [Some(refresh_token), self.secret(), None]).await
    }

    /// Ends the whole grant that `token`, of either kind, belongs to: every scope of this client
    /// for this user.
    ///
    /// # Errors
    /// Any, but for a grant that is over already.
    pub async fn revoke(&self, token: &SecretString) -> Result<Revoked, Failure> {
        let form = Serializer::new(String::new()).append_pair("token", token.expose_secret()).finish();
        let url = &self.endpoints().revoke_url;
        let call = Call::form("revoke", Operation::Revoke, url, form, [Some(token), None, None]);
        match self.send(call, Answer::nothing_but_success).await {
            Ok(()) => Ok(Revoked::Done),
            Err(failure) if failure.provider_reason.as_deref() == Some("invalid_token") => {
                Ok(Revoked::AlreadySo)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whom `access_token` speaks for.
    ///
    /// # Errors
    /// [`Failure::is_stale_token`] among others.
    pub async fn userinfo(&self, access_token: &SecretString) -> Result<Account, Failure> {
        let url = self.endpoints().userinfo_url.clone();
        let call = Call::api("userinfo", ErrorSource::Userinfo, Method::GET, url, access_token);
        self.send(call, |answer| answer.json(|account: &Account| !account.sub.is_empty())).await
    }

    fn client_form(&self) -> Serializer<'static, String> {
        let mut form = Serializer::new(String::with_capacity(512));
        form.append_pair("client_id", &self.oauth().client_id)
            .append_pair("client_secret", self.oauth().client_secret.expose_secret());
        form
    }

    fn secret(&self) -> Option<&SecretString> {
        Some(&self.oauth().client_secret)
    }

    async fn tokens(
        &self,
        operation: Operation,
        form: String,
        secrets: Secrets<'_>,
    ) -> Result<Tokens, Failure> {
        let call = Call::form("token", operation, &self.endpoints().token_url, form, secrets);
        let sound = |tokens: &TokenAnswer| {
            !tokens.access_token.is_empty()
                && tokens.expires_in > 0
                && tokens.token_type.eq_ignore_ascii_case("bearer")
        };
        self.send(call, |answer| answer.json(sound)).await.map(Tokens::from)
    }
}
