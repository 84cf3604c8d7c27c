//! A consent becomes a connection, new or renewed.

use std::collections::BTreeSet;

use calsync_core::change::Change;
use calsync_core::integration::{CalendarChoice, GOOGLE, IntegrationState};
use jiff::Timestamp;

use super::grants::issued;
use super::notify::record_change;
use super::tokens::{Grant, store_grant};
use super::{Integration, TABLE, get, of_user};
use crate::db::{execute, fetch_optional};
use crate::time::micros;
use crate::{Result, Store, StoreError, Tx, calendars, mappings, pauses};

/// A consent that was just given.
pub struct Connection<'a> {
    /// The user's id at the platform.
    pub user_id: &'a str,
    /// Its tokens.
    pub grant: Grant<'a>,
    /// The OAuth client that they were given to.
    pub client_id: &'a str,
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

/// Stores a new connection, or renews the user's. With the same Google account the epoch and the mappings
/// stay, so that what is there is adopted and nothing doubled; from a calendar that is lost, or after
/// another choice, it moves. A new connection starts from nothing only in another account, where nothing
/// of ours may be, and beside what a disconnect left and named: what may stand somewhere is known until
/// it is known to be gone. `None` while the old connection is being disconnected: its end would take the
/// new grant with it.
pub async fn connect(
    store: &Store,
    tx: &mut Tx,
    new: Connection<'_>,
    fresh_id: String,
    now: Timestamp,
) -> Result<Option<Integration>> {
    let before = of_user(tx, new.user_id).await?.into_iter().find(|one| one.provider == GOOGLE);
    let id = before.as_ref().map_or(fresh_id, |one| one.id.clone());
    let of_account = before.as_ref().filter(|one| one.account_sub.as_deref() == Some(new.account_sub));
    let adopted = match of_account {
        Some(one) if is_left_apart(tx, one, &new).await? => None,
        Some(one) if !calendars::of_connection(tx, (&one.id, one.epoch)).await?.is_empty() => Some(one),
        _ => None,
    };
    let start = Start::of(&new, before.as_ref(), adopted);
    let works = start.calendar_id.is_some();
    if !insert_or_renew(tx, &id, &new, start, now).await? {
        return Ok(None);
    }
    pauses::update_is_paused(tx, &id).await?;
    if let Some(calendar_id) = adopted.and_then(Integration::out_of_sight) {
        mappings::lost_sight(tx, &id, calendar_id, now).await?;
    }
    if adopted.is_none() {
        // The mappings start from nothing under the new epoch. Like everywhere, the integration is locked first.
        execute!(tx, "DELETE FROM sync_mappings WHERE integration_id = $1", &id)?;
        calendars::forget(tx, &id).await?;
    }
    if new.grant.refresh_token.is_some() {
        issued(tx, &id, new.account_sub, new.client_id, now).await?;
    }
    store_grant(store, tx, &id, new.user_id, &new.grant, now).await?;
    let was = before.as_ref().map_or(IntegrationState::Disconnected, |one| one.state);
    if works && was != IntegrationState::Active {
        record_change(store, tx, &id, was, Change::Connected, now).await?;
    }
    get(tx, &id).await?.map(Some).ok_or_else(|| StoreError::corrupt(TABLE, "id", id))
}

/// Whether a disconnect left everything that may be there, named it, and leaves it to a clean-up, since
/// the new connection goes elsewhere.
async fn is_left_apart(tx: &mut Tx, before: &Integration, new: &Connection<'_>) -> Result<bool> {
    if before.state.is_live() || before.calendar_choice == new.calendar_choice {
        return Ok(false);
    }
    are_leftovers_kept(tx, &before.id, before.epoch).await
}

/// Whether a disconnect of the connection `epoch` keeps what it left.
async fn are_leftovers_kept(tx: &mut Tx, integration_id: &str, epoch: i64) -> Result<bool> {
    let found = fetch_optional!(
        tx,
        (i64,),
        "SELECT CAST(1 AS BIGINT) FROM disconnects d JOIN disconnect_leftovers l ON l.disconnect_id = d.id
         WHERE d.integration_id = $1 AND d.epoch = $2 AND d.state = 'done_with_leftovers' LIMIT 1",
        integration_id,
        epoch,
    )?;
    Ok(found.is_some())
}

/// From where a connection goes on.
#[derive(Clone, Copy)]
struct Start<'a> {
    epoch: i64,
    choice: CalendarChoice,
    /// The target, where it stays in use.
    calendar_id: Option<&'a str>,
}

impl<'a> Start<'a> {
    fn of(new: &Connection<'_>, before: Option<&Integration>, adopted: Option<&'a Integration>) -> Self {
        let choice = new.calendar_choice;
        let Some(adopted) = adopted else {
            let epoch = before.map_or(1, |one| one.epoch + 1);
            return Self { epoch, choice, calendar_id: None };
        };
        let epoch = adopted.epoch;
        // A live connection stays at its own calendar until its user chose another one.
        let waits_for_choice = adopted.state.is_live() && choice == CalendarChoice::Existing;
        if !adopted.lost_its_calendar() && (adopted.calendar_choice == choice || waits_for_choice) {
            let (choice, calendar_id) = (adopted.calendar_choice, adopted.target_calendar_id.as_deref());
            return Self { epoch, choice, calendar_id };
        }
        Self { epoch, choice, calendar_id: None }
    }
}

async fn insert_or_renew(
    tx: &mut Tx,
    id: &str,
    new: &Connection<'_>,
    start: Start<'_>,
    now: Timestamp,
) -> Result<bool> {
    let scopes = new.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let state = if start.calendar_id.is_some() { "active" } else { "connecting" };
    let stored = execute!(
        tx,
        "INSERT INTO user_integrations (id, user_id, provider, state, token_version, account_sub, account_email,
             account_domain, scopes, calendar_choice, target_calendar_id, disabled_kinds, epoch, wake_seq, seen_seq, due_at,
             not_before, failures, lease_until, fence, connected_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, '', $11, 1, 0, $12, 0, 0, 0, 0, $12, $12, $12)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = NULL,
             needs_action_at = NULL, account_sub = excluded.account_sub,
             account_email = excluded.account_email, account_domain = excluded.account_domain,
             scopes = excluded.scopes, calendar_choice = excluded.calendar_choice,
             target_calendar_id = excluded.target_calendar_id,
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
        start.choice.name(),
        start.calendar_id,
        start.epoch,
        micros(now),
    )?;
    Ok(stored == 1)
}
