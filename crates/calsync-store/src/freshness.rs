//! How old what Google shows is at most.

use jiff::Timestamp;

use crate::db::fetch_optional;
use crate::time::time;
use crate::{Result, Tx};

/// Since when the oldest change waits that a worker can bring to Google; none: nothing waits. Looks at most at
/// `mappings_max` waiting mappings, those of the integrations that are due first.
pub async fn oldest_waiting(tx: &mut Tx, mappings_max: i64) -> Result<Option<Timestamp>> {
    // A cross join: SQLite keeps its order, so that few are read, and none is sorted.
    let row = fetch_optional!(
        tx,
        (Option<i64>,),
        "SELECT MIN(updated_at) FROM (
             SELECT m.updated_at FROM user_integrations g CROSS JOIN sync_mappings m
             WHERE g.claimable_at IS NOT NULL AND m.integration_id = g.id AND m.sync_state = 'waiting'
             ORDER BY g.claimable_at LIMIT $1) AS waiting",
        mappings_max,
    )?;
    Ok(row.and_then(|(since,)| since).map(time))
}
