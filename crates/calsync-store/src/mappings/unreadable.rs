//! Mappings that can't be read, for themselves or for their item. Each is parked alone.

use calsync_core::reason::Reason;
use calsync_core::sync_state::SyncState;
use jiff::Timestamp;

use super::TABLE;
use crate::db::execute;
use crate::rows::all_changed;
use crate::time::micros;
use crate::{Result, StoreError, Tx};

/// A due mapping that can't be read.
#[derive(Debug)]
pub struct UnreadableMapping {
    /// The item's kind, as it is stored.
    pub kind: String,
    /// The item's id.
    pub item_id: String,
    /// The desired revision that was read.
    pub desired_revision: i64,
    /// Which table, column and row it is.
    pub error: StoreError,
}

/// Parks mappings that can't be read: nothing of them but their state is changed. A later wish of the
/// platform makes them due again. The caller holds the lease in the same transaction.
pub async fn park_unreadable(
    tx: &mut Tx,
    integration_id: &str,
    unreadable: &[UnreadableMapping],
    now: Timestamp,
) -> Result<()> {
    for one in unreadable {
        let changed = execute!(
            tx,
            "UPDATE sync_mappings SET synced_revision = $4, sync_state = $5, reason = $6, failures = 0,
                 updated_at = $7
             WHERE integration_id = $1 AND kind = $2 AND item_id = $3",
            integration_id,
            &one.kind,
            &one.item_id,
            one.desired_revision,
            SyncState::Parked.name(),
            Reason::ServiceFault.name(),
            micros(now),
        )?;
        all_changed(TABLE, changed, 1)?;
    }
    Ok(())
}
