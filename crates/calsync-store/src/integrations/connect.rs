//! A consent becomes a connection, new or renewed.

use std::collections::BTreeSet;

use calsync_core::integration::{CalendarChoice, GOOGLE};
use jiff::Timestamp;

use super::tokens::{Grant, store_grant};
use super::{CalendarPhase, Integration, TABLE, get, of_user};
use crate::db::execute;
use crate::time::micros;
use crate::{Result, Store, StoreError, Tx};

/// A consent that was just given.
pub struct Connection<'a> {
    /// Whose it is.
    pub user_id: &'a str,
    /// Its tokens.
    pub grant: Grant<'a>,
    /// The Google account's stable id.
    pub account_sub: &'a str,
    /// Its address.
    pub account_email: &'a str,
    /// Its Workspace domain.
    pub account_domain: Option<&'a str>,
    /// What was granted.
    pub scopes: &'a BTreeSet<String>,
    /// Which calendar was chosen.
    pub calendar_choice: CalendarChoice,
}

/// Stores a new connection, or renews the user's. With the same Google account and choice the
/// calendar and the epoch stay, so that what is there is adopted and nothing doubled; a calendar
/// that is gone or closed to us is not. `None` while
/// the old connection is being disconnected: its end would take the new grant with it.
pub async fn connect(
    store: &Store,
    tx: &mut Tx,
    new: Connection<'_>,
    fresh_id: String,
    now: Timestamp,
) -> Result<Option<Integration>> {
    let before = of_user(tx, new.user_id).await?.into_iter().find(|one| one.provider == GOOGLE);
    let id = before.as_ref().map_or(fresh_id, |one| one.id.clone());
    let adopts = before.as_ref().is_some_and(|one| {
        one.account_sub.as_deref() == Some(new.account_sub)
            && one.calendar_choice == new.calendar_choice
            && one.calendar_phase != CalendarPhase::Untold
            && !one.lost_its_calendar()
    });
    let phase = before.as_ref().filter(|_| adopts).map_or(CalendarPhase::Untold, |one| one.calendar_phase);
    let epoch = before.as_ref().map_or(1, |one| if adopts { one.epoch } else { one.epoch + 1 });
    if !insert_or_renew(tx, &id, &new, epoch, phase, now).await? {
        return Ok(None);
    }
    if !adopts {
        // The pairs start from nothing under the new epoch. Like everywhere, the integration is locked first.
        execute!(tx, "DELETE FROM sync_mappings WHERE integration_id = $1", &id)?;
    }
    store_grant(store, tx, &id, new.user_id, &new.grant, now).await?;
    get(tx, &id).await?.map(Some).ok_or_else(|| StoreError::corrupt(TABLE, "id", id))
}

async fn insert_or_renew(
    tx: &mut Tx,
    id: &str,
    new: &Connection<'_>,
    epoch: i64,
    phase: CalendarPhase,
    now: Timestamp,
) -> Result<bool> {
    let scopes = new.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let state = if phase == CalendarPhase::Ready { "active" } else { "connecting" };
    let stored = execute!(
        tx,
        "INSERT INTO user_integrations (id, user_id, provider, state, token_version, account_sub, account_email,
             account_domain, scopes, calendar_choice, calendar_phase, kinds_off, epoch, wake_seq, seen_seq, due_at,
             not_before, failures, lease_until, fence, connected_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, '', $11, 1, 0, $12, 0, 0, 0, 0, $12, $12, $12)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = NULL, account_sub = excluded.account_sub,
             account_email = excluded.account_email, account_domain = excluded.account_domain,
             scopes = excluded.scopes, calendar_choice = excluded.calendar_choice,
             calendar_phase = excluded.calendar_phase,
             target_calendar_id = CASE WHEN excluded.calendar_phase = 'ready'
                 THEN user_integrations.target_calendar_id END,
             target_calendar_summary = CASE WHEN excluded.calendar_phase = 'ready'
                 THEN user_integrations.target_calendar_summary END,
             epoch = excluded.epoch, wake_seq = user_integrations.wake_seq + 1, due_at = excluded.due_at,
             not_before = 0, failures = 0, fence = user_integrations.fence + 1,
             connected_at = excluded.connected_at, updated_at = excluded.updated_at
         WHERE user_integrations.state <> 'disconnecting'",
        id,
        new.user_id,
        GOOGLE,
        state,
        new.account_sub,
        new.account_email,
        new.account_domain,
        scopes,
        new.calendar_choice.name(),
        phase.name(),
        epoch,
        micros(now),
    )?;
    Ok(stored == 1)
}
