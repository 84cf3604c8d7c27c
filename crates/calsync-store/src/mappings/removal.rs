//! What an integration may have at Google, for its removal as a whole.

use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::remote::RemoteEvent;

use super::{TABLE, may_be_there};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::rows::{batches, execute_rows, readable, row};
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
        concat!(
            "SELECT kind, item_id, google_id FROM sync_mappings
             WHERE integration_id = $1 AND calendar_id = $2 AND google_id IS NOT NULL
                 AND kind IN ('session', 'task', 'deadline') AND ",
            may_be_there!(),
            " UNION ALL
             SELECT kind, item_id, previous_google_id FROM sync_mappings
             WHERE integration_id = $1 AND previous_calendar_id = $2
                 AND kind IN ('session', 'task', 'deadline')"
        )
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

/// The calendars in which an integration may have something.
pub async fn calendars(tx: &mut Tx, integration_id: &str) -> Result<Vec<String>> {
    const SQL: &str = concat!(
        "SELECT calendar_id FROM sync_mappings WHERE integration_id = $1 AND calendar_id IS NOT NULL AND ",
        may_be_there!(),
        " UNION
         SELECT previous_calendar_id FROM sync_mappings
         WHERE integration_id = $1 AND previous_calendar_id IS NOT NULL
         ORDER BY 1"
    );
    let rows = fetch_all!(tx, (String,), SQL, integration_id)?;
    Ok(rows.into_iter().map(|(calendar_id,)| calendar_id).collect())
}

/// How many mappings of an integration may be at Google.
pub async fn count_at_google(tx: &mut Tx, integration_id: &str) -> Result<i64> {
    const SQL: &str = concat!(
        "SELECT COUNT(*) FROM sync_mappings WHERE integration_id = $1
             AND ((google_id IS NOT NULL AND ",
        may_be_there!(),
        ") OR previous_google_id IS NOT NULL)"
    );
    let row = fetch_optional!(tx, (i64,), SQL, integration_id)?;
    Ok(row.map_or(0, |(count,)| count))
}

/// We removed an item's event: if it comes back, it is under a new id.
pub async fn mark_deleted(tx: &mut Tx, integration_id: &str, google_id: &str) -> Result<()> {
    const HERE: &str = concat!(
        "UPDATE sync_mappings SET event_state = 'deleted', remote = NULL, base = NULL, etag = NULL,
             sync_state = 'removed'
         WHERE integration_id = $1 AND google_id = $2 AND ",
        may_be_there!()
    );
    execute!(tx, HERE, integration_id, google_id)?;
    execute!(
        tx,
        "UPDATE sync_mappings SET previous_calendar_id = NULL, previous_google_id = NULL, previous_generation = NULL,
             previous_state = NULL, previous_copy = NULL, previous_base = NULL
         WHERE integration_id = $1 AND previous_google_id = $2",
        integration_id,
        google_id,
    )?;
    Ok(())
}

/// A calendar that isn't ours is out of our reach: Google says the same of one that is gone and of one
/// that its user may not see any more. What was in it may stand there still, so that it is remembered
/// when its items go elsewhere: what was last known of each event has no version any more.
pub(crate) async fn lost_sight(tx: &mut Tx, integration_id: &str, calendar_id: &str) -> Result<()> {
    let rows = fetch_all!(
        tx,
        (String, String, String),
        "SELECT kind, item_id, remote FROM sync_mappings
         WHERE integration_id = $1 AND calendar_id = $2 AND event_state IN ('unconfirmed', 'present') AND remote IS NOT NULL
         ORDER BY kind, item_id",
        integration_id,
        calendar_id,
    )?;
    let without_version = |(kind, item_id, remote): (String, String, String)| {
        let corrupt = || StoreError::corrupt(TABLE, "remote", format!("{kind}:{item_id}"));
        let mut event: RemoteEvent = serde_json::from_str(&remote).map_err(|_| corrupt())?;
        event.forget_etag();
        let remote = serde_json::to_string(&event).map_err(|_| corrupt())?;
        Ok((kind, item_id, remote))
    };
    let unseen = readable(rows, without_version)?;
    for batch in batches(&unseen) {
        execute_rows!(
            tx,
            "UPDATE sync_mappings SET event_state = 'present', etag = NULL, remote = v.column4 FROM (",
            batch,
            |row, (kind, item_id, remote)| {
                row.push_bind(integration_id).push_bind(kind).push_bind(item_id).push_bind(remote)
            },
            ") AS v WHERE integration_id = v.column1 AND kind = v.column2 AND item_id = v.column3",
        )?;
    }
    Ok(())
}
