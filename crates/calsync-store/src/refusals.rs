//! Upserts that we refused, kept so that an admin finds why an item is missing.

use calsync_core::ids::{first_id_at, is_id};
use calsync_core::item::{FieldError, ItemKey};
use jiff::Timestamp;

use crate::db::{execute, fetch_all};
use crate::dialect::plan_for_batch;
use crate::rows::{or_else, row};
use crate::text::sanitize;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// A refused upsert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its id; also its place in the list.
    pub id: String,
    /// When it happened, in UTC.
    pub at: Timestamp,
    /// The API key that sent it.
    pub key_name: String,
    /// The item's kind, as it was sent.
    pub kind: Option<String>,
    /// The item's id, as it was sent.
    pub item_id: Option<String>,
    /// The user's id, as it was sent.
    pub user_id: Option<String>,
    /// The status of our answer.
    pub status: u16,
    /// What was wrong.
    pub errors: Vec<FieldError>,
}

row! {
    struct Row {
        id: String,
        at: i64,
        key_name: String,
        kind: Option<String>,
        item_id: Option<String>,
        user_id: Option<String>,
        status: i64,
        errors: String,
    }
}

/// Keeps a refusal.
pub async fn record(tx: &mut Tx, refusal: &Refusal) -> Result<()> {
    let errors = serde_json::to_string(&refusal.errors)
        .map_err(|_| StoreError::corrupt("refusals", "errors", &refusal.id))?;
    let sent = |text: &Option<String>| text.as_ref().map(|text| sanitize(text).collect::<String>());
    execute!(
        tx,
        "INSERT INTO refusals (id, at, key_name, kind, item_id, user_id, status, errors)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &refusal.id,
        micros(refusal.at),
        &refusal.key_name,
        sent(&refusal.kind),
        sent(&refusal.item_id),
        sent(&refusal.user_id),
        i64::from(refusal.status),
        errors,
    )?;
    Ok(())
}

/// Refusals since `since`, oldest first, after the one with id `after`.
pub async fn since(tx: &mut Tx, since: Timestamp, after: Option<&str>, limit: i64) -> Result<Vec<Refusal>> {
    // Ids sort by time, to the millisecond.
    let first = first_id_at(since);
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, at, key_name, kind, item_id, user_id, status, errors FROM refusals
         WHERE id > $1 AND at >= $2 ORDER BY id LIMIT $3",
        after.filter(|id| is_id(id)).map_or(first.as_str(), |after| after.max(&first)),
        micros(since),
        limit,
    )?;
    Ok(rows.into_iter().map(read).collect())
}

/// Refusals of an item, newest first; at most `limit`.
pub async fn of_item(tx: &mut Tx, item: &ItemKey, limit: i64) -> Result<Vec<Refusal>> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, at, key_name, kind, item_id, user_id, status, errors FROM refusals
         WHERE kind = $1 AND item_id = $2 ORDER BY id DESC LIMIT $3",
        item.kind.name(),
        &item.id,
        limit,
    )?;
    Ok(rows.into_iter().map(read).collect())
}

fn read(row: Row) -> Refusal {
    let corrupt = StoreError::corrupt("refusals", "errors", &row.id);
    Refusal {
        at: time(row.at),
        status: u16::try_from(row.status).unwrap_or_default(),
        errors: or_else(serde_json::from_str(&row.errors).ok(), corrupt, Vec::new()),
        id: row.id,
        key_name: row.key_name,
        kind: row.kind,
        item_id: row.item_id,
        user_id: row.user_id,
    }
}

/// Forgets refusals that happened before `oldest`; at most `limit`. Ids sort by time.
pub async fn forget(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "DELETE FROM refusals WHERE id IN (SELECT id FROM refusals WHERE id < $1 ORDER BY id LIMIT $2)",
        first_id_at(oldest),
        limit,
    )?)
}
