//! Notes how operations at Google ended, to be stored with the transaction that they belong to. A good read
//! changes nothing, so it is only counted; all else is a row.

use std::sync::{Mutex, MutexGuard, PoisonError};

use calsync_core::item::ItemKey;
use calsync_core::outcome::{Operation, Outcome};
use calsync_google::Failure;
use calsync_store::Tx;
use calsync_store::attempts::{self, Attempt};
use calsync_store::integrations::Integration;

use super::Google;
use super::pauses::Observed;
use crate::{EngineError, trace};

/// What one caller tries for one connection, under the trace id of the pass, the request or the hold of a disconnect
/// that it is a part of.
pub(crate) struct Journal {
    google: Google,
    user_id: String,
    integration_id: String,
    trace_id: String,
    is_probe: bool,
    noted: Mutex<Noted>,
}

/// What was noted.
#[derive(Default)]
pub(crate) struct Noted {
    attempts: Vec<Attempt>,
    good_reads: u64,
    observed: Observed,
}

impl Journal {
    pub(super) fn new(google: &Google, integration: &Integration, is_probe: bool) -> Self {
        Self {
            google: google.clone(),
            user_id: integration.user_id.clone(),
            integration_id: integration.id.clone(),
            trace_id: trace::current().unwrap_or_else(|| google.new_id()),
            is_probe,
            noted: Mutex::default(),
        }
    }

    /// The journal of a caller that tries whether a pause is over.
    pub(super) fn of_probe(self) -> Self {
        Self { is_probe: true, ..self }
    }

    /// Notes one outcome of one operation.
    pub(crate) fn note(
        &self,
        item: Option<&ItemKey>,
        operation: Operation,
        answer: Result<Outcome, &Failure>,
    ) {
        let outcome = answer.unwrap_or_else(|failure| failure.outcome);
        self.google.metrics().count_attempt(operation, outcome);
        if answer.is_ok() && operation.is_read() {
            self.google.count_good_read();
            self.noted().good_reads += 1;
            return;
        }
        let failure = answer.err();
        if let Some(failure) = failure {
            tracing::info!(
                operation = operation.name(),
                outcome = outcome.name(),
                reason = failure.reason.name(),
                http_status = failure.http_status,
                "an attempt at Google did not succeed"
            );
        }
        let attempt = Attempt {
            id: self.google.new_id(),
            at: self.google.now(),
            user_id: self.user_id.clone(),
            integration_id: self.integration_id.clone(),
            item: item.cloned(),
            operation,
            outcome,
            reason: failure.map(|failure| failure.reason),
            http_status: failure.and_then(|failure| failure.http_status),
            provider_reason: failure.and_then(|failure| failure.provider_reason.clone()),
            provider_message: failure.and_then(|failure| failure.provider_message.clone()),
            trace_id: self.trace_id.clone(),
        };
        self.noted().attempts.push(attempt);
    }

    /// Takes note of what an answer says of Google as a whole.
    pub(super) fn observe(&self, operation: Operation, answer: Result<(), &Failure>) {
        self.noted().observed.add(operation, answer);
    }

    /// Takes what was noted, for [`Self::store`].
    pub(crate) fn take(&self) -> Noted {
        std::mem::take(&mut *self.noted())
    }

    /// Stores it, with the pauses that follow from it.
    pub(crate) async fn store(&self, tx: &mut Tx, noted: &Noted) -> Result<(), EngineError> {
        attempts::record_all(tx, &noted.attempts).await?;
        let connection = (self.integration_id.as_str(), self.is_probe);
        self.google.store_pauses(tx, connection, noted.observed).await
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    /// Whether there is nothing to store.
    pub(crate) fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// Whether any operation succeeded.
    pub(crate) fn has_success(&self) -> bool {
        self.good_reads > 0 || self.attempts.iter().any(|attempt| !attempt.outcome.is_error())
    }

    /// Whether any operation failed.
    pub(crate) fn has_failure(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.outcome.is_error())
    }
}
