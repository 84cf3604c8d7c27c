//! The one place where a transaction is run again: when the database says that others were in its way.
//!
//! A macro and not a function, since a closure that borrows over an `await` can't promise to be
//! `Send`.

use tracing::Instrument;
use tracing::instrument::Instrumented;

use crate::StoreError;

/// Runs in all; one more would meet the same crowd.
const TRIES_MAX: usize = 5;

/// What a transaction can fail with.
pub trait TransactionError: std::error::Error {
    /// The store's own error, if it is one.
    fn of_store(&self) -> Option<&StoreError>;
}

impl TransactionError for StoreError {
    fn of_store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

/// Whether a transaction that ended with `error` is run again after `tries` runs.
pub fn runs_again(error: &impl TransactionError, tries: usize) -> bool {
    let again = error.of_store().is_some_and(StoreError::is_contention) && tries < TRIES_MAX;
    if again {
        tracing::debug!(tries, %error, "retrying a transaction after contention");
    }
    again
}

/// `run` in a span that names the module whose transaction it is.
pub fn in_span<Run: Future>(module: &'static str, run: Run) -> Instrumented<Run> {
    run.instrument(tracing::debug_span!("transaction", module))
}

/// Runs what stands behind `|tx|` in a transaction of a [`Store`](crate::Store) and commits it: what it
/// gives is stored for good. In there `?` ends the run with the error type named first. The work must be
/// fit to be run again: it changes nothing outside of the transaction that a second run would miss.
#[macro_export]
macro_rules! transaction {
    ($error:ty, $store:expr, |$tx:ident| $work:expr) => {{
        let mut tries = 0;
        loop {
            // Boxed: what holds transactions, one in another, would outgrow its stack.
            let attempt = ::std::boxed::Box::pin(async {
                let mut transaction = $store.begin().await?;
                let $tx = &mut transaction;
                let value = $work;
                transaction.commit().await?;
                Ok::<_, $error>(value)
            });
            tries += 1;
            match $crate::transaction::in_span(module_path!(), attempt).await {
                Err(error) if $crate::transaction::runs_again(&error, tries) => {}
                done => break done,
            }
        }
    }};
}
