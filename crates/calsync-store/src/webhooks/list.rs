//! The deliveries as the platform sees them, and what it may do with one.

use calsync_core::ids::is_id;
use calsync_core::webhook::DeliveryState;
use jiff::Timestamp;

use super::{Delivery, Row, columns, read};
use crate::db::{execute, fetch_optional};
use crate::dialect::plan_for_batch;
use crate::query_builder::{FilteredQuery, fetch_filtered};
use crate::time::micros;
use crate::{Result, Tx};

/// A delivery.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Delivery>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM webhook_deliveries d LEFT JOIN changes c ON c.id = d.id WHERE d.id = $1"
    );
    if !is_id(id) {
        return Ok(None);
    }
    Ok(fetch_optional!(tx, Row, SQL, id)?.map(read))
}

/// Deliveries, the newest first, older than the one with the id `before`; of one state, if it is given.
pub async fn page(
    tx: &mut Tx,
    state: Option<DeliveryState>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM webhook_deliveries d LEFT JOIN changes c ON c.id = d.id WHERE TRUE"
    );
    let mut sql = FilteredQuery::new(SQL);
    sql.text(" AND d.state = ?", state.map(DeliveryState::name));
    sql.text(" AND d.id < ?", before.filter(|id| is_id(id)));
    sql.number(" ORDER BY d.id DESC LIMIT ?", Some(limit));
    Ok(fetch_filtered!(tx, Row, sql)?.into_iter().map(read).collect())
}

/// Makes a delivery due now; false: there is none of this id. One that waits keeps its place; one
/// that was over is sent beside the others, and tried as long as a new one.
pub async fn replay(tx: &mut Tx, id: &str, now: Timestamp) -> Result<bool> {
    if !is_id(id) {
        return Ok(false);
    }
    let replayed = execute!(
        tx,
        "UPDATE webhook_deliveries SET state = 'waiting', due_at = $2, failures = 0, failing_since = NULL,
             is_replay = (is_replay OR state <> 'waiting')
         WHERE id = $1",
        id,
        micros(now),
    )?;
    Ok(replayed == 1)
}

/// Forgets what happened before `oldest`, whatever became of it; at most `limit`.
pub async fn forget(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "DELETE FROM webhook_deliveries
         WHERE id IN (SELECT id FROM webhook_deliveries WHERE at < $1 ORDER BY at LIMIT $2)",
        micros(oldest),
        limit,
    )?)
}
