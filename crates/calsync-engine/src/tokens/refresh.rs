//! One refresh, in one flight: claim the row, call, store where nothing changed meanwhile.
//!
//! While Google refuses our OAuth client nobody is at fault but the deployment: nothing is marked,
//! and one call a minute tries for all connections.

use calsync_core::outcome::Outcome;
use calsync_core::reason::Reason;
use calsync_google::{Failure, Tokens};
use calsync_store::integrations::{self, RefreshedBy};
use calsync_store::{Tx, client_breaker};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::{Access, AccessError, grant, local_failure};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// How long a claim to refresh stands, should its holder die: longer than the longest call.
const CLAIM: SignedDuration = SignedDuration::from_secs(45);
/// A refresh is sent only with this much of its claim left: longer than a call takes, since it may have
/// waited for its turn.
const LEFT_OF_CLAIM_MIN: SignedDuration = SignedDuration::from_secs(12);
/// Between two tries whether Google takes our client again.
const CLIENT_TRY_AGAIN: SignedDuration = SignedDuration::from_mins(1);

pub(super) async fn refresh(
    engine: &Engine,
    id: &str,
    version: i64,
    refresh_token: &SecretString,
) -> Result<Result<Access, AccessError>, EngineError> {
    let asked_at = engine.now();
    let (trouble, may_try, claimed) = retrying_tx!(engine, |tx| {
        let trouble = client_breaker::next_try(tx).await?;
        let may_try = match trouble {
            Some(next_try) => takes_try(tx, next_try, asked_at).await?,
            None => true,
        };
        let claimed = may_try && integrations::claim_refresh(tx, id, version, CLAIM, asked_at).await?;
        (trouble, may_try, claimed)
    })?;
    if !may_try {
        return Ok(Err(AccessError::Failed(local_failure(Outcome::PutOff, Reason::ClientInvalid))));
    }
    if !claimed {
        return Ok(Err(AccessError::Busy));
    }
    let clock = engine.clone();
    let in_time = move || clock.now() + LEFT_OF_CLAIM_MIN <= asked_at + CLAIM;
    let answer = engine.google_while(in_time).refresh(refresh_token).await;
    if answer.as_ref().is_err_and(|failure| failure.reason == Reason::ClientInvalid) {
        tracing::error!("Google refuses google.client_id or google.client_secret");
    }
    retrying_tx!(engine, |tx| store(engine, tx, (id, version), &answer, trouble.is_some(), asked_at).await?)
}

/// Stores the answer to a refresh of the tokens at `version`, which was claimed and asked at `asked_at`.
async fn store(
    engine: &Engine,
    tx: &mut Tx,
    (id, version): (&str, i64),
    answer: &Result<Tokens, Failure>,
    ends_trouble: bool,
    asked_at: Timestamp,
) -> Result<Result<Access, AccessError>, EngineError> {
    let now = engine.now();
    let tokens = match answer {
        Ok(tokens) => tokens,
        Err(failure) => {
            if failure.reason == Reason::ClientInvalid {
                let next_try = now.saturating_add(CLIENT_TRY_AGAIN).unwrap_or(now);
                client_breaker::begin(tx, next_try).await?;
            }
            integrations::release_refresh(tx, id, version).await?;
            return Ok(Err(match failure.is_put_off() {
                true => AccessError::Busy,
                false => AccessError::Failed(explained(engine, tx, id, failure.clone()).await?),
            }));
        }
    };
    if ends_trouble {
        client_breaker::end(tx).await?;
    }
    let (grant, by) = (grant(engine, tokens, asked_at), RefreshedBy::Sync);
    if !integrations::finish_refresh(engine.store(), tx, id, version, by, &grant, now).await? {
        integrations::release_refresh(tx, id, version).await?;
        return Ok(Err(AccessError::Busy));
    }
    Ok(Ok(Access { token: tokens.access_token.clone(), version: version + 1, is_new: true }))
}

/// Whether the caller is the one who tries, at `now`, if Google takes our client again.
async fn takes_try(tx: &mut Tx, next_try: Timestamp, now: Timestamp) -> Result<bool, EngineError> {
    Ok(next_try <= now && client_breaker::take_try(tx, next_try, CLIENT_TRY_AGAIN, now).await?)
}

/// `failure` with the reason that our own dates and counts show, where Google names none.
async fn explained(engine: &Engine, tx: &mut Tx, id: &str, failure: Failure) -> Result<Failure, EngineError> {
    if failure.reason != Reason::GrantUnknown {
        return Ok(failure);
    }
    let grant = integrations::dead_grant(tx, id, engine.google().client_id(), engine.now()).await?;
    Ok(Failure { reason: grant.cause().reason(), ..failure })
}
