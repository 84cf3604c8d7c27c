//! Notes how operations at Google ended, to be stored with the transaction that they belong to.

use calsync_core::item::ItemKey;
use calsync_core::outcome::{Operation, Outcome};
use calsync_google::Failure;
use calsync_store::Tx;
use calsync_store::attempts::{self, Attempt};
use calsync_store::integrations::Integration;

use crate::{Engine, EngineError, trace};

/// The attempts of one pass, of one hold of a disconnect, or of a request; they have its trace id.
pub(crate) struct Journal<'a> {
    engine: &'a Engine,
    user_id: String,
    integration_id: String,
    trace_id: String,
    attempts: Vec<Attempt>,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(engine: &'a Engine, integration: &Integration) -> Self {
        Self {
            engine,
            user_id: integration.user_id.clone(),
            integration_id: integration.id.clone(),
            trace_id: trace::current().unwrap_or_else(|| engine.new_id()),
            attempts: Vec::new(),
        }
    }

    /// Notes one outcome of one operation.
    pub(crate) fn note(
        &mut self,
        item: Option<&ItemKey>,
        operation: Operation,
        answer: Result<Outcome, &Failure>,
    ) {
        let failure = answer.err();
        let outcome = answer.unwrap_or_else(|failure| failure.outcome);
        self.engine.metrics().count_attempt(operation, outcome);
        if let Some(failure) = failure {
            tracing::info!(
                operation = operation.name(),
                outcome = outcome.name(),
                reason = failure.reason.name(),
                http_status = failure.http_status,
                "an attempt at Google did not succeed"
            );
        }
        self.attempts.push(Attempt {
            id: self.engine.new_id(),
            at: self.engine.now(),
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
        });
    }

    /// Whether any operation succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        self.attempts.iter().any(|attempt| !attempt.outcome.is_error())
    }

    /// Whether any operation failed.
    pub(crate) fn failed(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.outcome.is_error())
    }

    /// Stores what was noted. It stays noted, since the transaction may have to be run again.
    pub(crate) async fn store(&self, tx: &mut Tx) -> Result<(), EngineError> {
        Ok(attempts::record_all(tx, &self.attempts).await?)
    }

    /// Forgets what was noted, once it is stored for good.
    pub(crate) fn clear(&mut self) {
        self.attempts.clear();
    }
}
