//! How a worker carries a disconnect on: claim, extend, keep what came of a step, let go.

use calsync_core::disconnect::SagaState;
use jiff::{SignedDuration, Timestamp};

use super::{DisconnectStep, TABLE};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::lease_clock;
use crate::pauses::Paused;
use crate::rows::row;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// A claimed disconnect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaLease {
    /// The disconnect.
    pub disconnect_id: String,
    /// Who holds it.
    pub owner: String,
    /// Its fence.
    pub fence: i64,
    /// Until when on the clock of its holder, who looked at it before the claim: never later than on the
    /// database's, by which it ends.
    pub until_local: Timestamp,
    /// Whether it is to try whether a pause is over ([`crate::pauses`]).
    pub is_probe: bool,
}

row! {
    struct Claimed {
        id: String,
        fence: i64,
    }
}

/// Claims up to `limit` due disconnects for `owner`. While no call may be made it is one at a time, to try whether that
/// is over, and none where an admin paused everything; no other pause holds a disconnect. `now` was read before the
/// transaction began.
pub async fn claim(
    tx: &mut Tx,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SagaLease>> {
    let paused = Paused::read(tx, now).await?;
    if !paused.stops_calls() {
        return claim_due(tx, owner, length, now, limit).await;
    }
    if paused.stops_everything() || !paused.take_probe(tx, now).await? {
        return Ok(Vec::new());
    }
    let mut leases = claim_due(tx, owner, length, now, limit.min(1)).await?;
    leases.iter_mut().for_each(|lease| lease.is_probe = true);
    if leases.is_empty() {
        paused.return_probe(tx).await?;
    }
    Ok(leases)
}

async fn claim_due(
    tx: &mut Tx,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SagaLease>> {
    let clock = lease_clock(tx, now).await?;
    // The conditions stand twice: whoever waited here for a row that another took looks again. The second limit, which
    // no caller reaches, tells Postgres' planner that it gets few rows.
    let rows = fetch_all!(
        tx,
        Claimed,
        "WITH due AS MATERIALIZED (
             SELECT id FROM disconnects WHERE state = 'running' AND due_at <= $2 AND lease_until <= $3
             ORDER BY due_at, id LIMIT $5)
         UPDATE disconnects SET lease_owner = $1, lease_until = $4, fence = fence + 1
         WHERE id IN (SELECT id FROM due LIMIT 100) AND state = 'running' AND lease_until <= $3
         RETURNING id, fence",
        owner,
        micros(now),
        micros(clock),
        micros(end(clock, length)),
        limit,
    )?;
    let lease = |row: Claimed| SagaLease {
        disconnect_id: row.id,
        owner: owner.to_owned(),
        fence: row.fence,
        until_local: end(now, length),
        is_probe: false,
    };
    Ok(rows.into_iter().map(lease).collect())
}

fn end(clock: Timestamp, length: SignedDuration) -> Timestamp {
    clock.saturating_add(length).unwrap_or(clock)
}

/// Makes the lease last for `length` from now, and locks the disconnect for this transaction; if it
/// was lost, nothing may be written. `now` was read before the transaction began.
pub async fn extend(
    tx: &mut Tx,
    lease: &mut SagaLease,
    length: SignedDuration,
    now: Timestamp,
) -> Result<()> {
    let until = end(lease_clock(tx, now).await?, length);
    let held = execute!(
        tx,
        "UPDATE disconnects SET lease_until = $3 WHERE id = $1 AND fence = $2 AND state = 'running'",
        &lease.disconnect_id,
        lease.fence,
        micros(until),
    )?;
    if held != 1 {
        return Err(StoreError::LeaseLost(lease.disconnect_id.clone()));
    }
    lease.until_local = end(now, length);
    Ok(())
}

/// Counts items that were removed: the step gets on, so earlier failures don't count against it.
/// Like all below, after [`extend`] in the same transaction.
pub async fn count_removed(tx: &mut Tx, lease: &SagaLease, items: i64) -> Result<()> {
    execute!(
        tx,
        "UPDATE disconnects SET removed = removed + $2, tries = 0 WHERE id = $1",
        &lease.disconnect_id,
        items,
    )?;
    Ok(())
}

/// Keeps how a step ended; the next one begins. What a step that is taken again told before stays in
/// its receipt.
pub async fn end_step(tx: &mut Tx, lease: &SagaLease, step: &DisconnectStep) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO disconnect_steps (disconnect_id, name, outcome, receipt, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (disconnect_id, name) DO UPDATE SET outcome = excluded.outcome, at = excluded.at,
             receipt = disconnect_steps.receipt || ' ' || excluded.receipt, is_open = FALSE
         WHERE disconnect_steps.is_open
             OR disconnect_steps.outcome NOT IN ('done', 'already_so', 'could_not', 'skipped')",
        &lease.disconnect_id,
        step.name.name(),
        step.outcome.name(),
        &step.receipt,
        micros(step.at),
    )?;
    execute!(tx, "UPDATE disconnects SET tries = 0 WHERE id = $1", &lease.disconnect_id)?;
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
pub async fn pause(tx: &mut Tx, lease: &SagaLease, pause: Pause) -> Result<()> {
    execute!(
        tx,
        "UPDATE disconnects SET due_at = $2, tries = CASE WHEN $3 THEN tries + 1 ELSE tries END,
             lease_owner = NULL, lease_until = 0 WHERE id = $1",
        &lease.disconnect_id,
        micros(pause.due_at),
        pause.failed,
    )?;
    Ok(())
}

/// Ends the disconnect.
pub async fn finish(tx: &mut Tx, lease: &SagaLease, state: SagaState, now: Timestamp) -> Result<()> {
    let ended = execute!(
        tx,
        "UPDATE disconnects SET state = $2, ended_at = $3, lease_owner = NULL, lease_until = 0 WHERE id = $1",
        &lease.disconnect_id,
        state.name(),
        micros(now),
    )?;
    if ended == 1 { Ok(()) } else { Err(StoreError::corrupt(TABLE, "id", &lease.disconnect_id)) }
}

/// Releases every lease. Only for a database with one process, at its start: what held them is gone.
pub async fn release_all(tx: &mut Tx) -> Result<()> {
    execute!(
        tx,
        "UPDATE disconnects SET lease_owner = NULL, lease_until = 0, fence = fence + 1 WHERE state = 'running'"
    )?;
    Ok(())
}

/// When the next disconnect is due and free, if any is; a hint for how long to wait. What a pause covers is due when
/// the pause is tried next.
pub async fn next_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let paused = Paused::read(tx, now).await?;
    if paused.stops_everything() {
        return Ok(None);
    }
    let row = fetch_optional!(
        tx,
        (Option<i64>,),
        "SELECT MIN(due_at) FROM (
             SELECT MIN(due_at) AS due_at FROM disconnects WHERE state = 'running' AND lease_until = 0
             UNION ALL
             SELECT MIN(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END)
             FROM disconnects WHERE lease_until > 0 AND state = 'running') AS next",
    )?;
    let due_at = row.and_then(|(due_at,)| due_at).map(time);
    Ok(if paused.stops_calls() { due_at.map(|due_at| due_at.max(paused.probe_at())) } else { due_at })
}
