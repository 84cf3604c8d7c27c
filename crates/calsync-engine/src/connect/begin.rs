//! The link's form was sent: the link is used up, and the user goes to Google.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_core::integration::{CalendarChoice, GOOGLE, IntegrationState};
use calsync_google::{AuthorizationRequest, scopes};
use calsync_store::{connect, integrations, users};
use jiff::SignedDuration;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{redirect_uri, secret_text};
use crate::{Engine, EngineError};

/// How long a user may take at Google.
pub(crate) const CONSENT_TIME: SignedDuration = SignedDuration::from_mins(30);

/// Where the user goes now.
pub enum Begun {
    /// To Google.
    Redirect {
        /// The address of Google's consent.
        authorization_url: String,
        /// For a cookie: only the browser that holds it can finish.
        browser: SecretString,
    },
    /// Nowhere: the link was used or is too old.
    LinkExpired,
    /// Nowhere: the deployment has no Google app yet.
    NotConfigured,
}

/// Uses the link up and begins a try to connect.
///
/// # Errors
/// If the store fails.
pub async fn begin(engine: &Engine, link_token: &str, choice: CalendarChoice) -> Result<Begun, EngineError> {
    if !engine.settings().google_is_configured {
        return Ok(Begun::NotConfigured);
    }
    let now = engine.now();
    let mut tx = engine.store().begin().await?;
    let link = connect::find_link(&mut tx, link_token).await?;
    let Some(link) = link.filter(|link| !link.used) else { return Ok(Begun::LinkExpired) };
    if !connect::use_link(&mut tx, link_token, now).await? {
        return Ok(Begun::LinkExpired);
    }
    let Some(user) = users::staying(&mut tx, &link.user_id).await? else { return Ok(Begun::LinkExpired) };
    let holds_grant = integrations::of_user(&mut tx, &link.user_id)
        .await?
        .iter()
        .any(|one| one.provider == GOOGLE && one.state == IntegrationState::Active);
    let wanted = scopes::wanted(scopes::Choice { calendar: choice, google_tasks: false });
    let (state, browser, verifier) = (secret_text(engine), secret_text(engine), secret_text(engine));
    let attempt = connect::NewAttempt {
        id: &engine.new_id(),
        user_id: &link.user_id,
        state: &state,
        browser: &browser,
        verifier: &SecretString::from(verifier.clone()),
        calendar_choice: choice,
        scopes: &wanted.iter().map(|scope| (*scope).to_owned()).collect::<BTreeSet<_>>(),
        return_url: link.return_url.as_deref(),
        expires_at: now.saturating_add(CONSENT_TIME).unwrap_or(now),
    };
    connect::begin(engine.store(), &mut tx, attempt, now).await?;
    tx.commit().await?;
    let authorization_url = engine.google().authorization_url(&AuthorizationRequest {
        redirect_uri: &redirect_uri(engine),
        state: &state,
        code_challenge: &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
        scopes: &wanted,
        login_hint: user.email.as_deref(),
        prompt_consent: !holds_grant,
        include_granted: holds_grant,
    });
    Ok(Begun::Redirect { authorization_url, browser: browser.into() })
}
