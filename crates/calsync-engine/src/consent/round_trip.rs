//! The way to Google's consent and back, the same for a connection and for a clean-up: the PKCE verifier, the `state`
//! that comes back once, and the browser that alone can finish.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_core::env::bytes;
use calsync_core::integration::{GOOGLE, IntegrationState};
use calsync_core::reason::Reason;
use calsync_google::{AuthorizationRequest, Tokens, callback_reason};
use calsync_store::integrations;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::{Engine, EngineError};

/// How long a user may take at Google.
const CONSENT_TIME: SignedDuration = SignedDuration::from_mins(30);

/// What a consent is known by, until its user is back.
pub(super) struct RoundTrip {
    pub(super) state: String,
    /// For a cookie.
    pub(super) browser: SecretString,
    pub(super) verifier: SecretString,
    pub(super) expires_at: Timestamp,
}

/// What a consent asks for.
pub(super) struct ConsentRequest<'a> {
    pub(super) scopes: &'a [&'a str],
    /// The address to offer first.
    pub(super) login_hint: Option<&'a str>,
    /// Whether Google asks also who consented before, and gives another refresh token.
    pub(super) prompt_consent: bool,
    /// Whether it adds to what was granted before.
    pub(super) include_granted: bool,
}

impl RoundTrip {
    pub(super) fn new(engine: &Engine) -> Self {
        let now = engine.now();
        Self {
            state: secret_text(engine),
            browser: secret_text(engine).into(),
            verifier: secret_text(engine).into(),
            expires_at: now.saturating_add(CONSENT_TIME).unwrap_or(now),
        }
    }

    /// The address of Google's consent for `request`.
    pub(super) fn authorization_url(&self, engine: &Engine, request: &ConsentRequest<'_>) -> String {
        let challenge = Sha256::digest(self.verifier.expose_secret().as_bytes());
        engine.google().client().authorization_url(&AuthorizationRequest {
            redirect_uri: &redirect_uri(engine),
            state: &self.state,
            code_challenge: &URL_SAFE_NO_PAD.encode(challenge),
            scopes: request.scopes,
            login_hint: request.login_hint,
            prompt_consent: request.prompt_consent,
            include_granted: request.include_granted,
        })
    }
}

/// What Google brings back.
#[derive(Clone, Debug)]
pub struct Callback {
    /// What we gave it.
    pub state: SecretString,
    /// The code, if the user agreed.
    pub code: Option<SecretString>,
    /// Google's word for why not.
    pub error: Option<String>,
}

/// Trades the code that came back for tokens; a verifier that can't be read is none.
pub(super) async fn exchange(
    engine: &Engine,
    callback: &Callback,
    verifier: Option<&SecretString>,
) -> Result<Tokens, Reason> {
    let code = match (&callback.code, &callback.error) {
        (Some(code), None) => code,
        (_, Some(error)) => return Err(callback_reason(error)),
        (None, None) => return Err(Reason::Unknown),
    };
    let verifier = verifier.ok_or(Reason::TokenUnreadable)?;
    let exchanged = engine.google().client().exchange(code, verifier, &redirect_uri(engine)).await;
    exchanged.map_err(|failure| failure.reason)
}

/// Ends a grant that was given just now and that nobody will use: nothing that we don't need stays
/// open. Where it doesn't work, the user still finds it among their account's apps.
pub(super) async fn revoke_unused_grant(
    engine: &Engine,
    tokens: &Tokens,
    account_sub: &str,
) -> Result<(), EngineError> {
    let mut tx = engine.store().read().await?;
    let holders = integrations::of_account(&mut tx, GOOGLE, account_sub).await?;
    drop(tx);
    let is_used = holders.iter().any(|one| one.state != IntegrationState::Disconnected);
    if engine.settings().revoke && !is_used {
        let token = tokens.refresh_token.as_ref().unwrap_or(&tokens.access_token);
        if let Err(failure) = engine.google().client().revoke(token).await {
            tracing::warn!(reason = failure.reason.name(), "could not revoke an unused grant");
        }
    }
    Ok(())
}

/// 256 random bits as text that fits into a URL.
pub(super) fn secret_text(engine: &Engine) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>(engine.entropy()))
}

/// Where Google sends the user back to; registered at Google to the letter.
fn redirect_uri(engine: &Engine) -> String {
    format!("{}/oauth/google/callback", engine.settings().public_url)
}
