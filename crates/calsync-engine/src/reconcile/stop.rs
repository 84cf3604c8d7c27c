//! When a pass sends nothing more: something concerns the whole connection, its lease runs out, its account has no
//! room, or others wait for its place. Asked before each step, and again once a call's turn has come.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calsync_core::pause::is_outage;
use calsync_google::Failure;
use calsync_store::leases::Lease;
use jiff::{SignedDuration, Timestamp};

use crate::google::{CallError, lease_covers_call};
use crate::{Engine, EngineError};

/// How long a pass goes on while others wait for a place: a change just made waits for no backfill.
const SLICE: SignedDuration = SignedDuration::from_secs(1);
/// So many server errors and nothing else pause the whole connection.
const OUTAGES_MAX: usize = 3;

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
    /// Whether Google answered anything but server errors.
    is_answered: bool,
    outages: Vec<Failure>,
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

    /// Hears how a call ended. Where Google answers nothing but server errors, to no item of the connection, the
    /// connection pauses.
    pub(super) fn hear(&self, failure: Option<&Failure>) {
        let mut state = self.state();
        match failure.filter(|failure| is_outage(failure.reason)) {
            Some(failure) => state.outages.push(failure.clone()),
            None => state.is_answered = true,
        }
        if state.outages.len() >= OUTAGES_MAX {
            state.pause_for_outage();
        }
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
        let mut state = std::mem::take(&mut *self.state());
        state.pause_for_outage();
        state
    }

    fn state(&self) -> MutexGuard<'_, StopState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StopState {
    fn pause_for_outage(&mut self) {
        if !self.is_answered && self.failure.is_none() {
            self.failure = self.outages.pop();
        }
    }

    const fn is_set(&self) -> bool {
        self.failure.is_some() || self.put_off_until.is_some()
    }
}
