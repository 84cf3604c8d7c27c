//! Carries disconnects on beside the passes of [`crate::worker`], a bounded number at once.
//!
//! At shutdown it claims nothing more and lets go of what is under way at its next step.

use std::time::Duration;

use calsync_store::disconnects::{self, SagaLease};
use tokio_util::sync::CancellationToken;

use super::run::LEASE;
use super::steps::resume;
use crate::jobs::Jobs;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Disconnects under way at once: each has a few calls in flight, and users wait for none of them.
const DISCONNECTS_MAX: usize = 16;
/// How long to wait at most before the store is asked again.
const POLL_MAX: Duration = Duration::from_secs(1);

/// Claims up to `limit` disconnects that are due.
///
/// # Errors
/// If the store fails.
pub async fn claim(engine: &Engine, owner: &str, limit: usize) -> Result<Vec<SagaLease>, EngineError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let now = engine.now();
    retrying_tx!(engine, |tx| disconnects::claim(tx, owner, LEASE, now, limit).await?)
}

/// Works until `stop`. A disconnect that is under way then is dropped where it stands and carried
/// on after the next start: every step may be repeated.
///
/// # Errors
/// If the store can't be reached at the start.
pub async fn run(engine: Engine, stop: CancellationToken) -> Result<(), EngineError> {
    let owner = engine.new_id();
    if engine.store().is_single_process() {
        retrying_tx!(engine, |tx| disconnects::release_all(tx).await?)?;
    }
    let mut under_way = Jobs::new(engine.clone(), "disconnect", DISCONNECTS_MAX);
    while !stop.is_cancelled() {
        if let Err(error) = claim_more(&engine, &owner, &mut under_way).await {
            tracing::error!(%error, "could not claim disconnects");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.hinted_of_disconnects() => {}
            () = under_way.one_ended() => {}
            _ = tokio::time::timeout(POLL_MAX, std::future::pending::<()>()) => {}
        }
    }
    under_way.drop_all().await;
    Ok(())
}

async fn claim_more(engine: &Engine, owner: &str, under_way: &mut Jobs) -> Result<(), EngineError> {
    let mut tx = engine.store().read().await?;
    let next_due = disconnects::next_due(&mut tx).await?;
    drop(tx);
    if next_due.is_none_or(|due_at| due_at > engine.now()) {
        return Ok(());
    }
    for lease in claim(engine, owner, under_way.free()).await? {
        let engine = engine.clone();
        let id = lease.disconnect_id.clone();
        under_way.begin(id, async move { resume(&engine, lease).await });
    }
    Ok(())
}
