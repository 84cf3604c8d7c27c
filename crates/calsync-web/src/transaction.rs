//! The one place where a write is tried again: when the database says that others were in its way.
//!
//! A macro and not a function, since a closure that borrows over an `await` can't promise to be
//! `Send`.

use calsync_store::StoreError;

/// Runs in all; a fourth would meet the same crowd.
const TRIES_MAX: usize = 3;

/// Runs what stands behind `|tx|` in a transaction and commits it: what it gives is stored for good.
/// In there `?` ends the try with a [`StoreError`]. The work must be fit to be run again.
macro_rules! stored {
    ($engine:expr, |$tx:ident| $work:expr) => {{
        let mut tries = 0;
        loop {
            let attempt = async {
                let mut transaction = $engine.store().begin().await?;
                let $tx = &mut transaction;
                let value = $work;
                transaction.commit().await?;
                Ok(value)
            };
            tries += 1;
            match attempt.await {
                Err(error) if $crate::transaction::runs_again(&error, tries) => {}
                done => break done,
            }
        }
    }};
}
pub(crate) use stored;

/// Whether a transaction that ended with `error` is run again.
pub(crate) fn runs_again(error: &StoreError, tries: usize) -> bool {
    let again = error.is_contention() && tries < TRIES_MAX;
    if again {
        tracing::debug!(tries, %error, "a transaction is run again");
    }
    again
}
