//! How a connection comes to its calendar, what goes there, and what stops it.

use std::collections::BTreeSet;

use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::execute;
use crate::time::micros;
use crate::{Result, Tx};

/// A calendar may be made now: told before it is asked.
pub async fn calendar_told(tx: &mut Tx, id: &str, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET calendar_phase = 'told', updated_at = $2 WHERE id = $1",
        id,
        micros(now),
    )?;
    Ok(())
}

/// The target calendar is known: the integration is active and due.
pub async fn calendar_ready(
    tx: &mut Tx,
    id: &str,
    calendar_id: &str,
    summary: &str,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET calendar_phase = 'ready', target_calendar_id = $2,
             target_calendar_summary = $3, state = 'active', reason = NULL, wake_seq = wake_seq + 1,
             due_at = $4, updated_at = $4
         WHERE id = $1 AND state = 'connecting'",
        id,
        calendar_id,
        summary,
        micros(now),
    )?;
    Ok(())
}

/// Keeps which kinds the user turned off; false: they were so before, or the connection is over.
pub async fn turn_off(tx: &mut Tx, id: &str, kinds: &BTreeSet<ItemKind>, now: Timestamp) -> Result<bool> {
    let changed = execute!(
        tx,
        "UPDATE user_integrations SET kinds_off = $2, updated_at = $3
         WHERE id = $1 AND kinds_off <> $2 AND state NOT IN ('disconnecting', 'disconnected')",
        id,
        kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" "),
        micros(now),
    )?;
    Ok(changed == 1)
}

/// Stops an integration until its user acts.
pub async fn needs_action(tx: &mut Tx, id: &str, reason: Reason, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET state = 'needs_action', reason = $2, last_error_at = $3, updated_at = $3
         WHERE id = $1 AND state IN ('active', 'connecting')",
        id,
        reason.name(),
        micros(now),
    )?;
    Ok(())
}
