//! Mappings that can't be read, for themselves or for their item. Each is parked alone.

use calsync_core::reason::Reason;
use jiff::Timestamp;

use super::{TABLE, UnreadableMapping};
use crate::db::execute;
use crate::rows::all_changed;
use crate::time::micros;
use crate::{Result, Tx};

/// Parks mappings that can't be read, where nothing changed meanwhile: nothing of them but their state is changed. A
/// later wish of the platform makes them due again. The caller holds the lease in the same transaction.
pub async fn park_unreadable(
    tx: &mut Tx,
    integration_id: &str,
    unreadable: &[UnreadableMapping],
    now: Timestamp,
) -> Result<()> {
    for one in unreadable {
        let changed = execute!(
            tx,
            "UPDATE sync_mappings SET reason = $4, failures = 0, updated_at = $5,
                 sync_state = CASE WHEN desired_revision = $6 AND remote_revision = $7 AND policy_revision = $8
                     THEN 'parked' ELSE sync_state END
             WHERE integration_id = $1 AND kind = $2 AND item_id = $3",
            integration_id,
            &one.kind,
            &one.item_id,
            Reason::ServiceFault.name(),
            micros(now),
            one.revisions.desired_revision,
            one.revisions.remote_revision,
            one.revisions.policy_revision,
        )?;
        all_changed(TABLE, changed, 1)?;
    }
    Ok(())
}
