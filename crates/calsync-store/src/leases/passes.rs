//! Leases of connections: whoever makes a pass over one first renews its lease in each transaction that writes.

use calsync_core::outcome::Operation;
use jiff::{SignedDuration, Timestamp};

use super::{Claimed, Lease, Term};
use crate::db::{Dialect, execute, fetch_all, fetch_optional};
use crate::dialect::lease_clock;
use crate::pauses::{Paused, TokensEnd, update_is_paused};
use crate::rows::row;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// A connection that was claimed for a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassLease {
    /// Of the connection. That of a probe is for one call, and no more.
    pub lease: Lease,
    /// The wakes that were counted when it was claimed.
    pub wake_seq: i64,
    /// What an admin paused for all connections.
    pub paused: Vec<Operation>,
}

row! {
    struct Row {
        wake_seq: i64,
        ..
        claimed: Claimed,
    }
}

/// Claims up to `limit` due connections for `owner`; of those that a pause covers one at a time, to try whether
/// it is over. `now` was read before the transaction began.
pub async fn claim(
    tx: &mut Tx,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<PassLease>> {
    let paused = Paused::read(tx, now).await?;
    let mut leases = Vec::new();
    if let Some(covered) = paused.covered()
        && paused.take_probe(tx, now).await?
    {
        leases = claim_those(tx, owner, length, now, (limit.min(1), covered)).await?;
        leases.iter_mut().for_each(|claimed| claimed.lease.is_probe = true);
        if leases.is_empty() {
            paused.return_probe(tx).await?;
        }
    }
    if let Some(free) = paused.free() {
        let limit = limit - i64::try_from(leases.len()).unwrap_or(i64::MAX);
        leases.extend(claim_those(tx, owner, length, now, (limit, free)).await?);
    }
    leases.iter_mut().for_each(|claimed| claimed.paused = paused.operations().to_vec());
    Ok(leases)
}

/// Claims up to `limit` of those whose tokens end within the range.
async fn claim_those(
    tx: &mut Tx,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    (limit, (from, until)): (i64, TokensEnd),
) -> Result<Vec<PassLease>> {
    let term = Term::begin(tx, length, now).await?;
    let sql = super::claim!(
        tx.dialect(),
        "user_integrations",
        "SELECT id FROM user_integrations
         WHERE claimable_at <= $2 AND lease_until <= $3
           AND COALESCE(expires_at, 0) >= $6 AND COALESCE(expires_at, 0) < $7
         ORDER BY claimable_at, id",
        "id, fence, wake_seq"
    );
    let (clock, lent_until) = (micros(term.clock), micros(term.until));
    let rows = fetch_all!(tx, Row, sql, owner, micros(now), clock, lent_until, limit, from, until)?;
    let claimed = |Row { wake_seq, claimed }: Row| PassLease {
        lease: term.lease(owner, claimed.id, claimed.fence),
        wake_seq,
        paused: Vec::new(),
    };
    Ok(rows.into_iter().map(claimed).collect())
}

macro_rules! held {
    () => {
        "SELECT id FROM user_integrations WHERE id = $1 AND lease_owner = $2 AND fence = $3"
    };
}

/// Locks the integration for this transaction, if the lease still holds; else nothing may be
/// written.
pub async fn renew(tx: &mut Tx, lease: &Lease) -> Result<()> {
    // SQLite has one writer.
    let sql = match tx.dialect() {
        Dialect::Sqlite => held!(),
        Dialect::Postgres => concat!(held!(), " FOR NO KEY UPDATE"),
    };
    let held = fetch_optional!(tx, (String,), sql, &lease.id, &lease.owner, lease.fence)?;
    held.map(drop).ok_or_else(|| StoreError::LeaseLost(lease.id.clone()))
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
pub async fn release(tx: &mut Tx, claimed: &PassLease, how: Release, now: Timestamp) -> Result<()> {
    let PassLease { lease, wake_seq, .. } = claimed;
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
        &lease.id,
        lease.fence,
        wake_seq,
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
        &lease.id,
        lease.fence,
    )?;
    update_is_paused(tx, &lease.id).await
}

/// Releases a lease that a disconnect or a new connection revoked: the former holder has no call in flight any
/// more.
pub async fn release_revoked(tx: &mut Tx, lease: &Lease) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET lease_owner = NULL, lease_until = 0
         WHERE id = $1 AND lease_owner = $2 AND lease_until = $3",
        &lease.id,
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
    const SQL: &str = super::next_due!(
        "user_integrations",
        "claimable_at",
        "claimable_at IS NOT NULL AND COALESCE(expires_at, 0) >= $1 AND COALESCE(expires_at, 0) < $2"
    );
    let row = fetch_optional!(tx, (Option<i64>,), SQL, from, until)?;
    Ok(row.and_then(|(due_at,)| due_at).map(time))
}
