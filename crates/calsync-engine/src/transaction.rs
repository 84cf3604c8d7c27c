//! The engine's transactions: each that writes is run again where others were in its way.

use calsync_store::StoreError;
use calsync_store::transaction::TransactionError;

use crate::EngineError;

impl TransactionError for EngineError {
    fn of_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
        }
    }
}

/// Runs what stands behind `|tx|` in a transaction and commits it; see [`calsync_store::transaction!`].
macro_rules! retrying_tx {
    ($engine:expr, |$tx:ident| $work:expr) => {
        calsync_store::transaction!($crate::EngineError, $engine.store(), |$tx| $work)
    };
}

/// Runs what stands behind `|tx|` in one transaction after the other, until one has done less than `batch`.
macro_rules! in_batches {
    ($engine:expr, $batch:expr, |$tx:ident| $work:expr) => {
        while $crate::transaction::retrying_tx!($engine, |$tx| $work.await?)? == $batch.unsigned_abs() {}
    };
}
pub(crate) use {in_batches, retrying_tx};
