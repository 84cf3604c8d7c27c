//! The way back from Google: the code becomes tokens, the tokens a connection.

use calsync_core::integration::CalendarChoice;
use calsync_core::reason::Reason;
use calsync_google::{Account, Tokens, scopes};
use calsync_store::consent::{self, PendingConsent};
use calsync_store::integrations::{self, Connection, Integration};
use calsync_store::{Tx, mappings, users};
use secrecy::ExposeSecret;

use super::begin::is_disconnecting;
use super::choices::ConsentChoices;
use super::clean_up;
use super::round_trip::{Callback, exchange, revoke_unused_grant};
use crate::target_calendar::{RetargetResult, TargetChoice, change};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError, google};

/// How a consent ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackResult {
    /// Connected.
    Connected {
        /// The user's id at the platform.
        user_id: String,
        /// Their integration.
        integration_id: String,
        /// Which calendar they chose; with `existing` they choose it now.
        choice: CalendarChoice,
        /// Whether the calendar is still to be chosen.
        needs_calendar: bool,
        /// The calendar that they had chosen before they set out; it is theirs now unless one is still
        /// to be chosen.
        target: Option<TargetChoice>,
        /// Where they go next.
        return_url: Option<String>,
    },
    /// Not connected.
    Failed {
        /// The try.
        attempt_id: String,
        /// The user's id at the platform.
        user_id: String,
        /// The cause, from `core::reason`.
        reason: Reason,
        /// Where they go next.
        return_url: Option<String>,
    },
    /// It was the consent of a clean-up; [`clean_up::status`] tells how that goes.
    CleanUp,
    /// A state that we don't know: replayed, too old, or of another browser.
    UnknownState,
}

/// Finishes the consent that `callback` belongs to.
///
/// # Errors
/// If the store fails.
pub async fn finish(
    engine: &Engine,
    callback: Callback,
    browser: &str,
) -> Result<CallbackResult, EngineError> {
    if clean_up::finish(engine, &callback, browser).await? {
        return Ok(CallbackResult::CleanUp);
    }
    let (state, now) = (callback.state.expose_secret(), engine.now());
    let pending = retrying_tx!(engine, |tx| consent::take(engine.store(), tx, state, browser, now).await?)?;
    let Some(pending) = pending else { return Ok(CallbackResult::UnknownState) };
    let mut tx = engine.store().read().await?;
    let is_disconnecting = is_disconnecting(&mut tx, &pending.user_id).await?;
    drop(tx);
    if is_disconnecting {
        return failed(engine, pending, Reason::WaitingTurn).await;
    }
    let mut tokens = match exchange(engine, &callback, pending.verifier.as_ref()).await {
        Ok(tokens) => tokens,
        Err(reason) => return failed(engine, pending, reason).await,
    };
    if tokens.scopes.is_empty() {
        // A token answer without a scope grants what was asked (RFC 6749, 5.1).
        tokens.scopes.clone_from(&pending.scopes);
    }
    if !is_enough(engine, &pending, &tokens).await? {
        return failed(engine, pending, Reason::ConsentPartial).await;
    }
    match engine.google().client().userinfo(&tokens.access_token).await {
        Ok(account) => connected(engine, pending, tokens, &account).await,
        Err(failure) => failed(engine, pending, failure.reason).await,
    }
}

async fn failed(
    engine: &Engine,
    pending: PendingConsent,
    reason: Reason,
) -> Result<CallbackResult, EngineError> {
    retrying_tx!(engine, |tx| consent::end(tx, &pending.id, Some(reason), engine.now()).await?)?;
    let PendingConsent { id: attempt_id, user_id, return_url, .. } = pending;
    Ok(CallbackResult::Failed { attempt_id, user_id, reason, return_url })
}

