//! The way back from Google: the consent's grant goes to the disconnect, which carries on, or back
//! to Google at once.

use calsync_core::reason::Reason;
use calsync_google::{Tokens, callback_reason, scopes};
use calsync_store::clean_ups::{self, CleanUp};
use calsync_store::disconnects::{self, Reopened, Saga};
use calsync_store::users;
use secrecy::{ExposeSecret, SecretString};

use super::needed_scopes;
use crate::connect::{Callback, redirect_uri, revoke_unused_grant};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError, google};

/// Finishes the consent that `callback` belongs to, if it belongs to a clean-up; whether it does.
/// How it ended is for [`super::status`] to tell.
///
/// # Errors
/// If the store fails.
pub async fn finish(engine: &Engine, callback: &Callback, browser: &str) -> Result<bool, EngineError> {
    let (state, now) = (callback.state.expose_secret(), engine.now());
    let taken = retrying_tx!(engine, |tx| clean_ups::take(engine.store(), tx, state, browser, now).await?)?;
    let Some((clean_up, verifier)) = taken else { return Ok(false) };
    let mut tx = engine.store().read().await?;
    let saga = disconnects::get(&mut tx, &clean_up.disconnect_id).await?;
    let Some(saga) = saga else { return Ok(true) };
    let needed = needed_scopes(&mut tx, &saga).await?;
    drop(tx);
    let ended = match exchange(engine, callback, verifier).await {
        Ok(tokens) => match check(engine, &tokens, &saga, &needed).await {
            Ok(()) if resume(engine, &clean_up, &tokens).await? => return Ok(true),
            Ok(()) => {
                revoke_unused_grant(engine, &tokens, saga.before.account_sub.as_deref().unwrap_or_default())
                    .await?;
                None
            }
            Err(Refusal { reason, account_sub }) => {
                if let Some(account_sub) = account_sub {
                    revoke_unused_grant(engine, &tokens, &account_sub).await?;
                }
                Some(reason)
            }
        },
        Err(reason) => Some(reason),
    };
    retrying_tx!(engine, |tx| clean_ups::end(tx, &clean_up.id, ended, engine.now()).await?)?;
    Ok(true)
}

async fn exchange(
    engine: &Engine,
    callback: &Callback,
    verifier: Option<SecretString>,
) -> Result<Tokens, Reason> {
    let code = match (&callback.code, &callback.error) {
        (Some(code), None) => code,
        (_, Some(error)) => return Err(callback_reason(error)),
        (None, None) => return Err(Reason::Unknown),
    };
    let verifier = verifier.ok_or(Reason::TokenUnreadable)?;
    let answer = engine.google().client().exchange(code, &verifier, &redirect_uri(engine)).await;
    answer.map_err(|failure| failure.reason)
}

/// A grant that is of no use here.
struct Refusal {
    reason: Reason,
    /// Whose it is, if that is known.
    account_sub: Option<String>,
}

/// Checks that the grant is of the account that was connected, and lets us remove what is left.
async fn check(
    engine: &Engine,
    tokens: &Tokens,
    saga: &Saga,
    needed: &[&'static str],
) -> Result<(), Refusal> {
    let account = engine.google().client().userinfo(&tokens.access_token).await;
    let account = account.map_err(|failure| Refusal { reason: failure.reason, account_sub: None })?;
    let reason = if saga.before.account_sub.as_deref() != Some(&account.sub) {
        Reason::OtherAccount
    } else if !tokens.scopes.is_empty() && !scopes::missing(needed, &tokens.scopes).is_empty() {
        Reason::ConsentPartial
    } else {
        return Ok(());
    };
    Err(Refusal { reason, account_sub: Some(account.sub) })
}

/// Hands the grant to the disconnect; false if nothing is left for it to remove, or its user is being
/// deleted.
async fn resume(engine: &Engine, clean_up: &CleanUp, given: &Tokens) -> Result<bool, EngineError> {
    let now = engine.now();
    let grant = google::grant(engine.google(), given, now);
    let goes_on = retrying_tx!(engine, |tx| {
        if users::lock_active(tx, &clean_up.user_id).await?.is_none() {
            return Ok(false);
        }
        let reopened = disconnects::reopen(tx, &clean_up.disconnect_id, &clean_up.id, now).await?;
        if reopened != Reopened::Running {
            return Ok(false);
        }
        clean_ups::keep_grant(engine.store(), tx, clean_up, &grant).await?;
        true
    })?;
    if goes_on {
        engine.hint_disconnects();
    }
    Ok(goes_on)
}
