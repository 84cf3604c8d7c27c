//! How a connection comes to its calendar, what goes there, and what stops it.

use std::collections::BTreeSet;

use calsync_core::integration::CalendarChoice;
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use jiff::Timestamp;

use super::CalendarPhase;
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

/// The target calendar is known: the integration is active and due. Whether it was still awaited: its
/// user may have chosen another one meanwhile.
pub async fn calendar_ready(
    tx: &mut Tx,
    id: &str,
    calendar_id: &str,
    summary: &str,
    now: Timestamp,
) -> Result<bool> {
    let ready = execute!(
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
    Ok(ready == 1)
}

/// The calendar that a live connection goes over to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewTarget<'a> {
    /// One of our own, which the next pass finds or makes.
    ToBeMade,
    /// One that is there.
    There {
        /// Whether it is one of ours.
        choice: CalendarChoice,
        /// Its id at Google.
        calendar_id: &'a str,
        /// Its name.
        summary: &'a str,
    },
}

/// Gives a live integration another calendar, also one that was stopped for want of one. What is in the
/// old calendar stays known by its pairs. Whether the integration is live.
pub async fn change_calendar(tx: &mut Tx, id: &str, to: NewTarget<'_>, now: Timestamp) -> Result<bool> {
    let (state, choice, phase, calendar_id, summary) = match to {
        NewTarget::ToBeMade => ("connecting", CalendarChoice::New, CalendarPhase::Untold, None, None),
        NewTarget::There { choice, calendar_id, summary } => {
            ("active", choice, CalendarPhase::Ready, Some(calendar_id), Some(summary))
        }
    };
    let changed = execute!(
        tx,
        "UPDATE user_integrations SET
             leaves_own_calendar = (leaves_own_calendar OR (calendar_choice = 'new' AND calendar_phase <> 'untold')),
             state = $2, reason = NULL, calendar_choice = $3, calendar_phase = $4, target_calendar_id = $5,
             target_calendar_summary = $6, not_before = 0, failures = 0, updated_at = $7
         WHERE id = $1 AND state IN ('connecting', 'active', 'needs_action')",
        id,
        state,
        choice.name(),
        phase.name(),
        calendar_id,
        summary,
        micros(now),
    )?;
    Ok(changed == 1)
}

/// Nothing of ours is left in calendars of our own beside the target.
pub async fn own_calendar_left(tx: &mut Tx, id: &str, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET leaves_own_calendar = FALSE, updated_at = $2 WHERE id = $1",
        id,
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
