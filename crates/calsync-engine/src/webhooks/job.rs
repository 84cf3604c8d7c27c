//! Deliveries as jobs of the worker.

use std::time::Duration;

use calsync_store::leases::{self, Lease};
use jiff::Timestamp;

use super::send::{LEASE, deliver};
use crate::job::Job;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Claims up to `limit` deliveries that are due.
///
/// # Errors
/// If the store fails.
pub async fn claim(engine: &Engine, owner: &str, limit: usize) -> Result<Vec<Lease>, EngineError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let now = engine.now();
    retrying_tx!(engine, |tx| leases::deliveries::claim(tx, owner, LEASE, now, limit).await?)
}

/// The job that sends what is due; without a webhook there is nothing to do.
pub(crate) struct Delivering;

impl Job for Delivering {
    type Claimed = Lease;

    /// As much as one receiver should be asked to take.
    const AT_ONCE: usize = 16;
    /// As long as its lease.
    const TIME_OUT: Duration = Duration::from_secs(60);
    const ENDS_AT_SHUTDOWN: bool = true;

    fn name(&self) -> &'static str {
        "delivery"
    }

    async fn next_due(&self, engine: &Engine) -> Result<Option<Timestamp>, EngineError> {
        if engine.webhook().is_none() {
            return Ok(None);
        }
        let mut tx = engine.store().read().await?;
        Ok(leases::deliveries::next_due(&mut tx).await?)
    }

    async fn claim(&mut self, engine: &Engine, owner: &str, limit: usize) -> Result<Vec<Lease>, EngineError> {
        claim(engine, owner, limit).await
    }

    async fn hinted(engine: &Engine) {
        engine.hinted_of_webhooks().await;
    }

    fn id(lease: &Lease) -> Option<&str> {
        Some(&lease.id)
    }

    async fn run(engine: Engine, lease: Lease) -> Result<(), EngineError> {
        deliver(&engine, &lease).await
    }
}
