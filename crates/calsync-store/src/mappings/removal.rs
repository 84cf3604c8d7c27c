//! What an integration may have at Google, for its removal as a whole.

use calsync_core::item::{ItemKey, ItemKind};
use sqlx::FromRow;

use super::TABLE;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::{Result, StoreError, Tx};

/// An item that may be at Google.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteItem {
    /// The item.
    pub item: ItemKey,
    /// Google's id of it.
    pub google_id: String,
}

#[derive(FromRow)]
struct Row {
    kind: String,
    item_id: String,
    google_id: String,
}

/// The pairs of an integration that may be at Google, after `after` in the order of kind and id.
pub async fn at_google(
    tx: &mut Tx,
    integration_id: &str,
    after: Option<&ItemKey>,
    limit: i64,
) -> Result<Vec<RemoteItem>> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT kind, item_id, google_id FROM sync_mappings
         WHERE integration_id = $1 AND google_id IS NOT NULL AND phase IN ('told', 'there', 'removing')
           AND (kind > $2 OR (kind = $2 AND item_id > $3))
         ORDER BY kind, item_id LIMIT $4",
        integration_id,
        after.map_or("", |item| item.kind.name()),
        after.map_or("", |item| item.id.as_str()),
        limit,
    )?;
    let read = |row: Row| {
        let kind = ItemKind::from_name(&row.kind)
            .ok_or_else(|| StoreError::corrupt(TABLE, "kind", format!("{}:{}", row.kind, row.item_id)))?;
        Ok(RemoteItem { item: ItemKey { kind, id: row.item_id }, google_id: row.google_id })
    };
    rows.into_iter().map(read).collect()
}

/// How many pairs of an integration may be at Google.
pub async fn count_at_google(tx: &mut Tx, integration_id: &str) -> Result<i64> {
    let row = fetch_optional!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM sync_mappings
         WHERE integration_id = $1 AND google_id IS NOT NULL AND phase IN ('told', 'there', 'removing')",
        integration_id,
    )?;
    Ok(row.map_or(0, |(count,)| count))
}

/// We removed an item's event: if it comes back, it is under a new id.
pub async fn removed_by_us(tx: &mut Tx, integration_id: &str, google_id: &str) -> Result<()> {
    execute!(
        tx,
        "UPDATE sync_mappings SET phase = 'removed_by_us', remote = NULL, base = NULL, etag = NULL,
             sync_state = 'removed'
         WHERE integration_id = $1 AND google_id = $2 AND phase IN ('told', 'there', 'removing')",
        integration_id,
        google_id,
    )?;
    Ok(())
}
