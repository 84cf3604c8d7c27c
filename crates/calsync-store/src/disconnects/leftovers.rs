//! What a disconnect could not remove: the exact list, event by event, until a clean-up or a later
//! disconnect removes it.

use calsync_core::disconnect::StepName;
use calsync_core::item::{ItemKey, ItemKind};
use jiff::Timestamp;

use super::{Saga, TABLE};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::live;
use crate::mappings::RemoteItem;
use crate::rows::{readable, row};
use crate::time::micros;
use crate::{Result, StoreError, Tx, calendars};

row! {
    struct Row {
        google_id: String,
        kind: String,
        item_id: String,
    }
}

/// Keeps what the mappings of the integration tell to be at Google still. In the transaction that ends
/// the removal.
pub async fn keep_leftovers(tx: &mut Tx, saga: &Saga) -> Result<()> {
    const SQL: &str =
        "INSERT INTO disconnect_leftovers (disconnect_id, google_id, calendar_id, kind, item_id)
         SELECT $1, google_id, calendar_id, kind, item_id FROM sync_mappings
         WHERE integration_id = $2 AND google_id IS NOT NULL
         UNION ALL
         SELECT $1, previous_google_id, previous_calendar_id, kind, item_id FROM sync_mappings
         WHERE integration_id = $2 AND previous_google_id IS NOT NULL
         ON CONFLICT DO NOTHING";
    execute!(tx, SQL, &saga.id, &saga.integration_id)?;
    Ok(())
}

/// What a disconnect left, in one calendar or in all, after `after`, in the order of Google's ids.
pub async fn leftovers(
    tx: &mut Tx,
    id: &str,
    calendar_id: Option<&str>,
    after: Option<&RemoteItem>,
    limit: i64,
) -> Result<Vec<RemoteItem>> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT google_id, kind, item_id FROM disconnect_leftovers
         WHERE disconnect_id = $1 AND calendar_id = COALESCE($2, calendar_id) AND google_id > $3 ORDER BY google_id LIMIT $4",
        id,
        calendar_id,
        after.map_or("", |one| one.google_id.as_str()),
        limit,
    )?;
    let read = |row: Row| {
        let kind = ItemKind::from_name(&row.kind)
            .ok_or_else(|| StoreError::corrupt("disconnect_leftovers", "kind", id))?;
        Ok(RemoteItem { item: ItemKey { kind, id: row.item_id }, google_id: row.google_id })
    };
    readable(rows, read)
}

/// How many events a disconnect left, in one calendar or in all.
pub async fn count_leftovers(tx: &mut Tx, id: &str, calendar_id: Option<&str>) -> Result<i64> {
    let row = fetch_optional!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM disconnect_leftovers
         WHERE disconnect_id = $1 AND calendar_id = COALESCE($2, calendar_id)",
        id,
        calendar_id,
    )?;
    Ok(row.map_or(0, |(count,)| count))
}

/// An event is gone that a disconnect had left.
pub async fn leftover_removed(tx: &mut Tx, id: &str, google_id: &str) -> Result<()> {
    execute!(
        tx,
        "DELETE FROM disconnect_leftovers WHERE disconnect_id = $1 AND google_id = $2",
        id,
        google_id,
    )?;
    Ok(())
}

/// Nothing is left of what a disconnect had left.
pub async fn nothing_left(tx: &mut Tx, id: &str) -> Result<()> {
    execute!(tx, "DELETE FROM disconnect_leftovers WHERE disconnect_id = $1", id)?;
    Ok(())
}

/// What came of the wish to clean up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopened {
    /// The disconnect runs again, with its last four steps open.
    Running,
    /// Nothing is left, or it is being removed already.
    NothingLeft,
    /// What was left is in use again, by a new connection to the same calendar.
    ConnectedAgain,
}

