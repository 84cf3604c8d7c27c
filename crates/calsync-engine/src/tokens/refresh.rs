//! One refresh, in one flight: claim the row, call, store where nothing changed meanwhile.

use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::Tx;
use calsync_store::integrations;
use jiff::SignedDuration;
use secrecy::SecretString;

use super::{Access, NoAccess, grant};
use crate::{Engine, EngineError};

/// How long a claim to refresh stands, should its holder die: longer than the longest call.
const CLAIM: SignedDuration = SignedDuration::from_secs(45);

pub(super) async fn refresh(
    engine: &Engine,
    id: &str,
    version: i64,
    refresh_token: &SecretString,
) -> Result<Result<Access, NoAccess>, EngineError> {
    let asked_at = engine.now();
    let mut tx = engine.store().begin().await?;
    let claimed = integrations::claim_refresh(&mut tx, id, version, CLAIM, asked_at).await?;
    tx.commit().await?;
    if !claimed {
        return Ok(Err(NoAccess::Busy));
    }
    let answer = engine.google().refresh(refresh_token).await;
    let now = engine.now();
    let mut tx = engine.store().begin().await?;
    let result = match answer {
        Ok(tokens) => {
            let grant = grant(engine, &tokens, asked_at);
            let store = engine.store();
            if integrations::finish_refresh(store, &mut tx, id, version, &grant, now).await? {
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

/// `failure` with the reason that our own dates and counts show, where Google names none.
async fn explained(engine: &Engine, tx: &mut Tx, id: &str, failure: Failure) -> Result<Failure, EngineError> {
    if failure.reason != Reason::GrantUnknown {
        return Ok(failure);
    }
    let grant = integrations::dead_grant(tx, id, engine.google().client_id(), engine.now()).await?;
    Ok(Failure { reason: grant.cause().reason(), ..failure })
}
