//! Transactions of the endpoints: each that writes is run again where others were in its way.

/// Runs what stands behind `|tx|` in a transaction and commits it; see [`calsync_store::transaction!`].
#[macro_export]
macro_rules! retrying_tx {
    ($engine:expr, |$tx:ident| $work:expr) => {
        calsync_store::transaction!(calsync_store::StoreError, $engine.store(), |$tx| $work)
    };
}
