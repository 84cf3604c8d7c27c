//! The way back from Google: the code becomes tokens, the tokens a connection.

use calsync_core::integration::{CalendarChoice, GOOGLE, IntegrationState};
use calsync_core::reason::Reason;
use calsync_google::{Account, Tokens, callback_reason, scopes};
use calsync_store::connect::{self, Returned};
use calsync_store::integrations::{self, CalendarPhase, Connection, Grant};
use calsync_store::{mappings, users};
use secrecy::SecretString;

use super::redirect_uri;
use crate::{Engine, EngineError, tokens};

/// What Google brings back.
#[derive(Clone, Debug)]
pub struct Callback {
    /// What we gave it.
    pub state: String,
    /// The code, if the user agreed.
    pub code: Option<String>,
    /// Google's word for why not.
    pub error: Option<String>,
}

/// How a try to connect ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// Connected.
    Connected {
        /// Who.
        user_id: String,
        /// Their integration.
        integration_id: String,
        /// Which calendar they chose; with `existing` they choose it now.
        choice: CalendarChoice,
        /// Whether the calendar is still to be chosen.
        needs_calendar: bool,
        /// Where they go next.
        return_url: Option<String>,
    },
    /// Not connected.
    Failed {
        /// Why.
        reason: Reason,
        /// Where they go next.
        return_url: Option<String>,
    },
    /// A state that we don't know: replayed, too old, or of another browser.
    UnknownState,
}

/// Finishes the try that `callback` belongs to.
///
/// # Errors
/// If the store fails.
pub async fn finish(engine: &Engine, callback: Callback, browser: &str) -> Result<Finished, EngineError> {
    let mut tx = engine.store().begin().await?;
    let returned = connect::take(engine.store(), &mut tx, &callback.state, browser, engine.now()).await?;
    tx.commit().await?;
    let Some(returned) = returned else { return Ok(Finished::UnknownState) };
    if is_disconnecting(engine, &returned.user_id).await? {
        return failed(engine, returned, Reason::WaitingTurn).await;
    }
    match consent(engine, &callback, &returned).await {
        Ok((tokens, account)) => connected(engine, returned, &tokens, &account).await,
        Err(reason) => failed(engine, returned, reason).await,
    }
}

async fn failed(engine: &Engine, returned: Returned, reason: Reason) -> Result<Finished, EngineError> {
    let mut tx = engine.store().begin().await?;
    connect::end(&mut tx, &returned.id, Some(reason), engine.now()).await?;
    tx.commit().await?;
    Ok(Finished::Failed { reason, return_url: returned.return_url })
}

/// Whether the user's old connection is being disconnected at this moment. The end of the old grant
/// would end the new one too, so nothing is exchanged for it.
async fn is_disconnecting(engine: &Engine, user_id: &str) -> Result<bool, EngineError> {
    let mut tx = engine.store().read().await?;
    let theirs = integrations::of_user(&mut tx, user_id).await?;
    Ok(theirs.iter().any(|one| one.provider == GOOGLE && one.state == IntegrationState::Disconnecting))
}

/// Trades the code for tokens and learns whose they are.
async fn consent(
    engine: &Engine,
    callback: &Callback,
    returned: &Returned,
) -> Result<(Tokens, Account), Reason> {
    let code = match (&callback.code, &callback.error) {
        (Some(code), None) => SecretString::from(code.clone()),
        (_, Some(error)) => return Err(callback_reason(error)),
        (None, None) => return Err(Reason::Unknown),
    };
    let verifier = returned.verifier.as_ref().ok_or(Reason::TokenUnreadable)?;
    let tokens = engine
        .google()
        .exchange(&code, verifier, &redirect_uri(engine))
        .await
        .map_err(|failure| failure.reason)?;
    let wanted = scopes::wanted(scopes::Choice { calendar: returned.calendar_choice, google_tasks: false });
    // A token answer without a scope grants what was asked (RFC 6749, 5.1).
    if !tokens.scopes.is_empty() && !scopes::missing(&wanted, &tokens.scopes).is_empty() {
        return Err(Reason::ConsentPartial);
    }
    let account = engine.google().userinfo(&tokens.access_token).await.map_err(|failure| failure.reason)?;
    Ok((tokens, account))
}

async fn connected(
    engine: &Engine,
    returned: Returned,
    tokens: &Tokens,
    account: &Account,
) -> Result<Finished, EngineError> {
    let now = engine.now();
    let mut tx = engine.store().begin().await?;
    let new = Connection {
        user_id: &returned.user_id,
        grant: Grant {
            access_token: &tokens.access_token,
            refresh_token: tokens.refresh_token.as_ref(),
            expires_at: tokens::end_of(now, tokens.expires_in_secs),
        },
        account_sub: &account.sub,
        account_email: account.email.as_deref().unwrap_or_default(),
        account_domain: account.hd.as_deref(),
        scopes: &tokens.scopes,
        calendar_choice: returned.calendar_choice,
    };
    if users::staying(&mut tx, &returned.user_id).await?.is_none() {
        drop(tx);
        return failed(engine, returned, Reason::LinkExpired).await;
    }
    let connected = integrations::connect(engine.store(), &mut tx, new, engine.new_id(), now).await?;
    let Some(integration) = connected else {
        drop(tx);
        return failed(engine, returned, Reason::WaitingTurn).await;
    };
    mappings::touch_all(&mut tx, &integration.user_id, now).await?;
    connect::end(&mut tx, &returned.id, None, now).await?;
    tx.commit().await?;
    engine.hint();
    let unchosen = integration.calendar_phase != CalendarPhase::Ready;
    Ok(Finished::Connected {
        user_id: integration.user_id,
        integration_id: integration.id,
        choice: returned.calendar_choice,
        needs_calendar: unchosen && returned.calendar_choice == CalendarChoice::Existing,
        return_url: returned.return_url,
    })
}
