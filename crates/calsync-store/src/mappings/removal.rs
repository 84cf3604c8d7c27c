//! What an integration may have at Google, for its removal as a whole.

use calsync_core::item::{ItemKey, ItemKind};
use jiff::Timestamp;

use super::{TABLE, waiting_since};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::rows::{readable, row};
use crate::time::micros;
use crate::{Result, StoreError, Tx};

/// An item that may be at Google.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteItem {
    /// The item.
    pub item: ItemKey,
    /// Google's id of it.
    pub google_id: String,
}

row! {
    struct Row {
        kind: String,
        item_id: String,
        google_id: String,
    }
}

/// What of an integration's may be in one calendar.
macro_rules! in_calendar {
    () => {
        "SELECT kind, item_id, google_id FROM sync_mappings
         WHERE integration_id = $1 AND calendar_id = $2 AND kind IN ('session', 'task', 'deadline')
         UNION ALL
         SELECT kind, item_id, previous_google_id FROM sync_mappings
         WHERE integration_id = $1 AND previous_calendar_id = $2 AND kind IN ('session', 'task', 'deadline')"
    };
}

/// What of an integration's may be in a calendar, after `after` in the order of kind, id and Google's id.
pub async fn at_google(
    tx: &mut Tx,
    integration_id: &str,
    calendar_id: &str,
    after: Option<&RemoteItem>,
    limit: i64,
) -> Result<Vec<RemoteItem>> {
    const SQL: &str = concat!(
        "SELECT kind, item_id, google_id FROM (",
        in_calendar!(),
        ") AS found WHERE (kind, item_id, google_id) > ($3, $4, $5)
         ORDER BY kind, item_id, google_id LIMIT $6"
    );
    let rows = fetch_all!(
        tx,
        Row,
        SQL,
        integration_id,
        calendar_id,
        after.map_or("", |one| one.item.kind.name()),
        after.map_or("", |one| one.item.id.as_str()),
        after.map_or("", |one| one.google_id.as_str()),
        limit,
    )?;
    let read = |row: Row| {
        let kind = ItemKind::from_name(&row.kind)
            .ok_or_else(|| StoreError::corrupt(TABLE, "kind", format!("{}:{}", row.kind, row.item_id)))?;
        Ok(RemoteItem { item: ItemKey { kind, id: row.item_id }, google_id: row.google_id })
    };
    readable(rows, read)
}

/// How much of an integration's may be in a calendar.
pub async fn count_in_calendar(tx: &mut Tx, integration_id: &str, calendar_id: &str) -> Result<i64> {
    const SQL: &str = concat!("SELECT COUNT(*) FROM (", in_calendar!(), ") AS found");
    let row = fetch_optional!(tx, (i64,), SQL, integration_id, calendar_id)?;
    Ok(row.map_or(0, |(count,)| count))
}

/// How many mappings of an integration may be at Google.
pub async fn count_at_google(tx: &mut Tx, integration_id: &str) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM sync_mappings
         WHERE integration_id = $1 AND (google_id IS NOT NULL OR previous_google_id IS NOT NULL)";
    let row = fetch_optional!(tx, (i64,), SQL, integration_id)?;
    Ok(row.map_or(0, |(count,)| count))
}

/// We removed an item's event: if it comes back, it is under a new id.
pub async fn mark_deleted(tx: &mut Tx, integration_id: &str, google_id: &str) -> Result<()> {
    let mut keys = fetch_all!(
        tx,
        (String, String),
        "DELETE FROM remote_events WHERE integration_id = $1 AND google_id = $2 RETURNING kind, item_id",
        integration_id,
        google_id,
    )?;
    if keys.is_empty() {
        // It was never seen, or it isn't looked at any more.
        keys = fetch_all!(
            tx,
            (String, String),
            "SELECT kind, item_id FROM sync_mappings
             WHERE integration_id = $1 AND (google_id = $2 OR previous_google_id = $2)",
            integration_id,
            google_id,
        )?;
    }
    for (kind, item_id) in keys {
        execute!(
            tx,
            "UPDATE sync_mappings SET event_state = 'deleted', calendar_id = NULL, google_id = NULL, generation = NULL,
                 delete_sent_at = NULL, etag = NULL, base = NULL,
                 sync_state = CASE WHEN sync_state = 'synced' THEN 'removed' ELSE sync_state END
             WHERE integration_id = $1 AND kind = $3 AND item_id = $4 AND google_id = $2",
            integration_id,
            google_id,
            &kind,
            &item_id,
        )?;
        execute!(
            tx,
            "UPDATE sync_mappings SET previous_state = NULL, previous_calendar_id = NULL, previous_google_id = NULL,
                 previous_generation = NULL, previous_etag = NULL, previous_base = NULL
             WHERE integration_id = $1 AND kind = $3 AND item_id = $4 AND previous_google_id = $2",
            integration_id,
            google_id,
            &kind,
            &item_id,
        )?;
    }
    Ok(())
}

/// A calendar that isn't ours is out of our reach: Google says the same of one that is gone and of one
/// that its user may not see any more. What was in it may stand there still, so that it is remembered
/// when its items go elsewhere.
pub(crate) async fn lost_sight(
    tx: &mut Tx,
    integration_id: &str,
    calendar_id: &str,
    now: Timestamp,
) -> Result<()> {
    const SQL: &str = concat!(
        "UPDATE sync_mappings SET event_state = 'unreachable', etag = NULL, remote_revision = remote_revision + 1, ",
        waiting_since!("$3"),
        " WHERE integration_id = $1 AND calendar_id = $2 AND event_state IN ('unconfirmed', 'present')
             AND EXISTS (SELECT 1 FROM remote_events r
                 WHERE r.integration_id = sync_mappings.integration_id AND r.kind = sync_mappings.kind
                     AND r.item_id = sync_mappings.item_id AND r.google_id = sync_mappings.google_id)"
    );
    execute!(tx, SQL, integration_id, calendar_id, micros(now))?;
    Ok(())
}
