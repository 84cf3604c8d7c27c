//! One worker owns an integration at a time. Each claim raises the fence, and every write of a
//! pass first renews its lease with that fence: a worker that was overtaken writes nothing.

use calsync_core::outcome::Operation;
use jiff::{SignedDuration, Timestamp};

use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{claim as claim_sql, lease_clock, renew as renew_sql};
use crate::pauses::{Paused, TokensEnd, update_is_paused};
use crate::rows::row;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// A claimed integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The integration.
    pub integration_id: String,
    /// Who holds it.
    pub owner: String,
    /// Its fence.
    pub fence: i64,
    /// The wakes that were counted when it was claimed.
    pub wake_seq: i64,
    /// Until when, on the database's clock.
    pub until: Timestamp,
    /// Until when on the clock of its holder, who looked at it before the claim: never later.
    pub until_local: Timestamp,
    /// Whether it is to try whether a pause is over ([`crate::pauses`]): one call, and no more.
    pub is_probe: bool,
    /// What an admin paused for all connections.
    pub paused: Vec<Operation>,
}

row! {
    struct Row {
        id: String,
        fence: i64,
        wake_seq: i64,
        lease_until: i64,
    }
}

/// Claims up to `limit` due integrations for `owner`; of those that a pause covers one at a time, to try whether
/// it is over. `now` was read before the transaction began.
pub async fn claim(
    tx: &mut Tx,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Lease>> {
    let paused = Paused::read(tx, now).await?;
    let mut leases = Vec::new();
    if let Some(covered) = paused.covered()
        && paused.take_probe(tx, now).await?
    {
        leases = claim_those(tx, owner, length, now, (limit.min(1), covered)).await?;
        leases.iter_mut().for_each(|lease| lease.is_probe = true);
        if leases.is_empty() {
            paused.return_probe(tx).await?;
        }
    }
    if let Some(free) = paused.free() {
        let limit = limit - i64::try_from(leases.len()).unwrap_or(i64::MAX);
        leases.extend(claim_those(tx, owner, length, now, (limit, free)).await?);
    }
    leases.iter_mut().for_each(|lease| lease.paused = paused.operations().to_vec());
    Ok(leases)
}

/// Claims up to `limit` of those whose tokens end within the range.
async fn claim_those(
    tx: &mut Tx,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    (limit, tokens_end): (i64, TokensEnd),
) -> Result<Vec<Lease>> {
    let length_us = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    let clock = lease_clock(tx, now).await?;
    let (sql, (from, until)) = (claim_sql(tx.dialect()), tokens_end);
    let rows = fetch_all!(tx, Row, sql, owner, length_us, micros(now), limit, micros(clock), from, until)?;
    let lease = |row: Row| Lease {
        integration_id: row.id,
        owner: owner.to_owned(),
        fence: row.fence,
        wake_seq: row.wake_seq,
        until: time(row.lease_until),
        until_local: now.saturating_add(length).unwrap_or(now),
        is_probe: false,
        paused: Vec::new(),
    };
    Ok(rows.into_iter().map(lease).collect())
}

/// Locks the integration for this transaction, if the lease still holds; else nothing may be
/// written.
pub async fn renew(tx: &mut Tx, lease: &Lease) -> Result<()> {
    let sql = renew_sql(tx.dialect());
    let held = fetch_optional!(tx, (String,), sql, &lease.integration_id, &lease.owner, lease.fence)?;
    held.map(drop).ok_or_else(|| StoreError::LeaseLost(lease.integration_id.clone()))
}

/// How a pass leaves its integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// When it is due again, whatever its mappings wait for.
    pub due_at: Option<Timestamp>,
    /// When it is due again if no mapping waits; `None`: nothing is left of the wakes that were counted.
    pub idle_due_at: Option<Timestamp>,
    /// No work before this, whatever wakes: Google or a rule slows the integration down.
    pub not_before: Option<Timestamp>,
    /// Whether any operation succeeded.
    pub succeeded: bool,
    /// Whether any failed.
    pub failed: bool,
}

