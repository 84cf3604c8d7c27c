//! Disconnects as jobs of the worker, which carries them on beside the passes.

use std::time::Duration;

use calsync_store::leases::{self, Lease};
use jiff::Timestamp;

use super::run::LEASE;
use super::steps::resume;
use crate::job::Job;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Claims up to `limit` disconnects that are due.
///
/// # Errors
/// If the store fails.
pub async fn claim(engine: &Engine, owner: &str, limit: usize) -> Result<Vec<Lease>, EngineError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let now = engine.now();
    retrying_tx!(engine, |tx| leases::disconnects::claim(tx, owner, LEASE, now, limit).await?)
}

/// The job that carries disconnects on.
pub(crate) struct Disconnecting;

impl Job for Disconnecting {
    type Claimed = Lease;

    /// Each has a few calls in flight, and users wait for none of them.
    const AT_ONCE: usize = 16;
    /// Enough for some 30,000 events at the default rate of calls for one user.
    const TIME_OUT: Duration = Duration::from_secs(3_600);
    /// It is carried on after the next start: every step may be repeated.
    const ENDS_AT_SHUTDOWN: bool = false;

    fn name(&self) -> &'static str {
        "disconnect"
    }

    async fn next_due(&self, engine: &Engine) -> Result<Option<Timestamp>, EngineError> {
        let mut tx = engine.store().read().await?;
        Ok(leases::disconnects::next_due(&mut tx, engine.now()).await?)
    }

    async fn claim(&mut self, engine: &Engine, owner: &str, limit: usize) -> Result<Vec<Lease>, EngineError> {
        claim(engine, owner, limit).await
    }

    async fn hinted(engine: &Engine) {
        engine.hinted_of_disconnects().await;
    }

    fn id(lease: &Lease) -> Option<&str> {
        Some(&lease.id)
    }

    async fn run(engine: Engine, lease: Lease) -> Result<(), EngineError> {
        resume(&engine, lease).await
    }
}