/// Lets a clean-up carry on a disconnect that ended with leftovers. As long as no later connection
/// took its place, the integration is `disconnecting` again, so that nobody connects meanwhile and
/// adopts what is being removed. On [`Reopened::ConnectedAgain`] the transaction is to be dropped.
pub async fn reopen(tx: &mut Tx, id: &str, clean_up_id: &str, now: Timestamp) -> Result<Reopened> {
    let reopened = fetch_optional!(
        tx,
        (String, i64),
        "UPDATE disconnects SET state = 'running', clean_up_id = $2, tries = 0, removed = 0, due_at = $3,
             ended_at = NULL, fence = fence + 1
         WHERE id = $1 AND state = 'done_with_leftovers'
         RETURNING integration_id, epoch",
        id,
        clean_up_id,
        micros(now),
    )?;
    let Some((integration_id, epoch)) = reopened else { return Ok(Reopened::NothingLeft) };
    execute!(
        tx,
        "UPDATE user_integrations SET state = 'disconnecting', fence = fence + 1, updated_at = $3
         WHERE id = $1 AND epoch = $2 AND state = 'disconnected'",
        &integration_id,
        epoch,
        micros(now),
    )?;
    if is_in_use(tx, id).await? {
        return Ok(Reopened::ConnectedAgain);
    }
    for name in [StepName::RemoveItems, StepName::Revoke, StepName::Verify, StepName::Wipe] {
        execute!(
            tx,
            "UPDATE disconnect_steps SET is_open = TRUE WHERE disconnect_id = $1 AND name = $2",
            id,
            name.name(),
        )?;
    }
    Ok(Reopened::Running)
}

/// Whether a new connection took over what a disconnect left: it adopted the calendar, and its
/// epoch with it.
pub async fn is_in_use(tx: &mut Tx, id: &str) -> Result<bool> {
    const SQL: &str = concat!(
        "SELECT CAST(1 AS BIGINT)
         FROM disconnects d JOIN user_integrations g ON g.id = d.integration_id AND g.epoch = d.epoch
         WHERE d.id = $1 AND ",
        live!("g.")
    );
    let found = fetch_optional!(tx, (i64,), SQL, id)?;
    Ok(found.is_some())
}

/// A removal that left nothing also removed what earlier disconnects had left in the same calendar,
/// and those that had left nothing elsewhere are done. In the transaction that ends it.
pub async fn settle_earlier(tx: &mut Tx, saga: &Saga) -> Result<()> {
    let earlier = fetch_all!(
        tx,
        (String,),
        "UPDATE disconnects SET state = 'done'
         WHERE integration_id = $1 AND id <> $2 AND state = 'done_with_leftovers' AND epoch <= $3
           AND account_sub = $4 AND COALESCE(target_calendar_id, '') = $5
           AND NOT EXISTS (SELECT 1 FROM disconnect_leftovers l
               WHERE l.disconnect_id = disconnects.id AND l.calendar_id <> $5)
         RETURNING id",
        &saga.integration_id,
        &saga.id,
        saga.before.epoch,
        &saga.before.account_sub,
        saga.before.target_calendar_id.as_deref().unwrap_or_default(),
    )?;
    for (id,) in &earlier {
        nothing_left(tx, id).await?;
        execute!(
            tx,
            "UPDATE disconnect_steps SET outcome = 'already_so', receipt = receipt || $2
             WHERE disconnect_id = $1 AND outcome = 'could_not'",
            id,
            " A later disconnect from the same calendar did it.",
        )?;
    }
    calendars::forget(tx, &saga.integration_id).await
}

/// The newest disconnect of a user that left something which is not in use again.
pub async fn to_clean_up(tx: &mut Tx, user_id: &str) -> Result<Option<Saga>> {
    const SQL: &str = concat!(
        "SELECT d.id FROM disconnects d
         WHERE d.user_id = $1 AND d.state = 'done_with_leftovers' AND NOT EXISTS (
             SELECT 1 FROM user_integrations g WHERE g.id = d.integration_id AND g.epoch = d.epoch AND ",
        live!("g."),
        ") ORDER BY d.id DESC LIMIT 1"
    );
    let row = fetch_optional!(tx, (String,), SQL, user_id)?;
    match row {
        Some((id,)) => {
            super::get(tx, &id).await?.map(Some).ok_or_else(|| StoreError::corrupt(TABLE, "id", id))
        }
        None => Ok(None),
    }
}

/// Whether another disconnect still has to remove items with a grant of `account_sub`.
pub async fn others_remove(tx: &mut Tx, saga: &Saga) -> Result<bool> {
    let found = fetch_optional!(
        tx,
        (i64,),
        "SELECT CAST(1 AS BIGINT) FROM disconnects d
         WHERE d.account_sub = $1 AND d.provider = $2 AND d.id <> $3 AND d.state = 'running' AND NOT EXISTS (
             SELECT 1 FROM disconnect_steps s
             WHERE s.disconnect_id = d.id AND s.name = 'remove_items' AND s.is_open = FALSE)
         LIMIT 1",
        &saga.before.account_sub,
        &saga.provider,
        &saga.id,
    )?;
    Ok(found.is_some())
}
