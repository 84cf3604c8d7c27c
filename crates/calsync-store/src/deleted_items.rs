//! Deleted items are forgotten in time, once no calendar may have anything of them.

use jiff::Timestamp;

use crate::db::fetch_all;
use crate::dialect::plan_for_batch;
use crate::rows::{batches, execute_rows};
use crate::time::micros;
use crate::{Result, Tx};

/// Whether a mapping `m` still has anything to do, or may still have an event.
macro_rules! in_use {
    () => {
        "(m.sync_state = 'waiting' OR m.previous_google_id IS NOT NULL OR m.google_id IS NOT NULL)"
    };
}

/// Forgets items that the platform deleted before `oldest`, with their mappings; at most `limit`. One that may still
/// stand in a calendar, such as that of a connection which has stopped, stays until it is gone from there. Items are
/// locked first, and mappings are looked at again with each statement: a new connection may make one due meanwhile.
pub async fn forget(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    const LOCK: &str = concat!(
        "UPDATE items SET updated_at = updated_at
         WHERE (kind, item_id) IN (
             SELECT i.kind, i.item_id FROM items i WHERE i.deleted = TRUE AND i.updated_at < $1
                 AND NOT EXISTS (SELECT 1 FROM sync_mappings m WHERE m.kind = i.kind AND m.item_id = i.item_id AND ",
        in_use!(),
        ") ORDER BY i.updated_at LIMIT $2)
           AND deleted = TRUE AND updated_at < $1
         RETURNING kind, item_id"
    );
    const MAPPINGS: (&str, &str) =
        ("DELETE FROM sync_mappings AS m WHERE (kind, item_id) IN (", concat!(") AND NOT ", in_use!()));
    const ITEMS: (&str, &str) = (
        "DELETE FROM items WHERE (kind, item_id) IN (",
        ") AND NOT EXISTS (SELECT 1 FROM sync_mappings m WHERE m.kind = items.kind AND m.item_id = items.item_id)",
    );
    const USERS: (&str, &str) = (
        "DELETE FROM item_users WHERE (kind, item_id) IN (",
        ") AND NOT EXISTS (SELECT 1 FROM items i WHERE i.kind = item_users.kind AND i.item_id = item_users.item_id)",
    );
    plan_for_batch(tx).await?;
    let deleted = fetch_all!(tx, (String, String), LOCK, micros(oldest), limit)?;
    for batch in batches(&deleted) {
        for (start, end) in [MAPPINGS, ITEMS, USERS] {
            execute_rows!(
                tx,
                start,
                batch,
                |row, (kind, item_id)| row.push_bind(kind).push_bind(item_id),
                end,
            )?;
        }
    }
    Ok(u64::try_from(deleted.len()).unwrap_or(u64::MAX))
}
