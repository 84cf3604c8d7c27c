//! Ended disconnects are forgotten in time, with their receipts, leftovers and clean-ups.

use calsync_core::disconnect::SagaState;
use jiff::Timestamp;

use crate::calendars::forgotten;
use crate::db::fetch_all;
use crate::dialect::plan_for_batch;
use crate::rows::{batches, execute_rows};
use crate::time::micros;
use crate::{Result, Tx};

/// What belongs to a disconnect, and then itself.
const OF_DISCONNECT: [&str; 4] = [
    "DELETE FROM disconnect_steps WHERE disconnect_id IN (",
    "DELETE FROM disconnect_leftovers WHERE disconnect_id IN (",
    "DELETE FROM clean_ups WHERE disconnect_id IN (",
    "DELETE FROM disconnects WHERE id IN (",
];

/// The calendars that it would have been cleaned up in.
const CALENDARS: (&str, &str) =
    ("DELETE FROM calendars WHERE integration_id IN (", concat!(") AND ", forgotten!()));

/// Forgets disconnects that ended in `state` before `oldest`; at most `limit`. They are locked first: a
/// clean-up may reopen one at this moment.
pub async fn forget(tx: &mut Tx, state: SagaState, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    let ended = fetch_all!(
        tx,
        (String, String),
        "UPDATE disconnects SET fence = fence + 1
         WHERE id IN (SELECT id FROM disconnects WHERE state = $1 AND ended_at < $2 ORDER BY ended_at LIMIT $3)
           AND state = $1 AND ended_at < $2
         RETURNING id, integration_id",
        state.name(),
        micros(oldest),
        limit,
    )?;
    for batch in batches(&ended) {
        for sql in OF_DISCONNECT {
            execute_rows!(tx, sql, batch, |row, (id, _)| row.push_bind(id), ")")?;
        }
        execute_rows!(tx, CALENDARS.0, batch, |row, (_, of)| row.push_bind(of), CALENDARS.1)?;
    }
    Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
}
