//! How a connection comes to its calendar, what goes there, and what stops it.

use std::collections::BTreeSet;

use calsync_core::change::Change;
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use jiff::Timestamp;

use super::notify::record_change;
use super::{Integration, TABLE, get};
use crate::calendars::{self, OfConnection};
use crate::db::{execute, fetch_optional};
use crate::dialect::live;
use crate::time::micros;
use crate::{Result, Store, StoreError, Tx, mappings};

/// Whether a calendar of our own is awaited.
macro_rules! awaits_own {
    () => {
        "state = 'connecting' AND calendar_choice = 'new' AND target_calendar_id IS NULL"
    };
}

/// A calendar of our own may be made now: stored before Google is asked. False: it isn't awaited any
/// more, since its user chose another one, and nothing is to be made. Like all that a pass writes of the
/// target, under its lease.
pub async fn calendar_requested(tx: &mut Tx, id: &str) -> Result<bool> {
    const SQL: &str = concat!(
        "INSERT INTO calendars (integration_id, epoch, calendar_id, is_ours)
         SELECT id, epoch, '', TRUE FROM user_integrations WHERE id = $1 AND ",
        awaits_own!(),
        " ON CONFLICT (integration_id, epoch, calendar_id) DO UPDATE SET stays = FALSE"
    );
    Ok(execute!(tx, SQL, id)? == 1)
}

/// The calendar of our own is known: the integration is active and due, and the platform is told. False:
/// it isn't awaited any more, and nothing was written.
pub async fn calendar_ready(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    calendar_id: &str,
    summary: &str,
    now: Timestamp,
) -> Result<bool> {
    const SQL: &str = concat!(
        "UPDATE user_integrations SET target_calendar_id = $2, state = 'active', reason = NULL,
             wake_seq = wake_seq + 1, due_at = $3, updated_at = $3
         WHERE id = $1 AND ",
        awaits_own!(),
        " RETURNING epoch"
    );
    let awaited = fetch_optional!(tx, (i64,), SQL, id, calendar_id, micros(now))?;
    let Some((epoch,)) = awaited else { return Ok(false) };
    calendars::gone(tx, (id, epoch), None).await?;
    calendars::keep_target(tx, (id, epoch), calendar_id, true, summary).await?;
    record_change(store, tx, id, IntegrationState::Connecting, Change::Connected, now).await?;
    Ok(true)
}

/// The calendar that a live connection goes over to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewTarget<'a> {
    /// One of our own, which the next pass finds or makes.
    ToBeMade,
    /// One of the user's.
    Theirs {
        /// Its id at Google.
        calendar_id: &'a str,
        /// Its name.
        summary: &'a str,
    },
}

/// Gives a live integration another calendar, also one that was stopped for want of one. What is in the
/// old calendar stays known by its mappings. False: it is not live, or not the connection that the calendar
/// was chosen for.
pub async fn change_calendar(
    store: &Store,
    tx: &mut Tx,
    (id, epoch): OfConnection<'_>,
    to: NewTarget<'_>,
    now: Timestamp,
) -> Result<bool> {
    let before = get(tx, id).await?;
    let (state, choice, calendar_id) = match to {
        NewTarget::ToBeMade => ("connecting", CalendarChoice::New, None),
        NewTarget::Theirs { calendar_id, .. } => ("active", CalendarChoice::Existing, Some(calendar_id)),
    };
    let changed = execute!(
        tx,
        "UPDATE user_integrations SET state = $2, reason = NULL, calendar_choice = $3, target_calendar_id = $4,
             needs_action_at = NULL, not_before = 0, failures = 0, updated_at = $5
         WHERE id = $1 AND epoch = $6 AND state IN ('connecting', 'active', 'needs_action')",
        id,
        state,
        choice.name(),
        calendar_id,
        micros(now),
        epoch,
    )?;
    if changed != 1 {
        return Ok(false);
    }
    if let NewTarget::Theirs { calendar_id, summary } = to {
        calendars::keep_target(tx, (id, epoch), calendar_id, false, summary).await?;
    }
    if let Some(calendar_id) = before.as_ref().and_then(Integration::out_of_sight) {
        mappings::lost_sight(tx, id, calendar_id, now).await?;
    }
    let was = before.as_ref().map(|one| one.state).filter(|was| *was != IntegrationState::Active);
    if let (Some(was), "active") = (was, state) {
        record_change(store, tx, id, was, Change::Connected, now).await?;
    }
    Ok(true)
}

/// Keeps which kinds the user turned off; false: they were so before, or the connection is over.
pub async fn turn_off(tx: &mut Tx, id: &str, kinds: &BTreeSet<ItemKind>, now: Timestamp) -> Result<bool> {
    const SQL: &str = concat!(
        "UPDATE user_integrations SET disabled_kinds = $2, updated_at = $3 WHERE id = $1 AND disabled_kinds <> $2 AND ",
        live!()
    );
    let kinds = kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" ");
    let changed = execute!(tx, SQL, id, kinds, micros(now))?;
    Ok(changed == 1)
}

/// Why an integration has to stop, and with what that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopCause<'a> {
    /// The cause, from `core::reason`.
    pub reason: Reason,
    /// The version of the tokens that were used, or could not be.
    pub token_version: i64,
    /// The target calendar of that time.
    pub calendar_id: Option<&'a str>,
}

/// Stops an integration until its user acts. Nothing is written where what the cause was met with is
/// over: its tokens were renewed, or its user consented anew or chose another calendar. Whoever still
/// meets it then, stops it. The platform is told once. Whether it stopped now.
pub async fn needs_action(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    cause: StopCause<'_>,
    now: Timestamp,
) -> Result<bool> {
    let live = fetch_optional!(
        tx,
        (String, i64),
        "UPDATE user_integrations SET reason = $2, needs_action_at = $3, last_error_at = $3, updated_at = $3
         WHERE id = $1 AND state IN ('active', 'connecting') AND COALESCE(target_calendar_id, '') = $4
             AND token_version = $5
         RETURNING state, epoch",
        id,
        cause.reason.name(),
        micros(now),
        cause.calendar_id.unwrap_or_default(),
        cause.token_version,
    )?;
    let Some((before, epoch)) = live else { return Ok(false) };
    let before =
        IntegrationState::from_name(&before).ok_or_else(|| StoreError::corrupt(TABLE, "state", id))?;
    execute!(tx, "UPDATE user_integrations SET state = 'needs_action' WHERE id = $1", id)?;
    if let (Reason::CalendarGone | Reason::CalendarReadOnly, Some(calendar_id)) =
        (cause.reason, cause.calendar_id)
    {
        calendars::closed(tx, (id, epoch), calendar_id, cause.reason, now).await?;
    }
    record_change(store, tx, id, before, Change::NeedsReconnect, now).await?;
    Ok(true)
}
