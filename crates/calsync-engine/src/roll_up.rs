//! Counts what was recorded since the last round: attempts, in error groups and by the hour, and the states
//! of connections. Each worker does it; what one has counted is not there for another.

use calsync_store::{attempts, connection_counts};

use crate::transaction::in_batches;
use crate::{Engine, EngineError};

/// Rows counted in one transaction.
const BATCH: i64 = 1_000;

/// Counts all that is there.
///
/// # Errors
/// If the store fails.
pub async fn round(engine: &Engine) -> Result<(), EngineError> {
    let mut tx = engine.store().read().await?;
    let attempts = attempts::is_uncounted(&mut tx).await?;
    let connections = connection_counts::is_uncounted(&mut tx).await?;
    drop(tx);
    if attempts {
        in_batches!(engine, BATCH, |tx| attempts::roll_up(tx, BATCH));
    }
    if connections {
        in_batches!(engine, BATCH, |tx| connection_counts::roll_up(tx, BATCH));
    }
    Ok(())
}
