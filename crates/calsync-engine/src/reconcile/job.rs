//! Passes as jobs of the worker: an integration is claimed for a while, and nobody else works on it meanwhile.

use std::time::Duration;

use calsync_store::leases::{self, Lease};
use jiff::{SignedDuration, Timestamp};

use crate::job::Job;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// How long a claimed integration is ours: long enough for many calls, and a dead worker's integrations
/// are free after it.
const LEASE: SignedDuration = SignedDuration::from_secs(25);

/// Claims up to `limit` integrations that are due.
///
/// # Errors
/// If the store fails.
pub async fn claim(engine: &Engine, owner: &str, limit: usize) -> Result<Vec<Lease>, EngineError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let now = engine.now();
    retrying_tx!(engine, |tx| leases::claim(tx, owner, LEASE, now, limit).await?)
}

/// The job that makes passes over integrations.
pub(crate) struct SyncPass;

impl Job for SyncPass {
    type Claimed = Lease;

    /// More than Google's ceiling of 167 calls a second needs for integrations of one change, and few enough that
    /// the changes of a busy moment gather and share a pass.
    const AT_ONCE: usize = 48;
    /// A pass sends nothing that its lease doesn't outlast.
    const TIME_OUT: Duration = Duration::from_secs(60);
    const ENDS_AT_SHUTDOWN: bool = true;

    fn name(&self) -> &'static str {
        "pass"
    }

    async fn release_all(&self, engine: &Engine) -> Result<(), EngineError> {
        retrying_tx!(engine, |tx| leases::release_all(tx).await?)
    }

    async fn next_due(&self, engine: &Engine) -> Result<Option<Timestamp>, EngineError> {
        let mut tx = engine.store().read().await?;
        Ok(leases::next_due(&mut tx, engine.now()).await?)
    }

    async fn claim(&mut self, engine: &Engine, owner: &str, limit: usize) -> Result<Vec<Lease>, EngineError> {
        let leases = claim(engine, owner, limit).await?;
        engine.set_work_waiting(leases.len() == limit);
        Ok(leases)
    }

    async fn hinted(engine: &Engine) {
        engine.hinted().await;
    }

    fn id(lease: &Lease) -> Option<&str> {
        Some(&lease.integration_id)
    }

    async fn run(engine: Engine, lease: Lease) -> Result<(), EngineError> {
        super::pass(&engine, &lease).await
    }
}