/// Whether the user granted enough for their choice, and for the calendar that stays in use; what is missing
/// of it is kept with the try.
async fn is_enough(engine: &Engine, pending: &PendingConsent, tokens: &Tokens) -> Result<bool, EngineError> {
    let mut tx = engine.store().read().await?;
    let choices = ConsentChoices::of(&mut tx, &pending.user_id, pending.calendar_choice).await?;
    drop(tx);
    let missing = scopes::missing(&choices.wanted_scopes(), &tokens.scopes);
    if !missing.is_empty() {
        retrying_tx!(engine, |tx| consent::set_missing_scopes(tx, &pending.id, &missing).await?)?;
    }
    // Who has chosen their next calendar leaves the one in use at once.
    let needed = choices.needed_scopes(pending.target_calendar.is_some());
    Ok(scopes::missing(&needed, &tokens.scopes).is_empty())
}

async fn connected(
    engine: &Engine,
    pending: PendingConsent,
    tokens: Tokens,
    account: &Account,
) -> Result<CallbackResult, EngineError> {
    let integration = match retrying_tx!(engine, |tx| store(engine, tx, &pending, &tokens, account).await?)? {
        Ok(integration) => integration,
        Err(reason) => {
            if reason == Reason::OtherAccount {
                revoke_unused_grant(engine, &tokens, &account.sub).await?;
            }
            return failed(engine, pending, reason).await;
        }
    };
    engine.hint();
    let target = pending.target_calendar.as_deref().map(TargetChoice::parse);
    let needs_calendar = match &target {
        Some(target) => !matches!(
            change(engine, &integration.id, target).await?,
            RetargetResult::Done | RetargetResult::AlreadySo
        ),
        // Who wants one of theirs chooses now, also where a calendar of its own is in use: what is there moves.
        None => pending.calendar_choice == CalendarChoice::Existing && !has_theirs(&integration),
    };
    Ok(CallbackResult::Connected {
        user_id: integration.user_id,
        integration_id: integration.id,
        choice: pending.calendar_choice,
        needs_calendar,
        target,
        return_url: pending.return_url,
    })
}

/// Stores the connection with its tokens and the end of the try, or tells why there is none.
async fn store(
    engine: &Engine,
    tx: &mut Tx,
    pending: &PendingConsent,
    tokens: &Tokens,
    account: &Account,
) -> Result<Result<Integration, Reason>, EngineError> {
    let now = engine.now();
    if users::lock_active(tx, &pending.user_id).await?.is_none() {
        return Ok(Err(Reason::LinkExpired));
    }
    consent::set_account_email(tx, &pending.id, account.email.as_deref()).await?;
    let live =
        integrations::of_user(tx, &pending.user_id).await?.into_iter().find(Integration::is_live_at_google);
    let is_other = |live: &Integration| live.account_sub.as_deref().is_some_and(|sub| sub != account.sub);
    if live.as_ref().is_some_and(is_other) {
        return Ok(Err(Reason::OtherAccount));
    }
    let choices = ConsentChoices::with(tx, live.as_ref(), pending.calendar_choice).await?;
    let new = Connection {
        user_id: &pending.user_id,
        grant: google::grant(engine.google(), tokens, now),
        client_id: engine.google().client().client_id(),
        account_sub: &account.sub,
        account_email: account.email.as_deref().unwrap_or_default(),
        account_domain: account.hd.as_deref(),
        scopes: &tokens.scopes,
        calendar_choice: choices.kept(),
    };
    let connected = integrations::connect(engine.store(), tx, new, engine.new_id(), now).await?;
    let Some(integration) = connected else { return Ok(Err(Reason::WaitingTurn)) };
    mappings::mark_all_due(tx, &integration.user_id, now).await?;
    consent::end(tx, &pending.id, None, now).await?;
    Ok(Ok(integration))
}

/// Whether one of the user's own calendars is in use.
fn has_theirs(integration: &Integration) -> bool {
    integration.calendar_choice == CalendarChoice::Existing && integration.target_calendar_id.is_some()
}
