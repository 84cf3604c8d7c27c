//! Leases of deliveries to the platform's webhook.

use jiff::{SignedDuration, Timestamp};

use super::{Lease, claim_rows};
use crate::db::fetch_optional;
use crate::time::time;
use crate::{Result, Tx};

/// Claims up to `limit` due deliveries for `owner`, of each stream the first that waits. None while the endpoint is
/// disabled. `now` was read before the transaction began.
pub async fn claim(
    tx: &mut Tx,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Lease>> {
    let sql = super::claim!(
        tx.dialect(),
        "webhook_deliveries",
        "SELECT d.id FROM webhook_deliveries d
         WHERE d.state = 'waiting' AND d.due_at <= $2 AND d.lease_until <= $3
           AND EXISTS (SELECT 1 FROM webhook_endpoint e WHERE e.id = 1 AND e.disabled_at IS NULL)
           AND (d.is_replay OR NOT EXISTS (
               SELECT 1 FROM webhook_deliveries earlier
               WHERE earlier.stream = d.stream AND earlier.state = 'waiting' AND NOT earlier.is_replay
                 AND (earlier.at, earlier.id) < (d.at, d.id)))
         ORDER BY d.due_at, d.id",
        "id, fence"
    );
    claim_rows(tx, sql, owner, length, now, limit).await
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
