//! How a connection comes to its calendar, what goes there, and what stops it.

use std::collections::BTreeSet;

use calsync_core::change::Change;
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use jiff::Timestamp;

use super::told::tell;
use super::{CalendarPhase, TABLE, get};
use crate::db::{execute, fetch_optional};
use crate::dialect::live;
use crate::time::micros;
use crate::{Result, Store, StoreError, Tx};

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

/// The target calendar is known: the integration is active and due, and the platform is told. Whether it
/// was still awaited: its user may have chosen another one meanwhile.
pub async fn calendar_ready(
    store: &Store,
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
    if ready == 1 {
        tell(store, tx, id, IntegrationState::Connecting, Change::Connected, now).await?;
    }
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
pub async fn change_calendar(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    to: NewTarget<'_>,
    now: Timestamp,
) -> Result<bool> {
    let was_stopped = get(tx, id).await?.is_some_and(|one| one.state == IntegrationState::NeedsAction);
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
             target_calendar_summary = $6, needs_action_at = NULL, not_before = 0, failures = 0, updated_at = $7
         WHERE id = $1 AND state IN ('connecting', 'active', 'needs_action')",
        id,
        state,
        choice.name(),
        phase.name(),
        calendar_id,
        summary,
        micros(now),
    )?;
    if changed == 1 && was_stopped && state == "active" {
        tell(store, tx, id, IntegrationState::NeedsAction, Change::Connected, now).await?;
    }
    Ok(changed == 1)
}

/// No calendar of our own is left beside the target.
pub async fn own_calendars_tidied(tx: &mut Tx, id: &str, now: Timestamp) -> Result<()> {
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
    const SQL: &str = concat!(
        "UPDATE user_integrations SET kinds_off = $2, updated_at = $3 WHERE id = $1 AND kinds_off <> $2 AND ",
        live!()
    );
    let kinds = kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" ");
    let changed = execute!(tx, SQL, id, kinds, micros(now))?;
    Ok(changed == 1)
}

/// Stops an integration until its user acts, for something that happened with the target calendar
/// `calendar_id`: if the user chose another one meanwhile, they have acted. The platform is told once.
pub async fn needs_action(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    reason: Reason,
    calendar_id: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let live = fetch_optional!(
        tx,
        (String,),
        "UPDATE user_integrations SET reason = $2, needs_action_at = $3, last_error_at = $3, updated_at = $3
         WHERE id = $1 AND state IN ('active', 'connecting') AND COALESCE(target_calendar_id, '') = $4
         RETURNING state",
        id,
        reason.name(),
        micros(now),
        calendar_id.unwrap_or_default(),
    )?;
    let Some((before,)) = live else { return Ok(()) };
    let before =
        IntegrationState::from_name(&before).ok_or_else(|| StoreError::corrupt(TABLE, "state", id))?;
    execute!(tx, "UPDATE user_integrations SET state = 'needs_action' WHERE id = $1", id)?;
    tell(store, tx, id, before, Change::NeedsReconnect, now).await
}
