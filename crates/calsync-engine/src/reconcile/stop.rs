//! When a pass sends nothing more: something concerns the whole integration, its lease runs out, or others
//! wait for its place. Asked before each step, and again once a call's turn has come.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calsync_google::GoogleClient;
use calsync_store::leases::Lease;
use jiff::{SignedDuration, Timestamp};

use super::integration_failure::IntegrationFailure;
use super::lease_covers_call;
use crate::Engine;

/// How long a pass goes on while others wait for a place: a change just made waits for no backfill.
const SLICE: SignedDuration = SignedDuration::from_secs(1);

/// Clones are one.
#[derive(Clone)]
pub(super) struct Stop(Arc<Inner>);

struct Inner {
    engine: Engine,
    lease_until: Timestamp,
    /// When it makes room for others.
    yields_at: Timestamp,
    failure: Mutex<Option<IntegrationFailure>>,
}

impl Stop {
    pub(super) fn new(engine: &Engine, lease: &Lease) -> Self {
        let failure = Mutex::new(None);
        let yields_at = engine.now() + SLICE;
        Self(Arc::new(Inner { engine: engine.clone(), lease_until: lease.until_local, yields_at, failure }))
    }

    /// Google, for as long as the pass may go on.
    pub(super) fn google(&self) -> GoogleClient {
        let stop = self.clone();
        self.0.engine.google_while(move || !stop.is_due())
    }

    /// Whether no further call may be sent.
    pub(super) fn is_due(&self) -> bool {
        let engine = &self.0.engine;
        self.failure().is_some()
            || engine.is_shutting_down()
            || (engine.has_work_waiting() && engine.now() >= self.0.yields_at)
            || !lease_covers_call(engine, self.0.lease_until)
    }

    /// Stops the pass for `failure`, unless something did before.
    pub(super) fn set(&self, failure: IntegrationFailure) {
        self.failure().get_or_insert(failure);
    }

    pub(super) fn take(&self) -> Option<IntegrationFailure> {
        self.failure().take()
    }

    fn failure(&self) -> MutexGuard<'_, Option<IntegrationFailure>> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
