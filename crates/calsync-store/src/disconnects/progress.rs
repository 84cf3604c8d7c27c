//! How a disconnect gets on: what its worker keeps of each step, and how it lets go.

use calsync_core::disconnect::SagaState;
use jiff::Timestamp;

use super::{DisconnectStep, TABLE};
use crate::db::execute;
use crate::leases::Lease;
use crate::time::micros;
use crate::{Result, StoreError, Tx};

/// Counts items that were removed: the step gets on, so earlier failures don't count against it.
/// Like all here, after [`crate::leases::disconnects::extend`] in the same transaction.
pub async fn count_removed(tx: &mut Tx, lease: &Lease, items: i64) -> Result<()> {
    execute!(tx, "UPDATE disconnects SET removed = removed + $2, tries = 0 WHERE id = $1", &lease.id, items,)?;
    Ok(())
}

/// Keeps how a step ended; the next one begins. What a step that is taken again told before stays in
/// its receipt.
pub async fn end_step(tx: &mut Tx, lease: &Lease, step: &DisconnectStep) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO disconnect_steps (disconnect_id, name, outcome, receipt, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (disconnect_id, name) DO UPDATE SET outcome = excluded.outcome, at = excluded.at,
             receipt = disconnect_steps.receipt || ' ' || excluded.receipt, is_open = FALSE
         WHERE disconnect_steps.is_open
             OR disconnect_steps.outcome NOT IN ('done', 'already_so', 'could_not', 'skipped')",
        &lease.id,
        step.name.name(),
        step.outcome.name(),
        &step.receipt,
        micros(step.at),
    )?;
    execute!(tx, "UPDATE disconnects SET tries = 0 WHERE id = $1", &lease.id)?;
    Ok(())
}

/// How a disconnect waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it is carried on.
    pub due_at: Timestamp,
    /// Whether the step in hand failed, and did not only have to wait.
    pub failed: bool,
}

/// Releases the disconnect until it is due.
pub async fn pause(tx: &mut Tx, lease: &Lease, pause: Pause) -> Result<()> {
    execute!(
        tx,
        "UPDATE disconnects SET due_at = $2, tries = CASE WHEN $3 THEN tries + 1 ELSE tries END,
             lease_owner = NULL, lease_until = 0 WHERE id = $1",
        &lease.id,
        micros(pause.due_at),
        pause.failed,
    )?;
    Ok(())
}

/// Ends the disconnect.
pub async fn finish(tx: &mut Tx, lease: &Lease, state: SagaState, now: Timestamp) -> Result<()> {
    let ended = execute!(
        tx,
        "UPDATE disconnects SET state = $2, ended_at = $3, lease_owner = NULL, lease_until = 0 WHERE id = $1",
        &lease.id,
        state.name(),
        micros(now),
    )?;
    if ended == 1 { Ok(()) } else { Err(StoreError::corrupt(TABLE, "id", &lease.id)) }
}
