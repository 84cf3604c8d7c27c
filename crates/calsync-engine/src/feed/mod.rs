//! The feed of changes as the platform reads it, or is sent it. Positions are assigned when somebody
//! reads, to all changes that are committed by then, so that no loop has to run for it.

mod payload;

pub use payload::{ChangePayload, cursor_position};

use calsync_store::changes;

use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Changes that get positions, or are deleted, in one transaction.
const AT_ONCE: i64 = 1_000;

/// The changes after `position`, at most `limit`, in order. The first reading writes: changes get their
/// places, and one that tells of a connection which still needs its user gets a link.
///
/// # Errors
/// If the store fails.
pub async fn after(engine: &Engine, position: i64, limit: i64) -> Result<Vec<ChangePayload>, EngineError> {
    sequence_all(engine).await?;
    let mut tx = engine.store().read().await?;
    let found = changes::after(&mut tx, position, limit).await?;
    drop(tx);
    let mut payloads = Vec::with_capacity(found.len());
    for change in found {
        payloads.push(payload::build(engine, change).await?);
    }
    Ok(payloads)
}

/// The change with this id; none: it is forgotten.
pub(crate) async fn one(engine: &Engine, id: &str) -> Result<Option<ChangePayload>, EngineError> {
    sequence_all(engine).await?;
    let mut tx = engine.store().read().await?;
    let found = changes::get(&mut tx, id).await?;
    drop(tx);
    match found {
        Some(change) => Ok(Some(payload::build(engine, change).await?)),
        None => Ok(None),
    }
}

async fn sequence_all(engine: &Engine) -> Result<(), EngineError> {
    let mut tx = engine.store().read().await?;
    if !changes::has_unsequenced(&mut tx).await? {
        return Ok(());
    }
    drop(tx);
    loop {
        let placed = retrying_tx!(engine, |tx| changes::assign_positions(tx, AT_ONCE).await?)?;
        if placed < AT_ONCE.unsigned_abs() {
            return Ok(());
        }
    }
}
