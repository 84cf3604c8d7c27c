//! The last step: the tokens are gone, and with them every reason to call.

use calsync_core::change::Change;
use calsync_core::integration::IntegrationState;
use jiff::Timestamp;

use crate::db::execute;
use crate::integrations::{forget_count, record_change};
use crate::time::micros;
use crate::{Result, Store, Tx, calendars};

/// Wipes the tokens of the connection `epoch` of an integration and ends it; one that a later
/// connection replaced has none. `nothing_left`: what was synced is gone at the provider, so a new
/// connection starts from nothing; else its calendars and mappings stay, for a new connection to adopt
/// and for a later removal. What still waited was not synced, and a new connection knows. The platform is told.
pub async fn wipe(
    store: &Store,
    tx: &mut Tx,
    integration_id: &str,
    epoch: i64,
    nothing_left: bool,
    now: Timestamp,
) -> Result<()> {
    let ended = execute!(
        tx,
        "UPDATE user_integrations SET state = 'disconnected', reason = NULL, access_token = NULL,
             refresh_token = NULL, expires_at = NULL, refresh_due_at = NULL, refresh_claimed_until = NULL,
             token_version = token_version + 1, needs_action_at = NULL, fence = fence + 1, lease_owner = NULL,
             lease_until = 0, seen_seq = wake_seq, not_before = 0, failures = 0,
             target_calendar_id = CASE WHEN $2 THEN NULL ELSE target_calendar_id END, updated_at = $3
         WHERE id = $1 AND epoch = $4 AND state = 'disconnecting'",
        integration_id,
        nothing_left,
        micros(now),
        epoch,
    )?;
    if ended != 1 {
        return Ok(());
    }
    execute!(
        tx,
        "DELETE FROM sync_mappings
         WHERE integration_id = $1 AND ($2 OR (event_state = 'unsent' AND previous_google_id IS NULL))",
        integration_id,
        nothing_left,
    )?;
    if nothing_left {
        calendars::all_gone(tx, (integration_id, epoch)).await?;
    }
    execute!(
        tx,
        "UPDATE sync_mappings SET sync_state = 'not_connected', reason = NULL, failures = 0
         WHERE integration_id = $1 AND sync_state = 'waiting'",
        integration_id,
    )?;
    forget_count(tx, integration_id).await?;
    record_change(store, tx, integration_id, IntegrationState::Disconnecting, Change::Disconnected, now).await
}
