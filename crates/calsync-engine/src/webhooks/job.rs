//! Deliveries as jobs of the worker.

use std::time::Duration;

use calsync_store::webhooks::{self, Claim};
use jiff::Timestamp;

use super::send::{LEASE, deliver};
use crate::job::Job;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Claims up to `limit` deliveries that are due.
///
/// # Errors
/// If the store fails.
pub async fn claim(engine: &Engine, limit: usize) -> Result<Vec<Claim>, EngineError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    retrying_tx!(engine, |tx| webhooks::claim(tx, LEASE, engine.now(), limit).await?)
}

/// The job that sends what is due; without a webhook there is nothing to do.
pub(crate) struct Delivering;

impl Job for Delivering {
    type Claimed = Claim;

    /// As much as one receiver should be asked to take.
    const AT_ONCE: usize = 16;
    /// As long as its lease.
    const TIME_OUT: Duration = Duration::from_secs(60);
    const ENDS_AT_SHUTDOWN: bool = true;

    fn name(&self) -> &'static str {
        "delivery"
    }

    async fn release_all(&self, engine: &Engine) -> Result<(), EngineError> {
        retrying_tx!(engine, |tx| webhooks::release_all(tx).await?)
    }

    async fn next_due(&self, engine: &Engine) -> Result<Option<Timestamp>, EngineError> {
        if engine.webhook().is_none() {
            return Ok(None);
        }
        let mut tx = engine.store().read().await?;
        Ok(webhooks::next_due(&mut tx).await?)
    }

    async fn claim(&mut self, engine: &Engine, _: &str, limit: usize) -> Result<Vec<Claim>, EngineError> {
        claim(engine, limit).await
    }

    async fn hinted(engine: &Engine) {
        engine.hinted_of_webhooks().await;
    }

    fn id(claim: &Claim) -> Option<&str> {
        Some(&claim.delivery_id)
    }

    async fn run(engine: Engine, claim: Claim) -> Result<(), EngineError> {
        deliver(&engine, &claim).await
    }
}
