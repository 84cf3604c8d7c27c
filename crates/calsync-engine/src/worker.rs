//! The worker: claims due integrations and runs their passes, a bounded number at once. What
//! waits is a due time in the store; a hint only makes it look sooner.
//!
//! At shutdown it claims nothing more; the passes under way send no further call, and store what the
//! calls under way answer.

use std::time::Duration;

use calsync_store::leases::{self, Lease};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::jobs::Jobs;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError, reconcile};

/// How long a claimed integration is ours: long enough for many calls, and a dead worker's integrations
/// are free after it.
const LEASE: SignedDuration = SignedDuration::from_secs(25);
/// Passes under way at once: more than Google's ceiling of 167 calls a second needs for integrations
/// of one change, and few enough that the changes of a busy moment gather and share a pass.
const PASSES_MAX: usize = 48;
/// Between two claims: what comes due within it is claimed together, in one commit.
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait at most before the store is asked again, whatever it said and no matter
/// whether a hint was lost.
const POLL_MAX: Duration = Duration::from_secs(1);
/// How long to wait at least, should something be due that can't be claimed.
const POLL_MIN: Duration = Duration::from_millis(10);

/// Claims up to `limit` integrations that are due.
///
/// # Errors
/// If the store fails.
pub async fn claim(engine: &Engine, owner: &str, limit: usize) -> Result<Vec<Lease>, EngineError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let now = engine.now();
    retrying_tx!(engine, |tx| leases::claim(tx, owner, LEASE, now, limit).await?)
}

/// Works until `stop`, then finishes what is under way.
///
/// # Errors
/// If the store can't be reached at the start.
pub async fn run(engine: Engine, stop: CancellationToken) -> Result<(), EngineError> {
    let owner = engine.new_id();
    if engine.store().is_single_process() {
        retrying_tx!(engine, |tx| leases::release_all(tx).await?)?;
    }
    let mut passes = Jobs::new(engine.clone(), "pass", PASSES_MAX);
    while !stop.is_cancelled() {
        let wait = match claim_more(&engine, &owner, &mut passes).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "could not claim integrations");
                POLL_MAX
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.hinted() => {}
            () = passes.one_ended() => {}
            _ = tokio::time::timeout(wait, std::future::pending::<()>()) => {}
        }
        let _ = tokio::time::timeout(GATHER, stop.cancelled()).await;
    }
    engine.begin_shutdown();
    passes.drain().await;
    Ok(())
}

/// Fills the free places with passes; answers how long to wait if nothing else happens.
async fn claim_more(engine: &Engine, owner: &str, passes: &mut Jobs) -> Result<Duration, EngineError> {
    let free = passes.free();
    if free == 0 {
        return Ok(POLL_MAX);
    }
    let leases = claim(engine, owner, free).await?;
    let is_full = leases.len() == free;
    engine.set_work_waiting(is_full);
    for lease in leases {
        let engine = engine.clone();
        passes.begin(lease.integration_id.clone(), async move { reconcile::pass(&engine, &lease).await });
    }
    if is_full {
        return Ok(POLL_MAX);
    }
    let mut tx = engine.store().read().await?;
    let next_due = leases::next_due(&mut tx, engine.now()).await?;
    let wait = next_due.map(|due_at| due_at.duration_since(engine.now()));
    Ok(wait.map_or(POLL_MAX, |wait| Duration::try_from(wait).unwrap_or_default().clamp(POLL_MIN, POLL_MAX)))
}
