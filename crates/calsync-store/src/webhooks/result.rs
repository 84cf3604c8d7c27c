//! What came of a try to send a delivery.

use calsync_core::webhook::DeliveryState;
use jiff::Timestamp;

use crate::db::execute;
use crate::leases::Lease;
use crate::time::micros;
use crate::{Result, Tx};

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
    lease: &Lease,
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
             due_at = COALESCE($7, due_at), lease_owner = NULL, lease_until = 0
         WHERE id = $1 AND fence = $2 AND state = 'waiting'",
        &lease.id,
        lease.fence,
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
            &lease.id,
            micros(due_at),
        )?;
    }
    Ok(settled == 1)
}
