//! How a worker sends what is due: claim, send, keep what came of it.

use calsync_core::webhook::DeliveryState;
use jiff::{SignedDuration, Timestamp};

use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::lease_clock;
use crate::rows::row;
use crate::time::{micros, time};
use crate::{Result, Tx};

row! {
    /// A claimed delivery.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Claim {
        /// The delivery.
        pub delivery_id: String,
        /// Its fence.
        pub fence: i64,
    }
}

/// Claims up to `limit` due deliveries for `length`, of each stream the first that waits. None while
/// the endpoint is disabled.
pub async fn claim(tx: &mut Tx, length: SignedDuration, now: Timestamp, limit: i64) -> Result<Vec<Claim>> {
    let clock = lease_clock(tx, now).await?;
    // The conditions stand twice: whoever waited here for a row that another took looks again. The second limit, which
    // no caller reaches, tells Postgres' planner that it gets few rows.
    Ok(fetch_all!(
        tx,
        Claim,
        "WITH due AS MATERIALIZED (
             SELECT d.id FROM webhook_deliveries d
             WHERE d.state = 'waiting' AND d.due_at <= $1 AND d.lease_until <= $2
               AND EXISTS (SELECT 1 FROM webhook_endpoint e WHERE e.id = 1 AND e.disabled_at IS NULL)
               AND (d.is_replay OR NOT EXISTS (
                   SELECT 1 FROM webhook_deliveries earlier
                   WHERE earlier.stream = d.stream AND earlier.state = 'waiting' AND NOT earlier.is_replay
                     AND (earlier.at, earlier.id) < (d.at, d.id)))
             ORDER BY d.due_at, d.id LIMIT $4)
         UPDATE webhook_deliveries SET lease_until = $3, fence = fence + 1
         WHERE id IN (SELECT id FROM due LIMIT 100) AND state = 'waiting' AND lease_until <= $2
         RETURNING id AS delivery_id, fence",
        micros(now),
        micros(clock),
        micros(clock.saturating_add(length).unwrap_or(clock)),
        limit,
    )?)
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it happened, in UTC.
    pub at: Timestamp,
    /// The status that was answered, if any was.
    pub http_status: Option<u16>,
    /// Why it was not taken, if it was not.
    pub error: Option<String>,
}

/// What becomes of a delivery after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// It was taken.
    Delivered,
    /// It is tried again then.
    Retry(Timestamp),
    /// It is not tried again by itself.
    GivenUp,
}

impl DeliveryResult {
    /// Where it leaves the delivery.
    pub const fn state(self) -> DeliveryState {
        match self {
            Self::Delivered => DeliveryState::Delivered,
            Self::Retry(_) => DeliveryState::Waiting,
            Self::GivenUp => DeliveryState::Failed,
        }
    }
}

/// Keeps how a try ended; false, and nothing is kept: another worker has it now.
pub async fn record_result(
    tx: &mut Tx,
    claim: &Claim,
    attempt: &Attempt,
    result: DeliveryResult,
) -> Result<bool> {
    let due_at = match result {
        DeliveryResult::Retry(due_at) => Some(due_at),
        DeliveryResult::Delivered | DeliveryResult::GivenUp => None,
    };
    let settled = execute!(
        tx,
        "UPDATE webhook_deliveries SET state = $3, attempts = attempts + 1, attempted_at = $4, http_status = $5,
             error = $6, failures = CASE WHEN $3 = 'delivered' THEN 0 ELSE failures + 1 END,
             failing_since = CASE WHEN $3 = 'delivered' THEN NULL ELSE COALESCE(failing_since, $4) END,
             due_at = COALESCE($7, due_at), lease_until = 0
         WHERE id = $1 AND fence = $2 AND state = 'waiting'",
        &claim.delivery_id,
        claim.fence,
        result.state().name(),
        micros(attempt.at),
        attempt.http_status.map(i64::from),
        &attempt.error,
        due_at.map(micros),
    )?;
    if let (DeliveryResult::Retry(due_at), 1) = (result, settled) {
        // Those behind it wait as long, so that nobody looks at them in vain.
        execute!(
            tx,
            "UPDATE webhook_deliveries SET due_at = $2
             WHERE stream = (SELECT stream FROM webhook_deliveries WHERE id = $1 AND NOT is_replay)
               AND state = 'waiting' AND NOT is_replay AND due_at < $2",
            &claim.delivery_id,
            micros(due_at),
        )?;
    }
    Ok(settled == 1)
}

/// Releases every lease. Only for a database with one process, at its start: what held them is gone.
pub async fn release_all(tx: &mut Tx) -> Result<()> {
    execute!(
        tx,
        "UPDATE webhook_deliveries SET lease_until = 0, fence = fence + 1 WHERE state = 'waiting' AND lease_until > 0"
    )?;
    Ok(())
}

/// When the next delivery may be due, if any is to be sent; a hint for how long to wait.
pub async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>> {
    let row = fetch_optional!(
        tx,
        (Option<i64>,),
        "SELECT MIN(due_at) FROM webhook_deliveries
         WHERE state = 'waiting' AND EXISTS (SELECT 1 FROM webhook_endpoint WHERE id = 1 AND disabled_at IS NULL)",
    )?;
    Ok(row.and_then(|(due_at,)| due_at).map(time))
}