/// Releases the integration, due when the first of its mappings is. A wake that came after the claim
/// keeps it due. It is due now at the earliest, behind all that came due meanwhile: else backfills would
/// hold every worker, and a change just made would wait for their ends.
pub async fn release(tx: &mut Tx, lease: &Lease, how: Release, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET lease_owner = NULL, lease_until = 0,
             seen_seq = CASE WHEN next.due_at IS NULL THEN $3 ELSE seen_seq END,
             due_at = CASE WHEN wake_seq = $3 AND next.due_at > $8 THEN next.due_at
                 WHEN (wake_seq = $3 AND next.due_at IS NOT NULL) OR user_integrations.due_at < $8 THEN $8
                 ELSE user_integrations.due_at END,
             not_before = COALESCE($5, 0),
             failures = CASE WHEN $5 IS NULL THEN 0 WHEN $7 THEN failures + 1 ELSE failures END,
             last_success_at = CASE WHEN $6 THEN $8 ELSE last_success_at END,
             last_error_at = CASE WHEN $7 THEN $8 ELSE last_error_at END,
             updated_at = $8
         FROM (SELECT COALESCE($4, MIN(due_at), $9) AS due_at FROM sync_mappings
               WHERE integration_id = $1 AND sync_state = 'waiting') AS next
         WHERE id = $1 AND fence = $2",
        &lease.integration_id,
        lease.fence,
        lease.wake_seq,
        how.due_at.map(micros),
        how.not_before.map(micros),
        how.succeeded,
        how.failed,
        micros(now),
        how.idle_due_at.map(micros),
    )?;
    Ok(())
}

/// Releases an integration that an admin's pause covers and its pass found so, with nothing done: it is stored that it
/// is paused. Where the pause is over by now, it stays due.
pub async fn release_paused(tx: &mut Tx, lease: &Lease) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET lease_owner = NULL, lease_until = 0 WHERE id = $1 AND fence = $2",
        &lease.integration_id,
        lease.fence,
    )?;
    update_is_paused(tx, &lease.integration_id).await
}

/// Releases a lease that a disconnect or a new connection revoked: the former holder has no call in flight any
/// more.
pub async fn release_revoked(tx: &mut Tx, lease: &Lease) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET lease_owner = NULL, lease_until = 0
         WHERE id = $1 AND lease_owner = $2 AND lease_until = $3",
        &lease.integration_id,
        &lease.owner,
        micros(lease.until),
    )?;
    Ok(())
}

/// Whether no call for the integration can be in flight: the lease was released, or the lease and the
/// `longest_call` after it are over, and nobody refreshes its tokens.
pub async fn has_no_inflight_call(
    tx: &mut Tx,
    integration_id: &str,
    longest_call: SignedDuration,
    now: Timestamp,
) -> Result<bool> {
    let clock = lease_clock(tx, now).await?;
    let ended_by = clock.saturating_sub(longest_call).unwrap_or(clock);
    let row = fetch_optional!(
        tx,
        (bool,),
        "SELECT (lease_owner IS NULL OR lease_until <= $2)
            AND (refresh_claimed_until IS NULL OR refresh_claimed_until <= $3)
         FROM user_integrations WHERE id = $1",
        integration_id,
        micros(ended_by),
        micros(clock),
    )?;
    Ok(row.is_none_or(|(quiet,)| quiet))
}

/// Releases every lease. Only for a database with one process, at its start: what held them is gone.
/// Calls of its last moments may still reach Google, so a disconnect waits for the lease's end.
pub async fn release_all(tx: &mut Tx) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET lease_owner = NULL, lease_until = 0, fence = fence + 1
         WHERE lease_until > 0 AND state <> 'disconnecting'"
    )?;
    Ok(())
}

/// When the next integration is due and free, if any is; a hint for how long to wait. What a pause covers
/// is due when the pause is tried next.
pub async fn next_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let paused = Paused::read(tx, now).await?;
    let mut next = None;
    if let Some(free) = paused.free() {
        next = next_due_of(tx, free).await?;
    }
    if let Some(covered) = paused.covered()
        && let Some(due_at) = next_due_of(tx, covered).await?
    {
        let due_at = due_at.max(paused.probe_at());
        next = Some(next.map_or(due_at, |next| next.min(due_at)));
    }
    Ok(next)
}

async fn next_due_of(tx: &mut Tx, (from, until): TokensEnd) -> Result<Option<Timestamp>> {
    // Those that are free come in order; of those under way there are few.
    let row = fetch_optional!(
        tx,
        (Option<i64>,),
        "SELECT MIN(due_at) FROM (
             SELECT MIN(claimable_at) AS due_at FROM user_integrations
             WHERE claimable_at IS NOT NULL AND lease_until = 0
               AND COALESCE(expires_at, 0) >= $1 AND COALESCE(expires_at, 0) < $2
             UNION ALL
             SELECT MIN(CASE WHEN lease_until > claimable_at THEN lease_until ELSE claimable_at END)
             FROM user_integrations
             WHERE lease_until > 0 AND COALESCE(expires_at, 0) >= $1 AND COALESCE(expires_at, 0) < $2) AS next",
        from,
        until,
    )?;
    Ok(row.and_then(|(due_at,)| due_at).map(time))
}
