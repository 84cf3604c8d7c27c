//! When a pass sends nothing more: something concerns the whole connection, its lease runs out, its account has no
//! room, or others wait for its place. Asked before each step, and again once a call's turn has come.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calsync_google::Failure;
use calsync_store::leases::Lease;
use jiff::{SignedDuration, Timestamp};

use crate::google::{CallError, lease_covers_call};
use crate::{Engine, EngineError};

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
    state: Mutex<StopState>,
}

/// What stopped a pass.
#[derive(Default)]
pub(super) struct StopState {
    /// What concerns the whole connection.
    pub(super) failure: Option<Failure>,
    /// From when on what was put off can be sent.
    pub(super) put_off_until: Option<Timestamp>,
}

impl Stop {
    pub(super) fn new(engine: &Engine, lease: &Lease) -> Self {
        let yields_at = engine.now() + SLICE;
        let (engine, state) = (engine.clone(), Mutex::default());
        Self(Arc::new(Inner { engine, lease_until: lease.until_local, yields_at, state }))
    }

    /// Whether no further call may be sent.
    pub(super) fn is_due(&self) -> bool {
        let engine = &self.0.engine;
        self.state().is_set()
            || engine.is_shutting_down()
            || (engine.has_work_waiting() && engine.now() >= self.0.yields_at)
            || !lease_covers_call(engine.now(), self.0.lease_until)
    }

    /// Stops the pass for `failure`, unless one did before.
    pub(super) fn set_failure(&self, failure: Failure) {
        self.state().failure.get_or_insert(failure);
    }

    /// Stops the pass for what kept a call from being made.
    ///
    /// # Errors
    /// If that is one of the engine's.
    pub(super) fn set(&self, error: CallError) -> Result<(), EngineError> {
        match error {
            CallError::PutOff { until } => {
                let mut state = self.state();
                state.put_off_until = state.put_off_until.max(Some(until));
            }
            CallError::Unauthorized(failure) | CallError::Failed(failure) => self.set_failure(failure),
            CallError::Engine(error) => return Err(error),
        }
        Ok(())
    }

    pub(super) fn take(&self) -> StopState {
        std::mem::take(&mut *self.state())
    }

    fn state(&self) -> MutexGuard<'_, StopState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StopState {
    const fn is_set(&self) -> bool {
        self.failure.is_some() || self.put_off_until.is_some()
    }
}
