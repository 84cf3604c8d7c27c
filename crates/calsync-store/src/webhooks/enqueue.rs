//! What the webhook is to be sent, in the transaction in which it happens.

use calsync_core::webhook::TEST;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::db::execute;
use crate::leases::{Lease, Term};
use crate::time::micros;
use crate::{Result, Tx};

/// Something that the webhook is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery<'a> {
    /// The delivery's id; that of the change, if it tells of one.
    pub id: &'a str,
    /// When it happened.
    pub at: Timestamp,
    /// Its type, such as `disconnect.finished`.
    pub event_type: &'a str,
    /// What it keeps its order with: that of an item, or of a connection.
    pub stream: &'a str,
    /// Whom it concerns, if anybody.
    pub user_id: Option<&'a str>,
    /// What it tells; none: the change of the same id.
    pub data: Option<&'a Value>,
}

/// Keeps a delivery, if a webhook was ever set up. Whoever changes the same thing waits for us, so
/// `at` rises within a stream in the order of commit even if clocks differ.
pub async fn enqueue(tx: &mut Tx, new: &NewDelivery<'_>, now: Timestamp) -> Result<()> {
    // Behind one that has to wait it is not due earlier: whoever looks for what is due needn't see it.
    execute!(
        tx,
        "INSERT INTO webhook_deliveries (id, at, type, stream, user_id, data, state, is_replay, due_at,
             attempts, failures, lease_until, fence)
         SELECT $1, CASE WHEN MAX(d.at) >= $2 THEN MAX(d.at) + 1 ELSE $2 END, $3, $4, $5, $6, 'waiting', FALSE,
             CASE WHEN MAX(d.due_at) > $7 THEN MAX(d.due_at) ELSE $7 END, 0, 0, 0, 0
         FROM webhook_endpoint e LEFT JOIN webhook_deliveries d
             ON d.stream = $4 AND d.state = 'waiting' AND NOT d.is_replay
         WHERE e.id = 1 GROUP BY e.id",
        new.id,
        micros(new.at),
        new.event_type,
        new.stream,
        new.user_id,
        new.data.map(Value::to_string),
        micros(now),
    )?;
    Ok(())
}

/// Keeps a delivery that tries the webhook, claimed for `length` by who asks for it.
pub async fn begin_test(
    tx: &mut Tx,
    id: &str,
    data: &Value,
    length: SignedDuration,
    now: Timestamp,
) -> Result<Lease> {
    let term = Term::begin(tx, length, now).await?;
    execute!(
        tx,
        "INSERT INTO webhook_deliveries (id, at, type, stream, data, state, is_replay, due_at, attempts,
             failures, lease_owner, lease_until, fence)
         VALUES ($1, $2, $3, $1, $4, 'waiting', FALSE, $2, 0, 0, $1, $5, 1)",
        id,
        micros(now),
        TEST,
        data.to_string(),
        micros(term.until),
    )?;
    Ok(term.lease(id, id.to_owned(), 1))
}
