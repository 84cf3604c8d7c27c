//! Sends what is due, a bounded number at once. What waits is a due time in the store.
//!
//! At shutdown it claims nothing more and hears the answers that are still under way.

use std::time::Duration;

use calsync_store::webhooks::{self, Claim};
use tokio_util::sync::CancellationToken;

use super::send::{LEASE, deliver};
use crate::jobs::Jobs;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Deliveries under way at once: as much as one receiver should be asked to take.
const IN_FLIGHT_MAX: usize = 16;
/// How long to wait at most before the store is asked again.
const POLL_MAX: Duration = Duration::from_secs(1);

/// Claims up to `limit` deliveries that are due.
///
/// # Errors
/// If the store fails.
pub async fn claim(engine: &Engine, limit: usize) -> Result<Vec<Claim>, EngineError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    retrying_tx!(engine, |tx| webhooks::claim(tx, LEASE, engine.now(), limit).await?)
}

/// Works until `stop`; without a webhook there is nothing to do.
///
/// # Errors
/// If the store can't be reached at the start.
pub async fn run(engine: Engine, stop: CancellationToken) -> Result<(), EngineError> {
    if engine.webhook().is_none() {
        stop.cancelled().await;
        return Ok(());
    }
    if engine.store().is_single_process() {
        retrying_tx!(engine, |tx| webhooks::release_all(tx).await?)?;
    }
    let mut under_way = Jobs::new(engine.clone(), "delivery", IN_FLIGHT_MAX);
    while !stop.is_cancelled() {
        if let Err(error) = claim_more(&engine, &mut under_way).await {
            tracing::error!(%error, "could not claim webhook deliveries");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.hinted_of_webhooks() => {}
            () = under_way.one_ended() => {}
            _ = tokio::time::timeout(POLL_MAX, std::future::pending::<()>()) => {}
        }
    }
    under_way.drain().await;
    Ok(())
}

async fn claim_more(engine: &Engine, under_way: &mut Jobs) -> Result<(), EngineError> {
    let mut tx = engine.store().read().await?;
    let next_due = webhooks::next_due(&mut tx).await?;
    drop(tx);
    let free = under_way.free();
    if free == 0 || next_due.is_none_or(|due_at| due_at > engine.now()) {
        return Ok(());
    }
    for claim in claim(engine, free).await? {
        let engine = engine.clone();
        under_way.begin(claim.delivery_id.clone(), async move { deliver(&engine, &claim).await });
    }
    Ok(())
}
