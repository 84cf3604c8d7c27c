//! A user sets out for Google: by the form of a link, which is used up, or again from one of their
//! own pages.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_core::integration::{CalendarChoice, GOOGLE, IntegrationState};
use calsync_core::reason::Reason;
use calsync_google::{AuthorizationRequest, scopes};
use calsync_store::integrations::Integration;
use calsync_store::{Tx, connect, integrations, users};
use jiff::SignedDuration;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::choices::ConsentChoices;
use super::{redirect_uri, secret_text};
use crate::target_calendar::TargetChoice;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// How long a user may take at Google.
pub(crate) const CONSENT_TIME: SignedDuration = SignedDuration::from_mins(30);

/// Where the user goes now.
pub enum ConsentStart {
    /// To Google.
    Redirect {
        /// The address of Google's consent.
        authorization_url: String,
        /// For a cookie: only the browser that holds it can finish.
        browser: SecretString,
    },
    /// Nowhere: the link was used or is too old.
    LinkExpired,
    /// Nowhere yet: their old connection is still being ended. A link stays good.
    Disconnecting,
    /// Nowhere: the deployment has no Google app yet.
    NotConfigured,
}

/// A user who sets out again from one of their own pages, where no link is needed.
#[derive(Clone, Debug)]
pub struct RestartRequest<'a> {
    /// The user's id at the platform.
    pub user_id: &'a str,
    /// Where they go afterwards.
    pub return_url: Option<&'a str>,
    /// Which calendar.
    pub choice: CalendarChoice,
    /// The calendar itself, if they chose it before: it is taken as soon as they are back.
    pub target: Option<&'a TargetChoice>,
    /// The Google account to offer first; none: the user's own address.
    pub account_email: Option<&'a str>,
    /// Asks for these permissions alone, beside what was granted before; empty: for all that the choice needs.
    pub missing: BTreeSet<String>,
}

/// Uses the link up and begins a try to connect.
///
/// # Errors
/// If the store fails.
pub async fn begin(
    engine: &Engine,
    link_token: &str,
    choice: CalendarChoice,
) -> Result<ConsentStart, EngineError> {
    if !engine.settings().google_is_configured {
        return Ok(ConsentStart::NotConfigured);
    }
    retrying_tx!(engine, |tx| {
        let link = connect::find_link(tx, link_token).await?;
        let Some(link) = link.filter(|link| !link.used) else { return Ok(ConsentStart::LinkExpired) };
        if is_disconnecting(tx, &link.user_id).await? {
            return Ok(ConsentStart::Disconnecting);
        }
        if !connect::use_link(tx, link_token, engine.now()).await? {
            return Ok(ConsentStart::LinkExpired);
        }
        let (user_id, return_url) = (&link.user_id, link.return_url.as_deref());
        let (target, account_email, missing) = (None, None, BTreeSet::new());
        let request = RestartRequest { user_id, return_url, choice, target, account_email, missing };
        // The link stays good where nobody sets out.
        match start_consent(engine, tx, &request).await? {
            ConsentStart::LinkExpired => return Ok(ConsentStart::LinkExpired),
            begun => begun,
        }
    })
}

/// Begins another try to connect.
///
/// # Errors
/// If the store fails.
pub async fn restart(engine: &Engine, request: RestartRequest<'_>) -> Result<ConsentStart, EngineError> {
    if !engine.settings().google_is_configured {
        return Ok(ConsentStart::NotConfigured);
    }
    retrying_tx!(engine, |tx| match is_disconnecting(tx, request.user_id).await? {
        true => ConsentStart::Disconnecting,
        false => start_consent(engine, tx, &request).await?,
    })
}

async fn start_consent(
    engine: &Engine,
    tx: &mut Tx,
    request: &RestartRequest<'_>,
) -> Result<ConsentStart, EngineError> {
    let now = engine.now();
    let Some(user) = users::lock_active(tx, request.user_id).await? else {
        return Ok(ConsentStart::LinkExpired);
    };
    let holds_grant = holds_grant(engine, tx, request.user_id).await?;
    let wanted = ConsentChoices::of(tx, request.user_id, request.choice).await?.wanted_scopes();
    let is_asked = |scope: &&str| {
        request.missing.is_empty() || scopes::IDENTITY.contains(scope) || request.missing.contains(*scope)
    };
    let asked: Vec<&str> = wanted.into_iter().filter(is_asked).collect();
    let (state, browser, verifier) = (secret_text(engine), secret_text(engine), secret_text(engine));
    let attempt = connect::NewAttempt {
        id: &engine.new_id(),
        user_id: request.user_id,
        state: &state,
        browser: &browser,
        verifier: &SecretString::from(verifier.clone()),
        calendar_choice: request.choice,
        target_calendar: request.target.map(TargetChoice::as_str),
        scopes: &asked.iter().map(|scope| (*scope).to_owned()).collect::<BTreeSet<_>>(),
        return_url: request.return_url,
        expires_at: now.saturating_add(CONSENT_TIME).unwrap_or(now),
    };
    connect::begin(engine.store(), tx, attempt, now).await?;
    let authorization_url = engine.google().client().authorization_url(&AuthorizationRequest {
        redirect_uri: &redirect_uri(engine),
        state: &state,
        code_challenge: &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
        scopes: &asked,
        login_hint: request.account_email.or(user.email.as_deref()),
        prompt_consent: !holds_grant,
        include_granted: holds_grant || !request.missing.is_empty(),
    });
    Ok(ConsentStart::Redirect { authorization_url, browser: browser.into() })
}

/// Whether we hold a refresh token of the user's, and Google takes it as far as we know. Google
/// gives another one only if it is asked to, and keeps 100 of an account.
async fn holds_grant(engine: &Engine, tx: &mut Tx, user_id: &str) -> Result<bool, EngineError> {
    let theirs = integrations::of_user(tx, user_id).await?;
    let Some(live) = theirs.into_iter().find(Integration::is_live_at_google) else { return Ok(false) };
    let tokens = integrations::tokens(tx, engine.store().keyring(), &live.id).await?;
    let is_dead = matches!(
        live.reason,
        Some(Reason::GrantRevoked | Reason::GrantExpired | Reason::GrantUnknown | Reason::TokenUnreadable)
    );
    Ok(!is_dead && tokens.is_some_and(|tokens| matches!(tokens.refresh, Some(Ok(_)))))
}

/// Whether the user's old connection is being ended at this moment. The end of the old grant would
/// end a new one too, so nothing is asked for or exchanged meanwhile.
pub(super) async fn is_disconnecting(tx: &mut Tx, user_id: &str) -> Result<bool, EngineError> {
    let theirs = integrations::of_user(tx, user_id).await?;
    Ok(theirs.iter().any(|one| one.provider == GOOGLE && one.state == IntegrationState::Disconnecting))
}
