//! Leases of disconnects: whoever carries one on extends its lease in each transaction that writes.

use jiff::{SignedDuration, Timestamp};

use super::{Lease, Term, claim_rows};
use crate::db::{execute, fetch_optional};
use crate::pauses::Paused;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// Claims up to `limit` due disconnects for `owner`. While no call may be made it is one at a time, to try whether that
/// is over, and none where an admin paused everything; no other pause holds a disconnect. `now` was read before the
/// transaction began.
pub async fn claim(
    tx: &mut Tx,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Lease>> {
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
) -> Result<Vec<Lease>> {
    let sql = super::claim!(
        tx.dialect(),
        "disconnects",
        "SELECT id FROM disconnects WHERE state = 'running' AND due_at <= $2 AND lease_until <= $3
         ORDER BY due_at, id",
        "id, fence"
    );
    claim_rows(tx, sql, owner, length, now, limit).await
}

/// Makes the lease last for `length` from now, and locks the disconnect for this transaction; if it
/// was lost, nothing may be written. `now` was read before the transaction began.
pub async fn extend(tx: &mut Tx, lease: &mut Lease, length: SignedDuration, now: Timestamp) -> Result<()> {
    let term = Term::begin(tx, length, now).await?;
    let held = execute!(
        tx,
        "UPDATE disconnects SET lease_until = $3 WHERE id = $1 AND fence = $2 AND state = 'running'",
        &lease.id,
        lease.fence,
        micros(term.until),
    )?;
    if held != 1 {
        return Err(StoreError::LeaseLost(lease.id.clone()));
    }
    (lease.until, lease.until_local) = (term.until, term.until_local);
    Ok(())
}

/// When the next disconnect is due and free, if any is; a hint for how long to wait. What a pause covers is due when
/// the pause is tried next.
pub async fn next_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    const SQL: &str = super::next_due!("disconnects", "due_at", "state = 'running'");
    let paused = Paused::read(tx, now).await?;
    if paused.stops_everything() {
        return Ok(None);
    }
    let row = fetch_optional!(tx, (Option<i64>,), SQL)?;
    let due_at = row.and_then(|(due_at,)| due_at).map(time);
    Ok(if paused.stops_calls() { due_at.map(|due_at| due_at.max(paused.probe_at())) } else { due_at })
}
