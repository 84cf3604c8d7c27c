//! The link's form was sent: the link is used up, and the user goes to Google.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_core::disconnect::SagaState;
use calsync_google::AuthorizationRequest;
use calsync_store::clean_ups::{self, ConsentState};
use calsync_store::disconnects;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::needed_scopes;
use crate::connect::{CONSENT_TIME, redirect_uri, secret_text};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Where the user goes now.
pub enum CleanUpStart {
    /// To Google.
    Redirect {
        /// The address of Google's consent.
        authorization_url: String,
        /// For a cookie: only the browser that holds it can finish.
        browser: SecretString,
    },
    /// Nowhere: the link was used or is too old.
    LinkExpired,
    /// Nowhere: nothing is left that a clean-up could remove.
    NothingLeft,
    /// Nowhere: the deployment has no Google app.
    NotConfigured,
}

/// Uses the link up and sends the user to Google, for the account and the calendar that the
/// disconnect was about.
///
/// # Errors
/// If the store fails.
pub async fn begin(engine: &Engine, link_token: &str) -> Result<CleanUpStart, EngineError> {
    if !engine.settings().google_is_configured {
        return Ok(CleanUpStart::NotConfigured);
    }
    let now = engine.now();
    let (state, browser, verifier) = (secret_text(engine), secret_text(engine), secret_text(engine));
    let consent = ConsentState {
        state: &state,
        browser: &browser,
        verifier: &SecretString::from(verifier.clone()),
        expires_at: now.saturating_add(CONSENT_TIME).unwrap_or(now),
    };
    let needed = retrying_tx!(engine, |tx| {
        let Some(clean_up) = clean_ups::of_link(tx, link_token).await? else {
            return Ok(Err(CleanUpStart::LinkExpired));
        };
        if !clean_ups::begin(engine.store(), tx, &clean_up, &consent, now).await? {
            return Ok(Err(CleanUpStart::LinkExpired));
        }
        let saga = disconnects::get(tx, &clean_up.disconnect_id).await?;
        let saga = saga.filter(|saga| saga.state == SagaState::DoneWithLeftovers);
        let is_in_use = disconnects::is_in_use(tx, &clean_up.disconnect_id).await?;
        let Some(saga) = saga.filter(|_| !is_in_use) else { return Ok(Err(CleanUpStart::NothingLeft)) };
        let scopes = needed_scopes(tx, &saga).await?;
        Ok((saga, scopes))
    })?;
    let (saga, scopes) = match needed {
        Ok(needed) => needed,
        Err(begun) => return Ok(begun),
    };
    let authorization_url = engine.google().client().authorization_url(&AuthorizationRequest {
        redirect_uri: &redirect_uri(engine),
        state: &state,
        code_challenge: &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
        scopes: &scopes,
        login_hint: saga.before.account_email.as_deref(),
        prompt_consent: true,
        include_granted: false,
    });
    Ok(CleanUpStart::Redirect { authorization_url, browser: browser.into() })
}
