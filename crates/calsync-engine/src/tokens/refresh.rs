//! One refresh, in one flight: claim the row, call, store where nothing changed meanwhile.
//!
//! While Google refuses our OAuth client nobody is at fault but the deployment: nothing is marked,
//! and one call a minute tries for all connections.

use calsync_core::outcome::Outcome;
use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::integrations::{self, RefreshedBy};
use calsync_store::{Tx, client_trouble};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::{Access, NoAccess, grant, unasked};
use crate::{Engine, EngineError};

/// How long a claim to refresh stands, should its holder die: longer than the longest call.
const CLAIM: SignedDuration = SignedDuration::from_secs(45);
/// Between two tries whether Google takes our client again.
const CLIENT_TRY_AGAIN: SignedDuration = SignedDuration::from_mins(1);

pub(super) async fn refresh(
    engine: &Engine,
    id: &str,
    version: i64,
    refresh_token: &SecretString,
) -> Result<Result<Access, NoAccess>, EngineError> {
    let asked_at = engine.now();
    let mut tx = engine.store().begin().await?;
    let trouble = client_trouble::next_try(&mut tx).await?;
    if let Some(next_try) = trouble
        && !takes_try(&mut tx, next_try, asked_at).await?
    {
        return Ok(Err(NoAccess::Failed(unasked(Outcome::PutOff, Reason::ClientInvalid))));
    }
    let claimed = integrations::claim_refresh(&mut tx, id, version, CLAIM, asked_at).await?;
    tx.commit().await?;
    if !claimed {
        return Ok(Err(NoAccess::Busy));
    }
    let answer = engine.google().refresh(refresh_token).await;
    let now = engine.now();
    let mut tx = engine.store().begin().await?;
    match &answer {
        Ok(_) if trouble.is_some() => client_trouble::end(&mut tx).await?,
        Err(failure) if failure.reason == Reason::ClientInvalid => {
            tracing::error!("Google refuses google.client_id or google.client_secret");
            let next_try = now.saturating_add(CLIENT_TRY_AGAIN).unwrap_or(now);
            client_trouble::begin(&mut tx, next_try).await?;
        }
        _ => {}
    }
    let result = match answer {
        Ok(tokens) => {
            let grant = grant(engine, &tokens, asked_at);
            let (store, by) = (engine.store(), RefreshedBy::Sync);
            if integrations::finish_refresh(store, &mut tx, id, version, by, &grant, now).await? {
                Ok(Access { token: tokens.access_token, version: version + 1, is_new: true })
            } else {
                integrations::release_refresh(&mut tx, id, version).await?;
                Err(NoAccess::Busy)
            }
        }
        Err(failure) => {
            integrations::release_refresh(&mut tx, id, version).await?;
            Err(NoAccess::Failed(explained(engine, &mut tx, id, failure).await?))
        }
    };
    tx.commit().await?;
    Ok(result)
}

/// Whether the caller is the one who tries, at `now`, if Google takes our client again.
async fn takes_try(tx: &mut Tx, next_try: Timestamp, now: Timestamp) -> Result<bool, EngineError> {
    Ok(next_try <= now && client_trouble::take_try(tx, next_try, CLIENT_TRY_AGAIN, now).await?)
}

/// `failure` with the reason that our own dates and counts show, where Google names none.
async fn explained(engine: &Engine, tx: &mut Tx, id: &str, failure: Failure) -> Result<Failure, EngineError> {
    if failure.reason != Reason::GrantUnknown {
        return Ok(failure);
    }
    let grant = integrations::dead_grant(tx, id, engine.google().client_id(), engine.now()).await?;
    Ok(Failure { reason: grant.cause().reason(), ..failure })
}
