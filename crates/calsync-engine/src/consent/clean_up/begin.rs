//! The link's form was sent: the link is used up, and the user goes to Google.

use calsync_core::disconnect::SagaState;
use calsync_store::clean_ups::{self, ConsentState};
use calsync_store::disconnects;
use secrecy::{ExposeSecret, SecretString};

use super::needed_scopes;
use crate::consent::round_trip::{ConsentRequest, RoundTrip};
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
    let trip = RoundTrip::new(engine);
    let consent = ConsentState {
        state: &trip.state,
        browser: trip.browser.expose_secret(),
        verifier: &trip.verifier,
        expires_at: trip.expires_at,
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
    let request = ConsentRequest {
        scopes: &scopes,
        login_hint: saga.before.account_email.as_deref(),
        prompt_consent: true,
        include_granted: false,
    };
    let authorization_url = trip.authorization_url(engine, &request);
    Ok(CleanUpStart::Redirect { authorization_url, browser: trip.browser })
}
